"""Shapes at batch 1 and at given sizes: what follows is filled in, what does not stays unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest

from keraviz_docs.cost import at_sizes, with_costs
from keraviz_docs.cost.shapes import at_batch_one
from keraviz_docs.reading.graph import architecture_of

Make = Callable[..., Any]
layers, ops = keras.layers, keras.ops


def image_model(size: int | None) -> Any:
    inputs = keras.Input((size, size, 3), name="image")
    hidden = layers.ZeroPadding2D(((0, 1), (1, 0)))(inputs)
    hidden = layers.Conv2D(8, 3, strides=2, use_bias=False)(hidden)
    skip = layers.BatchNormalization()(hidden)
    hidden = layers.MaxPooling2D(3, 2, padding="same")(layers.Activation("relu")(skip))
    hidden = layers.DepthwiseConv2D(5, padding="same", dilation_rate=2)(hidden)
    hidden = layers.SeparableConv2D(8, 3, padding="same")(hidden)
    wide = layers.Conv2DTranspose(8, 3, strides=2, padding="same")(hidden)
    also = layers.UpSampling2D(2)(hidden)
    hidden = layers.Concatenate()([wide, also])
    gate = layers.GlobalAveragePooling2D(keepdims=True)(hidden)
    hidden = layers.Multiply()([hidden, layers.Conv2D(16, 1, activation="sigmoid")(gate)])
    hidden = layers.Cropping2D(1)(hidden)
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalMaxPooling2D()(hidden)))


def sequence_model(length: int | None) -> Any:
    inputs = keras.Input((length,), dtype="int32", name="text")
    hidden = layers.Embedding(50, 12)(inputs)
    hidden = layers.Conv1D(12, 5, strides=2, padding="causal")(hidden)
    hidden = layers.Bidirectional(layers.LSTM(6, return_sequences=True))(hidden)
    hidden = layers.GRU(12, return_sequences=True)(hidden)
    queries = layers.EinsumDense("abc,cde->abde", output_shape=(None, 3, 4))(hidden)
    scores = ops.einsum("bqhd,bkhd->bhqk", queries, queries)
    mixed = ops.einsum("bhqk,bkhd->bqhd", ops.softmax(scores), queries)
    hidden = layers.Reshape((-1, 12))(mixed)
    hidden = ops.transpose(ops.transpose(hidden, (0, 2, 1)) * 2.0, (0, 2, 1))
    hidden = ops.matmul(ops.matmul(hidden, ops.transpose(hidden, (0, 2, 1))), hidden)
    hidden = layers.TimeDistributed(layers.Dense(4))(hidden)
    hidden = ops.concatenate([hidden[:, :, :2], ops.expand_dims(hidden[:, :, 0], -1)], axis=-1)
    return keras.Model(inputs, layers.Dense(2)(ops.mean(hidden, axis=1)))


@pytest.mark.parametrize("size", [32, 45])
def test_an_image_model_of_open_size_becomes_the_model_of_that_size(size: int) -> None:
    described = architecture_of(image_model(None), id="m", builder="zoo:m")
    given = with_costs(at_sizes(described, {"image": (size, size, 3)}))
    real = with_costs(architecture_of(image_model(size), id="m", builder="zoo:m"))
    assert [[t.shape for t in n.outputs] for n in at_size_one(given)] == [
        [t.shape for t in n.outputs] for n in at_size_one(real)
    ]
    assert given.totals == real.totals
    assert real.totals.macs_unknown == ()


@pytest.mark.parametrize("length", [10, 31])
def test_a_text_model_of_open_length_becomes_the_model_of_that_length(length: int) -> None:
    described = architecture_of(sequence_model(None), id="m", builder="zoo:m")
    given = with_costs(at_sizes(described, {"text": (length,)}))
    real = with_costs(architecture_of(sequence_model(length), id="m", builder="zoo:m"))
    assert real.totals.macs_unknown == ()
    assert given.totals == real.totals


def at_size_one(architecture: Any) -> Any:
    """The nodes at batch 1."""
    from msgspec.structs import replace

    return [
        replace(node, outputs=outputs)
        for node, outputs in zip(architecture.nodes, at_batch_one(architecture), strict=True)
    ]


def shape_after(architecture: Any) -> Any:
    return at_batch_one(architecture)[-1][0].shape


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ([":", 0], (1, 8)),
        ([":", "1:-1"], (1, 18, 8)),
        ([":", "::-2"], (1, 10, 8)),
        ([":", "newaxis", ":"], (1, 1, 20, 8)),
        ([":", None, 3], (1, 1, 8)),
        (["...", 0], (1, 20)),
        (["...", "newaxis"], (1, 20, 8, 1)),
    ],
)
def test_indexing_takes_what_it_says(leaf: Make, entry: Make, model_of: Make, key: Any, expected: Any) -> None:
    declared = tuple(None if size == 20 or place == 0 else size for place, size in enumerate(expected))
    declared = tuple(None if size in (18, 10) else size for size in declared)
    settings = {"kind": "operation", "module": "keras.ops", "config": {"key": key}}
    architecture = model_of(entry(1, (None, None, 8)), leaf(2, "get_item", declared, inputs=[1], **settings))
    sized = at_sizes(architecture, {architecture.inputs[0].name: (20, 8)})
    assert sized.nodes[-1].outputs[0].shape == expected


def test_a_constant_that_is_no_node_may_widen_what_it_meets(leaf: Make, entry: Make, model_of: Make) -> None:
    """A causal mask, made of the length alone, meets a padding mask: ``(None, 1, None)`` becomes square."""
    settings = {"kind": "operation", "module": "keras.ops"}
    architecture = model_of(
        entry(1, (None, None)),
        leaf(2, "expand_dims", (None, 1, None), inputs=[1], config={"axis": 1}, **settings),
        leaf(3, "minimum", (None, None, None), inputs=[2], **settings),
    )
    sized = at_sizes(architecture, {architecture.inputs[0].name: (20,)})
    assert sized.nodes[-1].outputs[0].shape == (1, None, 20)


def test_windows_folded_into_the_batch_are_not_one_sample(leaf: Make, entry: Make, model_of: Make) -> None:
    architecture = model_of(
        entry(1, (None, 56, 56, 96)),
        leaf(2, "reshape", (None, 8, 7, 8, 7, 96), inputs=[1], kind="operation", module="keras.ops"),
        leaf(
            3,
            "transpose",
            (None, 8, 8, 7, 7, 96),
            inputs=[2],
            kind="operation",
            module="keras.ops",
            config={"axes": [0, 1, 3, 2, 4, 5]},
        ),
        leaf(4, "reshape", (None, 49, 96), inputs=[3], kind="operation", module="keras.ops"),
        leaf(5, "Dense", (None, 49, 288), inputs=[4], config={"use_bias": False}),
    )
    assert shape_after(architecture) == (64, 49, 288)
    assert with_costs(architecture).totals.macs == 64 * 49 * 96 * 288


def test_a_stranger_that_may_cut_its_input_into_pieces_leaves_the_batch_unknown(
    leaf: Make, entry: Make, model_of: Make
) -> None:
    def after(source: Any, shape: Any) -> Any:
        stranger = leaf(2, "Stranger", shape, inputs=[1], module="zoo.layers")
        return shape_after(model_of(entry(1, source), stranger))

    assert after((None, 56, 56, 96), (None, 7, 7, 96)) == (None, 7, 7, 96)
    assert after((None, 56, 56, 96), (None, 56, 56, 96)) == (1, 56, 56, 96)
    assert after((None, 56, 56, 96), (None, 7, 7, 32)) == (1, 7, 7, 32)
    assert after((None, 56, 56, 96), (None, 10)) == (1, 10)
    assert after((None, None, 8), (None, None, 8)) == (1, None, 8), "a stranger may change a length"


def test_steps_that_join_the_batch_count_as_often_as_they_are(leaf: Make, entry: Make, model_of: Make) -> None:
    """The way a ``TimeDistributed`` layer is opened."""
    architecture = model_of(
        entry(1, (None, 6, 5)),
        leaf(2, "unstack", (None, 5), inputs=[1], kind="operation", module="keras.ops", config={"axis": 1}),
        leaf(3, "Dense", (None, 7), inputs=[2]),
        leaf(4, "stack", (None, 6, 7), inputs=[3, 1], kind="operation", module="keras.ops", config={"axis": 1}),
    )
    assert with_costs(architecture).totals.macs == 6 * 35
    assert shape_after(architecture) == (1, 6, 7)


def test_an_input_that_does_not_exist_or_fit_is_refused(entry: Make, model_of: Make) -> None:
    architecture = model_of(entry(1, (None, None, 3)))
    name = architecture.inputs[0].name
    with pytest.raises(ValueError, match="no input is named 'typo'"):
        at_sizes(architecture, {"typo": (4, 3)})
    with pytest.raises(ValueError, match="does not fit"):
        at_sizes(architecture, {name: (4, 5)})
    assert at_sizes(architecture, {name: (4, 3)}).inputs[0].shape == (1, 4, 3)
