"""Where code stands: files and lines that read the same on every machine."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import sysconfig
import tokenize
from importlib.abc import InspectLoader
from pathlib import Path
from types import CodeType
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
    except (TypeError, OSError):
        return None
    line = _first_line(definition, file) if file is not None and Path(file).is_file() else None
    if file is None or line is None:
        return None
    return Source(file=portable(Path(file), project), line=line)


def _first_line(definition: Any, file: str) -> int | None:
    code = getattr(inspect.unwrap(getattr(definition, "__func__", definition)), "__code__", None)
    if code is not None:
        return max(int(code.co_firstlineno), 1)
    return _class_lines(definition.__module__, file).get(getattr(definition, "__qualname__", ""))


@functools.cache
def _class_lines(module: str, file: str) -> dict[str, int]:
    """Find where each class of a file begins, decorators included, by its qualified name.

    ``inspect.getsourcelines`` would parse the file again for every class.  The byte code, which Python keeps, knows
    the lines, too (``co_firstlineno``), and takes a tenth of the time of parsing.
    """
    lines: dict[str, int] = {}

    def visit(scope: CodeType, prefix: str) -> None:
        for code in scope.co_consts:
            if not isinstance(code, CodeType):
                continue
            if code.co_name.startswith("<generic parameters of "):
                visit(code, prefix)
            elif code.co_flags & inspect.CO_OPTIMIZED:
                visit(code, f"{prefix}{code.co_name}.<locals>.")
            else:
                name = prefix + code.co_name
                lines[name] = max(code.co_firstlineno, lines.get(name, 1))
                visit(code, f"{name}.")

    code = _code_of(module, file)
    if code is not None:
        visit(code, "")
    return lines


def _code_of(module: str, file: str) -> CodeType | None:
    """Return the byte code of a module, from where Python keeps it if it does."""
    spec = getattr(sys.modules.get(module), "__spec__", None)
    loader = getattr(spec, "loader", None)
    if getattr(spec, "origin", None) == file and isinstance(loader, InspectLoader):
        with contextlib.suppress(Exception):  # a loader may be anybody's
            return loader.get_code(module)
    try:
        with tokenize.open(file) as stream:
            return compile(stream.read(), file, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None


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
