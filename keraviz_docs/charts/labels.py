"""Which labels of a scatter chart have room, and on which side of their points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Side = Literal["right", "left", "above", "below"]
_SIDES: tuple[Side, ...] = ("right", "left", "above", "below")
_RADIUS = 6.0
"""Room around a point, in pixels."""
_HEIGHT = 13.0
_MOST = 160
"""Labels that are tried: beyond these a chart is full."""


@dataclass(frozen=True)
class Spot:
    """A point with a label that may be placed."""

    x: float
    """From 0 to 1 across the chart."""
    y: float
    """In pixels from the top."""
    label_width: float
    """In pixels."""


@dataclass(frozen=True)
class Placed:
    """A label that has room."""

    spot: int
    """Index of its point."""
    side: Side
    level: int
    """Index of the narrowest of the given widths at which it has room; it has room at the wider ones, too."""


@dataclass(frozen=True)
class _Box:
    """A rectangle that moves when the chart is stretched: it stands at ``x`` of the width, with fixed offsets."""

    x: float
    left: float
    right: float
    top: float
    bottom: float

    def meets(self, other: _Box, narrow: float, wide: float) -> bool:
        """Tell whether two boxes overlap at some width of the chart between two widths."""
        if self.bottom <= other.top or other.bottom <= self.top:
            return False
        # Both distances are linear in the width, so what holds at both ends holds between them.
        before = all(self.x * width + self.right <= other.x * width + other.left for width in (narrow, wide))
        after = all(other.x * width + other.right <= self.x * width + self.left for width in (narrow, wide))
        return not (before or after)

    def leaves(self, width: float, height: float) -> bool:
        """Tell whether the box sticks out of a chart of this size."""
        return (
            self.x * width + self.left < 0
            or self.x * width + self.right > width
            or self.top < 0
            or (self.bottom > height)
        )


def place_labels(spots: Sequence[Spot], widths: Sequence[float], height: float) -> list[Placed]:
    """Place as many labels as fit without covering each other or any point.

    Labels of lonely points come first.  The same spots always give the same labels.

    Args:
        spots: the points.
        widths: of the chart, in pixels, ascending.
        height: of the chart, in pixels.
    """
    widest = 2 * widths[-1]
    points = [_Box(spot.x, -_RADIUS, _RADIUS, spot.y - _RADIUS, spot.y + _RADIUS) for spot in spots]
    order = sorted(range(len(spots)), key=lambda index: (-_loneliness(spots, index, widths[-1]), index))[:_MOST]
    placed: list[Placed] = []
    taken: list[_Box] = []
    for level, narrow in enumerate(widths):
        done = {each.spot for each in placed}
        for index in order:
            if index in done:
                continue
            for side in _SIDES:
                box = _label_box(spots[index], side)
                others = (*(point for at, point in enumerate(points) if at != index), *taken)
                if not box.leaves(narrow, height) and not any(box.meets(other, narrow, widest) for other in others):
                    placed.append(Placed(index, side, level))
                    taken.append(box)
                    break
    return placed


def _loneliness(spots: Sequence[Spot], index: int, width: float) -> float:
    spot = spots[index]
    distances = (
        max(abs(other.x - spot.x) * width, 4 * abs(other.y - spot.y)) for at, other in enumerate(spots) if at != index
    )
    return min(distances, default=0.0)


def _label_box(spot: Spot, side: Side) -> _Box:
    middle = spot.y - _HEIGHT / 2, spot.y + _HEIGHT / 2
    if side == "right":
        return _Box(spot.x, _RADIUS, _RADIUS + 2 + spot.label_width, *middle)
    if side == "left":
        return _Box(spot.x, -_RADIUS - 2 - spot.label_width, -_RADIUS, *middle)
    half = spot.label_width / 2
    top = spot.y - _RADIUS - _HEIGHT if side == "above" else spot.y + _RADIUS
    return _Box(spot.x, -half, half, top, top + _HEIGHT)
