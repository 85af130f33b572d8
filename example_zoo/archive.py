"""A model that was saved long ago, and the script that saved it.

Run ``python -m example_zoo.archive`` to write ``example_zoo/archives/digits.keras`` anew.
"""

from __future__ import annotations

from pathlib import Path

import keras
from keras import layers


def digit_classifier() -> keras.Model:
    """Tell handwritten digits apart with two convolutions."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="digit"),
            layers.Conv2D(8, 3, activation="relu", name="edges"),
            layers.MaxPooling2D(name="shrink1"),
            layers.Conv2D(16, 3, activation="relu", name="strokes"),
            layers.MaxPooling2D(name="shrink2"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.5, name="dropout"),
            layers.Dense(10, activation="softmax", name="digit_probabilities"),
        ],
        name="digits",
    )


if __name__ == "__main__":
    archive = Path(__file__).parent / "archives" / "digits.keras"
    archive.parent.mkdir(exist_ok=True)
    digit_classifier().save(archive)
