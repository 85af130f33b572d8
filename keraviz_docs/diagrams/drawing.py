"""A figure in which everything has its place; lengths are in points, the origin is top left, y grows downwards."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from keraviz_docs.diagrams import typeface
from keraviz_docs.diagrams.families import Family
from keraviz_docs.diagrams.figure import Arrow, Box, Cluster, Figure
from keraviz_docs.diagrams.shapes import Curve, Rect, around


class PlacedBox(msgspec.Struct, frozen=True, gc=False):
    """A box and its top left corner."""

    box: Box
    x: float
    y: float


class PlacedArrow(msgspec.Struct, frozen=True, gc=False):
    """An arrow and its curve."""

    arrow: Arrow
    curve: Curve


class PlacedCluster(msgspec.Struct, frozen=True, gc=False):
    """A cluster and its frames: one, or several where a long one runs over pieces that show other boxes beside it."""

    cluster: Cluster
    frames: tuple[Rect, ...]


class LegendEntry(msgspec.Struct, frozen=True, gc=False):
    """A family in the legend: its swatch starts at the point, its title follows."""

    family: Family
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """A whole diagram, ready to be written in any format."""

    figure: Figure
    width: float
    height: float
    boxes: tuple[PlacedBox, ...]
    arrows: tuple[PlacedArrow, ...]
    clusters: tuple[PlacedCluster, ...]
    """Outer ones before the ones they contain."""
    legend: tuple[LegendEntry, ...]


@dataclass(frozen=True)
class Content:
    """Placed things without a frame."""

    boxes: tuple[PlacedBox, ...]
    arrows: tuple[PlacedArrow, ...]
    clusters: tuple[PlacedCluster, ...]

    @property
    def bounds(self) -> Rect:
        """What it covers."""
        points = [point for placed in self.arrows for point in placed.curve]
        corners = [Rect(min(x for x, _ in points), min(y for _, y in points), 0, 0)] if points else []
        corners += [Rect(max(x for x, _ in points), max(y for _, y in points), 0, 0)] if points else []
        return around(
            (
                *(Rect(placed.x, placed.y, placed.box.width, placed.box.height) for placed in self.boxes),
                *(frame for placed in self.clusters for frame in placed.frames),
                *corners,
            )
        )

    def moved(self, dx: float, dy: float) -> Content:
        """Return the same, elsewhere."""
        return Content(
            boxes=tuple([PlacedBox(placed.box, placed.x + dx, placed.y + dy) for placed in self.boxes]),
            arrows=tuple(
                [
                    PlacedArrow(placed.arrow, tuple([(x + dx, y + dy) for x, y in placed.curve]))
                    for placed in self.arrows
                ]
            ),
            clusters=tuple(
                PlacedCluster(placed.cluster, tuple(frame.moved(dx, dy) for frame in placed.frames))
                for placed in self.clusters
            ),
        )


MARGIN = 12.0
LEGEND_SIZE = 9.5
SWATCH = (18.0, 12.0)
"""Width and height of a legend swatch."""
LEGEND_PITCH = 18.0
_LEGEND_GAP = 16.0


def legend_width(family: Family) -> float:
    """Return the width of one legend entry in points."""
    return SWATCH[0] + 5.0 + typeface.width(family.title, LEGEND_SIZE)


def framed(figure: Figure, content: Content) -> Drawing:
    """Frame the content with a margin and a legend.

    The legend runs along the top where the content is wide enough for a row or two, else down its right side.
    """
    families = figure.legend
    bounds = content.bounds
    width, height = bounds.width, bounds.height
    widest = max((legend_width(family) for family in families), default=0.0)
    rows = _rows(families, max(width, 1.0))
    beside = len(rows) > 2
    entries = []
    top = MARGIN
    if beside:
        x = MARGIN + width + _LEGEND_GAP
        entries = [LegendEntry(family, x, MARGIN + LEGEND_PITCH * row) for row, family in enumerate(families)]
        total_width = x + widest + MARGIN
        total_height = max(height, LEGEND_PITCH * len(families)) + 2 * MARGIN
    else:
        for row, members in enumerate(rows):
            x = MARGIN
            for family in members:
                entries.append(LegendEntry(family, x, MARGIN + LEGEND_PITCH * row))
                x += legend_width(family) + _LEGEND_GAP
        top += LEGEND_PITCH * len(rows) + (10.0 if rows else 0.0)
        total_width = width + 2 * MARGIN
        total_height = top + height + MARGIN
    moved = content.moved(MARGIN - bounds.x, top - bounds.y)
    return Drawing(
        figure=figure,
        width=round(total_width, 1),
        height=round(total_height, 1),
        boxes=moved.boxes,
        arrows=moved.arrows,
        clusters=moved.clusters,
        legend=tuple(entries),
    )


def _rows(families: tuple[Family, ...], width: float) -> list[list[Family]]:
    rows: list[list[Family]] = []
    room = 0.0
    for family in families:
        needed = legend_width(family) + _LEGEND_GAP
        if not rows or needed - _LEGEND_GAP > room:
            rows.append([])
            room = width
        rows[-1].append(family)
        room -= needed
    return rows
