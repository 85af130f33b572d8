"""When two parts of a model are the same but for names, widths and rates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from keraviz_docs.architecture import Architecture, Node
from keraviz_docs.folding.blocks import Block, numbers
from keraviz_docs.folding.level import Item, operands, positions


def node_signature(node: Node) -> str:
    """Hash class, wiring-relevant settings and number of outputs; not names, nor whole or real numbers in settings."""
    settings = {key: _kind(value) for key, value in node.config.items() if key not in {"name", "seed"}}
    return _digest([node.kind, node.module, node.class_name, settings, len(node.outputs), len(node.weights)])


def level_signature(architecture: Architecture, items: Sequence[Item], what: str) -> str:
    """Hash the items of a block and how they are wired among themselves; ``what`` tells kinds of blocks apart."""
    position = positions(items)
    wiring: list[Any] = []
    outside: dict[tuple[int, int], int] = {}
    for index, tensors in enumerate(operands(architecture, items)):
        row = [
            [index - position[tensor[0]], tensor[1]]
            if tensor[0] in position
            else ["in", outside.setdefault(tensor, len(outside))]
            for tensor in tensors
        ]
        wiring.append([signature_of(architecture, items[index]), row])
    return _digest([what, wiring])


def signature_of(architecture: Architecture, item: Item) -> str:
    """Return the signature of a block or node."""
    return item.signature if isinstance(item, Block) else node_signature(architecture.node(item))


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
    encoded = json.dumps(data, sort_keys=True, default=str).encode()
    return hashlib.blake2b(encoded, digest_size=12).hexdigest()
