"""Key figures of a model."""

from __future__ import annotations

from dataclasses import dataclass

from keraviz_docs.architecture import Architecture, Shape
from keraviz_docs.cost import CONVENTION, MEMORY_RULE, Costs, depth
from keraviz_docs.quantities import byte_size, scaled


@dataclass(frozen=True)
class Figures:
    """What the top of a page, a card and a row of the comparison table say."""

    parameters: int
    trainable: int
    layers: int
    depth: int
    weight_bytes: int
    macs: int | None
    macs_exact: bool
    inputs: tuple[Shape, ...] = ()

    @property
    def trainable_share(self) -> str:
        """Trainable parameters as a percentage; never rounded up to 100 or down to 0."""
        if not self.parameters:
            return "–"
        share = 100 * self.trainable / self.parameters
        if 99.9 <= share < 100:
            return "> 99.9 %"
        if 0 < share < 0.1:
            return "< 0.1 %"
        return f"{share:.0f} %" if share in (0, 100) else f"{share:.1f} %"

    @property
    def macs_text(self) -> str:
        """MACs with a decimal prefix; a lower bound has ``≥`` in front, nothing known is a dash."""
        if self.macs is None:
            return "–"
        return f"{'' if self.macs_exact else '≥ '}{scaled(self.macs)}"


def figures(architecture: Architecture) -> Figures:
    """Gather the key figures of an architecture."""
    totals = architecture.totals
    return Figures(
        parameters=totals.parameters,
        trainable=totals.trainable,
        layers=totals.layers,
        depth=depth(architecture).nodes,
        weight_bytes=totals.weight_bytes,
        macs=totals.macs,
        macs_exact=not totals.macs_unknown,
        inputs=tuple(port.shape for port in architecture.inputs),
    )


@dataclass(frozen=True)
class Resource:
    """A further figure: what it is called, its value, and what it means."""

    name: str
    value: str
    meaning: str


def resources(costs: Costs) -> tuple[Resource, ...]:
    """Say what running a model takes, and what it sees: only what is known of it."""
    found: list[Resource] = []
    total, memory = costs.total, costs.activations
    if total.macs.known:
        at_least = "≥ " if total.macs.unknown else ""
        found.append(Resource("FLOPs", f"{at_least}{scaled(2 * total.macs.known)}", CONVENTION))
    if total.elementwise.known:
        at_least = "≥ " if total.elementwise.unknown else ""
        meaning = "Element-wise work: normalisation, pooling, activations and arithmetic, in operations for one sample"
        found.append(Resource("Element-wise", f"{at_least}{scaled(total.elementwise.known)}", meaning))
    if memory.total:
        at_least = "≥ " if memory.unknown else ""
        where = f" Reached at layer {memory.peak_node}." if memory.peak_node else ""
        found.append(Resource("Peak memory", f"{at_least}{byte_size(memory.peak)}", MEMORY_RULE + where))
        found.append(Resource("All activations", f"{at_least}{byte_size(memory.total)}", MEMORY_RULE))
    if costs.weights.checkpoint is not None:
        meaning = "All variables in a .weights.h5 file, without the file's own bookkeeping"
        found.append(Resource("Checkpoint", byte_size(costs.weights.checkpoint), meaning))
    if costs.receptive_field is not None:
        field = costs.receptive_field
        meaning = f"Input elements along each axis that one feature depends on, reached at layer {field.node}"
        found.append(Resource("Receptive field", "×".join(str(size) for size in field.size), meaning))
    if len(costs.resolutions) > 1:
        ladder = " › ".join("×".join(str(size) for size in rung.size) for rung in costs.resolutions)
        found.append(Resource("Resolutions", ladder, "Spatial sizes along the longest path"))
    return tuple(found)


def shape_text(shape: Shape) -> str:
    """Return a shape as Keras prints it.

    >>> shape_text((None, 7, 7, 2048)), shape_text((None,)), shape_text(None)
    ('(None, 7, 7, 2048)', '(None,)', '?')
    """
    return "?" if shape is None else str(tuple(shape))
