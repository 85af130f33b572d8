"""From a trace to leaves and edges: the graph's own data flow, at the level of layers and operations."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from keraviz_docs.architecture import Shape
from keraviz_docs.reading import keras_internals
from keraviz_docs.reading.draft import Call, Draft, Function, Scope, Value
from keraviz_docs.reading.tracing import Frame, Trace, static_value, tensors_in

Origin = Literal["data", "weight", "shape", "constant"]
"""What a tensor depends on: the inputs (or chance), else a variable, else the shape of an input, else nothing."""

_SHAPES_ONLY = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"})

_CONVERSIONS = frozenset({
    "Cast", "Identity", "IdentityN", "StopGradient", "PreventGradient", "EnsureShape", "CheckNumerics", "Snapshot",
})  # fmt: skip
"""TensorFlow operations that pass a tensor on, perhaps in another dtype; a drawing leaves them out."""

_CHANCE = re.compile(r"Random|Multinomial|TruncatedNormal|Poisson")

_OPERATORS = {
    "Abs": "absolute", "Add": "add", "AddV2": "add", "BatchMatMulV2": "matmul", "BatchMatMulV3": "matmul",
    "Case": "switch", "Equal": "equal", "FloorDiv": "floor_divide", "FloorMod": "mod", "Greater": "greater",
    "GreaterEqual": "greater_equal", "If": "cond", "Less": "less", "LessEqual": "less_equal",
    "LogicalAnd": "logical_and", "LogicalNot": "logical_not", "LogicalOr": "logical_or", "MatMul": "matmul",
    "Mul": "multiply", "Neg": "negative", "NotEqual": "not_equal", "Pow": "power", "RealDiv": "true_divide",
    "StatelessCase": "switch", "StatelessIf": "cond", "StatelessWhile": "while_loop", "StridedSlice": "get_item",
    "Sub": "subtract", "While": "while_loop",
}  # fmt: skip
"""What Python's operators on tensors become in TensorFlow, by the name of the Keras function that does the same."""

_BODIES = {
    "While": ("body",), "StatelessWhile": ("body",), "If": ("then_branch", "else_branch"),
    "StatelessIf": ("then_branch", "else_branch"), "Case": ("branches",), "StatelessCase": ("branches",),
    "PartitionedCall": ("f",), "StatefulPartitionedCall": ("f",),
}  # fmt: skip
"""TensorFlow operations that run functions, and the attributes that name these."""


@dataclass(eq=False, slots=True)
class _Leaf:
    """What becomes a call of the draft, while it is being put together."""

    call: Call
    frame: Frame | None
    operations: list[Any] = field(default_factory=list)
    """TensorFlow operations, for what no frame announced."""
    entering: list[Any] = field(default_factory=list)
    variables: dict[int, Any] = field(default_factory=dict)
    outputs: dict[int, Value] = field(default_factory=dict)


class UnreadableError(Exception):
    """The graph of a trace is not one that can be shown."""


@dataclass(frozen=True)
class Dataflow:
    """What happens inside a traced layer."""

    calls: list[Call]
    """Leaves in an order in which they can be executed."""
    outputs: list[Value]
    notices: list[tuple[Scope | Call | None, str]]
    tensors: dict[Value, Any]
    """The TensorFlow tensor that each value stands for; none for what was observed in an eager run."""
    shapes: list[Any]
    """TensorFlow tensors that depend on the shapes of the inputs only; edges are not drawn for them."""


def dataflow_of(trace: Trace, scope: Scope | None, bind: Callable[[Any], Value | None]) -> Dataflow:
    """Find the leaves and edges of a trace.

    Args:
        trace: the record of one call.
        scope: where the leaves lie; ``None`` for the model itself.
        bind: gives the value of a symbolic tensor that the layer was called on, ``None`` if that has none.

    Raises:
        UnreadableError: the graph makes no sense; the layer should be shown closed.
    """
    return _Reader(trace, scope, bind).read()


def spliced(trace: Trace, draft: Draft, scope: Scope | None, bind: Callable[[Any], Value | None]) -> list[Value]:
    """Append what happens inside a traced layer to a draft, and return the layer's outputs; see :func:`dataflow_of`."""
    flow = dataflow_of(trace, scope, bind)
    draft.calls.extend(flow.calls)
    draft.notices.extend(flow.notices)
    return flow.outputs


class _Reader:
    def __init__(self, trace: Trace, scope: Scope | None, bind: Callable[[Any], Value | None]) -> None:
        self.trace = trace
        self.bind = bind
        self.notices: list[tuple[Scope | Call | None, str]] = []
        self._scopes: dict[Frame, Scope | None] = {trace.root: scope}
        self._parents: dict[Frame | None, Frame] = {}
        self._leaves: list[_Leaf] = []
        self._leaf_of_frame: dict[Frame, _Leaf] = {}
        self._origins: dict[int, Origin] = {}
        self._tensors: dict[int, Any] = {}
        self._variables: dict[int, dict[int, Any]] = {}
        self._aliases: dict[int, Any] = {}
        self._makers: dict[int, _Leaf] = {}
        self._values: dict[int, Value] = {}
        self._open_run: _Leaf | None = None
        self._read_frames: set[Frame] = set()
        self._last_observed: Value | None = None
        self._arguments = {
            id(placeholder): tensor for tensor, made in trace.arguments for placeholder in tensors_in(made)
        }
        self._observed = trace.observed()
        self._eager: dict[int, Value] = {}
        self._inferred: list[tuple[Call, Frame, Frame, Value | None]] = []
        self._promised: set[int] = {id(tensor) for tensor in tensors_in(trace.result)}
        for frame in trace.frames.values():
            if frame.kind == "layer" and not frame.abandoned and frame is not trace.root and not frame.calls_layers():
                self._promised.update(id(tensor) for tensor in frame.outputs)

    # Reading the graph

    def read(self) -> Dataflow:
        self._read_graph(self.trace.graph, self.trace.root)
        for leaf in self._leaves:
            self._connect(leaf)
        for call, frame, observed, previous in self._inferred:
            self._infer_inputs(call, frame, observed, previous)
        for frame in self.trace.frames.values():
            if frame.autograph and not frame.abandoned and self._place(frame) == (frame, True):
                self.notices.append((self._scope(frame), AUTOGRAPH))
        outputs = [self._value(tensor) for tensor in tensors_in(self.trace.result)]
        return Dataflow(
            calls=self._live_calls(outputs),
            outputs=outputs,
            notices=self.notices,
            tensors={value: self._tensors[key] for key, value in self._values.items() if key in self._tensors},
            shapes=[tensor for key, tensor in self._tensors.items() if self._origins[key] == "shape"],
        )

    def _read_graph(self, graph: Any, default: Frame) -> None:
        for operation in graph.get_operations():
            outputs = operation.outputs
            if outputs and id(outputs[0]) in self.trace.variables:
                _, variable = self.trace.variables[id(outputs[0])]
                seed = keras_internals.is_random_seed(variable)
                self._set(outputs[0], "constant" if seed else "weight", {} if seed else {id(variable): variable})
            elif outputs and id(outputs[0]) in self._observed:
                self._read_observed(outputs[0], self._observed[id(outputs[0])])
            elif operation.type == "Placeholder":
                if id(outputs[0]) not in self._aliases:
                    self._set(outputs[0], "data" if id(outputs[0]) in self._arguments else "constant")
            elif not (operation.type in _BODIES and self._read_function(operation, default)):
                self._read_operation(operation, default)

    def _read_operation(
        self, operation: Any, default: Frame, inputs: Iterable[Any] | None = None, *, uses_variables: bool = True
    ) -> None:
        """Place one operation; ``inputs`` are others than its own for one whose functions have been read."""
        inputs = [self._resolve(tensor) for tensor in (operation.inputs if inputs is None else inputs)]
        origin, variables = self._depends_on(operation, inputs)
        if not uses_variables:
            variables = {}
        promised = any(id(output) in self._promised for output in operation.outputs)
        if origin != "data" and not promised:
            for output in operation.outputs:
                self._set(output, origin, variables)
            return
        frame = self.trace.frame_of(operation) or default
        place, unannounced = self._place(frame)
        if unannounced and operation.type in _CONVERSIONS and origin == "data" and len(operation.outputs) == 1:
            self._aliases[id(operation.outputs[0])] = inputs[0]
            return
        leaf = self._unannounced_leaf(operation, place) if unannounced else self._announced_leaf(place)
        leaf.variables.update(variables)
        leaf.entering.extend(tensor for tensor in inputs if self._origins.get(id(tensor)) == "data")
        for output in operation.outputs:
            self._set(output, "data")
            self._makers[id(output)] = leaf

    def _read_function(self, operation: Any, default: Frame) -> bool:
        """Read the bodies of a loop or branch if a layer is called in them; say whether that was so."""
        owner = self.trace.frame_of(operation) or default
        place, unannounced = self._place(owner)
        if not unannounced:
            return False
        bodies: list[Any] = [
            _function_graph(operation.graph, function.name)
            for attribute in _BODIES[operation.type]
            for function in _as_list(operation.get_attr(attribute))
        ]
        if None in bodies or not any(self._has_frames(body) for body in bodies):
            return False
        skipped = 1 if "If" in operation.type or "Case" in operation.type else 0
        returned: list[Any] = []
        for body in bodies:
            for inner, outer in zip(body.inputs, list(operation.inputs)[skipped:], strict=False):
                self._aliases[id(inner)] = outer
            self._read_graph(body, place)
            returned.extend(body.outputs)
        if skipped:
            deciding = [operation.inputs[0]]
        else:
            carried = zip(operation.inputs, bodies[0].inputs, bodies[0].outputs, strict=False)
            deciding = [outer for outer, inner, given in carried if given is not inner]
        self._read_operation(operation, default, (*deciding, *returned), uses_variables=False)
        return True

    def _has_frames(self, graph: Any) -> bool:
        return any(self.trace.frame_of(operation) is not None for operation in graph.get_operations())

    def _depends_on(self, operation: Any, inputs: list[Any]) -> tuple[Origin, dict[int, Any]]:
        origins = {self._origins.get(id(tensor), "constant") for tensor in inputs}
        variables: dict[int, Any] = {}
        for tensor in inputs:
            if self._origins.get(id(tensor)) == "weight":
                variables.update(self._variables.get(id(tensor), {}))
        if _CHANCE.search(operation.type):
            return "data", variables
        if operation.type in _SHAPES_ONLY:
            return "shape", {}
        dependent: tuple[Origin, ...] = ("data", "weight", "shape")
        for origin in dependent:
            if origin in origins:
                return origin, variables
        return "constant", {}

    def _set(self, tensor: Any, origin: Origin, variables: dict[int, Any] | None = None) -> None:
        self._origins[id(tensor)] = origin
        self._tensors[id(tensor)] = tensor
        if variables:
            self._variables[id(tensor)] = variables

    def _resolve(self, tensor: Any) -> Any:
        while id(tensor) in self._aliases:
            tensor = self._aliases[id(tensor)]
        return tensor

    def _read_observed(self, placeholder: Any, frame: Frame) -> None:
        """Read the output of a layer that was run eagerly."""
        self._set(placeholder, "data")
        place, inside_group = self._place(frame)
        if not inside_group:
            leaf = self._makers[id(placeholder)] = self._announced_leaf(place)
            if frame not in self._read_frames and frame.opaque is None:
                self._read_frames.add(frame)
                self.notices.append((leaf.call, OBSERVED_LEAF))
            return
        if frame not in self._read_frames:
            self._read_frames.add(frame)
            self.notices.append((self._scope(frame), OBSERVED))
            self._observe_calls(frame, frame, None)
        outputs = frame.observation.outputs if frame.observation is not None else []
        eager = next(tensor for made, tensor in outputs if made is placeholder)
        value = self._eager.get(id(eager)) or self._last_observed
        if value is not None:
            self._values[id(placeholder)] = value

    def _observe_calls(self, frame: Frame, observed: Frame, previous: Value | None) -> Value | None:
        """Add a leaf for each call inside a frame that was run eagerly; return what the last one gave."""
        for child in frame.children:
            if child.abandoned:
                continue
            if self._is_group(child):
                previous = self._observe_calls(child, observed, previous)
                continue
            call = Call(child.kind, child.name, child.thing, self._scope(frame), inferred=True)
            if child.kind == "operation":
                call.config = dict(child.config)
            for tensor in child.outputs:
                self._eager[id(tensor)] = call.add_output(_observed_shape(tensor, observed), dtype_of(tensor))
            if not call.outputs:
                continue
            self._leaves.append(_Leaf(call, None))
            self._inferred.append((call, child, observed, previous))
            previous = self._last_observed = call.outputs[0]
        return previous

    def _infer_inputs(self, call: Call, frame: Frame, observed: Frame, previous: Value | None) -> None:
        """Connect a call to what it was seen to take, or else to the call before it."""
        given = {
            id(eager): symbolic for eager, symbolic in (observed.observation.inputs if observed.observation else [])
        }
        for tensor in frame.inputs:
            value = self._eager.get(id(tensor))
            if value is None and id(tensor) in given:
                value = self._value_or_none(self._resolve(given[id(tensor)]))
            if value is None:
                value = previous
            if value is None and given:
                value = self._value_or_none(self._resolve(next(iter(given.values()))))
            if value is not None and value.producer is not call and value not in call.inputs:
                call.inputs.append(value)

    # Leaves

    def _place(self, frame: Frame) -> tuple[Frame, bool]:
        """Return the leaf that a frame lies in, or the group and ``True`` when it lies in no leaf."""
        outermost_leaf: Frame | None = None
        current: Frame | None = frame
        while current is not None:
            if not self._is_group(current):
                outermost_leaf = current
            current = current.parent
        return (outermost_leaf, False) if outermost_leaf is not None else (frame, True)

    def _is_group(self, frame: Frame) -> bool:
        if frame is self.trace.root:
            return True
        return not frame.closed and frame.opaque is None and frame.calls_layers()

    def _scope(self, frame: Frame) -> Scope | None:
        if frame not in self._scopes:
            parent = self._scope(frame.parent) if frame.parent is not None else None
            config = frame.config if frame.kind == "layer" or isinstance(frame.thing, Function) else {}
            self._scopes[frame] = Scope(frame.name, frame.thing, parent, dict(config))
        return self._scopes[frame]

    def _announced_leaf(self, frame: Frame) -> _Leaf:
        self._open_run = None
        if frame not in self._leaf_of_frame:
            parent = frame.parent or self.trace.root
            call = Call(frame.kind, frame.name, frame.thing, self._scope(parent), opaque=frame.opaque)
            if frame.kind == "operation":
                call.config = dict(frame.config)
            leaf = _Leaf(call, frame)
            for tensor in frame.outputs:
                made = self._resolve(tensor)
                if id(made) not in leaf.outputs:
                    leaf.outputs[id(made)] = call.add_output(shape_of(tensor), dtype_of(tensor))
            self._leaf_of_frame[frame] = leaf
            self._leaves.append(leaf)
        return self._leaf_of_frame[frame]

    def _unannounced_leaf(self, operation: Any, frame: Frame) -> _Leaf:
        """Gather TensorFlow operations that follow one another in one name scope: what one ``tf`` function did."""
        name, stem = _tensorflow_function(operation, frame)
        # The last operation of a TensorFlow function often bears the name of the scope, without being in it.
        run = self._open_run
        if run is not None and run.call.name == name and run.call.scope is self._scope(frame):
            run.operations.append(operation)
            return run
        call = Call("operation", name, Function(stem, "tf"), self._scope(frame))
        leaf = _Leaf(call, None, [operation])
        self._leaves.append(leaf)
        self._open_run = leaf
        return leaf

    def _connect(self, leaf: _Leaf) -> None:
        seen: set[int] = set()
        declared = leaf.frame.inputs if leaf.frame is not None else []
        inputs = [self._resolve(tensor) for tensor in declared]
        for tensor in inputs:
            if self._origins.get(id(tensor)) == "weight" and leaf.call.kind == "operation":
                leaf.variables.update(self._variables.get(id(tensor), {}))
        inputs = [tensor for tensor in inputs if self._origins.get(id(tensor)) == "data"]
        seen.update(id(tensor) for tensor in inputs)
        repeated = leaf.frame is None and len(leaf.operations) == 1
        for tensor in leaf.entering:
            if repeated or id(tensor) not in seen:
                seen.add(id(tensor))
                inputs.append(tensor)
        for tensor in inputs:
            if self._makers.get(id(tensor)) is leaf:
                continue
            value = self._value_or_none(tensor)
            if value is not None:
                leaf.call.inputs.append(value)
        leaf.call.variables = list(leaf.variables.values())
        if leaf.frame is None and leaf.operations:
            self._name_tensorflow_operation(leaf)
        elif leaf.frame is not None and leaf.frame.autograph:
            self.notices.append((leaf.call, AUTOGRAPH))

    def _name_tensorflow_operation(self, leaf: _Leaf) -> None:
        deciding = [operation for operation in leaf.operations if operation.type in _BODIES] or leaf.operations
        if len(deciding) == 1:
            kind = str(deciding[0].type)
            if kind in _OPERATORS:
                leaf.call.thing = Function(_OPERATORS[kind], "keras.ops")
                leaf.call.config = _operator_constants(deciding[0])
            else:
                leaf.call.thing = Function(re.sub(r"V\d+$", "", kind), "tf")
        leaf.call.name = leaf.call.thing.name

    # Values

    def _value(self, tensor: Any) -> Value:
        tensor = self._resolve(tensor)
        value = self._value_or_none(tensor)
        if value is None:
            origin = self._origins.get(id(tensor), "constant")
            if origin == "data":
                raise UnreadableError(f"nothing is known to make the tensor {tensor.name}")
            name, module = ("Variable", "keras") if origin == "weight" else ("constant", "tf")
            call = Call("operation", name.lower(), Function(name, module), self._scopes[self.trace.root])
            call.variables = list(self._variables.get(id(tensor), {}).values())
            value = self._values[id(tensor)] = call.add_output(shape_of(tensor), dtype_of(tensor))
            self._leaves.append(_Leaf(call, None))
        return value

    def _value_or_none(self, tensor: Any) -> Value | None:
        if id(tensor) in self._values:
            return self._values[id(tensor)]
        if id(tensor) in self._arguments:
            bound = self.bind(self._arguments[id(tensor)])
            if bound is not None:
                self._values[id(tensor)] = bound
            return bound
        leaf = self._makers.get(id(tensor))
        if leaf is None:
            return None
        value = leaf.outputs.get(id(tensor))
        if value is None:
            value = leaf.outputs[id(tensor)] = leaf.call.add_output(shape_of(tensor), dtype_of(tensor))
        self._values[id(tensor)] = value
        return value

    def _live_calls(self, outputs: list[Value]) -> list[Call]:
        """Drop what no output depends on, but not layers that own weights and are called nowhere else."""
        calls = [leaf.call for leaf in self._leaves]
        live = _ancestors(value.producer for value in outputs)
        called = {id(call.thing) for call in live if call.kind == "layer"}
        for call in calls:
            if call.kind == "layer" and call not in live and id(call.thing) not in called and call.thing.weights:
                called.add(id(call.thing))
                live |= _ancestors([call])
        kept = _in_order([call for call in calls if call in live])
        _number_operations(kept)
        return kept


AUTOGRAPH = (
    "This layer branches on the values of tensors. Its control flow was converted by AutoGraph; all branches are shown."
)


OBSERVED = (
    "This part asks for the values of its tensors, so it could only be observed in a run on made-up inputs. Which calls"
    " it makes may depend on the values, and the edges inside are inferred from the order of the calls."
)
OBSERVED_LEAF = (
    "This layer asks for the values of its tensors. It was run on made-up inputs, which is where its output shape is"
    " from."
)


def _ancestors(calls: Iterable[Call]) -> set[Call]:
    found: set[Call] = set()
    pending = list(calls)
    while pending:
        call = pending.pop()
        if call not in found:
            found.add(call)
            pending.extend(value.producer for value in call.inputs)
    return found


def _in_order(calls: list[Call]) -> list[Call]:
    """Sort calls so that each comes after those it takes from, and otherwise as they were made.

    They nearly always are in order; a loop that TensorFlow has rewritten may not be.

    Raises:
        UnreadableError: they go round in a circle.
    """
    position = {call: index for index, call in enumerate(calls)}
    waiting = {call: {value.producer for value in call.inputs if value.producer in position} for call in calls}
    following: dict[Call, list[Call]] = {call: [] for call in calls}
    for call, producers in waiting.items():
        for producer in producers:
            following[producer].append(call)
    ready = [position[call] for call, producers in waiting.items() if not producers]
    heapq.heapify(ready)
    ordered: list[Call] = []
    while ready:
        call = calls[heapq.heappop(ready)]
        ordered.append(call)
        for follower in following[call]:
            waiting[follower].discard(call)
            if not waiting[follower]:
                heapq.heappush(ready, position[follower])
    if len(ordered) < len(calls):
        raise UnreadableError("the calls depend on one another in a circle")
    return ordered


def _number_operations(calls: Iterable[Call]) -> None:
    """Give operations names that differ within their scope: ``add``, ``add_1``, as Keras does."""
    counts: Counter[tuple[Scope | None, str]] = Counter()
    for call in calls:
        if call.kind == "operation" and isinstance(call.thing, Function):
            count = counts[call.scope, call.name]
            counts[call.scope, call.name] += 1
            if count:
                call.name = f"{call.name}_{count}"


def _observed_shape(tensor: Any, frame: Frame) -> Shape:
    """The shape of an eager tensor, with the batch left open if that of the inputs was."""
    shape = shape_of(tensor)
    given = frame.observation.inputs if frame.observation is not None else []
    batches = {int(eager.shape[0]) for eager, symbolic in given if symbolic.shape.rank and symbolic.shape[0] is None}
    return (None, *shape[1:]) if shape and shape[0] in batches else shape


def shape_of(tensor: Any) -> Shape:
    """Return the static shape of a TensorFlow tensor as plain data."""
    if tensor.shape.rank is None:
        return None
    return tuple(None if size is None else int(size) for size in tensor.shape)


def dtype_of(tensor: Any) -> str:
    """Return the dtype of a TensorFlow tensor by name."""
    return str(tensor.dtype.name)


def _tensorflow_function(operation: Any, frame: Frame) -> tuple[str, str]:
    """Return the name scope that a TensorFlow function opened, or the operation's own name, and what to call it."""
    inside = (operation.name + "/").rpartition(f"keraviz.{frame.number}")[2]
    parts = re.sub(r"^_\d+", "", inside).strip("/").split("/")
    if len(parts) > 1 and re.fullmatch(re.escape(frame.name) + r"(_\d+)?", parts[0]):
        parts = parts[1:]  # Keras's own scope, named after the layer
    return parts[0], re.sub(r"_\d+$", "", parts[0])


def _operator_constants(operation: Any) -> dict[str, Any]:
    """Return the operands of an operator that are constants; for an index, how it would be written."""
    if operation.type in _BODIES:
        return {}
    if operation.type == "StridedSlice":
        key = _index(operation)
        return {} if key is None else {"key": key}
    constants = {f"x{position}": static_value(tensor) for position, tensor in enumerate(operation.inputs, start=1)}
    return {name: value for name, value in constants.items() if value is not None}


def _index(operation: Any) -> list[Any] | None:
    """Write the index that a ``StridedSlice`` stands for, from its masks (``tf.raw_ops.StridedSlice``)."""
    begin, end, strides = (static_value(tensor) for tensor in list(operation.inputs)[1:4])
    if begin is None or end is None or strides is None:
        return None

    def has(mask: str, position: int) -> bool:
        return bool(operation.get_attr(mask) >> position & 1)

    key: list[Any] = []
    for position, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        if has("ellipsis_mask", position):
            key.append(Ellipsis)
        elif has("new_axis_mask", position):
            key.append("newaxis")
        elif has("shrink_axis_mask", position):
            key.append(first)
        else:
            key.append(
                slice(
                    None if has("begin_mask", position) else first,
                    None if has("end_mask", position) else last,
                    None if step == 1 else step,
                )
            )
    return key


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _function_graph(graph: Any, name: str) -> Any | None:
    while graph is not None:
        function = getattr(graph, "_functions", {}).get(name)
        if function is not None:
            return getattr(function, "graph", None)
        graph = getattr(graph, "outer_graph", None)
    return None
