"""Lets the tests of the review import what they share with each other and with the benchmarks."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
for directory in (HERE, HERE.parents[1] / "benchmarks"):
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
