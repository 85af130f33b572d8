"""The diagram of a very long model: each distinct block drawn once, in the place where it comes first.

A repeat is a frame around its first instance, with the numbers of the others; a block like one that has been drawn is
one box that says so and links to it.
"""

from __future__ import annotations

from collections import Counter

from keraviz_docs.architecture import Architecture, Tensor
from keraviz_docs.diagrams import typeface
from keraviz_docs.diagrams.block_view import BlockView, Treatment, one_of
from keraviz_docs.diagrams.figure import Figure, Variant
from keraviz_docs.folding import Block, content, fold, numbers

_SMALL = 4
"""A block of fewer nodes is drawn again: a box that says where it is drawn would be no shorter."""


def condensed(
    architecture: Architecture, variant: Variant = "tb", *, depth: int | None = None, root: Block | None = None
) -> Figure:
    """Say what the diagram of a very long model shows.

    Args:
        architecture: the model.
        variant: ``tb``, ``lr`` or ``numbered``.
        depth: how many levels of nested models and composite layers are opened; ``None`` opens all.
        root: the model's blocks, if they have been found already.

    Returns:
        A figure in which every node has a box that stands for it.  Cost: linear in the number of nodes.
    """
    root = root or fold(architecture)
    levels = _levels(architecture)
    times = Counter(block.signature for block in _once(root))
    drawn: dict[str, Block] = {}
    likes: dict[str, Block] = {}

    def treat(block: Block) -> Treatment:
        single = one_of(block)
        if depth is not None and single.group is not None and levels[single.group] > depth:
            return "box"
        if single.kind == "unit" or (block is single and len(list(numbers(single))) < _SMALL):
            return "inline" if single.group is None else "frame"
        like = drawn.setdefault(single.signature, single)
        if like is not single:
            likes[single.id] = like
            return "box"
        plain = block.kind in ("region", "section")
        return "inline" if plain and times[single.signature] < 2 else "frame"

    view = BlockView(architecture, treat, variant, full_text=True, drawn_as=likes)
    view.draw(root.items, None)
    for position, port in enumerate(architecture.outputs, start=1):
        view.output(position, port.name, Tensor(port.shape, port.dtype))
    name = typeface.drawable(architecture.model.name)
    return view.figure(
        architecture.id,
        f"{name}: architecture diagram",
        f"{typeface.drawable(architecture.model.class_name)} with {architecture.totals.layers:,} layers and "
        f"{architecture.totals.parameters:,} parameters. Each distinct block is drawn once: {len(view.boxes):,} boxes "
        f"stand for {len(architecture.nodes):,} nodes.",
    )


def _levels(architecture: Architecture) -> dict[str, int]:
    """Return for each group how many groups it is in, itself included."""
    levels: dict[str, int] = {}
    parents = {group.path: group.parent for group in architecture.groups}
    for group in architecture.groups:
        chain = []
        path: str | None = group.path
        while path is not None and path not in levels:
            chain.append(path)
            path = parents[path]
        level = levels[path] if path is not None else 0
        for inner in reversed(chain):
            level += 1
            levels[inner] = level
    return levels


def _once(root: Block) -> list[Block]:
    """Return all blocks, of a repeat only what is in its first instance."""
    found: list[Block] = []
    waiting = [root]
    while waiting:
        block = waiting.pop()
        found.append(one_of(block))
        waiting += [item for item in content(block) if isinstance(item, Block)]
    return found
