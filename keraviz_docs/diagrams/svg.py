"""A drawing as SVG: small, themeable, accessible, and the same bytes every time.

Every element of the model has an id (``MODEL-VARIANT-n17``, ``-e12-17``, ``-c3``, ``-o1``) and a class for its family
(``kv-conv``).  Colours come from CSS variables with the light values as fallbacks, so that a page can theme the inline
SVG while a downloaded file stands on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from xml.etree import ElementTree as ET

from keraviz_docs.diagrams import typeface
from keraviz_docs.diagrams.drawing import LEGEND_SIZE, SWATCH, Drawing, PlacedArrow, PlacedBox, PlacedCluster
from keraviz_docs.diagrams.families import FAMILIES, Family
from keraviz_docs.diagrams.figure import CLUSTER_SIZE, NUMBER_SIZE, PORT_SIZE, SIZES
from keraviz_docs.diagrams.shapes import CLUSTER_CORNER, CORNER, INSET, Curve, Point, chevron, skip_sign, texts

INK = "#1b2027"
QUIET_INK = "#4d5866"
LINE = "#5f6b7a"
FRAME = "#8a94a1"
FRAME_FILL = "#f4f6f8"
PAGE = "#ffffff"

_WIDER = 1.3
"""How much wider than the vendored font another may be; text that would then leave its place is held to its width."""
_Element = ET.Element
_FONT = f'{typeface.FAMILY},"Helvetica Neue",Arial,sans-serif'


def svg(drawing: Drawing) -> str:
    """Write a drawing as an SVG document that ends in a newline."""
    figure = drawing.figure
    width, height = number(drawing.width), number(drawing.height)
    root = _Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            **({"xmlns:xlink": "http://www.w3.org/1999/xlink"} if any(box.target for box in figure.boxes) else {}),
            "id": figure.prefix,
            "class": f"kv-diagram kv-{figure.variant}{' kv-columns' * figure.columns}",
            "width": width,
            "height": height,
            "viewBox": f"0 0 {width} {height}",
            "role": "graphics-document document",
            "aria-labelledby": f"{figure.prefix}-title",
            "aria-describedby": f"{figure.prefix}-desc",
        },
    )
    _child(root, "title", {"id": f"{figure.prefix}-title"}).text = figure.title
    _child(root, "desc", {"id": f"{figure.prefix}-desc"}).text = figure.description
    _child(root, "style").text = stylesheet(figure.legend)
    _child(root, "rect", {"class": "kv-page", "width": width, "height": height})
    if drawing.clusters:
        frames = _child(root, "g", {"class": "kv-clusters"})
        for cluster in drawing.clusters:
            _cluster(frames, figure.prefix, cluster)
    edges = _child(root, "g", {"class": "kv-edges"})
    for arrow in drawing.arrows:
        _arrow(edges, figure.prefix, arrow)
    nodes = _child(root, "g", {"class": "kv-nodes"})
    for box in drawing.boxes:
        _box(nodes, figure.prefix, box, horizontal=figure.horizontal)
    if drawing.clusters:
        labels = _child(root, "g", {"class": "kv-labels"})
        for cluster in drawing.clusters:
            _cluster_label(labels, cluster)
    if drawing.legend:
        legend = _child(root, "g", {"class": "kv-legend", "aria-hidden": "true"})
        for entry in drawing.legend:
            _legend_entry(legend, entry.family, entry.x, entry.y)
    parts: list[str] = []
    _write(root, parts)
    return "".join(parts) + "\n"


def stylesheet(families: Iterable[Family] = FAMILIES) -> str:
    """Return the rules that a diagram carries: one source for the light file and the themed page.

    A program that does not know CSS variables takes the first of each pair of declarations.
    """
    rules = [
        f".kv-diagram{{font-family:{_FONT}}}",
        f".kv-page{{{_themed('fill', 'page', PAGE)}}}",
        f".kv-diagram text{{{_themed('fill', 'ink', INK)}}}",
        f".kv-diagram .kv-class{{font-size:{number(SIZES['class'])}px;font-weight:700}}",
        f".kv-diagram .kv-detail{{font-size:{number(SIZES['detail'])}px}}",
        f".kv-diagram .kv-shape,.kv-diagram .kv-port{{{_themed('fill', 'quiet', QUIET_INK)}}}",
        f".kv-diagram .kv-shape,.kv-legend text{{font-size:{number(SIZES['shape'])}px}}",
        f".kv-diagram .kv-port{{font-size:{number(PORT_SIZE)}px}}",
        f".kv-diagram .kv-number{{font-size:{number(NUMBER_SIZE)}px;font-weight:700}}",
        ".kv-node rect,.kv-legend rect{stroke-width:1.2}",
        f".kv-edges path{{fill:none;{_themed('stroke', 'line', LINE)}}}",
        f".kv-node .kv-skip{{fill:none;stroke-width:1.3;{_themed('stroke', 'line', LINE)}}}",
        ".kv-edges path{stroke-width:1.1;stroke-linecap:round;stroke-linejoin:round}",
        ".kv-edges .kv-inferred{stroke-dasharray:4 3}",
        f".kv-clusters rect{{{_themed('fill', 'frame-fill', FRAME_FILL)};{_themed('stroke', 'frame', FRAME)}}}",
        ".kv-clusters .kv-layer{stroke-dasharray:5 3}",
        f".kv-labels text{{font-size:{number(CLUSTER_SIZE)}px;font-weight:700}}",
        f".kv-labels rect{{{_themed('fill', 'chip', FRAME_FILL)};fill-opacity:.85}}",
        ".kv-node text{text-anchor:middle}",
    ]
    for family in families:
        key, within = family.key, f".kv-{family.key}"
        outline = _themed("stroke", f"{key}-outline", family.outline)
        dash = {"dashed": "5 2.5", "dotted": "1.5 2"}.get(family.border)
        rules += [
            f"{within} rect{{{_themed('fill', f'{key}-tint', family.tint)};{outline}"
            + (f";stroke-dasharray:{dash}}}" if dash else "}"),
            f"{within} .kv-strip{{{_themed('fill', f'{key}-accent', family.accent)}}}",
            f"{within} .kv-number{{{_themed('fill', f'{key}-number', family.on_accent)}}}",
        ]
    return "".join(rules)


def _write(element: _Element, parts: list[str]) -> None:
    """Write an element; :func:`xml.etree.ElementTree.tostring` looks for namespaces and takes three times as long."""
    parts.append(f"<{element.tag}")
    parts += [f' {name}="{_quoted(value)}"' for name, value in element.items()]
    if not element.text and not len(element):
        parts.append("/>")
        return
    parts.append(f">{_escaped(element.text or '')}")
    for child in element:
        _write(child, parts)
    parts.append(f"</{element.tag}>")


def _quoted(value: str) -> str:
    return _escaped(value).translate(_IN_QUOTES) if _SPECIAL.search(value) else value


def _escaped(text: str) -> str:
    return escape(text, quote=False) if _SPECIAL.search(text) else text


_SPECIAL = re.compile('[&<>"\r\n\t]')
_IN_QUOTES = str.maketrans({'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"})


def number(value: float) -> str:
    """Write a length with at most one decimal and nothing superfluous.

    >>> number(12.04), number(0.25), number(-0.04)
    ('12', '0.2', '0')
    """
    text = f"{value:.1f}"
    return text if text[-1] != "0" else "0" if text == "-0.0" else text[:-2]


def progressions(numbers: Sequence[int]) -> str:
    """Write whole numbers as arithmetic progressions, ``start:step:count``; a number alone is just itself.

    Where all of it is the beginning over and over again, each time so much farther, only the beginning is written.

    >>> progressions([82, 93, 104, 7])
    '82:11:3 7'
    >>> progressions([2, 5, 9, 12, 16, 19])
    '2:3:2+7x3'
    """
    runs: list[tuple[int, int, int]] = []
    for value in numbers:
        start, step, count = runs[-1] if runs else (value, 0, 0)
        if count and (count == 1 or value == start + step * count):
            runs[-1] = (start, value - start if count == 1 else step, count + 1)
        else:
            runs.append((value, 0, 1))
    if len(runs) > 1:
        length = runs[0][2]
        farther = runs[1][0] - runs[0][0]
        if len(numbers) % length == 0 and all(
            value == numbers[index % length] + farther * (index // length) for index, value in enumerate(numbers)
        ):
            return f"{_progression(runs[0])}+{farther}x{len(numbers) // length}"
    return " ".join(map(_progression, runs))


def _progression(run: tuple[int, int, int]) -> str:
    start, step, count = run
    return f"{start}:{step}:{count}" if count > 1 else str(start)


def _themed(declaration: str, variable: str, fallback: str) -> str:
    return f"{declaration}:{fallback};{declaration}:var(--kv-{variable},{fallback})"


def _child(parent: _Element, tag: str, attributes: dict[str, str] | None = None) -> _Element:
    return ET.SubElement(parent, tag, attributes or {})


def _text(parent: _Element, text: str, x: float, y: float, width: float | None = None, role: str = "") -> None:
    attributes = {"class": f"kv-{role}"} if role else {}
    attributes |= {"x": number(x), "y": number(y)}
    if width is not None:
        # Whatever font the reader's machine has, the text takes the room that it was given.
        attributes |= {"textLength": number(width), "lengthAdjust": "spacingAndGlyphs"}
    _child(parent, "text", attributes).text = text


def _cluster(parent: _Element, prefix: str, placed: PlacedCluster) -> None:
    cluster = placed.cluster
    frame = _child(parent, "g", {"id": f"{prefix}-{cluster.key}", "class": "kv-cluster"})
    _child(frame, "title").text = cluster.title
    for rect in placed.frames:
        attributes = {"x": number(rect.x), "y": number(rect.y)}
        attributes |= {"width": number(rect.width), "height": number(rect.height), "rx": number(CLUSTER_CORNER)}
        if cluster.kind == "layer":
            attributes["class"] = "kv-layer"
        _child(frame, "rect", attributes)


def _cluster_label(parent: _Element, placed: PlacedCluster) -> None:
    x, y = placed.frames[0].x, placed.frames[0].y
    # A chip of the frame's colour quietens the arrows that cross the label.
    chip = {"x": number(x + 7), "y": number(y + 4)}
    _child(parent, "rect", chip | {"width": number(placed.cluster.label_width + 6), "height": "15"})
    _text(parent, placed.cluster.label, x + 10, y + 15, placed.cluster.label_width)


def _arrow(parent: _Element, prefix: str, placed: PlacedArrow) -> None:
    arrow = placed.arrow
    attributes = {"id": f"{prefix}-{arrow.key}", "data-tail": arrow.tail, "data-head": arrow.head}
    if arrow.inferred:
        attributes["class"] = "kv-inferred"
    path = _child(parent, "path", attributes | {"d": _curve(placed)})
    if arrow.title:
        _child(path, "title").text = arrow.title


def _curve(placed: PlacedArrow) -> str:
    """Write the curve and the open arrowhead as one path, in relative coordinates."""
    return _path(placed.curve, chevron(placed.curve))


def _path(curve: Curve, head: tuple[Point, Point, Point]) -> str:
    points = [_rounded(point) for point in curve]
    start = points[0]
    commands = [f"M{number(start[0])} {number(start[1])}"]
    if len({x for x, _ in points}) == 1 or len({y for _, y in points}) == 1:
        end = points[-1]
        straight = "v" + number(end[1] - start[1]) if start[0] == end[0] else "h" + number(end[0] - start[0])
        commands.append(straight)
    else:
        for index in range(1, len(points), 3):
            origin = points[index - 1]
            commands.append("c" + _joined(*(_offset(origin, point) for point in points[index : index + 3])))
    one, tip, other = (_rounded(point) for point in head)
    commands.append(f"m{_offset(tip, one)}l{_joined(_offset(one, tip), _offset(tip, other))}")
    return "".join(commands)


def _rounded(point: Point) -> Point:
    return round(point[0], 1), round(point[1], 1)


def _offset(origin: Point, point: Point) -> str:
    return _joined(number(point[0] - origin[0]), number(point[1] - origin[1]))


def _joined(*numbers: str) -> str:
    """Join numbers as briefly as path data allows: a minus sign needs no space before it."""
    return " ".join(numbers).replace(" -", "-")


def _box(parent: _Element, prefix: str, placed: PlacedBox, *, horizontal: bool) -> None:
    box = placed.box
    classes = ["kv-node", f"kv-{box.family.key}"]
    classes += ["kv-input-node"] * box.model_input + ["kv-output-node"] * box.model_output + ["kv-closed"] * box.closed
    attributes = {
        "id": f"{prefix}-{box.key}",
        "class": " ".join(classes),
        "transform": f"translate({number(placed.x)} {number(placed.y)})",
    }
    if box.numbers:
        attributes["data-n"] = progressions(box.numbers)
    if box.times:
        attributes["data-times"] = " ".join(map(str, box.times))
    if box.drawn_as:
        attributes["data-as"] = progressions(box.drawn_as)
    if box.target:
        # Not `href`: Material for MkDocs assigns to that of every element it finds, which fails in SVG.
        parent = _child(parent, "a", {"xlink:href": f"#{box.target}", "aria-label": box.title.partition("\n")[0]})
    node = _child(parent, "g", attributes)
    _child(node, "title").text = box.title
    _frame(node, 0, 0, box.width, box.height, CORNER, box.family)
    if box.closed:
        _child(node, "path", {"class": "kv-strip", "d": _corner_fold(box.width)})
    if box.badge:
        _child(node, "path", {"class": "kv-strip", "d": _strip(box.strip, box.height)})
    if box.skip:
        bow, head = skip_sign(box)
        _child(node, "path", {"class": "kv-skip", "d": _path(bow, head)})
    for text in texts(box, horizontal=horizontal):
        held = text.width * _WIDER > text.room
        _text(node, text.text, text.x, text.y, text.width if held else None, text.role)


def _frame(parent: _Element, x: float, y: float, width: float, height: float, corner: float, family: Family) -> None:
    place = {"x": number(x), "y": number(y)} if x or y else {}
    size = {"width": number(width), "height": number(height), "rx": number(corner)}
    _child(parent, "rect", place | size)
    if family.border == "double":
        place = {"x": number(x + INSET), "y": number(y + INSET)}
        size = {"width": number(width - 2 * INSET), "height": number(height - 2 * INSET), "rx": number(corner - 2)}
        _child(parent, "rect", place | size)


def _strip(width: float, height: float) -> str:
    corner = number(CORNER)
    return (
        f"M{number(width)} 0H{corner}A{corner} {corner} 0 0 0 0 {corner}V{number(height - CORNER)}"
        f"A{corner} {corner} 0 0 0 {corner} {number(height)}H{number(width)}z"
    )


def _corner_fold(width: float) -> str:
    corner = number(CORNER)
    turn = f"A{corner} {corner} 0 0 1 {number(width)} {corner}"
    return f"M{number(width - 11)} 0H{number(width - CORNER)}{turn}V11z"


def _legend_entry(parent: _Element, family: Family, x: float, y: float) -> None:
    entry = _child(parent, "g", {"class": f"kv-{family.key}"})
    swatch_width, swatch_height = SWATCH
    _frame(entry, x, y, swatch_width, swatch_height, 3, family)
    _child(entry, "path", {"class": "kv-strip", "d": f"M{number(x)} {number(y)}h5v{number(swatch_height)}h-5z"})
    _text(
        entry,
        family.title,
        x + swatch_width + 5,
        y + swatch_height / 2 + LEGEND_SIZE * 0.355,
        typeface.width(family.title, LEGEND_SIZE),
    )
