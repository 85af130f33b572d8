"""Where everything in a piece goes, by Graphviz's ``dot``.

Graphviz is told sizes and connections only.  Boxes have fixed sizes and no text, so that no font plays a part, and
equal pieces give equal DOT, whatever their layers are called.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import graphviz
import msgspec

from keraviz_docs.diagrams.figure import Arrow, Box
from keraviz_docs.diagrams.pieces import Piece, Wire
from keraviz_docs.diagrams.shapes import Curve, Point, Rect, port

CLUSTER_LABEL_HEIGHT = 17

_WILD = 1.2
_CALM = 0.7

LayOut = Callable[[str], bytes]
"""Runs ``dot`` on DOT and returns Graphviz's ``json0``."""


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
    return _placed(piece, spacing, msgspec.json.decode(lay_out(piece_source(piece, spacing))))


def piece_source(piece: Piece, spacing: Spacing) -> str:
    """Write the geometry of a piece, and nothing else, as DOT."""
    graph = graphviz.Digraph(
        graph_attr={
            "rankdir": "LR" if spacing.horizontal else "TB",
            "splines": "spline",
            "nodesep": f"{spacing.nodes:g}",
            "ranksep": f"{spacing.ranks:g}",
            # Bounds the network simplex, whose last small improvements take most of its time on large graphs.
            "nslimit": "20",
            "nslimit1": "20",
            "labeljust": "l",
        },
        node_attr={"shape": "box", "fixedsize": "true", "label": ""},
        edge_attr={"arrowhead": "none"},
    )
    names = _names(piece)
    _fill(graph, piece, names)
    if piece.entry_box is not None:
        _node(graph, "in", piece.entry_box)
    else:
        _ghosts(graph, "in", len(piece.entries), "source")
    if piece.exit_box is None:
        _ghosts(graph, "out", len(piece.exits), "sink")
    leaving = Counter(arrow.tail for arrow in piece.inner)
    coming = Counter(arrow.head for arrow in (*piece.inner, *piece.entering))
    boxes = {box.key: box for box in piece.boxes}
    for index, arrow in enumerate(piece.inner):
        in_chain = leaving[arrow.tail] == 1 and coming[arrow.head] == 1
        tail = _port(boxes[arrow.tail], names[arrow.tail], arrow.tail_port, spacing, leaving=True)
        head = _port(boxes[arrow.head], names[arrow.head], arrow.head_port, spacing, leaving=False)
        graph.edge(tail, head, curve=f"a{index}", weight="8" if in_chain else "1")
    for index, arrow in enumerate(piece.entering):
        head = _port(boxes[arrow.head], names[arrow.head], arrow.head_port, spacing, leaving=False)
        graph.edge(_entry(piece, (arrow.tail, arrow.tail_port), spacing), head, curve=f"e{index}")
    if piece.exit_box is None:
        for index, wire in enumerate(piece.exits):
            inside = boxes.get(wire[0])
            start = (
                _port(inside, names[wire[0]], wire[1], spacing, leaving=True)
                if inside is not None
                else _entry(piece, wire, spacing)
            )
            graph.edge(start, f"out{index}", curve=f"x{index}")
    for tail, head in _order_of_ends(piece, names):
        graph.edge(tail, head, style="invis", weight="0")
    source: str = graph.source
    return source


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


def _fill(graph: graphviz.Digraph, piece: Piece, names: Mapping[str, str]) -> None:
    """Add the boxes, each in its cluster."""
    members: dict[str | None, list[Box]] = defaultdict(list)
    for box in piece.boxes:
        members[box.cluster].append(box)

    def fill(graph: graphviz.Digraph, parent: str | None) -> None:
        for box in members[parent]:
            _node(graph, names[box.key], box)
        for index, cluster in enumerate(piece.clusters):
            if cluster.parent != parent:
                continue
            with graph.subgraph(name=f"cluster_{index}") as inside:
                inside.attr(margin="9")
                if cluster.key in piece.opened:
                    size = f'FIXEDSIZE="TRUE" WIDTH="{_up(cluster.label_width + 8)}" HEIGHT="{CLUSTER_LABEL_HEIGHT}"'
                    inside.attr(label=f'<<TABLE BORDER="0" {size}><TR><TD></TD></TR></TABLE>>')
                fill(inside, cluster.key)

    fill(graph, None)


def _ghosts(graph: graphviz.Digraph, name: str, count: int, rank: str) -> None:
    """Add the points where tensors enter or leave a piece, all of them at its edge."""
    if count:
        with graph.subgraph() as edge:
            edge.attr(rank=rank)
            for index in range(count):
                edge.node(f"{name}{index}", width="0.09", height="0.02")


def _up(width: float) -> int:
    # In steps, so that equal pieces with other names lay out equally.
    return math.ceil(width / 8) * 8


def _node(graph: graphviz.Digraph, name: str, box: Box) -> None:
    attributes = {"width": f"{box.width / 72:.5f}", "height": f"{box.height / 72:.5f}"}
    if _has_ports(box):
        inputs = "|".join(f"<i{index}>" for index in range(len(box.inputs)))
        outputs = "|".join(f"<o{index}>" for index in range(len(box.outputs)))
        attributes |= {"shape": "record", "label": f"{{{{{inputs}}}|{{{outputs}}}}}"}
    graph.node(name, **attributes)


def _has_ports(box: Box) -> bool:
    return len(box.inputs) > 1 or len(box.outputs) > 1


def _port(box: Box, name: str, index: int, spacing: Spacing, *, leaving: bool) -> str:
    compass = ("e" if spacing.horizontal else "s") if leaving else ("w" if spacing.horizontal else "n")
    return f"{name}:{'o' if leaving else 'i'}{index}:{compass}" if _has_ports(box) else f"{name}:{compass}"


def _entry(piece: Piece, wire: Wire, spacing: Spacing) -> str:
    if piece.entry_box is not None:
        return _port(piece.entry_box, "in", wire[1], spacing, leaving=True)
    return f"in{piece.entries.index(wire)}:{'e' if spacing.horizontal else 's'}"


def _placed(piece: Piece, spacing: Spacing, graph: dict[str, Any]) -> PlacedPiece:
    """Read Graphviz's answer; its y axis grows upwards."""
    objects = {entry["name"]: entry for entry in graph.get("objects", ())}

    def centre(name: str) -> Point:
        x, y = objects[name]["pos"].split(",")
        return float(x), -float(y)

    def corner(box: Box, name: str) -> Point:
        x, y = centre(name)
        return x - box.width / 2, y - box.height / 2

    names = _names(piece)
    corners = {box.key: corner(box, names[box.key]) for box in piece.boxes}
    frames = {cluster.key: _rect(objects[f"cluster_{index}"]["bb"]) for index, cluster in enumerate(piece.clusters)}
    curves = {
        edge["curve"]: _points(edge["pos"]) for edge in graph.get("edges", ()) if "curve" in edge and "pos" in edge
    }
    boxes = {box.key: box for box in piece.boxes}
    horizontal = spacing.horizontal

    def at_port(box: Box, corner: Point, index: int, *, leaving: bool) -> Point:
        x, y = port(box, index, leaving=leaving, horizontal=horizontal)
        return corner[0] + x, corner[1] + y

    entry_corner = corner(piece.entry_box, "in") if piece.entry_box is not None else None
    entry_points = {
        wire: at_port(piece.entry_box, entry_corner, wire[1], leaving=True)
        if piece.entry_box is not None and entry_corner is not None
        else centre(f"in{index}")
        for index, wire in enumerate(piece.entries)
    }
    exit_points = {
        wire: at_port(piece.exit_box, corners[piece.exit_box.key], wire[1], leaving=True)
        if piece.exit_box is not None
        else centre(f"out{index}")
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


def _points(position: str) -> Curve:
    points = []
    for point in position.split():
        x, y = point.split(",")
        points.append((float(x), -float(y)))
    return _calmed(points)


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
