"""Documentation sites for Keras model zoos: every model drawn, tabulated and comparable.

For scripts and notebooks::

    import keraviz_docs

    architecture = keraviz_docs.read(model)  # a Keras model, a builder, or the name of one
    keraviz_docs.render(architecture, "model.svg", "model.png")
    keraviz_docs.compare("zoo.nets:small", "zoo.nets:large")

These names are public, and nothing else is; each is imported when it is first used, so that this import is quick.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = [
    "Architecture",
    "Compared",
    "UserError",
    "__version__",
    "compare",
    "load_ipython_extension",
    "read",
    "render",
    "snapshot",
    "svg",
]


def load_ipython_extension(shell: Any) -> None:
    """Let a notebook show architectures; ``%load_ext keraviz_docs`` calls this."""
    importlib.import_module("keraviz_docs.interactive.display").register(shell)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = importlib.import_module("importlib.metadata").version("keraviz-docs")
    elif name in __all__:
        # Not an import statement, which would make every module of this package depend on all of them.
        value = getattr(importlib.import_module("keraviz_docs.interactive"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
