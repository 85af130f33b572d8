"""Axes that people can read."""

from __future__ import annotations

import doctest
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from keraviz_docs.charts import elements, scales
from keraviz_docs.charts.scales import logarithmic, logarithmic_range, round_steps, round_values


@pytest.mark.parametrize("module", [elements, scales])
def test_examples_in_docstrings_hold(module: object) -> None:
    failed, tried = doctest.testmod(module)  # type: ignore[arg-type]  # parametrised modules
    assert tried
    assert not failed


@given(st.integers(0, 10**18))
def test_an_axis_from_zero_reaches_beyond_its_bars_in_a_few_even_steps(largest: int) -> None:
    steps = round_steps(largest)
    assert steps[0] == 0
    assert largest <= steps[-1] <= max(1, 3 * largest)
    assert 2 <= len(steps) <= 5
    assert len({after - before for before, after in pairwise(steps)}) == 1


@given(st.integers(1, 10**18), st.integers(1, 10**18))
def test_a_logarithmic_axis_has_room_on_both_sides_and_values_to_read(one: int, other: int) -> None:
    smallest, largest = sorted((one, other))
    begin, end = logarithmic_range(smallest, largest)
    assert begin < smallest <= largest < end
    values = round_values(begin, end)
    assert all(begin <= value <= end for value in values)
    assert 1 <= len(values) <= 10
    assert 0 < logarithmic(smallest, begin, end) <= logarithmic(largest, begin, end) < 1
