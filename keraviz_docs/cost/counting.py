"""Multiply-accumulates per leaf and per model.

The convention is the papers': one multiply-accumulate (MAC) is a product and its addition to a sum, so FLOPs are twice
the figure; batch 1; padding counts as data; biases, normalisation, pooling and activations are element-wise work and
counted apart.  What cannot be counted is unknown (``None``), named, and never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from keraviz_docs.architecture import Architecture, Node, Tensor, Weight
from keraviz_docs.cost.call import Call, Operand, Rule, nothing
from keraviz_docs.cost.rules import Work, work_of
from keraviz_docs.cost.shapes import Tensors, at_batch_one, at_inputs
from keraviz_docs.errors import Code, UserError

PROBES = (1, 2, 3)
"""Sizes that stand in for an unknown dimension, to see how a count grows with it."""


@dataclass(frozen=True)
class NodeCost:
    """What one call of a leaf computes."""

    number: int
    path: str
    macs: int | None
    elementwise: int | None
    """Scalar results besides the MACs (see :mod:`keraviz_docs.cost.elementwise`)."""
    macs_per_position: int | None
    """Where ``macs`` is unknown for want of a dimension: MACs per step of the sequence, or place of the output image.

    ``None`` where there is no such figure, as for attention, which compares every position with every other.
    """


@dataclass(frozen=True)
class Sum:
    """A total with what is missing from it: a lower bound unless ``unknown`` is empty."""

    known: int | None
    """``None`` when there is something to count and nothing of it is known."""
    unknown: tuple[str, ...] = ()
    """Paths of the nodes that could not be counted."""

    @classmethod
    def of(cls, figures: Iterable[tuple[str, int | None]]) -> Sum:
        """Add up the figures of nodes, each with the node's path; a layer called twice computes twice."""
        listed = tuple(figures)
        known = [figure for _, figure in listed if figure is not None]
        unknown = tuple(path for path, figure in listed if figure is None)
        return cls(known=None if unknown and not any(known) else sum(known), unknown=unknown)


def with_costs(architecture: Architecture, inputs: Any = None) -> Architecture:
    """Return the architecture with ``macs`` of every node and of the total filled in, and nothing else changed.

    A node that was counted before, by a rule that is not registered in this process, keeps its figure.

    Args:
        architecture: what to count.
        inputs: the manifest's ``inputs``, for a model whose own leave dimensions open; see
            :func:`~keraviz_docs.cost.at_inputs`.

    Raises:
        UserError: a registered rule failed.
    """
    costs = node_costs(at_inputs(architecture, inputs))
    nodes = tuple(
        msgspec.structs.replace(node, macs=cost.macs) for node, cost in zip(architecture.nodes, costs, strict=True)
    )
    total = Sum.of((node.path, node.macs) for node in nodes)
    totals = msgspec.structs.replace(architecture.totals, macs=total.known, macs_unknown=total.unknown)
    return msgspec.structs.replace(architecture, nodes=nodes, totals=totals)


def node_costs(architecture: Architecture, tensors: Tensors | None = None) -> tuple[NodeCost, ...]:
    """Count every node, in order.

    Args:
        architecture: the model.
        tensors: what :func:`~keraviz_docs.cost.shapes.at_batch_one` gives for it, if that is known already.

    Raises:
        UserError: a registered rule failed.
    """
    tensors = tensors or at_batch_one(architecture)
    return tuple(_cost(architecture, node, tensors) for node in architecture.nodes)


def _cost(architecture: Architecture, node: Node, tensors: Sequence[tuple[Tensor, ...]]) -> NodeCost:
    work = work_of(node)
    if work is None:
        return NodeCost(node.number, node.path, node.macs, None, None)
    call = _call(architecture, node, tensors)
    macs = _macs(work, node, call)
    per_position = None
    if macs is None and call is None:
        per_position = _per_position(architecture, node, work, tensors)
        if per_position == 0:  # a lookup, however long the text
            macs = 0
    return NodeCost(
        number=node.number,
        path=node.path,
        macs=node.macs if macs is None else macs,
        elementwise=0 if work.elementwise is nothing else _apply(work.elementwise, call),
        macs_per_position=per_position or None,
    )


def _macs(work: Work, node: Node, call: Call | None) -> int | None:
    if work.macs is nothing:
        return 0
    return _apply_registered(work.macs, node, call) if work.registered else _apply(work.macs, call)


def _call(
    architecture: Architecture, node: Node, tensors: Sequence[tuple[Tensor, ...]], unknown: int | None = None
) -> Call | None:
    """Return the call with concrete shapes, or ``None`` if a dimension is unknown and nothing stands in for it."""
    given = [tensors[operand.node - 1][operand.output] for operand in node.inputs]
    inputs = [_concrete(tensor, unknown) for tensor in given]
    outputs = [_concrete(tensor, unknown) for tensor in tensors[node.number - 1]]
    known_inputs = tuple(operand for operand in inputs if operand is not None)
    known_outputs = tuple(operand for operand in outputs if operand is not None)
    if len(known_inputs) < len(inputs) or len(known_outputs) < len(outputs):
        return None
    return Call(
        class_name=node.class_name,
        config=node.config,
        inputs=known_inputs,
        outputs=known_outputs,
        weights=tuple(_weights(architecture, node)),
    )


def _concrete(tensor: Tensor, unknown: int | None) -> Operand | None:
    if tensor.shape is None:
        return None
    shape = tuple(unknown if size is None else size for size in tensor.shape)
    known = tuple(size for size in shape if size is not None)
    return Operand(known, tensor.dtype) if len(known) == len(shape) else None


def _weights(architecture: Architecture, node: Node) -> Iterator[Weight]:
    """List what the node reads: its own weights, its layer's, and those of another node (a tied embedding)."""
    yield from node.weights
    if node.shared is not None:
        yield from architecture.node(node.shared).weights
    elsewhere = node.config.get("weights", ()) if node.kind == "operation" else ()
    if not elsewhere:
        return
    owners = {owner.path: owner for owner in architecture.nodes if owner.weights}
    for place in elsewhere:
        path, _, name = str(place).rpartition("/")
        owned = owners[path].weights if path in owners else ()
        yield from [weight for weight in owned if weight.name.rpartition("/")[2] == name][:1]


def _apply(rule: Rule, call: Call | None) -> int | None:
    """Count with a rule of ours; settings or shapes other than the class's name promises leave it unknown."""
    if call is None or not call.outputs:
        return None
    try:
        return rule(call)
    except (LookupError, TypeError, ValueError):
        return None


def _apply_registered(rule: Rule, node: Node, call: Call | None) -> int | None:
    """Count with a zoo's rule, whose mistakes are its author's to know."""
    if call is None:
        return None
    advice = f"It was given inputs of shape {[list(operand.shape) for operand in call.inputs]}."
    try:
        count = rule(call)
    except Exception as error:
        raise UserError(
            f"{node.path}: the cost rule registered for {node.module}:{node.class_name} raised"
            f" {type(error).__name__}: {error}. {advice}",
            Code.COST_RULE,
        ) from error
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 0):
        raise UserError(
            f"{node.path}: the cost rule registered for {node.module}:{node.class_name} returned {count!r};"
            f" expected a whole number of multiply-accumulates, or None where it cannot tell. {advice}",
            Code.COST_RULE,
        )
    return count


def _per_position(
    architecture: Architecture, node: Node, work: Work, tensors: Sequence[tuple[Tensor, ...]]
) -> int | None:
    """Return the count for one position, if it grows as the unknown dimensions of the output do.

    A position is one step of a sequence, one place of an image.  Products of positions (attention) have no such figure:
    there, input and output differ in how many dimensions are unknown, or the count grows faster than the output.
    """
    counts = [_macs(work, node, _call(architecture, node, tensors, size)) for size in PROBES]
    first = counts[0]
    if first is None or counts == [0, 0, 0]:
        return first
    if not node.inputs or len(node.outputs) != 1:
        return None
    source = tensors[node.inputs[0].node - 1][node.inputs[0].output].shape
    result = tensors[node.number - 1][0].shape
    if source is None or result is None or source.count(None) != result.count(None):
        return None
    dimensions = result.count(None)
    return first if counts == [first * size**dimensions for size in PROBES] else None
