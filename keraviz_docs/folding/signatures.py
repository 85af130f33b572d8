"""When two parts of a model are the same but for names, widths and rates."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from keraviz_docs.architecture import Architecture, Node
from keraviz_docs.folding.blocks import Block, numbers
from keraviz_docs.folding.level import Item, operands, positions


def node_signature(node: Node) -> str:
    """Hash class, wiring-relevant settings and number of outputs; not names, nor whole or real numbers in settings."""
    settings = {key: _kind(value) for key, value in node.config.items() if key not in {"name", "seed"}}
    return _digest([node.kind, node.module, node.class_name, settings, len(node.outputs), len(node.weights)])


class Signatures:
    """The signatures of an architecture's nodes and levels; that of a node is found once."""

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture
        self._found: dict[int, str] = {}

    def of(self, item: Item) -> str:
        """Return the signature of a block or node."""
        if isinstance(item, Block):
            return item.signature
        if item not in self._found:
            self._found[item] = node_signature(self._architecture.node(item))
        return self._found[item]

    def of_level(self, items: Sequence[Item], what: str) -> str:
        """Hash the items of a block and how they are wired among themselves; ``what`` tells kinds of blocks apart."""
        position = positions(items)
        wiring: list[Any] = []
        outside: dict[tuple[int, int], int] = {}
        for index, tensors in enumerate(operands(self._architecture, items, position)):
            row = [
                [index - position[tensor[0]], tensor[1]]
                if tensor[0] in position
                else ["in", outside.setdefault(tensor, len(outside))]
                for tensor in tensors
            ]
            wiring.append([self.of(items[index]), row])
        return _digest([what, wiring])


def resolution(architecture: Architecture, item: Item) -> tuple[int | None, ...]:
    """Return the spatial dimensions (or the length) of what an item puts out last."""
    last = max(numbers(item))
    for tensor in architecture.node(last).outputs[:1]:
        if tensor.shape is not None and len(tensor.shape) > 2:
            return tensor.shape[1:-1]
    return ()


def _kind(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, dict):
        return {key: _kind(inner) for key, inner in value.items() if key != "name"}
    return value


def _digest(data: Any) -> str:
    encoded = msgspec.json.encode(data, enc_hook=str, order="deterministic")
    return hashlib.blake2b(encoded, digest_size=12).hexdigest()
