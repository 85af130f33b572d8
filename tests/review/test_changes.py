"""Every kind of difference between two architectures, and how it is told."""

from __future__ import annotations

import json
from typing import NamedTuple

import msgspec
import pytest

from keraviz_docs.review.changes import SIGNS
from keraviz_docs.review.comparison import Comparison, compare, from_json, to_json
from tests.review.sketches import sketch

PLAIN = """
    x: InputLayer -> ?x8
    Dense units=16 -> ?x16; 144 parameters
    ReLU -> ?x16
    y: Dense units=4 -> ?x4; 68 parameters
"""

TWO_BRANCHES = """
    x: InputLayer -> ?x8
    left: Dense units=8 -> ?x8; 72 parameters
    right: Dense(x) activation=tanh units=8 -> ?x8; 72 parameters
    Concatenate(left, right) -> ?x16
    y: Dense units=4 -> ?x4; 68 parameters
"""

SHARED = """
    a: InputLayer -> ?x8
    tower: Dense units=8 -> ?x8; 72 parameters
    b: InputLayer -> ?x8
    *second: Dense again tower -> ?x8
    y: Concatenate(tower, *second) -> ?x16
"""

NESTED = """
    x: InputLayer -> ?x8
    layer encoder: zoo.Encoder width=8
      Dense units=8 -> ?x8; 72 parameters
      ReLU -> ?x8
    y: Dense units=4 -> ?x4; 36 parameters
"""

BLOCK = """
    Dense units=8 -> ?x8; 72 parameters
    BatchNormalization -> ?x8; 32 parameters
    ReLU -> ?x8
"""


def stack(times: int) -> str:
    return "    x: InputLayer -> ?x8\n" + times * BLOCK.lstrip("\n") + "    y: Dense units=4 -> ?x4; 36 parameters"


class Case(NamedTuple):
    about: str
    base: str
    head: str
    told: tuple[str, ...]
    ports: dict[str, str] = {}  # noqa: RUF012  # a default that nobody changes


CASES = [
    Case("nothing", PLAIN, PLAIN, ()),
    Case(
        "a layer inserted into a chain is one line, and does not rewire the next",
        PLAIN,
        PLAIN.replace("    y:", "    Dropout rate=0.5 -> ?x16\n    y:"),
        ("+ #4 dropout Dropout: added (rate 0.5)",),
    ),
    Case(
        "a layer taken out of a chain",
        PLAIN,
        PLAIN.replace("    ReLU -> ?x16\n", ""),
        ("− #3 re_lu ReLU: removed",),
    ),
    Case(
        "another setting, told with the default that it had",
        PLAIN,
        PLAIN.replace("Dense units=16", "Dense activation=gelu units=16"),
        ("~ #2 dense Dense: activation linear → gelu",),
    ),
    Case(
        "what follows from a change is told apart from it",
        PLAIN,
        PLAIN.replace("units=16 -> ?x16; 144", "units=32 -> ?x32; 288")
        .replace("ReLU -> ?x16", "ReLU -> ?x32")
        .replace("68", "132"),
        (
            "~ #2 dense Dense: units 16 → 32",
            "≈ #3 re_lu ReLU: output ?×16 → ?×32 (follows from its input)",
            "≈ #4 y Dense: parameters 68 → 132 (follows from its input)",
        ),
    ),
    Case(
        "another class in its place is one layer less and one layer more",
        PLAIN,
        PLAIN.replace("ReLU", "ELU"),
        ("− #3 re_lu ReLU: removed", "+ #3 elu ELU: added"),
    ),
    Case(
        "a layer that changes places with its neighbour has moved",
        PLAIN.replace("ReLU -> ?x16", "BatchNormalization -> ?x16; 64 parameters\n    ReLU -> ?x16"),
        PLAIN.replace("ReLU -> ?x16", "ReLU -> ?x16\n    BatchNormalization -> ?x16; 64 parameters"),
        ("↕ #4 batch_normalization BatchNormalization: moved, from after dense to after re_lu",),
    ),
    Case(
        "a name that somebody gave",
        PLAIN.replace("    Dense", "    hidden: Dense"),
        PLAIN.replace("    Dense", "    projection: Dense"),
        ("= #2 projection Dense: renamed from hidden to projection",),
    ),
    Case(
        "a name given to a layer that had none",
        PLAIN,
        PLAIN.replace("    Dense", "    hidden: Dense"),
        ("= #2 hidden Dense: named hidden",),
    ),
    Case(
        "operands in another order",
        TWO_BRANCHES,
        TWO_BRANCHES.replace("(left, right)", "(right, left)"),
        ("↪ #4 concatenate Concatenate: takes its inputs in another order: right, left (was left, right)",),
    ),
    Case(
        "an input taken from elsewhere",
        TWO_BRANCHES,
        TWO_BRANCHES.replace("Dense(x) activation", "Dense(left) activation"),
        ("↪ #3 right Dense: takes input from left (was x)",),
    ),
    Case(
        "a skip connection is the addition alone",
        PLAIN.replace("    ReLU", "    *a: ReLU"),
        PLAIN.replace("    Dense units=16", "    *d: Dense units=16").replace(
            "    y:", "    Add(*d, ^) -> ?x16\n    y:"
        ),
        ("+ #4 add Add: added",),
    ),
    Case(
        "a block that occurs more often is summed up",
        stack(2),
        stack(4),
        (
            "× block of 3 layers: ×2 → ×4",
            *(
                f"+ #{number} {path}: added{chosen}"
                for number, path, chosen in (
                    (8, "dense_2 Dense", " (units 8)"),
                    (9, "batch_normalization_2 BatchNormalization", ""),
                    (10, "re_lu_2 ReLU", ""),
                    (11, "dense_3 Dense", " (units 8)"),
                    (12, "batch_normalization_3 BatchNormalization", ""),
                    (13, "re_lu_3 ReLU", ""),
                )
            ),
        ),
    ),
    Case(
        "an input of another shape",
        PLAIN,
        PLAIN.replace("InputLayer -> ?x8", "InputLayer -> ?x9").replace("144", "160"),
        (
            "⇥ #1 x input: shape ?×8 → ?×9",
            "≈ #2 dense Dense: parameters 144 → 160 (follows from its input)",
        ),
    ),
    Case(
        "an output more",
        TWO_BRANCHES,
        TWO_BRANCHES,
        ("⇥ #2 left output: new (shape ?×8, dtype float32)",),
        {"outputs": "y left"},
    ),
    Case(
        "an output taken from another layer",
        PLAIN.replace("    ReLU", "    middle: ReLU"),
        PLAIN.replace("    ReLU", "    middle: ReLU"),
        ("⇥ #3 middle output: shape ?×4 → ?×16, taken from y → middle",),
        {"outputs": "middle"},
    ),
    Case(
        "a layer no longer shared",
        SHARED,
        SHARED.replace("*second: Dense again tower -> ?x8", "*second: Dense units=8 -> ?x8; 72 parameters"),
        (
            "~ #2 tower Dense: shares weights with tower@2 → none",
            "~ #4 dense Dense: shares weights with tower → none",
        ),
        {"base_inputs": "a b", "inputs": "a b"},
    ),
    Case(
        "layers put into a nested model",
        NESTED.replace("    layer encoder: zoo.Encoder width=8\n  ", "").replace("      ReLU", "    ReLU"),
        NESTED,
        ("+ encoder Encoder: added",),
    ),
    Case(
        "a setting of a composite layer",
        NESTED,
        NESTED.replace("width=8", "width=9"),
        ("~ encoder Encoder: width 8 → 9",),
    ),
    Case(
        "a nested model with another name",
        NESTED,
        NESTED.replace("encoder:", "backbone:"),
        ("= backbone Encoder: renamed from encoder to backbone",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.about for case in CASES])
def test_every_difference_is_told_once_and_exactly(case: Case) -> None:
    base = sketch(case.base, inputs=case.ports.get("base_inputs", "x"))
    head = sketch(case.head, inputs=case.ports.get("inputs", "x"), outputs=case.ports.get("outputs", "y"))
    comparison = compare(base, head)
    assert tuple(change.explain() for change in comparison.changes) == case.told
    assert comparison.status == ("changed" if case.told else "identical")


def test_every_kind_has_a_case() -> None:
    signs = {line[0] for case in CASES for line in case.told}
    assert signs == {*SIGNS.values(), "≈"}


def test_a_comparison_travels_as_json() -> None:
    models = tuple(
        compare(sketch(case.base, inputs="a b" if case.base is SHARED else "x"), sketch(PLAIN)) for case in CASES
    )
    comparison = Comparison(base="before", head="after", models=models)
    assert to_json(from_json(to_json(comparison))) == to_json(comparison)


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        (b'"kind": "renamed"', b'"kind": "moved aside"'),
        (b'"name": [', b'"title": ['),
        (b'"schema": 1', b'"schema": 2'),
        (b'"number": 2', b'"number": "<b>"'),
        (b'"models": [', b'"models": 3, "x": ['),
    ],
)
def test_json_from_elsewhere_is_believed_in_nothing(part: bytes, instead: bytes) -> None:
    model = compare(sketch(PLAIN), sketch(PLAIN.replace("    Dense", "    hidden: Dense")))
    data = to_json(Comparison(base="a", head="b", models=(model,)))
    assert part in data
    with pytest.raises(msgspec.DecodeError):
        from_json(data.replace(part, instead))


def test_the_json_has_the_keys_of_its_contract() -> None:
    model = compare(sketch(PLAIN), sketch(PLAIN.replace("units=16", "activation=gelu units=16")))
    data = json.loads(to_json(Comparison(base="main", head="working tree", models=(model,))))
    assert {"schema", "base", "head", "models"} <= data.keys()
    assert {"id", "status", "verdict", "mismatches", "changes", "costs"} <= data["models"][0].keys()
    assert data["models"][0]["costs"] == {"parameters": [212, 212], "macs": [None, None], "weight_bytes": [848, 848]}
    (change,) = data["models"][0]["changes"]
    assert change == {
        "kind": "changed",
        "class": "Dense",
        "base": {"number": 2, "path": "dense"},
        "head": {"number": 2, "path": "dense"},
        "settings": {"activation": ["linear", "gelu"]},
        "ripple": False,
        "entries": [],
        "label": "",
    }


def test_a_repeated_block_points_at_the_layers_that_it_sums_up() -> None:
    changes = compare(sketch(stack(2)), sketch(stack(3))).changes
    (block,) = (change for change in changes if change.kind == "repeated")
    assert [changes[entry].class_name for entry in block.entries] == ["Dense", "BatchNormalization", "ReLU"]
