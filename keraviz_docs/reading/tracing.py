"""Running a layer once on symbolic tensors, and keeping book of who did what.

The layer runs inside one TensorFlow ``FuncGraph``, as Keras itself runs it to infer shapes
(``compute_output_spec`` in ``keras/src/backend/tensorflow/core.py``).  Variables stand in as placeholders, so no
weight is allocated.  Each call of a layer or operation opens a name scope with a number of its own: every TensorFlow
operation then carries in its name which call it belongs to, and the edges are the graph's own.  A call that goes
unnoticed costs a label, never an edge.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import keras
import tensorflow as tf
from keras import tree

from keraviz_docs.reading import keras_internals
from keraviz_docs.reading.draft import Function

CONTROL_FLOW = frozenset(
    {"associative_scan", "cond", "fori_loop", "map", "scan", "switch", "vectorized_map", "while_loop"}
)
"""Operations that run functions, in which layers may be called."""

_TOKEN = re.compile(r"(?:^|/)keraviz\.(\d+)(?:_\d+)?(?=/)")


Run = Callable[..., Any]


@dataclass(eq=False, slots=True)
class Frame:
    """One call of a layer or operation, from beginning to end."""

    number: int
    kind: Literal["layer", "operation"]
    thing: Any
    name: str
    parent: Frame | None
    children: list[Frame] = field(default_factory=list)
    inputs: list[Any] = field(default_factory=list)
    """The tensors among the arguments, in order."""
    outputs: list[Any] = field(default_factory=list)
    """The tensors among the results, in order."""
    config: dict[str, Any] = field(default_factory=dict)
    """The other arguments of an operation."""
    closed: bool = False
    """Whether nothing inside is recorded."""
    abandoned: bool = False
    """Whether the call failed and was replaced by another attempt."""
    autograph: bool = False
    """Whether its Python control flow was converted."""
    opaque: str | None = None
    observation: Observation | None = None
    """What was seen in an eager run, where no symbolic one was possible."""

    def calls_layers(self) -> bool:
        """Whether a layer was called inside."""
        return any(not child.abandoned and (child.kind == "layer" or child.calls_layers()) for child in self.children)


@dataclass(eq=False, slots=True)
class Observation:
    """An eager run of one layer."""

    inputs: list[tuple[Any, Any]]
    """Each eager tensor that the layer was called on, and the symbolic one that it stood for."""
    outputs: list[tuple[Any, Any]]
    """Each placeholder that goes on in the graph, and the eager tensor that it stands for."""


@dataclass(eq=False)
class Trace:
    """What was recorded of one run."""

    graph: Any
    root: Frame
    arguments: list[tuple[Any, Any]]
    """Each symbolic Keras tensor that the layer was called on, and the placeholder that stood for it."""
    variables: dict[int, tuple[Any, Any]]
    """By the identity of a placeholder: the placeholder, and the variable that it stands for."""
    frames: dict[int, Frame]
    result: Any
    """What the layer returned, as it returned it."""

    def observed(self) -> dict[int, Frame]:
        """Return, by the identity of a placeholder, the layer whose output it stands for."""
        return {
            id(placeholder): frame
            for frame in self.frames.values()
            if frame.observation is not None
            for placeholder, _ in frame.observation.outputs
        }

    def operation_types(self) -> set[str]:
        """Return the types of the TensorFlow operations that ran."""
        return {operation.type for operation in self.graph.get_operations()}

    def frame_of(self, operation: Any) -> Frame | None:
        """Return the innermost call that a TensorFlow operation was made in."""
        tokens = _TOKEN.findall(operation.name + "/")
        frame = self.frames.get(int(tokens[-1])) if tokens else None
        while frame is not None and frame.abandoned:
            frame = frame.parent
        return frame


class _Placeholders(keras.StatelessScope):  # type: ignore[misc]  # Keras is not typed
    """Every variable reads as one placeholder; what is written to it is ignored."""

    def __init__(self, graph: Any) -> None:
        super().__init__(initialize_variables=False, collect_losses=True)
        self.graph = graph
        self.by_variable: dict[int, Any] = {}
        self.variables: dict[int, tuple[Any, Any]] = {}

    def get_current_value(self, variable: Any) -> Any:
        """Return the placeholder of a variable."""
        placeholder = self.by_variable.get(id(variable))
        if placeholder is None:
            with self.graph.as_default(), tf.compat.v1.name_scope(None):
                placeholder = tf.compat.v1.placeholder(variable._dtype, tuple(variable.shape), name="variable")
            self.by_variable[id(variable)] = placeholder
            self.variables[id(placeholder)] = (placeholder, variable)
        return placeholder

    def add_update(self, update: Any) -> None:
        """Ignore an assignment: the run must not depend on state."""


Recovery = Callable[["Tracer", Frame, Run, "tuple[Any, ...]", "dict[str, Any]", Exception], Any]
"""What to do with a layer that cannot be run symbolically: returns its result, and marks the frame."""


class Tracer:
    """Records the calls of one run."""

    def __init__(self, graph: Any, recover: Recovery | None) -> None:
        self.graph = graph
        self.frames: dict[int, Frame] = {}
        self.current: Frame | None = None
        self.observing = False
        """Whether an eager run is being recorded."""
        self._recover = recover
        self._known_graphs: dict[int, tuple[Any, bool]] = {}

    def is_listening(self) -> bool:
        """Whether what runs now is the run to be recorded, and its inside is of interest."""
        if self.current is not None and self.current.closed:
            return False
        if self.observing or tf.executing_eagerly():
            return self.observing and tf.executing_eagerly()
        graph = tf.compat.v1.get_default_graph()
        known = self._known_graphs.get(id(graph))
        if known is None:
            ours = keras_internals.belongs_to(self.graph, graph)
            known = self._known_graphs[id(graph)] = (graph, ours)
        return known[1]

    def run_layer(self, layer: Any, run: Run, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one call of a layer, with what helps when it fails."""
        frame = self._open("layer", layer, layer.name)
        frame.closed = is_closed(layer)
        frame.inputs = self._tensors((args, *kwargs.values()))
        with self._inside(frame):
            try:
                result = run(*args, **kwargs)
            except Exception as error:
                result = self._try_otherwise(frame, run, args, kwargs, error)
            if not frame.calls_layers():
                result = self._made_inside(frame, result)
        frame.outputs = self._tensors(result)
        return result

    def run_operation(
        self, thing: Any, name: str, run: Run, args: tuple[Any, ...], kwargs: dict[str, Any], config: dict[str, Any]
    ) -> Any:
        """Run one call of an operation: a :class:`Function`, or a ``keras.Operation``."""
        frame = self._open("operation", thing, name)
        frame.closed = not (isinstance(thing, Function) and thing.name in CONTROL_FLOW)
        frame.inputs = self._tensors((args, *kwargs.values()))
        frame.config = config
        with self._inside(frame):
            result = run(*args, **kwargs)
        frame.outputs = self._tensors(result)
        return result

    def note_steps(self, steps: int | None) -> None:
        """Record over how many steps the current ``TimeDistributed`` layer goes."""
        if self.current is not None:
            self.current.config["timesteps"] = steps

    def abandon(self, frame: Frame) -> None:
        """Forget what was recorded inside a call that failed."""
        for child in frame.children:
            child.abandoned = True
            self.abandon(child)
        frame.children = []

    def _try_otherwise(
        self, frame: Frame, run: Run, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception
    ) -> Any:
        if _branches_on_tensors(error) and not getattr(error, "keraviz_converted", False):
            self.abandon(frame)
            try:
                with _converted(frame.thing):
                    result = run(*args, **kwargs)
            except Exception:
                error.keraviz_converted = True  # type: ignore[attr-defined]  # so that no layer around tries it again
            else:
                frame.autograph = True
                return result
        if self._recover is None:
            raise error
        self.abandon(frame)
        if self.observing:
            raise error
        return self._recover(self, frame, run, args, kwargs, error)

    @contextlib.contextmanager
    def outside(self, layer: Any) -> Iterator[None]:
        """Count what happens inside as done by the caller of ``layer``, whose call is under way."""
        frame = self.current
        if frame is None or frame.thing is not layer or frame.kind != "layer" or frame.parent is None:
            yield
            return
        with self._inside(frame.parent):
            yield

    def is_calling(self, layer: Any) -> bool:
        """Whether the innermost layer call is this layer's, or that of the Sequential model which it carries out."""
        frame = self.current
        while frame is not None and frame.kind != "layer":
            frame = frame.parent
        return frame is not None and (frame.thing is layer or getattr(frame.thing, "_functional", None) is layer)

    def is_running(self, function: Function) -> bool:
        """Whether the innermost call is this very operation, which has only passed on to the backend's."""
        return self.current is not None and self.current.thing == function

    def _tensors(self, structure: Any) -> list[Any]:
        if self.observing:
            return [item for item in tree.flatten(structure) if isinstance(item, tf.Tensor)]
        return tensors_in(structure)

    def _open(self, kind: Literal["layer", "operation"], thing: Any, name: str) -> Frame:
        frame = Frame(len(self.frames), kind, thing, name, self.current)
        self.frames[frame.number] = frame
        if frame.parent is not None:
            frame.parent.children.append(frame)
        return frame

    @contextlib.contextmanager
    def _inside(self, frame: Frame) -> Iterator[None]:
        before, self.current = self.current, frame
        try:
            with tf.name_scope(_token(frame)):
                yield
        finally:
            self.current = before

    def _made_inside(self, frame: Frame, result: Any) -> Any:
        """Put an identity behind each tensor that a leaf only passes on, so that it lies on the path."""

        def own(item: Any) -> Any:
            item = _as_tensor(item)
            if not isinstance(item, tf.Tensor) or self._is_made_in(item, frame):
                return item
            copy = tf.identity(item)
            mask = keras_internals.keras_mask(item)
            if mask is not None:
                keras_internals.set_keras_mask(copy, mask)
            return copy

        return tree.map_structure(own, result)

    def _is_made_in(self, tensor: Any, frame: Frame) -> bool:
        if not is_symbolic(tensor):
            return not any(tensor is given for given in frame.inputs)
        return tensor.graph is not self.graph or str(frame.number) in _TOKEN.findall(tensor.op.name + "/")


def _branches_on_tensors(error: Exception) -> bool:
    """Whether Python met a tensor as a condition, or as the length of a loop."""
    return isinstance(error, tf.errors.OperatorNotAllowedInGraphError) or (
        isinstance(error, TypeError) and "cannot be interpreted as an integer" in str(error)
    )


@contextlib.contextmanager
def _converted(layer: Any) -> Iterator[None]:
    """Let AutoGraph turn the Python control flow of a layer's ``call`` into TensorFlow's."""
    converted = tf.autograph.to_graph(inspect.unwrap(type(layer).call))
    object.__setattr__(layer, "call", types.MethodType(converted, layer))
    try:
        yield
    finally:
        object.__delattr__(layer, "call")


def _constants(function: Run, args: tuple[Any, ...], kwargs: dict[str, Any], *, eager: bool) -> dict[str, Any]:
    """Return the arguments that depend on no input, by parameter name; in an eager run, those without tensors."""
    try:
        arguments = _signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        arguments = {f"argument_{position}": item for position, item in enumerate(args)} | kwargs
    constants = {
        name: static_value(value)
        for name, value in arguments.items()
        if not callable(value) and not (eager and any(_is_tensor(item) for item in tree.flatten(value)))
    }
    return {name: value for name, value in constants.items() if value is not None}


def static_value(value: Any) -> Any:
    """Return a structure without tensors: constants as numbers; ``None`` when one is no constant, or large."""
    found = [_static_tensor(item) if _is_tensor(item) else item for item in tree.flatten(value)]
    if any(item is None for item in found):
        return None
    return tree.pack_sequence_as(value, found)


def _is_tensor(item: Any) -> bool:
    return bool(tf.is_tensor(item)) or isinstance(item, keras.Variable)


def _static_tensor(tensor: Any) -> Any:
    if not isinstance(tensor, tf.Tensor) or tensor.shape.rank is None or tensor.shape.num_elements() is None:
        return None
    if tensor.shape.num_elements() > SMALL:
        return None
    value = tf.get_static_value(tensor)
    return None if value is None else value.tolist()


SMALL = 16
"""Constants of more elements are not worth showing."""


@functools.cache
def _signature(function: Any) -> inspect.Signature:
    return inspect.signature(function)


def _as_tensor(item: Any) -> Any:
    return tf.convert_to_tensor(item) if isinstance(item, keras.Variable) else item


def _token(frame: Frame) -> str:
    return f"keraviz.{frame.number}"


def is_symbolic(tensor: Any) -> bool:
    """Whether a tensor belongs to a graph."""
    return bool(tf.is_symbolic_tensor(tensor))


def tensors_in(structure: Any) -> list[Any]:
    """Return the symbolic tensors in a nested structure, those of sparse and ragged ones included."""
    found: list[Any] = []
    for item in tree.flatten(structure):
        if isinstance(item, (tf.SparseTensor, tf.RaggedTensor)):
            found.extend(part for part in tf.nest.flatten(item, expand_composites=True) if is_symbolic(part))
        elif isinstance(item, tf.Tensor) and is_symbolic(item):
            found.append(item)
    return found


def is_closed(layer: Any) -> bool:
    """Whether a layer is a leaf although it contains others: a recurrent layer with its cell, or an activation."""
    if isinstance(layer, keras.layers.RNN):
        return True
    inner = keras_internals.sublayers(layer)
    activations = [getattr(layer, name, None) for name in ("activation", "recurrent_activation")]
    return bool(inner) and all(any(child is activation for activation in activations) for child in inner)


def may_open(layer: Any) -> bool:
    """Whether there may be layers inside that are worth showing."""
    if not isinstance(layer, keras.Layer) or is_closed(layer):
        return False
    if keras_internals.sublayers(layer) or isinstance(layer, keras.layers.Lambda):
        return True
    return type(layer).__module__.partition(".")[0] != "keras"


class Instrumentation:
    """Keras with wrappers around its calls, which report to a tracer while there is one."""

    def __init__(self) -> None:
        self.tracer: Tracer | None = None
        self._patches = contextlib.ExitStack()
        self._watched: set[type] = set()

    def __enter__(self) -> Instrumentation:
        with contextlib.ExitStack() as patches:
            patches.enter_context(keras_internals.weightless())
            patches.enter_context(
                keras_internals.intercepted(
                    layer_call=self._around_layer,
                    operation_call=self._around_operation,
                    mask_computation=self._around_mask,
                )
            )
            patches.enter_context(
                keras_internals.rebound(
                    {
                        function: self._around_function(function, Function(name, module))
                        for function, (name, module) in keras_internals.operation_functions().items()
                    }
                )
            )
            patches.enter_context(
                keras_internals.attribute_replaced(keras.layers.TimeDistributed, "call", self._around_steps())
            )
            # A cached tf.function would hide the layers that it calls.
            eagerly = tf.config.functions_run_eagerly()
            tf.config.run_functions_eagerly(True)
            patches.callback(tf.config.run_functions_eagerly, eagerly)
            self._patches = patches.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()

    def watch(self, layer: Any) -> None:
        """Also notice when somebody runs ``layer.call`` itself, for this layer and those inside."""
        for inner in (layer, *keras_internals.all_sublayers(layer)):
            for cls in type(inner).__mro__:
                if cls in self._watched or cls in (keras.Layer, keras.Operation, keras.layers.TimeDistributed):
                    continue
                self._watched.add(cls)
                call = vars(cls).get("call")
                if isinstance(call, types.FunctionType) and issubclass(cls, keras.Layer):
                    self._patches.enter_context(
                        keras_internals.attribute_replaced(cls, "call", self._around_direct_call(call))
                    )

    def _listening(self) -> Tracer | None:
        return self.tracer if self.tracer is not None and self.tracer.is_listening() else None

    def _around_layer(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            tracer = self._listening()
            if tracer is None:
                return original(layer, *args, **kwargs)
            return tracer.run_layer(layer, functools.partial(original, layer), args, kwargs)

        return call

    def _around_direct_call(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            tracer = self._listening()
            if tracer is None or tracer.is_calling(layer):
                return original(layer, *args, **kwargs)
            return tracer.run_layer(layer, functools.partial(original, layer), args, kwargs)

        return call

    def _around_operation(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
            tracer = None if isinstance(operation, keras.Layer) else self._listening()
            if tracer is None:
                return original(operation, *args, **kwargs)
            constants = _constants(operation.call, args, kwargs, eager=tracer.observing)
            return tracer.run_operation(
                operation, operation.name, functools.partial(original, operation), args, kwargs, constants
            )

        return call

    def _around_mask(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def compute(layer: Any, *args: Any, **kwargs: Any) -> Any:
            tracer = self.tracer
            if tracer is None:
                return original(layer, *args, **kwargs)
            with tracer.outside(layer):
                return original(layer, *args, **kwargs)

        return compute

    def _around_function(self, original: Callable[..., Any], function: Function) -> Callable[..., Any]:
        @functools.wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            tracer = self._listening()
            if tracer is None or tracer.is_running(function):
                return original(*args, **kwargs)
            constants = _constants(original, args, kwargs, eager=tracer.observing)
            # `tf.vectorized_map` rewrites what its function does beyond recognition; a loop computes the same.
            run = _mapped(original) if function.name == "vectorized_map" else original
            return tracer.run_operation(function, function.name, run, args, kwargs, constants)

        return call

    def _around_steps(self) -> Callable[..., Any]:
        """Show a ``TimeDistributed`` layer's inner layer once.

        Keras calls it once per step, or in a vectorised loop (``keras/src/layers/rnn/time_distributed.py``).  Here the
        steps join the batch, which computes the same, since no layer mixes the samples of a batch at inference.
        """
        original = keras.layers.TimeDistributed.call

        @functools.wraps(original)
        def call(layer: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
            tracer = self._listening()
            if tracer is None:
                return original(layer, inputs, training=training, mask=mask)
            tracer.note_steps(inputs.shape[1])
            kwargs: dict[str, Any] = {}
            if mask is not None and keras_internals.takes_mask(layer.layer):
                kwargs["mask"] = tracer.run_operation(UNSTACK, "unstack", _join_batch, (mask,), {}, {"axis": 1})
            if keras_internals.takes_training(layer.layer):
                kwargs["training"] = training
            steps = tracer.run_operation(UNSTACK, "unstack", _join_batch, (inputs,), {}, {"axis": 1})
            results = layer.layer.call(steps, **kwargs)
            stack = functools.partial(_leave_batch, like=inputs)
            return tracer.run_operation(STACK, "stack", stack, (results,), {}, {"axis": 1})

        return call


def _mapped(vectorized_map: Run) -> Run:
    def run(function: Any, elements: Any) -> Any:
        try:
            return keras.ops.map(function, elements)
        except Exception:  # a function may be written for `tf.vectorized_map` alone
            return vectorized_map(function, elements)

    return run


UNSTACK = Function("unstack", "keras.ops")
STACK = Function("stack", "keras.ops")


def _join_batch(tensor: Any) -> Any:
    joined = tf.reshape(tensor, tf.concat([[-1], tf.shape(tensor)[2:]], 0))
    joined.set_shape([None, *tensor.shape[2:]])
    return joined


def _leave_batch(tensor: Any, like: Any) -> Any:
    apart = tf.reshape(tensor, tf.concat([tf.shape(like)[:2], tf.shape(tensor)[1:]], 0))
    apart.set_shape([like.shape[0], like.shape[1], *tensor.shape[1:]])
    return apart


def trace(
    instrumentation: Instrumentation,
    layer: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    spec: Callable[[Any], Any] = lambda tensor: tensor,
    recover: Recovery | None = None,
) -> Trace:
    """Call a layer at inference on symbolic Keras tensors and record what happens.

    Args:
        instrumentation: an entered :class:`Instrumentation`.
        layer: the layer or model; its variables need no values, and it need not be built.
        args: positional arguments; the Keras tensors among them are the inputs.
        kwargs: keyword arguments, likewise.
        spec: gives the tensor whose shape and dtype a placeholder gets.
        recover: what to do with an inner layer that fails; without it the exception is raised.
    """
    graph = tf.__internal__.FuncGraph("keraviz")
    placeholders: dict[int, tuple[Any, Any]] = {}

    def placeholder(tensor: Any) -> Any:
        if not isinstance(tensor, keras.KerasTensor):
            return tensor
        if id(tensor) not in placeholders:
            described = spec(tensor)
            make = tf.compat.v1.sparse_placeholder if described.sparse else tf.compat.v1.placeholder
            made = make(shape=described.shape, dtype=tensor.dtype)
            placeholders[id(tensor)] = (tensor, made)
            mask = keras_internals.keras_mask(tensor)
            if isinstance(mask, keras.KerasTensor):
                keras_internals.set_keras_mask(made, placeholder(mask))
        return placeholders[id(tensor)][1]

    instrumentation.watch(layer)
    tracer = Tracer(graph, recover)
    kwargs = dict(kwargs)
    if keras_internals.takes_training(layer):
        kwargs["training"] = False
    try:
        with _Placeholders(graph) as scope, keras.SymbolicScope(), graph.as_default():
            symbolic_args, symbolic_kwargs = tree.map_structure(placeholder, (args, kwargs))
            instrumentation.tracer = tracer
            result = tree.map_structure(_as_tensor, layer(*symbolic_args, **symbolic_kwargs))
    finally:
        instrumentation.tracer = None
        keras_internals.forget_uninitialized_variables()
    return Trace(
        graph=graph,
        root=tracer.frames[0],
        arguments=list(placeholders.values()),
        variables=scope.variables,
        frames=tracer.frames,
        result=result,
    )
