"""Architectures as DOT, and as SVG, PNG and PDF drawn by Graphviz.

::

    from keraviz_docs import diagrams

    diagrams.dot(architecture, "lr")
    with diagrams.Renderer() as renderer:
        renderer.render(diagrams.figure(architecture, "tb"), {"svg": Path("model-tb.svg")})

Importing this package is cheap: Graphviz is loaded by a child process, when something is drawn.
"""

from __future__ import annotations

from keraviz_docs.diagrams.dot import dot, figure_source
from keraviz_docs.diagrams.engines import EngineName, GraphvizError, GraphvizMissingError
from keraviz_docs.diagrams.families import FAMILIES, Family, family_of
from keraviz_docs.diagrams.figure import SHEETS, VARIANTS, Arrow, Box, Cluster, Figure, Sheet, Variant, box
from keraviz_docs.diagrams.overview import Overview, overview
from keraviz_docs.diagrams.rendering import FORMATS, Format, Job, ModelDrawings, Renderer, Result
from keraviz_docs.diagrams.variants import LONGEST, figure, is_condensed

__all__ = [
    "FAMILIES",
    "FORMATS",
    "LONGEST",
    "SHEETS",
    "VARIANTS",
    "Arrow",
    "Box",
    "Cluster",
    "EngineName",
    "Family",
    "Figure",
    "Format",
    "GraphvizError",
    "GraphvizMissingError",
    "Job",
    "ModelDrawings",
    "Overview",
    "Renderer",
    "Result",
    "Sheet",
    "Variant",
    "box",
    "dot",
    "family_of",
    "figure",
    "figure_source",
    "is_condensed",
    "overview",
]
