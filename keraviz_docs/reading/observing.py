"""x."""
from __future__ import annotations
from typing import Any
def observe(tracer: Any, frame: Any, run: Any, args: Any, kwargs: Any, error: Exception) -> Any:
    raise error
