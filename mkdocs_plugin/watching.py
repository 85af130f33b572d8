"""What a build looked at, looked at again: an edit asks ``mkdocs serve`` for one new build, and only an edit does.

MkDocs watches each path that it is given by itself: an edit of several files (a checkout, a formatter) would ask for
several builds, one that only adds a file for none, and a file that was away for a moment would not be looked at again.
A project's directory as a whole cannot be watched, because builds write there, too.  So everything is looked at
together here, until it stays as it is; the server watches a single file, which is touched then.
"""

from __future__ import annotations

import os
import stat
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_INTERVAL = 0.25
"""Seconds between two looks."""

_SETTLED = 0.1
"""Seconds for which things must stay as they are until an edit is taken for complete."""

_PATIENCE = 20
"""How often things may change again until a build is asked for nevertheless."""


class Interest(NamedTuple):
    """Something that a build looked at."""

    path: Path
    kind: Literal["content", "names", "presence"]
    """The content of a file, or of all files below a directory; the names in a directory; or whether it is there."""


class Watcher(threading.Thread):
    """Touches a file whenever something has changed that a build looked at."""

    def __init__(self) -> None:
        super().__init__(daemon=True, name="keraviz-watcher")
        self._folder = tempfile.TemporaryDirectory(prefix="keraviz-")
        self._lock = threading.Lock()
        self._wanted: dict[str, tuple[Interest, ...]] = {}
        self._known: Mapping[Interest, object] = {}
        self._stopped = threading.Event()
        self.bell = Path(self._folder.name) / "changes"
        """The file that is touched."""
        self.bell.touch()

    def expect(self, who: str, contents: Iterable[Path], listed: Iterable[Path], missing: Iterable[Path]) -> None:
        """Look at other things from now on.

        Args:
            who: names one of those who expect something; what the others expect stays.
            contents: files and directories, with everything in them, whose content matters.
            listed: directories of which it matters what is in them.
            missing: paths that were not there.
        """
        interests = (
            *(Interest(path, "content") for path in contents),
            *(Interest(path, "names") for path in listed),
            *(Interest(path, "presence") for path in missing),
        )
        with self._lock:
            self._wanted[who] = interests
            everything = dict.fromkeys(each for wanted in self._wanted.values() for each in wanted)
            # Where it was looked before, what changed during the build is still to be noticed.
            self._known = {each: self._known[each] if each in self._known else _look(each) for each in everything}

    def has_changed(self) -> bool:
        """Tell whether anything is other than at the last look; return when it stays as it is."""
        with self._lock:
            before = self._known
            after = {each: _look(each) for each in before}
            if after == before:
                return False
            for _ in range(_PATIENCE):
                self._stopped.wait(_SETTLED)
                latest = {each: _look(each) for each in before}
                if latest == after:
                    break
                after = latest
            self._known = after
            return after != before

    def run(self) -> None:
        """Look until :meth:`stop` is called."""
        while not self._stopped.wait(_INTERVAL):
            if self.has_changed():
                self.bell.touch()

    def stop(self) -> None:
        """End, and leave nothing behind."""
        self._stopped.set()
        if self.is_alive():
            self.join()
        self._folder.cleanup()


def _look(interest: Interest) -> object:
    """Return what differs when it is worth a new build."""
    path, kind = interest
    if kind == "presence":
        return os.path.lexists(path)
    if kind == "names":
        return frozenset(name for name in _names(path) if _matters(name))
    return (_stamp(path), *((found, _stamp(found)) for found in _below(path)))


def _matters(name: str) -> bool:
    """Tell whether a file or directory may be of interest, and is not an editor's or Python's own."""
    return not name.startswith(".") and not name.endswith("~") and name != "__pycache__"


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)  # noqa: PTH208 - only the names are wanted
    except OSError:
        return []


def _below(directory: Path) -> list[Path]:
    return sorted(Path(folder, name) for folder, _, names in os.walk(directory) for name in names)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    # A directory's time also changes with what nobody looks at.
    return None if stat.S_ISDIR(status.st_mode) else (status.st_mtime_ns, status.st_size)
