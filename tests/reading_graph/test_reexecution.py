"""The strongest check of the data flow: each node, given its own inputs and weights alone, computes what it should.

A model is traced; then its leaves are executed one by one in the order of their numbers, and each is fed nothing but
the values on its incoming edges, its weights and the shapes of tensors.  A missing edge leaves a placeholder unfed and
fails; a wrong one gives another result than the model.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops, tree

from keraviz_docs.reading import model_inputs
from keraviz_docs.reading.dataflow import dataflow_of
from keraviz_docs.reading.draft import Call, Value
from keraviz_docs.reading.tracing import Instrumentation, Trace, trace

Case = tuple[Callable[[], Any], Any]


class Residual(layers.Layer):
    def __init__(self, filters: int) -> None:
        super().__init__()
        self.first = layers.Conv2D(filters, 3, padding="same")
        self.norm = layers.BatchNormalization()
        self.second = layers.Conv2D(filters, 3, padding="same")

    def call(self, x: Any, training: bool | None = None) -> Any:
        y = ops.relu(self.norm(self.first(x), training=training))
        return ops.relu(x + self.second(y))


class SubclassedResNet(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.stem = layers.Conv2D(8, 3, padding="same")
        self.blocks = [Residual(8), Residual(8)]
        self.heads = {"class": layers.Dense(4, activation="softmax"), "box": layers.Dense(2)}

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x, training=training)
        x = tf.reduce_mean(x, axis=[1, 2])
        return {name: head(x) for name, head in self.heads.items()}


class EncoderBlock(layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.attention = layers.MultiHeadAttention(2, 8, dropout=0.1)
        self.norms = (layers.LayerNormalization(), layers.LayerNormalization())
        self.feed_forward = keras.Sequential([layers.Dense(32, activation="gelu"), layers.Dense(16)])

    def call(self, x: Any) -> Any:
        x = self.norms[0](x + self.attention(x, x))
        return self.norms[1](x + self.feed_forward(x))


class TinyTransformer(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.embed = layers.Embedding(20, 16, mask_zero=True)
        self.position = self.add_weight(shape=(12, 16), name="position")
        self.blocks = [EncoderBlock(), EncoderBlock()]

    def call(self, ids: Any) -> Any:
        x = self.embed(ids) + self.position[: ops.shape(ids)[1]]
        for block in self.blocks:
            x = block(x)
        return ops.matmul(x, ops.transpose(self.embed.embeddings))


class TwoInputs(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.shared = layers.Dense(6)
        self.merge = layers.Concatenate()

    def call(self, inputs: dict[str, Any]) -> Any:
        left, right = self.shared(inputs["left"]), self.shared(inputs["right"])
        return self.merge([left, right, left * right]), ops.sum(left - right, axis=-1)


class Taggers(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.embed = layers.Embedding(20, 8, mask_zero=True)
        self.forth_and_back = layers.Bidirectional(layers.LSTM(5, return_sequences=True))
        self.each = layers.TimeDistributed(keras.Sequential([layers.Dense(6, activation="relu"), layers.Dense(3)]))
        self.last = layers.RNN(layers.StackedRNNCells([layers.GRUCell(4), layers.LSTMCell(4)]))

    def call(self, ids: Any) -> Any:
        x = self.forth_and_back(self.embed(ids))
        return self.each(x), self.last(x)


class SqueezeExcite(layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.pool = layers.GlobalAveragePooling2D(keepdims=True)
        self.scale = layers.Conv2D(8, 1, activation="sigmoid")

    def call(self, x: Any) -> Any:
        return x * self.scale(self.pool(x))


def unet() -> keras.Model:
    x = keras.Input((16, 16, 3))
    down = SqueezeExcite()(layers.Conv2D(8, 3, padding="same", activation="relu")(x))
    deep = layers.Conv2D(8, 3, padding="same", dilation_rate=2)(layers.MaxPooling2D()(down))
    up = layers.Conv2DTranspose(8, 2, strides=2)(deep)
    return keras.Model(x, layers.Conv2D(1, 1)(layers.Concatenate()([up, down])))


def video() -> keras.Model:
    x = keras.Input((3, 8, 8, 2))
    frame = keras.Sequential([layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten()])
    return keras.Model(x, layers.GRU(5)(layers.TimeDistributed(frame)(x)))


def nested() -> keras.Model:
    x = keras.Input((8,))
    inner = keras.Model(x, [layers.Dense(4)(x), layers.Dense(4, activation="tanh")(x)])
    y = keras.Input((8,))
    a, b = inner(y)
    c, d = inner(y * 2.0 - 1.0)
    return keras.Model(y, layers.Add()([a * b, c, d, a]))


IMAGE = {"shape": [16, 16, 3]}
IDS = {"shape": [6], "dtype": "int32"}
SMALL = {"vocabulary_size": 20, "num_layers": 2, "hidden_dim": 16, "intermediate_dim": 32}
HEADS = {"num_query_heads": 2, "num_key_value_heads": 1}

CASES: dict[str, Case] = {
    "subclassed ResNet": (SubclassedResNet, IMAGE),
    "subclassed transformer": (TinyTransformer, IDS),
    "dict inputs, shared layer": (TwoInputs, {"left": {"shape": [4]}, "right": {"shape": [4]}}),
    "recurrent": (Taggers, IDS),
    "U-Net": (unet, None),
    "video": (video, None),
    "nested and shared": (nested, None),
    "MobileNetV3Small": (lambda: keras.applications.MobileNetV3Small(weights=None, input_shape=(32, 32, 3)), None),
    "ConvNeXtTiny": (lambda: keras.applications.ConvNeXtTiny(weights=None, input_shape=(32, 32, 3)), None),
    "BERT": (lambda: keras_hub.models.BertBackbone(num_heads=2, max_sequence_length=16, **SMALL), None),
    "GPT-2": (lambda: keras_hub.models.GPT2Backbone(num_heads=2, max_sequence_length=16, **SMALL), None),
    "Llama 3": (lambda: keras_hub.models.Llama3Backbone(**SMALL, **HEADS), None),
    "Gemma": (lambda: keras_hub.models.GemmaBackbone(head_dim=8, **SMALL, **HEADS), None),
    "Mixtral": (lambda: keras_hub.models.MixtralBackbone(num_experts=2, top_k=1, **SMALL, **HEADS), None),
    "DeBERTa": (lambda: keras_hub.models.DebertaV3Backbone(num_heads=2, max_sequence_length=16, **SMALL), None),
    "T5": (lambda: keras_hub.models.T5Backbone(num_heads=2, **SMALL), None),
    "ViT": (
        lambda: keras_hub.models.ViTBackbone(
            image_shape=(32, 32, 3), patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32
        ),
        None,
    ),
    "Whisper": (
        lambda: keras_hub.models.WhisperBackbone(
            num_heads=2, max_encoder_sequence_length=16, max_decoder_sequence_length=16, **SMALL
        ),
        None,
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_nodes_fed_only_by_their_edges_compute_what_the_model_computes(name: str) -> None:
    build, specification = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras.utils.set_random_seed(0)
        model = build()
        call = model_inputs.symbolic(model, specification)
        example = tree.map_structure(_example, (call.args, dict(call.kwargs)))
        model(*example[0], **example[1])
        expected = tree.flatten(model(*example[0], training=False, **example[1]))
        with Instrumentation() as instrumentation:
            record = trace(instrumentation, model, call.args, call.kwargs)

    assert not any(frame.opaque or frame.observation for frame in record.frames.values())
    computed = _execute(record, tree.flatten(example))
    assert len(computed) == len(expected)
    for ours, theirs in zip(computed, expected, strict=True):
        np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-5, atol=1e-5)


def _example(tensor: Any) -> Any:
    random = np.random.default_rng(0)
    shape = [2 if axis == 0 else 8 if size is None else size for axis, size in enumerate(tensor.shape)]
    if "int" in tensor.dtype:
        ids = random.integers(0, 2, shape).astype(tensor.dtype)  # also good as a segment or a mask
        ids[:, 0] = 1
        return ids
    return random.normal(size=shape).astype(tensor.dtype)


def _met(tensors: list[Any], ends: set[str]) -> set[str]:
    """Name the tensors that are met on the way back from some tensors, going no further than the ends."""
    met: set[str] = set()
    pending = list(tensors)
    while pending:
        tensor = pending.pop()
        if tensor.name not in met:
            met.add(tensor.name)
            if tensor.name not in ends:
                pending.extend(tensor.op.inputs)
    return met


def _execute(record: Trace, example: list[Any]) -> list[Any]:
    """Run a trace node by node, each on its declared inputs only."""
    inputs: dict[int, Value] = {}
    for tensor, _ in record.arguments:
        inputs[id(tensor)] = Call("input", "input", None).add_output(tuple(tensor.shape), tensor.dtype)
    flow = dataflow_of(record, None, lambda tensor: inputs[id(tensor)])
    weights = {placeholder.name: np.asarray(variable.value) for placeholder, variable in record.variables.values()}
    arrays_by_input = list(zip(record.arguments, example, strict=True))
    given = {placeholder.name: array for (_, placeholder), array in arrays_by_input}
    known: dict[Value, Any] = {inputs[id(tensor)]: array for (tensor, _), array in arrays_by_input}
    as_it_is = tf.compat.v1.ConfigProto()  # TensorFlow's optimiser may fuse away a tensor that is fed
    as_it_is.graph_options.rewrite_options.disable_meta_optimizer = True
    with tf.compat.v1.Session(graph=record.graph, config=as_it_is) as session:
        names = [tensor.name for tensor in flow.shapes if tensor.graph is record.graph]
        sizes = dict(zip(names, session.run(names, weights | given), strict=True))
        for call in flow.calls:
            wanted = [value for value in call.outputs if value in flow.tensors]
            fed = {flow.tensors[value].name: known[value] for value in call.inputs}
            met = _met([flow.tensors[value] for value in wanted], set(fed) | set(sizes))
            fed |= {name: array for name, array in (weights | sizes).items() if name in met}
            arrays = session.run([flow.tensors[value].name for value in wanted], fed)
            known.update(zip(wanted, arrays, strict=True))
    return [known[value] for value in flow.outputs]
