"""Opening layers that contain others, and what to do when one resists.

In this order: the layer runs symbolically, with the dimensions that are open left open; where it branches on tensors,
AutoGraph converts its control flow; open dimensions are filled; the layers inside that still fail are observed in an
eager run, so that their calls, order and shapes are known and the edges inferred; and what cannot be run at all is
drawn closed, with the reason.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

import keras
from keras import tree

from keraviz_docs.cost import multiplies_nothing
from keraviz_docs.reading import keras_internals
from keraviz_docs.reading.dataflow import UnreadableError, spliced
from keraviz_docs.reading.draft import Call, Draft, Scope, Value
from keraviz_docs.reading.functional import FunctionalCall
from keraviz_docs.reading.observing import BATCH, PIXELS, STEPS, observe
from keraviz_docs.reading.reasons import reason
from keraviz_docs.reading.tracing import Instrumentation, Trace, may_open, tensors_in, trace

Spec = Callable[[Any], Any]


class GraphDisagreesError(Exception):
    """A layer does something else than its part in the graph of a Functional model says."""


class Opener:
    """Opens layers into one draft; Keras stays instrumented from the first one until the end of the ``with`` block."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._stack = contextlib.ExitStack()
        self._instrumentation: Instrumentation | None = None
        self._leaf_classes: set[type] = set()

    def __enter__(self) -> Opener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def open_call(self, call: FunctionalCall) -> list[Value] | None:
        """Read the inside of a layer in a Functional graph; ``None`` when it is a leaf."""
        layer = call.operation
        if type(layer) in self._leaf_classes or not may_open(layer):
            return None
        contains_layers = bool(keras_internals.sublayers(layer))
        args, kwargs = call.arguments(lambda tensor: tensor)
        try:
            record, filled = self._run(layer, args, kwargs, call.spec)
        except Exception as error:  # the layer's own code
            return _opaque(call, self._draft, reason(error)) if contains_layers else None
        if record.root.opaque is not None:
            return _opaque(call, self._draft, record.root.opaque) if contains_layers else None
        if not record.root.calls_layers():
            if (
                not contains_layers
                and type(layer).__module__.startswith("keras.")
                and not isinstance(layer, keras.layers.Lambda)
            ):
                self._leaf_classes.add(type(layer))
            elif multiplies_nothing(record.operation_types()):
                self._draft.idle.add(id(layer))
            return None
        scope = Scope(layer.name, layer, call.scope, dict(record.root.config))
        if filled is not None:
            self._draft.note(scope, filled)
        try:
            outputs = spliced(record, self._draft, scope, call.value)
        except UnreadableError as error:
            return _opaque(call, self._draft, reason(error))
        if len(outputs) != len(call.outputs):
            raise GraphDisagreesError(
                f"{layer.name} returns {len(outputs)} tensors, but {len(call.outputs)} in the graph of the model"
            )
        for value, tensor in zip(outputs, call.outputs, strict=True):
            value.shape = _refined(value.shape, tuple(tensor.shape))
        return outputs

    def open_model(
        self,
        model: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        names: Mapping[int, str],
        output_names: Sequence[str] | None = None,
    ) -> None:
        """Read a whole model by running it.

        Args:
            model: any Keras model or layer.
            args: what it is called on; the symbolic Keras tensors are the model's inputs.
            kwargs: likewise.
            names: by the identity of a symbolic tensor, the name of that input.
            output_names: names of the outputs, where the model gives some.
        """
        values: dict[int, Value] = {}
        for tensor in tree.flatten((args, dict(kwargs))):
            if isinstance(tensor, keras.KerasTensor) and id(tensor) not in values:
                call = Call("input", names[id(tensor)], None)
                shape = tuple(None if size is None else int(size) for size in tensor.shape)
                values[id(tensor)] = call.add_output(shape, str(tensor.dtype))
                self._draft.calls.append(call)
                self._draft.inputs.append((call.name, values[id(tensor)]))
        try:
            record, filled = self._run(model, args, kwargs, lambda tensor: tensor)
            closed = record.root.opaque
        except Exception as error:  # the model's own code
            closed = reason(error)
        if closed is not None:
            self._draft.outputs = _opaque_model(model, self._draft, closed)
            return
        if filled is not None:
            self._draft.note(None, filled)
        outputs = spliced(record, self._draft, None, lambda tensor: values.get(id(tensor)))
        chosen = _output_names(record.result)
        if output_names is not None and len(output_names) == len(outputs):
            chosen = list(output_names)
        self._draft.outputs.extend(zip(chosen, outputs, strict=True))

    def _run(
        self, layer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], spec: Spec
    ) -> tuple[Trace, str | None]:
        """Trace a layer with the first means that works, and say what was filled in."""
        if self._instrumentation is None:
            self._instrumentation = self._stack.enter_context(Instrumentation())
        tensors = [spec(item) for item in tree.flatten((args, dict(kwargs))) if isinstance(item, keras.KerasTensor)]
        fillings: list[tuple[Spec, str | None]] = [(spec, None)]
        if any(None in tensor.shape[1:] for tensor in tensors):
            fillings.append((_filled(spec, batch=None), _FILLED))
        if any(None in tensor.shape[:1] for tensor in tensors):
            fillings.append((_filled(spec, batch=BATCH), f"{_FILLED} The batch was {BATCH}."))
        for filling, text in fillings:
            try:
                return trace(self._instrumentation, layer, args, kwargs, spec=filling), text
            except Exception:  # the layer's own code; the next means may work  # noqa: S112, PERF203 (a chain of attempts)
                continue
        return trace(self._instrumentation, layer, args, kwargs, spec=spec, recover=observe), None


_FILLED = (
    f"This part could not be run with open dimensions. They were filled ({STEPS}, or {PIXELS} in images), and"
    " the shapes inside follow from that."
)


def _filled(spec: Spec, batch: int | None) -> Spec:
    def filled(tensor: Any) -> Any:
        described = spec(tensor)
        first, *rest = described.shape
        size = PIXELS if len(described.shape) > 3 else STEPS
        shape = (first if first is not None else batch, *(size if item is None else item for item in rest))
        return keras.KerasTensor(shape, described.dtype)

    return filled


def _refined(shape: Any, other: Any) -> Any:
    """Fill the unknown dimensions of one shape with those that another knows."""
    if shape is None:
        return other
    if len(shape) != len(other):
        return shape
    return tuple(theirs if ours is None else ours for ours, theirs in zip(shape, other, strict=True))


def _opaque(call: FunctionalCall, draft: Draft, why: str) -> list[Value]:
    leaf = Call("layer", call.operation.name, call.operation, call.scope, inputs=call.inputs, opaque=why)
    for tensor in call.outputs:
        leaf.add_output(tuple(tensor.shape), str(tensor.dtype))
    draft.calls.append(leaf)
    return leaf.outputs


def _opaque_model(model: Any, draft: Draft, why: str) -> list[tuple[str, Value]]:
    leaf = Call("layer", model.name, model, inputs=[value for _, value in draft.inputs], opaque=why)
    draft.calls.append(leaf)
    draft.note(None, f"The model could not be run, so neither its inside nor its outputs are known. {why}")
    return [("output", leaf.add_output(None, model.compute_dtype or keras.config.floatx()))]


def _output_names(result: Any) -> list[str]:
    names = [
        ".".join(["output"] * isinstance(path[0], int) + [str(part) for part in path]) if path else "output"
        for path, item in tree.flatten_with_path(result)
        for _ in tensors_in(item)
    ]
    return [name.replace("output.", "output_", 1) for name in names]
