"""From an architecture to a hierarchy that can be read level by level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keraviz_docs.architecture import Architecture, Group
from keraviz_docs.folding.blocks import Block, BlockKind, Variation, blocks, numbers
from keraviz_docs.folding.frontier import between_gaps, frontier_widths, narrow_gaps, sections
from keraviz_docs.folding.level import Consumers, Item, consumers, depth_first, operands, positions
from keraviz_docs.folding.repeats import Element, find_runs
from keraviz_docs.folding.scopes import common_scope, find_scopes, find_suffix_scopes
from keraviz_docs.folding.signatures import Signatures, resolution
from keraviz_docs.folding.units import begins_unit, continues_unit

LIMIT = 60
"""Boxes that one level may have."""
SMALL = 20
"""A level of at most this many single layers is left as it is."""
_LONG_NAME = 25
"""Characters of a layer's name that may still name a block."""


def fold(architecture: Architecture, limit: int = LIMIT) -> Block:
    """Find the blocks of a model, each small enough to be read.

    The hierarchy comes from, in this order: nested models and composite layers; prefixes of names; repeats; stretches
    between tensors that everything passes through; the same for pairs of tensors; and, where nothing else
    helps, sections of limited size.

    Args:
        architecture: The model.
        limit: The most items that a block may have.

    Returns:
        The root block.  The same architecture gives the same blocks.  Cost: linear in the number of nodes.
    """
    children: dict[str | None, list[Group | int]] = {}
    for group in architecture.groups:
        children.setdefault(group.parent, []).append(group)
    for node in architecture.nodes:
        children.setdefault(node.parent, []).append(node.number)
    groups = {group.path: group for group in architecture.groups}
    folder = _Folder(architecture, limit, groups, consumers(architecture), Signatures(architecture))
    root = folder.group(None, children)
    return _with_unique_ids(root)


@dataclass(frozen=True)
class _Folder:
    architecture: Architecture
    limit: int
    groups: dict[str, Group]
    taken: Consumers
    signatures: Signatures

    def group(self, group: Group | None, children: dict[str | None, list[Group | int]]) -> Block:
        items: list[Item] = []
        for child in children.get(group.path if group else None, ()):
            if isinstance(child, int):
                items.append(child)
            elif any(numbers(inside := self.group(child, children))):
                items.append(inside)
        title = group.name if group else self.architecture.model.name
        kind: BlockKind = "root" if group is None else group.kind if group.kind != "block" else "region"
        what = f"{group.module}.{group.class_name}" if group else ""
        return self.block(title, kind, self.level(items), what, group.path if group else None)

    def block(
        self, title: str, kind: BlockKind, items: Sequence[Item], what: str = "", group: str | None = None
    ) -> Block:
        return Block("", title, kind, tuple(items), self.signatures.of_level(items, what), group)

    def level(self, items: Sequence[Item]) -> list[Item]:
        ordered = depth_first(self.architecture, items)
        if len(ordered) > SMALL:
            ordered = self.scoped(ordered)
        if len(ordered) > SMALL:
            ordered = self.regions(self.united(ordered))
        elif any(isinstance(item, Block) and item.kind == "scope" for item in ordered):
            ordered = self.united(ordered)
        ordered = self.repeated(ordered)
        while len(ordered) > self.limit:
            ordered = self.sectioned(ordered)
        return ordered

    def scoped(self, items: list[Item]) -> list[Item]:
        position = positions(items)
        sources = [
            [position[node] for node, _ in tensors if node in position]
            for tensors in operands(self.architecture, items, position)
        ]
        names = [self.chosen_name(item) for item in items]
        widths = frontier_widths(self.architecture, items)
        # In a chain, where one tensor is alive, what comes before a scope is no part of it.
        leaders = [name is None and width > 1 for name, width in zip(names, [*widths, 0], strict=True)]
        followers = [self.follows(item) for item in items]
        scopes = find_scopes(names, sources, followers, leaders)
        inside = {index for _, found in scopes for index in found}
        if 2 * len(inside) < len(items):
            closing = [follows and width <= 1 for follows, width in zip(followers, [0, *widths], strict=True)]
            ending = find_suffix_scopes(names, sources, closing, leaders)
            covered = {index for _, found in ending for index in found}
            if len(covered) > len(inside):
                scopes = [(self.title([items[index] for index in found], suffix), found) for suffix, found in ending]
                inside = covered
        if not scopes:
            return items
        wrapped: list[Item] = [item for index, item in enumerate(items) if index not in inside]
        for prefix, found in scopes:
            wrapped.append(self.block(prefix, "scope", self.level([items[index] for index in found])))
        return depth_first(self.architecture, sorted(wrapped, key=lambda item: min(numbers(item))))

    def united(self, items: list[Item]) -> list[Item]:
        """Draw a convolution, its normalisation and its activation as one."""
        result: list[Item] = []
        stretch: list[int] = []
        for item in items:
            if isinstance(item, int) and continues_unit(self.architecture, stretch, item, self.taken):
                stretch.append(item)
                continue
            result.extend(self.unit(stretch))
            stretch = []
            if isinstance(item, int) and begins_unit(self.architecture.node(item)):
                stretch = [item]
            else:
                result.append(item)
        result.extend(self.unit(stretch))
        return result

    def unit(self, stretch: Sequence[int]) -> list[Item]:
        if len(stretch) < 2:
            return list(stretch)
        return [self.block(self.title(stretch), "unit", stretch)]

    def regions(self, items: list[Item]) -> list[Item]:
        """Close what lies between tensors that everything passes through, unless that is most of the level."""
        gaps = narrow_gaps(frontier_widths(self.architecture, items), len(items), self.limit)
        result: list[Item] = []
        for stretch in between_gaps(len(items), gaps):
            part = [items[index] for index in stretch]
            if 1 < len(part) <= len(items) / 2:
                result.append(self.block(self.title(part), "region", self.level(part)))
            else:
                result.extend(part)
        return result

    def repeated(self, items: list[Item]) -> list[Item]:
        runs = find_runs(self.elements(items), frontier_widths(self.architecture, items), self.limit)
        result: list[Item] = []
        position = 0
        for run in runs:
            stretch = items[run.start : run.stop]
            if len(items) <= self.limit and not any(isinstance(item, Block) for item in stretch):
                continue
            instances = [
                self.instance(stretch[first : first + run.period]) for first in range(0, len(stretch), run.period)
            ]
            result.extend(items[position : run.start])
            result.append(
                Block(
                    "",
                    instances[0].title,
                    "repeat",
                    tuple(instances),
                    self.signatures.of_level(instances, "repeat"),
                    variations=self.variations(instances),
                )
            )
            position = run.stop
        result.extend(items[position:])
        return result

    def instance(self, items: Sequence[Item]) -> Block:
        if len(items) == 1 and isinstance(items[0], Block):
            return items[0]
        return self.block(self.title(items), "region", items)

    def sectioned(self, items: list[Item]) -> list[Item]:
        cap = max(2, min(self.limit, -(-len(items) // 2)))
        result: list[Item] = []
        for stretch in sections(frontier_widths(self.architecture, items), len(items), cap):
            part = [items[index] for index in stretch]
            result.extend(part if len(part) == 1 else [self.block(self.title(part), "section", part)])
        return result

    def elements(self, items: Sequence[Item]) -> list[Element]:
        position = positions(items)
        return [
            Element(
                f"{self.signatures.of(item)} {resolution(self.architecture, item)}",
                tuple((position.get(tensor[0]), tensor) for tensor in tensors),
            )
            for item, tensors in zip(items, operands(self.architecture, items, position), strict=True)
        ]

    def variations(self, instances: Sequence[Block]) -> tuple[Variation, ...]:
        result: list[Variation] = []
        for aligned in zip(*(numbers(instance) for instance in instances), strict=True):
            nodes = [self.architecture.node(number) for number in aligned]
            for setting in sorted(set().union(*(node.config for node in nodes)) - {"name", "seed"}):
                values = tuple(node.config.get(setting) for node in nodes)
                if any(value != values[0] for value in values):
                    result.append(Variation(nodes[0].name, setting, values))
        return tuple(result)

    def chosen_name(self, item: Item) -> str | None:
        if isinstance(item, int):
            node = self.architecture.node(item)
            return node.name if node.explicit_name and node.kind == "layer" else None
        if item.group is not None:
            group = self.groups[item.group]
            return group.name if group.explicit_name else None
        return None

    def follows(self, item: Item) -> bool:
        """Whether an item is a nameless step that keeps the shape of what it is given."""
        if isinstance(item, Block):
            return False
        node = self.architecture.node(item)
        if node.kind == "input" or node.explicit_name or node.parameters or len(node.outputs) != 1:
            return False
        given = [self.architecture.node(operand.node).outputs[operand.output].shape for operand in node.inputs]
        return node.outputs[0].shape in given

    def title(self, items: Sequence[Item], suffix: str = "") -> str:
        nodes = [self.architecture.node(number) for item in items for number in numbers(item)]
        for item in items:
            if isinstance(item, Block) and item.kind != "unit" and 2 * len(list(numbers(item))) > len(nodes):
                return item.title
        if len(nodes) <= 3:
            return " · ".join(node.class_name for node in nodes)
        if nodes[-1].explicit_name and len(nodes[-1].name) <= _LONG_NAME:
            return nodes[-1].name
        named = suffix or common_scope([node.name for node in nodes if node.explicit_name])
        return named or (nodes[-1].name if nodes[-1].explicit_name else f"{nodes[-1].class_name} block")


def _with_unique_ids(root: Block) -> Block:
    used: dict[str, int] = {}
    names: dict[int, str] = {}
    for block in blocks(root):
        below = list(numbers(block))
        base = f"{min(below)}-{max(below)}" if below else "empty"
        used[base] = used.get(base, 0) + 1
        names[id(block)] = base if used[base] == 1 else f"{base}.{used[base]}"
    return _renamed(root, lambda block: names[id(block)])


def _renamed(block: Block, name: Callable[[Block], str]) -> Block:
    items = tuple(_renamed(item, name) if isinstance(item, Block) else item for item in block.items)
    return Block(name(block), block.title, block.kind, items, block.signature, block.group, block.variations)
