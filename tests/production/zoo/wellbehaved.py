"""Builders that do nothing wrong, and show what state they met."""

from __future__ import annotations

import os

import keras


def small(units: int = 3) -> keras.Model:
    """Two dense layers."""
    inputs = keras.Input((4,), name="features")
    hidden = keras.layers.Dense(units, activation="relu", name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(2, name="scores")(hidden), name="small")


def witness() -> keras.Model:
    """Write the global state that it was built in into its layers."""
    inputs = keras.Input((4,), name="features")
    automatic = keras.layers.Dense(2)
    places = [os.path.basename(os.getcwd()), os.environ.get("MISBEHAVIOUR", "unset")]  # noqa: PTH109, PTH119
    outputs = keras.layers.Dense(1, name="-".join(places))(automatic(inputs))
    return keras.Model(inputs, outputs, name="witness")
