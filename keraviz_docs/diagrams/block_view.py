"""Blocks of a model as boxes, or opened as frames around what is in them: each repeat once.

An overview and the diagram of a very long model are both made of these; they differ in which blocks they open.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from msgspec import structs

from keraviz_docs.architecture import Architecture, Group, Node, Tensor
from keraviz_docs.diagrams import typeface
from keraviz_docs.diagrams.families import BY_KEY, Family, family_of, family_of_group
from keraviz_docs.diagrams.figure import (
    CLUSTER_SIZE,
    Arrow,
    Box,
    Cluster,
    Figure,
    Role,
    Variant,
    box,
    fits,
    node_box,
    shape_text,
)
from keraviz_docs.diagrams.recipes import activations, makeup, recipe, settings
from keraviz_docs.folding import Block, content, numbers, shortcut

_LABEL_LIMIT = 480.0
_RANGES = 3
"""Repetitions whose numbers are written out; of more, the first two and the last."""

Treatment = Literal["box", "frame", "inline"]
"""A block as one box, as a frame around its items, or as its items alone."""


@dataclass
class BlockView:
    """Collects what a figure shows while the blocks are walked through."""

    architecture: Architecture
    treat: Callable[[Block], Treatment]
    variant: Variant = "tb"
    full_text: bool = False
    """Whether single layers say what they say in the diagram of all layers; otherwise, what papers print."""
    drawn_as: Mapping[str, Block] = field(default_factory=dict)
    """By id of a block that is not drawn because one like it is: that one."""
    say_activations: bool = False
    """Whether closed blocks say which activation they have: where not all have the same."""
    boxes: list[Box] = field(default_factory=list)
    clusters: list[Cluster] = field(default_factory=list)
    place: dict[int, str] = field(default_factory=dict)
    """For each node the key of the box that stands for it; the nodes of a repeat in the order of its instances."""
    instances: dict[int, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    """For each node in opened repeats, the outer ones first: the repeat's id, and which instance the node is in."""
    counts: dict[str, int] = field(default_factory=dict)
    """By id of an opened repeat how many instances it has."""
    closed: dict[str, Block] = field(default_factory=dict)
    """By key of a box that stands for a block with a drawing of its own: the block, of a repeat its first instance."""
    frames: dict[str, str] = field(default_factory=dict)
    """By id of an opened block the key of its frame."""

    def figure(self, identifier: str, title: str, description: str) -> Figure:
        """Return everything that was drawn."""
        return Figure(
            id=identifier,
            variant=self.variant,
            title=title,
            description=description,
            boxes=tuple(self._numbered(f"{identifier}-{self.variant}")),
            arrows=tuple(self._arrows()),
            clusters=tuple(self.clusters),
        )

    def draw(self, items: Sequence[Block | int], cluster: str | None) -> None:
        """Draw blocks and nodes in a frame, or in none."""
        for item in items:
            if isinstance(item, int):
                self.place[item] = f"n{item}"
                self.boxes.append(self._node_box(self.architecture.node(item), cluster))
                continue
            treatment = self.treat(item)
            if treatment == "inline":
                self._content(item, cluster)
            elif treatment == "frame":
                self._frame(item, cluster)
            else:
                key = f"b{len(self.boxes) + 1}"
                self.place.update(dict.fromkeys(numbers(item), key))
                single = one_of(item)
                if single.kind != "unit":
                    self.closed[key] = single
                self.boxes.append(self._block_box(key, item, cluster))

    def output(self, position: int, name: str, tensor: Tensor) -> None:
        """Draw an output of the model."""
        lines: list[tuple[str, Role]] = [("Output", "class"), (name, "detail"), (shape_text(tensor.shape), "shape")]
        self.boxes.append(
            self._box(
                f"o{position}",
                BY_KEY["input"],
                "",
                lines if self.variant != "numbered" else lines[:1],
                title=_facts(lines),
                model_output=True,
            )
        )

    def surroundings(self, block: Block) -> None:
        """Draw what comes into a block as small boxes, which the block's own come after."""
        inside = set(numbers(block))
        entering = {
            operand.node
            for number in sorted(inside)
            for operand in self.architecture.node(number).inputs
            if operand.node not in inside
        }
        for number in sorted(entering):
            key = f"i{number}"
            self.place[number] = key
            node = self.architecture.node(number)
            shape = ", ".join(shape_text(output.shape) for output in node.outputs)
            lines: list[tuple[str, Role]] = [
                ("from", "detail"),
                (f"{number} {node.class_name}", "class"),
                (shape, "shape"),
            ]
            self.boxes.insert(0, self._box(key, BY_KEY["input"], "", lines, title=_facts(lines), model_input=True))

    def titled(self, block: Block) -> str:
        """Name a block: its class if it is a composite layer, without the model's name; a repeat with its count."""
        title = self._class_of(block) or short_title(self.architecture, block)
        return f"{title} ×{block.count}" if block.kind == "repeat" else title

    def _content(self, block: Block, cluster: str | None) -> None:
        self.draw(content(block), cluster)
        if block.kind == "repeat":
            self.counts[block.id] = block.count
            first = list(numbers(block.items[0]))
            inner = [self.instances.get(number, ()) for number in first]
            for position, other in enumerate(block.items):
                for number, twin, within in zip(numbers(other), first, inner, strict=True):
                    self.place[number] = self.place[twin]
                    self.instances[number] = ((block.id, position), *within)

    def _frame(self, block: Block, cluster: str | None) -> None:
        key = f"c{len(self.clusters) + 1}"
        self.frames[block.id] = self.frames[one_of(block).id] = key
        parts = [self.titled(block), _ranges(block) if block.kind == "repeat" else ""]
        if self.variant != "numbered":
            parts += [costs(self.architecture, block), self._shape_of(block)]
        text = " · ".join(part for part in parts if part)
        label = typeface.elide(typeface.drawable(text), CLUSTER_SIZE, _LABEL_LIMIT, bold=True)
        self.clusters.append(
            Cluster(
                key=key,
                label=label,
                label_width=round(typeface.width(label, CLUSTER_SIZE, bold=True), 1),
                title=typeface.drawable(text),
                kind="block",
                parent=cluster,
            )
        )
        self._content(block, key)

    def _node_box(self, node: Node, cluster: str | None) -> Box:
        if self.full_text:
            return node_box(node, self.variant, cluster, ports=False)
        activation = f" · {node.activation}" if node.activation and node.activation != "linear" else ""
        shapes = ", ".join(shape_text(output.shape) for output in node.outputs)
        lines: list[tuple[str, Role]] = [
            (node.class_name + activation, "class"),
            (" · ".join(part for part in (node.name, settings(node)) if part), "detail"),
            (shapes, "shape"),
        ]
        return self._box(
            f"n{node.number}",
            family_of(node),
            str(node.number),
            lines,
            title=_facts(lines),
            cluster=cluster,
            number=node.number,
            model_input=node.kind == "input",
        )

    def _block_box(self, key: str, block: Block, cluster: str | None) -> Box:
        single = one_of(block)
        inside = [self.architecture.node(number) for number in numbers(block)]
        inner = list(numbers(single))
        like = self.drawn_as.get(single.id) if self.full_text else None
        skip = shortcut(self.architecture, inner) is not None
        lines: list[tuple[str, Role]]
        if block.kind == "unit":
            lines = _unit_lines(inside, self._shape_of(block))
        elif self.variant == "numbered":
            lines = [(self.titled(block), "class"), (f"like {_range(list(numbers(like)))}" if like else "", "detail")]
        else:
            lines = [
                (self.titled(block), "class"),
                (short_title(self.architecture, block) if self._class_of(block) else "", "detail"),
                (f"like {_range(list(numbers(like)))}" if like else "", "detail"),
                *((line, "detail") for line in self._making(block, inside)),
                (self._shape_of(block), "shape"),
                (costs(self.architecture, block), "shape"),
            ]
        if block.kind == "repeat":
            lines.append((_ranges(block), "shape"))
        facts: list[tuple[str, Role]] = [
            *lines,
            (makeup(inside, block.count) if block.kind != "unit" else "", "detail"),
        ]
        if skip and block.kind != "unit":
            facts.append(("with a shortcut around it", "detail"))
        return self._box(
            key,
            self._family(block, inside),
            _range([node.number for node in inside]),
            lines,
            title=_facts(facts),
            cluster=cluster,
            number=min(node.number for node in inside),
            closed=key in self.closed,
            skip=skip and block.kind != "unit",
        )

    def _making(self, block: Block, inside: Sequence[Node]) -> Iterator[str]:
        """Yield what a block is made of, its activation, and what differs between its instances."""
        single = one_of(block)
        made = recipe(self.architecture, single) or makeup(inside, block.count)
        activation = activations(self.architecture, single) if self.say_activations else ""
        whole = ", ".join(part for part in (made, activation) if part)
        if fits(whole, "detail"):
            made, activation = whole, ""
        yield made
        yield ", ".join(part for part in (activation, _varied(block)) if part)

    def _box(
        self,
        key: str,
        family: Family,
        badge: str,
        lines: Sequence[tuple[str, Role]],
        *,
        title: str,
        cluster: str | None = None,
        number: int | None = None,
        model_input: bool = False,
        model_output: bool = False,
        closed: bool = False,
        skip: bool = False,
    ) -> Box:
        return box(
            key,
            family,
            badge=badge,
            lines=lines,
            title=title,
            horizontal=self.variant == "lr",
            compact=self.variant == "numbered",
            cluster=cluster,
            number=number,
            model_input=model_input,
            model_output=model_output,
            closed=closed,
            skip=skip,
        )

    def _family(self, block: Block, inside: Sequence[Node]) -> Family:
        if block.kind == "unit":
            return family_of(inside[0])
        group = self._group_of(block)
        if group is not None and group.kind == "layer":
            return family_of_group(group.class_name, group.module)
        heaviest = Counter[str]()
        for node in inside:
            heaviest[family_of(node).key] += node.macs or node.parameters
        key, weight = heaviest.most_common(1)[0]
        return BY_KEY[key] if weight else family_of(inside[-1])

    def _group_of(self, block: Block) -> Group | None:
        """Return the nested model or composite layer that a block is, or that the instances of a repeat are."""
        path = one_of(block).group
        return self._groups.get(path) if path is not None else None

    @cached_property
    def _groups(self) -> dict[str, Group]:
        return {group.path: group for group in self.architecture.groups}

    def _class_of(self, block: Block) -> str | None:
        group = self._group_of(block)
        return group.class_name if group is not None and group.kind == "layer" else None

    def _shape_of(self, block: Block) -> str:
        last = self.architecture.node(max(numbers(block)))
        return ", ".join(shape_text(output.shape) for output in last.outputs)

    def _numbered(self, prefix: str) -> Iterator[Box]:
        """Tell every box that stands for several nodes which they are, and where they are drawn."""
        standing: dict[str, list[int]] = {}
        for number, key in self.place.items():
            standing.setdefault(key, []).append(number)
        for drawn in self.boxes:
            found = standing.get(drawn.key, [])
            if len(found) < 2:
                yield drawn
                continue
            times = tuple(self.counts[repeat] for repeat, _ in self.instances.get(found[0], ()))
            if drawn.key in self.closed:
                single = self.closed[drawn.key]
                count = len(found) // len(list(numbers(single))) // math.prod(times)
                like = self.drawn_as.get(single.id)
                yield structs.replace(
                    drawn,
                    numbers=tuple(found),
                    times=(*times, count) if count > 1 else times,
                    drawn_as=tuple(numbers(like)) if like else (),
                    target=f"{prefix}-{self.frames[like.id]}" if like and like.id in self.frames else "",
                )
            else:
                more = f"\nalso {_enumerated(found[1:])}" if drawn.key.startswith("n") else ""
                yield structs.replace(drawn, numbers=tuple(found), times=times, title=drawn.title + more)

    def _arrows(self) -> Iterator[Arrow]:
        keys = {shown.key for shown in self.boxes}
        seen: set[tuple[str, str, int]] = set()
        times: Counter[tuple[str, str]] = Counter()
        for tail, head, node, output, inferred in self._flows():
            if tail == head or tail not in keys or head not in keys or (tail, head, output) in seen:
                continue
            seen.add((tail, head, output))
            times[tail, head] += 1
            if times[tail, head] > 1 and not (tail.startswith("n") and head.startswith("n")):
                continue
            suffix = f"-{times[tail, head]}" if times[tail, head] > 1 else ""
            tensor = self.architecture.node(node).outputs[output]
            key = f"e{tail.removeprefix('n')}-{head.removeprefix('n')}{suffix}"
            yield Arrow(key, tail, head, inferred=inferred, title=f"{shape_text(tensor.shape)} {tensor.dtype}")

    def _flows(self) -> Iterator[tuple[str, str, int, int, bool]]:
        """Yield what flows between boxes: of an opened repeat, what its first instance takes."""
        for node in self.architecture.nodes:
            inside = dict(self.instances.get(node.number, ()))
            if node.number not in self.place or any(inside.values()):
                continue
            for operand in node.inputs:
                before = self.instances.get(operand.node, ())
                if operand.node in self.place and all(inside.get(repeat, at) == at for repeat, at in before):
                    tail, head = self.place[operand.node], self.place[node.number]
                    yield tail, head, operand.node, operand.output, operand.inferred
        for position, port in enumerate(self.architecture.outputs, start=1):
            if port.node in self.place:
                yield self.place[port.node], f"o{position}", port.node, port.output, False


def one_of(block: Block) -> Block:
    """Return the first instance of a repeat; any other block is itself."""
    first = block.items[0]
    return first if block.kind == "repeat" and isinstance(first, Block) else block


def short_title(architecture: Architecture, block: Block) -> str:
    """Return a block's title without the name of the model in front."""
    title = block.title.removeprefix(architecture.model.name).lstrip("_/.-")
    return title or block.title


def costs(architecture: Architecture, block: Block) -> str:
    """Write parameters and MACs of a block: ``1.2 M parameters, 3 G MACs``."""
    inside = [architecture.node(number) for number in numbers(block)]
    parameters = sum(node.parameters for node in inside)
    known = [node.macs for node in inside if node.macs is not None]
    at_least = "≥ " if len(known) < len(inside) else ""
    parts = [f"{_short(parameters)} parameters"] if parameters else []
    if sum(known):
        parts.append(f"{at_least}{_short(sum(known))} MACs")
    return ", ".join(parts)


def _short(value: int) -> str:
    for size, unit in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return str(value)


def _unit_lines(inside: Sequence[Node], shape: str) -> list[tuple[str, Role]]:
    first, *rest = inside
    activation = next((node.activation for node in reversed(inside) if node.activation not in (None, "linear")), None)
    normalised = [node.class_name for node in rest if "Norm" in node.class_name]
    return [
        (" · ".join([first.class_name, *([activation] if activation else [])]), "class"),
        (" · ".join(part for part in (settings(first), *normalised) if part), "detail"),
        (shape, "shape"),
    ]


def _varied(block: Block) -> str:
    """Write what differs between the instances of a repeat: ``filters 16–128``."""
    parts: dict[str, None] = {}
    for variation in block.variations:
        values = [value for value in variation.values if isinstance(value, (int, float))]
        if len(values) == len(variation.values) and min(values) != max(values):
            parts.setdefault(f"{variation.setting} {_number(min(values))}–{_number(max(values))}")
    return ", ".join(list(parts)[:2]) + (" …" if len(parts) > 2 else "")


def _number(value: float) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _ranges(repeat: Block) -> str:
    """Write the numbers of a repeat's instances: ``82–92, 93–103, …, 456–466``."""
    return _some([_range(list(numbers(instance))) for instance in repeat.items])


def _enumerated(found: Sequence[int]) -> str:
    return _some([str(number) for number in found])


def _some(texts: Sequence[str]) -> str:
    if len(texts) > _RANGES:
        texts = [*texts[: _RANGES - 1], "…", texts[-1]]
    return ", ".join(texts)


def _range(found: Sequence[int]) -> str:
    first, last = min(found), max(found)
    return str(first) if first == last else f"{first}–{last}"


def _facts(lines: Sequence[tuple[str, Role]]) -> str:
    return "\n".join(typeface.drawable(text) for text, _ in lines if text)
