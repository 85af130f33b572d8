"""Everything that a model costs, gathered for a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keraviz_docs.architecture import Architecture, Node
from keraviz_docs.cost.counting import NodeCost, Sum, node_costs
from keraviz_docs.cost.memory import (
    ActivationBytes,
    WeightBytes,
    activation_bytes,
    node_bytes,
    node_weight_bytes,
    weight_bytes,
)
from keraviz_docs.cost.shapes import Tensors, at_batch_one, at_inputs
from keraviz_docs.cost.structure import Depth, ReceptiveField, Rung, depth, look, receptive_field, resolution_ladder

CONVENTION = (
    "One multiply-accumulate (MAC) is a product and its addition to a sum: two floating-point operations (FLOPs)."
    " Counted for one sample; padding counts as data. Biases, normalisation, pooling and activations are element-wise"
    " work, counted apart."
)
"""What the figures mean, in words for a reader."""

MEMORY_RULE = (
    "An estimate for one sample: layers run one after the other, each output has memory of its own until its last"
    " reader has run, reshaping and dropout take none, and weights are not included."
)
"""How the memory of activations is estimated, in words for a reader."""


@dataclass(frozen=True)
class Share:
    """What a node, or a group with everything inside it, takes."""

    macs: Sum
    elementwise: Sum
    parameters: int
    weight_bytes: int
    activation_bytes: int | None
    """Bytes of all outputs at batch 1; ``None`` where one is of unknown size."""


@dataclass(frozen=True)
class Costs:
    """What a model costs."""

    total: Share
    nodes: tuple[Share, ...]
    """In the order of the architecture's nodes."""
    macs_per_position: tuple[int | None, ...]
    """For each node whose MACs are unknown for want of a length: MACs per position; see :class:`NodeCost`."""
    groups: Mapping[str, Share]
    """By path; each with the groups inside it."""
    weights: WeightBytes
    activations: ActivationBytes
    depth: Depth
    receptive_field: ReceptiveField | None
    resolutions: tuple[Rung, ...]
    tensors: Tensors
    """The outputs of every node at batch 1."""

    @property
    def flops(self) -> int | None:
        """Floating-point operations of the products: twice the MACs, as far as they are known."""
        return None if self.total.macs.known is None else 2 * self.total.macs.known


def costs_of(architecture: Architecture, inputs: Any = None) -> Costs:
    """Work out everything that an architecture costs.

    Args:
        architecture: counted or not; a figure that :func:`~keraviz_docs.cost.with_costs` filled in by a registered
            rule is kept.
        inputs: the manifest's ``inputs``, for a model whose own leave dimensions open.

    Raises:
        UserError: a registered rule failed.
    """
    sized = at_inputs(architecture, inputs)
    tensors = at_batch_one(sized)
    counted = node_costs(sized, tensors)
    seen = look(sized, tensors)
    shares = tuple(
        _share([node], [cost], [node_bytes(outputs)])
        for node, cost, outputs in zip(sized.nodes, counted, tensors, strict=True)
    )
    inside: dict[str, list[int]] = defaultdict(list)
    parents = {group.path: group.parent for group in sized.groups}
    for node in sized.nodes:
        for path in _ancestors(node.parent, parents):
            inside[path].append(node.number - 1)

    def together(places: list[int]) -> Share:
        return _share(
            [sized.nodes[place] for place in places],
            [counted[place] for place in places],
            [shares[place].activation_bytes for place in places],
        )

    return Costs(
        total=together(list(range(len(sized.nodes)))),
        nodes=shares,
        macs_per_position=tuple(cost.macs_per_position for cost in counted),
        groups={group.path: together(inside[group.path]) for group in sized.groups},
        weights=weight_bytes(sized),
        activations=activation_bytes(sized, tensors),
        depth=depth(sized),
        receptive_field=receptive_field(sized, seen),
        resolutions=resolution_ladder(sized, seen),
        tensors=tensors,
    )


def _share(nodes: list[Node], costs: list[NodeCost], occupied: list[int | None]) -> Share:
    return Share(
        macs=Sum.of((cost.path, cost.macs) for cost in costs),
        elementwise=Sum.of((cost.path, cost.elementwise) for cost in costs),
        parameters=sum(node.parameters for node in nodes),
        weight_bytes=sum(node_weight_bytes(node) for node in nodes),
        activation_bytes=None if None in occupied else sum(size for size in occupied if size is not None),
    )


def _ancestors(path: str | None, parents: Mapping[str, str | None]) -> Iterator[str]:
    while path is not None:
        yield path
        path = parents[path]
