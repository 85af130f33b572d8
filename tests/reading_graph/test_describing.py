"""What is said about each layer is plain, and the same in every process and on every machine."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers, ops

from keraviz_docs.architecture import Architecture, Node, to_json
from keraviz_docs.reading import describing
from keraviz_docs.reading.draft import Function

Read = Callable[..., Architecture]
ByPath = Callable[[Architecture], dict[str, Node]]


@keras.saving.register_keras_serializable(package="tests")
class Registered(layers.Layer):
    def __init__(self, width: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width

    def call(self, x: Any) -> Any:
        return x * self.width

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}


def double(x: Any) -> Any:
    return x * 2


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (lambda: layers.Dense(2), ("Dense", "keras.layers")),
        (lambda: layers.LSTMCell(2), ("LSTMCell", "keras.layers")),
        (lambda: keras.Sequential(), ("Sequential", "keras")),
        (lambda: keras_hub.layers.RotaryEmbedding(), ("RotaryEmbedding", "keras_hub.layers")),
        (lambda: Registered(), ("Registered", Registered.__module__)),
        (lambda: Function("add", "keras.ops"), ("add", "keras.ops")),
        (lambda: keras.src.ops.numpy.GetItem(), ("get_item", "keras.ops")),
        (lambda: keras.src.ops.nn.LogSoftmax(), ("log_softmax", "keras.ops")),
        (lambda: keras.src.ops.numpy.ExpandDims(0), ("expand_dims", "keras.ops")),
    ],
)
def test_classes_are_named_as_users_import_them(thing: Callable[[], Any], expected: tuple[str, str]) -> None:
    assert describing.class_and_module(thing()) == expected


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (lambda: layers.Dense(2, activation="relu"), "relu"),
        (lambda: layers.Dense(2), "linear"),
        (lambda: layers.Dense(2, activation=ops.gelu), "gelu"),
        (lambda: layers.Dense(2, activation=lambda x: x), "lambda"),
        (lambda: layers.Dense(2, activation=functools.partial(ops.gelu, approximate=True)), "gelu"),
        (lambda: layers.Dense(2, activation=layers.LeakyReLU()), "leaky_relu"),
        (lambda: layers.Dense(2, activation=double), "double"),
        (lambda: layers.LSTM(2), "tanh, sigmoid (recurrent)"),
        (
            lambda: layers.GRU(2, activation="relu", recurrent_activation="hard_sigmoid"),
            "relu, hard_sigmoid (recurrent)",
        ),
        (lambda: layers.SimpleRNN(2), "tanh"),
        (lambda: layers.RNN(layers.GRUCell(2)), "tanh, sigmoid (recurrent)"),
        (lambda: layers.Activation("swish"), "silu"),
        (lambda: layers.ReLU(), "relu"),
        (lambda: layers.ReLU(max_value=6), "relu6"),
        (lambda: layers.PReLU(), "prelu"),
        (lambda: layers.Softmax(), "softmax"),
        (lambda: layers.Flatten(), None),
    ],
)
def test_activations_are_named(layer: Callable[[], Any], expected: str | None) -> None:
    assert describing.activation(layer()) == expected


def test_a_custom_layer_shows_its_module_line_and_registered_name(read: Read, by_path: ByPath) -> None:
    here = Path(__file__)
    architecture = read(lambda: keras.Sequential([keras.Input((4,)), Registered(name="mine")]), project=here.parents[2])
    node = by_path(architecture)["mine"]
    assert node.registered_name == "tests>Registered"
    assert node.module == Registered.__module__
    assert node.source is not None
    assert node.source.file == here.relative_to(here.parents[2]).as_posix()
    assert here.read_text().splitlines()[node.source.line].startswith("class Registered")


def test_a_layer_of_keras_shows_its_source_relative_to_the_package(read: Read) -> None:
    node = read(lambda: keras.Sequential([keras.Input((4,)), layers.Dense(2)])).nodes[1]
    assert node.source is not None
    assert node.source.file == "keras/src/layers/core/dense.py"
    assert node.registered_name is None


def test_a_lambda_shows_where_its_function_is_and_no_bytecode(read: Read, by_path: ByPath) -> None:
    architecture = read(lambda: keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x * 2, name="twice")]))
    node = by_path(architecture)["twice"]
    assert node.config["function"] == "lambda"
    assert node.source is not None
    assert node.source.file.endswith("test_describing.py")


def test_names_that_somebody_chose_are_told_from_automatic_ones(read: Read) -> None:
    architecture = read(
        lambda: keras.Sequential([keras.Input((4,)), layers.Dense(2), layers.Dense(2), layers.Dense(2, name="head")])
    )
    assert [(node.name, node.explicit_name) for node in architecture.nodes[1:]] == [
        ("dense", False),
        ("dense_1", False),
        ("head", True),
    ]


def test_settings_are_complete_and_without_the_name(read: Read, by_path: ByPath) -> None:
    def build() -> keras.Model:
        return keras.Sequential(
            [keras.Input((8, 8, 3)), layers.Conv2D(4, 3, strides=2, kernel_initializer="he_normal", name="conv")]
        )

    config = by_path(read(build))["conv"].config
    assert "name" not in config
    assert (config["filters"], config["kernel_size"], config["strides"]) == (4, [3, 3], [2, 2])
    assert (config["kernel_initializer"], config["dtype"]) == ("HeNormal", "float32")


def test_a_layer_whose_get_config_fails_has_no_settings(read: Read, by_path: ByPath) -> None:
    class Private(layers.Layer):
        def __init__(self, secret: object) -> None:
            super().__init__(name="private")
            self.secret = secret

        def call(self, x: Any) -> Any:
            return x

    assert by_path(read(lambda: keras.Sequential([keras.Input((4,)), Private(object())])))["private"].config == {}


def test_long_lists_and_arrays_become_their_size_and_digest() -> None:
    words = [f"word{number}" for number in range(1000)]
    plain = describing.plain_data({"vocabulary": words, "table": np.arange(1000.0)})
    assert plain["vocabulary"]["length"] == 1000
    assert plain["table"]["shape"] == [1000]
    assert plain != describing.plain_data({"vocabulary": words[::-1], "table": np.arange(1000.0)})


def test_absolute_paths_and_addresses_do_not_get_out(tmp_path: Path) -> None:
    inside = tmp_path / "zoo" / "words.txt"
    plain = describing.plain_data({"file": str(inside), "other": "/opt/data/words.txt", "thing": object()}, tmp_path)
    assert plain == {"file": "zoo/words.txt", "other": "words.txt", "thing": "object"}
    assert describing.plain_data("<function f at 0x7f3a2b>") == "<function f>"


def test_numbers_that_json_cannot_hold_become_text() -> None:
    assert describing.plain_data([float("inf"), float("nan"), np.float32(0.5), np.int64(3)]) == ["inf", "nan", 0.5, 3]


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=12,
)


@given(json_like)
def test_whatever_a_configuration_holds_becomes_json(value: Any) -> None:
    import json

    json.dumps(describing.plain_data(value), allow_nan=False)


def test_weights_with_the_same_name_are_told_apart(read: Read, by_path: ByPath) -> None:
    def build() -> keras.Model:
        cells = layers.RNN([layers.SimpleRNNCell(2, name="lower"), layers.SimpleRNNCell(2, name="upper")], name="cells")
        return keras.Sequential([keras.Input((None, 3)), cells])

    names = [weight.name for weight in by_path(read(build))["cells"].weights]
    assert len(set(names)) == len(names) == 6
    assert names[0] == "lower/kernel"


def test_nothing_of_this_machine_is_in_the_json(read: Read) -> None:
    text = to_json(read(lambda: keras.applications.MobileNetV3Small(weights=None))).decode()
    assert not re.search(r'"/|0x[0-9a-f]{6}', text)
