"""An architecture indexed for comparison: canonical order, operands, consumers, and what identifies each node."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keraviz_docs.architecture import Architecture, Node
from keraviz_docs.review.settings import settings_of

COMMUTATIVE = frozenset(
    {"Add", "Multiply", "Average", "Maximum", "Minimum", "add", "multiply", "average", "maximum", "minimum"}
)
"""Merges whose result does not depend on the order of their operands."""


@dataclass(frozen=True)
class Graph:
    """The nodes of one architecture in canonical order; every list is indexed by position in that order.

    The canonical order is depth-first post-order from the outputs.  It depends on the data flow alone, neither on
    names nor on the order in which layers were created.
    """

    architecture: Architecture
    nodes: Sequence[Node]
    position: dict[int, int]
    """Position by node number."""
    operands: Sequence[tuple[tuple[int, int], ...]]
    """(position, output) of every operand, in order."""
    consumers: Sequence[tuple[int, ...]]
    calls: dict[int, list[int]]
    """Positions of all calls of a layer, by the number of its first call."""
    first_call: Sequence[int]
    """Position of the call that comes first in canonical order; which call runs first can change with an edit."""
    parameters: Sequence[int]
    """Parameters of the layer, told for each of its calls."""
    settings: Sequence[dict[str, Any]]
    names: Sequence[str | None]
    """The name that a person gave, with the given names of the groups around it; ``None`` when Keras numbered it."""


def graph_of(architecture: Architecture) -> Graph:
    """Index an architecture."""
    order = depth_first(architecture)
    nodes = [architecture.node(number) for number in order]
    position = {number: index for index, number in enumerate(order)}
    operands = [tuple((position[operand.node], operand.output) for operand in node.inputs) for node in nodes]
    consumers: list[list[int]] = [[] for _ in nodes]
    for index, sources in enumerate(operands):
        for source in dict.fromkeys(source for source, _ in sources):
            consumers[source].append(index)
    calls: dict[int, list[int]] = {}
    for index, node in enumerate(nodes):
        calls.setdefault(node.shared or node.number, []).append(index)
    first_call = [calls[node.shared or node.number][0] for node in nodes]
    parameters = [architecture.node(node.shared or node.number).parameters for node in nodes]
    return Graph(
        architecture=architecture,
        nodes=nodes,
        position=position,
        operands=operands,
        consumers=[tuple(found) for found in consumers],
        calls=calls,
        first_call=first_call,
        parameters=parameters,
        settings=[settings_of(node) for node in nodes],
        names=_given_names(architecture, nodes),
    )


def depth_first(architecture: Architecture) -> list[int]:
    """Return the node numbers in depth-first post-order from the outputs; what feeds no output comes last."""
    seen: set[int] = set()
    order: list[int] = []
    roots = [port.node for port in architecture.outputs]
    consumed = {operand.node for node in architecture.nodes for operand in node.inputs}
    roots += [node.number for node in architecture.nodes if node.number not in consumed]
    for root in roots:
        stack = [(root, 0)]
        while stack:
            number, slot = stack.pop()
            if number in seen:
                continue
            inputs = architecture.node(number).inputs
            while slot < len(inputs) and inputs[slot].node in seen:
                slot += 1
            if slot < len(inputs):
                stack += [(number, slot + 1), (inputs[slot].node, 0)]
            else:
                seen.add(number)
                order.append(number)
    return order


def signature(graph: Graph, index: int) -> str:
    """Return text that two nodes share when they are the same kind of layer with the same settings."""
    node, again = graph.nodes[index], graph.first_call[index] != index
    return f"{node.kind}\0{node.class_name}\0{again}\0{json.dumps(graph.settings[index], sort_keys=True)}"


def _given_names(architecture: Architecture, nodes: Sequence[Node]) -> list[str | None]:
    groups = {group.path: group for group in architecture.groups}
    given: dict[str | None, tuple[str, ...]] = {None: ()}

    def around(path: str | None) -> tuple[str, ...]:
        if path not in given:
            group = groups[str(path)]
            given[path] = around(group.parent) + ((group.name,) if group.explicit_name else ())
        return given[path]

    return ["/".join((*around(node.parent), node.name)) if node.explicit_name else None for node in nodes]
