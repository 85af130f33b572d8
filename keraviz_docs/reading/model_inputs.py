"""What a model is called on: what it knows of itself, or what the manifest says."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
from keras import tree

from keraviz_docs.errors import Code, UserError
from keraviz_docs.reading import keras_internals


class UnknownInputsError(UserError):
    """A model that has never been built or called, and no input specification."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Code.UNBUILT)


class InvalidInputsError(UserError):
    """An input specification that is none."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Code.INPUTS)


@dataclass(frozen=True)
class SymbolicCall:
    """Arguments for a model, with symbolic Keras tensors for its inputs."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    names: Mapping[int, str]
    """By the identity of a symbolic tensor, what to call that input."""


def symbolic(model: Any, inputs: Any) -> SymbolicCall:
    """Return what to call a model on.

    The manifest's ``inputs`` come first; then the graph of a Functional model; then how the model was called on
    symbolic tensors; then the shapes that it was built with.

    Raises:
        UnknownInputsError: none of these exists.
        InvalidInputsError: ``inputs`` is no input specification.
    """
    if inputs is not None:
        return _spread(model, _from_specification(inputs, ()))
    functional = keras_internals.graph_of_inputs(model)
    if functional is not None:
        structure = tree.map_structure(_copy, keras_internals.input_structure(functional))
        layers = [keras_internals.input_layer(tensor) for tensor in functional.inputs]
        names = {
            id(copy): str(getattr(layer, "name", "input"))
            for copy, layer in zip(tree.flatten(structure), layers, strict=True)
        }
        return SymbolicCall((structure,), {}, names)
    calls = keras_internals.symbolic_calls(model)
    if calls:
        arguments = calls[0].arguments
        args, kwargs = tree.map_structure(_copy, (tuple(arguments.args), dict(arguments.kwargs)))
        kwargs.pop("training", None)
        return _named(model, args, kwargs)
    shapes = keras_internals.build_shapes(model)
    if shapes:
        dtype = model.compute_dtype or keras.config.floatx()
        tensors = [keras.KerasTensor(tuple(shape), dtype) for shape in shapes.values() if _is_shape(shape)]
        if len(tensors) == len(shapes) == 1:
            return _named(model, (tensors[0],), {})
        nested = [_from_shapes(shape, dtype) for shape in shapes.values()]
        return _named(model, tuple(nested), {})
    raise UnknownInputsError(
        f"The model `{model.name}` does not know its inputs yet. Give them in the manifest, as in"
        " `inputs: {shape: [224, 224, 3]}`, or let the builder call the model once on `keras.Input(...)`."
    )


def at_batch(call: SymbolicCall, batch: int) -> SymbolicCall:
    """Return the call with this batch size where it was open."""
    names: dict[int, str] = {}

    def sized(item: Any) -> Any:
        if not isinstance(item, keras.KerasTensor):
            return item
        made = _copy(item)
        if len(item.shape) and item.shape[0] is None:
            made = keras.KerasTensor((batch, *item.shape[1:]), dtype=item.dtype, sparse=item.sparse, name=item.name)
        names[id(made)] = call.names[id(item)]
        return made

    args, kwargs = tree.map_structure(sized, (call.args, dict(call.kwargs)))
    return SymbolicCall(args, kwargs, names)


def _from_specification(spec: Any, where: tuple[str, ...]) -> Any:
    if isinstance(spec, Mapping) and isinstance(spec.get("shape"), (list, tuple)):
        unknown = set(spec) - {"shape", "dtype"}
        if unknown:
            raise InvalidInputsError(
                f"{_place(where)} has unknown keys: {', '.join(sorted(map(str, unknown)))}; there is shape and dtype."
            )
        shape = tuple(spec["shape"])
        if not all(size is None or (isinstance(size, int) and size > 0) for size in shape):
            raise InvalidInputsError(
                f"{_place(where)} has the shape {list(shape)}; sizes are positive integers or null."
            )
        dtype = spec.get("dtype", "float32")
        try:
            return keras.KerasTensor((None, *shape), keras.backend.standardize_dtype(dtype))
        except ValueError as error:
            raise InvalidInputsError(
                f"{_place(where)} has the dtype {dtype!r}, which Keras does not know: write float32, say."
            ) from error
    if isinstance(spec, Mapping) and spec:
        return {str(key): _from_specification(item, (*where, str(key))) for key, item in spec.items()}
    if isinstance(spec, (list, tuple)) and spec:
        return [_from_specification(item, (*where, str(position))) for position, item in enumerate(spec)]
    raise InvalidInputsError(
        f"{_place(where)} is {spec!r}; expected `{{shape: [...], dtype: ...}}`, or a dict or list of these."
    )


def _place(where: tuple[str, ...]) -> str:
    return f"`inputs.{'.'.join(where)}`" if where else "`inputs`"


def _spread(model: Any, structure: Any) -> SymbolicCall:
    """Pass a structure as one argument, or, to a ``call`` that needs several, as several."""
    required = _required_parameters(model)
    if len(required) > 1:
        if isinstance(structure, dict) and set(required) <= set(structure):
            return _named(model, (), structure)
        if isinstance(structure, (list, tuple)) and len(structure) == len(required):
            return _named(model, tuple(structure), {})
    return _named(model, (structure,), {})


def _required_parameters(model: Any) -> list[str]:
    try:
        parameters = inspect.signature(model.call).parameters.values()
    except (TypeError, ValueError):
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [
        parameter.name
        for parameter in parameters
        if parameter.kind in positional
        and parameter.default is inspect.Parameter.empty
        and parameter.name not in ("training", "mask")
    ]


def _named(model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> SymbolicCall:
    names: dict[int, str] = {}
    several = len([item for item in tree.flatten((args, dict(kwargs))) if isinstance(item, keras.KerasTensor)]) > 1
    required = _required_parameters(model)
    for position, argument in enumerate(args):
        stem = required[position] if len(args) > 1 and position < len(required) else ""
        for path, item in tree.flatten_with_path(argument):
            names[id(item)] = _name(stem, path, several)
    for key, argument in kwargs.items():
        for path, item in tree.flatten_with_path(argument):
            names[id(item)] = _name(key, path, several)
    return SymbolicCall(args, kwargs, names)


def _name(stem: str, path: tuple[Any, ...], several: bool) -> str:
    parts = [stem] if stem else []
    parts.extend(str(part) for part in path)
    name = "_".join(parts)
    if not name:
        return "inputs" if several else "input"
    return f"input_{name}" if name.isdigit() else name


def _copy(item: Any) -> Any:
    return (
        keras.KerasTensor(item.shape, item.dtype, sparse=item.sparse) if isinstance(item, keras.KerasTensor) else item
    )


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, (list, tuple)) and all(size is None or isinstance(size, int) for size in shape)


def _from_shapes(shape: Any, dtype: str) -> Any:
    if _is_shape(shape):
        return keras.KerasTensor(tuple(shape), dtype)
    if isinstance(shape, Mapping):
        return {key: _from_shapes(item, dtype) for key, item in shape.items()}
    return [_from_shapes(item, dtype) for item in shape]
