"""The checkpoint entries are what Keras really writes into a weights file."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]  # it has no stubs
import keras
import numpy as np
import pytest
from keras import layers

from keraviz_docs.architecture import Architecture

Read = Callable[..., Architecture]


def nested() -> keras.Model:
    x = keras.Input((8,))
    tower = keras.Sequential([keras.Input((8,)), layers.Dense(4), layers.BatchNormalization(), layers.Dropout(0.5)])
    return keras.Model(x, layers.Dense(2)(layers.Concatenate()([tower(x), layers.Dense(3)(x)])))


def recurrent() -> keras.Model:
    return keras.Sequential([keras.Input((None, 4)), layers.Bidirectional(layers.LSTM(3)), layers.Dense(1)])


def attention() -> keras.Model:
    x = keras.Input((5, 8))
    return keras.Model(x, layers.MultiHeadAttention(2, 4)(x, x))


class Listed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = [layers.Dense(4), layers.Dense(4)]
        self.table = {"a": layers.Dense(2)}
        self.scale = self.add_weight(shape=(4,), name="scale")

    def call(self, x: Any) -> Any:
        for block in self.blocks:
            x = block(x)
        return self.table["a"](x * self.scale)


def quantised() -> keras.Model:
    return keras.Sequential([keras.Input((16,)), layers.Dense(8, dtype="int8_from_float32")])


@pytest.mark.parametrize(
    ("build", "inputs"),
    [
        (nested, None),
        (recurrent, None),
        (attention, None),
        (Listed, {"shape": [4]}),
        (quantised, None),
        (lambda: keras.applications.MobileNetV3Small(weights=None), None),
    ],
    ids=["nested", "recurrent", "attention", "subclassed", "quantised", "MobileNetV3Small"],
)
def test_entries_equal_the_file_that_keras_writes(
    read: Read, tmp_path: Path, build: Callable[[], Any], inputs: Any
) -> None:
    architecture = read(build, inputs)
    keras.backend.clear_session()
    file = tmp_path / "model.weights.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras calls NumPy 2 in a way that it warns of
        model = build()
        if inputs is not None:
            model(np.zeros((1, *inputs["shape"])))
        model.save_weights(file)
    written: dict[str, dict[int, tuple[int, ...]]] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            address, _, number = name.rpartition("/")
            written.setdefault(address.removesuffix("vars").rstrip("/"), {})[int(number)] = item.shape

    with h5py.File(file) as weights:
        weights.visititems(visit)
    entries = {entry.path: dict(enumerate(entry.variables)) for entry in architecture.checkpoint}
    assert entries == written


def test_entries_point_at_the_node_or_group_that_shows_their_layer(read: Read) -> None:
    architecture = read(recurrent)
    assert {entry.path: entry.layer for entry in architecture.checkpoint} == {
        "layers/bidirectional/backward_layer/cell": "bidirectional/backward_lstm",
        "layers/bidirectional/forward_layer/cell": "bidirectional/forward_lstm",
        "layers/dense": "dense",
    }


def test_code_of_the_zoo_that_decides_what_is_loaded_is_marked(read: Read) -> None:
    class Own(layers.Dense):
        def load_own_variables(self, store: Any) -> None:
            super().load_own_variables(store)

    architecture = read(lambda: keras.Sequential([keras.Input((4,)), Own(2), layers.Dense(2)]))
    assert [(entry.class_name, entry.custom) for entry in architecture.checkpoint] == [("Own", True), ("Dense", False)]


def test_a_save_that_needs_values_is_described_by_its_variables(read: Read) -> None:
    class Own(layers.Dense):
        def save_own_variables(self, store: Any) -> None:
            store["sum"] = float(self.kernel.numpy().sum())

    architecture = read(lambda: keras.Sequential([keras.Input((4,)), Own(2)]))
    assert [entry.variables for entry in architecture.checkpoint] == [((4, 2), (2,))]


def test_a_compiled_model_has_no_entries_for_its_optimizer(read: Read) -> None:
    def build() -> keras.Model:
        model = recurrent()
        model.compile("adam", "mse", metrics=["mae"])
        return model

    assert all(entry.path.startswith("layers/") for entry in read(build).checkpoint)
