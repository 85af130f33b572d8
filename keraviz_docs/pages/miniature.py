"""Miniatures of diagrams for cards: boxes in their colours, without text.

A drawing that is many times as high as wide is cut into pieces that stand side by side, like columns of a newspaper.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from math import ceil, sqrt
from xml.etree import ElementTree as ET

WIDTH, HEIGHT = 300, 140
"""The room that a miniature fills, in its own units."""
_GAP = 40.0
_SVG = "{http://www.w3.org/2000/svg}"
_MOST_ARROWS = 400


@dataclass(frozen=True)
class _Box:
    key: str
    family: str
    x: float
    y: float
    width: float
    height: float


def miniature(svg: str) -> str:
    """Return a small ``<svg>`` of a diagram, coloured by the classes of the families.

    Args:
        svg: a diagram that runs from top to bottom, as :mod:`keraviz_docs.diagrams` writes it.
    """
    # Only ever given what this program drew itself.
    root = ET.fromstring(svg)  # noqa: S314  # our own drawing
    prefix = root.get("id", "")
    boxes = [_box(element, prefix) for element in root.iterfind(f".//{_SVG}g[@transform]")]
    if not boxes:
        return ""
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    width = max(box.x + box.width for box in boxes) - left
    height = max(box.y + box.height for box in boxes) - top
    columns = max(1, ceil(sqrt(height * WIDTH / (HEIGHT * (width + _GAP))) - 0.5)) if height > 3 * width else 1
    part = height / columns
    # A box stands in the column of its middle, so it may stick out by half its height.
    overhang = max(box.height for box in boxes) / 2 if columns > 1 else 0.0
    room = part + 2 * overhang
    total_width = columns * width + (columns - 1) * _GAP
    scale = min(WIDTH / total_width, HEIGHT / room, 1.0)
    across = (WIDTH - total_width * scale) / 2
    down = (HEIGHT - room * scale) / 2

    def place(box: _Box) -> tuple[int, float, float]:
        column = min(int((box.y + box.height / 2 - top) / part), columns - 1)
        x = box.x - left + column * (width + _GAP)
        return column, across + x * scale, down + (box.y - top - column * part + overhang) * scale

    placed = {box.key: place(box) for box in boxes}
    by_key = {box.key: box for box in boxes}
    shapes: dict[str, list[str]] = defaultdict(list)
    for box in boxes:
        _, x, y = placed[box.key]
        shapes[box.family].append(
            f"M{_number(x)} {_number(y)}h{_number(box.width * scale)}v{_number(box.height * scale)}"
            f"h-{_number(box.width * scale)}z"
        )
    arrows = [
        f"M{_number(placed[tail][1] + by_key[tail].width * scale / 2)} "
        f"{_number(placed[tail][2] + by_key[tail].height * scale)}"
        f"L{_number(placed[head][1] + by_key[head].width * scale / 2)} {_number(placed[head][2])}"
        for tail, head in _arrows(root)
        # What leads to the next column, here or in the drawing itself, would only cross the boxes.
        if tail in placed and head in placed and placed[tail][0] == placed[head][0] and by_key[head].y > by_key[tail].y
    ]
    if len(arrows) > _MOST_ARROWS:
        arrows = []
    paths = [f'<path d="{"".join(arrows)}"/>'] * bool(arrows)
    paths += [f'<path class="kv-{family}" d="{"".join(parts)}"/>' for family, parts in sorted(shapes.items())]
    return f'<svg class="kv-mini" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{"".join(paths)}</svg>'


def _box(group: ET.Element, prefix: str) -> _Box:
    x, y = (float(number) for number in re.findall(r"-?[\d.]+", group.get("transform", ""))[:2])
    frame = group.find(f"{_SVG}rect")
    classes = group.get("class", "").split()
    return _Box(
        key=group.get("id", "").removeprefix(f"{prefix}-"),
        family=classes[1].removeprefix("kv-") if len(classes) > 1 else "other",
        x=x,
        y=y,
        width=float(frame.get("width", "0")) if frame is not None else 0.0,
        height=float(frame.get("height", "0")) if frame is not None else 0.0,
    )


def _arrows(root: ET.Element) -> list[tuple[str, str]]:
    return [
        (path.get("data-tail", ""), path.get("data-head", ""))
        for path in root.iterfind(f".//{_SVG}g[@class='kv-edges']/{_SVG}path")
    ]


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
