"""Getting many models read: processes, limits, cache, progress.

The process that calls :func:`produce` never imports Keras, and runs none of the zoo's code.
"""

from __future__ import annotations

from keraviz_docs.production.pool import LocalPool, Pool
from keraviz_docs.production.producing import produce
from keraviz_docs.production.progress import Progress, choose
from keraviz_docs.production.report import ModelReport, Report

__all__ = ["LocalPool", "ModelReport", "Pool", "Progress", "Report", "choose", "produce"]
