"""What the process that reads lets Keras skip or remember changes nothing that Keras does.

Keras is changed for a whole process, so each behaviour is looked at in one process with the changes and in one without.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

PREPARE = """
import json, os, sys, warnings
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.simplefilter("ignore")
from keraviz_docs.reading import environment, keras_internals
import keras
from keras import layers
before = keras.Layer.__setattr__
if sys.argv[1] == "hastened":
    environment.hasten()
told = {"hastened": keras.Layer.__setattr__ is not before}
"""

LAYERS = """
import collections
import re

class Shouting(layers.Layer):
    said = "nothing"
    also = None

    def __init__(self):
        super().__init__()
        self.calls = []

    @property
    def volume(self):
        return self._volume

    @volume.setter
    def volume(self, value):
        self._volume = value * 2

class Recording(layers.Layer):
    def __setattr__(self, name, value):
        vars(self).setdefault("heard", []).append(name)
        super().__setattr__(name, value)

class Mixin:
    def __setattr__(self, name, value):
        super().__setattr__(name, f"mixed {value}" if name == "mixed" else value)

class Mixed(layers.Layer, Mixin):
    pass

class Reading(layers.Layer):
    def __getattr__(self, name):
        if name == "absent":
            return "made up"
        raise AttributeError(name)

class Forgetful(layers.Layer):
    def __init__(self):
        self.early = 3
        super().__init__()

class Point(collections.namedtuple("Point", "x y")):
    pass

class Number(int):
    pass

class Pretending:
    @property
    def __class__(self):
        return layers.Dense

    def __repr__(self):
        return "pretending"

def shown(value):
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *map(shown, value)]
    if isinstance(value, dict):
        return [type(value).__name__, *([str(key), shown(item)] for key, item in value.items())]
    if isinstance(value, (set, frozenset)):
        return [type(value).__name__, *sorted(map(repr, value))]
    if callable(value) or type(value).__module__ not in ("builtins", "__main__"):
        return type(value).__name__
    return [type(value).__name__, re.sub(" at 0x[0-9a-f]+", "", repr(value))]

def state(layer):
    tracker = layer._tracker
    return {
        "attributes": [[name, shown(value)] for name, value in vars(layer).items()],
        "tracked": {name: [type(item).__name__ for item in store] for name, (_, store) in tracker.config.items()},
        "by TensorFlow": [name for name, _ in layer._self_unconditional_checkpoint_dependencies]
        if hasattr(layer, "_self_unconditional_checkpoint_dependencies")
        else None,
    }

def function():
    pass

VALUES = [
    None, True, 3, 2.5, 1j, "text", b"bytes", ..., function, print, layers, int, keras.initializers.Zeros(),
    keras.DTypePolicy("float32"), layers.InputSpec(ndim=2), (1, 2), (), ((1, 2), "x"), (1, [2]), (layers.Dense(1), 2),
    [1, 2], [layers.Dense(2)], {"a": 1}, {"a": layers.Dense(3)}, {1, 2},
    frozenset({1}), collections.OrderedDict(a=1),
    Point(1, 2), Point(layers.Dense(4), 2), Number(5), layers.Dense(5), keras.metrics.Mean(),
    keras.random.SeedGenerator(1), keras.Variable([1.0]), keras.Variable([1.0], trainable=False),
    object(), Pretending(),
]
"""

SETTING = """
NAMES = (
    "new", "said", "also", "volume", "mixed", "absent", "name", "dtype", "_called", "input_spec", "supports_masking",
    "trainable", "dtype_policy", "_tracked",
)
seen = []
for kind in (Shouting, Recording, Mixed, Reading, Forgetful):
    for value in VALUES:
        layer = kind()
        for name in NAMES:
            try:
                setattr(layer, name, value)
                setattr(layer, name, value)
            except Exception as error:
                seen.append([name, type(error).__name__, re.sub(" at 0x[0-9a-f]+", "", str(error))])
        seen.append([kind.__name__, state(layer)])
with keras.src.utils.tracking.DotNotTrackScope():
    layer = Shouting()
    value = (1, 2)
    layer.pair = value
    seen.append(layer.pair is value)
    for tracked in (True, False):
        layer._self_setattr_tracking = tracked
        for number, value in enumerate(VALUES):
            try:
                setattr(layer, f"{tracked}{number}", value)
            except Exception as error:
                seen.append([number, type(error).__name__, str(error)])
    seen.append(state(layer))
    value = (1, 2)
layer = Shouting()
layer.pair = value
seen.append(layer.pair is value)
layer.calls = 3
layer.held = layers.Dense(1)
layer.held = 4
layer.build((None, 2))
try:
    layer.late = layers.Dense(1)
except ValueError as error:
    seen.append(str(error))
layer.fine = 5
seen.append(state(layer))
told["attributes"] = seen
"""


MODELS = """
from keraviz_docs.architecture import to_json
from keraviz_docs.reading.graph import architecture_of

class Scale(layers.Layer):
    def __init__(self, factor, /, *offsets, power=1, **kwargs):
        super().__init__(**kwargs)
        self.factor, self.offsets, self.power = factor, offsets, power

    def build(self, x_shape, other_shape=None):
        self.weight = self.add_weight(shape=x_shape[-1:], name="weight")
        self.inner = [layers.Dense(2, name="inner")]

    def call(self, x, training=False, *, other=None):
        return x * self.factor * self.weight

class Own(keras.Model):
    def __init__(self, width=3):
        super().__init__()
        self.first, self.shape_of_all = layers.Dense(width), (width, width)
        self.rest = {"a": layers.Dense(2), "b": [layers.LSTM(2), (layers.ReLU(), 3)]}

    def call(self, x):
        return self.rest["a"](self.first(x))

class HTTPLayer2D(layers.Layer):
    def call(self, x):
        return x + 1

def functional():
    x = keras.Input((8, 8, 3))
    y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same", activation="relu")(x))
    shared = layers.Conv2D(4, 1)
    y = keras.ops.relu(layers.Add()([shared(y), shared(y)]))
    y = HTTPLayer2D()(layers.Flatten()(y))
    return keras.Model(x, [layers.Dense(2)(y), Own()(y), Scale(2, 3, power=4)(y)])

def text():
    x = keras.Input((7,), dtype="int32")
    y = layers.Embedding(9, 4, mask_zero=True)(x)
    y = layers.Bidirectional(layers.GRU(3, return_sequences=True))(y)
    return keras.Model(x, layers.MultiHeadAttention(2, 3)(y, y))

seen = []
for build, inputs in (functional, None), (text, None), (Own, {"shape": [4]}):
    with keras_internals.own_automatic_names(), keras_internals.weightless():
        model = build()
        architecture = architecture_of(model, id="model", builder="tests:model", inputs=inputs)
    seen.append(json.loads(to_json(architecture)))
told["models"] = seen
"""


INTERACTIVE = """
import inspect
import keraviz_docs
from keras.src.layers import layer
from keras.src.ops import operation
from keras.src.utils import naming

names = naming.to_snake_case
keraviz_docs.read(keras.Sequential([keras.Input((3,)), layers.Dense(2)]))
same = [keras.Layer.__setattr__ is before, layer.inspect is inspect, operation.inspect is inspect]
told["unchanged"] = [*same, naming.to_snake_case is names]
"""

OTHER_KERAS = """
from keras.src.utils.tracking import Tracker

unheard_of = None

def track(self, attr):
    return unheard_of or attr

Tracker.track = track
environment.hasten()
told["left alone"] = keras.Layer.__setattr__ is before
"""


def told(how: str, *code: str) -> Any:
    """Run code in a process of its own, with Keras hastened or as it is."""
    done = subprocess.run(
        [sys.executable, "-c", "\n".join((PREPARE, *code, "print(json.dumps(told))")), how],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def hastened() -> Any:
    return told("hastened", LAYERS, SETTING, MODELS)


@pytest.fixture(scope="module")
def as_it_is() -> Any:
    return told("as it is", LAYERS, SETTING, MODELS, INTERACTIVE, OTHER_KERAS)


def test_attributes_of_layers_are_set_as_keras_sets_them(hastened: Any, as_it_is: Any) -> None:
    assert hastened["hastened"]
    assert not as_it_is["hastened"]
    assert len(hastened["attributes"]) > 300
    assert hastened["attributes"] == as_it_is["attributes"]


def test_models_are_read_as_without_it(hastened: Any, as_it_is: Any) -> None:
    assert hastened["models"] == as_it_is["models"]


def test_nothing_is_changed_in_the_process_of_somebody_else(as_it_is: Any) -> None:
    assert as_it_is["unchanged"] == [True, True, True, True]


def test_attributes_are_left_to_a_keras_that_does_more_than_is_known(as_it_is: Any) -> None:
    assert as_it_is["left alone"]
