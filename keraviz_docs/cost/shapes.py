"""Every tensor of an architecture at batch 1, and at given sizes of its inputs.

An architecture's batch dimension is unknown (``None``), and so may others be.  What follows from the inputs is filled
in by what each kind of layer and operation does to a shape; what does not follow stays unknown.  Nothing is guessed:
not every leading ``None`` is the batch (a model that cuts images into windows folds them into it, ``(None, 49, 96)``
being 64 windows of one image), and a layer that is a stranger may do anything to a length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from keraviz_docs.architecture import Architecture, Node, Port, Shape, Tensor
from keraviz_docs.cost.call import whole
from keraviz_docs.cost.products import labels_of, split_equation
from keraviz_docs.cost.rules import canonical, is_keras, registered, work_of

Dims = tuple["int | None", ...]
Tensors = tuple[tuple[Tensor, ...], ...]
"""The outputs of every node, in the order of the nodes."""
Fill = Callable[[Node, Dims, Sequence[Shape]], Shape]
"""Fills in one output's unknown dimensions from the shapes of the inputs."""


def at_batch_one(architecture: Architecture) -> Tensors:
    """Return the outputs of every node, in the order of the nodes, with what follows from a batch of 1 filled in."""
    return _resolve(architecture, {})


def at_sizes(architecture: Architecture, sizes: Mapping[str, Sequence[int | None]]) -> Architecture:
    """Return the architecture with its inputs of given sizes at batch 1, and what follows from them.

    Args:
        architecture: any; what is known in it stays.
        sizes: by the name of an input, its dimensions without the batch.

    Raises:
        ValueError: there is no such input, or it has another rank or another size.
    """
    shapes: dict[int, Dims] = {}
    ports = {port.name: port for port in architecture.inputs}
    for name, size in sizes.items():
        if name not in ports:
            raise ValueError(f"no input is named {name!r}; there are {', '.join(map(repr, ports)) or 'none'}")
        if not _fits(ports[name], size):
            raise ValueError(f"input {name!r} has the shape {ports[name].shape}; {list(size)} does not fit it")
        shapes[ports[name].node] = (1, *size)
    tensors = _resolve(architecture, shapes)
    nodes = tuple(
        msgspec.structs.replace(node, outputs=outputs)
        for node, outputs in zip(architecture.nodes, tensors, strict=True)
    )
    return msgspec.structs.replace(
        architecture,
        nodes=nodes,
        inputs=tuple(_at(port, tensors) for port in architecture.inputs),
        outputs=tuple(_at(port, tensors) for port in architecture.outputs),
    )


def at_inputs(architecture: Architecture, specification: Any) -> Architecture:
    """Return the architecture at the sizes of a manifest's ``inputs``, as far as they fit its inputs.

    Args:
        architecture: any.
        specification: ``{shape, dtype}`` with the shape without the batch, or these nested in dicts by the names of the
            inputs or in lists in their order; ``None`` for nothing.
    """
    sizes: dict[str, Sequence[int | None]] = {}
    named = {port.name: port for port in architecture.inputs}
    in_order = iter(architecture.inputs)
    for name, size in _specified(specification, ""):
        port = named.get(name) or next(in_order, None)
        if port is not None and _fits(port, size):
            sizes[port.name] = size
    return at_sizes(architecture, sizes) if sizes else architecture


def _specified(specification: Any, name: str) -> Iterator[tuple[str, Sequence[int | None]]]:
    """List the shapes in a specification with the names that they have there."""
    if isinstance(specification, Mapping) and isinstance(specification.get("shape"), (list, tuple)):
        yield name, specification["shape"]
    elif isinstance(specification, Mapping):
        for key in sorted(specification):
            yield from _specified(specification[key], str(key))
    elif isinstance(specification, (list, tuple)):
        for item in specification:
            yield from _specified(item, "")


def _fits(port: Port, size: Sequence[int | None]) -> bool:
    known = (port.shape or ())[1:]
    return len(known) == len(size) and all(old in (None, new) for old, new in zip(known, size, strict=True))


def _at(port: Port, tensors: Sequence[Sequence[Tensor]]) -> Port:
    return msgspec.structs.replace(port, shape=tensors[port.node - 1][port.output].shape)


def bytes_of(tensor: Tensor) -> int | None:
    """Return what a tensor occupies, or ``None`` if a dimension or the size of an element (a string's) is unknown."""
    each = BYTES.get(tensor.dtype)
    if each is None or tensor.shape is None or None in tensor.shape:
        return None
    return math.ceil(each * math.prod(size for size in tensor.shape if size is not None))


BYTES: Mapping[str, float] = {
    "bool": 1, "int4": 0.5, "uint4": 0.5, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4,
    "int64": 8, "uint64": 8, "float8_e4m3fn": 1, "float8_e5m2": 1, "bfloat16": 2, "float16": 2, "float32": 4,
    "float64": 8, "complex64": 8, "complex128": 16,
}  # fmt: skip
"""Bytes per element, by Keras's names of the types; two four-bit numbers share a byte."""


def _resolve(architecture: Architecture, given: Mapping[int, Dims]) -> Tensors:
    known: list[tuple[Tensor, ...]] = []
    for node in architecture.nodes:
        inputs = [known[operand.node - 1][operand.output].shape for operand in node.inputs]
        before = [architecture.node(operand.node).outputs[operand.output].shape for operand in node.inputs]
        outputs = []
        for tensor in node.outputs:
            shape = given.get(node.number, tensor.shape)
            if node.kind == "input" and shape:
                shape = (1 if shape[0] is None else shape[0], *shape[1:])
            outputs.append(Tensor(shape=_filled(node, shape, inputs, before), dtype=tensor.dtype))
        known.append(tuple(outputs))
    return tuple(known)


def _filled(node: Node, shape: Shape, inputs: Sequence[Shape], before: Sequence[Shape]) -> Shape:
    """Fill the unknown dimensions of an output; what was known stays."""
    if shape is None or None not in shape or not inputs or node.kind == "input":
        return shape
    fill = _fill_of(node)
    if fill is _stranger:
        same = inputs[before.index(shape)] if shape in before else None
        return (1, *shape[1:]) if same and same[0] == 1 else _one_sample(shape, inputs[0])
    try:
        found = fill(node, shape, inputs)
    except (LookupError, TypeError, ValueError):
        return shape  # arguments other than the name promises
    if found is None or len(found) != len(shape):
        return shape
    if fill is _like_inputs:
        found = _without_hidden_operands(found, before)
    return tuple(new if old is None else old for old, new in zip(shape, found, strict=True))


def _without_hidden_operands(found: Dims, before: Sequence[Shape]) -> Dims:
    """Forget sizes that only a constant, which is no node, can have made unknown: 1 against something."""
    result = list(found)
    for place in range(1, len(found) + 1):
        declared = {given[-place] for given in before if given is not None and len(given) >= place}
        if result[-place] == 1 and declared == {1}:
            result[-place] = None
    return tuple(result)


def _one_sample(shape: Dims, source: Shape) -> Shape:
    """Keep the batch of a layer that nobody knows, unless it may have cut its input into a batch of equal pieces.

    Pieces have the same channels as the whole, and some number of them make it up.
    """
    if source is None or source[0] != 1 or shape[0] is not None:
        return shape
    if len(shape) > 2 and shape[-1] == source[-1]:
        piece = math.prod(size for size in shape[1:] if size is not None)
        total = math.prod(size for size in source if size is not None)
        if None in shape[1:] or None in source or (piece < total and total % piece == 0):
            return shape
    return (1, *shape[1:])


def _fill_of(node: Node) -> Fill:
    name = canonical(node.class_name)
    if registered(node) is not None:
        return _batch_only
    if node.kind == "layer":
        if not is_keras(node.module):
            return _stranger if work_of(node) is None else _like_inputs
        special = _LAYERS.get(node.class_name)
        if special is None and "kernel_size" in node.config:
            special = _slid
        return special or (_like_inputs if work_of(node) is not None else _stranger)
    special = _OPERATIONS.get(name)
    if special is not None:
        return special
    work = work_of(node)
    return _like_inputs if work is not None and not work.multiplies else _stranger


def _stranger(_: Node, shape: Dims, __: Sequence[Shape]) -> Shape:
    """Know nothing."""
    return shape


def _batch_only(_: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """Keep the batch, and know nothing of the rest."""
    return (inputs[0][0], *shape[1:]) if inputs[0] else shape


def _like_inputs(_: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """Broadcast the inputs against each other, from the last dimension."""
    result = list(shape)
    for place in range(1, len(shape) + 1):
        sizes = [given[-place] for given in inputs if given is not None and len(given) >= place]
        wider = {size for size in sizes if size != 1}
        if result[-place] is None and sizes and len(wider) <= 1:
            result[-place] = wider.pop() if wider else 1
        elif result[-place] is None and len(wider - {None}) == 1 and len(wider) == 2:
            result[-place] = (wider - {None}).pop()  # an unknown size that is broadcast against a known one
    return tuple(result)


def _like_first(_: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """Keep the leading dimensions of the first input: ``Dense``, ``Embedding``, recurrence, attention."""
    first = inputs[0] or ()
    known = (*first, *(None,) * len(shape))[: len(shape)]
    return tuple(new if place < len(shape) - 1 else None for place, new in enumerate(known))


def _conserved(_: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """Keep the number of elements: reshaping of all kinds."""
    source = inputs[0]
    if source is None:
        return shape
    if shape.count(None) > 1 and shape[0] is None:
        shape = (source[0], *shape[1:])  # of several unknown dimensions the first one is the batch
    if shape.count(None) != 1 or None in source:
        same_behind = shape.count(None) == 1 and shape[0] is None and shape[1:].count(None) == source[1:].count(None)
        return (source[0], *shape[1:]) if same_behind and source[0] == 1 else shape
    rest = math.prod(size for size in shape if size is not None)
    total = math.prod(size for size in source if size is not None)
    if rest == 0 or total % rest:
        return shape
    return tuple(total // rest if size is None else size for size in shape)


def _concatenated(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """Add up along the axis, the weights among the operands included."""
    axis = int(node.config.get("axis", -1)) % len(shape)
    operands: list[Shape] = [*inputs, *(weight.shape for weight in node.weights)]
    parts = [operand[axis] for operand in operands if operand is not None and len(operand) == len(shape)]
    known = [part for part in parts if part is not None]
    result = list(_like_inputs(node, shape, inputs) or shape)
    result[axis] = sum(known) if len(known) == len(operands) else None
    if node.weights and axis == 0:
        result[0] = None  # which operands are repeated along the batch is not known
    return tuple(result)


def _stacked(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """Insert the axis along which inputs of one shape are stacked."""
    axis = int(node.config.get("axis", 0)) % len(shape)
    first = inputs[0]
    if first is None or any(other != first for other in inputs):
        return _conserved(node, shape, inputs)  # steps that joined the batch and leave it again
    return (*first[:axis], len(inputs), *first[axis:]) if len(first) == len(shape) - 1 else shape


def _unstacked(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """Remove the axis, or, where there is one output only, let the steps join the batch."""
    if len(node.outputs) == 1:
        return _conserved(node, shape, inputs)
    return _without(inputs[0], int(node.config.get("axis", 0)))


def _expanded(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    axis = node.config["axis"]
    if not isinstance(axis, int):
        return _conserved(node, shape, inputs)
    first = inputs[0] or ()
    axis %= len(shape)
    return (*first[:axis], 1, *first[axis:])


def _squeezed(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    axis = node.config.get("axis")
    return _without(inputs[0], axis) if isinstance(axis, int) else _conserved(node, shape, inputs)


def _without(shape: Shape, axis: int) -> Shape:
    if shape is None:
        return None
    axis %= len(shape)
    return (*shape[:axis], *shape[axis + 1 :])


def _permuted(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    first = inputs[0] or ()
    order = node.config.get("axes") or node.config.get("perm")
    if node.class_name == "Permute":
        order = [0, *node.config["dims"]]
    if order is None:
        order = list(reversed(range(len(first))))
    return tuple(first[axis] for axis in order) if len(order) == len(first) else _conserved(node, shape, inputs)


def _swapped(node: Node, _: Dims, inputs: Sequence[Shape]) -> Shape:
    first = list(inputs[0] or ())
    one, two = int(node.config["axis1"]), int(node.config["axis2"])
    first[one], first[two] = first[two], first[one]
    return tuple(first)


def _reduced(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """Remove the axes that a reduction runs over, or leave 1 in their place."""
    first = inputs[0] or ()
    axis = node.config.get("axis")
    gone = {each % len(first) for each in (range(len(first)) if axis is None else whole(axis))}
    if len(shape) == len(first):
        return tuple(1 if place in gone else size for place, size in enumerate(first))
    return tuple(size for place, size in enumerate(first) if place not in gone)


def _repeated(node: Node, _: Dims, inputs: Sequence[Shape]) -> Shape:
    first, times = list(inputs[0] or ()), node.config["repeats"]
    axis = int(node.config["axis"])
    size = first[axis]
    first[axis] = None if size is None else size * int(times)
    return tuple(first)


def _tiled(node: Node, _: Dims, inputs: Sequence[Shape]) -> Shape:
    first, times = inputs[0] or (), whole(node.config["repeats"])
    return tuple(None if size is None else size * each for size, each in zip(first, times, strict=True))


def _divided(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """Keep what ``split`` does not cut; of the axis, only what is already known."""
    first = inputs[0] or ()
    axis = int(node.config.get("axis", 0)) % len(shape)
    cuts = node.config.get("indices_or_sections")
    size = first[axis]
    part = size // cuts if isinstance(size, int) and isinstance(cuts, int) else None
    return tuple(part if place == axis else length for place, length in enumerate(first))


def _indexed(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """Follow ``x[...]``: slices such as ``1:-1``, single places, new axes and an ellipsis."""
    first = list(inputs[0] or ())
    key = node.config.get("key")
    parts = key if isinstance(key, list) else [key]
    if key is None or any(not isinstance(part, (int, str, type(None))) for part in parts):
        return _batch_only(node, shape, inputs) if first[:1] == [1] and len(inputs) == 1 else shape
    if "..." not in parts:
        parts = [*parts, "..."]
    taken = sum(part not in ("newaxis", None, "...") for part in parts)
    result: list[int | None] = []
    for part in parts:
        if part == "...":
            result += [first.pop(0) for _ in range(len(first) - taken)]
        elif part in ("newaxis", None):
            result.append(1)
        else:
            taken -= 1
            size = first.pop(0)
            if isinstance(part, str):
                result.append(_sliced(size, part))
    return tuple(result)


def _sliced(size: int | None, bounds: str) -> int | None:
    """Return how many places ``start:stop:step`` takes of so many."""
    if not bounds.strip(":"):
        return size
    numbers = [int(number) if number else None for number in bounds.split(":")]
    return None if size is None else len(range(*slice(*numbers).indices(size)))


def _einsum(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """Take every label's size from the operands."""
    equation = node.config.get("subscripts") or node.config.get("equation")
    terms, result = split_equation(str(equation))
    operands: list[Shape] = [*inputs] if node.kind == "operation" and len(inputs) == len(terms) else [inputs[0]]
    sizes: dict[str, int | None] = {}
    for term, operand in zip(terms, operands, strict=False):
        labels = None if operand is None else labels_of(term, len(operand))
        for label, size in zip(labels or (), operand or (), strict=False):
            sizes[label] = size if sizes.get(label) in (None, 1) else sizes[label]
    return tuple(sizes.get(label) for label in labels_of(result, len(shape)) or ())


def _multiplied(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """``matmul``: batch dimensions of both, rows of the first, columns of the second."""
    left = inputs[0]
    right = inputs[1] if len(inputs) == 2 else None
    if left is None or right is None:
        return _like_first(node, shape, inputs)
    rank = len(shape)
    batch = _like_inputs(node, shape[:-2], [left[:-2], right[:-2]]) or ()
    if min(len(left), len(right), rank) < 2 or any(node.config.get(key) for key in _TRANSPOSING):
        return shape
    return (*batch, left[-2], right[-1])


_TRANSPOSING = ("transpose_a", "transpose_b", "adj_x", "adj_y")


def _slid(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """Convolution and pooling: the places that a window takes."""
    config = node.config
    channels_first = config.get("data_format") == "channels_first"
    axes = range(2, len(shape)) if channels_first else range(1, len(shape) - 1)
    extent = _each(config.get("kernel_size") or config.get("pool_size"), len(axes))
    step = _each(config.get("strides") or extent, len(axes))
    rate = _each(config.get("dilation_rate", 1), len(axes))
    result = list(inputs[0] or ())
    for place, axis in enumerate(axes):
        size, reach = result[axis], (extent[place] - 1) * rate[place] + 1
        if size is not None:
            result[axis] = _places(node, size, reach, step[place], str(config.get("padding", "valid")))
    result[1 if channels_first else -1] = None
    return tuple(result)


def _places(node: Node, size: int, reach: int, step: int, padding: str) -> int | None:
    if node.class_name.endswith("Transpose"):
        if node.config.get("output_padding") is not None:
            return None
        return size * step + (0 if padding == "same" else max(reach - step, 0))
    return -(-size // step) if padding in ("same", "causal") else (size - reach) // step + 1


def _bordered(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    """``ZeroPadding`` and ``Cropping``: the border on both sides, added or removed."""
    config = node.config
    borders = config.get("padding", config.get("cropping"))
    sign = 1 if "padding" in config else -1
    pairs = [whole(pair) for pair in (borders if isinstance(borders[0], list) else [borders])]
    start = 2 if config.get("data_format") == "channels_first" else 1
    result = list(inputs[0] or ())
    for axis, pair in enumerate(pairs, start=start):
        size = result[axis]
        result[axis] = None if size is None else size + sign * sum(pair)
    return tuple(result) if len(result) == len(shape) else shape


def _enlarged(node: Node, shape: Dims, inputs: Sequence[Shape]) -> Shape:
    start = 2 if node.config.get("data_format") == "channels_first" else 1
    result = list(inputs[0] or ())
    for axis, factor in enumerate(_each(node.config["size"], len(shape) - 2), start=start):
        size = result[axis]
        result[axis] = None if size is None else size * factor
    return tuple(result)


def _each(value: Any, axes: int) -> tuple[int, ...]:
    values = whole(value)
    return values * axes if len(values) == 1 else values


def _table(*entries: tuple[Fill, str]) -> Mapping[str, Fill]:
    return {name: fill for fill, names in entries for name in names.split()}


_RANKS = (1, 2, 3)

_LAYERS: Mapping[str, Fill] = {
    **_table(
        (_conserved, "Reshape Flatten"),
        (_permuted, "Permute"),
        (_concatenated, "Concatenate"),
        (_einsum, "EinsumDense"),
        (_batch_only, "TimeDistributed RepeatVector Resizing CenterCrop CategoryEncoding Dot SpectralNormalization"),
        (_like_first, "Dense Embedding ReversibleEmbedding LSTM GRU SimpleRNN RNN Bidirectional"),
        (_like_first, "Attention AdditiveAttention MultiHeadAttention GroupedQueryAttention"),
    ),
    **{f"ConvLSTM{rank}D": _batch_only for rank in _RANKS},
    **{f"{kind}Pooling{rank}D": _slid for kind in ("Max", "Average") for rank in _RANKS},
    **{f"{kind}{rank}D": _bordered for kind in ("ZeroPadding", "Cropping") for rank in _RANKS},
    **{f"UpSampling{rank}D": _enlarged for rank in _RANKS},
    **{
        f"{span}{kind}Pooling{rank}D": _batch_only
        for span in ("Global", "Adaptive")
        for kind in ("Max", "Average")
        for rank in _RANKS
    },
}
"""What layers do to a shape, where that is not to keep it."""

_OPERATIONS: Mapping[str, Fill] = _table(
    (_conserved, "reshape ravel rearrange flip roll identity stopgradient cast moveaxis depthtospace spacetodepth"),
    (_conserved, "spacetobatchnd batchtospacend"),
    (_concatenated, "concatenate concat"),
    (_stacked, "stack pack"),
    (_unstacked, "unstack"),
    (_expanded, "expanddims"),
    (_squeezed, "squeeze"),
    (_permuted, "transpose"),
    (_swapped, "swapaxes"),
    (_repeated, "repeat"),
    (_tiled, "tile"),
    (_divided, "split"),
    (_indexed, "getitem"),
    (_einsum, "einsum"),
    (_multiplied, "matmul batchmatmul"),
    (_like_first, "dotproductattention"),
    (_reduced, "all any max min mean sum prod std var logsumexp countnonzero amax amin argmax argmin"),
    (_batch_only, "take takealongaxis gather pad resize resizebilinear resizenearestneighbor topk onehot slice"),
    (_batch_only, "stridedslice averagepool maxpool avgpool extractpatches extractimagepatches cropimages padimages"),
    (_stranger, "broadcastto fill full zeros ones scatter scatternd arange range meshgrid unique nonzero diag fold"),
    (_stranger, "unfold"),
)
"""What operations do to a shape, where that is not to broadcast their inputs."""
