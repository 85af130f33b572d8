"""A U-Net: down to see the whole, up to draw the outline."""

from __future__ import annotations

import keras
from keras import KerasTensor, layers


def _double_convolution(x: KerasTensor, filters: int, name: str) -> KerasTensor:
    for index in (1, 2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}_conv{index}")(x)
    return x


def unet(image_size: int = 128, width: int = 32, levels: int = 4, classes: int = 3) -> keras.Model:
    """Assign a class to every pixel of an image.

    The contracting path gathers context, the expanding path restores the resolution, and at each level a skip
    connection hands over the fine detail that pooling has lost.

    Args:
        image_size: Height and width in pixels; a multiple of ``2 ** levels``.
        width: Filters at full resolution, doubled at each level down.
        levels: How often the resolution is halved.
        classes: Number of classes per pixel.
    """
    image = keras.Input((image_size, image_size, 3), name="image")
    skips: list[KerasTensor] = []
    x = image
    for level in range(levels):
        x = _double_convolution(x, width * 2**level, f"down{level + 1}")
        skips.append(x)
        x = layers.MaxPooling2D(name=f"down{level + 1}_pool")(x)
    x = _double_convolution(x, width * 2**levels, "bottom")
    for level in reversed(range(levels)):
        x = layers.Conv2DTranspose(width * 2**level, 2, strides=2, padding="same", name=f"up{level + 1}_grow")(x)
        x = layers.Concatenate(name=f"up{level + 1}_join")([x, skips[level]])
        x = _double_convolution(x, width * 2**level, f"up{level + 1}")
    mask = layers.Conv2D(classes, 1, activation="softmax", name="mask")(x)
    return keras.Model(image, mask, name="unet")
