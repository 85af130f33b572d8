"""What the readers write and :mod:`keraviz_docs.reading.assembling` turns into an architecture.

A draft still holds the live Keras objects; it has no numbers, no paths and no descriptions.  The walk over a
Functional graph and the trace of a composite layer both append to one, so that what comes after need not know which
of them read what.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from keraviz_docs.architecture import Shape


@dataclass(eq=False, slots=True)
class Value:
    """A tensor: output number ``index`` of ``producer``."""

    producer: Call
    index: int
    shape: Shape
    dtype: str


@dataclass(eq=False, slots=True)
class Scope:
    """One call of a layer or model whose inside is shown."""

    name: str
    thing: Any
    """The layer or model; for a control-flow operation, its name."""
    parent: Scope | None = None
    config: dict[str, Any] = field(default_factory=dict)
    """What is known about the call beside the layer's own configuration."""


@dataclass(eq=False, slots=True)
class Call:
    """A leaf: an input, one call of a layer, or an operation between layers."""

    kind: Literal["input", "layer", "operation"]
    name: str
    thing: Any
    """The layer, or whatever describes the operation: see :class:`Function`."""
    scope: Scope | None = None
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    variables: list[Any] = field(default_factory=list)
    """For an operation: the Keras variables that it uses directly."""
    config: dict[str, Any] = field(default_factory=dict)
    """For an operation: the arguments that are no tensors."""
    inferred: bool = False
    """Whether the inputs follow from the order of calls only."""
    opaque: str | None = None

    def add_output(self, shape: Shape, dtype: str) -> Value:
        """Append an output and return it."""
        value = Value(self, len(self.outputs), shape, dtype)
        self.outputs.append(value)
        return value


@dataclass(frozen=True, slots=True)
class Function:
    """An operation that is known by name only: ``keras.ops.add``, or TensorFlow's own."""

    name: str
    module: str


@dataclass(eq=False, slots=True)
class Draft:
    """A model, read but not yet described."""

    calls: list[Call] = field(default_factory=list)
    """Leaves in an order in which they can be executed."""
    inputs: list[tuple[str, Value]] = field(default_factory=list)
    outputs: list[tuple[str, Value]] = field(default_factory=list)
    notices: list[tuple[Scope | Call | None, str]] = field(default_factory=list)
    idle: set[int] = field(default_factory=set)
    """Identities of custom leaf layers that were seen to multiply nothing."""
    in_parts: bool = False
    """Whether the parts of the model are known, but not what happens between them."""

    def note(self, where: Scope | Call | None, text: str) -> None:
        """Say something that a reader of the architecture must know."""
        self.notices.append((where, text))
