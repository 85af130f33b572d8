# What type checkers and editors see of the names that `__init__.py` looks up when they are used.
from typing import Any

from keraviz_docs.interactive import Architecture as Architecture
from keraviz_docs.interactive import Compared as Compared
from keraviz_docs.interactive import UserError as UserError
from keraviz_docs.interactive import compare as compare
from keraviz_docs.interactive import read as read
from keraviz_docs.interactive import render as render
from keraviz_docs.interactive import snapshot as snapshot
from keraviz_docs.interactive import svg as svg

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

__version__: str

def load_ipython_extension(shell: Any) -> None: ...
