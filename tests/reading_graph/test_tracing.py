"""Subclassed models and composite layers are opened by running them once, symbolically."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest
import tensorflow as tf
from keras import layers, ops

from keraviz_docs.architecture import Architecture, Node

Read = Callable[..., Architecture]
ByPath = Callable[[Architecture], dict[str, Node]]

VECTOR = {"shape": [4]}
TOKENS = {"shape": [None], "dtype": "int32"}


def paths(architecture: Architecture) -> list[str]:
    return [node.path for node in architecture.nodes]


def sources(architecture: Architecture, path: str) -> list[str]:
    node = next(node for node in architecture.nodes if node.path == path)
    return [architecture.node(operand.node).path for operand in node.inputs]


def around(layer: Callable[[], Any]) -> Callable[[], keras.Model]:
    """A subclassed model that calls the layer between two others."""

    class Around(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first = layers.Dense(4, name="first")
            self.inner = layer()
            self.last = layers.Dense(2, name="last")

        def call(self, x: Any) -> Any:
            return self.last(self.inner(self.first(x)))

    return Around


class Block(layers.Layer):
    def __init__(self, name: str = "block") -> None:
        super().__init__(name=name)
        self.dense = layers.Dense(4, name="dense")

    def call(self, x: Any) -> Any:
        return ops.relu(self.dense(x)) + x


def test_a_composite_layer_is_a_group_with_its_layers_and_operations(read: Read) -> None:
    architecture = read(around(Block), VECTOR)
    assert paths(architecture) == ["input", "first", "block/dense", "block/relu", "block/add", "last"]
    (group,) = architecture.groups
    assert (group.path, group.class_name, group.kind) == ("block", "Block", "layer")
    assert sources(architecture, "block/add") == ["block/relu", "first"]
    assert architecture.detail == "exact"


def test_blocks_nest_to_any_depth(read: Read) -> None:
    class Outer(layers.Layer):
        def __init__(self, depth: int) -> None:
            super().__init__(name=f"outer{depth}")
            self.inner = Outer(depth - 1) if depth else Block()

        def call(self, x: Any) -> Any:
            return self.inner(x)

    architecture = read(around(lambda: Outer(3)), VECTOR)
    assert [group.path for group in architecture.groups] == [
        "outer3",
        "outer3/outer2",
        "outer3/outer2/outer1",
        "outer3/outer2/outer1/outer0",
        "outer3/outer2/outer1/outer0/block",
    ]


def test_sequential_inside_subclassed_inside_functional(read: Read) -> None:
    class Middle(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="middle")
            self.stack = keras.Sequential([layers.Dense(4, name="a"), layers.ReLU(name="b")], name="stack")

        def call(self, x: Any) -> Any:
            return self.stack(x)

    def build() -> keras.Model:
        x = keras.Input((4,), name="x")
        return keras.Model(x, layers.Dense(2, name="out")(Middle()(x)))

    architecture = read(build)
    assert paths(architecture) == ["x", "middle/stack/a", "middle/stack/b", "out"]
    assert [(group.path, group.kind) for group in architecture.groups] == [
        ("middle", "layer"),
        ("middle/stack", "model"),
    ]


def test_layers_in_lists_dicts_and_closures_are_found(read: Read) -> None:
    outside = layers.Dense(4, name="outside")

    class Holder(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="holder")
            self.many = [layers.Dense(4, name="first_of_list"), layers.Dense(4, name="second_of_list")]
            self.named = {"key": layers.Dense(4, name="of_dict")}

        def call(self, x: Any) -> Any:
            for layer in self.many:
                x = layer(x)
            return outside(self.named["key"](x))

    architecture = read(around(Holder), VECTOR)
    names = ["first_of_list", "second_of_list", "of_dict", "outside"]
    assert paths(architecture)[2:-1] == [f"holder/{name}" for name in names]
    (notice,) = architecture.notices
    assert notice.path == "holder/outside"
    assert "does not track" in notice.text


def test_a_layer_called_many_times_has_a_node_for_each_call(read: Read, by_path: ByPath) -> None:
    class Repeats(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="repeats")
            self.block = Block()

        def call(self, x: Any) -> Any:
            for _ in range(3):
                x = self.block(x)
            return x

    architecture = read(around(Repeats), VECTOR)
    nodes = by_path(architecture)
    assert [group.path for group in architecture.groups] == [
        "repeats",
        "repeats/block",
        "repeats/block@2",
        "repeats/block@3",
    ]
    assert nodes["repeats/block/dense"].parameters == 20
    assert nodes["repeats/block@3/dense"].shared == nodes["repeats/block/dense"].number
    assert nodes["repeats/block@3/dense"].call == 3
    assert architecture.totals.parameters == 20 + 20 + 10


def test_attention_opens_into_projections_and_operations(read: Read) -> None:
    def build() -> keras.Model:
        x = keras.Input((None, 16), name="x")
        return keras.Model(x, layers.MultiHeadAttention(2, 8, dropout=0.1, name="mha")(x, x))

    architecture = read(build)
    assert [(node.name, node.class_name) for node in architecture.nodes[1:]] == [
        ("query", "EinsumDense"),
        ("key", "EinsumDense"),
        ("value", "EinsumDense"),
        ("multiply", "multiply"),
        ("einsum", "einsum"),
        ("softmax", "Softmax"),
        ("dropout", "Dropout"),
        ("einsum_1", "einsum"),
        ("attention_output", "EinsumDense"),
    ]
    assert sources(architecture, "mha/einsum_1") == ["mha/dropout", "mha/value"]


def test_a_recurrent_layer_stays_one_leaf_and_its_wrapper_opens(read: Read, by_path: ByPath) -> None:
    def build() -> keras.Model:
        x = keras.Input((None, 4), name="x")
        cells = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], name="cells")
        both = layers.Bidirectional(layers.LSTM(3, return_sequences=True, name="lstm"), name="both")
        return keras.Model(x, cells(both(x)))

    architecture = read(build)
    assert paths(architecture) == [
        "x",
        "both/forward_lstm",
        "both/backward_lstm",
        "both/flip",
        "both/concatenate",
        "cells",
    ]
    assert by_path(architecture)["cells"].opaque is None
    assert by_path(architecture)["cells"].parameters > 0


@pytest.mark.parametrize("steps", [5, None])
def test_time_distributed_shows_its_inner_model_once(read: Read, by_path: ByPath, steps: int | None) -> None:
    def build() -> keras.Model:
        x = keras.Input((steps, 8, 8, 3), name="x")
        inner = keras.Sequential([layers.Conv2D(2, 3, name="conv"), layers.Flatten(name="flat")], name="frame")
        return keras.Model(x, layers.TimeDistributed(inner, name="each")(x))

    architecture = read(build)
    assert paths(architecture) == ["x", "each/unstack", "each/frame/conv", "each/frame/flat", "each/stack"]
    assert architecture.groups[0].config["timesteps"] == steps
    assert by_path(architecture)["each/frame/conv"].outputs[0].shape == (None, 6, 6, 2)
    assert by_path(architecture)["each/stack"].outputs[0].shape == (None, steps, 72)


def test_raw_tensorflow_is_marked_as_such(read: Read, by_path: ByPath) -> None:
    class Raw(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="raw")
            self.dense = layers.Dense(4, name="dense")

        def call(self, x: Any) -> Any:
            return tf.nn.l2_normalize(tf.nn.elu(self.dense(x)), axis=-1)

    nodes = by_path(read(around(Raw), VECTOR))
    assert (nodes["raw/Elu"].class_name, nodes["raw/Elu"].module) == ("Elu", "tf")
    assert (nodes["raw/l2_normalize"].class_name, nodes["raw/l2_normalize"].module) == ("l2_normalize", "tf")


def test_python_operators_are_operations_with_their_constants(read: Read) -> None:
    class Arithmetic(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="sums")
            self.dense = layers.Dense(4, name="dense")

        def call(self, x: Any) -> Any:
            return (1.0 - self.dense(x)[:, 1:]) / 2.0

    operations = [node for node in read(around(Arithmetic), VECTOR).nodes if node.kind == "operation"]
    assert [(node.class_name, node.module, dict(node.config)) for node in operations] == [
        ("get_item", "keras.ops", {"key": [":", "1:"]}),
        ("subtract", "keras.ops", {"x1": 1.0}),
        ("true_divide", "keras.ops", {"x2": 2.0}),
    ]


def test_a_weight_of_a_composite_layer_sits_on_the_operation_that_uses_it(read: Read, by_path: ByPath) -> None:
    class Scale(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="scaled")
            self.dense = layers.Dense(4, name="dense")

        def build(self, _: Any) -> None:
            self.scale = self.add_weight(shape=(4,), name="scale")
            self.unused = self.add_weight(shape=(7,), name="unused")

        def call(self, x: Any) -> Any:
            return self.dense(x) * ops.exp(self.scale)

    architecture = read(around(Scale), VECTOR)
    assert [weight.name for weight in by_path(architecture)["scaled/multiply"].weights] == ["scale"]
    (uncalled,) = architecture.uncalled
    assert (uncalled.path, [weight.name for weight in uncalled.weights]) == ("scaled", ["unused"])
    held = sum(node.parameters for node in architecture.nodes) + uncalled.parameters
    assert held == architecture.totals.parameters


def test_tied_weights_count_once(read: Read, by_path: ByPath) -> None:
    class Tied(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.embed = layers.Embedding(20, 8, name="embed")

        def call(self, ids: Any) -> Any:
            return ops.matmul(self.embed(ids), ops.transpose(self.embed.embeddings))

    architecture = read(Tied, TOKENS)
    nodes = by_path(architecture)
    assert paths(architecture) == ["input", "embed", "matmul"]
    assert (nodes["embed"].parameters, nodes["matmul"].parameters) == (160, 0)
    assert nodes["matmul"].config["weights"] == ["embed/embeddings"]


def test_inference_is_drawn(read: Read) -> None:
    class Branches(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="branches")
            self.train, self.infer = layers.Dense(4, name="train"), layers.Dense(4, name="infer")

        def build(self, shape: Any) -> None:
            self.train.build(shape)

        def call(self, x: Any, training: bool = False) -> Any:
            return self.train(x) if training else self.infer(x)

    architecture = read(around(Branches), VECTOR)
    assert "branches/infer" in paths(architecture)
    assert [uncalled.path for uncalled in architecture.uncalled] == ["branches/train"]


def test_control_flow_on_shapes_is_followed(read: Read) -> None:
    class OnShapes(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="shapes")
            self.narrow, self.wide = layers.Dense(4, name="narrow"), layers.Dense(4, name="wide")

        def call(self, x: Any) -> Any:
            return self.wide(x) if x.shape[-1] > 2 else self.narrow(x)

    assert "shapes/wide" in paths(read(around(OnShapes), VECTOR))


def test_masks_reach_the_layers_that_use_them(read: Read) -> None:
    class Masked(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.embed = layers.Embedding(9, 4, mask_zero=True, name="embed")
            self.drop = layers.Dropout(0.1, name="drop")
            self.lstm = layers.LSTM(3, name="lstm")

        def call(self, ids: Any) -> Any:
            return self.lstm(self.drop(self.embed(ids)))

    architecture = read(Masked, TOKENS)
    assert sources(architecture, "lstm") == ["drop", "not_equal"]


def test_dict_and_nested_inputs_and_outputs(read: Read) -> None:
    class Structured(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = layers.Dense(2, name="a"), layers.Dense(3, name="b")

        def call(self, inputs: Any) -> Any:
            return {"first": self.a(inputs["pair"][0]), "rest": [self.b(inputs["pair"][1]), inputs["plain"]]}

    architecture = read(Structured, {"pair": [VECTOR, VECTOR], "plain": {"shape": [2], "dtype": "int32"}})
    assert [port.name for port in architecture.inputs] == ["pair_0", "pair_1", "plain"]
    assert [(port.name, port.shape, port.dtype) for port in architecture.outputs] == [
        ("first", (None, 2), "float32"),
        ("rest.0", (None, 3), "float32"),
        ("rest.1", (None, 2), "int32"),
    ]


def test_several_arguments_of_call_are_fed_by_name(read: Read) -> None:
    class TwoArguments(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = layers.Dense(2, name="a"), layers.Dense(2, name="b")

        def call(self, image: Any, meta: Any, scale: float = 1.0) -> Any:
            return self.a(image) * scale + self.b(meta)

    architecture = read(TwoArguments, {"meta": {"shape": [3]}, "image": {"shape": [5]}})
    assert {port.name: port.shape for port in architecture.inputs} == {"image": (None, 5), "meta": (None, 3)}


def test_cached_functions_do_not_hide_their_layers(read: Read) -> None:
    class Cached(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="cached")
            self.dense = layers.Dense(4, name="dense")

        @tf.function  # type: ignore[untyped-decorator]  # TensorFlow is not typed
        def work(self, x: Any) -> Any:
            return self.dense(x)

        def call(self, x: Any) -> Any:
            return self.work(x)

    assert "cached/dense" in paths(read(around(Cached), VECTOR))


def test_rematerialised_layers_are_opened(read: Read) -> None:
    def build() -> keras.Model:
        with keras.RematScope(mode="full"):
            return around(Block)()

    assert "block/dense" in paths(read(build, VECTOR))


def test_a_direct_use_of_call_is_noticed(read: Read) -> None:
    class Direct(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="direct")
            self.dense = layers.Dense(4, name="dense")

        def build(self, shape: Any) -> None:
            self.dense.build(shape)

        def call(self, x: Any) -> Any:
            return self.dense.call(x)

    assert "direct/dense" in paths(read(around(Direct), VECTOR))


def test_an_activation_that_is_a_layer_leaves_its_owner_a_leaf(read: Read, by_path: ByPath) -> None:
    architecture = read(around(lambda: layers.Dense(4, activation=layers.LeakyReLU(), name="leaky")), VECTOR)
    assert by_path(architecture)["leaky"].activation == "leaky_relu"
    assert not architecture.groups


def test_a_layer_that_passes_its_input_on_lies_on_the_path(read: Read) -> None:
    architecture = read(around(lambda: layers.Dropout(0.5, name="drop")), VECTOR)
    assert sources(architecture, "last") == ["drop"]


def test_layers_in_a_loop_and_in_branches_are_read_inside(read: Read) -> None:
    class Controlled(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="controlled")
            self.body, self.yes, self.no = (layers.Dense(4, name=name) for name in ("body", "yes", "no"))

        def call(self, x: Any) -> Any:
            _, x = ops.while_loop(lambda i, _: i < 3, lambda i, h: (i + 1, self.body(h)), (0, x))
            return ops.cond(ops.any(x > 0), lambda: self.yes(x), lambda: self.no(x))

    architecture = read(around(Controlled), VECTOR)
    assert architecture.detail == "exact"
    assert [group.class_name for group in architecture.groups[1:]] == ["while_loop", "cond"]
    assert sources(architecture, "controlled/while_loop/body") == ["first"]
    assert sources(architecture, "controlled/cond/yes") == ["controlled/while_loop/while_loop"]
    assert sources(architecture, "controlled/cond/cond") == [
        "controlled/any",
        "controlled/cond/yes",
        "controlled/cond/no",
    ]


def test_a_vectorised_map_over_a_layer_is_read_inside(read: Read) -> None:
    class Mapped(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="mapped")
            self.dense = layers.Dense(4, name="dense")

        def call(self, x: Any) -> Any:
            return ops.vectorized_map(lambda row: self.dense(row[None])[0], x)

    architecture = read(around(Mapped), VECTOR)
    assert architecture.detail == "exact"
    assert any(node.name == "dense" for node in architecture.nodes)


def test_a_returned_weight_and_a_returned_constant_are_nodes(read: Read, by_path: ByPath) -> None:
    class Odd(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.scale = self.add_weight(shape=(3,), name="scale")

        def call(self, x: Any) -> Any:
            return self.scale, ops.ones((2,)), x

    architecture = read(Odd, VECTOR)
    assert [port.shape for port in architecture.outputs] == [(3,), (2,), (None, 4)]
    assert architecture.node(architecture.outputs[0].node).weights[0].name == "scale"


def test_no_weight_is_allocated(read: Read) -> None:
    class Huge(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1_000_000, name="dense")

        def call(self, x: Any) -> Any:
            return self.dense(x)

    architecture = read(Huge, {"shape": [1_000_000]})
    assert architecture.totals.parameters == 10**12 + 10**6
