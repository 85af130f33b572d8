"""Words, names, values and shapes as they stand in a snapshot."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from keraviz_docs.architecture import Shape, Tensor

BARE_NAME = re.compile(r"[A-Za-z_][\w./-]*")
BARE_VALUE = re.compile(r"[A-Za-z_][\w.]*")
NOT_BARE = frozenset({"true", "false", "null", "NaN", "Infinity", "again", "frozen", "opaque"})
RESERVED = frozenset({"model", "layer", "more", "nobody"})
QUOTED = r'"(?:[^"\\]|\\.)*"'


def snake_case(class_name: str) -> str:
    """Return a class name as Keras makes names of it (keras/src/utils/naming.py)."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", class_name))
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def write_name(name: str) -> str:
    """Write a name, quoted where it is not a plain word."""
    plain = BARE_NAME.fullmatch(name) and name.isascii() and name not in RESERVED
    return name if plain else _quoted(name)


def write_target(target: str) -> str:
    """Write ``package.module:name`` or a path, quoted where it is no plain text; :func:`read_name` reads it."""
    return target if re.fullmatch(r"[A-Za-z_][\w./:-]*", target) and target.isascii() else _quoted(target)


def read_name(text: str) -> str:
    """Read what :func:`write_name` wrote."""
    return str(json.loads(text)) if text.startswith('"') else text


def write_value(value: Any) -> str:
    """Write a setting: text without quotes where it is a plain word, otherwise JSON without blanks."""
    if isinstance(value, str):
        plain = BARE_VALUE.fullmatch(value) and value.isascii() and value not in NOT_BARE
        return value if plain else _quoted(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text if text.isprintable() else json.dumps(value, separators=(",", ":"), sort_keys=True)


def read_value(text: str) -> Any:
    """Read what :func:`write_value` wrote.

    Raises:
        ValueError: it is no value.
    """
    return text if BARE_VALUE.fullmatch(text) and text not in NOT_BARE else json.loads(text)


def write_tensor(tensor: Tensor) -> str:
    """Write a shape such as ``?x32x32x3``, with the dtype where it is not float32."""
    shape = "unknown" if tensor.shape is None else "x".join("?" if n is None else str(n) for n in tensor.shape)
    return (shape or "scalar") + ("" if tensor.dtype == "float32" else f":{tensor.dtype}")


def read_tensor(text: str) -> Tensor:
    """Read what :func:`write_tensor` wrote.

    Raises:
        ValueError: it is no tensor.
    """
    shape, _, dtype = text.partition(":")
    dimensions: Shape
    if shape == "unknown":
        dimensions = None
    elif shape == "scalar":
        dimensions = ()
    else:
        dimensions = tuple(None if size == "?" else int(size) for size in shape.split("x"))
    return Tensor(dimensions, dtype or "float32")


def write_sizes(shape: tuple[int, ...]) -> str:
    """Write the shape of a variable, such as ``3x3x3x64``."""
    return "x".join(str(size) for size in shape) or "scalar"


def read_sizes(text: str) -> tuple[int, ...]:
    """Read what :func:`write_sizes` wrote.

    Raises:
        ValueError: it is no shape.
    """
    return () if text == "scalar" else tuple(int(size) for size in text.split("x"))


def write_numbers(numbers: Sequence[int]) -> str:
    """Write numbers briefly.

    >>> write_numbers([1, 2, 3, 7, 4, 5])
    '1-3 7 4-5'
    """
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def read_numbers(text: str, count: int) -> list[int]:
    """Read what :func:`write_numbers` wrote: each of the numbers from 1 to ``count``, in some order.

    Raises:
        ValueError: it is something else.
    """
    numbers: list[int] = []
    for run in text.split():
        first, _, last = run.partition("-")
        if int(last or first) > count:
            raise ValueError(f"there are {count} layers")
        numbers += range(int(first), int(last or first) + 1)
    if sorted(numbers) != list(range(1, count + 1)):
        raise ValueError(f"expected each number from 1 to {count} once")
    return numbers


def _quoted(text: str) -> str:
    readable = json.dumps(text, ensure_ascii=False)
    # Marks that reorder or hide text must not reach a reviewer's screen.
    return readable if readable.isprintable() else json.dumps(text)
