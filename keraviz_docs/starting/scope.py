"""Where to look: a package or a path, as the modules that can be imported and the archives that lie there.

Nothing is imported: a package is found by its specification, and what lies in it by its files.
"""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from keraviz_docs.errors import Code, UserError
from keraviz_docs.manifest.entries import project_of
from keraviz_docs.manifest.mistakes import shown
from keraviz_docs.manifest.schema import MODULE_PATTERN
from keraviz_docs.manifest.wording import near_miss
from keraviz_docs.reading.sources import import_root
from keraviz_docs.reading.targets import import_roots

_ELSEWHERE = frozenset({"build", "dist", "docs", "node_modules", "site", "site-packages"})
"""Directories whose code is not the zoo's own, unless they are packages."""
_TESTS = frozenset({"test", "tests", "testing"})
_NO_BUILDERS = re.compile(r"(test_.*|.*_test|conftest|setup|noxfile|__main__)\.py")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What is searched."""

    name: str
    """What the zoo is called, for want of a title."""
    project: Path
    """Where the manifest goes; imports start from there."""
    modules: Mapping[str, Path]
    """Files by module, also those that only others import from."""
    searched: frozenset[str]
    """The modules that models are wanted from."""
    archives: tuple[Path, ...] = ()
    """``.keras`` files, relative to the project."""
    unimportable: tuple[Path, ...] = ()
    """Files that no import statement can name, such as ``train-v2.py``; relative to the project."""
    distribution: str | None = None
    """The installed package that it is, if it is not a part of the project."""


def locate(target: str, directory: Path | None = None) -> Scope:
    """Find what a person names: a path, or else a package or module.

    Args:
        target: a directory, a Python file, or ``package.module``.
        directory: where the manifest is to go.  When not given: a directory that is no package is the project itself;
            everything else belongs to the current directory, or to where it is imported from if that is elsewhere.

    Raises:
        UserError: there is no such thing, or it cannot be imported from the project.
    """
    path = Path(target)
    if path.is_dir() or (path.suffix == ".py" and path.is_file()):
        return _from_path(path.resolve(), directory, shown(path))
    if not re.search(MODULE_PATTERN, target):
        raise UserError(
            f"there is no {shown(path)}: name a directory, a Python file or an installed package", Code.NO_PACKAGE
        )
    for root in (Path.cwd(), Path.cwd() / "src"):
        own = root.joinpath(*target.split("."))
        if own.is_dir() or own.with_suffix(".py").is_file():
            return _from_path(own if own.is_dir() else own.with_suffix(".py"), directory, target)
    return _from_installation(target, (directory or Path.cwd()).resolve())


def _from_path(path: Path, directory: Path | None, said: str) -> Scope:
    is_package = path.is_file() or (path / "__init__.py").is_file()
    root = import_root(path if path.is_dir() else path.parent)
    if directory is not None:
        project = directory.resolve()
    elif is_package:
        project = Path.cwd() if root in _roots(Path.cwd()) else _above_source(root)
    else:
        project = _above_source(path)
    roots = _roots(project)
    if not any(path.is_relative_to(each) for each in roots):
        raise UserError(
            f"{said} cannot be imported from {shown(project)}: choose its project with -o, or leave -o out",
            Code.OUTSIDE_PROJECT,
        )
    top = path if root == path or not is_package else _top(path, root)
    files, archives = _files(top)
    modules: dict[str, Path] = {}
    unimportable: list[Path] = []
    for file in files:
        name = _module_name(file, roots)
        if name is None:
            unimportable.append(file)
        else:
            modules[name] = file
    wanted = {name for name, file in modules.items() if file == path or file.is_relative_to(path)}
    if path.is_file() and not wanted:
        raise UserError(
            f"{said} cannot be imported: rename it, so that its name is one that Python can import",
            Code.OUTSIDE_PROJECT,
        )
    kept = [archive for archive in archives if path.is_dir() and archive.is_relative_to(path)]
    return Scope(
        name=path.stem if is_package else project.name,
        project=project,
        modules=modules,
        searched=frozenset(wanted),
        archives=tuple(archive.relative_to(project) for archive in kept if archive.is_relative_to(project)),
        unimportable=tuple(file.relative_to(project) for file in unimportable if file.is_relative_to(project)),
    )


def _roots(project: Path) -> tuple[Path, ...]:
    return import_roots(project_of(project / "zoo.yml"))


def _above_source(directory: Path) -> Path:
    return directory.parent if directory.name == "src" else directory


def _top(path: Path, root: Path) -> Path:
    """Return the package or module directly below an import root that a path belongs to; a script has its siblings."""
    return root if path.parent == root and path.is_file() else root / path.relative_to(root).parts[0]


def _from_installation(target: str, project: Path) -> Scope:
    package = target.partition(".")[0]
    try:
        specification = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        specification = None
    if specification is None:
        raise UserError(_nothing_like(target, package), Code.NO_PACKAGE)
    modules: dict[str, Path] = {}
    for place in specification.submodule_search_locations or ():
        directory = Path(place).resolve()
        for file in _files(directory)[0]:
            parts = [package, *file.relative_to(directory).with_suffix("").parts]
            if all(part.isidentifier() for part in parts):
                modules.setdefault(".".join(parts[:-1] if parts[-1] == "__init__" else parts), file)
    if not modules and specification.origin and specification.origin.endswith(".py"):
        modules[package] = Path(specification.origin)
    if not modules:
        raise UserError(f"`{package}` has no Python source to search", Code.NO_PACKAGE)
    searched = frozenset(name for name in modules if f"{name}.".startswith(f"{target}."))
    if not searched:
        meant = near_miss(target, modules)
        raise UserError(
            f"`{package}` has no module `{target}`" + (f": did you mean {meant}?" if meant else ""), Code.NO_PACKAGE
        )
    return Scope(name=target, project=project, modules=modules, searched=searched, distribution=package)


def _nothing_like(target: str, package: str) -> str:
    meant = near_miss(package, {found.name for found in pkgutil.iter_modules()} | _directories(Path.cwd()))
    hint = f"did you mean {meant}?" if meant else "is it installed beside keraviz-docs?"
    return f"there is neither a package nor a directory {target!r}: {hint}"


def _directories(place: Path) -> set[str]:
    return {entry.name for entry in place.iterdir() if entry.is_dir() and not entry.name.startswith(".")}


def _module_name(file: Path, roots: Iterable[Path]) -> str | None:
    """Return the name that a file is imported under; ``None`` where no statement can name it."""
    own = import_root(file.parent)
    inside = [root for root in roots if file.is_relative_to(root)]
    if not inside:
        return None
    root = own if own in inside else max(inside, key=lambda root: len(root.parts))
    parts = file.relative_to(root).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else None


def _files(directory: Path) -> tuple[list[Path], list[Path]]:
    """List the Python files and the ``.keras`` archives below a directory, in the order of their paths."""
    sources: list[Path] = []
    archives: list[Path] = []
    for file in _walk(directory):
        if file.suffix == ".keras":
            archives.append(file)
        elif file.suffix == ".py" and not _NO_BUILDERS.fullmatch(file.name):
            sources.append(file)
    return sources, archives


def _walk(directory: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(directory):
        here = Path(place)
        folders[:] = sorted(name for name in folders if _is_own(here / name))
        yield from (here / name for name in sorted(names))


def _is_own(folder: Path) -> bool:
    if folder.name.startswith((".", "__")) or folder.name in _TESTS or folder.name.endswith(".egg-info"):
        return False
    if (folder / "pyvenv.cfg").exists():
        return False
    return folder.name not in _ELSEWHERE or (folder / "__init__.py").is_file()
