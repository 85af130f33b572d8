"""A drawing as SVG: small, themeable, accessible, and the same bytes every time.

Every element of the model has an id (``MODEL-VARIANT-n17``, ``-e12-17``, ``-c3``, ``-o1``) and a class for its family
(``kv-conv``).  Colours come from CSS variables with the light values as fallbacks, so that a page can theme the inline
SVG while a downloaded file stands on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape

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
_CLEAR = 0.49
"""Nearer than this to a whole number, it does not matter how halves are rounded."""
_FONT = f'{typeface.FAMILY},"Helvetica Neue",Arial,sans-serif'


def svg(drawing: Drawing) -> str:
    """Write a drawing as an SVG document that ends in a newline."""
    figure = drawing.figure
    width, height = number(drawing.width), number(drawing.height)
    prefix = _quoted(figure.prefix)
    links = ' xmlns:xlink="http://www.w3.org/1999/xlink"' if any(box.target for box in figure.boxes) else ""
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg"{links} id="{prefix}" '
        f'class="kv-diagram kv-{figure.variant}{" kv-columns" * figure.columns}" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="graphics-document document" '
        f'aria-labelledby="{prefix}-title" aria-describedby="{prefix}-desc">'
    )
    parts = [
        opening,
        _element("title", f' id="{prefix}-title"', figure.title),
        _element("desc", f' id="{prefix}-desc"', figure.description),
        _element("style", "", stylesheet(figure.legend)),
        f'<rect class="kv-page" width="{width}" height="{height}"/>',
    ]
    if drawing.clusters:
        parts += _group(' class="kv-clusters"', [_cluster(prefix, cluster) for cluster in drawing.clusters])
    parts += _group(' class="kv-edges"', [_arrow(prefix, arrow) for arrow in drawing.arrows])
    parts += _group(' class="kv-nodes"', [_box(prefix, box, horizontal=figure.horizontal) for box in drawing.boxes])
    if drawing.clusters:
        parts += _group(' class="kv-labels"', map(_cluster_label, drawing.clusters))
    if drawing.legend:
        entries = [_legend_entry(entry.family, entry.x, entry.y) for entry in drawing.legend]
        parts += _group(' class="kv-legend" aria-hidden="true"', entries)
    return "".join([*parts, "</svg>\n"])


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


def _group(attributes: str, children: Iterable[str]) -> list[str]:
    inside = list(children)
    return [f"<g{attributes}>", *inside, "</g>"] if inside else [f"<g{attributes}/>"]


def _element(tag: str, attributes: str, text: str) -> str:
    """Write an element, given its attributes as they are to stand there."""
    return f"<{tag}{attributes}>{_escaped(text)}</{tag}>" if text else f"<{tag}{attributes}/>"


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


def _text(text: str, x: float, y: float, width: float | None = None, role: str = "") -> str:
    place = _text_place(role, x, y)
    if width is not None:
        # Whatever font the reader's machine has, the text takes the room that it was given.
        place = f'{place} textLength="{number(width)}" lengthAdjust="spacingAndGlyphs"'
    return _element("text", place, text)


@lru_cache(maxsize=4096)
def _text_place(role: str, x: float, y: float) -> str:
    place = f' x="{number(x)}" y="{number(y)}"'
    return f' class="kv-{role}"{place}' if role else place


def _cluster(prefix: str, placed: PlacedCluster) -> str:
    cluster = placed.cluster
    layer = ' class="kv-layer"' if cluster.kind == "layer" else ""
    frames = [
        f'<rect x="{number(rect.x)}" y="{number(rect.y)}" width="{number(rect.width)}" height="{number(rect.height)}" '
        f'rx="{number(CLUSTER_CORNER)}"{layer}/>'
        for rect in placed.frames
    ]
    return (
        f'<g id="{prefix}-{cluster.key}" class="kv-cluster">{_element("title", "", cluster.title)}{"".join(frames)}</g>'
    )


def _cluster_label(placed: PlacedCluster) -> str:
    x, y = placed.frames[0].x, placed.frames[0].y
    # A chip of the frame's colour quietens the arrows that cross the label.
    chip = (
        f'<rect x="{number(x + 7)}" y="{number(y + 4)}" width="{number(placed.cluster.label_width + 6)}" height="15"/>'
    )
    return chip + _text(placed.cluster.label, x + 10, y + 15, placed.cluster.label_width)


def _arrow(prefix: str, placed: PlacedArrow) -> str:
    arrow = placed.arrow
    inferred = ' class="kv-inferred"' if arrow.inferred else ""
    path = (
        f'<path id="{prefix}-{arrow.key}" data-tail="{arrow.tail}" data-head="{arrow.head}"{inferred} '
        f'd="{_curve(placed)}"'
    )
    return f"{path}><title>{_escaped(arrow.title)}</title></path>" if arrow.title else f"{path}/>"


def _curve(placed: PlacedArrow) -> str:
    """Write the curve and the open arrowhead as one path, in relative coordinates."""
    return _path(placed.curve, chevron(placed.curve))


def _path(curve: Curve, head: tuple[Point, Point, Point]) -> str:
    xs, ys = [_tenths(x) for x, _ in curve], [_tenths(y) for _, y in curve]
    commands = [f"M{_FIRST[xs[0]]} {_FIRST[ys[0]]}"]
    if xs.count(xs[0]) == len(xs):
        commands.append(f"v{_FIRST[ys[-1] - ys[0]]}")
    elif ys.count(ys[0]) == len(ys):
        commands.append(f"h{_FIRST[xs[-1] - xs[0]]}")
    else:
        for at in range(0, len(xs) - 3, 3):
            x, y = xs[at], ys[at]
            commands.append(
                f"c{_FIRST[xs[at + 1] - x]}{_NEXT[ys[at + 1] - y]}{_NEXT[xs[at + 2] - x]}{_NEXT[ys[at + 2] - y]}"
                f"{_NEXT[xs[at + 3] - x]}{_NEXT[ys[at + 3] - y]}"
            )
    (one_x, one_y), (tip_x, tip_y), (other_x, other_y) = [(_tenths(x), _tenths(y)) for x, y in head]
    commands.append(
        f"m{_FIRST[one_x - tip_x]}{_NEXT[one_y - tip_y]}"
        f"l{_FIRST[tip_x - one_x]}{_NEXT[tip_y - one_y]}{_NEXT[other_x - tip_x]}{_NEXT[other_y - tip_y]}"
    )
    return "".join(commands)


def _tenths(value: float) -> int:
    times_ten = value * 10
    tenths = round(times_ten)
    if -_CLEAR < times_ten - tenths < _CLEAR:
        return tenths
    # As decimals are rounded: 0.35 is a little less than it seems, ten times as much is not.
    return round(round(value, 1) * 10)


class _Texts(dict[int, str]):
    """Numbers of tenths as they are written in path data, remembered: there are few, and they come again and again."""

    _MOST = 20_000

    def __init__(self, *, first: bool) -> None:
        self._first = first

    def __missing__(self, tenths: int) -> str:
        text = number(tenths / 10)
        if not self._first and tenths >= 0:
            text = f" {text}"  # a minus sign needs no space before it
        if len(self) < self._MOST:
            self[tenths] = text
        return text


_FIRST = _Texts(first=True)
_NEXT = _Texts(first=False)
"""With what keeps them apart from the number before."""


def _box(prefix: str, placed: PlacedBox, *, horizontal: bool) -> str:
    box = placed.box
    classes = f"kv-node kv-{box.family.key}"
    if box.model_input or box.model_output or box.closed:
        classes += " kv-input-node" * box.model_input + " kv-output-node" * box.model_output + " kv-closed" * box.closed
    place = f'id="{prefix}-{box.key}" class="{classes}" transform="translate({number(placed.x)} {number(placed.y)})"'
    if box.numbers:
        place += f' data-n="{progressions(box.numbers)}"'
    if box.times:
        place += f' data-times="{" ".join(map(str, box.times))}"'
    if box.drawn_as:
        place += f' data-as="{progressions(box.drawn_as)}"'
    parts = [f"<g {place}>", _element("title", "", box.title), _outline(box.width, box.height, box.family)]
    if box.closed:
        parts.append(f'<path class="kv-strip" d="{_corner_fold(box.width)}"/>')
    if box.badge:
        parts.append(_strip(box.strip, box.height))
    if box.skip:
        parts.append(f'<path class="kv-skip" d="{_path(*skip_sign(box))}"/>')
    for text in texts(box, horizontal=horizontal):
        held = text.width * _WIDER > text.room
        parts.append(_text(text.text, text.x, text.y, text.width if held else None, text.role))
    parts.append("</g>")
    if box.target:
        # Not `href`: Material for MkDocs assigns to that of every element it finds, which fails in SVG.
        target, label = _quoted(box.target), _quoted(box.title.partition("\n")[0])
        return f'<a xlink:href="#{target}" aria-label="{label}">{"".join(parts)}</a>'
    return "".join(parts)


@lru_cache(maxsize=4096)
def _outline(width: float, height: float, family: Family) -> str:
    return _frame(0, 0, width, height, CORNER, family)


def _frame(x: float, y: float, width: float, height: float, corner: float, family: Family) -> str:
    frame = _rect(x, y, width, height, corner)
    if family.border == "double":
        frame += _rect(x + INSET, y + INSET, width - 2 * INSET, height - 2 * INSET, corner - 2)
    return frame


def _rect(x: float, y: float, width: float, height: float, corner: float) -> str:
    place = f' x="{number(x)}" y="{number(y)}"' if x or y else ""
    return f'<rect{place} width="{number(width)}" height="{number(height)}" rx="{number(corner)}"/>'


@lru_cache(maxsize=4096)
def _strip(width: float, height: float) -> str:
    corner = number(CORNER)
    return (
        f'<path class="kv-strip" d="M{number(width)} 0H{corner}A{corner} {corner} 0 0 0 0 {corner}'
        f'V{number(height - CORNER)}A{corner} {corner} 0 0 0 {corner} {number(height)}H{number(width)}z"/>'
    )


def _corner_fold(width: float) -> str:
    corner = number(CORNER)
    turn = f"A{corner} {corner} 0 0 1 {number(width)} {corner}"
    return f"M{number(width - 11)} 0H{number(width - CORNER)}{turn}V11z"


def _legend_entry(family: Family, x: float, y: float) -> str:
    width, height = SWATCH
    title = _text(
        family.title,
        x + width + 5,
        y + height / 2 + LEGEND_SIZE * 0.355,
        typeface.width(family.title, LEGEND_SIZE),
    )
    return (
        f'<g class="kv-{family.key}">{_frame(x, y, width, height, 3, family)}'
        f'<path class="kv-strip" d="M{number(x)} {number(y)}h5v{number(height)}h-5z"/>{title}</g>'
    )
