"""What things outside a request are right now, so that it can be told whether they are still the same."""

from __future__ import annotations

import importlib.machinery
import logging
import os
import re
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import msgspec

from keraviz_docs.digests import digest
from keraviz_docs.production import places
from keraviz_docs.production.messages import Observed

_log = logging.getLogger("keraviz_docs.production")

_NOT_LISTED = frozenset({"__pycache__", ".keraviz"})
_ROOT_MARKS = (".git", ".hg", "pyproject.toml")


class Dependency(msgspec.Struct, frozen=True, array_like=True):
    """Something that an answer depends on, and what it was."""

    what: str
    name: str
    fingerprint: str | None
    """``None``: it was not there."""


class Fingerprints:
    """What files, variables and packages are, each looked at once; to be made anew for every build.

    Paths are named relative to the project where they belong to the same source tree, so that what holds in one
    checkout holds in another.
    """

    def __init__(self, project: Path, environment: Mapping[str, str]) -> None:
        self._project = project
        self._tree = _source_tree(project)
        self._environment = environment
        self._installed = _installed()
        self.configuration = configuration(environment)
        self._paths: dict[str, Path] = {}
        self._known: dict[tuple[str, str], str | None] = {}
        self._stamps: dict[str, tuple[int, int] | None] = {}

    def prepare(self) -> None:
        """Find out which installed package has which modules, which takes a while, before :meth:`settle` asks."""
        _owners(frozenset(self._installed.items()))

    def of(self, what: str, name: str) -> str | None:
        """Return the fingerprint of one thing; ``None`` when it is not there."""
        if (what, name) not in self._known:
            self._known[what, name] = self._look(what, name)
        return self._known[what, name]

    def hold(self, dependencies: Iterable[Dependency]) -> bool:
        """Tell whether everything is still what it was."""
        for each in dependencies:
            if self.of(each.what, each.name) != each.fingerprint:
                _log.debug("to be read again: %s %s has changed", each.what, each.name)
                return False
        return True

    def settle(self, observed: Iterable[Observed]) -> tuple[Dependency, ...] | None:
        """Turn what a process observed into dependencies.

        Returns:
            ``None`` when they cannot be known: something could not be observed, or changed since.
        """
        settled: set[Dependency] = set()
        for each in observed:
            dependencies = self._dependencies(each)
            if not all(self._is_as_observed(each, dependency) for dependency in dependencies):
                _log.debug("cannot be cached: %s %s is not what it was", each.what, each.name)
                return None
            settled.update(dependencies)
        return tuple(sorted(settled, key=lambda each: (each.what, each.name)))

    def path(self, name: str) -> Path:
        """Return the absolute path that a name of a file stands for."""
        if name not in self._paths:
            self._paths[name] = Path(os.path.normpath(self._project / name))
        return self._paths[name]

    def name(self, path: Path) -> str:
        """Return the name of a path, relative to the project when it belongs to its source tree."""
        if path.is_relative_to(self._tree) or self._project.is_relative_to(path.parent):
            return Path(os.path.relpath(path, self._project)).as_posix()
        return path.as_posix()

    def _is_as_observed(self, observed: Observed, dependency: Dependency) -> bool:
        match observed.what:
            case "file" | "directory":
                return dependency.fingerprint is not None and self._stamps.get(observed.name) == observed.stamp
            case "missing" | "absent-package":
                return dependency.fingerprint is None
            case "unobserved":
                return False
            case "variable":
                return True
        return dependency.fingerprint is not None

    def _dependencies(self, observed: Observed) -> list[Dependency]:
        if observed.what == "package":
            owners = _owners(frozenset(self._installed.items()))
            names = owners.get(observed.name.split(".")[0]) or _owner_of_metadata(observed.name)
            if names:
                return [self._dependency("distribution", name) for name in sorted(set(names))]
            return [self._dependency("package", observed.name)]
        if observed.what in ("file", "directory", "present", "missing"):
            what = "presence" if observed.what in ("present", "missing") else observed.what
            return [self._dependency(what, self.name(Path(observed.name)))]
        return [self._dependency(observed.what, observed.name)]

    def _dependency(self, what: str, name: str) -> Dependency:
        return Dependency(what, name, self.of(what, name))

    def _look(self, what: str, name: str) -> str | None:
        match what:
            case "file":
                return self._content(self.path(name))
            case "directory":
                return self._listing(self.path(name))
            case "presence":
                return "there" if os.path.lexists(self.path(name)) else None
            case "variable":
                value = self._environment.get(name)
                return None if value is None else digest(value.encode("utf-8", "surrogateescape"))
            case "distribution":
                return self._installed.get(_normalised(name))
            case "absent-package":
                return "there" if _is_in_package_folders(name) else None
            case "package":
                return _unowned(name)
        return None

    def _content(self, path: Path) -> str | None:
        hashed = blake2b(digest_size=16)
        try:
            if not path.is_file():  # a pipe would keep us waiting
                return None
            with path.open("rb") as file:
                before = os.fstat(file.fileno())
                while part := file.read(1 << 20):
                    hashed.update(part)
                after = os.fstat(file.fileno())
        except OSError:
            return None
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size):
            self._stamps[str(path)] = (after.st_mtime_ns, after.st_size)
        return hashed.hexdigest()

    def _listing(self, path: Path) -> str | None:
        try:
            status = path.stat()
            names = sorted(each.name for each in path.iterdir() if each.name not in _NOT_LISTED)
        except OSError:
            return None
        self._stamps[str(path)] = (status.st_mtime_ns, status.st_size)
        return digest("\0".join(names).encode("utf-8", "surrogateescape"))


def configuration(environment: Mapping[str, str]) -> list[str]:
    """Return what every answer depends on and no process can observe, because Keras reads it while it is imported.

    That is Python itself, the system, Keras's configuration file (``keras/src/backend/config.py``) and the variables
    whose names begin with ``KERAS_`` or ``TF_``.
    """
    home = Path(environment.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        settings = digest((home / "keras.json").read_bytes())
    except OSError:
        settings = ""
    variables = [f"{name}={value}" for name, value in sorted(environment.items()) if name.startswith(("KERAS_", "TF_"))]
    return [sys.implementation.name, sys.version.split()[0], sys.platform, f"keras.json {settings}", *variables]


def _source_tree(project: Path) -> Path:
    for folder in (project, *project.parents):
        if any((folder / mark).exists() for mark in _ROOT_MARKS):
            return folder
    return project


@lru_cache(maxsize=1)
def _owners(installed: frozenset[tuple[str, str]]) -> Mapping[str, list[str]]:  # noqa: ARG001 - says what it is good for
    import importlib.metadata  # which takes a while itself

    return importlib.metadata.packages_distributions()


def _owner_of_metadata(name: str) -> list[str]:
    folder = re.fullmatch(r"(.+?)-[^-]+\.(?:dist|egg)-info", name)
    return [folder[1]] if folder else []


def _installed() -> Mapping[str, str]:
    """Return what identifies each installed distribution: its version, read off the name of its metadata folder.

    One that was installed from a directory or a repository can change without its version; its list of files with
    their digests (``RECORD``) stands for it (packaging.python.org, "Recording installed projects" and "Direct URL").
    """
    found: dict[str, str] = {}
    for folder in places.package_folders():
        try:
            names = [each.name for each in Path(folder).iterdir()]
        except OSError:
            continue
        for name in names:
            match = re.fullmatch(r"(.+?)-([^-]+)\.(?:dist|egg)-info", name) or re.fullmatch(
                r"(.+?)-([^-]+)-.*\.egg-info", name
            )
            if match is not None:
                found[_normalised(match[1])] = match[2] + _local_build(Path(folder, name))
    return found


def _local_build(metadata: Path) -> str:
    if not (metadata / "direct_url.json").exists():
        return ""
    try:
        return f" {digest((metadata / 'RECORD').read_bytes())}"
    except OSError:
        return ""


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_in_package_folders(module: str) -> bool:
    names = [module, *(module + suffix for suffix in importlib.machinery.all_suffixes())]
    return any(os.path.lexists(Path(folder, name)) for folder in places.package_folders() for name in names)


def _unowned(name: str) -> str | None:
    """Return what identifies something below ``site-packages`` that no distribution owns up to: its files' stamps."""
    for folder in places.package_folders():
        root = Path(folder, name)
        if root.exists():
            files = sorted(root.rglob("*.py")) if root.is_dir() else [root]
            stamps = [f"{file}\0{file.stat().st_mtime_ns}\0{file.stat().st_size}" for file in files]
            return digest("\0".join(stamps).encode("utf-8", "surrogateescape"))
    return None
