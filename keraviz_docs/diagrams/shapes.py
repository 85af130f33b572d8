"""The geometry that every output format draws alike: where in a box its text stands, and what an arrow looks like."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from keraviz_docs.diagrams import typeface
from keraviz_docs.diagrams.figure import (
    LEADING,
    NUMBER_SIZE,
    PORT_SIZE,
    SIZES,
    SKIP_WIDTH,
    Box,
    Role,
    port_pitch,
)

Point = tuple[float, float]
"""In points; x grows to the right, y downwards."""

Curve = tuple[Point, ...]
"""A start, then three control points for each cubic Bézier segment."""

CORNER = 4.0
"""Radius of the corners of boxes."""
CLUSTER_CORNER = 7.0
INSET = 2.5
"""How far the inner line of a double border is from the outer one."""

_CAP_HEIGHT = 0.711
"""Height of Roboto's capitals in ems (``OS/2.sCapHeight`` 1456 of 2048)."""
_CHEVRON = (3.0, 4.6)
"""Half the width, and the length, of an arrowhead."""


class Rect(msgspec.Struct, frozen=True, gc=False):
    """A rectangle: its top left corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    def moved(self, dx: float, dy: float) -> Rect:
        """Return it elsewhere."""
        return Rect(self.x + dx, self.y + dy, self.width, self.height)

    def overlaps(self, other: Rect) -> bool:
        """Whether they share more than an edge."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


def around(rects: Iterable[Rect]) -> Rect:
    """Return the smallest rectangle that contains all these, of which there must be one at least."""
    known = list(rects)
    left, top = min(rect.x for rect in known), min(rect.y for rect in known)
    return Rect(left, top, max(rect.right for rect in known) - left, max(rect.bottom for rect in known) - top)


class Text(msgspec.Struct, frozen=True, gc=False):
    """A piece of text in a box: the middle of its baseline relative to the box's corner, and its width."""

    text: str
    role: Role | str
    x: float
    y: float
    size: float
    width: float
    room: float
    """Width that it may take without touching anything else."""

    @property
    def bold(self) -> bool:
        """Whether it is set in the bold weight."""
        return self.role in ("class", "number")


def texts(box: Box, *, horizontal: bool) -> tuple[Text, ...]:
    """Return every piece of text in a box, with its place."""
    left, right = box.strip, box.width - (SKIP_WIDTH if box.skip else 0.0)
    top, bottom = 0.0, box.height
    if horizontal:
        left += port_pitch(box.inputs, horizontal=True)[1]
        right -= port_pitch(box.outputs, horizontal=True)[1]
    else:
        top += port_pitch(box.inputs, horizontal=False)[1]
        bottom -= port_pitch(box.outputs, horizontal=False)[1]
    placed = []
    if box.badge:
        width = typeface.width(box.badge, NUMBER_SIZE, bold=True)
        y = box.height / 2 + NUMBER_SIZE * _CAP_HEIGHT / 2
        placed.append(Text(box.badge, "number", box.strip / 2, y, NUMBER_SIZE, width, box.strip))
    block = sum(LEADING[line.role] for line in box.lines)
    y = top + (bottom - top - block) / 2
    for line in box.lines:
        size = SIZES[line.role]
        baseline = y + LEADING[line.role] / 2 + size * _CAP_HEIGHT / 2
        room = right - left
        placed.append(Text(line.text, line.role, left + room / 2, baseline, size, line.width, room))
        y += LEADING[line.role]
    placed.extend(_port_labels(box, box.inputs, horizontal=horizontal, leaving=False))
    placed.extend(_port_labels(box, box.outputs, horizontal=horizontal, leaving=True))
    return tuple(placed)


def port(box: Box, index: int, *, leaving: bool, horizontal: bool) -> Point:
    """Return where an arrow meets a box, relative to the box's corner."""
    labels = box.outputs if leaving else box.inputs
    share = (index + 0.5) / len(labels)
    if horizontal:
        return (box.width if leaving else 0.0), share * box.height
    # A row of labels keeps clear of the number strip.
    start = box.strip if any(labels) else 0.0
    return start + share * (box.width - start), (box.height if leaving else 0.0)


def skip_sign(box: Box) -> tuple[Curve, tuple[Point, Point, Point]]:
    """Return the sign of a shortcut, relative to the box's corner: a bow from top to bottom, and its arrowhead."""
    x, top, bottom = box.width - SKIP_WIDTH - 2, 12.0, box.height - 6.0
    bow: Curve = ((x, top), (x + 13, top + 3), (x + 13, bottom - 4), (x, bottom))
    return bow, chevron(bow)


def _port_labels(box: Box, labels: tuple[str, ...], *, horizontal: bool, leaving: bool) -> list[Text]:
    if not any(labels):
        return []
    pitch, depth = port_pitch(labels, horizontal=horizontal)
    placed = []
    for index, label in enumerate(labels):
        x, y = port(box, index, leaving=leaving, horizontal=horizontal)
        if horizontal:
            x += -depth / 2 if leaving else box.strip + depth / 2
        else:
            y += -depth / 2 if leaving else depth / 2
        width = typeface.width(label, PORT_SIZE)
        room = depth if horizontal else pitch
        placed.append(Text(label, "port", x, y + PORT_SIZE * _CAP_HEIGHT / 2, PORT_SIZE, width, room))
    return placed


def chevron(curve: Curve) -> tuple[Point, Point, Point]:
    """Return the arrowhead, an open angle: one end, the tip, the other end."""
    tip = curve[-1]
    before = next((point for point in reversed(curve) if math.dist(point, tip) > 0.5), (tip[0], tip[1] - 1))
    distance = math.dist(before, tip)
    along = ((tip[0] - before[0]) / distance, (tip[1] - before[1]) / distance)
    half, length = _CHEVRON
    back = (tip[0] - length * along[0], tip[1] - length * along[1])
    across = (-along[1] * half, along[0] * half)
    return (back[0] + across[0], back[1] + across[1]), tip, (back[0] - across[0], back[1] - across[1])
