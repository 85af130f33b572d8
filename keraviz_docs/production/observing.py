"""What a build depends on, seen while it happens.

Python reports every opened file, listed directory, attempted import and started program through audit hooks (PEP 578).
Three things it does not report are seen by standing in the way: whether a file exists (:func:`os.stat`), environment
variables, and files that TensorFlow and HDF5 open in C++.

What is not seen: the network, the clock, and files that other compiled code opens by itself.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import pathlib
import stat
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from keraviz_docs.production import places
from keraviz_docs.production.messages import Observed

_IMPORT_SYSTEM = ("<frozen importlib", os.path.dirname(importlib.metadata.__file__))  # noqa: PTH120 - compared as text
"""Code that lists every folder of the path, whatever it looks for; what it finds, it opens."""

_PROGRAMS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"})
_WATCHED = _PROGRAMS | {"open", "import", "os.listdir", "os.scandir", "os.mkdir", "os.rename"}
_SOURCES_IN_C = (
    # (module, function, position of the path); the functions that file_io.py of TensorFlow calls, and h5py's
    ("tensorflow.python.lib.io._pywrap_file_io", "FileExists", 0),
    ("tensorflow.python.lib.io._pywrap_file_io", "ReadFileToString", 0),
    ("tensorflow.python.lib.io._pywrap_file_io", "BufferedInputStream", 0),
    ("h5py.h5f", "open", 0),
)

_INDIFFERENT = frozenset(
    [
        "COLORTERM",
        "COLUMNS",
        "FORCE_COLOR",
        "LINES",
        "NO_COLOR",
        "TEMP",
        "TERM",
        "TMP",
        "TMPDIR",
        "TTY_COMPATIBLE",
        "TTY_INTERACTIVE",
    ]
)
"""Variables that say where and how to print, which changes nothing about a model."""

_stat = os.stat  # the real one, before :func:`observe` puts its own there


class Observer:
    """Tells, once for each, what a process depends on.

    It is made before the fork, to note which modules are there already, and works in the child.
    """

    def __init__(self) -> None:
        files = list(_module_files(sys.modules))
        self._loaded = frozenset(sys.modules)
        self._own = {path: _stamp(path) for path in files if places.kind(path) == "own"}
        self._packages = sorted({places.package(path) for path in files if places.kind(path) == "package"})
        self._tell: Callable[[Observed], object] = lambda _: None
        self._seen: set[tuple[str, str]] = set()
        self._made: set[str] = set()
        self._tried: dict[str, tuple[str, ...]] = {}

    def observe(self, tell: Callable[[Observed], object]) -> None:
        """Watch this process from now on, until its end.

        Args:
            tell: is called with everything that is observed; it must not raise.
        """
        self._tell = tell
        _watch_variables(self._ask)
        _watch_presence(self._presence)
        for module, function, position in _SOURCES_IN_C:
            _watch_calls(module, function, position, self._opened_in_c)
        sys.addaudithook(self._audit)

    def conclude(self) -> None:
        """Tell what only the end shows: the modules that are loaded, and those that were not found."""
        for path, stamp in self._own.items():
            self._read(path, stamp)
        for package in self._packages:
            self._note("package", package)
        for path in _module_files(sys.modules.keys() - self._loaded):
            self._read(path)
        for name, roots in self._tried.items():
            if name not in sys.modules:
                self._absent_module(name, roots)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _WATCHED:  # `id()` alone is reported hundreds of thousands of times
            return
        try:
            self._see(event, arguments)
        except Exception:  # what a hook raises, the builder would get
            self._note("unobserved", event)

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            self._open(*arguments)
        elif event == "import":
            name, _, path = arguments[:3]
            self._tried.setdefault(name, tuple(path or ()))
        elif event in ("os.mkdir", "os.rename"):
            made = _located(arguments[1 if event == "os.rename" else 0])
            if made is not None:
                self._made.add(made)
        elif event in ("os.listdir", "os.scandir"):
            if not sys._getframe(2).f_code.co_filename.startswith(_IMPORT_SYSTEM):
                self._list(arguments[0])
        else:
            self._note("unobserved", event)

    def _open(self, path: Any, mode: str | None, flags: int) -> None:
        located = _located(path)
        if located is None:
            return
        if flags & (os.O_WRONLY | os.O_TRUNC) or (mode is not None and mode[:1] in ("w", "x", "a")):
            self._made.add(located)
        else:
            self._read(located)

    def _opened_in_c(self, path: Any) -> None:
        if (located := _located(path)) is not None:
            self._read(located)

    def _read(self, path: str, stamp: tuple[int, int] | None = None) -> None:
        kind = places.kind(path)
        if kind == "package":
            self._note("package", places.package(path))
        elif kind == "own" and not self._is_made(path):
            path = _source(path)
            if ("file", path) not in self._seen:
                self._note(_nature(path), path, stamp or _stamp(path))

    def _list(self, path: Any) -> None:
        located = _located("." if path is None else path)
        if located is not None and places.kind(located) == "own" and not self._is_made(located):
            stamp = _stamp(located)
            self._note("missing" if stamp is None else "directory", located, stamp)

    def _presence(self, path: Any, present: bool) -> None:
        located = _located(path)
        if located is not None and places.kind(located) == "own" and not self._is_made(located):
            self._note("present" if present else "missing", located)

    def _is_made(self, path: str) -> bool:
        """Tell whether this process itself made a file, or a directory that it lies in."""
        return bool(self._made) and any(path == made or path.startswith(made + os.sep) for made in self._made)

    def _ask(self, variable: str) -> None:
        if variable not in _INDIFFERENT:
            self._note("variable", variable)

    def _absent_module(self, name: str, roots: tuple[str, ...]) -> None:
        head, *rest = name.split(".")
        parent = sys.modules.get(head)
        if rest and parent is not None and places.kind(getattr(parent, "__file__", None) or "") != "own":
            return  # what a package lacks, its version tells
        absolute = [os.path.abspath(root) for root in roots if root]  # noqa: PTH100  # links stay as they are
        bases = [os.path.join(root, *name.split(".")) for root in absolute]  # noqa: PTH118  # thousands of times
        candidates = [path for base in bases for path in (base, f"{base}.py")]
        if any(_stamp(path) is not None for path in candidates):
            return  # it was there, and somebody took it out of `sys.modules` again
        for path in candidates:
            if places.kind(path) == "own":
                self._note("missing", path)
        if not rest:
            self._note("absent-package", head)

    def _note(self, what: str, name: str, stamp: tuple[int, int] | None = None) -> None:
        if (what, name) not in self._seen:
            self._seen.add((what, name))
            self._tell(Observed(what, name, stamp))


def _located(path: Any) -> str | None:
    """Return the absolute path that an argument names now; ``None`` for descriptors."""
    if isinstance(path, bool | int):
        return None
    try:
        name = os.fsdecode(path)
        return None if "://" in name else os.path.abspath(name)  # noqa: PTH100 - `resolve` would look at files itself
    except (TypeError, ValueError, OSError):
        return None


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = _stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


def _nature(path: str) -> str:
    try:
        mode = _stat(path).st_mode
    except (OSError, ValueError):
        return "missing"
    if stat.S_ISDIR(mode):
        return "directory"
    return "file" if stat.S_ISREG(mode) else "unobserved"  # what comes through a pipe cannot be read again


def _source(path: str) -> str:
    """Return the source that a byte-code file was made from, if it is there; else the file itself."""
    if path.endswith(".pyc"):
        try:
            source = importlib.util.source_from_cache(path)
        except (ValueError, NotImplementedError):  # the latter from a Python without byte-code files
            return path
        if _stamp(source) is not None:
            return source
    return path


def _module_files(names: Iterable[str]) -> Iterator[str]:
    for name in list(names):
        file = getattr(sys.modules.get(name), "__dict__", {}).get("__file__")
        if isinstance(file, str) and os.path.isabs(file):  # noqa: PTH117  # thousands of times
            yield file


def _watch_variables(tell: Callable[[str], object]) -> None:
    """Report every variable that is asked for through :data:`os.environ`."""
    kind = type(os.environ)

    copying: deque[str] = deque()  # `dict(os.environ)` asks for all names and then for every value: that is no interest

    class Environment(kind):  # type: ignore[valid-type, misc]  # the class is private, the object is not
        def __iter__(self) -> Iterator[str]:
            names = list(super().__iter__())
            yield from names
            copying.extend(names)

        def __getitem__(self, name: str) -> str:
            if copying and copying[0] == name:
                copying.popleft()
            else:
                copying.clear()
                tell(name)
            value: str = super().__getitem__(name)
            return value

        def __contains__(self, name: object) -> bool:
            if isinstance(name, str):
                tell(name)
            return bool(super().__contains__(name))

    os.environ.__class__ = Environment


def _watch_presence(tell: Callable[[Any, bool], object]) -> None:
    """Report every file that is asked after: what is not there today may be there tomorrow."""

    def watched(look: Callable[..., Any], *, also_present: bool) -> Callable[..., Any]:
        @functools.wraps(look)
        def looking(path: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                found = look(path, *args, **kwargs)
            except FileNotFoundError:
                if not kwargs.get("dir_fd"):
                    tell(path, False)
                raise
            if also_present and not kwargs.get("dir_fd"):
                tell(path, True)
            return found

        return looking

    os.stat = watched(os.stat, also_present=True)
    os.lstat = watched(os.lstat, also_present=False)
    if (accessor := getattr(pathlib, "_NormalAccessor", None)) is not None:  # Python 3.10 keeps its own reference there
        accessor.stat = staticmethod(os.stat)


def _watch_calls(module: str, function: str, position: int, tell: Callable[[Any], object]) -> None:
    """Report one argument of a function that opens files without Python's knowledge, where it is loaded."""
    holder = sys.modules.get(module)
    original = getattr(holder, function, None)
    if holder is None or original is None:
        return

    def reporting(*args: Any, **kwargs: Any) -> Any:
        if len(args) > position:
            tell(args[position])
        return original(*args, **kwargs)

    setattr(holder, function, functools.update_wrapper(reporting, original, updated=()))
