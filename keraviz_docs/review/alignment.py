"""Align two sequences so that the pairs, taken in order, are as similar as possible.

The recurrence is Needleman and Wunsch's (1970) without a gap penalty; rows are computed with NumPy, and Hirschberg's
division (1975) bounds the memory.  Time grows with the product of the two lengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CELLS = 40_000_000
"""The largest table that is kept whole, one byte a cell."""


class Bonus(NamedTuple):
    """A feature that adds ``weight`` to the similarity of a pair whose codes are equal."""

    base: Sequence[int]
    head: Sequence[int]
    weight: float


def align(
    similarity: Sequence[Sequence[float]], base: Sequence[int], head: Sequence[int], bonuses: Sequence[Bonus]
) -> list[tuple[int, int]]:
    """Return the pairs of positions of the alignment with the greatest total similarity.

    Args:
        similarity: what a pair is worth, by the profiles of its members; at most 0 forbids the pair.
        base: profile of each element of the first sequence.
        head: profile of each element of the second sequence.
        bonuses: features to add, each with one code per element.
    """
    if not base or not head:
        return []
    # Most comparisons are settled before anything has to be aligned; those never pay for the import.
    import numpy as np

    table = _Table(
        np.asarray(similarity, dtype=np.float32),
        np.asarray(base),
        np.asarray(head),
        [(np.asarray(bonus.base), np.asarray(bonus.head), np.float32(bonus.weight)) for bonus in bonuses],
    )
    pairs: list[tuple[int, int]] = []
    pending = [(0, len(base), 0, len(head))]
    while pending:
        top, bottom, left, right = pending.pop()
        if bottom - top == 0 or right - left == 0:
            continue
        if bottom - top == 1 or (bottom - top) * (right - left) <= CELLS:
            pairs += _whole(table, top, bottom, left, right)
            continue
        middle = (top + bottom) // 2
        before = _last_row(table, range(top, middle), left, right, 1)
        after = _last_row(table, range(bottom - 1, middle - 1, -1), left, right, -1)
        cut = left + int(np.argmax(before + after[::-1]))
        pending += [(middle, bottom, cut, right), (top, middle, left, cut)]
    return pairs


class _Table(NamedTuple):
    similarity: NDArray[np.float32]
    base: NDArray[np.int64]
    head: NDArray[np.int64]
    bonuses: list[tuple[NDArray[np.int64], NDArray[np.int64], np.float32]]

    def row(self, i: int, left: int, right: int) -> NDArray[np.float32]:
        """Similarity of element ``i`` of the base to the elements ``left`` to ``right`` of the head."""
        import numpy as np

        worth: NDArray[np.float32] = self.similarity[self.base[i]][self.head[left:right]]
        allowed = worth > 0
        for base, head, weight in self.bonuses:
            worth = worth + weight * (head[left:right] == base[i])
        return np.where(allowed, worth, np.float32(-1e9))


def _whole(table: _Table, top: int, bottom: int, left: int, right: int) -> list[tuple[int, int]]:
    import numpy as np

    rows, columns = bottom - top, right - left
    came = np.empty((rows, columns), np.uint8)  # 0: skip the head's element, 1: skip the base's, 2: pair them
    best = np.zeros(columns + 1, np.float32)
    for i in range(rows):
        paired = best[:-1] + table.row(top + i, left, right)
        either = np.maximum(best[1:], paired)
        new = np.empty_like(best)
        new[0] = 0
        new[1:] = np.maximum.accumulate(either)
        came[i] = np.where(new[1:] == new[:-1], 0, np.where(new[1:] == best[1:], 1, 2))
        best = new
    pairs = []
    i, j = rows - 1, columns - 1
    while i >= 0 and j >= 0:
        step = int(came[i, j])
        if step == 2:
            pairs.append((top + i, left + j))
        i -= step != 0
        j -= step != 1
    pairs.reverse()
    return pairs


def _last_row(table: _Table, rows: range, left: int, right: int, direction: int) -> NDArray[np.float32]:
    import numpy as np

    best = np.zeros(right - left + 1, np.float32)
    for i in rows:
        paired = best[:-1] + table.row(i, left, right)[::direction]
        new = np.zeros_like(best)
        new[1:] = np.maximum.accumulate(np.maximum(best[1:], paired))
        best = new
    return best
