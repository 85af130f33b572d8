"""Opening layers that contain others, and what to do when one resists.

In this order: the layer runs symbolically, with the dimensions that are open left open; where it branches on tensors,
AutoGraph converts its control flow; open dimensions are filled; the layers inside that still fail are observed in an
eager run, so that their calls, order and shapes are known and the edges inferred; and what cannot be run at all is
drawn closed, with the reason.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import keras
from keras import tree

from keraviz_docs.reading import keras_internals
from keraviz_docs.reading.dataflow import spliced
from keraviz_docs.reading.draft import Call, Draft, Scope, Value
from keraviz_docs.reading.functional import FunctionalCall
from keraviz_docs.reading.observing import observe
from keraviz_docs.reading.tracing import Instrumentation, Trace, may_open, tensors_in, trace

Spec = Callable[[Any], Any]


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
        except Exception as error:
            if not contains_layers:
                return None
            return _opaque(call, self._draft, error)
        if not record.root.calls_layers() and record.root.opaque is None:
            if not contains_layers and not isinstance(layer, keras.layers.Lambda):
                self._leaf_classes.add(type(layer))
            return None
        scope = Scope(layer.name, layer, call.scope, dict(record.root.config))
        if filled is not None:
            self._draft.note(scope, filled)
        outputs = spliced(record, self._draft, scope, call.value)
        for value, tensor in zip(outputs, call.outputs, strict=True):
            value.shape = _refined(value.shape, tuple(tensor.shape))
        return outputs

    def open_model(
        self, model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], names: Mapping[int, str]
    ) -> None:
        """Read a whole model by running it.

        Args:
            model: any Keras model or layer.
            args: what it is called on; the symbolic Keras tensors are the model's inputs.
            kwargs: likewise.
            names: by the identity of a symbolic tensor, the name of that input.
        """
        values: dict[int, Value] = {}
        for tensor in tree.flatten((args, dict(kwargs))):
            if isinstance(tensor, keras.KerasTensor) and id(tensor) not in values:
                call = Call("input", names[id(tensor)], None)
                shape = tuple(None if size is None else int(size) for size in tensor.shape)
                values[id(tensor)] = call.add_output(shape, str(tensor.dtype))
                self._draft.calls.append(call)
                self._draft.inputs.append((call.name, values[id(tensor)]))
        record, filled = self._run(model, args, kwargs, lambda tensor: tensor)
        if filled is not None:
            self._draft.note(None, filled)
        outputs = spliced(record, self._draft, None, lambda tensor: values.get(id(tensor)))
        for name, value in zip(_output_names(record.result), outputs, strict=True):
            self._draft.outputs.append((name, value))

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
            fillings.append((_filled(spec, batch=_BATCH), f"{_FILLED} The batch was {_BATCH}."))
        for filling, text in fillings:
            try:
                return trace(self._instrumentation, layer, args, kwargs, spec=filling), text
            except Exception:  # the layer's own code; the next means may work  # noqa: S112, PERF203 (a chain of attempts)
                continue
        return trace(self._instrumentation, layer, args, kwargs, spec=spec, recover=observe), None


_BATCH = 2
_STEPS = 16
_PIXELS = 64
_FILLED = (
    f"This part could not be run with open dimensions. They were filled ({_STEPS}, or {_PIXELS} in images), and"
    " the shapes inside follow from that."
)


def _filled(spec: Spec, batch: int | None) -> Spec:
    def filled(tensor: Any) -> Any:
        described = spec(tensor)
        first, *rest = described.shape
        size = _PIXELS if len(described.shape) > 3 else _STEPS
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


def _opaque(call: FunctionalCall, draft: Draft, error: Exception) -> list[Value]:
    leaf = Call("layer", call.operation.name, call.operation, call.scope, inputs=call.inputs, opaque=reason(error))
    for tensor in call.outputs:
        leaf.add_output(tuple(tensor.shape), str(tensor.dtype))
    draft.calls.append(leaf)
    return leaf.outputs


_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_WRAPPING = re.compile(r"Exception encountered when calling (\S+)\.")


def reason(error: BaseException) -> str:
    """Say in one line why a layer could not be run."""
    lines = [line.strip() for line in _ESCAPES.sub("", str(error)).splitlines() if line.strip()]
    where = ""
    while len(lines) > 1 and (wrapping := _WRAPPING.match(lines[0])):
        where = f" in {wrapping[1]}"
        lines = lines[1:]
    said = f": {lines[0][:200]}" if lines else ""
    return f"{type(error).__name__}{where}{said}"


def _output_names(result: Any) -> list[str]:
    names = [
        ".".join(str(part) for part in path) if path else "output"
        for path, item in tree.flatten_with_path(result)
        for _ in tensors_in(item)
    ]
    return [f"output_{name}" if name.isdigit() else name for name in names]
