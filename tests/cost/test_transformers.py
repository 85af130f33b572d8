"""Transformers cost what their closed formula says."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from keraviz_docs.architecture import Architecture
from keraviz_docs.cost import at_sizes, costs_of, node_costs, with_costs
from keraviz_docs.reading.graph import architecture_of

layers = keras.layers


def closed_formula(blocks: int, d: int, ff: int, n: int) -> int:
    """Four projections, two layers of the feed-forward network, and two products of positions with positions."""
    return blocks * (4 * d * d + 2 * d * ff + 2 * n * d) * n


def encoder(blocks: int, d: int, ff: int, heads: int, n: int | None) -> Any:
    inputs = keras.Input((n, d))
    hidden = inputs
    for _ in range(blocks):
        attended = layers.MultiHeadAttention(heads, d // heads)(hidden, hidden)
        hidden = layers.LayerNormalization()(layers.Add()([hidden, attended]))
        wide = layers.Dense(ff, activation="gelu")(hidden)
        hidden = layers.LayerNormalization()(layers.Add()([hidden, layers.Dense(d)(wide)]))
    return keras.Model(inputs, hidden)


def counted(model: Any) -> Architecture:
    return with_costs(architecture_of(model, id="model", builder="zoo:model"))


@pytest.mark.parametrize(
    ("blocks", "d", "ff", "heads", "n"), [(1, 16, 64, 2, 10), (3, 24, 40, 3, 7), (2, 32, 128, 8, 33)]
)
def test_an_encoder_of_keras_layers(blocks: int, d: int, ff: int, heads: int, n: int) -> None:
    totals = counted(encoder(blocks, d, ff, heads, n)).totals
    assert totals.macs_unknown == ()
    assert totals.macs == closed_formula(blocks, d, ff, n)


def test_an_encoder_of_subclassed_blocks_with_attention_by_hand() -> None:
    n, d, ff, heads = 12, 16, 48, 4

    class Attention(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.queries, self.keys, self.values, self.out = (layers.Dense(d, use_bias=False) for _ in range(4))

        def call(self, x: Any) -> Any:
            def split(y: Any) -> Any:
                return keras.ops.transpose(keras.ops.reshape(y, (-1, n, heads, d // heads)), (0, 2, 1, 3))

            q, k, v = split(self.queries(x)), split(self.keys(x)), split(self.values(x))
            scores = keras.ops.softmax(keras.ops.matmul(q, keras.ops.transpose(k, (0, 1, 3, 2))) / (d / heads) ** 0.5)
            mixed = keras.ops.transpose(scores @ v, (0, 2, 1, 3))
            return self.out(keras.ops.reshape(mixed, (-1, n, d)))

    class Block(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.attention, self.wide, self.narrow = Attention(), layers.Dense(ff, "relu"), layers.Dense(d)

        def call(self, x: Any) -> Any:
            x = x + self.attention(x)
            return x + self.narrow(self.wide(x))

    inputs = keras.Input((n, d))
    architecture = counted(keras.Model(inputs, Block()(Block()(inputs))))
    assert architecture.totals.macs_unknown == ()
    assert architecture.totals.macs == closed_formula(2, d, ff, n)
    by_group = costs_of(architecture).groups
    outer = [group for group in architecture.groups if group.parent is None]
    assert [by_group[group.path].macs.known for group in outer] == [closed_formula(1, d, ff, n)] * 2


@pytest.mark.slow
def test_a_vision_transformer_of_keras_hub() -> None:
    import keras_hub

    blocks, d, ff, patch = 3, 32, 64, 8
    model = keras_hub.models.ViTBackbone(
        image_shape=(48, 32, 3),
        patch_size=patch,
        num_layers=blocks,
        num_heads=4,
        hidden_dim=d,
        mlp_dim=ff,
    )
    totals = counted(model).totals
    patches = (48 // patch) * (32 // patch)
    assert totals.macs_unknown == ()
    assert totals.macs == patches * patch * patch * 3 * d + closed_formula(blocks, d, ff, patches + 1)


def tokens(n: int, *names: str) -> dict[str, Any]:
    return {name: {"shape": [n], "dtype": "int32"} for name in names}


@pytest.mark.slow
def test_language_models_of_keras_hub_at_the_manifests_length() -> None:
    import keras_hub

    n, blocks, d, ff, vocabulary = 24, 3, 32, 96, 50
    sizes = {"vocabulary_size": vocabulary, "num_layers": blocks, "hidden_dim": d, "intermediate_dim": ff}
    models = keras_hub.models

    bert = models.BertBackbone(**sizes, num_heads=4, max_sequence_length=64)
    counted_bert = with_costs(
        architecture_of(bert, id="bert", builder="x:y"), tokens(n, "token_ids", "segment_ids", "padding_mask")
    )
    pooler = d * d
    assert counted_bert.totals.macs == closed_formula(blocks, d, ff, n) + pooler
    assert counted_bert.totals.macs_unknown == ()

    gpt2 = models.GPT2Backbone(**sizes, num_heads=4, max_sequence_length=64)
    counted_gpt2 = with_costs(architecture_of(gpt2, id="gpt2", builder="x:y"), tokens(n, "token_ids", "padding_mask"))
    assert counted_gpt2.totals.macs == closed_formula(blocks, d, ff, n)
    assert counted_gpt2.totals.macs_unknown == ()

    llama = models.LlamaBackbone(**sizes, num_query_heads=8, num_key_value_heads=2)
    counted_llama = with_costs(
        architecture_of(llama, id="llama", builder="x:y"), tokens(n, "token_ids", "padding_mask")
    )
    # A quarter of the heads are projected for keys and values, and the feed-forward network has a gate.
    grouped = blocks * (2 * d * d + 2 * d * d // 4 + 3 * d * ff + 2 * n * d) * n
    assert counted_llama.totals.macs == grouped
    assert counted_llama.totals.macs_unknown == ()


def test_a_length_that_is_unknown_leaves_the_cost_unknown_but_tells_it_per_position() -> None:
    architecture = counted(encoder(1, 16, 64, 2, None))
    assert architecture.totals.macs is None
    assert architecture.totals.macs_unknown != ()
    dense = {architecture.node(cost.number).class_name: cost for cost in node_costs(architecture)}
    assert dense["Dense"].macs_per_position == 64 * 16


@pytest.mark.parametrize("n", [5, 40])
def test_a_length_given_afterwards_costs_what_the_model_of_that_length_does(n: int) -> None:
    architecture = architecture_of(encoder(2, 16, 64, 2, None), id="model", builder="zoo:model")
    totals = with_costs(at_sizes(architecture, {architecture.inputs[0].name: (n, 16)})).totals
    assert totals.macs_unknown == ()
    assert totals.macs == closed_formula(2, 16, 64, n)
