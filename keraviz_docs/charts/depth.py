"""What a model costs along its depth, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from keraviz_docs.architecture import Architecture, Shape
from keraviz_docs.charts.positions import MOST, positions
from keraviz_docs.cost import Costs, Sum, longest_path
from keraviz_docs.folding import Block, fold, numbers

FEWEST = 4
"""A model with fewer positions than this is read from its table at a glance."""
_MOST_STAGES = 24


@dataclass(frozen=True)
class Mark:
    """What is counted at one position."""

    first: int
    """Number of its first layer."""
    last: int
    nodes: int
    title: str
    """Name of the block or layer that it is; empty for several."""
    parameters: int
    macs: Sum
    size: tuple[int | None, ...] | None
    """Spatial dimensions, or the length of the sequence, after it on the longest way; ``None`` if there are none."""
    width: int | None
    """Channels or features after it on the longest way."""


@dataclass(frozen=True)
class Stage:
    """Marks in a row that belong to one outer block."""

    title: str
    begin: int
    """Index of its first mark."""
    end: int
    """Index after its last mark."""


@dataclass(frozen=True)
class DepthSeries:
    """Parameters, MACs, resolution and width from the first layer to the last."""

    marks: tuple[Mark, ...]
    stages: tuple[Stage, ...]


def depth_series(architecture: Architecture, costs: Costs, *, most: int = MOST) -> DepthSeries | None:
    """Count a model along its depth.

    The parameters of all marks add up to those of the nodes, and so do the MACs, known and unknown.

    Args:
        architecture: the model.
        costs: what its nodes cost.
        most: the largest number of marks.

    Returns:
        Nothing for a model so small that a chart says no more than its table.
    """
    nodes = tuple(
        msgspec.structs.replace(node, macs=cost.macs.known, outputs=outputs)
        for node, cost, outputs in zip(architecture.nodes, costs.nodes, costs.tensors, strict=True)
    )
    counted = msgspec.structs.replace(architecture, nodes=nodes)
    root = fold(architecture)
    found = positions(counted, root, most)
    if len(found) < FEWEST:
        return None
    ways = _ways(counted)
    marks: list[Mark] = []
    size, width = None, None
    for position in found:
        inside = [counted.node(number) for number in position.numbers]
        for number in position.numbers:
            if number in ways:
                size, width = ways[number]
        computing = [node for node in inside if node.macs != 0]
        marks.append(
            Mark(
                first=position.numbers[0],
                last=position.numbers[-1],
                nodes=len(inside),
                title=position.title or (computing[0].name if len(computing) == 1 else ""),
                parameters=sum(node.parameters for node in inside),
                macs=Sum.of((node.path, node.macs) for node in inside),
                size=size,
                width=width,
            )
        )
    return DepthSeries(tuple(marks), tuple(_stages(root, [position.numbers for position in found])))


_State = tuple[tuple[int | None, ...] | None, int | None]
"""Resolution and width."""
_LONGEST_DETOUR = 40
"""Nodes inside a residual block at most; what bypasses more of them (a U-Net's skip connections) is no residual."""


def _ways(architecture: Architecture) -> dict[int, _State]:
    """Return resolution and width after each node of the longest way.

    What is bypassed counts as what it ends in: the inside of a bottleneck, of a squeeze-and-excitation, of an
    attention.  Branches that leave the axes of space or time for a while are passed over.
    """
    way = longest_path(architecture)
    shapes: dict[int, Shape] = {
        number: outputs[0].shape for number in way if (outputs := architecture.node(number).outputs)
    }
    ranks = Counter(len(shape) for shape in shapes.values() if shape is not None and len(shape) > 2)
    rank = max(ranks, key=lambda each: (ranks[each], each)) if ranks else 0
    channels_first = any(node.config.get("data_format") == "channels_first" for node in architecture.nodes)
    found: dict[int, _State] = {}
    last_in_space = max((number for number, shape in shapes.items() if _in_space(shape, rank)), default=0)
    for number, shape in shapes.items():
        # A border that is padded on for the next layer changes no resolution.
        if shape is None or architecture.node(number).class_name.startswith(("ZeroPadding", "Cropping")):
            continue
        if len(shape) == rank and _in_space(shape, rank):
            found[number] = (shape[2:], shape[1]) if channels_first else (shape[1:-1], shape[-1])
        elif len(shape) == 2 and number > last_in_space:
            found[number] = None, shape[1]
    for begin, end in _detours(architecture, way):
        inside = way[begin + 1 : end]
        ends = [found[way[place]] for place in (begin, end) if way[place] in found]
        sizes = {size for size, _ in ends}
        if len(ends) == 2 and all(found[number][0] in sizes for number in inside if number in found):
            found |= dict.fromkeys(inside, found[way[end]])
    return found


def _detours(architecture: Architecture, way: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a way that are bypassed: the places of their first and last node, inner ones first."""
    places = {number: place for place, number in enumerate(way)}
    found: list[tuple[int, int]] = []
    for end, number in enumerate(way):
        for operand in architecture.node(number).inputs:
            source, steps = operand.node, 0
            while source not in places and steps < _LONGEST_DETOUR and architecture.node(source).inputs:
                source, steps = architecture.node(source).inputs[0].node, steps + 1
            begin = places.get(source, end)
            if 1 < end - begin <= _LONGEST_DETOUR:
                found.append((begin, end))
    yield from sorted(found, key=lambda detour: detour[1] - detour[0])


def _in_space(shape: Shape, rank: int) -> bool:
    return shape is not None and len(shape) == rank and any(length != 1 for length in shape[1:-1])


def _stages(root: Block, found: Sequence[tuple[int, ...]]) -> Iterator[Stage]:
    """Yield the outer blocks that have a name, each where most of a position's nodes belong to it."""
    stages = _outer(root)
    owner: dict[int, int] = {number: index for index, block in enumerate(stages) for number in numbers(block)}
    owners = [Counter(owner.get(number, -1) for number in each).most_common(1)[0][0] for each in found]
    titles = _shortened({index: _title(block) for index, block in enumerate(stages)})
    begin = 0
    for end in range(1, len(owners) + 1):
        if end == len(owners) or owners[end] != owners[begin]:
            if owners[begin] >= 0:
                yield Stage(titles[owners[begin]], begin, end)
            begin = end


def _outer(root: Block) -> list[Block]:
    """Return the blocks at the top; one that is most of the model gives way to what is inside it, if that is not much.

    A repeat gives way to its instances: the layers of a transformer.
    """
    items = list(root.items)
    while True:
        outer = [item for item in items if isinstance(item, Block) and item.kind != "unit"]
        largest = max(outer, key=_size, default=None)
        if largest is None or 3 * _size(largest) < 2 * _size(root):
            return outer
        inside = [item for item in largest.items if isinstance(item, Block) and item.kind != "unit"]
        if not 0 < len(inside) <= _MOST_STAGES:
            return outer
        items = [*(item for item in outer if item is not largest), *largest.items]


def _size(block: Block) -> int:
    return sum(1 for _ in numbers(block))


def _title(block: Block) -> str:
    return f"{block.title} ×{block.count}" if block.kind == "repeat" else block.title


def _shortened(titles: Mapping[int, str]) -> dict[int, str]:
    """Leave out the words that all titles begin with: ``convnext_tiny_stage_0`` is ``stage_0`` among its like."""
    words = [title.split("_") for title in titles.values()]
    common = 0
    # A number alone is no title.
    while len(words) > 1 and all(len(each) > common + 1 and each[common + 1][:1].isalpha() for each in words):
        if len({each[common] for each in words}) > 1:
            break
        common += 1
    return {index: "_".join(title.split("_")[common:]) for index, title in titles.items()}
