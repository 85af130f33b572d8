from __future__ import annotations

import doctest

import msgspec
import pytest

from keraviz_docs import quantities
from keraviz_docs.architecture import Architecture
from keraviz_docs.pages import api_links, figures, text
from keraviz_docs.pages.figures import Figures


@pytest.mark.parametrize("module", [api_links, figures, quantities, text])
def test_examples_in_docstrings_hold(module: object) -> None:
    failed, tried = doctest.testmod(module)  # type: ignore[arg-type]  # parametrised modules
    assert tried
    assert not failed


def test_depth_is_the_longest_path_without_the_input(siamese: Architecture) -> None:
    assert figures.figures(siamese).depth == 3


def make(**changes: object) -> Figures:
    settings = {
        "parameters": 100,
        "trainable": 100,
        "layers": 1,
        "depth": 1,
        "weight_bytes": 4,
        "macs": 5,
        "macs_exact": True,
    }
    return Figures(**(settings | changes))  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize(
    ("parameters", "trainable", "share"),
    [
        (100, 100, "100 %"),
        (100, 0, "0 %"),
        (1000, 998, "99.8 %"),
        (1_000_000, 999_999, "> 99.9 %"),
        (1_000_000, 1, "< 0.1 %"),
        (0, 0, "–"),
    ],
)
def test_the_trainable_share_never_rounds_to_all_or_nothing(parameters: int, trainable: int, share: str) -> None:
    assert make(parameters=parameters, trainable=trainable).trainable_share == share


def test_macs_that_are_partly_unknown_are_a_lower_bound() -> None:
    assert make(macs=3_858_000_000).macs_text == "3.86 G"
    assert make(macs=3_858_000_000, macs_exact=False).macs_text == "≥ 3.86 G"
    assert make(macs=None).macs_text == "–"


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0"), (999, "999"), (1000, "1.00 k"), (999_999, "1.00 M"), (10**21, "1000 E")]
)
def test_numbers_have_three_digits_and_a_prefix(number: int, shown: str) -> None:
    assert quantities.scaled(number) == shown


def test_figures_come_from_the_totals(siamese: Architecture) -> None:
    totals = msgspec.structs.replace(siamese.totals, macs_unknown=("score",))
    found = figures.figures(msgspec.structs.replace(siamese, totals=totals))
    assert (found.parameters, found.layers, found.weight_bytes, found.macs_text) == (72, 3, 288, "≥ 144")
