"""What stands in series and what side by side."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis.strategies as st
import pytest
from hypothesis import given

from keraviz_docs.folding import Parallel, Series, series


def test_a_chain_is_a_series() -> None:
    assert series([1, 2, 3], {1: [0], 2: [1], 3: [2]}) == (1, 2, 3)


def test_branches_between_two_nodes_stand_side_by_side() -> None:
    sources = {1: [0], 2: [1], 3: [1], 4: [2], 5: [3, 4], 6: [5]}
    assert series(range(1, 7), sources) == (1, Parallel(((2, 4), (3,))), 5, 6)


def test_branches_may_begin_outside_and_end_there() -> None:
    assert series([1, 2, 3], {1: [0], 2: [0], 3: [2]}) == (Parallel(((1,), (2, 3))),)


def test_branches_have_branches() -> None:
    sources = {1: [0], 2: [0], 3: [2], 4: [2], 5: [1, 3, 4]}
    assert series(range(1, 6), sources) == (Parallel(((1,), (2, Parallel(((3,), (4,)))))), 5)


def test_a_way_without_nodes_is_no_branch() -> None:
    assert series([1, 2, 3], {1: [0], 2: [1], 3: [0, 1, 2]}) == (1, 2, 3)


@pytest.mark.parametrize("last", [(), (5,)])
def test_branches_that_exchange_data_are_none(last: tuple[int, ...]) -> None:
    sources = {1: [0], 2: [0], 3: [1, 2], 4: [1, 2], 5: [3, 4]}
    assert series([1, 2, 3, 4, *last], sources) is None


def nodes_of(flow: Series) -> Iterator[int]:
    for item in flow:
        if isinstance(item, int):
            yield item
        else:
            for branch in item.branches:
                yield from nodes_of(branch)


@st.composite
def flows(draw: st.DrawFn, depth: int = 3) -> Series:
    """A series of anything, whose branches begin and end with a node."""
    parts: list[int | Parallel] = [0]
    for _ in range(draw(st.integers(0, 3))):
        if depth and draw(st.booleans()):
            branches = draw(st.lists(flows(depth - 1), min_size=2, max_size=3))
            parts += [Parallel(tuple(branches)), 0]
        else:
            parts.append(0)
    return tuple(parts)


def numbered(flow: Series, sources: dict[int, list[int]], before: list[int]) -> tuple[Series, list[int]]:
    """Number the nodes of a series in the order in which a depth-first walk meets them, and connect them."""
    result: list[int | Parallel] = []
    for item in flow:
        if isinstance(item, int):
            number = len(sources) + 1
            sources[number] = before
            before = [number]
            result.append(number)
        else:
            walked = [numbered(branch, sources, before) for branch in item.branches]
            before = [end for _, ends in walked for end in ends]
            result.append(Parallel(tuple(branch for branch, _ in walked)))
    return tuple(result), before


@given(flows())
def test_every_series_is_found_again(flow: Series) -> None:
    sources: dict[int, list[int]] = {}
    expected, _ = numbered(flow, sources, [0])
    assert series(list(sources), sources) == expected


@given(st.lists(st.sets(st.integers(0, 7), min_size=1), min_size=1, max_size=8))
def test_no_node_is_lost_or_told_twice(operands: list[set[int]]) -> None:
    sources = {number: [each for each in found if each < number] for number, found in enumerate(operands, start=1)}
    flow = series(list(sources), sources)
    assert flow is None or sorted(nodes_of(flow)) == sorted(sources)
