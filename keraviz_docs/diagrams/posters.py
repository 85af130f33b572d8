"""An overview and the drawings of its blocks on one sheet, which stands on its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from keraviz_docs.diagrams import typeface
from keraviz_docs.diagrams.drawing import Content, Drawing, PlacedArrow, PlacedBox, PlacedCluster, framed
from keraviz_docs.diagrams.figure import CLUSTER_SIZE, Cluster
from keraviz_docs.diagrams.overview import Overview
from keraviz_docs.diagrams.shapes import Rect

_GAP = 28.0
_PADDING = 14.0
_CAPTION = 24.0
_ASPECT = 1.6
"""Width to height that the blocks are arranged in."""
_NARROWEST = 900.0
"""Width that rows of blocks may take even below a narrower overview."""


def poster(seen: Overview, whole: Drawing, blocks: Mapping[str, Drawing]) -> Drawing:
    """Put the blocks, each in a frame with its name, in rows below the overview.

    Args:
        seen: the overview.
        whole: its drawing.
        blocks: the drawing of each of its blocks.
    """
    top = Content(whole.boxes, whole.arrows, whole.clusters)
    above = top.bounds
    parts = [top.moved(-above.x, -above.y)]
    frames = {key: f"k{index}" for index, key in enumerate(blocks, start=1)}
    cards = [_card(blocks[key], frames[key], seen.titles[key]) for key in blocks]
    y = above.height + _GAP
    area = sum((card.width + _GAP) * (card.height + _GAP) for card in cards)
    for row in _rows(cards, max(above.width, _NARROWEST, math.sqrt(_ASPECT * area))):
        x = 0.0
        for card in row:
            parts.append(card.content.moved(x, y))
            x += card.width + _GAP
        y += max(card.height for card in row) + _GAP
    drawn = {f"{whole.figure.prefix}-{box.key}": box.key for box in whole.figure.boxes}
    for key, drawing in blocks.items():
        drawn |= {f"{drawing.figure.prefix}-{box.key}": f"{frames[key]}{box.key}" for box in drawing.figure.boxes}
    targets = {drawn[element]: f"{whole.figure.prefix}-{frames[block]}" for element, block in seen.opens.items()}
    content = Content(
        tuple(
            PlacedBox(structs.replace(placed.box, target=targets.get(placed.box.key, "")), placed.x, placed.y)
            for part in parts
            for placed in part.boxes
        ),
        tuple(arrow for part in parts for arrow in part.arrows),
        tuple(cluster for part in parts for cluster in part.clusters),
    )
    figure = replace(
        whole.figure,
        boxes=tuple(placed.box for placed in content.boxes),
        arrows=tuple(placed.arrow for placed in content.arrows),
        clusters=tuple(placed.cluster for placed in content.clusters),
    )
    return framed(figure, content)


@dataclass(frozen=True)
class _Card:
    """A block in its frame; its corner is the origin."""

    content: Content
    width: float
    height: float


def _card(drawing: Drawing, key: str, title: str) -> _Card:
    """Frame a block; its keys get the frame's in front, since other blocks have the same."""
    label = typeface.drawable(title)
    cluster = Cluster(key, label, round(typeface.width(label, CLUSTER_SIZE, bold=True), 1), label, "block")
    inner = Content(
        tuple(
            PlacedBox(
                structs.replace(placed.box, key=f"{key}{placed.box.key}", cluster=f"{key}{placed.box.cluster or ''}"),
                placed.x,
                placed.y,
            )
            for placed in drawing.boxes
        ),
        tuple(
            PlacedArrow(
                structs.replace(
                    placed.arrow,
                    key=f"{key}{placed.arrow.key}",
                    tail=f"{key}{placed.arrow.tail}",
                    head=f"{key}{placed.arrow.head}",
                ),
                placed.curve,
            )
            for placed in drawing.arrows
        ),
        tuple(
            PlacedCluster(
                structs.replace(
                    placed.cluster, key=f"{key}{placed.cluster.key}", parent=f"{key}{placed.cluster.parent or ''}"
                ),
                placed.frames,
            )
            for placed in drawing.clusters
        ),
    )
    bounds = inner.bounds
    width = max(bounds.width, cluster.label_width + 10) + 2 * _PADDING
    height = bounds.height + _CAPTION + _PADDING
    moved = inner.moved((width - bounds.width) / 2 - bounds.x, _CAPTION - bounds.y)
    frame = PlacedCluster(cluster, (Rect(0.0, 0.0, width, height),))
    return _Card(Content(moved.boxes, moved.arrows, (frame, *moved.clusters)), width, height)


def _rows(cards: Sequence[_Card], room: float) -> list[list[_Card]]:
    """Fill row after row, in order."""
    rows: list[list[_Card]] = []
    used = 0.0
    for card in cards:
        if not rows or used + card.width > room:
            rows.append([])
            used = 0.0
        rows[-1].append(card)
        used += card.width + _GAP
    return rows
