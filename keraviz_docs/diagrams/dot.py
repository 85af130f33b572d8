"""A figure as DOT that anybody's Graphviz draws."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import typeface
from keraviz_docs.diagrams.figure import Box, Cluster, Figure, Variant
from keraviz_docs.diagrams.variants import figure

if TYPE_CHECKING:
    import graphviz

_LONGEST = 1000
"""Characters of a tooltip; one may take more than ten bytes when quoted."""


def dot(architecture: Architecture, variant: Variant = "tb", *, depth: int | None = None) -> str:
    """Return the diagram of an architecture as DOT source.

    Args:
        architecture: the model.
        variant: ``tb``, ``lr`` or ``numbered``.
        depth: how many levels of nested models and composite layers are opened; ``None`` opens all.
    """
    return figure_source(figure(architecture, variant, depth=depth))


def figure_source(figure: Figure) -> str:
    """Return a figure as DOT source: sizes, labels, colours, ids and tooltips, for any Graphviz."""
    import graphviz  # takes longer than drawing a model, and few ask for DOT

    compact = figure.variant == "numbered"
    graph = graphviz.Digraph(
        name=figure.prefix,
        graph_attr={
            "rankdir": "LR" if figure.horizontal else "TB",
            "splines": "spline",
            "nodesep": "0.2" if compact else "0.3",
            "ranksep": "0.28" if compact else "0.36",
            "fontname": typeface.FAMILY,
            "tooltip": _tooltip(figure.description),
        },
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "fontname": typeface.FAMILY,
            "fontsize": "10",
            "margin": "0.12,0.06",
        },
        edge_attr={
            "color": "#5f6b7a",
            "arrowhead": "vee",
            "arrowsize": "0.6",
            "fontname": typeface.FAMILY,
            "fontsize": "8",
        },
    )
    boxes: dict[str | None, list[Box]] = defaultdict(list)
    for box in figure.boxes:
        boxes[box.cluster].append(box)
    clusters: dict[str | None, list[Cluster]] = defaultdict(list)
    for cluster in figure.clusters:
        clusters[cluster.parent].append(cluster)
    _fill(graph, figure, None, boxes, clusters)
    outputs = {box.key: box.outputs for box in figure.boxes}
    for arrow in figure.arrows:
        attributes = {"id": f"{figure.prefix}-{arrow.key}", "tooltip": _text(arrow.title)}
        label = outputs[arrow.tail][arrow.tail_port]
        if label:
            attributes["taillabel"] = _text(label)
        if arrow.inferred:
            attributes["style"] = "dashed"
        graph.edge(arrow.tail, arrow.head, **attributes)
    source: str = graph.source
    return source


def _fill(
    graph: graphviz.Digraph,
    figure: Figure,
    parent: str | None,
    boxes: dict[str | None, list[Box]],
    clusters: dict[str | None, list[Cluster]],
) -> None:
    for box in boxes[parent]:
        lines = [line.text for line in box.lines]
        lines[:1] = [f"{box.badge}  {lines[0]}" if box.badge else lines[0]]
        border = {"dashed": ",dashed", "dotted": ",dotted"}.get(box.family.border, "")
        attributes = {
            "label": "\\n".join(_text(line) for line in lines),
            "id": f"{figure.prefix}-{box.key}",
            "class": f"kv-node kv-{box.family.key}",
            "tooltip": _tooltip(box.title),
            "fillcolor": box.family.tint,
            "color": box.family.accent,
            "style": f"rounded,filled{border}",
        }
        if box.family.border == "double":
            attributes["peripheries"] = "2"
        if len(box.inputs) > 1:
            # Operands enter from left to right.
            attributes["ordering"] = "in"
        graph.node(box.key, **attributes)
    for cluster in clusters[parent]:
        with graph.subgraph(name=f"cluster_{cluster.key}") as inner:
            inner.attr(
                label=_text(cluster.label),
                id=f"{figure.prefix}-{cluster.key}",
                tooltip=_tooltip(cluster.title),
                labeljust="l",
                style="rounded,dashed" if cluster.kind == "layer" else "rounded",
                color="#8a94a1",
                fontsize="11",
            )
            _fill(inner, figure, cluster.key, boxes, clusters)


def _text(text: str) -> str:
    r"""Quote text so that Graphviz shows it as it is: no escape (``\N``), no entity (``&amp;``), no HTML-like label."""
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\\", "\\\\").replace("\n", "\\n")
    )


def _tooltip(text: str) -> str:
    # Graphviz reads at most 16,384 bytes between quotes.
    return _text(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
