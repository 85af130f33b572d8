"""A residual network in the style of the first paper: plain Functional code with skip connections."""

from __future__ import annotations

import keras
from keras import KerasTensor, layers


def _convolution(x: KerasTensor, filters: int, size: int, strides: int, name: str) -> KerasTensor:
    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return layers.BatchNormalization(name=f"{name}_bn")(x)


def _residual_block(x: KerasTensor, filters: int, strides: int, name: str) -> KerasTensor:
    shortcut = x
    if strides != 1 or x.shape[-1] != filters:
        shortcut = _convolution(x, filters, 1, strides, f"{name}_shortcut")
    y = layers.ReLU(name=f"{name}_1_relu")(_convolution(x, filters, 3, strides, f"{name}_1"))
    y = _convolution(y, filters, 3, 1, f"{name}_2")
    return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([shortcut, y]))


def residual_model(filters: int = 64, blocks: tuple[int, ...] = (2, 2, 2), classes: int = 10) -> keras.Model:
    """Classify small images with a residual network.

    Every block adds what it has learnt to what it was given, so that gradients have a short way back. Where a stage
    halves the resolution and doubles the width, a strided 1×1 convolution brings the shortcut to the same shape.

    Args:
        filters: Width of the first stage; every further stage doubles it.
        blocks: Number of residual blocks in each stage.
        classes: Number of classes to tell apart.
    """
    image = keras.Input((32, 32, 3), name="image")
    x = layers.ReLU(name="stem_relu")(_convolution(image, filters, 3, 1, "stem"))
    for stage, count in enumerate(blocks, start=1):
        for block in range(1, count + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            x = _residual_block(x, filters * 2 ** (stage - 1), strides, f"stage{stage}_block{block}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    outputs = layers.Dense(classes, activation="softmax", name="probabilities")(x)
    return keras.Model(image, outputs, name="residual")
