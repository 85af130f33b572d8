"""An image as a sentence of patches."""

from __future__ import annotations

from typing import Any

import keras
from keras import KerasTensor, layers, ops


class ClassToken(layers.Layer):
    """Put one learnt vector in front of the patches and add a learnt position to all of them.

    Not registered with Keras on purpose: pages name custom layers by their own class whether registered or not.
    """

    def build(self, input_shape: tuple[int | None, int, int]) -> None:
        """Create the token and the positions for ``(batch, patches, width)``."""
        _, patches, width = input_shape
        self.token = self.add_weight(shape=(1, 1, width), initializer="zeros", name="token")
        self.positions = self.add_weight(shape=(1, patches + 1, width), initializer="random_normal", name="positions")

    def call(self, patches: KerasTensor) -> KerasTensor:
        """Map ``(batch, patches, width)`` to ``(batch, patches + 1, width)``."""
        token = ops.broadcast_to(self.token, (ops.shape(patches)[0], 1, self.token.shape[-1]))
        return ops.concatenate([token, patches], axis=1) + self.positions

    def compute_output_shape(self, input_shape: tuple[int | None, int, int]) -> tuple[int | None, int, int]:
        """Return the shape with one more position."""
        batch, patches, width = input_shape
        return batch, patches + 1, width


class EncoderBlock(layers.Layer):
    """Self-attention and a two-layer perceptron, with dropout, each added to its input."""

    def __init__(self, width: int, heads: int, hidden: int, dropout: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.heads, self.hidden, self.dropout = width, heads, hidden, dropout
        self.norm1 = layers.LayerNormalization(epsilon=1e-6, name="norm1")
        self.attention = layers.MultiHeadAttention(heads, width // heads, dropout=dropout, name="attention")
        self.norm2 = layers.LayerNormalization(epsilon=1e-6, name="norm2")
        self.perceptron = keras.Sequential(
            [
                layers.Dense(hidden, activation="gelu", name="hidden"),
                layers.Dropout(dropout, name="drop1"),
                layers.Dense(width, name="output"),
                layers.Dropout(dropout, name="drop2"),
            ],
            name="perceptron",
        )

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights of all four parts."""
        self.norm1.build(input_shape)
        self.attention.build(input_shape, input_shape)
        self.norm2.build(input_shape)
        self.perceptron.build(input_shape)

    def call(self, x: KerasTensor) -> KerasTensor:
        """Keep the shape ``(batch, positions, width)``."""
        y = self.norm1(x)
        x = layers.add([x, self.attention(y, y)])
        return layers.add([x, self.perceptron(self.norm2(x))])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "width": self.width,
            "heads": self.heads,
            "hidden": self.hidden,
            "dropout": self.dropout,
        }


def vision_transformer(
    image_size: int = 224, patch: int = 16, width: int = 192, heads: int = 3, blocks: int = 12, classes: int = 1000
) -> keras.Model:
    """Classify an image with a vision transformer; the default sizes are those of ViT-Tiny.

    A strided convolution cuts the image into patches, a custom layer puts a class token in front, and twelve
    encoder blocks let the positions exchange what they see. Only the class token is read at the end.

    Args:
        image_size: Height and width in pixels.
        patch: Height and width of a patch.
        width: Length of each position's vector.
        heads: Attention heads per block.
        blocks: Number of encoder blocks.
        classes: Number of classes to tell apart.
    """
    image = keras.Input((image_size, image_size, 3), name="image")
    x = layers.Conv2D(width, patch, strides=patch, name="patches")(image)
    x = layers.Reshape((-1, width), name="as_sequence")(x)
    x = ClassToken(name="class_token")(x)
    for index in range(1, blocks + 1):
        x = EncoderBlock(width, heads, 4 * width, name=f"encoder{index}")(x)
    x = layers.LayerNormalization(epsilon=1e-6, name="final_norm")(x)
    outputs = layers.Dense(classes, activation="softmax", name="probabilities")(x[:, 0])
    return keras.Model(image, outputs, name="vision_transformer")
