"""The checkpoint entries are what Keras really writes into a weights file."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]  # it has no stubs
import keras
import numpy as np
import pytest
from keras import layers

from keraviz_docs.architecture import Architecture
from keraviz_docs.reading import keras_internals
from keraviz_docs.review.comparison import compare

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
    entries = {entry.path: dict(enumerate(entry.variables)) for entry in architecture.checkpoint if entry.variables}
    assert entries == written


@pytest.mark.parametrize("build", [nested, recurrent, attention, Listed, quantised])
def test_the_walk_leaves_out_only_names_under_which_nothing_is_saved(
    build: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build()
    if not model.built:
        model(np.zeros((1, 4), "float32"))
    shortened = keras_internals.saved_variables(model)
    monkeypatch.setattr(keras_internals, "_names_to_walk", lambda _, saveable: dir(saveable))
    assert shortened == keras_internals.saved_variables(model)
    assert len(shortened) > 0


def test_entries_point_at_the_node_or_group_that_shows_their_layer(read: Read) -> None:
    architecture = read(recurrent)
    assert {entry.path: entry.layer for entry in architecture.checkpoint} == {
        "layers/bidirectional/backward_layer/cell": "bidirectional/backward_lstm",
        "layers/bidirectional/forward_layer/cell": "bidirectional/forward_lstm",
        "layers/dense": "dense",
    }


class Block(layers.Layer):
    def __init__(self, inner: keras.layers.Layer) -> None:
        super().__init__()
        self.inner = inner

    def call(self, x: Any) -> Any:
        return self.inner(x)


class Parts(keras.Model):
    def __init__(self, **parts: keras.layers.Layer) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.order = list(parts)

    def call(self, x: Any) -> Any:
        for name in self.order:
            x = getattr(self, name)(x)
        return x


def test_an_address_without_weights_is_listed_where_another_layer_could_have_some(read: Read) -> None:
    architecture = read(lambda: Parts(block=Block(layers.ReLU()), norm=layers.LayerNormalization()), {"shape": [4]})
    assert {entry.path: entry.variables for entry in architecture.checkpoint} == {
        "block/inner": (),
        "layers/layer_normalization": ((4,), (4,)),
    }


def test_an_address_that_only_a_layer_without_weights_can_have_is_not_listed(read: Read) -> None:
    def build() -> keras.Model:
        x = keras.Input((4, 4, 3))
        y = layers.LayerNormalization(center=False, scale=False)(layers.ReLU()(x))
        return keras.Model(x, layers.Reshape((48,))(layers.Add()([x, y])))

    assert [(entry.path, entry.variables) for entry in read(build).checkpoint] == [("layers/layer_normalization", ())]


def test_a_layer_of_a_subclassed_model_has_a_second_address(read: Read) -> None:
    architecture = read(lambda: Parts(block=Block(layers.Dense(4)), tail=layers.Dense(4)), {"shape": [4]})
    assert {entry.path: entry.also for entry in architecture.checkpoint} == {
        "block/inner": ("layers/block/inner",),
        "layers/dense": ("tail",),
    }


def functional(part: keras.layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((4,)), part])


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (lambda: functional(Block(layers.Dense(4))), lambda: functional(Block(layers.ReLU())), "fails"),
        (lambda: functional(Block(layers.ReLU())), lambda: functional(Block(layers.Dense(4))), "fails"),
        (lambda: Parts(block=Block(layers.Dense(4))), lambda: Parts(block=Block(layers.ReLU())), "loads-partly"),
        (lambda: Parts(head=layers.Dense(4)), lambda: Parts(head=layers.ReLU()), "loads-partly"),
        (lambda: Parts(head=layers.ReLU()), lambda: Parts(head=layers.Dense(4)), "fails"),
        (lambda: Parts(tail=layers.Dense(4)), lambda: Parts(head=layers.Dense(4)), "loads"),
        (lambda: Parts(head=layers.Dense(4)), lambda: Parts(tail=layers.Dense(4)), "fails"),
        (lambda: Parts(tail=Block(layers.Dense(4))), lambda: Parts(head=Block(layers.Dense(4))), "loads"),
    ],
)
def test_parts_that_get_weights_or_another_name_load_as_keras_says(
    read: Read, tmp_path: Path, old: Callable[[], Any], new: Callable[[], Any], verdict: str
) -> None:
    base, head = (read(make, {"shape": [4]}) for make in (old, new))
    saved, loading = old(), new()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras calls NumPy 2 in a way that it warns of
        for model in (saved, loading):
            model(np.zeros((1, 4)))
        saved.save_weights(tmp_path / "model.weights.h5")
        with pytest.raises(ValueError, match="could not be loaded") if verdict == "fails" else nullcontext():
            loading.load_weights(tmp_path / "model.weights.h5")
    assert compare(base, head).verdict == verdict


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
