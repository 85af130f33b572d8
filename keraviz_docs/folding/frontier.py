"""Where a level can be cut: how many tensors cross each gap between two neighbouring items."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from keraviz_docs.architecture import Architecture
from keraviz_docs.folding.level import Item, Operand, operands, positions

_AMBIENT_CONSUMERS = 4
_AMBIENT_SPAN = 0.25


def frontier_widths(architecture: Architecture, items: Sequence[Item]) -> list[int]:
    """Count the tensors that are alive between item ``i`` and item ``i + 1``, for each ``i`` but the last.

    A tensor from outside the level is alive from its beginning.  What many items along the level consume (a mask, a
    position table) does not count: such a tensor belongs to the surroundings, and would hide every cut.

    Args:
        architecture: The model.
        items: One level in topological order.
    """
    position = positions(items)
    uses: dict[Operand, list[int]] = {}
    for index, tensors in enumerate(operands(architecture, items, position)):
        for tensor in tensors:
            uses.setdefault(tensor, []).append(index)
    change = [0] * (len(items) + 1)
    for (node, _), used in uses.items():
        born, dies = position.get(node, 0), max(used)
        if len(used) >= _AMBIENT_CONSUMERS and dies - min(used) > _AMBIENT_SPAN * len(items):
            continue
        change[born] += 1
        change[dies] -= 1
    widths: list[int] = []
    width = 0
    for index in range(len(items) - 1):
        width += change[index]
        widths.append(width)
    return widths


def narrow_gaps(widths: Sequence[int], count: int, cap: int) -> list[int]:
    """Choose the gaps that one tensor crosses; in stretches of more than ``cap`` items also those that two cross."""
    gaps: list[int] = []
    for stretch in between_gaps(count, [gap for gap, width in enumerate(widths) if width <= 1]):
        inner = range(stretch.start, stretch.stop - 1)
        if len(stretch) > cap:
            gaps.extend(gap for gap in inner if widths[gap] <= 2)
        gaps.append(stretch.stop - 1)
    return gaps[:-1]


def between_gaps(count: int, gaps: Sequence[int]) -> list[range]:
    """Split ``count`` positions after each of the given gaps."""
    bounds = [0, *(gap + 1 for gap in gaps), count]
    return [range(start, stop) for start, stop in itertools.pairwise(bounds) if stop > start]


def sections(widths: Sequence[int], count: int, cap: int) -> list[range]:
    """Split ``count`` positions into stretches of at most ``cap``, cutting where few tensors cross."""
    result: list[range] = []
    start = 0
    while count - start > cap:
        window = range(start + cap // 2, start + cap)
        gap = min(window, key=lambda gap: (widths[gap], -gap))
        result.append(range(start, gap + 1))
        start = gap + 1
    result.append(range(start, count))
    return result
