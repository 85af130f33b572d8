"""Where everything in a piece goes, by Graphviz's ``dot``.

Graphviz is told sizes and connections only.  Boxes have fixed sizes and no text, so that no font plays a part, and
equal pieces give equal DOT, whatever their layers are called.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from keraviz_docs.diagrams.figure import Arrow, Box
from keraviz_docs.diagrams.pieces import Piece, Wire
from keraviz_docs.diagrams.shapes import Curve, Point, Rect, port

CLUSTER_LABEL_HEIGHT = 17

_WILD = 1.2
_CALM = 0.7


@dataclass(frozen=True)
class Geometry:
    """What Graphviz answers about a piece, in points; y grows downwards."""

    centres: Mapping[str, Point]
    """Of the nodes, by their names in the DOT."""
    frames: Mapping[str, Rect]
    """Of the clusters, likewise."""
    curves: Mapping[str, Curve]
    """By the ``curve`` attributes of the edges."""


LayOut = Callable[[str], Geometry]
"""Runs ``dot`` on DOT."""


@dataclass(frozen=True)
class Spacing:
    """Distances in inches, as Graphviz wants them."""

    horizontal: bool
    nodes: float
    ranks: float


@dataclass(frozen=True)
class PlacedPiece:
    """A piece with coordinates of its own; the origin is the top left corner of its boxes, arrows and frames."""

    piece: Piece
    corners: Mapping[str, Point]
    """Top left corner of each box, by key."""
    curves: Mapping[str, Curve]
    """The curve of each inner and entering arrow, by key; an entering one starts at its entry."""
    frames: Mapping[str, Rect]
    """The frame of each cluster, by key."""
    entry_points: Mapping[Wire, Point]
    exit_points: Mapping[Wire, Point]
    exit_curves: Mapping[Wire, Curve]
    """From the box, or from the entry of a tensor that only passes through, to the exit; none from an exit box."""
    entry_corner: Point | None
    """Where the entry box would stand, if there is one."""
    bounds: Rect
    """What is drawn, without the entry box."""


def place(piece: Piece, spacing: Spacing, lay_out: LayOut) -> PlacedPiece:
    """Give everything in a piece its place."""
    return _placed(piece, spacing, lay_out(piece_source(piece, spacing)))


class _Object(msgspec.Struct, frozen=True, gc=False):
    name: str
    pos: str = ""
    bb: str = ""


class _Edge(msgspec.Struct, frozen=True, gc=False):
    pos: str = ""
    curve: str = ""


class _Answer(msgspec.Struct, frozen=True):
    objects: list[_Object] = []
    edges: list[_Edge] = []


def geometry(answer: bytes) -> Geometry:
    """Read Graphviz's ``json0``; its y axis grows upwards."""
    graph = msgspec.json.decode(answer, type=_Answer)
    return Geometry(
        centres={node.name: _points(node.pos)[0] for node in graph.objects if node.pos},
        frames={cluster.name: _rect(cluster.bb) for cluster in graph.objects if cluster.bb},
        curves={edge.curve: _calmed(_points(edge.pos)) for edge in graph.edges if edge.curve and edge.pos},
    )


def piece_source(piece: Piece, spacing: Spacing) -> str:
    """Write the geometry of a piece, and nothing else, as DOT."""
    # Written without the library: no name or value here needs quotes, and checking that would take most of the time.
    lines = [
        "digraph {",
        f"graph [rankdir={'LR' if spacing.horizontal else 'TB'} splines=spline labeljust=l",
        f"nodesep={spacing.nodes:g} ranksep={spacing.ranks:g}",
        # Bounds the network simplex, whose last small improvements take most of its time on large graphs.
        "nslimit=20 nslimit1=20]",
        'node [shape=box fixedsize=true label=""]',
        "edge [arrowhead=none]",
    ]
    names = _names(piece)
    _fill(lines, piece, names)
    if piece.entry_box is not None:
        lines.append(_node("in", piece.entry_box))
    else:
        _ghosts(lines, "in", len(piece.entries), "source")
    if piece.exit_box is None:
        _ghosts(lines, "out", len(piece.exits), "sink")
    leaving = Counter(arrow.tail for arrow in piece.inner)
    coming = Counter(arrow.head for arrow in (*piece.inner, *piece.entering))
    boxes = {box.key: box for box in piece.boxes}
    for index, arrow in enumerate(piece.inner):
        in_chain = leaving[arrow.tail] == 1 and coming[arrow.head] == 1
        tail = _port(boxes[arrow.tail], names[arrow.tail], arrow.tail_port, spacing, leaving=True)
        head = _port(boxes[arrow.head], names[arrow.head], arrow.head_port, spacing, leaving=False)
        lines.append(f"{tail} -> {head} [curve=a{index} weight={8 if in_chain else 1}]")
    for index, arrow in enumerate(piece.entering):
        head = _port(boxes[arrow.head], names[arrow.head], arrow.head_port, spacing, leaving=False)
        lines.append(f"{_entry(piece, (arrow.tail, arrow.tail_port), spacing)} -> {head} [curve=e{index}]")
    if piece.exit_box is None:
        for index, wire in enumerate(piece.exits):
            inside = boxes.get(wire[0])
            start = (
                _port(inside, names[wire[0]], wire[1], spacing, leaving=True)
                if inside is not None
                else _entry(piece, wire, spacing)
            )
            lines.append(f"{start} -> out{index} [curve=x{index}]")
    lines += [f"{tail} -> {head} [style=invis weight=0]" for tail, head in _order_of_ends(piece, names)]
    return "\n".join([*lines, "}\n"])


def _names(piece: Piece) -> dict[str, str]:
    return {box.key: f"b{index}" for index, box in enumerate(piece.boxes)}


def _order_of_ends(piece: Piece, names: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Tell what must lie before what, so that entries come first and exits last."""
    entries = ["in"] if piece.entry_box is not None else [f"in{index}" for index in range(len(piece.entries))]
    entered = {arrow.head for arrow in (*piece.inner, *piece.entering)}
    if entries:
        for box in piece.boxes:
            if box.key not in entered:
                yield entries[0], names[box.key]
    left = {arrow.tail for arrow in piece.inner}
    if piece.exit_box is not None:
        for box in piece.boxes:
            if box.key not in left and box != piece.exit_box:
                yield names[box.key], names[piece.exit_box.key]
    elif piece.exits:
        left |= {tail for tail, _ in piece.exits}
        for box in piece.boxes:
            if box.key not in left:
                yield names[box.key], "out0"


def _fill(lines: list[str], piece: Piece, names: Mapping[str, str]) -> None:
    """Add the boxes, each in its cluster."""
    members: dict[str | None, list[Box]] = defaultdict(list)
    for box in piece.boxes:
        members[box.cluster].append(box)

    def fill(parent: str | None) -> None:
        lines.extend(_node(names[box.key], box) for box in members[parent])
        for index, cluster in enumerate(piece.clusters):
            if cluster.parent != parent:
                continue
            lines.append(f"subgraph cluster_{index} {{ margin=9")
            if cluster.key in piece.opened:
                size = f'FIXEDSIZE="TRUE" WIDTH="{_up(cluster.label_width + 8)}" HEIGHT="{CLUSTER_LABEL_HEIGHT}"'
                lines.append(f'label=<<TABLE BORDER="0" {size}><TR><TD></TD></TR></TABLE>>')
            fill(cluster.key)
            lines.append("}")

    fill(None)


def _ghosts(lines: list[str], name: str, count: int, rank: str) -> None:
    """Add the points where tensors enter or leave a piece, all of them at its edge."""
    if count:
        lines.append(f"{{ rank={rank}")
        lines.extend(f"{name}{index} [width=0.09 height=0.02]" for index in range(count))
        lines.append("}")


def _up(width: float) -> int:
    # In steps, so that equal pieces with other names lay out equally.
    return math.ceil(width / 8) * 8


def _node(name: str, box: Box) -> str:
    size = f"width={box.width / 72:.5f} height={box.height / 72:.5f}"
    if not _has_ports(box):
        return f"{name} [{size}]"
    inputs = "|".join([f"<i{index}>" for index in range(len(box.inputs))])
    outputs = "|".join([f"<o{index}>" for index in range(len(box.outputs))])
    return f'{name} [{size} shape=record label="{{{{{inputs}}}|{{{outputs}}}}}"]'


def _has_ports(box: Box) -> bool:
    return len(box.inputs) > 1 or len(box.outputs) > 1


def _port(box: Box, name: str, index: int, spacing: Spacing, *, leaving: bool) -> str:
    compass = ("e" if spacing.horizontal else "s") if leaving else ("w" if spacing.horizontal else "n")
    return f"{name}:{'o' if leaving else 'i'}{index}:{compass}" if _has_ports(box) else f"{name}:{compass}"


def _entry(piece: Piece, wire: Wire, spacing: Spacing) -> str:
    if piece.entry_box is not None:
        return _port(piece.entry_box, "in", wire[1], spacing, leaving=True)
    return f"in{piece.entries.index(wire)}:{'e' if spacing.horizontal else 's'}"


def _placed(piece: Piece, spacing: Spacing, geometry: Geometry) -> PlacedPiece:
    centres, curves = geometry.centres, geometry.curves

    def corner(box: Box, name: str) -> Point:
        x, y = centres[name]
        return x - box.width / 2, y - box.height / 2

    names = _names(piece)
    corners = {box.key: corner(box, names[box.key]) for box in piece.boxes}
    frames = {cluster.key: geometry.frames[f"cluster_{index}"] for index, cluster in enumerate(piece.clusters)}
    boxes = {box.key: box for box in piece.boxes}
    horizontal = spacing.horizontal

    def at_port(box: Box, corner: Point, index: int, *, leaving: bool) -> Point:
        x, y = port(box, index, leaving=leaving, horizontal=horizontal)
        return corner[0] + x, corner[1] + y

    entry_corner = corner(piece.entry_box, "in") if piece.entry_box is not None else None
    entry_points = {
        wire: at_port(piece.entry_box, entry_corner, wire[1], leaving=True)
        if piece.entry_box is not None and entry_corner is not None
        else centres[f"in{index}"]
        for index, wire in enumerate(piece.entries)
    }
    exit_points = {
        wire: at_port(piece.exit_box, corners[piece.exit_box.key], wire[1], leaving=True)
        if piece.exit_box is not None
        else centres[f"out{index}"]
        for index, wire in enumerate(piece.exits)
    }

    def start(arrow_tail: str, output: int) -> Point:
        if arrow_tail in boxes:
            return at_port(boxes[arrow_tail], corners[arrow_tail], output, leaving=True)
        return entry_points[arrow_tail, output]

    def end(arrow: Arrow) -> Point:
        return at_port(boxes[arrow.head], corners[arrow.head], arrow.head_port, leaving=False)

    arrow_curves = {}
    for prefix, arrows in (("a", piece.inner), ("e", piece.entering)):
        for index, arrow in enumerate(arrows):
            arrow_curves[arrow.key] = _snapped(
                curves[f"{prefix}{index}"], start(arrow.tail, arrow.tail_port), end(arrow)
            )
    exit_curves = {}
    if piece.exit_box is None:
        for index, wire in enumerate(piece.exits):
            exit_curves[wire] = _snapped(curves[f"x{index}"], start(*wire), exit_points[wire])
    return PlacedPiece(
        piece=piece,
        corners=corners,
        curves=arrow_curves,
        frames=frames,
        entry_points=entry_points,
        exit_points=exit_points,
        exit_curves=exit_curves,
        entry_corner=entry_corner,
        bounds=_bounds(piece, corners, frames, (*arrow_curves.values(), *exit_curves.values())),
    )


def _bounds(piece: Piece, corners: Mapping[str, Point], frames: Mapping[str, Rect], curves: Iterable[Curve]) -> Rect:
    boxes = [Rect(*corners[box.key], box.width, box.height) for box in piece.boxes]
    rects = [*boxes, *frames.values()]
    # A Bézier curve stays within the hull of its control points.
    xs = [x for curve in curves for x, _ in curve]
    ys = [y for curve in curves for _, y in curve]
    left = min([*(rect.x for rect in rects), *xs])
    top = min([*(rect.y for rect in rects), *ys])
    right = max([*(rect.x + rect.width for rect in rects), *xs])
    bottom = max([*(rect.y + rect.height for rect in rects), *ys])
    return Rect(left, top, right - left, bottom - top)


def _rect(bounding_box: str) -> Rect:
    x0, y0, x1, y1 = (float(number) for number in bounding_box.split(","))
    return Rect(x0, -y1, x1 - x0, y1 - y0)


def _points(position: str) -> list[Point]:
    points = []
    for point in position.split():
        x, y = point.split(",")
        points.append((float(x), -float(y)))
    return points


def _calmed(points: list[Point]) -> Curve:
    """Shorten control handles far longer than their segment, which ``dot`` produces where room is tight."""
    for start in range(0, len(points) - 3, 3):
        end = start + 3
        chord = math.dist(points[start], points[end])
        for anchor, handle in ((start, start + 1), (end, end - 1)):
            length = math.dist(points[anchor], points[handle])
            if length > _WILD * chord > 0:
                share = _CALM * chord / length
                (ax, ay), (hx, hy) = points[anchor], points[handle]
                points[handle] = (ax + (hx - ax) * share, ay + (hy - ay) * share)
    return tuple(points)


def _snapped(curve: Curve, start: Point, end: Point) -> Curve:
    """Move the ends of a curve to where they belong, each with its control point: Graphviz knows ports only roughly."""
    points = list(curve)
    for anchor, follower, target in ((0, 1, start), (-1, -2, end)):
        dx, dy = target[0] - points[anchor][0], target[1] - points[anchor][1]
        points[anchor] = target
        points[follower] = (points[follower][0] + dx, points[follower][1] + dy)
    return tuple(points)
