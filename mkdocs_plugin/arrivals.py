"""Files that matter once they are there: a new module of a package that is searched for models, say.

``mkdocs serve`` watches files and directories that exist, and builds anew for every file that changes below a
directory.  A project's directory also holds what a build itself writes, so it is watched here, for what was looked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from watchdog.events import FileSystemEvent, FileSystemEventHandler

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mkdocs.livereload import LiveReloadServer
    from watchdog.observers.api import ObservedWatch


class Arrivals:
    """Asks a server for a new build when something appears in, or vanishes from, directories that a build looked at."""

    def __init__(self, server: LiveReloadServer, bell: Path) -> None:
        """Watch nothing yet.

        Args:
            server: builds anew when a file that it watches changes.
            bell: that file.
        """
        self._server = server
        self._bell = bell
        self._rings = 0
        self._listed: frozenset[Path] = frozenset()
        self._missing: frozenset[Path] = frozenset()
        self._watched: frozenset[Path] = frozenset()
        self._watches: dict[Path, ObservedWatch] = {}
        self._handler = _Handler(self)
        bell.write_text("0\n", encoding="utf-8")
        server.watch(str(bell))

    def expect(self, listed: Iterable[Path], missing: Iterable[Path], watched: Iterable[Path]) -> None:
        """Watch for other things from now on.

        Args:
            listed: directories of which everything matters that is added or removed.
            missing: paths that were not there.
            watched: files that the server watches itself, so that one change does not ask for two builds.
        """
        self._listed, self._missing, self._watched = frozenset(listed), frozenset(missing), frozenset(watched)
        wanted = {_existing(path) for path in (*self._listed, *(path.parent for path in self._missing))}
        for directory in wanted - self._watches.keys():
            # Not below it: what matters there was looked at, too.
            self._watches[directory] = self._server.observer.schedule(self._handler, str(directory), recursive=False)
        for directory in self._watches.keys() - wanted:
            self._server.observer.unschedule(self._watches.pop(directory))

    def notice(self, path: Path) -> None:
        """Ring when it matters that a path appeared or vanished."""
        if path.name.startswith(".") or path.name == "__pycache__" or path in self._watched:
            return
        if path.parent in self._listed or path in self._missing or any(path in each.parents for each in self._missing):
            self._rings += 1
            self._bell.write_text(f"{self._rings}\n", encoding="utf-8")


class _Handler(FileSystemEventHandler):
    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in ("created", "deleted", "moved"):
            for path in filter(None, (event.src_path, event.dest_path)):
                self._arrivals.notice(Path(str(path)))


def _existing(path: Path) -> Path:
    """Return a directory, or the nearest above it that is there."""
    return next(each for each in (path, *path.parents) if each.is_dir())
