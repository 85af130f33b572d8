"""Python source as far as names go: what a module defines, what it imports, and what a name in it stands for.

Modules are parsed, never imported.
"""

from __future__ import annotations

import ast
import tokenize
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Definition:
    """A function or class at the top of a module of the zoo."""

    module: str
    name: str
    node: Function | ast.ClassDef = field(compare=False)


@dataclass(frozen=True)
class External:
    """Something that another package defines, by its full name as it was imported."""

    name: str


Meaning = Definition | External


@dataclass(frozen=True)
class Module:
    """What one file says."""

    name: str
    tree: ast.Module
    definitions: Mapping[str, Definition]
    imports: Mapping[str, str]
    """Full dotted names, by what they are called here."""
    stars: Sequence[str]
    """Modules of which everything is imported."""
    aliases: Mapping[str, ast.expr]
    """What other names at the top of the module are set to."""
    declared: Sequence[str] | None
    """``__all__``, where it is written out."""


class Code:
    """The modules of a zoo, each parsed when it is first asked for."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._modules: dict[str, Module] = {}
        self.unreadable: dict[str, str] = {}
        """Why a module could not be parsed."""

    def module(self, name: str) -> Module | None:
        """Return a module, or nothing where there is none or it cannot be parsed."""
        if name not in self._files or name in self.unreadable:
            return None
        if name not in self._modules:
            try:
                self._modules[name] = _parsed(name, self._files[name])
            except (OSError, SyntaxError, ValueError, RecursionError) as error:
                line = f"line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
                self.unreadable[name] = line + (getattr(error, "msg", None) or str(error) or type(error).__name__)
                return None
        return self._modules[name]

    def meaning(self, module: str, name: str) -> Meaning | None:
        """Say what a name, dotted or not, stands for in a module; nothing where that only shows when it runs."""
        return self._meaning(module, name, frozenset())

    def public_names(self, module: str) -> list[str]:
        """List what a module offers: its ``__all__``, or else every name without an underscore."""
        return self._public_names(module, frozenset())

    def _meaning(self, module: str, name: str, seen: frozenset[tuple[str, str]]) -> Meaning | None:
        here = self.module(module)
        if here is None or (module, name) in seen:
            return None
        seen |= {(module, name)}
        first, _, rest = name.partition(".")
        if first in here.definitions:
            return None if rest else here.definitions[first]
        if first in here.imports:
            return self._named(".".join(filter(None, [here.imports[first], rest])), seen)
        if first in here.aliases:
            other = dotted(here.aliases[first])
            return None if other is None else self._meaning(module, ".".join(filter(None, [other, rest])), seen)
        if f"{module}.{first}" in self._files:
            return self._named(f"{module}.{name}", seen)
        for star in here.stars:
            if star not in self._files:
                continue
            found = self._meaning(star, name, seen)
            if found is not None:
                return found
        return None

    def _named(self, full: str, seen: frozenset[tuple[str, str]]) -> Meaning | None:
        """Say what a full name stands for: the rest of it, in the longest beginning that is a module of the zoo."""
        parts = full.split(".")
        for length in range(len(parts) - 1, 0, -1):
            module = ".".join(parts[:length])
            if module in self._files:
                return self._meaning(module, ".".join(parts[length:]), seen)
        return None if full in self._files else External(full)

    def _public_names(self, module: str, seen: frozenset[str]) -> list[str]:
        here = self.module(module)
        if here is None or module in seen:
            return []
        if here.declared is not None:
            return list(here.declared)
        names = [*here.definitions, *here.imports, *here.aliases]
        for star in here.stars:
            names += self._public_names(star, seen | {module})
        return list(dict.fromkeys(name for name in names if not name.startswith("_")))


def dotted(expression: ast.expr | None) -> str | None:
    """Return ``a.b.c`` for an expression that is one; nothing for any other."""
    parts: list[str] = []
    while isinstance(expression, ast.Attribute):
        parts.append(expression.attr)
        expression = expression.value
    if not isinstance(expression, ast.Name):
        return None
    return ".".join([expression.id, *reversed(parts)])


def statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what runs when a module is imported, also what is inside ``if``, ``try`` and ``with``.

    What is below ``if __name__ == "__main__"`` does not run then.
    """
    for statement in body:
        if isinstance(statement, ast.If) and "__name__" in {
            part.id for part in ast.walk(statement.test) if isinstance(part, ast.Name)
        }:
            yield from statements(statement.orelse)
            continue
        yield statement
        if isinstance(statement, (Function, ast.ClassDef)):
            continue
        for name in ("body", "orelse", "finalbody"):
            yield from statements(getattr(statement, name, ()))
        for handler in getattr(statement, "handlers", ()):
            yield from statements(handler.body)


def _parsed(name: str, file: Path) -> Module:
    with tokenize.open(file) as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in somebody's docstring
        tree = ast.parse(stream.read())
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    definitions: dict[str, Definition] = {}
    imports: dict[str, str] = {}
    stars: list[str] = []
    aliases: dict[str, ast.expr] = {}
    declared: Sequence[str] | None = None
    for statement in statements(tree.body):
        if isinstance(statement, (Function, ast.ClassDef)):
            definitions[statement.name] = Definition(name, statement.name, statement)
        elif isinstance(statement, ast.Import):
            for each in statement.names:
                imports[each.asname or each.name.partition(".")[0]] = (
                    each.name if each.asname else each.name.partition(".")[0]
                )
        elif isinstance(statement, ast.ImportFrom):
            source = _source(statement, package)
            for each in statement.names:
                if each.name == "*":
                    stars.append(source)
                else:
                    imports[each.asname or each.name] = f"{source}.{each.name}" if source else each.name
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            places = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for place in places:
                if isinstance(place, ast.Name):
                    aliases[place.id] = statement.value
                    if place.id == "__all__":
                        declared = _texts(statement.value)
    return Module(name, tree, definitions, imports, stars, aliases, declared)


def _source(statement: ast.ImportFrom, package: str) -> str:
    """Return the full name of the module that ``from … import`` names."""
    if not statement.level:
        return statement.module or ""
    parts = package.split(".") if package else []
    above = parts[: len(parts) - statement.level + 1]
    return ".".join([*above, *([statement.module] if statement.module else [])])


def _texts(expression: ast.expr) -> list[str] | None:
    if not isinstance(expression, (ast.List, ast.Tuple)):
        return None
    texts = [item.value for item in expression.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return texts if len(texts) == len(expression.elts) else None
