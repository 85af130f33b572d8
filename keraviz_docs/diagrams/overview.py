"""What a model is at a glance: its stages and blocks, repeats once with their count, and each block on its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
    box,
    shape_text,
)
from keraviz_docs.folding import Block, blocks, content, fold, numbers, opened

_LABEL_LIMIT = 420.0


@dataclass(frozen=True)
class Overview:
    """A model at a glance, and its blocks one by one."""

    figure: Figure
    blocks: Mapping[str, Figure]
    """Each distinct block that some figure leaves closed, under its id, with the blocks inside it as boxes."""
    titles: Mapping[str, str]
    """For each of these blocks what it is called."""
    opens: Mapping[str, str]
    """Which block a box stands for: the id of its element in the drawing, and the id of the block."""


def overview(architecture: Architecture, root: Block | None = None) -> Overview | None:
    """Say what the overview of a model shows: at most 60 boxes, the outer blocks as frames around the inner ones.

    Blocks that differ in names, widths and rates only are drawn once.

    Args:
        architecture: the model.
        root: its blocks, if they have been found already.

    Returns:
        Nothing for a model without blocks, which is its own overview.
    """
    root = root or fold(architecture)
    if not any(isinstance(item, Block) for item in root.items):
        return None
    view = _View(architecture, opened(root))
    view.draw(root.items, None)
    for position, port in enumerate(architecture.outputs, start=1):
        view.output(position, port.name, Tensor(port.shape, port.dtype))
    count = len(list(blocks(root))) - 1
    figure = view.figure(
        f"{architecture.id}-overview",
        f"{typeface.drawable(architecture.model.name)}: overview",
        f"{len(view.boxes)} boxes stand for {len(architecture.nodes):,} nodes in {count:,} blocks; "
        f"{architecture.totals.parameters:,} parameters.",
    )
    drawn: dict[str, Figure] = {}
    titles: dict[str, str] = {}
    opens: dict[str, str] = {}
    alike: dict[str, str] = {}
    waiting = [(figure, view)]
    while waiting:
        current, seen = waiting.pop(0)
        for key, block in seen.closed.items():
            identifier = alike.setdefault(block.signature, block.id)
            opens[f"{current.prefix}-{key}"] = identifier
            if identifier not in drawn:
                inner = _View(architecture, frozenset())
                drawn[identifier] = inner.block(block)
                titles[identifier] = block.title
                waiting.append((drawn[identifier], inner))
    return Overview(figure, drawn, titles, opens)


@dataclass
class _View:
    """Collects what a figure shows while the blocks are walked through."""

    architecture: Architecture
    shown: frozenset[str]
    boxes: list[Box] = field(default_factory=list)
    clusters: list[Cluster] = field(default_factory=list)
    place: dict[int, str] = field(default_factory=dict)
    """For each node the key of the box that stands for it."""
    instance: dict[int, int] = field(default_factory=dict)
    """For each node in an opened repeat, which instance it belongs to; arrows between instances are not drawn."""
    closed: dict[str, Block] = field(default_factory=dict)
    """By key of a box that stands for a block with a drawing of its own: the block, of a repeat its first instance."""

    def figure(self, identifier: str, title: str, description: str) -> Figure:
        return Figure(
            id=identifier,
            variant="tb",
            title=title,
            description=description,
            boxes=tuple(self.boxes),
            arrows=tuple(self.arrows()),
            clusters=tuple(self.clusters),
        )

    def block(self, block: Block) -> Figure:
        self.draw(block.items, None)
        self.surroundings(block)
        return self.figure(
            f"{self.architecture.id}-block-{block.id.replace('.', '-')}",
            f"{typeface.drawable(block.title)}: block of {typeface.drawable(self.architecture.model.name)}",
            f"{len(list(numbers(block))):,} nodes.",
        )

    def draw(self, items: Sequence[Block | int], cluster: str | None) -> None:
        for item in items:
            if isinstance(item, int):
                self.place[item] = f"n{item}"
                self.boxes.append(self.node_box(self.architecture.node(item), cluster))
            elif item.id in self.shown:
                self.frame(item, cluster)
            else:
                key = f"b{len(self.boxes) + 1}"
                self.place.update(dict.fromkeys(numbers(item), key))
                first = item.items[0]
                single = first if item.kind == "repeat" and isinstance(first, Block) else item
                if single.kind != "unit":
                    self.closed[key] = single
                self.boxes.append(self.block_box(key, item, cluster))

    def frame(self, block: Block, cluster: str | None) -> None:
        key = f"c{len(self.clusters) + 1}"
        text = " · ".join(
            part
            for part in (_titled(block, self.class_of(block)), _costs(self.architecture, block), self.shape_of(block))
            if part
        )
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
        self.draw(content(block), key)
        if block.kind == "repeat":
            first = list(numbers(block.items[0]))
            for position, other in enumerate(block.items):
                for number, twin in zip(numbers(other), first, strict=True):
                    self.place[number] = self.place[twin]
                    self.instance[number] = position

    def node_box(self, node: Node, cluster: str | None) -> Box:
        activation = f" · {node.activation}" if node.activation and node.activation != "linear" else ""
        shapes = ", ".join(shape_text(output.shape) for output in node.outputs)
        lines: list[tuple[str, Role]] = [
            (node.class_name + activation, "class"),
            (" · ".join(part for part in (node.name, _settings(node)) if part), "detail"),
            (shapes, "shape"),
        ]
        return box(
            f"n{node.number}",
            family_of(node),
            badge=str(node.number),
            lines=lines,
            title="\n".join(typeface.drawable(text) for text, _ in lines),
            cluster=cluster,
            number=node.number,
            model_input=node.kind == "input",
        )

    def block_box(self, key: str, block: Block, cluster: str | None) -> Box:
        inside = [self.architecture.node(number) for number in numbers(block)]
        if block.kind == "unit":
            lines = _unit_lines(inside, self.shape_of(block))
        else:
            lines = [
                (_titled(block, self.class_of(block)), "class"),
                (block.title if self.class_of(block) else "", "detail"),
                (_makeup(inside, block.count), "detail"),
                (_varied(block), "detail"),
                (self.shape_of(block), "shape"),
                (_costs(self.architecture, block), "shape"),
            ]
        return box(
            key,
            self.family(block, inside),
            badge=_range(inside),
            lines=lines,
            title="\n".join(typeface.drawable(text) for text, _ in lines if text),
            cluster=cluster,
            number=min(node.number for node in inside),
            closed=key in self.closed,
        )

    def family(self, block: Block, inside: Sequence[Node]) -> Family:
        if block.kind == "unit":
            return family_of(inside[0])
        group = self.group_of(block)
        if group is not None and group.kind == "layer":
            return family_of_group(group.class_name, group.module)
        heaviest = Counter[str]()
        for node in inside:
            heaviest[family_of(node).key] += node.macs or node.parameters
        key, weight = heaviest.most_common(1)[0]
        return BY_KEY[key] if weight else family_of(inside[-1])

    def group_of(self, block: Block) -> Group | None:
        """Return the nested model or composite layer that a block is, or that the instances of a repeat are."""
        single = block.items[0] if block.kind == "repeat" else block
        path = single.group if isinstance(single, Block) else None
        return next((group for group in self.architecture.groups if group.path == path), None)

    def class_of(self, block: Block) -> str | None:
        group = self.group_of(block)
        return group.class_name if group is not None and group.kind == "layer" else None

    def shape_of(self, block: Block) -> str:
        last = self.architecture.node(max(numbers(block)))
        return ", ".join(shape_text(output.shape) for output in last.outputs)

    def output(self, position: int, name: str, tensor: Tensor) -> None:
        lines: list[tuple[str, Role]] = [("Output", "class"), (name, "detail"), (shape_text(tensor.shape), "shape")]
        title = "\n".join(typeface.drawable(text) for text, _ in lines)
        self.boxes.append(box(f"o{position}", BY_KEY["input"], badge="", lines=lines, title=title, model_output=True))

    def surroundings(self, block: Block) -> None:
        """Show what comes into a block and leaves it as small boxes."""
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
            title = "\n".join(typeface.drawable(text) for text, _ in lines)
            self.boxes.insert(0, box(key, BY_KEY["input"], badge="", lines=lines, title=title, model_input=True))

    def arrows(self) -> Iterator[Arrow]:
        keys = {shown.key for shown in self.boxes}
        seen: set[tuple[str, str, int, int]] = set()
        times: Counter[tuple[str, str]] = Counter()
        for tail, head, node, output, inferred in self.flows():
            if tail == head or tail not in keys or head not in keys or (tail, head, node, output) in seen:
                continue
            seen.add((tail, head, node, output))
            times[tail, head] += 1
            if times[tail, head] > 1 and not (tail.startswith("n") and head.startswith("n")):
                continue
            suffix = f"-{times[tail, head]}" if times[tail, head] > 1 else ""
            tensor = self.architecture.node(node).outputs[output]
            key = f"e{tail.removeprefix('n')}-{head.removeprefix('n')}{suffix}"
            yield Arrow(key, tail, head, inferred=inferred, title=f"{shape_text(tensor.shape)} {tensor.dtype}")

    def flows(self) -> Iterator[tuple[str, str, int, int, bool]]:
        for node in self.architecture.nodes:
            for operand in node.inputs:
                ends = operand.node in self.place and node.number in self.place
                if ends and self.instance.get(operand.node, -1) in (-1, self.instance.get(node.number, -1)):
                    yield (
                        self.place[operand.node],
                        self.place[node.number],
                        operand.node,
                        operand.output,
                        operand.inferred,
                    )
                elif ends and node.number not in self.instance:
                    yield self.place[operand.node], self.place[node.number], operand.node, operand.output, False
        for position, port in enumerate(self.architecture.outputs, start=1):
            if port.node in self.place:
                yield self.place[port.node], f"o{position}", port.node, port.output, False


def _titled(block: Block, class_name: str | None = None) -> str:
    title = class_name or block.title
    return f"{title} ×{block.count}" if block.kind == "repeat" else title


def _makeup(inside: Sequence[Node], count: int) -> str:
    """Say what a block consists of: its number of layers and its most frequent classes."""
    classes = [node.class_name for node in inside if node.kind != "input"]
    layers = sum(node.kind == "layer" for node in inside) // count
    common = [name for name, _ in Counter(classes).most_common(3)]
    size = f"{layers:,} layer{'' if layers == 1 else 's'}{' each' if count > 1 else ''}" if layers else "operations"
    return f"{size}: {', '.join(common)}{' …' if len(set(classes)) > 3 else ''}"


def _varied(block: Block) -> str:
    """Write what differs between the instances of a repeat: ``filters 16–128``."""
    parts: dict[str, None] = {}
    for variation in block.variations:
        first, last = variation.values[0], variation.values[-1]
        if isinstance(first, (int, float)) and isinstance(last, (int, float)):
            parts.setdefault(f"{variation.setting} {_number(first)}–{_number(last)}")
    return ", ".join(list(parts)[:2]) + (" …" if len(parts) > 2 else "")


def _number(value: float) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _costs(architecture: Architecture, block: Block) -> str:
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
        (" · ".join(part for part in (_settings(first), *normalised) if part), "detail"),
        (shape, "shape"),
    ]


def _settings(node: Node) -> str:
    """Write the settings that papers print: ``3×3, 64, /2``."""
    config: Mapping[str, Any] = node.config
    parts: list[str] = []
    kernel = config.get("kernel_size", config.get("pool_size"))
    if isinstance(kernel, (list, tuple)) and kernel:
        parts.append("×".join(str(size) for size in kernel))
    width = config.get("filters", config.get("units"))
    if isinstance(width, int):
        parts.append(str(width))
    strides = config.get("strides")
    if isinstance(strides, (list, tuple)) and any(stride != 1 for stride in strides):
        parts.append("/" + ("×".join(map(str, strides)) if len(set(strides)) > 1 else str(strides[0])))
    return ", ".join(parts)


def _range(inside: Sequence[Node]) -> str:
    all_numbers = [node.number for node in inside]
    first, last = min(all_numbers), max(all_numbers)
    return str(first) if first == last else f"{first}–{last}"
