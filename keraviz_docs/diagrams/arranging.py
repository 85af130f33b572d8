"""Placed pieces, put together: one behind the other, in one line or in several like the columns of a newspaper.

"Along" is the direction of the flow (down, or to the right in the ``lr`` variant), "across" the other one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from keraviz_docs.diagrams.drawing import Content, Drawing, PlacedArrow, PlacedBox, PlacedCluster, framed
from keraviz_docs.diagrams.figure import Figure
from keraviz_docs.diagrams.layout import PlacedPiece
from keraviz_docs.diagrams.pieces import Wire
from keraviz_docs.diagrams.shapes import Curve, Point, Rect, around

_DRIFT = 160.0
"""How far a piece may stand from the middle of its line; beyond, it is moved back to the middle."""
_GAP = 26.0
_WIRE_PITCH = 5.0
_FRAME_GAP = 6.0
_ROUND = 6.0
_LONG = 3.0
"""How many times as long as wide an image may be before it is broken into lines."""
_STAGE = (940.0, 690.0)
_MOST_COLUMNS = 6
_WORTH = 1.05
"""How much larger another column must make a drawing."""
_ASPECT = 1.4
"""Width to height that images are broken into."""


def arrange(figure: Figure, pieces: Sequence[PlacedPiece], *, lines: int = 1) -> Drawing:
    """Put the pieces together into one drawing.

    Args:
        figure: what the pieces were cut from.
        pieces: in order.
        lines: into how many lines to break them; there are never more lines than pieces.
    """
    axes = _Axes(figure.horizontal)
    line_of = _lines(pieces, axes, lines)
    offsets = _offsets(pieces, axes, line_of)
    gutters = _spread_lines(pieces, axes, line_of, offsets)
    boxes = []
    for piece, (dx, dy) in zip(pieces, offsets, strict=True):
        for box in piece.piece.boxes:
            x, y = piece.corners[box.key]
            boxes.append(PlacedBox(box, x + dx, y + dy))
    arrows = _arrows(figure, pieces, axes, line_of, offsets, gutters)
    clusters = _clusters(figure, pieces, offsets)
    return framed(figure, Content(tuple(boxes), arrows, clusters))


def lines_for(drawing: Drawing) -> int:
    """Return into how many lines a drawing should be broken to fit the shape of a screen or a sheet."""
    horizontal = drawing.figure.horizontal
    along, across = (drawing.width, drawing.height) if horizontal else (drawing.height, drawing.width)
    if along <= _LONG * across:
        return 1
    return max(1, round(math.sqrt(along / across * (1 / _ASPECT if horizontal else _ASPECT))))


def in_columns(figure: Figure, pieces: Sequence[PlacedPiece]) -> Drawing:
    """Put the pieces together in as few columns as let the drawing fill a screen at about the largest scale."""
    best = arrange(figure, pieces)
    for lines in range(2, min(_MOST_COLUMNS, len(pieces)) + 1):
        if _WORTH * _scale(best) >= 1.0:
            break
        drawing = arrange(figure, pieces, lines=lines)
        if _scale(drawing) > _WORTH * _scale(best):
            best = drawing
    return best


def _scale(drawing: Drawing) -> float:
    """Return how large a drawing can be shown in the stage of a page on a usual screen; 1 is large enough."""
    width, height = _STAGE
    return min(width / drawing.width, height / drawing.height, 1.0)


@dataclass(frozen=True)
class _Axes:
    """Turns x and y into along and across, and back: both are the same swap."""

    horizontal: bool

    def turn(self, point: Point) -> Point:
        return point if self.horizontal else (point[1], point[0])

    def span(self, rect: Rect) -> tuple[float, float, float, float]:
        """Return where a rectangle starts and ends along, and starts and ends across."""
        if self.horizontal:
            return rect.x, rect.right, rect.y, rect.bottom
        return rect.y, rect.bottom, rect.x, rect.right


def _lines(pieces: Sequence[PlacedPiece], axes: _Axes, lines: int) -> list[int]:
    """Assign a line to every piece, so that the longest line is as short as it can be."""
    lengths = [end - start for start, end, _, _ in (axes.span(piece.bounds) for piece in pieces)]
    shortest, longest = max(lengths), sum(lengths)
    while longest - shortest > 1:
        middle = (shortest + longest) / 2
        if _filled(lengths, middle)[-1] < lines:
            longest = middle
        else:
            shortest = middle
    return _filled(lengths, longest)


def _filled(lengths: Sequence[float], room: float) -> list[int]:
    """Fill line after line, each with no more than there is room for."""
    line, used = 0, 0.0
    line_of = []
    for length in lengths:
        if used and used + length > room:
            line, used = line + 1, 0.0
        line_of.append(line)
        used += length
    return line_of


def _offsets(pieces: Sequence[PlacedPiece], axes: _Axes, line_of: Sequence[int]) -> list[Point]:
    """Place every piece behind the one before it; each line starts at 0 along, and its first piece is centred at 0."""
    offsets: list[Point] = []
    for index, piece in enumerate(pieces):
        start, _, low, high = axes.span(piece.bounds)
        middle = (low + high) / 2
        if index == 0 or line_of[index] != line_of[index - 1]:
            offsets.append(axes.turn((-start, -middle)))
            continue
        previous, moved = pieces[index - 1], axes.turn(offsets[index - 1])
        end = axes.span(previous.bounds)[1] + moved[0]
        exits = [axes.turn(point) for point in previous.exit_points.values()]
        entries = [axes.turn(point) for point in piece.entry_points.values()]
        across = moved[1] + _mean(point[1] for point in exits) - _mean(point[1] for point in entries)
        straight = abs(across + middle) <= _DRIFT
        if not straight:
            across = -middle
        if piece.piece.entry_box is not None and previous.piece.exit_box is not None:
            along = moved[0] + exits[0][0] - entries[0][0]
            along += 0.0 if straight else _GAP
            along += _clearance(previous, piece, axes, moved[0], along)
        else:
            along = end + _GAP + _WIRE_PITCH * len(piece.piece.entries) - start
        offsets.append(axes.turn((along, across)))
    return offsets


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known) if known else 0.0


def _clearance(before: PlacedPiece, after: PlacedPiece, axes: _Axes, before_at: float, after_at: float) -> float:
    """Return how much farther a piece must go for its frames not to touch those that end before it."""
    ending = [axes.span(frame)[1] for key, frame in before.frames.items() if key not in after.frames]
    starting = [axes.span(frame)[0] for key, frame in after.frames.items() if key not in before.frames]
    # A box that everything leaves stands in the piece before; what follows must clear its cluster too.
    starting += [axes.span(Rect(*corner, 0, 0))[0] for corner in after.corners.values()]
    if not ending:
        return 0.0
    return max(0.0, before_at + max(ending) + _FRAME_GAP - (after_at + min(starting)))


def _spread_lines(
    pieces: Sequence[PlacedPiece], axes: _Axes, line_of: Sequence[int], offsets: list[Point]
) -> dict[int, tuple[float, float, float]]:
    """Move the lines beside each other; return for each break its gutter across, and the ends of the lines along."""
    spans: dict[int, list[tuple[float, float, float, float]]] = defaultdict(list)
    for index, piece in enumerate(pieces):
        spans[line_of[index]].append(axes.span(piece.bounds.moved(*offsets[index])))
    gutters: dict[int, tuple[float, float, float]] = {}
    shift: dict[int, float] = {}
    edge = 0.0
    for line, members in spans.items():
        low, high = min(span[2] for span in members), max(span[3] for span in members)
        if line:
            breaking = line_of.index(line)
            width = 2 * _GAP + _WIRE_PITCH * len(pieces[breaking].piece.entries)
            end = max(span[1] for span in spans[line - 1])
            gutters[breaking] = (edge + _GAP, end, min(span[0] for span in members))
            edge += width
        shift[line] = edge - low
        edge += high - low
    for index, offset in enumerate(offsets):
        along, across = axes.turn(offset)
        offsets[index] = axes.turn((along, across + shift[line_of[index]]))
    return gutters


def _arrows(
    figure: Figure,
    pieces: Sequence[PlacedPiece],
    axes: _Axes,
    line_of: Sequence[int],
    offsets: Sequence[Point],
    gutters: Mapping[int, tuple[float, float, float]],
) -> tuple[PlacedArrow, ...]:
    owners = _trunk_owners(pieces)
    curves: dict[str, Curve] = {}
    trunks: dict[Wire, list[Point]] = {}
    for index, piece in enumerate(pieces):
        dx, dy = offsets[index]

        def moved(curve: Iterable[Point], dx: float = dx, dy: float = dy) -> list[Point]:
            return [(x + dx, y + dy) for x, y in curve]

        for arrow in piece.piece.inner:
            curves[arrow.key] = tuple(moved(piece.curves[arrow.key]))
        for arrow in piece.piece.entering:
            wire = (arrow.tail, arrow.tail_port)
            curve = moved(piece.curves[arrow.key])
            curves[arrow.key] = (*trunks[wire], *curve[1:]) if owners[wire] == arrow.key else tuple(curve)
        if index + 1 == len(pieces):
            break
        following = pieces[index + 1]
        trunks = {wire: trunks[wire] for wire in piece.piece.exits if wire in trunks} | {
            wire: [] for wire in piece.piece.exits if wire not in trunks
        }
        for number, wire in enumerate(piece.piece.exits):
            trunk = trunks[wire]
            way = moved(piece.exit_curves[wire] if wire in piece.exit_curves else [piece.exit_points[wire]])
            trunk.extend(way[1:] if trunk else way)
            (target,) = _moved_point(following.entry_points[wire], offsets[index + 1])
            if math.dist(trunk[-1], target) < 0.1:
                continue
            if line_of[index] == line_of[index + 1]:
                trunk.extend(_bend(trunk[-1], target, axes)[1:])
            else:
                trunk.extend(_detour(trunk[-1], target, axes, gutters[index + 1], number)[1:])
    return tuple(PlacedArrow(arrow, curves[arrow.key]) for arrow in figure.arrows)


def _moved_point(point: Point, offset: Point) -> tuple[Point]:
    return ((point[0] + offset[0], point[1] + offset[1]),)


def _trunk_owners(pieces: Sequence[PlacedPiece]) -> dict[Wire, str]:
    """Choose for each tensor the arrow that is drawn all the way; the others branch off where it enters their piece.

    Otherwise a tensor that all the layers of a deep model use would be drawn over itself again and again.
    """
    owners: dict[Wire, str] = {}
    for piece in pieces:
        last_here: dict[Wire, str] = {}
        for arrow in piece.piece.entering:
            last_here.setdefault((arrow.tail, arrow.tail_port), arrow.key)
        owners |= last_here
    return owners


def _bend(start: Point, end: Point, axes: _Axes) -> list[Point]:
    (a, c), (b, d) = axes.turn(start), axes.turn(end)
    middle = (a + b) / 2
    return [start, axes.turn((middle, c)), axes.turn((middle, d)), end]


def _detour(start: Point, end: Point, axes: _Axes, gutter: tuple[float, float, float], number: int) -> list[Point]:
    """Lead a tensor from the end of one line to the start of the next through the gutter between them."""
    across, line_end, line_start = gutter
    step = number * _WIRE_PITCH
    (a, c), (b, d) = axes.turn(start), axes.turn(end)
    turning = max(line_end, a) + 12 + step
    returning = min(line_start, b) - 14 - step
    corners = [(a, c), (turning, c), (turning, across + step), (returning, across + step), (returning, d), (b, d)]
    return _rounded_way([axes.turn(corner) for corner in corners])


def _rounded_way(corners: Sequence[Point]) -> list[Point]:
    """Turn straight lines from corner to corner into a curve with rounded corners."""
    way: list[Point] = [corners[0]]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        radius = min(_ROUND, math.dist(before, corner) / 2, math.dist(corner, after) / 2)
        into, out = _towards(corner, before, radius), _towards(corner, after, radius)
        way += [way[-1], into, into, corner, corner, out]
    return [*way, way[-1], corners[-1], corners[-1]]


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = math.dist(start, end) or 1.0
    return start[0] + (end[0] - start[0]) * distance / length, start[1] + (end[1] - start[1]) * distance / length


def _clusters(figure: Figure, pieces: Sequence[PlacedPiece], offsets: Sequence[Point]) -> tuple[PlacedCluster, ...]:
    frames: dict[str, list[tuple[int, Rect]]] = defaultdict(list)
    for index, piece in enumerate(pieces):
        for key, frame in piece.frames.items():
            frames[key].append((index, frame.moved(*offsets[index])))
    parents = {cluster.key: cluster.parent for cluster in figure.clusters}
    placed = []
    for cluster in figure.clusters:
        parts = frames[cluster.key]
        whole = around(frame for _, frame in parts)
        if len(parts) > 1 and _covers_others(whole, cluster.key, parents, [i for i, _ in parts], pieces, offsets):
            placed.append(PlacedCluster(cluster, tuple(frame for _, frame in parts)))
        else:
            placed.append(PlacedCluster(cluster, (whole,)))
    return tuple(placed)


def _covers_others(
    whole: Rect,
    key: str,
    parents: Mapping[str, str | None],
    indices: Iterable[int],
    pieces: Sequence[PlacedPiece],
    offsets: Sequence[Point],
) -> bool:
    """Whether one frame around all parts of a cluster would cover a box that is not in it."""
    for index in indices:
        dx, dy = offsets[index]
        for box in pieces[index].piece.boxes:
            own: str | None = box.cluster
            while own is not None and own != key:
                own = parents[own]
            if own is None:
                x, y = pieces[index].corners[box.key]
                if whole.overlaps(Rect(x + dx, y + dy, box.width, box.height)):
                    return True
    return False
