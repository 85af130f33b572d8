"""The architecture of a model as plain data.

Everything that draws, counts or compares a model works from an :class:`Architecture` alone: no Keras,
no TensorFlow, no Graphviz.  The classes are frozen, compare by value, and travel as JSON
(:func:`to_json`, :func:`from_json`); the same model always gives the same bytes.  They hold no cycles, so the garbage
collector need not visit the hundred thousand of them that a very long model has (``gc=False``).

Vocabulary
----------
*node*
    A leaf at full expansion, in execution order: a layer that contains no other layer, an operation
    outside such layers, or an input.  A layer that is called twice is two nodes.
*group*
    What contains nodes: a nested model or a composite layer.
*path*
    Names joined by ``/``; unique among the nodes and among the groups of one architecture.  The second call
    of a layer has ``@2`` at the end of its name, the third ``@3``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

SCHEMA = 1
"""Version of the JSON form; a reader refuses any other."""

Detail = Literal["exact", "calls", "opaque"]
"""How much of a model could be read.

``exact``: the true data flow.  ``calls``: sublayers, their order and shapes, with inferred edges.
``opaque``: at least one layer is a closed box although it contains others.
"""

Shape = tuple[int | None, ...] | None
"""Dimensions with the batch first; ``None`` inside is an unknown dimension, ``None`` alone an unknown rank."""


class ArchitectureError(ValueError):
    """The JSON is not an architecture, or contradicts itself."""


class Tensor(msgspec.Struct, frozen=True, gc=False):
    """What flows along an edge."""

    shape: Shape
    dtype: str


class Weight(msgspec.Struct, frozen=True, gc=False):
    """A variable that belongs to a layer; random seeds are not weights."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool


class Source(msgspec.Struct, frozen=True, gc=False):
    """Where a class or function is defined: a POSIX path relative to its project or package root, and a line."""

    file: str
    line: int


class Input(msgspec.Struct, frozen=True, gc=False):
    """One operand of a node: output number ``output`` (from 0) of node number ``node``."""

    node: int
    output: int = 0
    inferred: bool = False
    """Whether the edge was inferred from the order of calls instead of read from the data flow."""


class Node(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A leaf: an input, a layer without sublayers, or an operation."""

    number: int
    path: str
    name: str
    kind: Literal["input", "layer", "operation"]
    class_name: str = msgspec.field(name="class")
    module: str
    parent: str | None = None
    """Path of the group that contains it; ``None`` at the top."""
    call: int = 1
    shared: int | None = None
    """For the second and later calls of a layer: the number of its first call, which carries the weights."""
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    activation: str | None = None
    parameters: int = 0
    trainable: bool = True
    macs: int | None = None
    """Multiply-accumulates at batch 1; ``None`` is unknown, which is not zero."""
    config: Mapping[str, Any] = {}
    explicit_name: bool = False
    """Whether a person chose the name (otherwise Keras numbered it)."""
    registered_name: str | None = None
    weights: tuple[Weight, ...] = ()
    source: Source | None = None
    opaque: str | None = None
    """Why the inside could not be read, for a layer that contains others and is drawn closed."""


class Group(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A nested model, a composite layer, or a block found by folding."""

    path: str
    name: str
    class_name: str = msgspec.field(name="class")
    module: str
    kind: Literal["model", "layer", "block"]
    parent: str | None = None
    call: int = 1
    explicit_name: bool = False
    registered_name: str | None = None
    config: Mapping[str, Any] = {}
    source: Source | None = None


class Port(msgspec.Struct, frozen=True, gc=False):
    """An input or output of the whole model: a tensor, and the node output that it is."""

    name: str
    shape: Shape
    dtype: str
    node: int
    output: int = 0


class ModelIdentity(msgspec.Struct, frozen=True):
    """What the model object itself is."""

    name: str
    class_name: str = msgspec.field(name="class")
    module: str
    registered_name: str | None = None
    source: Source | None = None


class Uncalled(msgspec.Struct, frozen=True):
    """A layer that owns weights but takes no part in inference (a training-only head, say)."""

    path: str
    class_name: str = msgspec.field(name="class")
    module: str
    parameters: int
    weights: tuple[Weight, ...] = ()


class Notice(msgspec.Struct, frozen=True):
    """Something that a reader of the architecture must know: a fallback, a plain build, a filled dimension."""

    path: str
    """The node or group concerned; empty for the whole model."""
    text: str


class CheckpointEntry(msgspec.Struct, frozen=True):
    """One group of variables in a ``.weights.h5`` file.

    ``path`` is the address Keras gives it (``keras/src/saving/saving_lib.py``), ``variables`` their shapes in order.
    """

    path: str
    class_name: str = msgspec.field(name="class")
    variables: tuple[tuple[int, ...], ...]
    layer: str | None = None
    """Path of the node (its first call) or group whose variables they are; ``None`` when it is neither."""
    custom: bool = False
    """Whether code outside Keras decides what is loaded (a ``load_own_variables`` of the layer's own)."""
    also: tuple[str, ...] = ()
    """Where Keras looks, in this order, when what is at ``path`` does not fit."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the model; a shared layer counts once."""

    layers: int
    parameters: int
    trainable: int
    non_trainable: int
    weight_bytes: int
    macs: int | None = None
    """The sum of the known MACs; a lower bound when ``macs_unknown`` is not empty; ``None`` when nothing is known."""
    macs_unknown: tuple[str, ...] = ()


class Architecture(msgspec.Struct, frozen=True, kw_only=True):
    """A model, completely described."""

    schema: int = SCHEMA
    id: str
    builder: str
    model: ModelIdentity
    keras: str
    detail: Detail
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    totals: Totals
    groups: tuple[Group, ...] = ()
    nodes: tuple[Node, ...] = ()
    uncalled: tuple[Uncalled, ...] = ()
    notices: tuple[Notice, ...] = ()
    checkpoint: tuple[CheckpointEntry, ...] = ()

    def node(self, number: int) -> Node:
        """Return the node with this number (from 1)."""
        return self.nodes[number - 1]

    def __reduce__(self) -> tuple[Callable[[bytes], Architecture], tuple[bytes]]:
        # Pickling object by object takes ten times as long, and architectures travel between processes a lot.
        return _unpickled, (msgspec.msgpack.encode(self),)


def _unpickled(data: bytes) -> Architecture:
    return msgspec.msgpack.decode(data, type=Architecture)


def to_json(architecture: Architecture) -> bytes:
    """Encode as indented UTF-8 JSON that ends in a newline; equal architectures give equal bytes."""
    return msgspec.json.format(msgspec.json.encode(architecture, order="deterministic"), indent=1) + b"\n"


def from_json(data: bytes | str) -> Architecture:
    """Decode and validate what :func:`to_json` wrote.

    Raises:
        ArchitectureError: the data is no JSON, of another schema version, of the wrong shape, or contradicts itself.
    """
    try:
        version = msgspec.json.decode(data, type=_Versioned).schema
    except msgspec.DecodeError as error:
        raise ArchitectureError(f"not an architecture: {error}") from error
    if version != SCHEMA:
        raise ArchitectureError(f"architecture schema {version}; this version of keraviz-docs reads schema {SCHEMA}")
    try:
        architecture = msgspec.json.decode(data, type=Architecture)
    except msgspec.DecodeError as error:
        raise ArchitectureError(f"not an architecture: {error}") from error
    validate(architecture)
    return architecture


def validate(architecture: Architecture) -> None:
    """Check the references between nodes, groups and ports.

    Raises:
        ArchitectureError: naming the first contradiction.
    """
    groups = {group.path for group in architecture.groups}
    if len(groups) != len(architecture.groups):
        raise ArchitectureError("two groups have the same path")
    paths: set[str] = set()
    for position, node in enumerate(architecture.nodes, start=1):
        where = f"node {position} ({node.path!r})"
        if node.number != position:
            raise ArchitectureError(f"{where} has number {node.number}; nodes are numbered from 1 in order")
        if node.path in paths:
            raise ArchitectureError(f"{where} has the path of an earlier node")
        paths.add(node.path)
        if node.parent is not None and node.parent not in groups:
            raise ArchitectureError(f"{where} has parent {node.parent!r}, which is no group")
        if node.shared is not None and not 0 < node.shared < position:
            raise ArchitectureError(f"{where} shares weights with node {node.shared}, which is no earlier node")
        for operand in node.inputs:
            if not 0 < operand.node < position:
                raise ArchitectureError(f"{where} takes input from node {operand.node}, which is no earlier node")
            _check_output(architecture.nodes[operand.node - 1], operand.output, where)
    for group in architecture.groups:
        if group.parent is not None and group.parent not in groups:
            raise ArchitectureError(f"group {group.path!r} has parent {group.parent!r}, which is no group")
    for port in (*architecture.inputs, *architecture.outputs):
        where = f"port {port.name!r}"
        if not 0 < port.node <= len(architecture.nodes):
            raise ArchitectureError(f"{where} refers to node {port.node}, which does not exist")
        _check_output(architecture.node(port.node), port.output, where)


class _Versioned(msgspec.Struct):
    schema: int


def _check_output(producer: Node, output: int, where: str) -> None:
    if not 0 <= output < len(producer.outputs):
        raise ArchitectureError(f"{where} refers to output {output} of node {producer.number}, which does not exist")
