"""The same thing several times in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LONGEST_PERIOD = 64
"""Repeats of more items than this are not looked for, which keeps the search linear."""


@dataclass(frozen=True)
class Operand:
    """Where an item takes a tensor from, as far as it matters for comparing two items of a level."""

    source: int | None
    """Position of the producing item in the level; ``None`` outside."""
    tensor: tuple[int, int]
    """Node number and output."""
    port: tuple[int, int]
    """Which node of the producing item (counted inside it) and which of its outputs."""


@dataclass(frozen=True)
class Element:
    """One item of a level, as the search sees it."""

    signature: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True)
class Run:
    """``count`` instances of ``period`` items each, from position ``start`` on."""

    start: int
    period: int
    count: int

    @property
    def stop(self) -> int:
        """Position after the last instance."""
        return self.start + self.period * self.count


def find_runs(elements: Sequence[Element], widths: Sequence[int]) -> list[Run]:
    """Find disjoint runs of repeated items, those that save most boxes first.

    Two stretches are instances of the same thing when their items have equal signatures and take their inputs from the
    same distance back, or from the very same tensor.  Where a run may be cut into instances in several ways, the
    instances begin where the fewest tensors cross.

    Args:
        elements: The items of one level in topological order.
        widths: Tensors alive in the gap after each item but the last.

    Returns:
        Runs in order of their start.  Cost: linear in the items, times :data:`LONGEST_PERIOD`.
    """
    found: list[Run] = []
    for period in range(1, min(LONGEST_PERIOD, len(elements) // 2) + 1):
        start = None
        for position in range(len(elements) - period + 1):
            same = position + period < len(elements) and _same(elements, position, position + period)
            if same and start is None:
                start = position
            elif not same and start is not None:
                if position - start >= period:
                    found.append(_aligned(start, position + period, period, widths))
                start = None
    return _disjoint(found)


def _same(elements: Sequence[Element], one: int, other: int) -> bool:
    first, second = elements[one], elements[other]
    if first.signature != second.signature or len(first.operands) != len(second.operands):
        return False
    for a, b in zip(first.operands, second.operands, strict=True):
        if a.tensor == b.tensor:
            continue
        if a.source is None or b.source is None or one - a.source != other - b.source:
            return False
        if a.port != b.port and elements[a.source].signature == elements[b.source].signature:
            return False
    return True


def _aligned(start: int, stop: int, period: int, widths: Sequence[int]) -> Run:
    count = (stop - start) // period
    slack = (stop - start) - count * period
    best = min(range(start, start + slack + 1), key=lambda first: (widths[first - 1] if first else 0, first))
    return Run(best, period, count)


def _disjoint(found: Iterable[Run]) -> list[Run]:
    chosen: list[Run] = []
    taken: set[int] = set()
    for run in sorted(found, key=lambda run: (-(run.count - 1) * run.period, run.period, run.start)):
        stretch = range(run.start, run.stop)
        if taken.isdisjoint(stretch):
            chosen.append(run)
            taken.update(stretch)
    return sorted(chosen, key=lambda run: run.start)
