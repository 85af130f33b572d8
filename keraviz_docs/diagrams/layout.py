"""Where everything goes: a figure, laid out by ``dot``, becomes a drawing.

Graphviz is told sizes and connections only.  Boxes have fixed sizes and no text, so that no font plays a part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import graphviz
import msgspec

from keraviz_docs.diagrams.drawing import Content, Drawing, PlacedArrow, PlacedBox, PlacedCluster, Point, with_legend
from keraviz_docs.diagrams.figure import Box, Cluster, Figure
from keraviz_docs.diagrams.shapes import port

CLUSTER_LABEL_HEIGHT = 17.0
CLUSTER_LABEL_PADDING = 6.0

LayOut = Callable[[str], bytes]
"""Runs ``dot`` on DOT and returns Graphviz's ``json0``."""


def draw(figure: Figure, lay_out: LayOut) -> Drawing:
    """Give everything in the figure its place."""
    content, width, height = _placed(figure, lay_out(layout_source(figure)))
    return with_legend(figure, width, height, content)


def layout_source(figure: Figure) -> str:
    """Write the figure's geometry, and nothing else, as DOT."""
    compact = figure.variant == "numbered"
    graph = graphviz.Digraph(
        graph_attr={
            "rankdir": "LR" if figure.horizontal else "TB",
            "splines": "spline",
            "nodesep": "0.2" if compact else "0.3",
            "ranksep": "0.28" if compact else "0.36",
            # Bounds the network simplex, whose last small improvements take most of its time on large graphs.
            "nslimit": "20",
            "nslimit1": "20",
            "labeljust": "l",
        },
        node_attr={"shape": "box", "fixedsize": "true", "label": ""},
        edge_attr={"arrowhead": "none"},
    )
    boxes: dict[str | None, list[Box]] = defaultdict(list)
    for box in figure.boxes:
        boxes[box.cluster].append(box)
    clusters: dict[str | None, list[Cluster]] = defaultdict(list)
    for cluster in figure.clusters:
        clusters[cluster.parent].append(cluster)
    _fill(graph, None, boxes, clusters)
    by_key = {box.key: box for box in figure.boxes}
    start, end = ("e", "w") if figure.horizontal else ("s", "n")
    leaving = Counter(arrow.tail for arrow in figure.arrows)
    entering = Counter(arrow.head for arrow in figure.arrows)
    for arrow in figure.arrows:
        in_chain = leaving[arrow.tail] == 1 and entering[arrow.head] == 1
        tail, head = by_key[arrow.tail], by_key[arrow.head]
        graph.edge(
            _port(tail, "o", arrow.tail_port, start),
            _port(head, "i", arrow.head_port, end),
            arrow=arrow.key,
            weight="8" if in_chain else "1",
        )
    source: str = graph.source
    return source


def _fill(
    graph: graphviz.Digraph,
    parent: str | None,
    boxes: dict[str | None, list[Box]],
    clusters: dict[str | None, list[Cluster]],
) -> None:
    for box in boxes[parent]:
        attributes = {"width": f"{box.width / 72:.5f}", "height": f"{box.height / 72:.5f}"}
        if _has_ports(box):
            attributes |= {"shape": "record", "label": _record(box)}
        graph.node(box.key, **attributes)
    for cluster in clusters[parent]:
        with graph.subgraph(name=f"cluster_{cluster.key}") as inner:
            size = f'FIXEDSIZE="TRUE" WIDTH="{cluster.label_width + 8:.0f}" HEIGHT="{CLUSTER_LABEL_HEIGHT:.0f}"'
            inner.attr(label=f'<<TABLE BORDER="0" {size}><TR><TD></TD></TR></TABLE>>', margin="9")
            _fill(inner, cluster.key, boxes, clusters)


def _has_ports(box: Box) -> bool:
    return len(box.inputs) > 1 or len(box.outputs) > 1


def _record(box: Box) -> str:
    inputs = "|".join(f"<i{index}>" for index in range(len(box.inputs)))
    outputs = "|".join(f"<o{index}>" for index in range(len(box.outputs)))
    return f"{{{{{inputs}}}|{{{outputs}}}}}"


def _port(box: Box, side: str, index: int, compass: str) -> str:
    return f"{box.key}:{side}{index}:{compass}" if _has_ports(box) else f"{box.key}:{compass}"


def _placed(figure: Figure, answer: bytes) -> tuple[Content, float, float]:
    """Read Graphviz's answer; its y axis grows upwards."""
    graph: dict[str, Any] = msgspec.json.decode(answer)
    left, bottom, right, top = (float(number) for number in graph["bb"].split(","))

    def at(x: str, y: str) -> Point:
        return float(x) - left, top - float(y)

    objects = {entry["name"]: entry for entry in graph.get("objects", ())}
    boxes = []
    for box in figure.boxes:
        x, y = at(*objects[box.key]["pos"].split(","))
        boxes.append(PlacedBox(box, x - box.width / 2, y - box.height / 2))
    clusters = []
    for cluster in figure.clusters:
        x0, y0, x1, y1 = objects[f"cluster_{cluster.key}"]["bb"].split(",")
        (left_x, bottom_y), (right_x, top_y) = at(x0, y0), at(x1, y1)
        clusters.append(PlacedCluster(cluster, left_x, top_y, right_x - left_x, bottom_y - top_y))
    curves = {
        edge["arrow"]: tuple(at(*point.split(",")) for point in edge["pos"].split()) for edge in graph.get("edges", ())
    }
    corners = {placed.box.key: placed for placed in boxes}
    arrows = []
    for arrow in figure.arrows:
        start = _port_at(corners[arrow.tail], arrow.tail_port, leaving=True, horizontal=figure.horizontal)
        end = _port_at(corners[arrow.head], arrow.head_port, leaving=False, horizontal=figure.horizontal)
        arrows.append(PlacedArrow(arrow, _snapped(curves[arrow.key], start, end)))
    return Content(tuple(boxes), tuple(arrows), tuple(clusters)), right - left, top - bottom


def _port_at(placed: PlacedBox, index: int, *, leaving: bool, horizontal: bool) -> Point:
    x, y = port(placed.box, index, leaving=leaving, horizontal=horizontal)
    return placed.x + x, placed.y + y


def _snapped(curve: tuple[Point, ...], start: Point, end: Point) -> tuple[Point, ...]:
    """Move the ends of a curve to where they belong, each with its control point: Graphviz knows ports only roughly."""
    points = list(curve)
    for anchor, follower, target in ((0, 1, start), (-1, -2, end)):
        dx, dy = target[0] - points[anchor][0], target[1] - points[anchor][1]
        points[anchor] = target
        points[follower] = (points[follower][0] + dx, points[follower][1] + dy)
    return tuple(points)
