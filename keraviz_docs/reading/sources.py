"""Where code stands: files and lines that read the same on every machine."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import sysconfig
import tokenize
from pathlib import Path
from typing import Any

from keraviz_docs.architecture import Source

_INSTALLED = ("site-packages", "dist-packages")


def source_of(thing: Any, project: Path | None = None) -> Source | None:
    """Return where a function, class or bound method is defined, seen through decorators and ``functools.partial``.

    ``None`` when it has no Python source (built in, typed at a prompt, made by ``exec``).
    """
    definition = undecorated(thing)
    if not (inspect.isroutine(definition) or inspect.isclass(definition)):
        definition = type(definition)
    try:
        file = inspect.getsourcefile(definition)
    except TypeError:
        return None
    line = _first_line(definition, file) if file is not None and Path(file).is_file() else None
    if file is None or line is None:
        return None
    return Source(file=portable(Path(file), project), line=line)


def _first_line(definition: Any, file: str) -> int | None:
    code = getattr(inspect.unwrap(getattr(definition, "__func__", definition)), "__code__", None)
    if code is not None:
        return max(int(code.co_firstlineno), 1)
    return _class_lines(file).get(getattr(definition, "__qualname__", ""))


@functools.cache
def _class_lines(file: str) -> dict[str, int]:
    """Find where each class of a file begins, decorators included, by its qualified name.

    ``inspect.getsourcelines`` would parse the file again for every class.
    """
    try:
        with tokenize.open(file) as stream:
            tree = ast.parse(stream.read())
    except (OSError, SyntaxError, ValueError):
        return {}
    lines: dict[str, int] = {}

    def visit(body: ast.AST, prefix: str) -> None:
        for node in ast.iter_child_nodes(body):
            if isinstance(node, ast.ClassDef):
                name = prefix + node.name
                lines[name] = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                visit(node, f"{name}.")
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                visit(node, f"{prefix}{node.name}.<locals>.")
            else:
                visit(node, prefix)

    visit(tree, "")
    return lines


def undecorated(thing: Any) -> Any:
    """Follow ``functools.partial`` and ``functools.wraps`` to what was written."""
    seen: set[int] = set()
    while id(thing) not in seen:
        seen.add(id(thing))
        if isinstance(thing, functools.partial):
            thing = thing.func
        elif not inspect.isclass(thing) and callable(getattr(thing, "__wrapped__", None)):
            thing = thing.__wrapped__
    return thing


def import_root(directory: Path) -> Path:
    """Return the directory that a package is imported from, for a directory inside one; otherwise the directory."""
    directory = _absolute(directory)
    while (directory / "__init__.py").is_file():
        directory = directory.parent
    return directory


def is_within(file: Path, project: Path) -> bool:
    """Whether a file is the project's own: below its directory, and not in an environment installed there.

    A project that is itself a package (the manifest lies beside its modules) reaches up to where that is imported from.
    """
    file, root = _absolute(file), import_root(project)
    return file.is_relative_to(root) and not any(part in _INSTALLED for part in file.relative_to(root).parts)


def portable(file: Path, project: Path | None = None) -> str:
    """Write a path relative to the project's :func:`import_root`, or else to where Python imports it from."""
    if project is not None and is_within(file, project):
        return _absolute(file).relative_to(import_root(project)).as_posix()
    file = _absolute(file)
    for part in _INSTALLED:
        if part in file.parts:
            after = len(file.parts) - file.parts[::-1].index(part)
            return Path(*file.parts[after:]).as_posix()
    standard = Path(sysconfig.get_paths()["stdlib"])
    roots = [standard, *(Path(entry) for entry in sys.path if entry)]
    inside = [file.relative_to(_absolute(root)) for root in roots if file.is_relative_to(_absolute(root))]
    return min(inside, key=lambda path: len(path.parts)).as_posix() if inside else file.name


def _absolute(path: Path) -> Path:
    return path.resolve()
