"""Functional and Sequential models are read from the graph that Keras executes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers, ops

from keraviz_docs.architecture import Architecture, Input, Node

Read = Callable[..., Architecture]
ByPath = Callable[[Architecture], dict[str, Node]]


def paths(architecture: Architecture) -> list[str]:
    return [node.path for node in architecture.nodes]


def sources(architecture: Architecture, path: str) -> list[tuple[str, int]]:
    node = next(node for node in architecture.nodes if node.path == path)
    return [(architecture.node(operand.node).path, operand.output) for operand in node.inputs]


def chain() -> keras.Model:
    return keras.Sequential(
        [keras.Input((8,), name="x"), layers.Dense(4, activation="relu", name="a"), layers.Dense(2, name="b")],
        name="chain",
    )


def test_a_sequential_model_is_a_chain_that_starts_with_its_input(read: Read) -> None:
    architecture = read(chain)
    assert paths(architecture) == ["x", "a", "b"]
    assert [node.inputs for node in architecture.nodes] == [(), (Input(1),), (Input(2),)]
    assert (architecture.model.class_name, architecture.model.module) == ("Sequential", "keras")
    assert architecture.detail == "exact"


def test_ports_bear_the_names_and_open_dimensions_of_inputs_and_outputs(read: Read) -> None:
    architecture = read(chain)
    assert [(port.name, port.shape, port.dtype, port.node) for port in architecture.inputs] == [
        ("x", (None, 8), "float32", 1)
    ]
    assert [(port.name, port.shape, port.node) for port in architecture.outputs] == [("b", (None, 2), 3)]


def test_outputs_in_a_dict_are_named_by_its_keys(read: Read) -> None:
    def build() -> keras.Model:
        x = keras.Input((4,))
        y = layers.Dense(2, name="head")(x)
        return keras.Model(x, {"score": y, "again": y})

    architecture = read(build)
    assert [(port.name, port.node) for port in architecture.outputs] == [("again", 2), ("score", 2)]


def test_a_layer_called_twice_is_two_nodes_and_its_parameters_are_on_the_first(read: Read, by_path: ByPath) -> None:
    def build() -> keras.Model:
        left, right = keras.Input((8,), name="left"), keras.Input((8,), name="right")
        shared = layers.Dense(4, name="shared")
        return keras.Model([left, right], layers.Concatenate(name="join")([shared(left), shared(right)]))

    architecture = read(build)
    nodes = by_path(architecture)
    first, second = nodes["shared"], nodes["shared@2"]
    assert (first.call, first.shared, first.parameters) == (1, None, 36)
    assert [weight.name for weight in first.weights] == ["kernel", "bias"]
    assert (second.call, second.shared, second.parameters, second.weights) == (2, first.number, 0, ())
    assert architecture.totals.parameters == 36
    assert sources(architecture, "join") == [("shared", 0), ("shared@2", 0)]


def test_a_shared_model_is_a_group_for_each_call(read: Read, by_path: ByPath) -> None:
    def build() -> keras.Model:
        inner = keras.Sequential([keras.Input((8,)), layers.Dense(4, name="d"), layers.ReLU(name="r")], name="tower")
        left, right = keras.Input((8,), name="left"), keras.Input((8,), name="right")
        return keras.Model([left, right], layers.Add(name="sum")([inner(left), inner(right)]))

    architecture = read(build)
    assert [(group.path, group.class_name, group.kind, group.call) for group in architecture.groups] == [
        ("tower", "Sequential", "model", 1),
        ("tower@2", "Sequential", "model", 2),
    ]
    nodes = by_path(architecture)
    assert nodes["tower@2/d"].shared == nodes["tower/d"].number
    assert nodes["tower@2/d"].parent == "tower@2"
    assert sources(architecture, "tower@2/d") == [("right", 0)]
    assert sources(architecture, "sum") == [("tower/r", 0), ("tower@2/r", 0)]


def test_a_shared_model_has_the_shapes_of_each_call(read: Read, by_path: ByPath) -> None:
    def build() -> keras.Model:
        image = keras.Input((None, None, 3))
        inner = keras.Model(image, layers.Conv2D(4, 3, name="conv")(image), name="inner")
        large, small = keras.Input((32, 32, 3)), keras.Input((16, 16, 3))
        return keras.Model([large, small], [inner(large), inner(small)])

    nodes = by_path(read(build))
    assert nodes["inner/conv"].outputs[0].shape == (None, 30, 30, 4)
    assert nodes["inner@2/conv"].outputs[0].shape == (None, 14, 14, 4)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_models_nest_in_both_directions_to_any_depth(read: Read, depth: int) -> None:
    def build() -> keras.Model:
        model: Any = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="core")], name="level0")
        for level in range(1, depth + 1):
            if level % 2:
                x = keras.Input((4,))
                model = keras.Model(x, model(x), name=f"level{level}")
            else:
                model = keras.Sequential([keras.Input((4,)), model], name=f"level{level}")
        return model

    architecture = read(build)
    assert len(architecture.groups) == depth
    assert architecture.nodes[-1].path == "/".join([*(f"level{n}" for n in reversed(range(depth))), "core"])


def test_the_same_tensor_twice_is_two_operands(read: Read) -> None:
    def build() -> keras.Model:
        x = keras.Input((4,), name="x")
        return keras.Model(x, layers.Add(name="twice")([x, x]))

    assert sources(read(build), "twice") == [("x", 0), ("x", 0)]


def test_operands_keep_their_order(read: Read) -> None:
    def build() -> keras.Model:
        a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
        return keras.Model([a, b], layers.Subtract(name="minus")([b, a]))

    assert sources(read(build), "minus") == [("b", 0), ("a", 0)]


def test_outputs_of_a_layer_are_told_apart(read: Read) -> None:
    def build() -> keras.Model:
        x = keras.Input((None, 4), name="x")
        _, h, c = layers.LSTM(3, return_state=True, name="lstm")(x)
        return keras.Model(x, [layers.Dense(1, name="on_h")(h), layers.Dense(1, name="on_c")(c)])

    architecture = read(build)
    assert sources(architecture, "on_h") == [("lstm", 1)]
    assert sources(architecture, "on_c") == [("lstm", 2)]


def test_raw_operations_are_nodes_named_by_their_function(read: Read, by_path: ByPath) -> None:
    def build() -> keras.Model:
        x = keras.Input((8, 8), name="x")
        return keras.Model(x, ops.reshape(x[:, ::2] * 3.0, (-1, 32)))

    nodes = [node for node in read(build).nodes if node.kind == "operation"]
    assert [(node.class_name, node.module) for node in nodes] == [
        ("get_item", "keras.ops"),
        ("multiply", "keras.ops"),
        ("reshape", "keras.ops"),
    ]
    assert nodes[0].config["key"] == [":", "::2"]
    assert nodes[1].config["x2"] == 3.0
    assert nodes[2].config["newshape"] == [-1, 32]


def test_casts_are_folded_away(read: Read) -> None:
    def build() -> keras.Model:
        x = keras.Input((4,), dtype="int32", name="x")
        return keras.Model(x, layers.Dense(2, name="d")(ops.cast(x, "float32")))

    architecture = read(build)
    assert paths(architecture) == ["x", "d"]
    assert sources(architecture, "d") == [("x", 0)]


def test_a_subclass_of_functional_that_overrides_call_is_run_instead(read: Read) -> None:
    class Scaled(keras.Model):
        def __init__(self) -> None:
            x = keras.Input((4,), name="x")
            super().__init__(x, layers.Dense(3, name="inside")(x))

        def call(self, inputs: Any) -> Any:
            return super().call(inputs) * 2.0

    architecture = read(Scaled)
    assert paths(architecture) == ["x", "inside", "multiply"]
    assert architecture.outputs[0].node == 3


def test_mixed_precision_shows_compute_and_storage_dtypes(read: Read, by_path: ByPath) -> None:
    def build() -> keras.Model:
        return keras.Sequential([keras.Input((4,)), layers.Dense(2, dtype="mixed_bfloat16", name="d")])

    architecture = read(build)
    node = by_path(architecture)["d"]
    assert node.outputs[0].dtype == "bfloat16"
    assert {weight.dtype for weight in node.weights} == {"float32"}
    assert node.config["dtype"] == "mixed_bfloat16"
    assert architecture.totals.weight_bytes == 40


def test_a_quantised_layer_shows_its_packed_kernel(read: Read, by_path: ByPath) -> None:
    def build() -> keras.Model:
        return keras.Sequential([keras.Input((16,)), layers.Dense(8, dtype="int8_from_float32", name="d")])

    architecture = read(build)
    weights = {weight.name: weight for weight in by_path(architecture)["d"].weights}
    assert weights["kernel"].dtype == "int8"
    assert architecture.totals.weight_bytes == 16 * 8 + 4 * (architecture.totals.parameters - 16 * 8)
    assert by_path(architecture)["d"].config["dtype"] == "int8_from_float32"


def test_frozen_layers_and_moving_averages_are_not_trainable(read: Read, by_path: ByPath) -> None:
    def build() -> keras.Model:
        frozen = layers.Dense(4, name="frozen")
        frozen.trainable = False
        return keras.Sequential([keras.Input((4,)), frozen, layers.BatchNormalization(name="norm")])

    architecture = read(build)
    assert by_path(architecture)["frozen"].trainable is False
    assert [weight.trainable for weight in by_path(architecture)["norm"].weights] == [True, True, False, False]
    assert (architecture.totals.trainable, architecture.totals.non_trainable) == (8, 28)


def test_random_seeds_are_no_weights(read: Read) -> None:
    architecture = read(lambda: keras.Sequential([keras.Input((4,)), layers.Dropout(0.5)]))
    assert architecture.totals.parameters == 0
    assert all(not node.weights for node in architecture.nodes)


def test_a_mask_is_an_edge(read: Read) -> None:
    def build() -> keras.Model:
        x = keras.Input((None,), dtype="int32", name="ids")
        return keras.Model(x, layers.LSTM(3, name="lstm")(layers.Embedding(9, 4, mask_zero=True, name="embed")(x)))

    architecture = read(build)
    assert sources(architecture, "lstm") == [("embed", 0), ("not_equal", 0)]
    assert sources(architecture, "not_equal") == [("ids", 0)]


def test_a_layer_of_the_graph_that_was_never_reached_is_listed_as_uncalled(read: Read) -> None:
    def build() -> keras.Model:
        class WithAuxiliary(keras.Model):
            def __init__(self) -> None:
                x = keras.Input((4,))
                super().__init__(x, layers.Dense(2, name="main")(x))
                self.auxiliary = layers.Dense(3, name="auxiliary")
                self.auxiliary.build((None, 4))

        return WithAuxiliary()

    if len(build().weights) == 2:
        pytest.skip("this Keras does not count the weights of such a layer among the model's")
    architecture = read(build)
    (uncalled,) = architecture.uncalled
    assert (uncalled.path, uncalled.class_name, uncalled.parameters) == ("auxiliary", "Dense", 15)
    assert architecture.totals.parameters == 25


def test_a_chain_of_two_thousand_layers_is_read(read: Read) -> None:
    def build() -> keras.Model:
        x = y = keras.Input((4,))
        for _ in range(2000):
            y = layers.ReLU()(y)
        return keras.Model(x, y)

    import sys

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)  # Keras itself walks the graph recursively
    try:
        architecture = read(build)
    finally:
        sys.setrecursionlimit(limit)
    assert len(architecture.nodes) == 2001


def test_reading_twice_gives_the_same_bytes(read: Read) -> None:
    from keraviz_docs.architecture import to_json

    first = to_json(read(chain))
    keras.backend.clear_session()
    assert to_json(read(chain)) == first
