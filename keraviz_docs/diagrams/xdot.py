"""A drawing as Graphviz's own drawing operations, which it turns into PNG and PDF.

The operations (``xdot``, https://graphviz.org/docs/outputs/canon/#xdot) stand in the ``_background`` of a graph that
is otherwise two invisible corners; so PNG and PDF show exactly what the SVG shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from keraviz_docs.diagrams import typeface
from keraviz_docs.diagrams.drawing import LEGEND_SIZE, SWATCH, Drawing, PlacedArrow, PlacedBox, PlacedCluster
from keraviz_docs.diagrams.families import Family
from keraviz_docs.diagrams.figure import CLUSTER_SIZE
from keraviz_docs.diagrams.shapes import CLUSTER_CORNER, CORNER, INSET, Point, chevron, skip_sign, texts
from keraviz_docs.diagrams.svg import FRAME, FRAME_FILL, INK, LINE, PAGE, QUIET_INK

_SAMPLE_Y = 50.0
_SAMPLE_SIZE = 10.0
_SAMPLE_TEXT = r"x\y"

_ZOOM = 2.0
"""Everything is drawn larger by this factor and scaled down by Graphviz.

Pango rounds the width of every glyph to whole pixels at 96 dpi, so larger text keeps closer to its true widths.
Graphviz's dashes, which do not scale, come out finer by this factor, as they should.
"""
_PIECE = 3000
_ARC = 0.5523
"""Control point of the cubic that stands for a quarter of a circle, as a share of its radius."""


@dataclass(frozen=True)
class Dialect:
    """In what Graphviz's versions differ; :func:`dialect` asks."""

    baseline: float
    """How far above the place it is told a baseline is set, in ems."""
    counts_backslashes: bool
    """Whether an escaping backslash counts in the length of a text."""


class _Pen:
    """Collects operations; Graphviz's y axis grows upwards."""

    def __init__(self, height: float, dialect: Dialect) -> None:
        self._height = height
        self._dialect = dialect
        self._operations: list[str] = []

    def finished(self) -> str:
        return " ".join(self._operations)

    def colours(self, stroke: str, fill: str | None = None) -> None:
        self._operations.append(f"c {_counted(stroke)}")
        if fill is not None:
            self._operations.append(f"C {_counted(fill)}")

    def line_style(self, width: float, dash: str = "solid") -> None:
        self._operations.append(f"S {_counted(dash)} S {_counted(f'setlinewidth({width * _ZOOM:g})')}")

    def curve(self, points: tuple[Point, ...], *, filled: bool = False) -> None:
        self._operations.append(f"{'b' if filled else 'B'} {self._points(points)}")

    def polygon(self, points: tuple[Point, ...]) -> None:
        self._operations.append(f"P {self._points(points)}")

    def line(self, points: tuple[Point, ...]) -> None:
        self._operations.append(f"L {self._points(points)}")

    def text(self, text: str, x: float, y: float, size: float, width: float, colour: str, *, bold: bool) -> None:
        # DOT cannot write a backslash before a quote or at the end; an invisible word joiner keeps them apart.
        text = re.sub(r'\\(?="|$)', "\\\\\N{WORD JOINER}", text)
        length = len(text.encode())
        if not self._dialect.counts_backslashes:
            length -= len(re.findall(r"\\.", text))
        baseline = (self._height - y - self._dialect.baseline * size) * _ZOOM
        self._operations.append(
            f"c {_counted(colour)} F {size * _ZOOM:g} {_counted(typeface.FAMILY)} t {int(bold)} "
            f"T {x * _ZOOM:.2f} {baseline:.2f} -1 {width * _ZOOM:.1f} {length} -{text}"
        )

    def _points(self, points: tuple[Point, ...]) -> str:
        return f"{len(points)} " + " ".join(f"{x * _ZOOM:.2f} {(self._height - y) * _ZOOM:.2f}" for x, y in points)


def source(drawing: Drawing, dialect: Dialect, *, pixels_per_point: float = 1.0, scale: float = 1.0) -> str:
    """Write a drawing as DOT that draws it, for the layout ``nop2``.

    Args:
        drawing: what to draw.
        dialect: of the Graphviz that will draw it.
        pixels_per_point: for bitmaps.
        scale: points of paper for a point of the drawing.
    """
    pen = _Pen(drawing.height, dialect)
    for cluster in drawing.clusters:
        _cluster(pen, cluster)
    for arrow in drawing.arrows:
        _arrow(pen, arrow)
    for box in drawing.boxes:
        _box(pen, box, horizontal=drawing.figure.horizontal)
    for cluster in drawing.clusters:
        label, frame = cluster.cluster, cluster.frames[0]
        _chip(pen, cluster)
        pen.text(label.label, frame.x + 10, frame.y + 15, CLUSTER_SIZE, label.label_width, INK, bold=True)
    for entry in drawing.legend:
        _legend_entry(pen, entry.family, entry.x, entry.y)
    return _document(pen.finished(), drawing.width, drawing.height, pixels_per_point * 72, scale)


def _document(operations: str, width: float, height: float, dpi: float = 72.0, scale: float = 1.0) -> str:
    corner = "shape=point, style=invis, width=0, height=0, penwidth=0, fixedsize=true"
    right, top = width * _ZOOM, height * _ZOOM
    inches = scale / 72
    attributes = {
        "bb": f'"0,0,{right:g},{top:g}"',
        "size": f'"{width * inches:.5f},{height * inches:.5f}"',
        "pad": "0",
        "margin": "0",
        "dpi": f"{dpi:.3f}",
        "bgcolor": f'"{PAGE}"',
        "_background": _quoted(operations),
    }
    settings = ", ".join(f"{name}={value}" for name, value in attributes.items())
    return f'digraph {{ graph [{settings}]; a [pos="0,0", {corner}]; b [pos="{right:g},{top:g}", {corner}]; }}\n'


def _counted(text: str) -> str:
    return f"{len(text.encode())} -{text}"


def _quoted(text: str) -> str:
    r"""Quote a string of any length.

    Graphviz reads at most 16,384 bytes at once between quotes, but skips a backslash that ends a line.
    """
    pieces = re.findall(rf"(?s).{{1,{_PIECE}}}(?<!\\)", text + " ")
    return '"' + "\\\n".join(piece.replace('"', '\\"') for piece in pieces) + '"'


def _cluster(pen: _Pen, placed: PlacedCluster) -> None:
    pen.line_style(1, "dashed" if placed.cluster.kind == "layer" else "solid")
    pen.colours(FRAME, FRAME_FILL)
    for frame in placed.frames:
        pen.curve(_rounded(frame.x, frame.y, frame.width, frame.height, CLUSTER_CORNER), filled=True)


def _chip(pen: _Pen, placed: PlacedCluster) -> None:
    """Cover the arrows that cross a cluster's label."""
    x, y = placed.frames[0].x + 7, placed.frames[0].y + 4
    right, bottom = x + placed.cluster.label_width + 6, y + 15
    pen.colours(FRAME_FILL + "00", FRAME_FILL + "d9")
    pen.line_style(0.1)
    pen.polygon(((x, y), (right, y), (right, bottom), (x, bottom)))


def _arrow(pen: _Pen, placed: PlacedArrow) -> None:
    pen.colours(LINE)
    pen.line_style(1.1, "dashed" if placed.arrow.inferred else "solid")
    pen.curve(placed.curve)
    pen.line_style(1.1)
    pen.line(chevron(placed.curve))


def _box(pen: _Pen, placed: PlacedBox, *, horizontal: bool) -> None:
    box = placed.box
    _frame(pen, placed.x, placed.y, box.width, box.height, CORNER, box.family)
    pen.colours("#00000000", box.family.accent)
    pen.line_style(0.1)
    if box.badge:
        pen.curve(_strip(placed.x, placed.y, box.strip, box.height), filled=True)
    if box.closed:
        right = placed.x + box.width
        pen.polygon(((right - 11, placed.y), (right - 1, placed.y + 1), (right, placed.y + 11)))
    if box.skip:
        bow, head = skip_sign(box)
        pen.colours(LINE)
        pen.line_style(1.3)
        pen.curve(tuple((placed.x + x, placed.y + y) for x, y in bow))
        pen.line(tuple((placed.x + x, placed.y + y) for x, y in head))
    for text in texts(box, horizontal=horizontal):
        colour = {"number": box.family.on_accent, "shape": QUIET_INK, "port": QUIET_INK}.get(text.role, INK)
        x, y = placed.x + text.x - text.width / 2, placed.y + text.y
        pen.text(text.text, x, y, text.size, text.width, colour, bold=text.bold)


def _frame(pen: _Pen, x: float, y: float, width: float, height: float, corner: float, family: Family) -> None:
    pen.colours(family.outline, family.tint)
    pen.line_style(1.2, family.border if family.border in ("dashed", "dotted") else "solid")
    pen.curve(_rounded(x, y, width, height, corner), filled=True)
    if family.border == "double":
        inner = (x + INSET, y + INSET, width - 2 * INSET, height - 2 * INSET)
        pen.curve(_rounded(*inner, corner - 2), filled=True)


def _legend_entry(pen: _Pen, family: Family, x: float, y: float) -> None:
    width, height = SWATCH
    _frame(pen, x, y, width, height, 3, family)
    pen.colours("#00000000", family.accent)
    pen.polygon(((x, y), (x + 5, y), (x + 5, y + height), (x, y + height)))
    text_width = typeface.width(family.title, LEGEND_SIZE)
    pen.text(
        family.title, x + width + 5, y + height / 2 + LEGEND_SIZE * 0.355, LEGEND_SIZE, text_width, INK, bold=False
    )


def _rounded(x: float, y: float, width: float, height: float, radius: float) -> tuple[Point, ...]:
    """Return a rounded rectangle as cubic Bézier segments."""
    right, bottom = x + width, y + height
    near = radius * (1 - _ARC)
    path: list[Point] = [(x + radius, y)]
    corners: tuple[tuple[Point, Point, Point, Point], ...] = (
        ((right - radius, y), (right - near, y), (right, y + near), (right, y + radius)),
        ((right, bottom - radius), (right, bottom - near), (right - near, bottom), (right - radius, bottom)),
        ((x + radius, bottom), (x + near, bottom), (x, bottom - near), (x, bottom - radius)),
        ((x, y + radius), (x, y + near), (x + near, y), (x + radius, y)),
    )
    for start, *arc in corners:
        path.extend(_straight(path[-1], start))
        path.extend(arc)
    return tuple(path)


def _strip(x: float, y: float, width: float, height: float) -> tuple[Point, ...]:
    """Return the left end of a rounded box as cubic Bézier segments."""
    right, bottom, near = x + width, y + height, CORNER * (1 - _ARC)
    path: list[Point] = [(right, y)]
    path.extend(_straight(path[-1], (right, bottom)))
    path.extend(_straight(path[-1], (x + CORNER, bottom)))
    path.extend(((x + near, bottom), (x, bottom - near), (x, bottom - CORNER)))
    path.extend(_straight(path[-1], (x, y + CORNER)))
    path.extend(((x, y + near), (x + near, y), (x + CORNER, y)))
    path.extend(_straight(path[-1], (right, y)))
    return tuple(path)


def _straight(start: Point, end: Point) -> Iterator[Point]:
    yield start
    yield end
    yield end


def _sample() -> str:
    pen = _Pen(_SAMPLE_Y, Dialect(0.0, counts_backslashes=True))
    pen.text(_SAMPLE_TEXT, 0, 0, _SAMPLE_SIZE, 5, INK, bold=False)
    return _document(pen.finished() + " ", 100, 100)


SAMPLE = _sample()
"""What a Graphviz must draw as SVG to show its dialect."""


def dialect(sample: str) -> Dialect:
    """Return the dialect of a Graphviz, given its SVG of ``SAMPLE``."""
    root = ET.fromstring(sample)  # noqa: S314  # what our own Graphviz answers
    text = next(element for element in root.iter() if element.tag.endswith("text"))
    baseline = (-float(text.get("y", "0")) - _SAMPLE_Y * _ZOOM) / (_SAMPLE_SIZE * _ZOOM)
    return Dialect(baseline, counts_backslashes=text.text == _SAMPLE_TEXT)
