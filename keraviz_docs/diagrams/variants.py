"""What each variant of a diagram shows: every layer, or of a very long model each distinct block once."""

from __future__ import annotations

from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams.condensed import condensed
from keraviz_docs.diagrams.figure import VARIANTS, Figure, Variant, complete, complete_size, complete_variants
from keraviz_docs.folding import Block, fold

LONGEST = 3000
"""Boxes that a diagram of every layer may have: about 2 MB of SVG, which browsers still move smoothly."""


def figure(architecture: Architecture, variant: Variant = "tb", *, depth: int | None = None) -> Figure:
    """Say what the diagram of an architecture shows.

    Args:
        architecture: the model.
        variant: ``tb``, ``lr`` or ``numbered``.
        depth: how many levels of nested models and composite layers are opened; deeper ones are one box each.
            ``None`` opens all, 0 none.
    """
    if is_condensed(architecture, depth=depth):
        return condensed(architecture, variant, depth=depth)
    return complete(architecture, variant, depth=depth)


def figures(
    architecture: Architecture, *, depth: int | None = None, root: Block | None = None
) -> dict[Variant, Figure]:
    """Say what each variant shows, as :func:`figure` does; what they have in common is found once.

    Args:
        architecture: the model.
        depth: as there.
        root: the model's blocks, if they have been found already.
    """
    if is_condensed(architecture, depth=depth):
        blocks = root or fold(architecture)
        return {variant: condensed(architecture, variant, depth=depth, root=blocks) for variant in VARIANTS}
    return complete_variants(architecture, VARIANTS, depth=depth)


def is_condensed(architecture: Architecture, *, depth: int | None = None) -> bool:
    """Whether a model is so long that its diagrams show each distinct block once, not every layer."""
    return complete_size(architecture, depth=depth) > LONGEST
