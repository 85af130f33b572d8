"""A residual network as a class: nothing is known of it until it is called."""

from __future__ import annotations

from typing import Any

import keras
from keras import KerasTensor, layers, ops


class BasicBlock(layers.Layer):
    """Two 3×3 convolutions with a shortcut around them."""

    def __init__(self, filters: int, strides: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conv1 = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False, name="conv1")
        self.bn1 = layers.BatchNormalization(name="bn1")
        self.conv2 = layers.Conv2D(filters, 3, padding="same", use_bias=False, name="conv2")
        self.bn2 = layers.BatchNormalization(name="bn2")
        self.projection = (
            keras.Sequential(
                [
                    layers.Conv2D(filters, 1, strides=strides, use_bias=False, name="conv"),
                    layers.BatchNormalization(name="bn"),
                ],
                name="projection",
            )
            if strides != 1
            else None
        )

    def call(self, x: KerasTensor, training: bool = False) -> KerasTensor:
        """Map ``(batch, height, width, channels)`` to the block's width, halved in size if it strides."""
        y = ops.relu(self.bn1(self.conv1(x), training=training))
        y = self.bn2(self.conv2(y), training=training)
        shortcut = x if self.projection is None else self.projection(x, training=training)
        return ops.relu(shortcut + y)


class SubclassedResNet(keras.Model):
    """ResNet-18 for any image size, written with Python control flow."""

    def __init__(self, width: int = 64, blocks: tuple[int, ...] = (2, 2, 2, 2), classes: int = 100) -> None:
        super().__init__(name="subclassed_resnet")
        self.stem = layers.Conv2D(width, 7, strides=2, padding="same", use_bias=False, name="stem")
        self.stem_bn = layers.BatchNormalization(name="stem_bn")
        self.pool = layers.MaxPooling2D(3, strides=2, padding="same", name="pool")
        self.stages = [
            [
                BasicBlock(
                    width * 2**stage, 2 if stage > 0 and block == 0 else 1, name=f"stage{stage + 1}_block{block + 1}"
                )
                for block in range(count)
            ]
            for stage, count in enumerate(blocks)
        ]
        self.average = layers.GlobalAveragePooling2D(name="average")
        self.classifier = layers.Dense(classes, name="classifier")

    def call(self, images: KerasTensor, training: bool = False) -> KerasTensor:
        """Return one logit per class."""
        x = self.pool(ops.relu(self.stem_bn(self.stem(images), training=training)))
        for stage in self.stages:
            for block in stage:
                x = block(x, training=training)
        return self.classifier(self.average(x))


def subclassed_resnet(width: int = 64, classes: int = 100) -> keras.Model:
    """Classify images of any size with a ResNet-18 that is a Python class.

    Such a model has no layer graph of its own, and `plot_model` shows it as one box. The manifest says what it is to
    be fed (`inputs`), and the page shows every convolution inside.

    Args:
        width: Filters of the first stage.
        classes: Number of classes to tell apart.
    """
    return SubclassedResNet(width=width, classes=classes)
