"""Write an architecture as a text file that is made to be read in diffs.

One layer per line, depth-first from the outputs; a layer takes the line before it as input unless it says otherwise.
Names that Keras numbers are left out, so that an insertion shows as one line.  The numbers that layers have in diagrams
follow the order of execution; where that is another order, one line at the end says so for all of them.
"""

from __future__ import annotations

import itertools
import math
import string
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from keraviz_docs.architecture import Architecture, Group, Node, Port
from keraviz_docs.review.graph import Graph, graph_of
from keraviz_docs.review.settings import settings_of
from keraviz_docs.review.snapshot_text import (
    snake_case,
    write_name,
    write_numbers,
    write_sizes,
    write_target,
    write_tensor,
    write_value,
)

FORMAT = 1
INTRODUCTION = "# Written by `keraviz snapshot`. Each layer takes the one above as input unless it says otherwise."


def write(
    architecture: Architecture,
    labels: Mapping[int, str] | None = None,
    group_labels: Mapping[str, str] | None = None,
) -> str:
    """Return the snapshot of an architecture.

    Args:
        architecture: the model.
        labels: labels to keep, by node number, so that an edit elsewhere does not change them.
        group_labels: labels to keep, by the path of the group.
    """
    writer = _Writer(graph_of(architecture), dict(labels or {}), dict(group_labels or {}))
    return "\n".join([*writer.lines(), ""])


def owners(
    nodes: Sequence[tuple[int, int]], entries: Sequence[Sequence[tuple[int, ...]]]
) -> Generator[int | None, int | None, None]:
    """Guess which layer each checkpoint entry belongs to; reader and writer make the same guess.

    Args:
        nodes: number and parameters of every layer, in the order of the file.
        entries: shapes of the variables of every entry, in the order of the file.

    Yields:
        The number of the layer, ``None`` where the entry fits none.  The caller sends the number that is true.
    """
    waiting = [(number, parameters) for number, parameters in nodes if parameters]
    place = 0
    left = waiting[0][1] if waiting else 0
    index = {number: at for at, (number, _) in enumerate(waiting)}
    for shapes in entries:
        size = sum(math.prod(shape) for shape in shapes)
        at, rest = place, left
        if not rest and at + 1 < len(waiting):
            at, rest = at + 1, waiting[at + 1][1]
        guess = waiting[at][0] if size and waiting and size <= rest else None
        truth = yield guess
        if truth is not None and truth in index:
            left = rest if index[truth] == at else waiting[index[truth]][1]
            place, left = index[truth], max(0, left - size)


@dataclass
class _Writer:
    graph: Graph
    labels: dict[int, str]
    group_labels: dict[str, str]

    def __post_init__(self) -> None:
        architecture = self.graph.architecture
        blocks = {group.path for group in architecture.groups if group.kind == "block"}
        self.groups = {group.path: group for group in architecture.groups}
        self.parents = {node.number: self._outside(node.parent, blocks) for node in self.graph.nodes}
        firsts = [node for index, node in enumerate(self.graph.nodes) if self.graph.first_call[index] == index]
        names = Counter(node.name for node in firsts if self._is_named(node))
        self.unique = {name for name, count in names.items() if count == 1}
        openings = Counter(path for opened in self._openings() for path in opened)
        shown = (self.groups[path] for path in openings)
        group_names = Counter((group.name, group.call) for group in shown if group.explicit_name)
        self.unique_groups = {key for key, count in group_names.items() if count == 1}
        self.fresh = self._fresh_labels({*self.labels.values(), *self.group_labels.values()})
        self.needed = set(self._referenced())
        self.needed_groups = {path for path, count in openings.items() if count > 1}
        self.needed_groups |= {owner for owner, _, _ in self._guessed() if isinstance(owner, str)}

    def lines(self) -> Iterator[str]:
        architecture = self.graph.architecture
        yield INTRODUCTION
        yield f"architecture: {write_name(architecture.id)}"
        yield f"format: {FORMAT}"
        yield f"builder: {write_target(architecture.builder)}"
        yield f"model: {self._class(architecture.model.class_name, architecture.model.module, 'keras')}" + (
            ""
            if _is_automatic(architecture.model.name, architecture.model.class_name)
            else f" {write_name(architecture.model.name)}"
        )
        if architecture.detail != "exact":
            yield f"detail: {architecture.detail}"
        totals = architecture.totals
        yield f"layers: {totals.layers:,}"
        yield f"parameters: {totals.parameters:,} ({totals.trainable:,} trainable)"
        yield f"weight bytes: {totals.weight_bytes:,}"
        if totals.macs is not None:
            unknown = f" (unknown in {len(totals.macs_unknown):,} layers)" if totals.macs_unknown else ""
            yield f"multiply-accumulates: {totals.macs:,}{unknown}"
        body = list(self._layers())
        yield ""
        yield "layers"
        yield from body
        yield ""
        yield "inputs"
        yield from (f"  {self._port(port)}" for port in architecture.inputs)
        yield ""
        yield "outputs"
        yield from (f"  {self._port(port)}" for port in architecture.outputs)
        if architecture.uncalled:
            yield ""
            yield "uncalled"
            for layer in architecture.uncalled:
                class_name = self._class(layer.class_name, layer.module, "keras.layers")
                yield f"  {class_name}; {layer.parameters:,} parameters"
        if architecture.checkpoint:
            yield ""
            yield "checkpoint"
            yield from self._checkpoint()
        numbers = [node.number for node in self.graph.nodes]
        if numbers != sorted(numbers):
            yield ""
            yield "numbers"
            yield f"  {write_numbers(numbers)}"

    # ------------------------------------------------------------------------------------------------ layers

    def _layers(self) -> Iterator[str]:
        seen: set[str] = set()
        previous: int | None = None
        for index, (node, opened) in enumerate(zip(self.graph.nodes, self._openings(), strict=True)):
            depth = len(list(self._around(self.parents[node.number])))
            for level, path in enumerate(opened, start=depth - len(opened) + 1):
                line = f"more {self._group_reference(path)}" if path in seen else self._group(self.groups[path])
                yield "  " * level + line
                seen.add(path)
            yield "  " * (depth + 1) + self._layer(index, node, previous)
            previous = node.number

    def _openings(self) -> Iterator[list[str]]:
        """Yield for every layer the groups that begin, or go on, right before it, the outermost first."""
        current: list[str] = []
        for node in self.graph.nodes:
            around = list(reversed(list(self._around(self.parents[node.number]))))
            common = next((k for k, (a, b) in enumerate(zip(current, around, strict=False)) if a != b), len(current))
            yield around[common:]
            current = around

    def _layer(self, index: int, node: Node, previous: int | None) -> str:
        first = self.graph.first_call[index]
        again = self.graph.nodes[first] if first != index else None
        introduced = [write_name(node.name)] if self._is_named(node) and again is None else []
        if node.number in self.needed and not self._is_unique(node):
            introduced.append(f"*{self._label(node.number)}")
        words = [f"{' '.join(introduced)}:"] if introduced else []
        default = {"input": "keras.layers", "layer": "keras.layers", "operation": "keras.ops"}[node.kind]
        class_name = self._class(node.class_name, node.module, default)
        if node.kind == "operation":
            class_name = f"ops.{class_name}" if node.module == default else f"operation {class_name}"
        elif node.kind == "input" and node.class_name != "InputLayer":
            class_name = f"input {class_name}"
        words.append(class_name + self._operands(node, previous))
        if again is not None:
            words.append(f"again {self._reference(again.number)}")
        else:
            words += _settings(node)
        if node.opaque is not None:
            words.append(f"opaque {write_value(node.opaque)}")
        parts = [" ".join(words) + " -> " + (", ".join(write_tensor(tensor) for tensor in node.outputs) or "nothing")]
        if again is None and self.graph.parameters[index]:
            frozen = "" if node.trainable or node.config.get("trainable") is False else " frozen"
            parts.append(f"{self.graph.parameters[index]:,} parameters{frozen}")
        return "; ".join(parts)

    def _operands(self, node: Node, previous: int | None) -> str:
        if [(operand.node, operand.output, operand.inferred) for operand in node.inputs] == [(previous, 0, False)]:
            return ""
        if not node.inputs:
            return "" if node.kind == "input" else "()"
        words = []
        for operand in node.inputs:
            word = "^" if operand.node == previous else self._reference(operand.node)
            word += f"[{operand.output}]" if operand.output else ""
            words.append(word + ("?" if operand.inferred else ""))
        return f"({', '.join(words)})"

    def _group(self, group: Group) -> str:
        introduced = write_name(group.name) if group.explicit_name else ""
        if group.call > 1:
            introduced += f"@{group.call}"
        if group.path in self.needed_groups and not self._is_unique_group(group):
            introduced = f"{introduced} *{self._group_label(group.path)}".strip()
        default = "keras" if group.kind == "model" else "keras.layers"
        words = [
            group.kind,
            *([f"{introduced}:"] if introduced else []),
            self._class(group.class_name, group.module, default),
        ]
        return " ".join([*words, *(_settings(group) if group.call == 1 else ())])

    # -------------------------------------------------------------------------------------------- references

    def _referenced(self) -> Iterator[int]:
        previous: int | None = None
        for index, node in enumerate(self.graph.nodes):
            for operand in node.inputs:
                if operand.node != previous:
                    yield operand.node
            if self.graph.first_call[index] != index:
                yield self.graph.nodes[self.graph.first_call[index]].number
            previous = node.number
        for port in (*self.graph.architecture.inputs, *self.graph.architecture.outputs):
            yield port.node
        yield from self._owners_to_name()

    def _reference(self, number: int) -> str:
        node = self.graph.architecture.node(number)
        return write_name(node.name) if self._is_unique(node) else f"*{self._label(number)}"

    def _is_named(self, node: Node) -> bool:
        return node.explicit_name and bool(node.name)

    def _is_unique(self, node: Node) -> bool:
        is_first = self.graph.first_call[self.graph.position[node.number]] == self.graph.position[node.number]
        return self._is_named(node) and node.name in self.unique and is_first

    def _label(self, number: int) -> str:
        if number not in self.labels:
            self.labels[number] = next(self.fresh)
        return self.labels[number]

    def _group_reference(self, path: str) -> str:
        group = self.groups[path]
        if self._is_unique_group(group):
            return write_name(group.name) + (f"@{group.call}" if group.call > 1 else "")
        return f"*{self._group_label(path)}"

    def _is_unique_group(self, group: Group) -> bool:
        return group.explicit_name and bool(group.name) and (group.name, group.call) in self.unique_groups

    def _group_label(self, path: str) -> str:
        if path not in self.group_labels:
            self.group_labels[path] = next(self.fresh)
        return self.group_labels[path]

    @staticmethod
    def _fresh_labels(taken: set[str]) -> Iterator[str]:
        for length in itertools.count(1):
            for letters in itertools.product(string.ascii_lowercase, repeat=length):
                label = "".join(letters)
                if label not in taken:
                    yield label

    def _around(self, path: str | None) -> Iterator[str]:
        while path is not None:
            if self.groups[path].kind != "block":
                yield path
            path = self.groups[path].parent

    def _outside(self, path: str | None, blocks: set[str]) -> str | None:
        while path in blocks:
            path = self.groups[str(path)].parent
        return path

    @staticmethod
    def _class(class_name: str, module: str, default: str) -> str:
        return class_name if module == default else f"{module}.{class_name}"

    def _port(self, port: Port) -> str:
        node = self.graph.architecture.node(port.node)
        reference = self._reference(port.node) + (f"[{port.output}]" if port.output else "")
        automatic = port.name == node.name or _is_automatic(port.name, node.class_name)
        return reference if automatic else f"{write_name(port.name)} = {reference}"

    # -------------------------------------------------------------------------------------------- checkpoint

    def _entries(self) -> list[tuple[int | str | None, int]]:
        """Owner (a node number or a group's path) and index of every checkpoint entry, in the order of the file."""
        nodes = {node.path: node.number for node in self.graph.nodes}
        found = []
        for index, entry in enumerate(self.graph.architecture.checkpoint):
            owner = nodes.get(entry.layer or "", entry.layer if entry.layer in self.groups else None)
            if isinstance(owner, int):
                owner = self.graph.nodes[self.graph.first_call[self.graph.position[owner]]].number
                place = self.graph.position[owner]
            else:
                place = len(nodes)
            found.append(((place, index), owner))
        return [(owner, index) for (_, index), owner in sorted(found, key=lambda item: item[0])]

    def _guessed(self) -> Iterator[tuple[int | str | None, int, bool]]:
        entries = self._entries()
        checkpoint = self.graph.architecture.checkpoint
        weights = [
            (node.number, self.graph.parameters[index] if self.graph.first_call[index] == index else 0)
            for index, node in enumerate(self.graph.nodes)
        ]
        guesses = owners(weights, [checkpoint[index].variables for _, index in entries])
        guess = next(guesses, None)
        for owner, index in entries:
            yield owner, index, guess == owner
            try:
                guess = guesses.send(owner if isinstance(owner, int) else None)
            except StopIteration:
                return

    def _owners_to_name(self) -> Iterator[int]:
        for owner, _, guessed in self._guessed():
            if not guessed and isinstance(owner, int):
                yield owner

    def _checkpoint(self) -> Iterator[str]:
        for owner, index, guessed in self._guessed():
            entry = self.graph.architecture.checkpoint[index]
            words = [write_name(entry.path)]
            if not _is_automatic(entry.path.rpartition("/")[2], entry.class_name):
                words.append(f"({write_name(entry.class_name)})")
            words += [write_sizes(shape) for shape in entry.variables] or ["nothing"]
            if entry.custom:
                words.append("custom")
            words += [f"or {write_name(path)}" for path in entry.also]
            if not guessed:
                if isinstance(owner, int):
                    words.append(f"for {self._reference(owner)}")
                elif isinstance(owner, str):
                    words.append(f"for {self.groups[owner].kind} {self._group_reference(owner)}")
                else:
                    words.append("for nobody")
            yield "  " + " ".join(words)


def _settings(layer: Node | Group) -> list[str]:
    if isinstance(layer, Group) and layer.kind == "model":
        return []
    return [f"{write_name(key)}={write_value(value)}" for key, value in settings_of(layer).items()]


def _is_automatic(name: str, class_name: str) -> bool:
    stem = snake_case(class_name)
    rest = name.removeprefix(stem)
    return name.startswith(stem) and (not rest or (rest[0] == "_" and rest[1:].isdecimal()))
