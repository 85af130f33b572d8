"""A one-stage detector: a feature pyramid, and one head shared by all of its levels."""

from __future__ import annotations

import keras
from keras import KerasTensor, layers


def _backbone(image: KerasTensor, width: int) -> list[KerasTensor]:
    x = layers.Conv2D(width, 3, strides=2, padding="same", activation="silu", name="stem")(image)
    levels: list[KerasTensor] = []
    for level in range(2, 6):
        x = layers.SeparableConv2D(
            width * 2 ** (level - 2), 3, strides=2, padding="same", activation="silu", name=f"c{level}"
        )(x)
        x = layers.BatchNormalization(name=f"c{level}_bn")(x)
        levels.append(x)
    return levels[1:]


def _head(width: int, outputs: int, name: str) -> keras.Sequential:
    return keras.Sequential(
        [
            keras.Input((None, None, width)),
            layers.Conv2D(width, 3, padding="same", activation="silu", name=f"{name}_tower1"),
            layers.Conv2D(width, 3, padding="same", activation="silu", name=f"{name}_tower2"),
            layers.Conv2D(outputs, 3, padding="same", name=f"{name}_predict"),
            layers.Reshape((-1, outputs), name=f"{name}_flatten"),
        ],
        name=f"{name}_head",
    )


def one_stage_detector(image_size: int = 256, width: int = 32, classes: int = 20) -> keras.Model:
    """Find objects in an image and name them.

    A feature pyramid carries meaning down to the fine levels. The same two heads, one for boxes and one for classes,
    look at all three levels; their weights count once although each is drawn three times. The outputs are a
    dictionary.

    Args:
        image_size: Height and width in pixels; a multiple of 32.
        width: Filters of the first stage and of the pyramid.
        classes: Number of kinds of objects.
    """
    image = keras.Input((image_size, image_size, 3), name="image")
    fine, middle, coarse = (
        layers.Conv2D(width, 1, name=f"lateral{level}")(feature)
        for level, feature in enumerate(_backbone(image, width), start=3)
    )
    p5 = coarse
    p4 = layers.Add(name="p4")([middle, layers.UpSampling2D(name="p5_up")(p5)])
    p3 = layers.Add(name="p3")([fine, layers.UpSampling2D(name="p4_up")(p4)])

    box_head, class_head = _head(width, 4, "box"), _head(width, classes, "class")
    pyramid = [p3, p4, p5]
    boxes = layers.Concatenate(axis=1, name="boxes")([box_head(level) for level in pyramid])
    scores = layers.Concatenate(axis=1, name="all_scores")([class_head(level) for level in pyramid])
    return keras.Model(
        image,
        {"boxes": boxes, "scores": layers.Activation("sigmoid", name="scores")(scores)},
        name="one_stage_detector",
    )
