"""Snapshots: what they look like, that they read back, and that they keep still."""

from __future__ import annotations

import contextlib
import difflib
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keraviz_docs.architecture import (
    Architecture,
    CheckpointEntry,
    Group,
    Input,
    ModelIdentity,
    Node,
    Port,
    Tensor,
    Totals,
)
from keraviz_docs.review.comparison import compare
from keraviz_docs.review.snapshot import SnapshotError, check, read, snapshot_of
from tests.review.sketches import sketch

RESIDUAL = """
    x: InputLayer batch_shape=[null,8] -> ?x8
    Dense units=8 -> ?x8; 72 parameters
    *a: ReLU -> ?x8
    Dense units=8 -> ?x8; 72 parameters
    Add(*a, ^) -> ?x8
    y: Dense units=4 -> ?x4; 36 parameters
"""


def test_a_snapshot_reads_like_the_network() -> None:
    text = snapshot_of(sketch(RESIDUAL, checkpoint="layers/dense 8x8 8\nlayers/dense_1 8x8 8\nlayers/dense_2 8x4 4"))
    assert text == (
        "# Written by `keraviz snapshot`. Each layer takes the one above as input unless it says otherwise.\n"
        "architecture: toy\n"
        "format: 1\n"
        "builder: zoo.toys:toy\n"
        "model: Functional\n"
        "layers: 6\n"
        "parameters: 180 (180 trainable)\n"
        "weight bytes: 720\n"
        "\n"
        "layers\n"
        "  x: InputLayer batch_shape=[null,8] -> ?x8\n"
        "  Dense units=8 -> ?x8; 72 parameters\n"
        "  *a: ReLU -> ?x8\n"
        "  Dense units=8 -> ?x8; 72 parameters\n"
        "  Add(*a, ^) -> ?x8\n"
        "  y: Dense units=4 -> ?x4; 36 parameters\n"
        "\n"
        "inputs\n"
        "  x\n"
        "\n"
        "outputs\n"
        "  y\n"
        "\n"
        "checkpoint\n"
        "  layers/dense 8x8 8\n"
        "  layers/dense_1 8x8 8\n"
        "  layers/dense_2 8x4 4\n"
    )


def test_an_inserted_layer_is_one_line_of_the_diff() -> None:
    before = snapshot_of(sketch(RESIDUAL))
    grown = RESIDUAL.replace("    Dense units=8", "    *q: Dropout rate=0.5 -> ?x8\n    Dense units=8", 1)
    after = snapshot_of(sketch(grown), read(before))
    changed = [line for line in difflib.ndiff(before.split("\n"), after.split("\n")) if line[0] in "+-"]
    assert [line for line in changed if not line[2:].startswith("layers:")] == ["+   Dropout rate=0.5 -> ?x8"]


def test_labels_stay_with_their_layers() -> None:
    before = read(snapshot_of(sketch(RESIDUAL)))
    grown = RESIDUAL.replace(
        "    *a: ReLU -> ?x8\n",
        "    *n: ReLU -> ?x8\n    Dense units=8 -> ?x8; 72 parameters\n    Add(*n, ^) -> ?x8\n    *a: ReLU -> ?x8\n",
    )
    text = snapshot_of(sketch(grown), before)
    assert "  Add(*a, ^) -> ?x8\n  y: Dense" in text or "  Add(*a, ^) -> ?x8\n  *" in text
    assert text.count("*a:") == 1


BRANCHES = """
    x: InputLayer -> ?x8
    *a: Dense units=8 -> ?x8; 72 parameters
    *b: Dense(x) units=8 -> ?x8; 72 parameters
    ReLU(*a) -> ?x8
    y: Add(^, *b) -> ?x8
"""


def test_layers_keep_the_numbers_that_they_have_in_diagrams() -> None:
    architecture = sketch(BRANCHES)
    text = snapshot_of(architecture)
    assert text.endswith("\nnumbers\n  1-2 4 3 5\n")
    again = read(text)
    assert [(node.number, node.class_name) for node in again.architecture.nodes] == [
        (node.number, node.class_name) for node in architecture.nodes
    ]
    assert snapshot_of(again.architecture, again) == text


@pytest.mark.parametrize("numbers", ["1-2 4 3", "1-2 4 4 5", "1-9", "0-4", "one"])
def test_numbers_that_are_none_are_told(numbers: str) -> None:
    with pytest.raises(SnapshotError, match=r"toy\.arch:\d+: cannot read"):
        read(snapshot_of(sketch(BRANCHES)).replace("1-2 4 3 5", numbers), "toy.arch")


def test_the_call_that_runs_first_owns_the_weights() -> None:
    architecture = sketch("""
        x: InputLayer -> ?x8
        *a: Dense units=8 -> ?x8; 72 parameters
        *b: Dense(x) again *a -> ?x8
        y: Concatenate(*b, *a) -> ?x16
    """)
    assert check(read(snapshot_of(architecture)), architecture).status == "identical"
    assert [node.shared for node in read(snapshot_of(architecture)).architecture.nodes] == [None, None, 2, None]


def test_another_spelling_is_no_difference() -> None:
    spelled = RESIDUAL.replace("*a", "*skip").replace("Dense units=8", "Dense activation=linear units=8 use_bias=true")
    assert check(read(snapshot_of(sketch(RESIDUAL))), sketch(spelled)).status == "identical"


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("format: 2", "toy.arch:3: snapshot format 2; this version of keraviz-docs reads format 1"),
        ("Add(*b, ^)", "toy.arch:15: no layer above is called *b"),
        ("Add(*a; ^)", "toy.arch:15: expected a comma or a closing parenthesis, found '; ^) -> ?x8'"),
        ("units={8", "toy.arch:12: cannot read the value '{8': "),
        ("-> ?xA", "toy.arch:12: cannot read '?xA': "),
        ("surprise", "toy.arch:10: expected one of the sections layers, inputs, outputs, uncalled, checkpoint"),
    ],
)
def test_a_mistake_is_told_with_its_line(broken: str, told: str) -> None:
    text = snapshot_of(sketch(RESIDUAL))
    places = {
        "format: 2": "format: 1",
        "Add(*b, ^)": "Add(*a, ^)",
        "Add(*a; ^)": "Add(*a, ^)",
        "units={8": "units=8",
        "-> ?xA": "-> ?x8; 72 parameters",
        "surprise": "layers\n",
    }
    with pytest.raises(SnapshotError) as error:
        read(text.replace(places[broken], broken + "\n" * places[broken].endswith("\n"), 1), "toy.arch")
    assert error.value.message.startswith(told)


def test_half_a_file_is_no_snapshot() -> None:
    text = snapshot_of(sketch(RESIDUAL))
    with pytest.raises(SnapshotError, match="no complete snapshot"):
        read(text[:60])


# ------------------------------------------------------------------------------------------- any architecture

NAMES = st.text(min_size=1, max_size=12) | st.sampled_from(["model", "layer", "more", "a b", 'q"', "x: y", "*a", "^"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
KEYS = st.text(string.ascii_lowercase + "_", min_size=1, max_size=8) | st.text(min_size=1, max_size=5)
CLASSES = st.sampled_from(
    [("Dense", "keras.layers"), ("Conv2D", "keras.layers"), ("Add", "keras.layers"), ("Mixer", "zoo.mixers")]
)
TENSORS = st.builds(
    Tensor,
    st.none() | st.lists(st.none() | st.integers(1, 512), max_size=4).map(tuple),
    st.sampled_from(["float32", "float16", "int32", "bool"]),
)


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    """Any architecture at all: nested, shared, with several inputs, outputs and hostile names."""
    groups = [
        Group(
            path=f"g{place}",
            name=draw(NAMES),
            class_name="Encoder",
            module="zoo",
            kind=draw(st.sampled_from(["model", "layer"])),
            parent=None if not place else draw(st.sampled_from([None, *(f"g{k}" for k in range(place))])),
            explicit_name=draw(st.booleans()),
        )
        for place in range(draw(st.integers(0, 3)))
    ]
    groups = [group if group.explicit_name else _unnamed(group) for group in groups]
    count = draw(st.integers(1, 8))
    nodes: list[Node] = []
    for number in range(1, count + 1):
        first = draw(st.sampled_from([None, *(n.number for n in nodes if n.shared is None and n.kind == "layer")]))
        class_name, module = draw(CLASSES)
        named = draw(st.booleans())
        kind: Any = (
            "input" if number == 1 else draw(st.sampled_from(["layer", "operation"])) if first is None else "layer"
        )
        if kind == "input":
            class_name, module = "InputLayer", "keras.layers"
        elif kind == "operation":
            class_name, module = "matmul", "keras.ops"
        sources = st.integers(1, max(1, number - 1)).flatmap(
            lambda source: st.builds(Input, st.just(source), st.integers(0, len(nodes[source - 1].outputs) - 1))
        )
        settings_: dict[str, object] = draw(st.dictionaries(KEYS, VALUES, max_size=2)) if kind != "input" else {}
        node = Node(
            number=number,
            path=f"n{number}",
            name=draw(NAMES) if named else class_name.lower(),
            kind=kind,
            class_name=class_name,
            module=module,
            parent=draw(st.sampled_from([None, *(group.path for group in groups)])),
            inputs=() if kind == "input" else tuple(draw(st.lists(sources, min_size=1, max_size=3))),
            outputs=tuple(draw(st.lists(TENSORS, min_size=1, max_size=2))),
            parameters=draw(st.integers(0, 999)) if kind == "layer" else 0,
            config=settings_,
            explicit_name=named,
        )
        if first is not None and kind == "layer":
            original = nodes[first - 1]
            call = 2 + sum(other.shared == first for other in nodes)
            node = Node(
                number=number,
                path=f"n{number}",
                name=original.name,
                kind="layer",
                class_name=original.class_name,
                module=original.module,
                parent=node.parent,
                call=call,
                shared=first,
                inputs=node.inputs,
                outputs=node.outputs,
                config=original.config,
                explicit_name=original.explicit_name,
            )
        nodes.append(node)
    last = nodes[-1]
    entries = tuple(
        CheckpointEntry(
            f"layers/{node.class_name.lower()}_{node.number}", node.class_name, ((node.parameters,),), node.path
        )
        for node in nodes
        if node.parameters
    )
    total = sum(node.parameters for node in nodes)
    return Architecture(
        id=draw(NAMES),
        builder="zoo:any",
        model=ModelIdentity("functional", "Functional", "keras"),
        keras="3",
        detail="exact",
        inputs=(Port(nodes[0].name, nodes[0].outputs[0].shape, nodes[0].outputs[0].dtype, 1),),
        outputs=(Port(last.name, last.outputs[0].shape, last.outputs[0].dtype, last.number),),
        totals=Totals(layers=count, parameters=total, trainable=total, non_trainable=0, weight_bytes=4 * total),
        groups=tuple(groups),
        nodes=tuple(nodes),
        checkpoint=entries,
    )


def _unnamed(group: Group) -> Group:
    return Group(
        path=group.path, name="encoder", class_name="Encoder", module="zoo", kind=group.kind, parent=group.parent
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(architectures())
def test_what_is_read_is_what_was_written(architecture: Architecture) -> None:
    text = snapshot_of(architecture)
    snapshot = read(text)
    assert compare(architecture, snapshot.architecture).status == "identical"
    assert compare(snapshot.architecture, architecture).status == "identical"
    assert snapshot_of(snapshot.architecture, snapshot) == text
    assert all(line.isprintable() for line in text.split("\n"))


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    for candidate in (text, snapshot_of(sketch(RESIDUAL)).replace("Add", text), "layers\n  " + text):
        with contextlib.suppress(SnapshotError):
            read(candidate)
