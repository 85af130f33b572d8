"""What stands one after the other in a part of a model, and what side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Union

Series = tuple[Union[int, "Parallel"], ...]
"""Nodes, and branches between them, in the order of the data flow."""


@dataclass(frozen=True)
class Parallel:
    """Branches that share no node: two or more, in the order of their first nodes."""

    branches: tuple[Series, ...]


def series(nodes: Sequence[int], sources: Mapping[int, Collection[int]]) -> Series | None:
    """Write a part of a model as a series, whose branches are series in turn.

    What comes from outside counts as one source, what leads there as one end; an edge from the former to the latter
    is no branch.

    Args:
        nodes: the part, in topological order.
        sources: for each node what it takes from; what is not among ``nodes`` is outside.

    Returns:
        ``None`` where the flow is no such thing: branches exchange data on their way.  Cost: linear in nodes and edges
        for each level of branches inside branches.
    """
    parts = _parts(nodes, sources)
    if len(parts) > 1:
        branches = [series(part, sources) for part in parts]
        return (Parallel(tuple(branch for branch in branches if branch)),) if all(branches) else None
    result: list[int | Parallel] = []
    stretch: list[int] = []
    narrow = _narrow(nodes, sources)
    if not narrow:
        return () if not nodes else None
    for node in nodes:
        if node not in narrow:
            stretch.append(node)
            continue
        between = series(stretch, sources)
        if between is None:
            return None
        result += [*between, node]
        stretch = []
    rest = series(stretch, sources)
    return None if rest is None else (*result, *rest)


def _parts(nodes: Sequence[int], sources: Mapping[int, Collection[int]]) -> list[list[int]]:
    """Split nodes into those that are connected with each other, the one with the first node first."""
    leader = {node: node for node in nodes}

    def led(node: int) -> int:
        while leader[node] != node:
            leader[node] = node = leader[leader[node]]
        return node

    for node in nodes:
        for source in sources[node]:
            if source in leader:
                one, other = sorted((led(node), led(source)))
                leader[other] = one
    parts: dict[int, list[int]] = {}
    for node in nodes:
        parts.setdefault(led(node), []).append(node)
    return list(parts.values())


def _narrow(nodes: Sequence[int], sources: Mapping[int, Collection[int]]) -> frozenset[int]:
    """Return the nodes that all ways through the part pass."""
    position = {node: index for index, node in enumerate(nodes)}
    lasts = dict.fromkeys(nodes, len(nodes))
    firsts = dict.fromkeys(nodes, -1)
    for node in nodes:
        inside = [position[source] for source in sources[node] if source in position]
        # What comes from outside besides is a shortcut around the part.
        firsts[node] = min(inside, default=-1)
    taken: dict[int, int] = {}
    for node in nodes:
        for source in sources[node]:
            if source in position:
                taken[source] = position[node]
    lasts.update(taken)
    change = [0] * (len(nodes) + 1)
    for node, index in position.items():
        for begin, end in ((firsts[node], index), (index, lasts[node])):
            if end > begin + 1:
                change[begin + 1] += 1
                change[end] -= 1
    found = []
    passing = 0
    for node, index in position.items():
        passing += change[index]
        if not passing:
            found.append(node)
    return frozenset(found)
