"""What a layer, model or operation is: class, module, source, activation, weights and settings as plain data."""

from __future__ import annotations

import functools
import hashlib
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

import keras
import numpy as np

from keraviz_docs.architecture import Source, Weight
from keraviz_docs.reading import keras_internals
from keraviz_docs.reading.draft import Function
from keraviz_docs.reading.sources import portable, source_of

LONG = 64
"""Sequences of more scalars than this (vocabularies, tables) are described by length and digest."""


def class_and_module(thing: Any) -> tuple[str, str]:
    """Name the class and the module that a user would import it from.

    A raw Keras operation is named after its function: ``Add`` of ``keras/src/ops/numpy.py`` is ``keras.ops.add``.
    """
    if isinstance(thing, Function):
        return thing.name, thing.module
    if isinstance(thing, keras.Operation) and not isinstance(thing, keras.Layer):
        function = _operation_function(type(thing))
        if function is not None:
            return function
    return type(thing).__name__, public_module(type(thing))


def public_module(cls: type) -> str:
    """Return the module that offers a class in public; its own one when there is no better.

    ``keras.src.layers.core.dense`` is ``keras.layers``; ``Functional``, which Keras does not offer by name, is in
    ``keras``.
    """
    module: str = _public_module(cls)
    return module


@functools.cache
def _public_module(cls: Any) -> str:
    own: str = cls.__module__
    root, *rest = own.split(".")
    if _is_public(rest):
        return own
    offering = [
        name
        for name in _public_names(root, len(sys.modules))
        if getattr(sys.modules.get(name), "__dict__", {}).get(cls.__name__) is cls
    ]
    if offering:
        return min(offering, key=lambda name: (name.count("."), len(name), name))
    return root if root == "keras" else own


@functools.cache
def _public_names(root: str, _loaded: int) -> list[str]:
    """Name the public modules of a package among the thousands that are loaded; how many, says when to look again."""
    inside = f"{root}."
    return [
        name for name in list(sys.modules) if (name == root or name.startswith(inside)) and _is_public(name.split("."))
    ]


def _is_public(parts: Sequence[str]) -> bool:
    return not any(part == "src" or part.startswith("_") for part in parts)


def _operation_function(cls: type) -> tuple[str, str] | None:
    if not cls.__module__.startswith("keras."):
        return None
    wanted = cls.__name__.lower()
    for module in (keras.ops, keras.ops.image):
        for name in dir(module):
            if name.replace("_", "") == wanted and callable(getattr(module, name)):
                return name, module.__name__.replace("keras._tf_keras.", "").replace("keras.api.", "keras.")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower(), "keras.ops"


def registered_name(thing: Any) -> str | None:
    """Return ``package>name`` of a class registered with Keras, ``None`` for others."""
    if not isinstance(thing, keras.Operation):
        return None
    name = keras.saving.get_registered_name(type(thing))
    return name if name != type(thing).__name__ else None


def has_explicit_name(thing: Any) -> bool:
    """Whether somebody chose the name; Keras would have used the class's name in snake case, and a number."""
    if not isinstance(thing, keras.Operation):
        return False
    return not _is_automatic(thing.name, type(thing).__name__)


def _is_automatic(name: str, class_name: str) -> bool:
    return re.fullmatch(re.escape(keras_internals.snake_case(class_name)) + r"(_\d+)?", name) is not None


def source(thing: Any, project: Path | None) -> Source | None:
    """Return where a layer's class is defined, for a ``Lambda`` its function."""
    if isinstance(thing, (Function, keras.layers.InputLayer)):
        return None
    if isinstance(thing, keras.layers.Lambda):
        return source_of(thing.function, project)
    if isinstance(thing, keras.Operation) and not isinstance(thing, keras.Layer):
        return None
    cls: Any = type(thing)
    return _source_of_class(cls, project)


@functools.cache
def _source_of_class(cls: Any, project: Path | None) -> Source | None:
    return source_of(cls, project)


def activation(layer: Any) -> str | None:
    """Name the activation of a layer; a recurrent layer's inner one follows, as in ``tanh, sigmoid (recurrent)``."""
    if not isinstance(layer, keras.Layer):
        return None
    for cls, name in (
        (keras.layers.LeakyReLU, "leaky_relu"),
        (keras.layers.PReLU, "prelu"),
        (keras.layers.ELU, "elu"),
        (keras.layers.Softmax, "softmax"),
    ):
        if isinstance(layer, cls):
            return name
    if isinstance(layer, keras.layers.ReLU):
        return "relu6" if layer.max_value == 6 else "relu"
    owner = layer
    if isinstance(layer, keras.layers.RNN) and not hasattr(layer, "activation"):
        owner = layer.cell
    main = _function_name(_attribute(owner, "activation"))
    inner = _function_name(_attribute(owner, "recurrent_activation"))
    if inner is None:
        return main
    return f"{main or 'linear'}, {inner} (recurrent)"


def _attribute(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name, None)
    except Exception:  # a property of somebody else's layer may raise whatever it likes
        return None


def _function_name(function: Any) -> str | None:
    if function is None or isinstance(function, str):
        return function or None
    if isinstance(function, functools.partial):
        return _function_name(function.func)
    if isinstance(function, keras.Operation):
        return activation(function) or keras_internals.snake_case(type(function).__name__)
    name = getattr(function, "__name__", None)
    if isinstance(name, str):
        return "lambda" if name == "<lambda>" else name
    return keras_internals.snake_case(type(function).__name__) if callable(function) else None


def weights(variables: Iterable[Any]) -> tuple[Weight, ...]:
    """Describe variables; where two have the same name, by as much of their paths as tells them apart."""
    listed = list(variables)
    return tuple(
        Weight(
            name=name,
            shape=tuple(int(size) for size in variable.shape),
            dtype=str(keras.backend.standardize_dtype(variable.dtype)),
            trainable=bool(variable.trainable),
        )
        for name, variable in zip(_distinct_names(listed), listed, strict=True)
    )


def _distinct_names(variables: Sequence[Any]) -> list[str]:
    paths = [variable.path.split("/") for variable in variables]
    longest = max((len(path) for path in paths), default=1)
    for length in range(1, longest + 1):
        names = ["/".join(path[-length:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [f"{variable.name}_{position}" for position, variable in enumerate(variables)]


def layer_config(layer: Any, project: Path | None, *, opened: bool = False) -> dict[str, Any]:
    """Return a layer's settings as JSON-safe data, without its name; of an opened layer without the layers inside."""
    if isinstance(layer, keras.Model) and keras_internals.functional_graph(layer) is not None:
        return {}
    try:
        config = layer.get_config()
    except Exception:  # get_config is the user's code, and optional
        return {}
    if not isinstance(config, dict):
        return {}
    entries = {key: value for key, value in config.items() if key != "name"}
    if opened:
        entries = {key: value for key, value in entries.items() if not _holds_layers(value)}
    plain = plain_data(entries, project)
    return plain if isinstance(plain, dict) else {}


def _holds_layers(value: Any) -> bool:
    if isinstance(value, keras.Layer):
        return True
    if isinstance(value, Mapping):
        config = value.get("config")
        if "class_name" in value and isinstance(config, Mapping):
            return ("name" in config and "trainable" in config) or "layers" in config
        return any(_holds_layers(item) for item in value.values())
    return isinstance(value, (list, tuple)) and any(_holds_layers(item) for item in value)


def plain_data(value: Any, project: Path | None = None) -> Any:
    """Turn a configuration into JSON-safe data that is the same in every process and on every machine.

    Serialised objects become ``{"class_name", "config"}``, or the class name alone when nothing is set; dtype policies
    and functions become their names; arrays and long lists their size and digest; bytecode, memory addresses and
    absolute paths go.
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return _plain_text(value, project)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return number if math.isfinite(number) else str(number)
    if isinstance(value, (np.integer, np.bool_)):
        return value.item()
    if isinstance(value, Mapping):
        return _plain_mapping(value, project)
    if isinstance(value, (set, frozenset)):
        return sorted((plain_data(item, project) for item in value), key=repr)
    if isinstance(value, (list, tuple)):
        return _plain_sequence(value, project)
    if isinstance(value, slice):
        bounds = [value.start, value.stop] + ([value.step] if value.step is not None else [])
        return ":".join("" if bound is None else str(plain_data(bound, project)) for bound in bounds)
    if value is Ellipsis:
        return "..."
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": len(value), "sha256": hashlib.sha256(bytes(value)).hexdigest()}
    return _plain_object(value, project)


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def _plain_text(text: str, project: Path | None) -> str:
    if " at 0x" in text:
        text = _ADDRESS.sub("", text)
    if not any(sign in text for sign in "/\\:"):
        return text  # no path
    if len(text) < 4096 and "\n" not in text:
        if Path(text).is_absolute() and len(Path(text).parts) > 2:
            return portable(Path(text), project)
        if PureWindowsPath(text).drive and PureWindowsPath(text).is_absolute():
            return PureWindowsPath(text).name
    return text


def _plain_sequence(items: Sequence[Any], project: Path | None) -> Any:
    plain = [plain_data(item, project) for item in items]
    if len(plain) > LONG and all(item is None or isinstance(item, (bool, int, float, str)) for item in plain):
        return {"length": len(plain), "sha256": hashlib.sha256(repr(plain).encode()).hexdigest()}
    return plain


def _plain_mapping(value: Mapping[Any, Any], project: Path | None) -> Any:
    class_name, config = value.get("class_name"), value.get("config")
    if not (isinstance(class_name, str) and "config" in value):
        return {str(key): plain_data(item, project) for key, item in value.items()}
    if class_name == "__lambda__":
        return "lambda"
    if class_name in ("__tuple__", "__list__", "__slice__") or class_name == "function":
        return plain_data(config if config is not None else value.get("value"), project)
    if class_name.endswith(("DTypePolicy", "DTypePolicyMap")) and isinstance(config, Mapping):
        name = config.get("name")
        if name is None and config.get("mode") is not None:
            name = f"{config['mode']}_from_{config.get('source_name')}"
        if name is not None:
            return plain_data(name, project)
    if not isinstance(config, Mapping):
        return {"class_name": class_name, "config": plain_data(config, project)}
    settings = {
        str(key): plain_data(item, project)
        for key, item in config.items()
        if item is not None and not (key == "name" and isinstance(item, str) and _is_automatic(item, class_name))
    }
    return {"class_name": class_name, "config": settings} if settings else class_name


def _plain_object(value: Any, project: Path | None) -> Any:
    if isinstance(value, keras.DTypePolicy):
        return value.name
    if isinstance(value, functools.partial):
        return plain_data(value.func, project)
    if isinstance(value, type):
        return value.__name__
    name = getattr(value, "__qualname__", None)
    if callable(value) and isinstance(name, str):
        return "lambda" if name.endswith("<lambda>") else name.replace("<locals>.", "")
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return _plain_array(value)
    if hasattr(value, "get_config"):
        try:
            return plain_data(keras.saving.serialize_keras_object(value), project)
        except Exception:  # the user's get_config, again
            return type(value).__name__
    return type(value).__name__


def _plain_array(value: Any) -> Any:
    try:
        array = np.asarray(value)
    except Exception:  # symbolic: it has a shape but no value
        return {"shape": plain_data(list(value.shape)), "dtype": str(value.dtype)}
    if array.size <= LONG:
        return plain_data(array.tolist())
    return {
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "sha256": hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest(),
    }
