"""A long figure, cut into pieces that ``dot`` lays out quickly and well.

The time ``dot`` takes grows far faster than the graph: 10,000 boxes in a row take minutes, 170 times 60 boxes take
seconds, and equal pieces need to be laid out only once.  A model is cut where few tensors are alive, best behind a box
through which everything flows (a cut vertex: the end of a residual block, say).
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keraviz_docs.diagrams.figure import Arrow, Box, Cluster, Figure

SMALLEST = 12
"""No piece but the last has fewer boxes."""
LARGEST = 300
"""No piece has more boxes."""

_SHORT = 60
"""A rest of so many boxes is not cut where several tensors cross."""
_PATIENCE = 200
_HEAVIEST = 2500
"""Boxes times tensors alive, about what ``dot`` has to place."""

Wire = tuple[str, int]
"""A tensor that crosses from one piece into a later one: the key of the box it leaves, and the output."""


@dataclass(frozen=True)
class Piece:
    """Consecutive boxes of a figure and everything between them."""

    boxes: tuple[Box, ...]
    clusters: tuple[Cluster, ...]
    """The clusters that contain some of the boxes, outer ones first."""
    opened: frozenset[str]
    """Keys of those clusters that no earlier piece shows: they get their label here."""
    inner: tuple[Arrow, ...]
    """The arrows that start and end here."""
    entering: tuple[Arrow, ...]
    """The arrows that come from an earlier piece and end here."""
    entries: tuple[Wire, ...]
    """The tensors that come in, from the piece before."""
    exits: tuple[Wire, ...]
    """The tensors that go out, into the piece after."""
    entry_box: Box | None = None
    """The single box of the piece before that everything comes from, when there is one."""
    exit_box: Box | None = None
    """The single box of this piece that everything goes out from; nothing else in the piece depends on it."""


def cut(figure: Figure, *, between_frames: bool = False) -> tuple[Piece, ...]:
    """Cut a figure into pieces, in reading order; a small one is a single piece.

    Deterministic, and linear in the number of boxes and arrows.

    Args:
        figure: what to cut.
        between_frames: cut wherever no frame and one tensor at most is cut, however small the pieces are.
    """
    order = _reading_order(figure)
    if order is None:
        return (_whole(figure),)
    position = {box.key: index for index, box in enumerate(order)}
    last_use: dict[Wire, int] = {}
    for arrow in figure.arrows:
        wire = (arrow.tail, arrow.tail_port)
        last_use[wire] = max(last_use.get(wire, 0), position[arrow.head])
    gaps = _gaps(order, figure, position, last_use)
    ends = _every_end(gaps) if between_frames else _ends(len(order), gaps)
    starts = (0, *ends[:-1])
    part_of = {box.key: part for part, (s, e) in enumerate(zip(starts, ends, strict=True)) for box in order[s:e]}
    inner: dict[int, list[Arrow]] = defaultdict(list)
    entering: dict[int, list[Arrow]] = defaultdict(list)
    for arrow in figure.arrows:
        part = part_of[arrow.head]
        (inner if part_of[arrow.tail] == part else entering)[part].append(arrow)
    crossing: dict[int, list[Wire]] = defaultdict(list)
    for wire, last in sorted(last_use.items(), key=lambda item: (position[item[0][0]], item[0][1])):
        for part in range(part_of[wire[0]], part_of[order[last].key]):
            crossing[part].append(wire)
    boxes_by_key = {box.key: box for box in order}
    exit_boxes = {
        part: _exit_box(crossing[part], part, part_of, inner[part], boxes_by_key) for part in range(len(ends))
    }
    shown: set[str] = set()
    pieces = []
    for part, (start, end) in enumerate(zip(starts, ends, strict=True)):
        boxes = order[start:end]
        clusters = _clusters_of(boxes, figure.clusters)
        opened = frozenset(cluster.key for cluster in clusters) - shown
        shown |= opened
        pieces.append(
            Piece(
                boxes=tuple(boxes),
                clusters=clusters,
                opened=opened,
                inner=tuple(inner[part]),
                entering=tuple(entering[part]),
                entries=tuple(crossing[part - 1]) if part else (),
                exits=tuple(crossing[part]),
                entry_box=exit_boxes[part - 1] if part else None,
                exit_box=exit_boxes[part],
            )
        )
    return tuple(pieces)


def _reading_order(figure: Figure) -> list[Box] | None:
    """Order the boxes along the arrows so that few tensors are alive; ``None`` if the arrows go in a circle.

    Inputs come just before the first box that needs them, outputs just after what they show, all else stays.
    """
    preferred: dict[str, tuple[int, int]] = {box.key: (index, 0) for index, box in enumerate(figure.boxes)}
    entered = {arrow.head for arrow in figure.arrows}
    outputs = {box.key for box in figure.boxes if box.model_output}
    waiting = dict.fromkeys(preferred, 0)
    followers: dict[str, list[str]] = defaultdict(list)
    first_use: dict[str, tuple[int, int]] = {}
    for arrow in figure.arrows:
        waiting[arrow.head] += 1
        followers[arrow.tail].append(arrow.head)
        if arrow.head in outputs:
            preferred[arrow.head] = (preferred[arrow.tail][0], 1)
        elif arrow.tail not in entered:
            use = (preferred[arrow.head][0], -1)
            first_use[arrow.tail] = min(first_use.get(arrow.tail, use), use)
    preferred |= first_use
    boxes = {box.key: box for box in figure.boxes}
    ready = [(preferred[key], index, key) for index, key in enumerate(boxes) if not waiting[key]]
    heapq.heapify(ready)
    indices = {key: index for index, key in enumerate(boxes)}
    order: list[Box] = []
    while ready:
        key = heapq.heappop(ready)[2]
        order.append(boxes[key])
        for follower in followers[key]:
            waiting[follower] -= 1
            if not waiting[follower]:
                heapq.heappush(ready, (preferred[follower], indices[follower], follower))
    return order if len(order) == len(boxes) else None


def _whole(figure: Figure) -> Piece:
    opened = frozenset(cluster.key for cluster in figure.clusters)
    return Piece(figure.boxes, figure.clusters, opened, inner=figure.arrows, entering=(), entries=(), exits=())


@dataclass(frozen=True)
class _Gap:
    """What crosses the gap behind a box."""

    tensors: int
    depth: int
    """How many clusters it would cut."""


def _gaps(
    order: Sequence[Box], figure: Figure, position: Mapping[str, int], last_use: Mapping[Wire, int]
) -> list[_Gap]:
    change = [0] * (len(order) + 1)
    for (tail, _), last in last_use.items():
        change[position[tail]] += 1
        change[last] -= 1
    parents = {cluster.key: cluster.parent for cluster in figure.clusters}
    gaps = []
    alive = 0
    for index, box in enumerate(order):
        alive += change[index]
        following = order[index + 1].cluster if index + 1 < len(order) else None
        shared = set(_ancestry(box.cluster, parents)) & set(_ancestry(following, parents))
        gaps.append(_Gap(alive, len(shared)))
    return gaps


def _ancestry(cluster: str | None, parents: Mapping[str, str | None]) -> list[str]:
    chain = []
    while cluster is not None:
        chain.append(cluster)
        cluster = parents[cluster]
    return chain


def _every_end(gaps: Sequence[_Gap]) -> list[int]:
    inner = [index + 1 for index, gap in enumerate(gaps[:-1]) if gap.tensors == 1 and gap.depth == 0]
    return [*inner, len(gaps)]


def _ends(count: int, gaps: Sequence[_Gap]) -> list[int]:
    """Choose where pieces end: at the first gap that one tensor crosses, else where few do."""
    ends: list[int] = []
    start = 0
    while count - start > 2 * SMALLEST:
        reach = _reach(start, gaps)
        window = range(start + SMALLEST - 1, min(reach, count - SMALLEST))
        near = [gap for gap in window[: 2 * SMALLEST] if gaps[gap].tensors <= 1]
        if near:
            best = min(near, key=lambda gap: (gaps[gap].depth, gap))
        else:
            if count - start <= _SHORT or (not start and count <= reach):
                break
            # Farther on, a gap must cut fewer tensors and clusters to be worth the longer piece.
            best = min(window, key=lambda gap: ((gaps[gap].tensors + gaps[gap].depth) * (_PATIENCE + gap - start), gap))
        ends.append(best + 1)
        start = best + 1
    ends.append(count)
    return ends


def _reach(start: int, gaps: Sequence[_Gap]) -> int:
    """Return where a piece that starts here must have ended: by its boxes, and by the tensors that run past them."""
    weight, end = 0, start
    while end < min(start + LARGEST, len(gaps)) and (weight <= _HEAVIEST or end < start + SMALLEST + 1):
        weight += gaps[end].tensors
        end += 1
    return end


def _exit_box(
    wires: Sequence[Wire],
    part: int,
    part_of: Mapping[str, int],
    inner: Sequence[Arrow],
    boxes: Mapping[str, Box],
) -> Box | None:
    tails = {tail for tail, _ in wires}
    if len(tails) != 1:
        return None
    (tail,) = tails
    if part_of[tail] != part or any(arrow.tail == tail for arrow in inner):
        return None
    return boxes[tail]


def _clusters_of(boxes: Sequence[Box], clusters: Sequence[Cluster]) -> tuple[Cluster, ...]:
    parents = {cluster.key: cluster.parent for cluster in clusters}
    used = {key for own in {box.cluster for box in boxes} for key in _ancestry(own, parents)}
    return tuple(cluster for cluster in clusters if cluster.key in used)
