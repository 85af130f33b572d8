"""Getting many models read: processes, limits, cache, progress.

The process that calls :func:`produce` never imports Keras, and runs none of the zoo's code.
"""

from __future__ import annotations

from keraviz_docs.production.cache import Cache, Usage
from keraviz_docs.production.pool import LocalPool, Pool, Pools, open_pool
from keraviz_docs.production.producing import produce
from keraviz_docs.production.progress import BuildProgress, Progress, Silent, choose
from keraviz_docs.production.report import ModelReport, Report
from keraviz_docs.production.sharding import Shard
from keraviz_docs.production.store import Store

__all__ = [
    "BuildProgress",
    "Cache",
    "LocalPool",
    "ModelReport",
    "Pool",
    "Pools",
    "Progress",
    "Report",
    "Shard",
    "Silent",
    "Store",
    "Usage",
    "choose",
    "open_pool",
    "produce",
]
