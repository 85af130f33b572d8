"""What folding finds: a tree of blocks whose leaves are node numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

BlockKind = Literal[
    "root",  # the whole model
    "model",  # a nested model
    "layer",  # a composite layer
    "scope",  # layers whose names share a prefix
    "region",  # what lies between tensors that everything passes through
    "unit",  # a layer with weights, its normalisation, its activation
    "repeat",  # the same block several times in a row
    "section",  # a stretch of no other distinction than its length
]


@dataclass(frozen=True)
class Variation:
    """A setting that differs between the instances of a repeat."""

    layer: str
    """Name of the layer in the first instance."""
    setting: str
    values: tuple[object, ...]
    """The setting's value in each instance, in order."""


@dataclass(frozen=True)
class Block:
    """A part of a model, in execution order."""

    id: str
    """Unique in its tree, stable, made of letters, digits, ``-``, ``_`` and ``.``."""
    title: str
    kind: BlockKind
    items: tuple[Block | int, ...]
    """Blocks and node numbers; for a repeat, its instances, which are blocks."""
    signature: str
    """Equal for blocks that differ at most in names, widths and rates."""
    group: str | None = None
    """Path of the architecture's group that this block is, if it is one."""
    variations: tuple[Variation, ...] = ()
    """What differs between the instances of a repeat."""

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The node numbers under it, in the order of its items."""
        return tuple(number for item in self.items for number in numbers(item))

    @property
    def count(self) -> int:
        """How many instances a repeat has; 1 for any other block."""
        return len(self.items) if self.kind == "repeat" else 1


def numbers(item: Block | int) -> Iterator[int]:
    """Return the node numbers under an item, in the order of its items."""
    return iter((item,) if isinstance(item, int) else item.numbers)


def blocks(item: Block | int) -> Iterator[Block]:
    """Yield a block and all blocks below it, parents first."""
    stack: list[Block | int] = [item]
    while stack:
        top = stack.pop()
        if isinstance(top, Block):
            yield top
            stack.extend(reversed(top.items))
