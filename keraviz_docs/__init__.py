"""Documentation sites for Keras model zoos: every model drawn, tabulated and comparable."""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("keraviz-docs")
