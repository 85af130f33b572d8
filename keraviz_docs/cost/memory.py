"""Bytes: the weights as stored, the checkpoint, and what is in memory while the model runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from keraviz_docs.architecture import Architecture, Node, Tensor, Weight
from keraviz_docs.cost.rules import is_keras
from keraviz_docs.cost.shapes import Tensors, at_batch_one, bytes_of

ALIASES = frozenset({
    "Identity", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout",
    "GaussianDropout", "GaussianNoise", "ActivityRegularization", "Reshape", "Flatten",
    "reshape", "ravel", "expand_dims", "squeeze", "identity", "stop_gradient", "view",
})  # fmt: skip
"""Layers and operations that, at inference, hand on their input's buffer under another name or shape."""

SEED_STATE = (2,)
"""Shape of the state of a ``keras.random.SeedGenerator``, two ``uint32``."""


@dataclass(frozen=True)
class WeightBytes:
    """What the weights occupy."""

    by_dtype: Mapping[str, int]
    """Bytes by stored element type, the types in alphabetic order; quantised weights as they are packed."""
    checkpoint: int | None
    """Bytes of all variables in a ``.weights.h5`` file: weights and seed states, without the file's own bookkeeping.

    ``None`` if the checkpoint of the model is not known.
    """

    @property
    def total(self) -> int:
        """Bytes of all weights."""
        return sum(self.by_dtype.values())


@dataclass(frozen=True)
class Moment:
    """What is in memory while one node runs."""

    node: int
    bytes: int


@dataclass(frozen=True)
class ActivationBytes:
    """What the outputs of the nodes occupy at batch 1: an estimate by a stated rule.

    Nodes run one after the other in their order.  Every output has a buffer of its own from the moment its node runs
    until its last consumer has run; inputs of the model and outputs of the model follow the same rule, outputs staying
    until the end.  What only renames its input (reshape, flatten, dropout at inference) shares its buffer.  Weights,
    masks, the insides of closed layers and workspace of kernels are not in it, nor is what a compiler would fuse away.
    """

    total: int
    """The sum over all buffers: what keeping every activation takes."""
    peak: int
    """The most that is alive at once."""
    peak_node: int | None
    """Number of the first node during which the peak is reached; ``None`` without nodes."""
    timeline: tuple[Moment, ...]
    """What is alive while each node runs."""
    unknown: tuple[str, ...] = ()
    """Paths of nodes with an output of unknown size; both figures are lower bounds then."""


def weight_bytes(architecture: Architecture) -> WeightBytes:
    """Add up the weights by element type; a shared layer's count once, layers that are never called count, too."""
    weights = tuple(_weights(architecture))
    sizes: Counter[str] = Counter()
    for weight in weights:
        sizes[weight.dtype] += _size(weight.shape, weight.dtype)
    by_dtype = {dtype: sizes[dtype] for dtype in sorted(sizes)}
    return WeightBytes(by_dtype=by_dtype, checkpoint=_checkpoint(architecture, weights))


def activation_bytes(architecture: Architecture, tensors: Tensors | None = None) -> ActivationBytes:
    """Estimate the memory of the activations at batch 1; the rule is that of :class:`ActivationBytes`.

    Args:
        architecture: the model.
        tensors: what :func:`~keraviz_docs.cost.shapes.at_batch_one` gives for it, if that is known already.
    """
    tensors = tensors or at_batch_one(architecture)
    buffers = _buffers(architecture)
    until = _last_use(architecture, buffers)
    size: dict[tuple[int, int], int] = {}
    unknown: list[str] = []
    for node in architecture.nodes:
        for output, tensor in enumerate(tensors[node.number - 1]):
            occupied = bytes_of(tensor)
            if occupied is None:
                unknown.append(node.path)
            if buffers[node.number, output] == (node.number, output):
                size[node.number, output] = occupied or 0
    timeline = _timeline(architecture.nodes, size, until)
    peak = max(timeline, key=lambda moment: (moment.bytes, -moment.node), default=Moment(0, 0))
    return ActivationBytes(
        total=sum(size.values()),
        peak=peak.bytes,
        peak_node=peak.node or None,
        timeline=timeline,
        unknown=tuple(dict.fromkeys(unknown)),
    )


def node_bytes(tensors: Sequence[Tensor]) -> int | None:
    """Return the bytes of a node's outputs, or ``None`` if a dimension or the element size is unknown."""
    sizes = [bytes_of(tensor) for tensor in tensors]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def node_weight_bytes(node: Node) -> int:
    """Return the bytes of the weights that a node owns."""
    return sum(_size(weight.shape, weight.dtype) for weight in node.weights)


def _timeline(
    nodes: Sequence[Node], size: Mapping[tuple[int, int], int], until: Mapping[tuple[int, int], int]
) -> tuple[Moment, ...]:
    """Walk through the nodes, adding buffers as they are written and dropping them after their last use."""
    ending: dict[int, list[tuple[int, int]]] = {}
    for buffer, last in until.items():
        ending.setdefault(last, []).append(buffer)
    alive = 0
    moments = []
    for node in nodes:
        alive += sum(size.get((node.number, output), 0) for output in range(len(node.outputs)))
        moments.append(Moment(node.number, alive))
        alive -= sum(size.get(buffer, 0) for buffer in ending.get(node.number, ()))
    return tuple(moments)


def _buffers(architecture: Architecture) -> dict[tuple[int, int], tuple[int, int]]:
    """Map every output to the output that owns its memory."""
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    for node in architecture.nodes:
        for output in range(len(node.outputs)):
            here = (node.number, output)
            renames = output == 0 and len(node.inputs) == 1 and _renames(architecture, node)
            owner[here] = owner[node.inputs[0].node, node.inputs[0].output] if renames else here
    return owner


def _renames(architecture: Architecture, node: Node) -> bool:
    source = architecture.node(node.inputs[0].node).outputs[node.inputs[0].output]
    keras_or_tensorflow = is_keras(node.module) or node.kind == "operation"
    return keras_or_tensorflow and node.class_name in ALIASES and source.dtype == node.outputs[0].dtype


def _last_use(
    architecture: Architecture, buffers: Mapping[tuple[int, int], tuple[int, int]]
) -> dict[tuple[int, int], int]:
    """Return the number of the last node that reads each buffer (its own node if none does)."""
    until: dict[tuple[int, int], int] = {}
    for (number, _), buffer in buffers.items():
        until[buffer] = max(until.get(buffer, 0), number)
    for node in architecture.nodes:
        for operand in node.inputs:
            buffer = buffers[operand.node, operand.output]
            until[buffer] = max(until[buffer], node.number)
    for port in architecture.outputs:
        until[buffers[port.node, port.output]] = len(architecture.nodes) + 1
    return until


def _weights(architecture: Architecture) -> Iterator[Weight]:
    for node in architecture.nodes:
        if node.shared is None:
            yield from node.weights
    for layer in architecture.uncalled:
        yield from layer.weights


def _checkpoint(architecture: Architecture, weights: Iterable[Weight]) -> int | None:
    """Add up the checkpoint's variables; each takes the element type of a weight of its shape."""
    if not architecture.checkpoint:
        return None
    dtypes: dict[tuple[int, ...], list[str]] = {}
    for weight in weights:
        dtypes.setdefault(weight.shape, []).append(weight.dtype)
    total = 0
    for entry in architecture.checkpoint:
        for shape in entry.variables:
            stored = dtypes.get(shape)
            dtype = stored.pop() if stored else ("uint32" if shape == SEED_STATE else "float32")
            total += _size(shape, dtype)
    return total


def _size(shape: Sequence[int], dtype: str) -> int:
    return bytes_of(Tensor(tuple(shape), dtype)) or 0
