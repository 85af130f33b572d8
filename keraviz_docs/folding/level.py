"""One level of a hierarchy: items in a row, and the tensors that flow between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keraviz_docs.architecture import Architecture
from keraviz_docs.folding.blocks import Block, numbers

Item = Block | int
Operand = tuple[int, int]
"""A tensor: node number and output number."""
Consumers = dict[Operand, tuple[int, ...]]
"""For each tensor the nodes that take it; 0 stands for an output of the whole model."""


@dataclass(frozen=True)
class LevelEdge:
    """A tensor that flows from one item of a level to another, or into or out of the level."""

    source: int | None
    """Position of the producing item; ``None`` outside the level."""
    target: int | None
    """Position of the consuming item; ``None`` outside the level."""
    node: int
    output: int
    """The tensor: output ``output`` of node ``node``."""
    inferred: bool = False


@dataclass(frozen=True)
class Level:
    """The items of one block and what flows between them; an edge stands once per tensor and pair of items."""

    items: tuple[Item, ...]
    edges: tuple[LevelEdge, ...]


def consumers(architecture: Architecture) -> Consumers:
    """Index the nodes and model outputs that take each tensor."""
    taken: dict[Operand, list[int]] = {}
    for node in architecture.nodes:
        for operand in dict.fromkeys((operand.node, operand.output) for operand in node.inputs):
            taken.setdefault(operand, []).append(node.number)
    for port in architecture.outputs:
        taken.setdefault((port.node, port.output), []).append(0)
    return {operand: tuple(nodes) for operand, nodes in taken.items()}


def level_of(architecture: Architecture, items: Sequence[Item], taken: Consumers) -> Level:
    """Lift the edges between nodes to the items that contain them.

    Cost: linear in the nodes below the items and their edges.
    """
    position = positions(items)
    edges: dict[tuple[int | None, int | None, int, int], LevelEdge] = {}
    for number in sorted(position):
        node, target = architecture.node(number), position[number]
        for operand in node.inputs:
            source = position.get(operand.node)
            if source != target:
                key = (source, target, operand.node, operand.output)
                edges.setdefault(key, LevelEdge(source, target, operand.node, operand.output, operand.inferred))
        for output in range(len(node.outputs)):
            if any(consumer not in position for consumer in taken.get((number, output), ())):
                edges[target, None, number, output] = LevelEdge(target, None, number, output)
    return Level(tuple(items), tuple(edges.values()))


def positions(items: Sequence[Item]) -> dict[int, int]:
    """Map each node number to the position of the item that contains it."""
    found: dict[int, int] = {}
    for position, item in enumerate(items):
        if isinstance(item, int):
            found[item] = position
        else:
            found.update(dict.fromkeys(item.numbers, position))
    return found


def operands(architecture: Architecture, items: Sequence[Item], position: Mapping[int, int]) -> list[list[Operand]]:
    """For each item the tensors that it takes from outside itself, in order, each once.

    Args:
        architecture: The model.
        items: One level.
        position: What :func:`positions` says of it.
    """
    nodes = architecture.nodes
    result: list[list[Operand]] = []
    for index, item in enumerate(items):
        taken = [(operand.node, operand.output) for number in numbers(item) for operand in nodes[number - 1].inputs]
        if isinstance(item, Block):
            taken = [tensor for tensor in taken if position.get(tensor[0]) != index]
        result.append(list(dict.fromkeys(taken)))
    return result


def depth_first(architecture: Architecture, items: Sequence[Item]) -> list[Item]:
    """Order items topologically, depth-first from the last ones, so that each branch of a block stands together.

    Items in a circle, such as a group that the data leaves and enters again, stand in the order in which they are met.
    """
    position = positions(items)
    found = operands(architecture, items, position)
    sources = [[position[node] for node, _ in tensors if node in position] for tensors in found]
    consumed = {source for row in sources for source in row}
    order: list[Item] = []
    visited = [False] * len(items)
    last = (index for index in range(len(items)) if index not in consumed)
    for root in (*last, *range(len(items))):
        if visited[root]:
            continue
        visited[root] = True
        stack = [(root, iter(sources[root]))]
        while stack:
            current, pending = stack[-1]
            following = next((source for source in pending if not visited[source]), None)
            if following is None:
                stack.pop()
                order.append(items[current])
            else:
                visited[following] = True
                stack.append((following, iter(sources[following])))
    return order
