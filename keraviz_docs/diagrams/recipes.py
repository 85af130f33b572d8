"""What a block consists of, in the words of papers: ``1×1 64 · 3×3 64 · 1×1 256``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keraviz_docs.architecture import Architecture, Node
from keraviz_docs.diagrams.families import family_of
from keraviz_docs.folding import Block, has_kernel, numbers, shortcut

_MOST = 5
"""Steps that are written one by one; more are counted by kind."""
_KINDS = 4


def recipe(architecture: Architecture, block: Block) -> str:
    """Write the steps of a block that papers print: layers with a kernel, pooling beside them, composite layers.

    Convolutions are written by kernel, filters and stride, with ``dw`` for depthwise, ``sep`` for separable and ``up``
    for transposed ones; layers behind a global pooling that comes back to the block's resolution are ``SE``
    (squeeze and excite, arXiv:1709.01507).  Layers on a shortcut are left out.

    Args:
        architecture: the model.
        block: one block; of a repeat, one instance.
    """
    inside = sorted(numbers(block))
    beside = shortcut(architecture, inside) or frozenset()
    steps = list(_steps(architecture, block, beside, _squeezed(architecture, inside)))
    if len(steps) <= _MOST:
        return " · ".join(step.text for step in steps)
    kinds = Counter(step.kind for step in steps).most_common()
    told = [f"{kind} ({count})" if count > 1 else kind for kind, count in kinds[:_KINDS]]
    return ", ".join(told) + (" …" if len(kinds) > _KINDS else "")


def makeup(inside: Sequence[Node], count: int) -> str:
    """Say how many layers a block has and which classes are the most frequent."""
    classes = [node.class_name for node in inside if node.kind != "input"]
    layers = sum(node.kind == "layer" for node in inside) // count
    common = [name for name, _ in Counter(classes).most_common(3)]
    size = f"{layers:,} layer{'' if layers == 1 else 's'}{' each' if count > 1 else ''}" if layers else "operations"
    return f"{size}: {', '.join(common)}{' …' if len(set(classes)) > 3 else ''}"


def settings(node: Node) -> str:
    """Write the settings that papers print: ``3×3, 64, /2``."""
    return ", ".join(part for part in (_kernel(node), _width(node), _stride(node)) if part)


@dataclass(frozen=True)
class _Step:
    text: str
    kind: str
    """The same without its width."""


def _steps(
    architecture: Architecture, item: Block | int, beside: frozenset[int], squeezed: frozenset[int]
) -> Iterator[_Step]:
    """Yield the steps of a block in its order; a stretch of squeezed layers is one."""
    known = {group.path: group for group in architecture.groups}
    before: _Step | None = None

    def walk(item: Block | int, outermost: bool) -> Iterator[_Step]:
        if isinstance(item, int):
            step = _SQUEEZED if item in squeezed else _step(architecture.node(item)) if item not in beside else None
            if step is not None:
                yield step
        elif not outermost and item.kind == "layer" and item.group in known:
            yield _Step(known[item.group].class_name, known[item.group].class_name)
        else:
            for inner in item.items:
                yield from walk(inner, outermost=False)

    for step in walk(item, outermost=True):
        if step != _SQUEEZED or before != _SQUEEZED:
            yield step
        before = step


_SQUEEZED = _Step("SE", "SE")


def _squeezed(architecture: Architecture, inside: Sequence[int]) -> frozenset[int]:
    """Return the layers with a kernel that see one position only, in a block that ends with a whole image."""
    ranks = {
        number: architecture.node(number).outputs[0].shape for number in inside if architecture.node(number).outputs
    }
    last = ranks.get(inside[-1])
    if last is None or len(last) != 4 or last[1:-1] == (1, 1):
        return frozenset()
    return frozenset(
        number
        for number, shape in ranks.items()
        if shape is not None and (len(shape) == 2 or shape[1:-1] == (1, 1)) and has_kernel(architecture.node(number))
    )


def _step(node: Node) -> _Step | None:
    family = family_of(node).key
    if family == "conv":
        sort = next((short for name, short in _SORTS.items() if name in node.class_name), "")
        if node.config.get("groups", 1) not in (1, None):
            sort = "dw" if node.config["groups"] == node.config.get("filters") else "grouped"
        kernel = " ".join(part for part in (sort, _kernel(node)) if part) or node.class_name
        return _Step(" ".join(part for part in (kernel, _width(node), _stride(node)) if part), kernel)
    if family == "pool" and "Global" not in node.class_name:
        kernel = " ".join(part for part in ("avg" if "Average" in node.class_name else "max", _kernel(node)) if part)
        return _Step(" ".join(part for part in (kernel, _stride(node)) if part), kernel)
    if has_kernel(node):
        return _Step(" ".join(part for part in (node.class_name, _width(node)) if part), node.class_name)
    return None


_SORTS = {"Separable": "sep", "Depthwise": "dw", "Transpose": "up"}


def _kernel(node: Node) -> str:
    config: Mapping[str, Any] = node.config
    kernel = config.get("kernel_size", config.get("pool_size"))
    return "×".join(str(size) for size in kernel) if isinstance(kernel, (list, tuple)) else ""


def _width(node: Node) -> str:
    width = node.config.get("filters", node.config.get("units"))
    return str(width) if isinstance(width, int) else ""


def _stride(node: Node) -> str:
    strides = node.config.get("strides")
    if not isinstance(strides, (list, tuple)) or all(stride == 1 for stride in strides):
        return ""
    return "/" + ("×".join(map(str, strides)) if len(set(strides)) > 1 else str(strides[0]))
