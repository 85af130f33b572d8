"""Hierarchy and repeated blocks of an architecture."""

from keraviz_docs.folding.blocks import Block, Variation, blocks, numbers
from keraviz_docs.folding.branches import Parallel, Series, series
from keraviz_docs.folding.fold import LIMIT, fold
from keraviz_docs.folding.level import Level, LevelEdge, consumers, level_of
from keraviz_docs.folding.overview import content, opened
from keraviz_docs.folding.shortcuts import has_kernel, shortcut

__all__ = [
    "LIMIT",
    "Block",
    "Level",
    "LevelEdge",
    "Parallel",
    "Series",
    "Variation",
    "blocks",
    "consumers",
    "content",
    "fold",
    "has_kernel",
    "level_of",
    "numbers",
    "opened",
    "series",
    "shortcut",
]
