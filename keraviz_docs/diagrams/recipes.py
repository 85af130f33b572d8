"""What a block consists of, in the words of papers: ``1×1 64 · 3×3 64 · 1×1 256``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keraviz_docs.architecture import Architecture, Node
from keraviz_docs.diagrams.families import family_of
from keraviz_docs.diagrams.figure import fits
from keraviz_docs.folding import Block, Series, has_kernel, numbers, series, shortcut

_MOST = 5
"""Steps that are written one by one; more are counted by kind."""
_KINDS = 4
_MOST_BRANCHES = 4
_MOST_IN_BRANCHES = 12
"""Steps of a block whose branches are looked for."""
_MOST_NODES = 300
"""The same for its nodes."""


def recipe(architecture: Architecture, block: Block) -> str:
    """Write the steps of a block that papers print: layers with a kernel, pooling beside them, composite layers.

    Branches, where there are few and short ones, stand side by side: ``1×1 | 1×1 · 3×3``.  Convolutions are written by
    kernel, filters and stride, with ``dw`` for depthwise, ``sep`` for separable and ``up`` for transposed ones; layers
    behind a global pooling that comes back to the block's resolution are ``SE`` (squeeze and excite, arXiv:1709.01507).
    Layers on a shortcut are left out.

    Args:
        architecture: the model.
        block: one block; of a repeat, one instance.
    """
    inside = sorted(numbers(block))
    beside = shortcut(architecture, inside) or frozenset()
    placed = list(_steps(architecture, block, beside, _squeezed(architecture, inside)))
    branched = _side_by_side(architecture, inside, placed)
    if branched:
        return branched
    steps = [step for step, before in zip(placed, [None, *placed], strict=False) if not _is_squeezed_on(step, before)]
    listed = " · ".join(step.text for step in steps)
    if len(steps) <= _MOST and fits(listed, "detail"):
        return listed
    kinds = Counter(step.kind for step in steps).most_common()
    told = [f"{kind} ({count})" if count > 1 else kind for kind, count in kinds[:_KINDS]]
    return ", ".join(told) + (" …" if len(kinds) > _KINDS else "")


def activations(architecture: Architecture, block: Block) -> str:
    """Write the activations of a block as the tables of papers do: ``relu``; none for gates and attention weights.

    Args:
        architecture: the model.
        block: one block; of a repeat, one instance.
    """
    inside = sorted(numbers(block))
    gates = _at_one_position(architecture, inside)
    found = {
        node.activation: None
        for node in map(architecture.node, inside)
        if node.activation not in _NO_ACTIVATION and node.number not in gates
    }
    return ", ".join(name for name in found if name)


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
    nodes: tuple[int, ...] = ()
    stride: str = ""


def _steps(
    architecture: Architecture, block: Block, beside: frozenset[int], squeezed: frozenset[int]
) -> Iterator[_Step]:
    """Yield the steps of a block in its order."""
    known = {group.path: group for group in architecture.groups}

    def walk(item: Block | int, outermost: bool) -> Iterator[_Step]:
        if isinstance(item, int):
            if item in squeezed:
                yield replace(_SQUEEZED, nodes=(item,))
            elif item not in beside and (step := _step(architecture.node(item))) is not None:
                yield step
        elif not outermost and item.kind == "layer" and item.group in known:
            name = known[item.group].class_name
            yield _Step(name, name, tuple(numbers(item)))
        else:
            for inner in item.items:
                yield from walk(inner, outermost=False)

    return walk(block, outermost=True)


def _is_squeezed_on(step: _Step, before: _Step | None) -> bool:
    """Whether a step goes on with what is one step of a paper."""
    return step.kind == _SQUEEZED.kind and before is not None and before.kind == _SQUEEZED.kind


def _side_by_side(architecture: Architecture, inside: Sequence[int], steps: Sequence[_Step]) -> str:
    """Write the steps of a block that has branches; nothing for one without, or with too many or too long ones."""
    if not 1 < len(steps) <= _MOST_IN_BRANCHES or len(inside) > _MOST_NODES:
        return ""
    if any(max(step.nodes) - min(step.nodes) >= len(step.nodes) for step in steps):
        return ""  # something else happens while a composite layer is being computed
    leader = {number: min(step.nodes) for step in steps for number in step.nodes}
    sources: dict[int, set[int]] = {leader.get(number, number): set() for number in inside}
    for number in inside:
        end = leader.get(number, number)
        sources[end].update(leader.get(operand.node, operand.node) for operand in architecture.node(number).inputs)
        sources[end].discard(end)
    flow = series(list(sources), sources)
    if flow is None:
        return ""
    known = {min(step.nodes): step for step in steps}
    for in_branches in _DETAIL:
        parts = _written(flow, known, in_branches)
        written = parts[0].strip("()") if len(parts) == 1 and parts[0].count("(") == 1 else " · ".join(parts)
        if "|" not in written or "…" in written:
            return ""
        if fits(written, "detail"):
            return written
    return ""


_DETAIL: Sequence[Callable[[_Step], str]] = (
    lambda step: step.text,
    lambda step: f"{step.kind} {step.stride}".rstrip(),
    lambda step: step.kind,
)
"""What is said about steps in branches, as much as there is room for."""


def _written(
    flow: Series, steps: Mapping[int, _Step], in_branches: Callable[[_Step], str], *, is_branch: bool = False
) -> list[str]:
    parts: list[str] = []
    for item in flow:
        if isinstance(item, int):
            step = steps.get(item)
            if step is not None and not (step.kind == _SQUEEZED.kind and parts[-1:] == [_SQUEEZED.text]):
                parts.append(in_branches(step) if is_branch else step.text)
            continue
        ways = [_written(branch, steps, in_branches, is_branch=True) for branch in item.branches]
        ways = sorted((way for way in ways if way), key=lambda way: (way[0].startswith(_POOLS), len(way)))
        if len(ways) > _MOST_BRANCHES:
            parts.append("…")
        elif len(ways) > 1:
            parts.append(f"({' | '.join(' · '.join(way) for way in ways)})")
        elif ways:
            parts += ways[0]
    return parts


_SQUEEZED = _Step("SE", "SE")


def _squeezed(architecture: Architecture, inside: Sequence[int]) -> frozenset[int]:
    """Return the layers with a kernel that see one position only, in a block that ends with a whole image."""
    return frozenset(
        number for number in _at_one_position(architecture, inside) if has_kernel(architecture.node(number))
    )


def _at_one_position(architecture: Architecture, inside: Sequence[int]) -> frozenset[int]:
    """Return the nodes that see one position only, in a block that ends with a whole image."""
    ranks = {
        number: architecture.node(number).outputs[0].shape for number in inside if architecture.node(number).outputs
    }
    last = ranks.get(inside[-1])
    if last is None or len(last) != 4 or last[1:-1] == (1, 1):
        return frozenset()
    return frozenset(
        number for number, shape in ranks.items() if shape is not None and (len(shape) == 2 or shape[1:-1] == (1, 1))
    )


def _step(node: Node) -> _Step | None:
    family = family_of(node).key
    nodes, stride = (node.number,), _stride(node)
    if family == "conv":
        sort = next((short for name, short in _SORTS.items() if name in node.class_name), "")
        if node.config.get("groups", 1) not in (1, None):
            sort = "dw" if node.config["groups"] == node.config.get("filters") else "grouped"
        kernel = " ".join(part for part in (sort, _kernel(node)) if part) or node.class_name
        return _Step(" ".join(part for part in (kernel, _width(node), stride) if part), kernel, nodes, stride)
    if family == "pool" and "Global" not in node.class_name:
        kernel = " ".join(part for part in (_POOLS["Average" in node.class_name], _kernel(node)) if part)
        return _Step(" ".join(part for part in (kernel, stride) if part), kernel, nodes, stride)
    if has_kernel(node):
        return _Step(" ".join(part for part in (node.class_name, _width(node)) if part), node.class_name, nodes)
    return None


_NO_ACTIVATION = (None, "linear", "softmax")
_POOLS = ("max", "avg")
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
