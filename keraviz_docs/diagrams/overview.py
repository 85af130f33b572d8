"""What a model is at a glance: its stages and blocks, repeats once with their count, and each block on its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from msgspec import structs

from keraviz_docs.architecture import Architecture, Tensor
from keraviz_docs.diagrams import typeface
from keraviz_docs.diagrams.block_view import BlockView, Treatment, one_of, short_title
from keraviz_docs.diagrams.figure import Figure
from keraviz_docs.diagrams.recipes import activations
from keraviz_docs.folding import Block, blocks, content, fold, numbers, opened


@dataclass(frozen=True)
class Overview:
    """A model at a glance, and its blocks one by one."""

    figure: Figure
    blocks: Mapping[str, Figure]
    """Each distinct block that some figure leaves closed, under its id, with the blocks inside it as boxes."""
    titles: Mapping[str, str]
    """For each of these blocks what it is called."""
    opens: Mapping[str, str]
    """Which block a box stands for: the id of its element in the drawing, and the id of the block."""


def overview(architecture: Architecture, root: Block | None = None) -> Overview | None:
    """Say what the overview of a model shows: at most 60 boxes, the outer blocks as frames around the inner ones.

    Blocks that differ in names, widths and rates only are drawn once.

    Args:
        architecture: the model.
        root: its blocks, if they have been found already.

    Returns:
        Nothing for a model without blocks, which is its own overview.
    """
    root = root or fold(architecture)
    if not any(isinstance(item, Block) for item in root.items):
        return None
    shown = opened(root)
    alike: dict[str, Block] = {}
    likes: dict[str, Block] = {}

    def treat(block: Block) -> Treatment:
        if block.id not in shown:
            return "box"
        return "inline" if _says_the_same(block) else "frame"

    differ = len(_activations(architecture, root, shown)) > 1
    view = BlockView(architecture, treat, drawn_as=likes, say_activations=differ)
    view.draw(root.items, None)
    for position, port in enumerate(architecture.outputs, start=1):
        view.output(position, port.name, Tensor(port.shape, port.dtype))
    views = [view]
    drawn: dict[str, BlockView] = {}
    for seen in views:
        for block in seen.closed.values():
            like = alike.setdefault(block.signature, block)
            if like is not block:
                likes[block.id] = like
            elif block.id not in drawn:
                drawn[block.id] = inner = BlockView(
                    architecture, lambda _: "box", drawn_as=likes, say_activations=differ
                )
                inner.draw(block.items, None)
                inner.surroundings(block)
                views.append(inner)
    named = {key: element_id(architecture, key) for key in drawn}
    count = len(list(blocks(root))) - 1
    name = typeface.drawable(architecture.model.name)
    figure = view.figure(
        f"{architecture.id}-overview",
        f"{name}: overview",
        f"{len(view.boxes)} boxes stand for {len(architecture.nodes):,} nodes in {count:,} blocks; "
        f"{architecture.totals.parameters:,} parameters.",
    )
    firsts = {block.id: block for block in alike.values()}
    titles = {key: short_title(architecture, firsts[key]) for key in drawn}
    figures = {
        key: inner.figure(
            named[key],
            f"{typeface.drawable(titles[key])}: block of {name}",
            f"{len(list(numbers(firsts[key]))):,} nodes.",
        )
        for key, inner in drawn.items()
    }
    opens: dict[str, str] = {}
    for current, seen in ((figure, view), *((figures[key], inner) for key, inner in drawn.items())):
        for key, block in seen.closed.items():
            opens[f"{current.prefix}-{key}"] = alike[block.signature].id
    return Overview(
        replace(linked(figure, opens, architecture), columns=True),
        {key: linked(inner, opens, architecture) for key, inner in figures.items()},
        titles,
        opens,
    )


def _activations(architecture: Architecture, root: Block, shown: Collection[str]) -> frozenset[str]:
    """Return what the blocks that an overview leaves closed would say about their activations."""
    closed = (
        one_of(item)
        for block in blocks(root)
        if block.id in shown
        for item in content(block)
        if isinstance(item, Block) and item.id not in shown and item.kind != "unit"
    )
    return frozenset(activations(architecture, block) for block in closed) - {""}


def _says_the_same(block: Block) -> bool:
    """Whether a frame around a block would hold one block alone, whose name begins with the frame's."""
    inside = content(block)
    first = inside[0]
    return (
        block.kind != "repeat"
        and block.group is None
        and len(inside) == 1
        and isinstance(first, Block)
        and first.title.startswith(block.title)
    )


def element_id(architecture: Architecture, block: str) -> str:
    """Return what the ids in the drawing of a block start with, without the variant."""
    return f"{architecture.id}-block-{block.replace('.', '-')}"


def linked(figure: Figure, opens: Mapping[str, str], architecture: Architecture) -> Figure:
    """Let every box that stands for a block link to the block's drawing on the same page."""
    return replace(
        figure,
        boxes=tuple(
            structs.replace(box, target=f"{element_id(architecture, opens[f'{figure.prefix}-{box.key}'])}-tb")
            if f"{figure.prefix}-{box.key}" in opens
            else box
            for box in figure.boxes
        ),
    )
