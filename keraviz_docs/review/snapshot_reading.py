"""Read a snapshot back into an architecture that can be compared, judged and drawn."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import msgspec

from keraviz_docs.architecture import (
    Architecture,
    ArchitectureError,
    CheckpointEntry,
    Group,
    Input,
    ModelIdentity,
    Node,
    Port,
    Totals,
    Uncalled,
    validate,
)
from keraviz_docs.errors import Code, UserError
from keraviz_docs.review.settings import defaults_of
from keraviz_docs.review.snapshot_text import (
    QUOTED,
    read_name,
    read_numbers,
    read_sizes,
    read_tensor,
    read_value,
    snake_case,
)
from keraviz_docs.review.snapshot_writing import FORMAT, owners


class SnapshotError(UserError):
    """A snapshot that cannot be read; the message names file and line."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Code.SNAPSHOT)


@dataclass(frozen=True)
class Snapshot:
    """A snapshot as read."""

    architecture: Architecture
    labels: dict[int, str]
    """Labels by node number, to be kept when the snapshot is written anew."""
    group_labels: dict[str, str]
    """Labels by the path of the group."""


def read(text: str, where: str = "snapshot") -> Snapshot:
    """Read a snapshot.

    Args:
        text: the content of the file.
        where: the name of the file, for messages.

    Raises:
        SnapshotError: it is no snapshot, or one of another format.
    """
    reader = _Reader(where)
    for number, line in enumerate(text.split("\n"), start=1):
        reader.line = number
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] != " ":
            reader.heading(line)
        else:
            reader.content(line)
    return reader.finish()


NAME = rf"(?:{QUOTED}|[A-Za-z_][\w./-]*)"
REFERENCE = re.compile(rf"(?P<name>\^|\*\w+|{NAME}(?:@\d+)?)(?:\[(?P<output>\d+)\])?(?P<inferred>\?)?")
GROUP = re.compile(
    rf"(?P<kind>model|layer) (?:(?P<name>{NAME})?(?:@(?P<call>\d+))?(?: ?\*(?P<label>\w+))?: )?(?P<rest>.+)"
)
MORE = re.compile(rf"more (?P<reference>\*\w+|{NAME}(?:@\d+)?)")
INTRODUCED = re.compile(rf"(?:(?P<name>{NAME}) ?)?(?:\*(?P<label>\w+))?: ")
CLASS = re.compile(r"(?:(?P<kind>operation|input) )?(?P<class>[\w.]+)")
SETTING = re.compile(rf" (?P<key>{NAME})=")
AGAIN = re.compile(rf" again (?P<reference>\*\w+|{NAME})")
OPAQUE = re.compile(rf" opaque (?P<why>{QUOTED}|[\w.]+)")
OUTPUTS = re.compile(
    r" -> (?P<outputs>nothing|[\w?:]+(?:, [\w?:]+)*)(?:; (?P<parameters>[\d,]+) parameters(?P<frozen> frozen)?)?$"
)
ENTRY = re.compile(
    rf"(?P<path>{NAME})(?: \((?P<class>{NAME})\))?(?P<shapes>(?: (?:\d+(?:x\d+)*|scalar|nothing))+)(?P<custom> custom)?"
    rf"(?P<also>(?: or {NAME})*)(?: for (?P<owner>nobody|(?:model|layer) (?:\*\w+|{NAME}(?:@\d+)?)|\*\w+|{NAME}))?$"
)
MODEL = re.compile(rf"(?P<class>[\w.]+)(?: (?P<name>{NAME}))?$")
PORT = re.compile(rf"(?:(?P<name>{NAME}) = )?(?P<reference>(?:\*\w+|{NAME})(?:\[\d+\])?)$")
UNCALLED = re.compile(r"(?P<class>[\w.]+); (?P<parameters>[\d,]+) parameters$")
SECTIONS = ("layers", "inputs", "outputs", "uncalled", "checkpoint", "numbers")


@dataclass
class _Reader:
    where: str
    line: int = 0
    section: str = ""
    header: dict[str, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)  # by "*label" or "=name", which nobody can mix up
    group_labels: dict[str, str] = field(default_factory=dict)
    group_paths: dict[str, str] = field(default_factory=dict)
    used: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    taken: set[str] = field(default_factory=set)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    uncalled: list[Uncalled] = field(default_factory=list)
    entries: list[tuple[CheckpointEntry, str | None]] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    """The numbers that the layers have in diagrams, in the order of the file; none where these are the same."""

    def fail(self, message: str) -> NoReturn:
        raise SnapshotError(f"{self.where}:{self.line}: {message}")

    def heading(self, line: str) -> None:
        if line in SECTIONS:
            self.section = line
            return
        key, colon, value = line.partition(": ")
        if not colon or self.section:
            self.fail(f"expected one of the sections {', '.join(SECTIONS)}, found {line[:80]!r}")
        self.header[key] = value
        if key == "format" and value != str(FORMAT):
            self.fail(f"snapshot format {value}; this version of keraviz-docs reads format {FORMAT}: write it anew")

    def content(self, line: str) -> None:
        indent = len(line) - len(line.lstrip(" "))
        text = line[indent:].rstrip()
        if self.section == "layers":
            depth = indent // 2 - 1
            if indent % 2 or depth > len(self.open):
                self.fail("expected an indentation of two blanks per level")
            del self.open[depth:]
            self._layer_or_group(text)
        elif self.section in ("inputs", "outputs"):
            (self.inputs if self.section == "inputs" else self.outputs).append(self._port(text))
        elif self.section == "uncalled":
            found = self._match(UNCALLED, text, "`Class; 12 parameters`")
            class_name, module = self._class(found["class"], "keras.layers")
            path = f"{snake_case(class_name)}_uncalled_{len(self.uncalled) + 1}"
            self.uncalled.append(Uncalled(path, class_name, module, _number(found["parameters"])))
        elif self.section == "checkpoint":
            found = self._match(ENTRY, text, "`path shape shape …`")
            path = read_name(found["path"])
            shapes = [self._parsed(read_sizes, word) for word in found["shapes"].split() if word != "nothing"]
            class_name = read_name(found["class"]) if found["class"] else _class_of_path(path)
            also = tuple(read_name(name) for name in re.findall(rf" or ({NAME})", found["also"]))
            entry = CheckpointEntry(path, class_name, tuple(shapes), custom=bool(found["custom"]), also=also)
            self.entries.append((entry, found["owner"]))
        elif self.section == "numbers":
            self.order = self._parsed(lambda words: read_numbers(words, len(self.nodes)), text)
        else:
            self.fail("expected a section before this line, such as `layers`")

    def finish(self) -> Snapshot:
        for key in ("architecture", "format", "builder", "model", "parameters"):
            if key not in self.header:
                self.fail(f"the line `{key}: …` is missing; this is no complete snapshot")
        found = self._match(MODEL, self.header["model"], "`model: Class name`")
        class_name, module = self._class(found["class"], "keras")
        name = read_name(found["name"]) if found["name"] else snake_case(class_name)
        architecture = Architecture(
            id=self._name("architecture"),
            builder=self._name("builder"),
            model=ModelIdentity(name, class_name, module),
            keras="",
            detail=self._detail(),
            inputs=tuple(self.inputs),
            outputs=tuple(self.outputs),
            totals=self._totals(),
            groups=tuple(self.groups),
            nodes=tuple(self.nodes),
            uncalled=tuple(self.uncalled),
            checkpoint=tuple(self._checkpoint()),
        )
        labels = self.labels
        if self.order:
            architecture = _renumbered(architecture, self.order)
            labels = {self.order[number - 1]: label for number, label in labels.items()}
        try:
            validate(architecture)
        except ArchitectureError as error:
            self.fail(str(error))
        return Snapshot(architecture, labels, self.group_labels)

    # ------------------------------------------------------------------------------------------------ layers

    def _layer_or_group(self, text: str) -> None:
        more = MORE.fullmatch(text)
        if more:
            self.open.append(self._group_path(more["reference"]))
            return
        group = GROUP.fullmatch(text)
        if group:
            self._group(group)
            return
        self._layer(text)

    def _group(self, found: re.Match[str]) -> None:
        scanner = _Scanner(self, found["rest"])
        class_text = scanner.take(CLASS, "a class")["class"]
        class_name, module = self._class(class_text, "keras" if found["kind"] == "model" else "keras.layers")
        config = {**defaults_of(class_name, module)} if found["kind"] == "layer" else {}
        config.update(scanner.settings())
        scanner.end()
        name = read_name(found["name"]) if found["name"] else ""
        call = int(found["call"] or 1)
        parent = self.open[-1] if self.open else None
        path, final = self._path(parent, name or snake_case(class_name), call, automatic=not name)
        self.groups.append(
            Group(
                path=path,
                name=final,
                class_name=class_name,
                module=module,
                kind="model" if found["kind"] == "model" else "layer",
                parent=parent,
                call=call,
                explicit_name=bool(name),
                config=config,
            )
        )
        self.open.append(path)
        suffix = f"@{call}" if call > 1 else ""
        if found["label"]:
            self._introduce(self.group_paths, f"*{found['label']}", path)
            self.group_labels[path] = found["label"]
        elif name:
            self.group_paths[f"={name}{suffix}"] = path

    def _layer(self, text: str) -> None:
        scanner = _Scanner(self, text)
        introduced = scanner.maybe(INTRODUCED)
        name = read_name(introduced["name"]) if introduced and introduced["name"] else ""
        word = scanner.take(CLASS, "a class such as Conv2D")
        kind, class_name, module = self._kind(word)
        inputs = scanner.operands()
        again = scanner.maybe(AGAIN)
        config: dict[str, Any] = dict(defaults_of(class_name, module)) if kind != "operation" else {}
        config.update(scanner.settings())
        opaque = scanner.maybe(OPAQUE)
        end = scanner.take(OUTPUTS, "` -> ` and the shape of the output")
        scanner.end()
        number = len(self.nodes) + 1
        if inputs is None:
            inputs = [] if kind == "input" else [Input(number - 1)]
            if kind != "input" and number == 1:
                self.fail("the first layer has no line above to take input from")
        first = None if again is None else self.nodes[self._node(again["reference"]) - 1]
        call, parent = 1, self.open[-1] if self.open else None
        if first is not None:
            call = 1 + sum(node.number == first.number or node.shared == first.number for node in self.nodes)
            config, class_name, module, name = dict(first.config), first.class_name, first.module, ""
        wanted = first.name if first is not None else name or snake_case(class_name)
        path, final = self._path(parent, wanted, call, automatic=first is None and not name)
        tensors = end["outputs"].split(", ") if end["outputs"] != "nothing" else []
        self.nodes.append(
            Node(
                number=number,
                path=path,
                name=final,
                kind=kind,
                class_name=class_name,
                module=module,
                parent=parent,
                call=call,
                shared=None if first is None else first.number,
                inputs=tuple(inputs),
                outputs=tuple(self._parsed(read_tensor, tensor) for tensor in tensors),
                activation=_activation(config),
                parameters=_number(end["parameters"] or "0"),
                trainable=not end["frozen"] and config.get("trainable") is not False,
                config=config,
                explicit_name=bool(name) if first is None else first.explicit_name,
                opaque=None if opaque is None else str(self._parsed(read_value, opaque["why"])),
            )
        )
        if introduced and introduced["label"]:
            self._introduce(self.numbers, f"*{introduced['label']}", number)
            self.labels[number] = introduced["label"]
        if name:
            self.numbers.setdefault(f"={name}", number)

    def _kind(self, word: re.Match[str]) -> tuple[Any, str, str]:
        text = word["class"]
        if text.startswith("ops.") and not word["kind"]:
            return "operation", *self._class(text[4:], "keras.ops")
        class_name, module = self._class(text, "keras.layers")
        if word["kind"] == "operation" or word["kind"] == "input":
            return word["kind"], class_name, module
        return ("input" if class_name == "InputLayer" else "layer"), class_name, module

    def _path(self, parent: str | None, name: str, call: int, *, automatic: bool) -> tuple[str, str]:
        """Return a path that nothing else has, and the name at its end."""
        prefix = f"{parent}/" if parent else ""
        suffix = f"@{call}" if call > 1 else ""
        final = name
        while f"{prefix}{final}{suffix}" in self.taken:
            self.used[parent, name] += 1
            final = f"{name}_{self.used[parent, name]}"
        self.taken.add(f"{prefix}{final}{suffix}")
        return f"{prefix}{final}{suffix}", final if automatic else name

    # -------------------------------------------------------------------------------------------- references

    def _introduce(self, table: dict[str, Any], word: str, value: Any) -> None:
        if word in table:
            self.fail(f"the label {word} stands for something else already")
        table[word] = value

    def _node(self, reference: str) -> int:
        number = self.numbers.get(reference if reference.startswith("*") else f"={read_name(reference)}")
        if number is None:
            self.fail(f"no layer above is called {reference}")
        return number

    def _group_path(self, reference: str) -> str:
        word, at, call = reference.rpartition("@") if not reference.endswith('"') else (reference, "", "")
        name = f"={read_name(word)}@{call}" if at else f"={read_name(reference)}"
        name = reference if reference.startswith("*") else name
        path = self.group_paths.get(name)
        if path is None:
            self.fail(f"no model or layer above is called {reference}")
        return path

    def operand(self, found: re.Match[str]) -> Input:
        number = len(self.nodes) if found["name"] == "^" else self._node(found["name"])
        return Input(number, int(found["output"] or 0), bool(found["inferred"]))

    def _port(self, text: str) -> Port:
        found = self._match(PORT, text, "the name of a layer")
        reference = self._match(REFERENCE, found["reference"], "the name of a layer")
        node = self.nodes[self._node(reference["name"]) - 1]
        output = int(reference["output"] or 0)
        if output >= len(node.outputs):
            self.fail(f"{reference['name']} has no output {output}")
        tensor = node.outputs[output]
        name = read_name(found["name"]) if found["name"] else node.name
        return Port(name, tensor.shape, tensor.dtype, node.number, output)

    # ------------------------------------------------------------------------------------------------ others

    def _checkpoint(self) -> Iterator[CheckpointEntry]:
        guesses = owners(
            [(node.number, node.parameters) for node in self.nodes], [entry.variables for entry, _ in self.entries]
        )
        guess = next(guesses, None)
        for place, (entry, owner) in enumerate(self.entries):
            truth: int | None = None
            path: str | None = None
            if owner is None:
                truth = guess
            elif owner.startswith(("model ", "layer ")):
                path = self._group_path(owner.partition(" ")[2])
            elif owner != "nobody":
                truth = self._node(owner)
            path = self.nodes[truth - 1].path if truth is not None else path
            class_name = entry.class_name
            if truth is not None and snake_case(self.nodes[truth - 1].class_name) == snake_case(class_name):
                class_name = self.nodes[truth - 1].class_name
            yield msgspec.structs.replace(entry, class_name=class_name, layer=path)
            if place + 1 < len(self.entries):
                guess = guesses.send(truth)

    def _totals(self) -> Totals:
        parameters = re.fullmatch(r"([\d,]+) \(([\d,]+) trainable\)", self.header["parameters"])
        if parameters is None:
            self.fail("expected `parameters: 12 (10 trainable)`")
        macs = re.fullmatch(
            r"([\d,]+)(?: \(unknown in ([\d,]+) layers\))?", self.header.get("multiply-accumulates", "0")
        )
        if macs is None:
            self.fail("expected `multiply-accumulates: 12` with or without `(unknown in 2 layers)`")
        total, trainable = _number(parameters[1]), _number(parameters[2])
        return Totals(
            layers=_number(self.header.get("layers", str(len(self.nodes)))),
            parameters=total,
            trainable=trainable,
            non_trainable=total - trainable,
            weight_bytes=_number(self.header.get("weight bytes", "0")),
            macs=_number(macs[1]) if "multiply-accumulates" in self.header else None,
            macs_unknown=("",) * _number(macs[2] or "0"),
        )

    def _detail(self) -> Any:
        detail = self.header.get("detail", "exact")
        if detail not in ("exact", "calls", "opaque"):
            self.fail(f"expected `detail: calls` or `detail: opaque`, found {detail!r}")
        return detail

    def _name(self, key: str) -> str:
        text = self.header[key]
        return str(self._parsed(read_name, text))

    def _class(self, text: str, default: str) -> tuple[str, str]:
        module, _, class_name = text.rpartition(".")
        return class_name, module or default

    def _match(self, pattern: re.Pattern[str], text: str, expected: str) -> re.Match[str]:
        found = pattern.fullmatch(text)
        if found is None:
            self.fail(f"expected {expected}, found {text[:80]!r}")
        return found

    def _parsed(self, parse: Callable[[str], Any], text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            self.fail(f"cannot read {text[:80]!r}: {error}")


def _renumbered(architecture: Architecture, order: Sequence[int]) -> Architecture:
    """Give the layers, which are numbered as they stand in the file, their numbers in diagrams.

    The first call of a layer, which owns its weights, can be another one in that order.
    """
    calls: dict[int, list[Node]] = defaultdict(list)
    for node in architecture.nodes:
        calls[node.shared or node.number].append(node)
    nodes: list[Node] = []
    paths: dict[str | None, str] = {}
    for family in calls.values():
        by_number = sorted(family, key=lambda node: order[node.number - 1])
        first = order[by_number[0].number - 1]
        paths[family[0].path] = by_number[0].path
        nodes += (
            msgspec.structs.replace(
                node,
                number=order[node.number - 1],
                call=call,
                shared=None if call == 1 else first,
                inputs=tuple(msgspec.structs.replace(each, node=order[each.node - 1]) for each in node.inputs),
                parameters=family[0].parameters if call == 1 else 0,
                trainable=family[0].trainable,
            )
            for call, node in enumerate(by_number, start=1)
        )
    return msgspec.structs.replace(
        architecture,
        nodes=tuple(sorted(nodes, key=lambda node: node.number)),
        inputs=tuple(msgspec.structs.replace(port, node=order[port.node - 1]) for port in architecture.inputs),
        outputs=tuple(msgspec.structs.replace(port, node=order[port.node - 1]) for port in architecture.outputs),
        checkpoint=tuple(
            msgspec.structs.replace(entry, layer=paths.get(entry.layer, entry.layer))
            for entry in architecture.checkpoint
        ),
    )


class _Scanner:
    """Takes one piece after the other from a line."""

    def __init__(self, reader: _Reader, text: str) -> None:
        self._reader = reader
        self._text = text
        self._at = 0

    def maybe(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def take(self, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
        found = self.maybe(pattern)
        if found is None:
            self._reader.fail(f"expected {expected}, found {self._text[self._at :][:80]!r}")
        return found

    def operands(self) -> list[Input] | None:
        if not self._text.startswith("(", self._at):
            return None
        self._at += 1
        found: list[Input] = []
        while not self._text.startswith(")", self._at):
            if found:
                self.take(re.compile(", "), "a comma or a closing parenthesis")
            found.append(self._reader.operand(self.take(REFERENCE, "the name of a layer")))
        self._at += 1
        return found

    def settings(self) -> Iterator[tuple[str, Any]]:
        while (found := self.maybe(SETTING)) is not None:
            yield read_name(found["key"]), self._value()

    def _value(self) -> Any:
        start = self._at
        quoted = False
        while self._at < len(self._text) and (quoted or self._text[self._at] != " "):
            if quoted and self._text[self._at] == "\\":
                self._at += 1
            elif self._text[self._at] == '"':
                quoted = not quoted
            self._at += 1
        text = self._text[start : self._at]
        try:
            return read_value(text)
        except ValueError as error:
            self._reader.fail(f"cannot read the value {text[:80]!r}: {error}")

    def end(self) -> None:
        if self._at != len(self._text):
            self._reader.fail(f"expected the end of the line, found {self._text[self._at :][:80]!r}")


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _activation(config: dict[str, Any]) -> str | None:
    activation = config.get("activation")
    return activation if isinstance(activation, str) else None


def _class_of_path(path: str) -> str:
    """The class that an address of the checkpoint tells, as far as snake case can tell it."""
    stem = re.sub(r"_\d+$", "", path.rpartition("/")[2])
    return "".join(part.capitalize() for part in stem.split("_"))
