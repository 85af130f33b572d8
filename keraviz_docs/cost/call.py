"""What a rule sees: one call of a leaf, as plain data with every dimension known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from keraviz_docs.architecture import Weight


class Shaped(Protocol):
    """Anything with concrete dimensions and a dtype: an :class:`Operand` or an architecture's ``Weight``."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The dimensions."""

    @property
    def dtype(self) -> str:
        """The name of the element type."""


@dataclass(frozen=True)
class Operand:
    """A tensor that flows into or out of a call, at batch 1."""

    shape: tuple[int, ...]
    dtype: str = "float32"


@dataclass(frozen=True)
class Call:
    """One call of a layer or operation.

    ``config`` is what ``get_config`` gives for a layer and the arguments for an operation; ``inputs`` are the tensors
    that come from other nodes, in order; ``weights`` the variables that the call reads.
    """

    class_name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Operand, ...] = ()
    outputs: tuple[Operand, ...] = ()
    weights: tuple[Weight, ...] = ()

    @property
    def kernel_volume(self) -> int:
        """How many positions the kernel of a convolution layer covers."""
        return math.prod(whole(self.config["kernel_size"]))

    @property
    def kernel(self) -> tuple[int, ...] | None:
        """The shape of the weight called ``kernel``; ``None`` without one, or if it is quantised and may be packed."""
        kernels = [weight for weight in self.weights if weight.name.rpartition("/")[2] == "kernel"]
        return kernels[0].shape if len(kernels) == 1 and is_float(kernels[0]) else None

    @property
    def floating(self) -> tuple[Operand, ...]:
        """The inputs that are numbers to multiply: masks (bool) and indices (int) are left out."""
        return tuple(operand for operand in self.inputs if is_float(operand))


Rule = Callable[[Call], "int | None"]
"""Counts one call; ``None`` says that it cannot."""


def elements(operand: Shaped) -> int:
    """Return how many elements a tensor has."""
    return math.prod(operand.shape)


def is_float(operand: Shaped) -> bool:
    """Tell whether a tensor holds real or complex numbers, and not integers, truth values or text."""
    return operand.dtype.startswith(("float", "bfloat", "complex"))


def channels(operand: Shaped, config: Mapping[str, Any]) -> int:
    """Return the size of the channel dimension, which ``config["data_format"]`` places."""
    return operand.shape[1 if config.get("data_format") == "channels_first" else -1]


def whole(value: int | Sequence[int]) -> tuple[int, ...]:
    """Return a setting that may be one number or a list of them as a tuple."""
    return (value,) if isinstance(value, int) else tuple(value)


def nothing(_: Call) -> int:
    """Count zero: the rule of calls that multiply and accumulate nothing."""
    return 0
