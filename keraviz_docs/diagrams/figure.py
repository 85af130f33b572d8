"""What a diagram shows, before anything has a place: boxes with their lines of text, arrows and clusters.

A :class:`Figure` is made from an :class:`~keraviz_docs.architecture.Architecture` by :func:`complete`; anything else
that can say what its boxes are (an overview of repeated blocks, a comparison) can make one too, and is laid out and
drawn by the same code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import msgspec

from keraviz_docs.architecture import Architecture, Group, Node, Port, Shape, Tensor
from keraviz_docs.diagrams import typeface
from keraviz_docs.diagrams.families import BY_KEY, Family, family_of, family_of_group

Variant = Literal["tb", "lr", "numbered"]
VARIANTS: tuple[Variant, ...] = ("tb", "lr", "numbered")
"""Top to bottom, left to right, and compact: number and class only, top to bottom."""
Sheet = Literal["overview"] | Variant
SHEETS: tuple[Sheet, ...] = ("overview", *VARIANTS)
"""All drawings of a model, in the order in which they are shown."""

Role = Literal["class", "detail", "shape"]
"""What a line of text is: the class (bold), the name or another detail, or the output shape (grey)."""

SIZES: Mapping[Role, float] = {"class": 12.0, "detail": 10.0, "shape": 9.5}
NUMBER_SIZE = 9.5
PORT_SIZE = 8.0
CLUSTER_SIZE = 11.0
SKIP_WIDTH = 16.0
"""Room on the right of a box for the sign of a shortcut."""

LEADING: Mapping[Role, float] = {"class": 15.0, "detail": 12.5, "shape": 12.5}
"""Height of a line of text in points."""
_PADDING_X = 9.0
_PADDING_Y = 6.0
_STRIP_PADDING = 5.0
_PORT_ROW = 11.0
_PORT_GAP = 10.0
_CLUSTER_LIMIT = 340.0
_TEXT_LIMIT = 250.0
"""A longer line is elided: a box is never wider than this plus its padding, whatever a name contains."""
_STEP = 8.0
"""Widths are rounded up to a multiple, so that boxes align and equal blocks with other numbers lay out equally."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line of text in a box, already elided to fit."""

    text: str
    role: Role
    width: float


class Box(msgspec.Struct, frozen=True, gc=False):
    """A node, an output of the model, or a closed group; sizes are in points."""

    key: str
    """Unique in the figure, ``[a-z0-9]+``; the end of its id."""
    family: Family
    badge: str
    """The number (``17``) or range (``17–24``) in the strip on the left; may be empty."""
    lines: tuple[Line, ...]
    title: str
    """The full text, one fact a line, for the tooltip."""
    width: float
    height: float
    cluster: str | None = None
    """Key of the innermost cluster that contains it."""
    inputs: tuple[str, ...] = ()
    """A label for each place where an arrow may end, in order; empty strings leave them unlabelled."""
    outputs: tuple[str, ...] = ()
    """The same for where arrows start."""
    number: int | None = None
    """The first number it stands for, if any."""
    model_input: bool = False
    model_output: bool = False
    closed: bool = False
    """Whether it stands for a group that is not expanded."""
    skip: bool = False
    """Whether a shortcut leads around what it stands for."""
    numbers: tuple[int, ...] = ()
    """The numbers of the nodes it stands for, one repetition after the other, if they are not just ``number``."""
    times: tuple[int, ...] = ()
    """How often each repeat that it is in, or is, comes: the outer ones first."""
    drawn_as: tuple[int, ...] = ()
    """The numbers of the nodes that are drawn elsewhere for those of one repetition; its own first ones if empty."""
    target: str = ""
    """The id of the element that shows what is inside."""

    @property
    def strip(self) -> float:
        """Width of the number strip."""
        return strip_width(self.badge)

    @property
    def input_row(self) -> bool:
        """Whether the inputs need a row of labels."""
        return any(self.inputs)

    @property
    def output_row(self) -> bool:
        """Whether the outputs need a row of labels."""
        return any(self.outputs)


class Arrow(msgspec.Struct, frozen=True, gc=False):
    """A tensor on its way from one box to another."""

    key: str
    tail: str
    head: str
    tail_port: int = 0
    head_port: int = 0
    inferred: bool = False
    title: str = ""


class Cluster(msgspec.Struct, frozen=True, gc=False):
    """A frame around boxes and other clusters."""

    key: str
    label: str
    label_width: float
    title: str
    kind: Literal["model", "layer", "block"]
    parent: str | None = None


@dataclass(frozen=True)
class Figure:
    """A diagram without positions."""

    id: str
    variant: Variant
    title: str
    description: str
    boxes: tuple[Box, ...]
    """In reading order; arrows lead forward."""
    arrows: tuple[Arrow, ...]
    clusters: tuple[Cluster, ...]
    columns: bool = False
    """Whether it is always broken into as many lines as let it fit a screen, not only on paper."""

    @property
    def prefix(self) -> str:
        """What the ids of all elements start with: unique per model and variant."""
        return f"{self.id}-{self.variant}"

    @property
    def horizontal(self) -> bool:
        """Whether the flow goes from left to right."""
        return self.variant == "lr"

    @property
    def legend(self) -> tuple[Family, ...]:
        """The families that occur, in their usual order."""
        present = {box.family.key for box in self.boxes}
        return tuple(family for family in BY_KEY.values() if family.key in present)


def complete(architecture: Architecture, variant: Variant = "tb", *, depth: int | None = None) -> Figure:
    """Say what a diagram of every layer shows.

    Args:
        architecture: the model.
        variant: ``tb``, ``lr`` or ``numbered``.
        depth: how many levels of nested models and composite layers are opened; deeper ones are one box each.
            ``None`` opens all, 0 none.
    """
    return complete_variants(architecture, (variant,), depth=depth)[variant]


def complete_variants(
    architecture: Architecture, variants: Iterable[Variant], *, depth: int | None = None
) -> dict[Variant, Figure]:
    """Say what several variants of a diagram of every layer show; what they have in common is found once."""
    folds = _closed_groups(architecture.groups, depth)
    box_of_node = {
        node.number: f"g{folds[node.parent]}" if node.parent in folds else f"n{node.number}"
        for node in architecture.nodes
    }
    flows = _flows(architecture, box_of_node)
    arrows = tuple(
        Arrow(flow.key, flow.tail, flow.head, flow.tail_port, flow.head_port, flow.inferred, flow.title)
        for flow in flows
    )
    totals = architecture.totals
    title = f"{typeface.drawable(architecture.model.name)}: architecture diagram"
    description = _description(architecture, totals.layers, totals.parameters)
    figures: dict[Variant, Figure] = {}
    known: dict[str, Box] = {}
    for variant in variants:
        boxes = _boxes(architecture, variant, box_of_node, flows, known)
        known = known or {box.key: box for box in boxes}
        used = {box.cluster for box in boxes}
        clusters = _clusters(architecture.groups, folds, used, named=variant != "numbered")
        figures[variant] = Figure(architecture.id, variant, title, description, boxes, arrows, clusters)
    return figures


def complete_size(architecture: Architecture, *, depth: int | None = None) -> int:
    """Return how many boxes :func:`complete` draws for nodes and closed groups."""
    folds = _closed_groups(architecture.groups, depth)
    closed = {folds[node.parent] for node in architecture.nodes if node.parent in folds}
    return sum(node.parent not in folds for node in architecture.nodes) + len(closed)


def strip_width(badge: str) -> float:
    """Return the width of a number strip in points; 0 without a number."""
    return typeface.width(badge, NUMBER_SIZE, bold=True) + 2 * _STRIP_PADDING if badge else 0.0


def fits(text: str, role: Role) -> bool:
    """Whether a line of text can stand in a box as it is."""
    return typeface.width(typeface.drawable(text), SIZES[role], bold=role == "class") <= _TEXT_LIMIT


def box(
    key: str,
    family: Family,
    *,
    badge: str,
    lines: Iterable[tuple[str, Role]],
    title: str,
    horizontal: bool = False,
    compact: bool = False,
    cluster: str | None = None,
    inputs: tuple[str, ...] = ("",),
    outputs: tuple[str, ...] = ("",),
    number: int | None = None,
    model_input: bool = False,
    model_output: bool = False,
    closed: bool = False,
    skip: bool = False,
) -> Box:
    """Make a box just large enough for its text."""
    fitted = tuple(_line(text, role) for text, role in lines if text)
    padding_y = _PADDING_Y - 2 if compact else _PADDING_Y
    width = strip_width(badge) + max((line.width for line in fitted), default=0.0) + 2 * _PADDING_X
    width += SKIP_WIDTH if skip else 0.0
    height = sum(LEADING[line.role] for line in fitted) + 2 * padding_y
    rows = (any(inputs), any(outputs))  # of labels
    if horizontal:
        for labels, labelled in zip((inputs, outputs), rows, strict=True):
            width += port_pitch(labels, horizontal=True)[1] if labelled else 0.0
            height = max(height, len(labels) * port_pitch(labels, horizontal=True)[0])
    else:
        height += _PORT_ROW * sum(rows)
        for labels, labelled in zip((inputs, outputs), rows, strict=True):
            room = len(labels) * port_pitch(labels, horizontal=False)[0]
            width = max(width, room + (strip_width(badge) if labelled else 0.0))
    return Box(
        key=key,
        family=family,
        badge=badge,
        lines=fitted,
        title=title,
        width=_up(width),
        height=round(height, 1),
        cluster=cluster,
        inputs=inputs,
        outputs=outputs,
        number=number,
        model_input=model_input,
        model_output=model_output,
        closed=closed,
        skip=skip,
    )


@lru_cache(maxsize=1024)
def port_pitch(labels: tuple[str, ...], *, horizontal: bool) -> tuple[float, float]:
    """Return the room each port takes along its side, and how deep its row of labels reaches into the box."""
    widest = max((typeface.width(label, PORT_SIZE) for label in labels), default=0.0)
    if horizontal:
        return _PORT_ROW, widest + 8.0 if widest else 0.0
    return max(_PORT_GAP, widest + 8.0 if widest else 0.0), _PORT_ROW if widest else 0.0


def _up(value: float) -> float:
    return -(-value // _STEP) * _STEP


@lru_cache(maxsize=4096)
def _line(text: str, role: Role) -> Line:
    bold = role == "class"
    shown = typeface.elide(typeface.drawable(text), SIZES[role], _TEXT_LIMIT, bold=bold)
    return Line(shown, role, round(typeface.width(shown, SIZES[role], bold=bold), 1))


class _Flow(msgspec.Struct, frozen=True, gc=False):
    """An arrow and the tensor it carries: producing node and output."""

    key: str
    tail: str
    head: str
    tail_port: int
    head_port: int
    inferred: bool
    title: str
    source: tuple[int, int]


def _closed_groups(groups: tuple[Group, ...], depth: int | None) -> dict[str, int]:
    """Map the path of every group that is not shown open to the index of the closed group that stands for it."""
    if depth is None:
        return {}
    by_path = {group.path: group for group in groups}
    index = {group.path: position for position, group in enumerate(groups, start=1)}
    closed: dict[str, int] = {}
    for group in groups:
        ancestry = [group.path]
        while (parent := by_path[ancestry[-1]].parent) is not None:
            ancestry.append(parent)
        ancestry.reverse()
        if len(ancestry) > depth:
            closed[group.path] = index[ancestry[depth]]
    return closed


def _flows(architecture: Architecture, box_of_node: Mapping[int, str]) -> tuple[_Flow, ...]:
    """Resolve every operand to an arrow between boxes, ports counted at both ends."""
    tails: dict[str, list[tuple[int, int]]] = {}
    heads: dict[str, list[tuple[int, int]]] = {}
    seen: Counter[tuple[str, str]] = Counter()
    flows: list[_Flow] = []

    def connect(source: tuple[int, int], head: str, head_port: int, *, inferred: bool, tensor: Tensor | None) -> None:
        tail = box_of_node[source[0]]
        tail_port = source[1] if tail.startswith("n") else _position(tails.setdefault(tail, []), source)
        seen[tail, head] += 1
        times = seen[tail, head]
        key = f"e{tail.removeprefix('n')}-{head.removeprefix('n')}" + (f"-{times}" if times > 1 else "")
        title = f"{_tensor(tensor)}" if tensor else ""
        flows.append(_Flow(key, tail, head, tail_port, head_port, inferred, title, source))

    for node in architecture.nodes:
        head = box_of_node[node.number]
        for operand, taken in enumerate(node.inputs):
            if box_of_node[taken.node] == head:
                continue
            source = (taken.node, taken.output)
            closed = head.startswith("g")
            if closed and source in heads.setdefault(head, []):
                continue
            port = _position(heads[head], source) if closed else operand
            tensor = architecture.node(taken.node).outputs[taken.output]
            connect(source, head, port, inferred=taken.inferred, tensor=tensor)
    for position, result in enumerate(architecture.outputs, start=1):
        tensor = Tensor(result.shape, result.dtype)
        connect((result.node, result.output), f"o{position}", 0, inferred=False, tensor=tensor)
    return tuple(flows)


def _position(known: list[tuple[int, int]], source: tuple[int, int]) -> int:
    if source not in known:
        known.append(source)
    return known.index(source)


def _boxes(
    architecture: Architecture,
    variant: Variant,
    box_of_node: Mapping[int, str],
    flows: tuple[_Flow, ...],
    known: Mapping[str, Box],
) -> tuple[Box, ...]:
    """Make the boxes of a variant, given those of another."""
    members: dict[str, list[Node]] = {}
    for node in architecture.nodes:
        members.setdefault(box_of_node[node.number], []).append(node)
    operands: dict[str, int] = {}
    leaving: dict[str, int] = {}
    for flow in flows:
        operands[flow.head] = max(operands.get(flow.head, 0), flow.head_port + 1)
        leaving[flow.tail] = max(leaving.get(flow.tail, 0), flow.tail_port + 1)
    cluster_keys = {group.path: f"c{position}" for position, group in enumerate(architecture.groups, start=1)}
    boxes = []
    for key, nodes in members.items():
        if key.startswith("n"):
            (node,) = nodes
            cluster = cluster_keys[node.parent] if node.parent is not None else None
            boxes.append(node_box(node, variant, cluster, known=known.get(key)))
        else:
            group = architecture.groups[int(key[1:]) - 1]
            inputs = ("",) * max(1, operands.get(key, 0))
            outputs = _indices(leaving.get(key, 0))
            cluster = cluster_keys[group.parent] if group.parent is not None else None
            boxes.append(_group_box(key, group, nodes, flows, architecture, variant, cluster, inputs, outputs))
    boxes.extend(_output_box(position, port, variant) for position, port in enumerate(architecture.outputs, start=1))
    return tuple(boxes)


def node_box(node: Node, variant: Variant, cluster: str | None, *, ports: bool = True, known: Box | None = None) -> Box:
    """Make the box of one layer or operation.

    Args:
        node: what it shows.
        variant: of the diagram.
        cluster: key of the cluster that it is in.
        ports: whether each operand and output has a place of its own.
        known: its box in the variant ``tb``, if that is at hand.
    """
    compact = variant == "numbered"
    if known is not None and not compact and len(known.inputs) == len(known.outputs) == 1:
        return known  # only several ports make a difference between ``tb`` and ``lr``
    activation = f" · {node.activation}" if node.activation and node.activation != "linear" else ""
    shapes = ", ".join(shape_text(output.shape) for output in node.outputs)
    lines: list[tuple[str, Role]] = [(node.class_name + ("" if compact else activation), "class")]
    if not compact:
        lines += [(node.name if node.name != node.class_name else "", "detail"), (shapes, "shape")]
    return box(
        f"n{node.number}",
        family_of(node),
        badge=str(node.number),
        lines=lines,
        title=known.title if known is not None else _node_title(node),
        horizontal=variant == "lr",
        compact=compact,
        cluster=cluster,
        inputs=("",) * max(1, len(node.inputs)) if ports else ("",),
        outputs=_output_labels(node) if ports else ("",),
        number=node.number,
        model_input=node.kind == "input",
        closed=node.opaque is not None,
    )


def _node_title(node: Node) -> str:
    facts = [f"{node.number} {node.class_name}", f"name: {node.path}"]
    if node.activation and node.activation != "linear":
        facts.append(f"activation: {node.activation}")
    facts += [f"output: {_tensor(output)}" for output in node.outputs]
    if node.parameters:
        facts.append(f"parameters: {node.parameters:,}")
    if node.shared is not None:
        facts.append(f"call {node.call} of layer {node.shared}, whose weights it shares")
    if node.opaque:
        facts.append(f"drawn closed: {node.opaque}")
    return _facts(facts)


def _group_box(
    key: str,
    group: Group,
    nodes: list[Node],
    flows: tuple[_Flow, ...],
    architecture: Architecture,
    variant: Variant,
    cluster: str | None,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
) -> Box:
    compact = variant == "numbered"
    parameters = sum(node.parameters for node in nodes)
    layers = sum(node.kind == "layer" for node in nodes)
    left = dict.fromkeys(flow.source for flow in flows if flow.tail == key)
    tensors = [architecture.node(number).outputs[output] for number, output in left]
    badge = _ranges([node.number for node in nodes])
    lines: list[tuple[str, Role]] = [(group.class_name, "class")]
    if not compact:
        lines.append((group.name, "detail"))
        lines.append((", ".join(shape_text(tensor.shape) for tensor in tensors), "shape"))
        lines.append((f"{_count(layers, 'layer')}, {_count(parameters, 'parameter')}", "shape"))
    facts = [f"{badge} {group.class_name}", f"name: {group.path}", f"layers: {layers:,}"]
    facts += [f"output: {_tensor(tensor)}" for tensor in tensors]
    facts.append(f"parameters: {parameters:,}")
    return box(
        key,
        family_of_group(group.class_name, group.module),
        badge=badge,
        lines=lines,
        title=_facts(facts),
        horizontal=variant == "lr",
        compact=compact,
        cluster=cluster,
        inputs=inputs,
        outputs=outputs,
        number=nodes[0].number,
        closed=True,
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _output_box(position: int, port: Port, variant: Variant) -> Box:
    compact = variant == "numbered"
    lines: list[tuple[str, Role]] = [("Output", "class")]
    if not compact:
        lines += [(port.name, "detail"), (shape_text(port.shape), "shape")]
    return box(
        f"o{position}",
        BY_KEY["input"],
        badge="",
        lines=lines,
        title=_facts(
            ["Output of the model", f"name: {port.name}", f"tensor: {_tensor(Tensor(port.shape, port.dtype))}"]
        ),
        horizontal=variant == "lr",
        compact=compact,
        model_output=True,
    )


def _output_labels(node: Node) -> tuple[str, ...]:
    """Name the outputs of a node that has several; the states of recurrent layers by their letters."""
    count = len(node.outputs)
    if count <= 1:
        return ("",)
    name = node.class_name
    if name == "Bidirectional" and count in (3, 5):
        return ("y", "→h", "←h") if count == 3 else ("y", "→h", "→c", "←h", "←c")
    if "LSTM" in name and count == 3:
        return ("y", "h", "c")
    if name in ("GRU", "SimpleRNN") and count == 2:
        return ("y", "h")
    return _indices(count)


def _indices(count: int) -> tuple[str, ...]:
    return tuple(str(position) for position in range(count)) if count > 1 else ("",)


def _clusters(
    groups: tuple[Group, ...], closed: Mapping[str, int], used: set[str | None], *, named: bool
) -> tuple[Cluster, ...]:
    keys = {group.path: f"c{position}" for position, group in enumerate(groups, start=1)}
    parents = {keys[group.path]: keys[group.parent] if group.parent is not None else None for group in groups}
    shown: set[str] = set()
    for key in used:
        while key is not None and key not in shown:
            shown.add(key)
            key = parents[key]
    clusters = []
    for group in sorted(groups, key=lambda group: _level(keys[group.path], parents)):
        if keys[group.path] not in shown or group.path in closed:
            continue
        text = f"{group.name} · {group.class_name}" if named and group.name != group.class_name else group.class_name
        label = typeface.elide(typeface.drawable(text), CLUSTER_SIZE, _CLUSTER_LIMIT, bold=True)
        clusters.append(
            Cluster(
                key=keys[group.path],
                label=label,
                label_width=round(typeface.width(label, CLUSTER_SIZE, bold=True), 1),
                title=_facts([group.class_name, f"name: {group.path}"]),
                kind=group.kind,
                parent=keys[group.parent] if group.parent is not None else None,
            )
        )
    return tuple(clusters)


def _level(key: str, parents: Mapping[str, str | None]) -> int:
    level = 0
    outer = parents[key]
    while outer is not None:
        level, outer = level + 1, parents[outer]
    return level


def _ranges(numbers: list[int]) -> str:
    """Write sorted numbers as ranges: ``3–7, 12``; more than two ranges as the first and the last number."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    if len(runs) > 2:
        return f"{runs[0][0]}…{runs[-1][1]}"
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)


def shape_text(shape: Shape) -> str:
    """Write a shape as Keras does: ``(None, 224, 224, 3)``; an unknown rank is ``(?)``."""
    if shape is None:
        return "(?)"
    return f"({', '.join(str(size) for size in shape)}{',' if len(shape) == 1 else ''})"


def _tensor(tensor: Tensor) -> str:
    return f"{shape_text(tensor.shape)} {tensor.dtype}"


def _facts(facts: Iterable[str]) -> str:
    return "\n".join(typeface.drawable(fact) for fact in facts)


def _description(architecture: Architecture, layers: int, parameters: int) -> str:
    def ports(ports: tuple[Port, ...]) -> str:
        return ", ".join(f"{typeface.drawable(port.name)} {shape_text(port.shape)}" for port in ports) or "none"

    return (
        f"{typeface.drawable(architecture.model.class_name)} with {layers:,} layers and {parameters:,} parameters. "
        f"Inputs: {ports(architecture.inputs)}. Outputs: {ports(architecture.outputs)}."
    )
