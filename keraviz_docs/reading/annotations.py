"""Annotations that may be text, and may name what was never imported."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any


def evaluated(annotation: Any, namespace: Mapping[str, Any]) -> Any:
    """Evaluate an annotation that is text (``from __future__ import annotations``, quotes, or both).

    Returns:
        What the annotation means; or, where a name is missing (``TYPE_CHECKING`` imports), the expression that it is,
        an ``ast.expr``; or ``None`` where it is not even Python.
    """
    while isinstance(annotation, str):
        text = annotation.strip()
        try:
            annotation = eval(text, dict(namespace))  # noqa: S307 -- the builder's own annotation, in its own module
        except Exception:
            try:
                annotation = ast.parse(text, mode="eval").body
            except SyntaxError:
                return None
            if isinstance(annotation, ast.Constant):
                annotation = annotation.value
    return annotation


def base_name(expression: ast.expr) -> str:
    """Return the last name of ``package.Name[...]``; nothing for any other expression."""
    if isinstance(expression, ast.Subscript):
        return base_name(expression.value)
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def alternatives(expression: ast.expr) -> list[ast.expr]:
    """Split ``X | Y``, ``Union[X, Y]`` and ``Optional[X]`` into what they allow."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.BitOr):
        return [*alternatives(expression.left), *alternatives(expression.right)]
    if isinstance(expression, ast.Subscript) and base_name(expression) in {"Optional", "Union"}:
        inner = expression.slice
        items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        return [choice for item in items for choice in alternatives(item)]
    return [expression]
