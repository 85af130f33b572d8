"""Charts: what a model costs along its depth, and how the models of a zoo compare.

Data first (:func:`depth_series`, :func:`comparable`), drawing second (:func:`depth_svg`, :func:`zoo_svg`).

The charts are SVG inside a page: they take the colours of the theme from the page's style, and they stretch with the
page instead of being scaled, so that their text has the size of the page's text on a telephone, too.  No plotting
library gives that.  What they would cost was measured on a chart of 96 bars in two panels: Matplotlib 0.5 s to import,
0.34 s and 66 kB a chart; Vega-Lite (vl-convert) an 84 MB installation; Pygal has neither axes with two logarithms nor
panels that share an axis.  These charts take milliseconds and at most 40 kB.
"""

from __future__ import annotations

from keraviz_docs.charts.depth import DepthSeries, Mark, Stage, depth_series
from keraviz_docs.charts.depth_svg import depth_svg
from keraviz_docs.charts.zoo import FEWEST_MODELS, Model, comparable
from keraviz_docs.charts.zoo_svg import LegendEntry, legend, zoo_svg

__all__ = [
    "FEWEST_MODELS",
    "DepthSeries",
    "LegendEntry",
    "Mark",
    "Model",
    "Stage",
    "comparable",
    "depth_series",
    "depth_svg",
    "legend",
    "zoo_svg",
]
