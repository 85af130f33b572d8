"""What cannot be read exactly is said: in `detail`, in notices, on the node, on the edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from keraviz_docs.architecture import Architecture, Node
from keraviz_docs.reading.model_inputs import InvalidInputsError, UnknownInputsError

Read = Callable[..., Architecture]
ByPath = Callable[[Architecture], dict[str, Node]]

VECTOR = {"shape": [4]}


class Around(keras.Model):
    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.first = layers.Dense(4, name="first")
        self.inner = inner
        self.last = layers.Dense(2, name="last")

    def call(self, x: Any) -> Any:
        return self.last(self.inner(self.first(x)))


def in_functional(inner: Any) -> keras.Model:
    x = keras.Input((4,), name="x")
    return keras.Model(x, layers.Dense(2, name="last")(inner(layers.Dense(4, name="first")(x))))


def sources(architecture: Architecture, path: str) -> list[tuple[str, bool]]:
    node = next(node for node in architecture.nodes if node.path == path)
    return [(architecture.node(operand.node).path, operand.inferred) for operand in node.inputs]


class BranchesOnATensor(layers.Layer):
    def __init__(self) -> None:
        super().__init__(name="branches")
        self.yes, self.no = layers.Dense(4, name="yes"), layers.Dense(4, name="no")

    def call(self, x: Any) -> Any:
        if ops.mean(x) > 0:  # noqa: SIM108 (the branch is the point)
            y = self.yes(x)
        else:
            y = self.no(x)
        return y


class LoopsOverADimension(layers.Layer):
    def __init__(self) -> None:
        super().__init__(name="loops")
        self.dense = layers.Dense(4, name="dense")

    def call(self, x: Any) -> Any:
        total = self.dense(x[:, 0])
        for step in range(ops.shape(x)[1]):
            total = total + x[:, step]
        return total


class NeedsKnownSteps(layers.Layer):
    """Python needs the number of steps, in a way that AutoGraph cannot convert."""

    def __init__(self) -> None:
        super().__init__(name="steps")
        self.dense = layers.Dense(4, name="dense")

    def call(self, x: Any) -> Any:
        return self.dense(ops.stack([x[:, step] for step in list(range(x.shape[1]))], axis=1))


class NeedsValues(layers.Layer):
    def __init__(self) -> None:
        super().__init__(name="values")
        self.yes, self.no, self.out = (layers.Dense(4, name=name) for name in ("yes", "no", "out"))

    def call(self, x: Any) -> Any:
        chosen = self.yes if float(np.mean(x.numpy())) >= 0 else self.no
        return self.out(ops.relu(chosen(x)))

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class LeafThatNeedsValues(layers.Layer):
    def call(self, x: Any) -> Any:
        return tf.constant(np.sort(x.numpy()))

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class NeverRuns(layers.Layer):
    def __init__(self) -> None:
        super().__init__(name="never")
        self.dense = layers.Dense(4, name="dense")

    def build(self, shape: Any) -> None:
        self.dense.build(shape)

    def call(self, _: Any) -> Any:
        raise RuntimeError(f"no device <object at 0x7f{id(self):010x}>")

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape[:-1], 4)


def test_a_branch_on_a_tensor_is_converted_and_both_sides_are_shown(read: Read) -> None:
    architecture = read(lambda: Around(BranchesOnATensor()), VECTOR)
    assert architecture.detail == "exact"
    assert sources(architecture, "branches/yes") == sources(architecture, "branches/no") == [("first", False)]
    (notice,) = architecture.notices
    assert notice.path == "branches"
    assert "AutoGraph" in notice.text


def test_a_loop_over_an_open_dimension_is_converted(read: Read) -> None:
    architecture = read(lambda: Around(LoopsOverADimension()), {"shape": [None, 4]})
    assert architecture.detail == "exact"
    assert any(node.class_name == "while_loop" for node in architecture.nodes)
    assert architecture.inputs[0].shape == (None, None, 4)


def test_open_dimensions_are_filled_where_nothing_else_helps(read: Read, by_path: ByPath) -> None:
    architecture = read(lambda: Around(NeedsKnownSteps()), {"shape": [None, 4]})
    assert architecture.detail == "exact"
    assert by_path(architecture)["steps/dense"].outputs[0].shape == (None, 16, 4)
    assert architecture.inputs[0].shape == (None, None, 4)
    (notice,) = architecture.notices
    assert notice.path == ""
    assert "filled" in notice.text


@pytest.mark.parametrize("build", [Around, in_functional], ids=["subclassed", "functional"])
def test_a_layer_that_needs_values_is_observed_and_its_edges_are_inferred(
    read: Read, by_path: ByPath, build: Callable[[Any], Any]
) -> None:
    architecture = read(lambda: build(NeedsValues()), VECTOR)
    assert architecture.detail == "calls"
    assert sources(architecture, "values/yes") == [("first", True)]
    assert sources(architecture, "values/relu") == [("values/yes", True)]
    assert sources(architecture, "values/out") == [("values/relu", True)]
    assert sources(architecture, "last") == [("values/out", False)]
    assert by_path(architecture)["values/yes"].outputs[0].shape == (None, 4)
    (notice,) = architecture.notices
    assert notice.path == "values"
    assert "inferred" in notice.text


def test_a_leaf_that_needs_values_is_still_exact(read: Read) -> None:
    architecture = read(lambda: Around(LeafThatNeedsValues(name="sort")), VECTOR)
    assert architecture.detail == "exact"
    assert sources(architecture, "sort") == [("first", False)]
    assert sources(architecture, "last") == [("sort", False)]


@pytest.mark.parametrize("build", [Around, in_functional], ids=["subclassed", "functional"])
def test_a_layer_that_never_runs_is_closed_with_the_reason(
    read: Read, by_path: ByPath, build: Callable[[Any], Any]
) -> None:
    architecture = read(lambda: build(NeverRuns()), VECTOR)
    assert architecture.detail == "opaque"
    node = by_path(architecture)["never"]
    assert node.opaque == "RuntimeError in NeverRuns.call(): no device <object>"
    assert sources(architecture, "last") == [("never", False)]
    assert [node.path for node in architecture.nodes if node.opaque] == ["never"]


def test_a_closed_layer_carries_the_parameters_of_the_layers_inside(read: Read, by_path: ByPath) -> None:
    architecture = read(lambda: in_functional(NeverRuns()))
    assert by_path(architecture)["never"].parameters == 20
    assert sum(node.parameters for node in architecture.nodes) == architecture.totals.parameters == 50


def test_a_model_that_never_runs_is_one_closed_node(read: Read) -> None:
    class Hopeless(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(4, name="dense")

        def call(self, _: Any) -> Any:
            raise ValueError("no")

    architecture = read(Hopeless, VECTOR)
    assert architecture.detail == "opaque"
    assert [node.kind for node in architecture.nodes] == ["input", "layer"]
    assert "could not be run" in architecture.notices[0].text


def test_a_model_that_says_only_how_it_is_trained_is_shown_in_parts(read: Read) -> None:
    class Adversarial(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.generator = keras.Sequential(
                [keras.Input((4,), name="noise"), layers.Dense(8, name="up")], name="make"
            )
            self.critic = keras.Sequential([keras.Input((8,), name="data"), layers.Dense(1, name="down")], name="judge")

        def train_step(self, data: Any) -> Any:
            return data

    architecture = read(Adversarial)
    assert architecture.detail == "calls"
    assert [node.path for node in architecture.nodes] == ["make/noise", "make/up", "judge/data", "judge/down"]
    assert [port.name for port in architecture.inputs] == ["make.noise", "judge.data"]
    assert [port.name for port in architecture.outputs] == ["make.up", "judge.down"]
    assert sum(node.parameters for node in architecture.nodes) == architecture.totals.parameters == 49
    assert "side by side" in architecture.notices[0].text


def test_a_graph_that_states_wrong_shapes_gives_way_to_a_run(read: Read, by_path: ByPath) -> None:
    class SaysLess(layers.Layer):
        def call(self, x: Any) -> Any:
            return ops.expand_dims(x, -1)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    class Uses(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="uses")
            self.dense = layers.Dense(3, name="dense")

        def build(self, _: Any) -> None:
            self.dense.build((None, 4, 1))

        def call(self, x: Any) -> Any:
            return self.dense(x[:, :, :])

        def compute_output_shape(self, shape: Any) -> Any:
            return (*shape, 3)

    def build() -> keras.Model:
        x = keras.Input((4,), name="x")
        return keras.Model(x, Uses()(SaysLess(name="less")(x)))

    architecture = read(build)
    assert architecture.detail == "exact"
    assert by_path(architecture)["uses/dense"].outputs[0].shape == (None, 4, 3)


def test_a_model_that_does_not_know_its_inputs_says_what_to_do(read: Read) -> None:
    class Unbuilt(keras.Model):
        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(UnknownInputsError, match=r"inputs: \{shape:"):
        read(Unbuilt)


def test_a_model_that_was_called_by_its_builder_knows_its_inputs(read: Read) -> None:
    def build() -> keras.Model:
        model = Around(layers.ReLU(name="relu"))
        model(keras.Input((4,), dtype="float32"))
        return model

    assert read(build).inputs[0].shape == (None, 4)


def test_a_model_that_was_built_by_its_builder_knows_its_inputs(read: Read) -> None:
    def build() -> keras.Model:
        model = Around(layers.ReLU(name="relu"))
        model.build((None, 4))
        return model

    assert read(build).inputs[0].shape == (None, 4)


@pytest.mark.parametrize(
    ("inputs", "complaint"),
    [
        ({"shape": [4], "dtyp": "int32"}, "unknown keys: dtyp"),
        ({"shape": [0]}, "positive integers"),
        ({"shape": [4], "dtype": "floaty"}, "does not know"),
        ({"a": 3}, "`inputs.a` is 3"),
        ([], "expected"),
    ],
)
def test_a_wrong_input_specification_is_told(read: Read, inputs: Any, complaint: str) -> None:
    with pytest.raises(InvalidInputsError, match=complaint):
        read(lambda: Around(layers.ReLU()), inputs)
