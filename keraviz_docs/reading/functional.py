"""Functional and Sequential models, read from the graph that Keras itself executes.

Nodes are walked, not layers: a layer that is called twice is two nodes, and raw operations, which ``model.layers``
leaves out, are there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras import tree

from keraviz_docs.architecture import Shape
from keraviz_docs.reading import describing, keras_internals
from keraviz_docs.reading.draft import Call, Draft, Scope, Value

Opener = Callable[["FunctionalCall"], "list[Value] | None"]
"""Reads the inside of a layer call into the draft and returns its outputs; ``None`` when the layer is a leaf."""


class FunctionalCall:
    """One node of a Functional graph, with what it is called on."""

    def __init__(
        self, node: Any, scope: Scope | None, values: dict[int, Value], specs: Mapping[int, Any], draft: Draft
    ) -> None:
        self.operation: Any = node.operation
        self.scope = scope
        self.node = node
        self._values = values
        self._specs = specs
        self._draft = draft

    @property
    def inputs(self) -> list[Value]:
        """The tensors that it is called on, in the order of the call."""
        arguments = self.node.arguments
        flat = tree.flatten((tuple(arguments.args), *arguments.kwargs.values()))
        return [self._values[id(item)] for item in flat if isinstance(item, keras.KerasTensor)]

    def value(self, tensor: Any) -> Value | None:
        """Return what a symbolic tensor stands for, ``None`` when it comes from outside the graph.

        A mask may come out of operations that are no part of the graph, since Keras computes masks on the way; those
        are then appended to the draft.
        """
        known = self._values.get(id(tensor))
        if known is not None:
            return known
        node = keras_internals.producer(tensor)
        if node is None or node.is_input or isinstance(node.operation, keras.Layer):
            return None
        if any(self.value(operand) is None for operand in node.input_tensors):
            return None
        call = FunctionalCall(node, self.scope, self._values, self._specs, self._draft)
        for output, value in zip(node.outputs, _read_leaf(call, self._draft), strict=True):
            self._values[id(output)] = value
        return self._values.get(id(tensor))

    def arguments(self, replace: Callable[[Any], Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of the call with every symbolic tensor replaced."""

        def convert(item: Any) -> Any:
            return replace(item) if isinstance(item, keras.KerasTensor) else item

        return (
            tree.map_structure(convert, tuple(self.node.arguments.args)),
            tree.map_structure(convert, dict(self.node.arguments.kwargs)),
        )

    def spec(self, tensor: Any) -> Any:
        """Return a symbolic tensor with the shape that it has in this call of the graph."""
        found = self._specs.get(id(tensor), tensor)
        if found.sparse and not _is_sparse(tensor):
            return keras.KerasTensor(found.shape, found.dtype)
        return found

    @property
    def outputs(self) -> list[Any]:
        """The symbolic tensors that it returns, with the shapes that they have in this call of the graph."""
        return [self.spec(tensor) for tensor in self.node.outputs]


def read_functional(functional: Any, draft: Draft, open_call: Opener) -> None:
    """Read a whole model into an empty draft."""
    values: dict[int, Value] = {}
    for tensor in functional.inputs:
        layer = keras_internals.input_layer(tensor)
        call = Call("input", layer.name if layer is not None else tensor.name, layer)
        values[id(tensor)] = call.add_output(shape_of(tensor), dtype_of(tensor))
        draft.calls.append(call)
        draft.inputs.append((call.name, values[id(tensor)]))
    _walk(functional, draft, None, values, {}, open_call)
    for name, tensor in zip(output_names(functional), functional.outputs, strict=True):
        draft.outputs.append((name, values[id(tensor)]))


def parts_of(model: Any) -> list[Any]:
    """Return the models that a model without a ``call`` of its own holds, as far as they have graphs."""
    if keras_internals.has_call(model):
        return []
    return [layer for layer in keras_internals.sublayers(model) if keras_internals.functional_graph(layer) is not None]


def read_parts(parts: Sequence[Any], draft: Draft, open_call: Opener) -> None:
    """Read models side by side into an empty draft: those of a model that says only how it is trained."""
    draft.in_parts = True
    draft.note(
        None,
        "This model has no `call` of its own. The models that it holds are shown side by side; what happens between"
        " them is not known.",
    )
    for part in parts:
        functional: Any = keras_internals.functional_graph(part)
        scope = Scope(part.name, part)
        values: dict[int, Value] = {}
        for tensor in functional.inputs:
            layer = keras_internals.input_layer(tensor)
            call = Call("input", layer.name if layer is not None else tensor.name, layer, scope)
            values[id(tensor)] = call.add_output(shape_of(tensor), dtype_of(tensor))
            draft.calls.append(call)
            draft.inputs.append((f"{part.name}.{call.name}", values[id(tensor)]))
        _walk(functional, draft, scope, values, {}, open_call)
        for name, tensor in zip(output_names(functional), functional.outputs, strict=True):
            draft.outputs.append((f"{part.name}.{name}", values[id(tensor)]))


def shape_of(tensor: Any) -> Shape:
    """Return the shape of a symbolic tensor as plain data."""
    if tensor.shape is None:
        return None
    return tuple(None if size is None else int(size) for size in tensor.shape)


def dtype_of(tensor: Any) -> str:
    """Return the dtype of a symbolic tensor by its Keras name."""
    return str(keras.backend.standardize_dtype(tensor.dtype))


def output_names(functional: Any) -> list[str]:
    """Name the outputs of a model by the keys of a dict, or else by the layers that they come from."""
    producers = [keras_internals.input_layer(tensor) for tensor in functional.outputs]
    names = []
    for (path, _), producer in zip(
        tree.flatten_with_path(keras_internals.output_structure(functional)), producers, strict=True
    ):
        keys = [str(part) for part in path if isinstance(part, str)]
        names.append(".".join(keys) if keys else str(getattr(producer, "name", "output")))
    return names


def _walk(
    functional: Any,
    draft: Draft,
    scope: Scope | None,
    values: dict[int, Value],
    specs: dict[int, Any],
    open_call: Opener,
) -> None:
    """Append the calls of one graph; ``values`` holds its inputs, and afterwards all its tensors."""
    for node in keras_internals.graph_calls(functional):
        call = FunctionalCall(node, scope, values, specs, draft)
        if specs:
            _respecify(call, specs)
        outputs = _read_nested(call, draft, open_call)
        if outputs is None:
            outputs = open_call(call)
        if outputs is None and _is_conversion(call):
            outputs = call.inputs
        if outputs is None:
            outputs = _read_leaf(call, draft)
        for tensor, value in zip(node.outputs, outputs, strict=True):
            values[id(tensor)] = value


def _is_sparse(tensor: Any) -> bool:
    """Whether a symbolic tensor will be sparse; Keras also marks the product of a dense one and a number as such."""
    if not tensor.sparse:
        return False
    node = keras_internals.producer(tensor)
    if node is None or node.is_input or isinstance(node.operation, keras.Layer):
        return True
    return any(_is_sparse(operand) for operand in node.input_tensors)


def _is_conversion(call: FunctionalCall) -> bool:
    """Whether a raw operation passes a tensor on, perhaps in another dtype, as ``keras.ops.cast`` does."""
    return (
        not isinstance(call.operation, keras.Layer)
        and describing.class_and_module(call.operation)[0] in keras_internals.NOT_OPERATIONS
        and len(call.inputs) == len(call.outputs) == 1
    )


def _respecify(call: FunctionalCall, specs: dict[int, Any]) -> None:
    """Infer the shapes of a call whose graph is used on other shapes than it was made with."""
    arguments, keywords = call.arguments(call.spec)
    try:
        outputs = tree.flatten(call.operation.compute_output_spec(*arguments, **keywords))
    except Exception:  # layers may refuse; the shapes of the graph's own making are still right, if less precise
        return
    for tensor, output in zip(call.node.outputs, outputs, strict=False):
        if isinstance(output, keras.KerasTensor):
            specs[id(tensor)] = output


def _read_nested(call: FunctionalCall, draft: Draft, open_call: Opener) -> list[Value] | None:
    model = call.operation
    inner = keras_internals.functional_graph(model) if isinstance(model, keras.Model) else None
    if inner is None or len(inner.inputs) != len(call.inputs) or len(inner.outputs) != len(call.outputs):
        return None
    if any(
        len(tensor.shape) != len(value.shape or ()) for tensor, value in zip(inner.inputs, call.inputs, strict=True)
    ):
        return None  # Keras squeezes or expands the last axis (`_adjust_input_rank`)
    scope = Scope(model.name, model, call.scope)
    values = {id(tensor): value for tensor, value in zip(inner.inputs, call.inputs, strict=True)}
    specs: dict[int, Any] = {}
    if any(shape_of(tensor) != value.shape for tensor, value in zip(inner.inputs, call.inputs, strict=True)):
        specs = {
            id(tensor): keras.KerasTensor(value.shape, tensor.dtype)
            for tensor, value in zip(inner.inputs, call.inputs, strict=True)
        }
    _walk(inner, draft, scope, values, specs, open_call)
    return [values[id(tensor)] for tensor in inner.outputs]


def _read_leaf(call: FunctionalCall, draft: Draft) -> list[Value]:
    operation = call.operation
    if isinstance(operation, keras.Layer):
        leaf = Call("layer", operation.name, operation, call.scope, inputs=call.inputs)
    else:
        leaf = Call("operation", operation.name, operation, call.scope, inputs=call.inputs, config=_constants(call))
    for tensor in call.outputs:
        leaf.add_output(shape_of(tensor), dtype_of(tensor))
    draft.calls.append(leaf)
    return leaf.outputs


def _constants(call: FunctionalCall) -> dict[str, Any]:
    """Return what a raw operation was called with besides tensors, by parameter name."""
    try:
        bound = inspect.signature(call.operation.call).bind(*call.node.arguments.args, **call.node.arguments.kwargs)
        arguments = bound.arguments
    except (TypeError, ValueError):
        arguments = {f"argument_{position}": item for position, item in enumerate(call.node.arguments.args)}
    return {
        name: value
        for name, value in arguments.items()
        if value is not None and not any(isinstance(item, keras.KerasTensor) for item in tree.flatten(value))
    }
