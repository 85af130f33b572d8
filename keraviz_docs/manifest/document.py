"""YAML text to plain values, each with the place where it is written.

The semantics are those of ``yaml.safe_load`` (PyYAML, YAML 1.1, merge keys included) with four differences that
a file written by hand wants: a duplicate key is a mistake, ``!tuple [...]`` is a tuple, dates and other values that
JSON does not know are mistakes, and the size of what aliases expand to is bounded.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from keraviz_docs.errors import Code
from keraviz_docs.manifest.entries import Position
from keraviz_docs.manifest.mistakes import ManifestError, Mistake

Path = tuple[Hashable, ...]
"""The keys and indices that lead from the top of a document to a value."""

MAX_DEPTH = 30
"""Levels of nesting; deeper than any manifest, and shallow enough for recursive readers."""

MAX_ALIASED = 100_000
"""Values that all aliases together may expand to, beyond ten for each value that is written."""

MAX_INTEGER_BITS = 1024

TUPLE_TAG = "!tuple"

_YAML = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(_YAML + name for name in ("str", "int", "float", "bool", "null"))
_UNREADABLE: Final = None
"""Stands for a value that was reported already; its path is in :attr:`Document.unreadable`."""


@dataclass(frozen=True)
class Place:
    """Where a value is written, where its key is (the value itself in a list), and a scalar's text in the file."""

    key: Position
    value: Position
    written: str | None
    written_key: str | None = None


@dataclass(frozen=True)
class Document:
    """A value, the place of each part of it, and the mistakes made on the way."""

    value: Any
    places: Mapping[Path, Place]
    mistakes: tuple[Mistake, ...]
    unreadable: frozenset[Path]
    empty: bool

    def place(self, path: Path) -> Place:
        """Return the place of the value at this path, or else of the nearest value around it."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]


def read(text: str, file: str) -> Document:
    """Read YAML text; ``file`` is the name that positions carry.

    Raises:
        ManifestError: the text is no YAML, holds several documents, nests too deep, or expands to too much.
    """
    text = text.removeprefix("\ufeff")
    lines = text.splitlines() or [""]
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        before = text[: error.position].splitlines() or [""]
        if text[: error.position].endswith("\n"):
            before.append("")
        position = Position(file, len(before), len(before[-1]) + 1)
        sentence = (
            f"the character U+{error.character:04X} is not allowed: delete it, or write it as an escape in quotes"
        )
        raise ManifestError([Mistake(position, sentence, Code.YAML_SYNTAX)]) from error
    except yaml.MarkedYAMLError as error:
        raise ManifestError([_syntax_mistake(error, file, lines)]) from error
    if root is None:
        top = Position(file, 1, 1)
        return Document(None, {(): Place(top, top, "")}, (), frozenset(), empty=True)
    walk = _Walk(loader, file, lines)
    walk.measure(root, frozenset())
    walk.merge()
    value = walk.construct(root, ())
    return Document(value, walk.places, tuple(walk.mistakes), frozenset(walk.unreadable), empty=False)


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, with bounded recursion."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.depth >= MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, _TOO_DEEP, self.peek_event().start_mark)  # type: ignore[no-untyped-call]  # not in the stubs
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


_TOO_DEEP = f"more than {MAX_DEPTH} levels of nesting"


class _Walk:
    """One pass over the nodes of a document: plain values, places and mistakes come out of it."""

    def __init__(self, loader: _Loader, file: str, lines: list[str]) -> None:
        self.loader = loader
        self.file = file
        self.lines = lines
        self.places: dict[Path, Place] = {}
        self.mistakes: list[Mistake] = []
        self.unreadable: set[Path] = set()
        self.sizes: dict[int, int] = {}
        self.aliased = 0
        self.nodes: list[yaml.Node] = []

    def position(self, mark: yaml.Mark) -> Position:
        return _position(mark, self.file, self.lines)

    def mistake(self, mark: yaml.Mark, message: str, code: Code = Code.UNUSABLE_YAML) -> None:
        self.mistakes.append(Mistake(self.position(mark), message, code))

    def measure(self, node: yaml.Node, ancestors: frozenset[int]) -> int:
        """Count the values below a node with aliases expanded, in time linear in what is written."""
        if id(node) in ancestors:
            message = "this value contains itself through an alias"
            raise ManifestError([Mistake(self.position(node.start_mark), message, Code.UNUSABLE_YAML)])
        if id(node) in self.sizes:
            self.aliased += self.sizes[id(node)]
        else:
            within = ancestors | {id(node)}
            # A child's size is counted in full at each mention, so sizes multiply as the expansion would.
            self.sizes[id(node)] = 1 + sum(self.measure(child, within) for child in _children(node))
            self.nodes.append(node)
        if self.aliased > MAX_ALIASED + 10 * len(self.nodes):
            message = f"the aliases of this file expand to more than {MAX_ALIASED:,} values"
            raise ManifestError([Mistake(self.position(node.start_mark), message, Code.UNUSABLE_YAML)])
        return self.sizes[id(node)]

    def construct(self, node: yaml.Node, path: Path, key: yaml.Node | None = None) -> Any:
        written = node.value if isinstance(node, yaml.ScalarNode) else None
        value_position = self.position(node.start_mark)
        key_position = value_position if key is None else self.position(key.start_mark)
        written_key = key.value if isinstance(key, yaml.ScalarNode) else None
        self.places[path] = Place(key_position, value_position, written, written_key)
        if len(path) > MAX_DEPTH:
            # Aliases can nest deeper than the text does.
            raise ManifestError([Mistake(value_position, _syntax_sentence(_TOO_DEEP), Code.UNUSABLE_YAML)])
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, path)
        value, problem = self._scalar(node)
        if problem:
            self.mistake(node.start_mark, problem)
            self.unreadable.add(path)
        return value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Any:
        if node.tag != _YAML + "map":
            return self._foreign_tag(node, path)
        pairs: dict[Any, tuple[yaml.Node, yaml.Node]] = {}
        for key_node, value_node in node.value:
            key, problem = self._scalar(key_node)
            if problem:
                self.mistake(key_node.start_mark, problem)
            else:
                pairs[key] = (key_node, value_node)
        return {key: self.construct(value, (*path, key), key_node) for key, (key_node, value) in pairs.items()}

    def merge(self) -> None:
        """Check every mapping's keys as written, then replace its ``<<`` by what they stand for.

        The nodes come children first and anchors before their aliases, so that what a ``<<`` refers to has been
        replaced already and the recursion of ``flatten_mapping`` ends at once.
        """
        for node in self.nodes:
            if isinstance(node, yaml.MappingNode):
                self._check_duplicates(node)
                try:
                    self.loader.flatten_mapping(node)
                except yaml.MarkedYAMLError as error:
                    mark = error.problem_mark or node.start_mark
                    self.mistake(mark, "'<<' merges a mapping, or a list of mappings: this is something else")
                    node.value = [pair for pair in node.value if pair[0].tag != _YAML + "merge"]

    def _check_duplicates(self, node: yaml.MappingNode) -> None:
        seen: dict[Any, yaml.Node] = {}
        for key_node, _ in node.value:
            key, problem = self._scalar(key_node)
            if problem is None and key in seen:
                first = self.position(seen[key].start_mark)
                sentence = f"the key {quoted(key_node.value)} is here twice; first at {first}: keep one"
                self.mistake(key_node.start_mark, sentence, Code.WRITTEN_TWICE)
            elif problem is None:
                seen[key] = key_node

    def _sequence(self, node: yaml.SequenceNode, path: Path) -> Any:
        if node.tag not in (_YAML + "seq", TUPLE_TAG):
            return self._foreign_tag(node, path)
        items = [self.construct(item, (*path, index)) for index, item in enumerate(node.value)]
        return tuple(items) if node.tag == TUPLE_TAG else items

    def _foreign_tag(self, node: yaml.Node, path: Path) -> Any:
        self.mistake(node.start_mark, _tag_sentence(node.tag))
        self.unreadable.add(path)
        return _UNREADABLE

    def _scalar(self, node: yaml.Node) -> tuple[Any, str | None]:
        """Return the value of a scalar, or what is wrong with it."""
        if not isinstance(node, yaml.ScalarNode):
            return _UNREADABLE, "a key must be one word or text, not a list or mapping"
        if node.tag == _YAML + "merge":
            return "<<", None
        if node.tag not in _SCALAR_TAGS:
            return _UNREADABLE, _scalar_sentence(node)
        try:
            value = self.loader.construct_object(node)
        except (ValueError, KeyError, IndexError, OverflowError, yaml.YAMLError):
            # PyYAML lets its converters' own exceptions through: `!!bool maybe` is a KeyError.
            return _UNREADABLE, f"{quoted(node.value)} is not a valid {node.tag.removeprefix(_YAML)}"
        if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
            return _UNREADABLE, f"{quoted(node.value)} is too large a number"
        if isinstance(value, str) and any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value):
            return _UNREADABLE, "this text contains a character that no file can hold (NUL or half a surrogate pair)"
        return value, None


def quoted(text: object, limit: int = 60) -> str:
    r"""Return text in quotes on one line, shortened to ``limit`` characters, as messages show it.

    >>> print(quoted("conv"), quoted("it's"), quoted("two\nlines"))
    'conv' "it's" 'two\nlines'
    """
    content = str(text)
    return repr(content if len(content) <= limit else content[: limit - 1] + "…")


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _position(mark: yaml.Mark, file: str, lines: list[str]) -> Position:
    """Convert PyYAML's mark (from 0); the end of the text becomes the end of the last line."""
    if mark.line >= len(lines):
        return Position(file, len(lines), len(lines[-1]) + 1)
    return Position(file, mark.line + 1, mark.column + 1)


def _scalar_sentence(node: yaml.ScalarNode) -> str:
    text = quoted(node.value)
    if node.tag == _YAML + "timestamp":
        return f"YAML reads {node.value} as a date: put it in quotes to make it text: {text}"
    if node.tag == _YAML + "value":
        return "YAML gives a bare = a meaning of its own: put it in quotes to make it text: '='"
    return _tag_sentence(node.tag)


def _tag_sentence(tag: str) -> str:
    name = quoted("!!" + tag.removeprefix(_YAML) if tag.startswith(_YAML) else tag)
    if tag == _YAML + "python/tuple":
        return f"the tag {name} is not allowed here: write {TUPLE_TAG} for a tuple"
    if tag == TUPLE_TAG:
        return f"{TUPLE_TAG} makes a tuple of a list: write {TUPLE_TAG} [1, 2]"
    return f"the tag {name} is not allowed here: only plain values and {TUPLE_TAG} [...] are"


def _syntax_mistake(error: yaml.MarkedYAMLError, file: str, lines: list[str]) -> Mistake:
    problem = error.problem or ""
    mark = error.problem_mark
    if error.context_mark is not None and ("end of stream" in problem or "<stream end>" in problem):
        # What was never closed is found where it was opened, not at the end of the file.
        mark = error.context_mark
    position = Position(file, 1, 1) if mark is None else _position(mark, file, lines)
    code = Code.UNUSABLE_YAML if problem == _TOO_DEEP else Code.YAML_SYNTAX
    return Mistake(position, _syntax_sentence(f"{problem} ({error.context})" if error.context else problem), code)


def _syntax_sentence(problem: str) -> str:
    """Say a problem of PyYAML's scanner, parser or composer in the words of somebody who wrote a manifest."""
    if problem == _TOO_DEEP:
        return f"nested too deep: a manifest has at most {MAX_DEPTH} levels"
    for fragment, sentence in _SYNTAX.items():
        if fragment in problem:
            return sentence
    return f"this is not valid YAML: {problem}"


_SYNTAX = {
    r"found character '\t'": "a tab cannot indent YAML: use spaces",
    "mapping values are not allowed": "a ':' is out of place: indent the line like its neighbours, or quote the text",
    "sequence entries are not allowed": "a '-' is out of place: start the list on its own line",
    "expected ',' or ']'": "this list is not closed: a ',' or ']' is missing",
    "expected ',' or '}'": "this mapping is not closed: a ',' or '}' is missing",
    "unexpected end of stream": "this quoted text is not closed: its second quote is missing",
    "<stream end>": "something is missing: a bracket is opened and never closed",
    "could not find expected ':'": "a ':' is missing after this key",
    "expected the node content": "something is missing here: a value, or the end of what was opened before",
    "expected <block end>": "the indentation does not fit: align this line with its neighbours",
    "undefined alias": "this alias (*name) refers to an anchor (&name) that is not defined above",
    "duplicate anchor": "this anchor (&name) is defined twice",
    "undefined tag handle": "this tag is not defined: only plain values and !tuple [...] are allowed",
    "that cannot start any token": "text cannot start with this character: put the text in quotes",
    "unknown escape character": "unknown escape in double quotes: double the backslash, or use single quotes",
    "but found another document": "a second document ('---') starts here: a manifest is one document",
}
