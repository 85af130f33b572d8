"""A small language model written the way research code is: custom layers made of layers."""

from __future__ import annotations

from typing import Any

import keras
from keras import KerasTensor, layers, ops


@keras.saving.register_keras_serializable(package="example_zoo")
class TokenAndPosition(layers.Layer):
    """Embed each token and add an embedding of its position."""

    def __init__(self, vocabulary: int, length: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.vocabulary, self.length, self.width = vocabulary, length, width
        self.token = layers.Embedding(vocabulary, width, name="token")
        self.position = layers.Embedding(length, width, name="position")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create both tables."""
        self.token.build(input_shape)
        self.position.build((self.length,))

    def call(self, tokens: KerasTensor) -> KerasTensor:
        """Map ``(batch, length)`` to ``(batch, length, width)``."""
        return self.token(tokens) + self.position(ops.arange(ops.shape(tokens)[1]))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "vocabulary": self.vocabulary,
            "length": self.length,
            "width": self.width,
        }


@keras.saving.register_keras_serializable(package="example_zoo")
class FeedForward(layers.Layer):
    """Two dense layers, applied to every position alike."""

    def __init__(self, width: int, hidden: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.hidden = width, hidden
        self.expand = layers.Dense(hidden, activation="gelu", name="expand")
        self.contract = layers.Dense(width, name="contract")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create both kernels."""
        self.expand.build(input_shape)
        self.contract.build((*input_shape[:-1], self.hidden))

    def call(self, x: KerasTensor) -> KerasTensor:
        """Keep the shape ``(batch, length, width)``."""
        return self.contract(self.expand(x))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "width": self.width, "hidden": self.hidden}


@keras.saving.register_keras_serializable(package="example_zoo")
class DecoderBlock(layers.Layer):
    """Causal self-attention and a feed-forward network, each normalised before and added after."""

    def __init__(self, width: int, heads: int, hidden: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.heads, self.hidden = width, heads, hidden
        self.norm1 = layers.LayerNormalization(name="norm1")
        self.attention = layers.MultiHeadAttention(heads, width // heads, name="attention")
        self.norm2 = layers.LayerNormalization(name="norm2")
        self.feed_forward = FeedForward(width, hidden, name="feed_forward")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights of all four parts."""
        self.norm1.build(input_shape)
        self.attention.build(input_shape, input_shape)
        self.norm2.build(input_shape)
        self.feed_forward.build(input_shape)

    def call(self, x: KerasTensor) -> KerasTensor:
        """Keep the shape ``(batch, length, width)``."""
        normed = self.norm1(x)
        x = x + self.attention(normed, normed, use_causal_mask=True)
        return x + self.feed_forward(self.norm2(x))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "width": self.width,
            "heads": self.heads,
            "hidden": self.hidden,
        }


def tiny_language_model(
    vocabulary: int = 4096, length: int = 128, width: int = 128, heads: int = 4, blocks: int = 4
) -> keras.Model:
    """Predict the next token, with a small decoder-only transformer.

    The Functional model sees six layers; each block is a composite layer with attention and a feed-forward network
    inside, which the diagrams open.

    Args:
        vocabulary: Number of distinct tokens.
        length: Longest context.
        width: Length of each token's vector.
        heads: Attention heads per block.
        blocks: Number of decoder blocks.
    """
    tokens = keras.Input((length,), dtype="int32", name="tokens")
    x = TokenAndPosition(vocabulary, length, width, name="embedding")(tokens)
    for index in range(1, blocks + 1):
        x = DecoderBlock(width, heads, 4 * width, name=f"block{index}")(x)
    x = layers.LayerNormalization(name="final_norm")(x)
    logits = layers.Dense(vocabulary, use_bias=False, name="logits")(x)
    return keras.Model(tokens, logits, name="tiny_language_model")
