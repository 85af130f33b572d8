"""Every tensor of an architecture at batch 1.

An architecture's batch dimension is unknown (``None``), and so may others be.  Where a dimension follows from the batch
it is filled in; where it does not, it stays unknown.  Not every leading ``None`` is the batch: a model that cuts images
into windows folds them into it, ``(None, 49, 96)`` being 64 windows of one image.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from keraviz_docs.architecture import Architecture, Node, Shape, Tensor
from keraviz_docs.cost.products import labels_of, split_equation

KEEPING_ELEMENTS = {
    "reshape", "flatten", "permute", "transpose", "swapaxes", "moveaxis", "expanddims", "squeeze", "ravel", "identity",
    "passthrough", "rearrange", "depthtospace", "spacetodepth", "spacetobatchnd", "batchtospacend", "roll", "flip",
}  # fmt: skip
"""Operations whose output has as many elements as their input, so that one unknown dimension follows."""

CHANGING_THE_BATCH = {
    "concatenate", "concat", "concatv2", "stack", "pack", "tile", "repeat", "split", "splitv", "unstack", "unpack",
    "stridedslice", "slice", "getitem", "gather", "gatherv2", "take", "broadcastto", "spacetobatchnd", "batchtospacend",
}  # fmt: skip
"""Operations that may lengthen, shorten or drop the first dimension."""


def at_batch_one(architecture: Architecture) -> tuple[tuple[Tensor, ...], ...]:
    """Return the outputs of every node, in the order of the nodes, with what follows from a batch of 1 filled in."""
    known: list[tuple[Tensor, ...]] = []
    for node in architecture.nodes:
        given = [architecture.node(operand.node).outputs[operand.output].shape for operand in node.inputs]
        filled = [known[operand.node - 1][operand.output].shape for operand in node.inputs]
        known.append(
            tuple(Tensor(shape=_fill(node, tensor.shape, given, filled), dtype=tensor.dtype) for tensor in node.outputs)
        )
    return tuple(known)


def _fill(node: Node, shape: Shape, given: Sequence[Shape], filled: Sequence[Shape]) -> Shape:
    if shape is None or None not in shape:
        return shape
    if node.kind == "input" or not given:
        return (1, *shape[1:]) if node.kind == "input" and shape[0] is None else shape
    name = node.class_name.replace("_", "").lower()
    if name in KEEPING_ELEMENTS:
        return _conserve(shape, filled[0])
    if name == "einsumdense" and filled[0] is not None:
        return _einsum_dense(str(node.config.get("equation", "")), shape, filled[0])
    if shape[0] is None:
        batch = _batch(name, given, filled)
        shape = (batch, *shape[1:])
    if node.kind == "operation":
        shape = _inherit(name, shape, given, filled)
    return shape


def _conserve(shape: Sequence[int | None], source: Shape) -> Shape:
    """Solve the only unknown dimension so that the number of elements stays."""
    if shape.count(None) > 1 or source is None or None in source:
        # The batch alone still passes through whatever happens behind it.
        behind = source is not None and bool(source) and len(source) > 1 and source[0] == 1 and shape[0] is None
        return (1, *shape[1:]) if behind and _same_unknowns(shape, source) else tuple(shape)
    rest = math.prod(size for size in shape if size is not None)
    total = math.prod(size for size in source if size is not None)
    if rest == 0 or total % rest:
        return tuple(shape)
    return tuple(total // rest if size is None else size for size in shape)


def _einsum_dense(equation: str, shape: Sequence[int | None], source: Sequence[int | None]) -> Shape:
    """Fill what an ``EinsumDense`` keeps of its input: Keras declares ``None`` where ``output_shape`` says so."""
    terms, result = split_equation(equation)
    before, after = labels_of(terms[0], len(source)), labels_of(result, len(shape))
    if before is None or after is None:
        return tuple(shape)
    sizes = dict(zip(before, source, strict=True))
    return tuple(sizes.get(label) if size is None else size for label, size in zip(after, shape, strict=True))


def _same_unknowns(shape: Sequence[int | None], source: Shape) -> bool:
    """Tell whether as many dimensions are unknown behind the batch as before."""
    return source is not None and shape[1:].count(None) == source[1:].count(None)


def _batch(name: str, given: Sequence[Shape], filled: Sequence[Shape]) -> int | None:
    """Return the first dimension that the inputs agree on, where theirs was unknown, too."""
    sizes = {full[0] for raw, full in zip(given, filled, strict=True) if raw and full and raw[0] is None}
    if len(sizes) > 1:
        sizes.discard(1)
    if len(sizes) != 1:
        return None
    size = sizes.pop()
    return size if size == 1 or name not in CHANGING_THE_BATCH else None


def _inherit(name: str, shape: Sequence[int | None], given: Sequence[Shape], filled: Sequence[Shape]) -> Shape:
    """Fill what an element-wise operation, or the batch of a product, takes over from operands of equal rank."""
    result = list(shape)
    last = len(shape) - 2 if name in {"matmul", "batchmatmul", "batchmatmulv2", "batchmatmulv3"} else len(shape)
    if name in CHANGING_THE_BATCH:
        return tuple(result)
    for axis in range(1, last):
        if result[axis] is not None:
            continue
        sizes: set[int | None] = set()
        for raw, full in zip(given, filled, strict=True):
            if raw is not None and full is not None and len(raw) == len(shape) and raw[axis] is None:
                sizes.add(full[axis])
        if len(sizes) == 1:
            result[axis] = sizes.pop()
    return tuple(result)


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
