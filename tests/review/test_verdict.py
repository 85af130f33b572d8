"""What is said about existing weights, by Keras's rule."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pytest

from keraviz_docs.review.comparison import compare
from tests.review.sketches import sketch

LAYERS = """
    x: InputLayer -> ?x8
    first: Dense activation=tanh units=8 -> ?x8; 72 parameters
    second: Dense units=8 -> ?x8; 72 parameters
    y: Dense units=4 -> ?x4; 36 parameters
"""
FILE = """
    layers/dense 8x8 8
    layers/dense_1 8x8 8
    layers/dense_2 8x4 4
"""


TWINS = LAYERS.replace("activation=tanh ", "")


class Case(NamedTuple):
    about: str
    head: str
    file: str
    verdict: str
    told: tuple[str, ...] = ()
    base: str = LAYERS


CASES = [
    Case("nothing changed", LAYERS, FILE, "identical"),
    Case("a name is not an address", LAYERS.replace("first:", "hidden:"), FILE, "loads"),
    Case(
        "an initialiser matters to new weights only",
        LAYERS.replace("first: Dense", "first: Dense bias_initializer=Ones"),
        FILE,
        "loads",
    ),
    Case(
        "the weights fit, and the model computes something else",
        LAYERS.replace("first: Dense activation=tanh", "first: Dense activation=relu"),
        FILE,
        "loads-changed",
    ),
    Case(
        "the last layer went, its weights are left over",
        LAYERS.replace("    y: Dense units=4 -> ?x4; 36 parameters\n", "    y: ReLU -> ?x8\n"),
        FILE.replace("    layers/dense_2 8x4 4\n", ""),
        "loads-partly",
        ("the weights of y would not be used",),
    ),
    Case(
        "equal layers that exchanged their names compute what they did",
        TWINS.replace("first:", "f:").replace("second:", "first:").replace("f:", "second:"),
        FILE,
        "loads",
        base=TWINS,
    ),
    Case(
        "layers that exchanged places load each other's weights without an error",
        """
    x: InputLayer -> ?x8
    second: Dense units=8 -> ?x8; 72 parameters
    first: Dense activation=tanh units=8 -> ?x8; 72 parameters
    y: Dense units=4 -> ?x4; 36 parameters
""",
        FILE,
        "misloads",
        (
            "second would silently get the weights of first",
            "first would silently get the weights of second",
        ),
    ),
    Case(
        "a wider layer",
        LAYERS.replace("second: Dense units=8 -> ?x8; 72", "second: Dense units=9 -> ?x9; 81").replace("36", "40"),
        FILE.replace("dense_1 8x8 8", "dense_1 8x9 9").replace("8x4", "9x4"),
        "fails",
        (
            "second needs 8×9, 9; the file has 8×8, 8 at layers/dense_1",
            "y needs 9×4, 4; the file has 8×4, 4 at layers/dense_2",
        ),
    ),
    Case(
        "a layer without a bias",
        LAYERS.replace("second: Dense units=8 -> ?x8; 72", "second: Dense units=8 use_bias=false -> ?x8; 64"),
        FILE.replace("dense_1 8x8 8", "dense_1 8x8"),
        "fails",
        ("second has 1 variable; the file has 2 at layers/dense_1",),
    ),
    Case(
        "a new layer",
        LAYERS.replace("    y:", "    third: Dense units=8 -> ?x8; 72 parameters\n    y:"),
        FILE.replace("dense_2 8x4 4", "dense_2 8x8 8\n    layers/dense_3 8x4 4"),
        "fails",
        (
            "y needs 8×4, 4; the file has nothing at layers/dense_3",
            "third needs 8×8, 8; the file has 8×4, 4 at layers/dense_2",
        ),
    ),
    Case(
        "a layer without weights where one with weights was",
        LAYERS.replace("second: Dense units=8 -> ?x8; 72 parameters", "second: ReLU -> ?x8"),
        FILE.replace("dense_1 8x8 8", "dense_1 nothing"),
        "fails",
        ("layers/dense_1 has no variables; the file has 2 at layers/dense_1",),
    ),
    Case(
        "a layer whose parts have weights where one with weights of its own was",
        LAYERS,
        FILE.replace("layers/dense_1", "layers/dense_1/inner"),
        "fails",
        (
            "second needs 8×8, 8; the file has nothing at layers/dense_1/inner",
            "layers/dense_1 has no variables; the file has 2 at layers/dense_1",
        ),
    ),
    Case(
        "a layer that loads by code of its own, otherwise than before",
        LAYERS,
        FILE.replace("dense_1 8x8 8", "dense_1 8x8 8 custom"),
        "unknown",
        ("second loads its weights by code of its own",),
    ),
    Case("no word about weight files", LAYERS.replace("units=4", "activation=relu units=4"), "", "unknown"),
    Case(
        "a nested list that the file lacks is skipped with a mere warning",
        LAYERS,
        FILE.replace("layers/dense_1 ", "blocks/container/dense "),
        "misloads",
        ("second would keep its initial weights; the file has nothing at blocks/container/dense",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.about for case in CASES])
def test_the_verdict_follows_the_rule_of_keras(case: Case) -> None:
    comparison = compare(sketch(case.base, checkpoint=FILE), sketch(case.head, checkpoint=case.file))
    told = tuple(mismatch.explain() for mismatch in comparison.mismatches if mismatch.kind != "left-over")
    if case.verdict == "loads-partly":
        told = tuple(mismatch.explain() for mismatch in comparison.mismatches)
    assert (comparison.verdict, told) == (case.verdict, case.told)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")
def test_the_verdict_agrees_with_what_keras_does() -> None:
    """Edits of real models, saved and loaded: no verdict is wrong, and none promises weights that do not load."""
    from benchmarks.review_verdicts import agrees, trials

    found = list(trials(1))
    assert len(found) >= 200
    wrong = [f"{trial.about}: said {trial.said}, was {trial.truth}" for trial in found if not agrees(trial)]
    assert wrong == []
    assert {"loads", "loads-changed", "loads-partly", "misloads", "fails"} <= Counter(t.truth for t in found).keys()
