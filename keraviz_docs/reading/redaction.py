"""Configurations whose lambdas were taken out: an archive's bytecode is never run.

A ``Lambda`` layer then needs another function of the same output shape.  That shape is in the configuration: every
layer that consumes the output records the tensor it was called with.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Spec = tuple[tuple[int | None, ...], str]
"""Shape, with the batch, and dtype of a tensor."""


@dataclass(frozen=True)
class Redacted:
    """A configuration without lambdas."""

    config: dict[str, Any]
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """What stands in for the lambdas, by the name that the configuration now has for each."""
    notices: tuple[str, ...] = ()


def redacted(config: dict[str, Any]) -> Redacted:
    """Take the lambdas out of a model's configuration (``keras/src/layers/core/lambda_layer.py``)."""
    config = copy.deepcopy(config)
    functions: dict[str, Callable[..., Any]] = {}
    notices: list[str] = []

    def stand_in(function: Callable[..., Any]) -> dict[str, Any]:
        name = f"keraviz>lambda_{len(functions)}"
        functions[name] = function
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": name}

    for model in _models(config):
        consumed = _consumed(model)
        for position, layer in enumerate(model["layers"]):
            settings = layer.get("config")
            if layer.get("class_name") != "Lambda" or not isinstance(settings, dict):
                continue
            name = str(settings.get("name"))
            if _is_lambda(settings.get("mask")):
                settings["mask"] = None
            if _is_lambda(settings.get("output_shape")):
                del settings["output_shape"]
            if not _is_lambda(settings.get("function")):
                continue
            outputs = consumed.get(name) or _of_next(model["layers"], position) or _declared(settings, layer)
            settings["function"] = stand_in(_function(outputs))
            settings["arguments"] = {}
            if outputs:
                notices.append(f"The function of the Lambda layer `{name}` is saved bytecode, which is not run.")
            else:
                notices.append(
                    f"The function of the Lambda layer `{name}` is saved bytecode, which is not run; the archive does "
                    "not record its output shape, so that of its input is shown."
                )
    others = [0]

    def replace_others(value: Any) -> Any:
        if _is_lambda(value):
            others[0] += 1
            return stand_in(_function([]))
        if isinstance(value, dict):
            return {key: replace_others(item) for key, item in value.items()}
        if isinstance(value, list):
            return [replace_others(item) for item in value]
        return value

    config = replace_others(config)
    config["compile_config"] = None
    if others[0]:
        notices.append(
            "A lambda among the settings is saved bytecode, which is not run; its input stands for its output."
        )
    return Redacted(config, functions, tuple(notices))


def _is_lambda(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__lambda__"


def _models(config: Any) -> Iterator[dict[str, Any]]:
    """Yield the inner configuration of every model in a configuration."""
    if isinstance(config, list):
        for item in config:
            yield from _models(item)
    elif isinstance(config, dict):
        layers = config.get("layers")
        if isinstance(layers, list) and layers and all(isinstance(layer, dict) for layer in layers):
            yield config
        for item in config.values():
            yield from _models(item)


def _consumed(model: dict[str, Any]) -> dict[str, list[Spec]]:
    """Collect what each layer's consumers were given: by layer name, in the order of its outputs."""
    found: dict[str, dict[int, Spec]] = {}
    for tensor in _tensors([layer.get("inbound_nodes") for layer in model["layers"]]):
        name, _, index = tensor["keras_history"]
        found.setdefault(str(name), {}).setdefault(int(index), (tuple(tensor["shape"]), str(tensor["dtype"])))
    return {
        name: [outputs[index] for index in range(len(outputs))]
        for name, outputs in found.items()
        if set(outputs) == set(range(len(outputs)))
    }


def _tensors(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        inner = value.get("config")
        if value.get("class_name") == "__keras_tensor__" and isinstance(inner, dict):
            yield inner
        else:
            for item in value.values():
                yield from _tensors(item)


def _of_next(layers: list[dict[str, Any]], position: int) -> list[Spec]:
    """Return what the next layer of a Sequential was built for."""
    if "inbound_nodes" in layers[position] or position + 1 == len(layers):
        return []
    shape = (layers[position + 1].get("build_config") or {}).get("input_shape")
    if not isinstance(shape, list) or not all(isinstance(size, int) or size is None for size in shape):
        return []
    return [(tuple(shape), "float32")]


def _declared(settings: dict[str, Any], layer: dict[str, Any]) -> list[Spec]:
    """Return the ``output_shape`` that the layer was given, which leaves out the batch."""
    shape = settings.get("output_shape")
    if not isinstance(shape, list) or not all(isinstance(size, int) or size is None for size in shape):
        return []
    given = (layer.get("build_config") or {}).get("input_shape")
    batch = given[0] if isinstance(given, list) and given and isinstance(given[0], int) else None
    return [((batch, *shape), "float32")]


def _function(outputs: list[Spec]) -> Callable[..., Any]:
    """Make a function with these outputs, each of which depends on every input; without any, it returns its input."""

    def compute(inputs: Any) -> Any:
        import keras
        from keras import ops

        if not outputs:
            return inputs
        operands = keras.tree.flatten(inputs)
        nothing = sum(ops.sum(ops.cast(operand, "float32")) for operand in operands) * 0
        given = ops.shape(operands[0])
        made = []
        for shape, dtype in outputs:
            sizes = [
                size if size is not None else given[axis] if axis < len(given) else 1 for axis, size in enumerate(shape)
            ]
            made.append(ops.cast(ops.broadcast_to(nothing, sizes), dtype))
        return made[0] if len(made) == 1 else tuple(made)

    compute.__name__ = compute.__qualname__ = "<lambda>"
    # It must not be shown as code of this file.
    compute.__code__ = compute.__code__.replace(co_filename="<archive>", co_name="<lambda>")
    return compute
