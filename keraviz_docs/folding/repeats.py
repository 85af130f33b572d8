"""The same thing several times in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Element:
    """One item of a level, as the search sees it."""

    signature: str
    sources: tuple[tuple[int | None, tuple[int, int]], ...]
    """The tensors it takes: position of the producing item (``None`` outside the level), and the tensor itself."""


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


def find_runs(elements: Sequence[Element], widths: Sequence[int], longest: int) -> list[Run]:
    """Find disjoint runs of repeated items, those that save most boxes first.

    Stretches of a level are instances of the same thing when their items have equal signatures in the same order, are
    wired alike among themselves, and each stretch takes something from the one before.  Where a run may be cut
    into instances in several ways, the instances begin where the fewest tensors cross.

    Args:
        elements: The items of one level in topological order.
        widths: Tensors alive in the gap after each item but the last.
        longest: The most items that an instance may have.

    Returns:
        Runs in order of their start.  Cost: linear in the items, times ``longest``.
    """
    found: list[Run] = []
    for period in range(1, min(longest, len(elements) // 2) + 1):
        start: int | None = None
        for position in range(len(elements) - period + 1):
            following = position + period
            same = following < len(elements) and elements[position].signature == elements[following].signature
            if same and start is None:
                start = position
            elif not same and start is not None:
                if position - start >= period:
                    found.extend(_instances(elements, _aligned(start, following, period, widths)))
                start = None
    return _disjoint(found)


def _aligned(start: int, stop: int, period: int, widths: Sequence[int]) -> Run:
    count = (stop - start) // period
    slack = (stop - start) - count * period
    best = min(range(start, start + slack + 1), key=lambda first: (widths[first - 1] if first else 0, first))
    return Run(best, period, count)


def _instances(elements: Sequence[Element], candidate: Run) -> list[Run]:
    """Split a candidate into runs whose instances are wired alike and follow each other."""
    starts = range(candidate.start, candidate.stop, candidate.period)
    wirings = [_wiring(elements, start, candidate.period) for start in starts]
    result: list[Run] = []
    first = 0
    for index in range(1, len(wirings) + 1):
        if (
            index < len(wirings)
            and wirings[index] == wirings[index - 1]
            and _follows(elements, starts[index], candidate.period)
        ):
            continue
        if index - first >= 2:
            result.append(Run(starts[first], candidate.period, index - first))
        first = index
    return result


def _wiring(elements: Sequence[Element], start: int, period: int) -> tuple[tuple[int, ...], ...]:
    """Where each item takes its inputs from: a distance inside the instance, or a negative number per outer tensor."""
    outer: dict[tuple[int, int], int] = {}
    return tuple(
        tuple(
            position - source if source is not None and source >= start else -1 - outer.setdefault(tensor, len(outer))
            for source, tensor in elements[position].sources
        )
        for position in range(start, start + period)
    )


def _follows(elements: Sequence[Element], start: int, period: int) -> bool:
    return any(
        source is not None and start - period <= source < start
        for position in range(start, start + period)
        for source, _ in elements[position].sources
    )


def _disjoint(found: Iterable[Run]) -> list[Run]:
    chosen: list[Run] = []
    taken: set[int] = set()
    for run in sorted(found, key=lambda run: (-(run.count - 1) * run.period, run.period, run.start)):
        stretch = range(run.start, run.stop)
        if taken.isdisjoint(stretch):
            chosen.append(run)
            taken.update(stretch)
    return sorted(chosen, key=lambda run: run.start)
