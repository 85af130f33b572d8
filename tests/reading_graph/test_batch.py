"""A batch size of its own for a model that leaves it open."""

from __future__ import annotations

import keras
from keras import layers

from keraviz_docs.cost import with_costs
from keraviz_docs.reading.graph import architecture_of


def two_step_classifier() -> keras.Model:
    inner = keras.Sequential([keras.Input((8,)), layers.Dense(4, name="dense")], name="inner")
    steps = keras.Input((5, 8), name="steps")
    return keras.Model(steps, layers.TimeDistributed(inner, name="each")(steps))


def test_the_batch_is_open_where_the_model_leaves_it_open() -> None:
    architecture = architecture_of(two_step_classifier(), id="m", builder="zoo:m")
    assert (architecture.inputs[0].shape, architecture.outputs[0].shape) == ((None, 5, 8), (None, 5, 4))


def test_a_batch_size_goes_through_the_whole_model() -> None:
    architecture = architecture_of(two_step_classifier(), id="m", builder="zoo:m", batch=3)
    assert (architecture.inputs[0].shape, architecture.outputs[0].shape) == ((3, 5, 8), (3, 5, 4))
    assert architecture.detail == "exact"


def test_a_batch_size_applies_to_a_model_without_a_graph() -> None:
    class Doubled(keras.Model):
        def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
            return x * 2

    architecture = architecture_of(Doubled(), id="m", builder="zoo:m", inputs={"shape": [4]}, batch=2)
    assert architecture.outputs[0].shape == (2, 4)


def test_each_step_of_a_distributed_layer_counts() -> None:
    architecture = with_costs(architecture_of(two_step_classifier(), id="m", builder="zoo:m"))
    assert architecture.totals.macs == 5 * 8 * 4


def test_a_custom_layer_that_only_adds_is_known_to_multiply_nothing() -> None:
    class Shift(layers.Layer):
        def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
            return x + 1.0

    class Mix(layers.Layer):
        def build(self, shape: tuple[int, ...]) -> None:
            self.kernel = self.add_weight(shape=(shape[-1], 3))

        def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
            return keras.ops.matmul(x, self.kernel)

    x = keras.Input((8,))
    model = keras.Model(x, Mix(name="mix")(Shift(name="shift")(x)))
    architecture = with_costs(architecture_of(model, id="m", builder="zoo:m"))
    assert {node.name: node.macs for node in architecture.nodes if node.kind == "layer"} == {"shift": 0, "mix": None}
    assert architecture.totals.macs_unknown == ("mix",)
