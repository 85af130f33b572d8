"""Which blocks an overview opens: as many as fit on one page, the outer ones first."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from keraviz_docs.folding.blocks import Block
from keraviz_docs.folding.fold import LIMIT


def opened(root: Block, boxes: int = LIMIT) -> frozenset[str]:
    """Return the ids of the blocks that an overview shows from inside, as frames around their items.

    Blocks are opened breadth first while the boxes on the page do not exceed ``boxes``.  A block that
    consists mostly of single layers stays closed: it has a drawing of its own.  So does one in which nothing comes
    twice, unless it is a model or a layer: that is a cell rather than a stage.  Of a repeat the first instance stands
    for all.

    Args:
        root: What :func:`~keraviz_docs.folding.fold.fold` returned.
        boxes: The most boxes on the page.
    """
    result = {root.id}
    shown = len(root.items)
    waiting = deque(item for item in root.items if isinstance(item, Block))
    while waiting:
        block = waiting.popleft()
        inside = content(block)
        blocks = [item for item in inside if isinstance(item, Block) and item.kind != "unit"]
        if 2 * len(blocks) < len(inside) or shown + len(inside) - 1 > boxes or not _is_stage(block, blocks):
            continue
        result.add(block.id)
        shown += len(inside) - 1
        waiting.extend(blocks)
    return frozenset(result)


def _is_stage(block: Block, inner: Sequence[Block]) -> bool:
    if block.group is not None or any(item.kind == "repeat" for item in inner):
        return True
    return len({item.signature for item in inner}) < len(inner)


def content(block: Block) -> tuple[Block | int, ...]:
    """Return what is drawn inside a block: its items, or those of a repeat's first instance."""
    first = block.items[0]
    return first.items if block.kind == "repeat" and isinstance(first, Block) else block.items
