"""Where along the depth of a model something is counted: at single layers, or at blocks if the model is long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from keraviz_docs.architecture import Architecture, Node
from keraviz_docs.diagrams import family_of
from keraviz_docs.folding import Block, numbers

MOST = 96
"""Positions that a chart has room for."""
_FOLLOWING = frozenset({"norm", "activation", "merge", "dropout", "reshape"})
"""Families of layers that belong to the layer before them, though they may have a few parameters."""


@dataclass(frozen=True)
class Position:
    """Layers that are counted together."""

    numbers: tuple[int, ...]
    """Of nodes, ascending."""
    title: str
    """What folding calls them, if they are one block."""


def positions(architecture: Architecture, root: Block, most: int = MOST) -> tuple[Position, ...]:
    """Divide the nodes of a model among at most about ``most`` positions, in the order in which they run.

    A position is a layer that computes or has weights together with what follows it (normalisation, activation, and so
    on), or, if that would be too many, a block or several blocks in a row: whatever holds about the same number of
    nodes.  Every node belongs to exactly one position.

    Args:
        architecture: the model, counted (:func:`keraviz_docs.cost.with_costs`).
        root: its blocks.
        most: the largest number of positions.
    """
    works = [_works(node) for node in architecture.nodes]
    begins = [works[node.number - 1] and family_of(node).key not in _FOLLOWING for node in architecture.nodes]
    # What is left and entered again has no place in an order of blocks.
    outside = {node.number for node in architecture.nodes}.difference(numbers(root))
    root = replace(root, items=(*root.items, *sorted(outside)))
    divider = _Divider(begins, _extents(root))
    step = 1
    while True:
        found = _with_idle_ones_joined(sorted(divider.divide(root, step), key=lambda each: each.numbers[0]), works)
        if len(found) <= most or step >= len(architecture.nodes):
            return tuple(found)
        step = max(step + 1, step * len(found) // most)


def _works(node: Node) -> bool:
    return node.macs != 0 or node.parameters > 0


@dataclass(frozen=True)
class _Divider:
    begins: Sequence[bool]
    """For each node, whether a position may begin with it."""
    extents: Mapping[int, tuple[int, int]]
    """For each block, by identity: its number of nodes, and the first of them."""

    def divide(self, block: Block, step: int) -> Iterator[Position]:
        """Yield pieces of a block that have about ``step`` nodes each and do not cross the borders of larger blocks."""
        gathered: list[Block | int] = []
        count = 0
        for item in sorted(block.items, key=self.first):
            if isinstance(item, Block) and item.kind != "unit" and self.size(item) > 1.5 * step:
                yield from _gathered(gathered)
                gathered, count = [], 0
                yield from self.divide(item, step)
                continue
            if count >= step and self.can_begin(item) and any(map(self.can_begin, gathered)):
                yield from _gathered(gathered)
                gathered, count = [], 0
            gathered.append(item)
            count += self.size(item)
        yield from _gathered(gathered)

    def size(self, item: Block | int) -> int:
        return 1 if isinstance(item, int) else self.extents[id(item)][0]

    def first(self, item: Block | int) -> int:
        return item if isinstance(item, int) else self.extents[id(item)][1]

    def can_begin(self, item: Block | int) -> bool:
        return any(self.begins[number - 1] for number in numbers(item))


def _gathered(items: Sequence[Block | int]) -> Iterator[Position]:
    if items:
        inside = sorted(number for item in items for number in numbers(item))
        only = items[0] if len(items) == 1 else None
        yield Position(tuple(inside), only.title if isinstance(only, Block) and only.kind != "unit" else "")


def _extents(root: Block) -> dict[int, tuple[int, int]]:
    """Return size and first node of every block."""
    extents: dict[int, tuple[int, int]] = {}
    # Children are seen before their parents when the blocks are taken in reverse.
    order = [root]
    for block in order:
        order.extend(item for item in block.items if isinstance(item, Block))
    for block in reversed(order):
        inside = [(1, item) if isinstance(item, int) else extents[id(item)] for item in block.items]
        extents[id(block)] = (sum(size for size, _ in inside), min((first for _, first in inside), default=0))
    return extents


def _with_idle_ones_joined(found: Sequence[Position], works: Sequence[bool]) -> list[Position]:
    """Let positions where nothing is counted belong to the one before, or at the beginning to the one after."""
    joined: list[Position] = []
    for position in found:
        idle = not any(works[number - 1] for number in position.numbers)
        first_is_idle = len(joined) == 1 and not any(works[number - 1] for number in joined[0].numbers)
        if joined and (idle or first_is_idle):
            named = joined[-1] if idle else position
            joined[-1] = Position(tuple(sorted(joined[-1].numbers + position.numbers)), named.title)
        else:
            joined.append(position)
    return joined
