"""Files that many processes write and read at once, that may vanish at any time, and that are never half there.

Everything is written under another name, flushed to the disk and renamed, so a process that dies at any moment leaves
either the old state or the new one.  Everything is checked when it is read; what is damaged is removed, and counts as
missing.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from keraviz_docs.digests import digest

_TOUCH_AFTER = 3600.0
"""Seconds before a use is noted again: the order of use matters by the hour."""

_INDEX = "index.json"
_UNFINISHED = "unfinished"


class Store:
    """Contents and bundles of files by key, in one directory.

    A key is a hexadecimal string such as :func:`~keraviz_docs.digests.digest` gives, in which the caller has put
    everything that the content depends on.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def get(self, key: str) -> bytes | None:
        """Return what was stored under a key, or ``None``."""
        path = self._place(key)
        try:
            stored = path.read_bytes()
        except OSError:
            return None
        head, _, data = stored.partition(b"\n")
        if head.decode("ascii", errors="replace") != digest(data):
            _remove(path)
            return None
        _touch(path)
        return data

    def put(self, key: str, data: bytes) -> None:
        """Store bytes under a key, over what may be there.

        Raises:
            OSError: the directory cannot be written.
        """
        path = self._place(key)
        for attempt in _attempts():
            with attempt, self._unfinished() as draft:
                _write(draft, digest(data).encode() + b"\n" + data)
                path.parent.mkdir(parents=True, exist_ok=True)
                draft.replace(path)

    def get_files(self, key: str) -> dict[str, Path] | None:
        """Return where the files of a bundle are, by name, or ``None``.

        They stay there until the store is trimmed or cleared; who needs them longer than that copies them.
        """
        path = self._place(key)
        try:
            index = msgspec.json.decode((path / _INDEX).read_bytes(), type=dict[str, _Stored])
        except (OSError, msgspec.DecodeError):
            _remove(path)
            return None
        if not all(_is_intact(path / name, stored) for name, stored in index.items()):
            _remove(path)
            return None
        _touch(path)
        return {name: path / name for name in index}

    def put_files(self, key: str, files: Mapping[str, bytes]) -> dict[str, Path]:
        """Store a bundle of files under a key, all or none, and return where they are.

        Args:
            key: what they are stored under.
            files: contents by file name, without directories.

        Raises:
            ValueError: a name is no plain file name.
            OSError: the directory cannot be written.
        """
        path = self._place(key)
        for name in files:
            if not name or Path(name).name != name or name == _INDEX:
                raise ValueError(f"{name!r} is no name for a stored file")
        for attempt in _attempts():
            with attempt, self._unfinished() as draft:
                draft.mkdir()
                index: dict[str, _Stored] = {}
                for name, data in files.items():
                    _write(draft / name, data)
                    index[name] = _Stored(len(data), (draft / name).stat().st_mtime_ns, digest(data))
                _write(draft / _INDEX, msgspec.json.encode(index))
                path.parent.mkdir(parents=True, exist_ok=True)
                self._settle(draft, path, key)
        return {name: path / name for name in files}

    def keys(self) -> Iterator[str]:
        """Yield every key."""
        for path in self._entries():
            yield path.parent.name + path.name

    def entries(self) -> list[Entry]:
        """Return every stored thing with its size and the time of its last use."""
        found = []
        for path in self._entries():
            with contextlib.suppress(OSError):
                found.append(Entry(path, _size(path), path.stat().st_mtime))
        return found

    def remove_unfinished(self, older_than: float = _TOUCH_AFTER) -> None:
        """Remove what processes that died left half written, when it is so many seconds old."""
        before = time.time() - older_than
        with contextlib.suppress(OSError):
            for path in (self.directory / _UNFINISHED).iterdir():
                if path.stat().st_mtime < before:
                    _remove(path)

    def _place(self, key: str) -> Path:
        if len(key) < 4 or not key.isalnum():
            raise ValueError(f"{key!r} is no key")
        return self.directory / key[:2] / key[2:]

    def _settle(self, draft: Path, path: Path, key: str) -> None:
        for _ in range(_RACES):
            # When somebody else was first, theirs is as good, if it is whole.
            if _renamed(draft, path) or self.get_files(key) is not None:
                return
        raise OSError(f"cannot store files in {path}")

    def _entries(self) -> Iterator[Path]:
        with contextlib.suppress(OSError):
            for shelf in sorted(self.directory.iterdir()):
                if shelf.name != _UNFINISHED:
                    with contextlib.suppress(OSError):
                        yield from sorted(shelf.iterdir())

    @contextlib.contextmanager
    def _unfinished(self) -> Iterator[Path]:
        folder = self.directory / _UNFINISHED
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{os.getpid()}-{secrets.token_hex(8)}"
        try:
            yield draft
        finally:
            _remove(draft)


class Entry(msgspec.Struct, frozen=True):
    """One stored content or bundle."""

    path: Path
    size: int
    used: float

    def remove(self) -> None:
        """Remove it."""
        _remove(self.path)


class _Stored(msgspec.Struct, frozen=True):
    size: int
    modified: int
    digest: str


_RACES = 100


def _attempts() -> Iterator[contextlib.AbstractContextManager[None]]:
    """Yield contexts until the work in one was done to its end: its directory may be cleared away meanwhile."""
    for left in reversed(range(_RACES)):
        done = False

        @contextlib.contextmanager
        def attempt(left: int = left) -> Iterator[None]:
            nonlocal done
            try:
                yield
            except (FileNotFoundError, FileExistsError):  # the latter from a directory that goes while it is made
                if not left:
                    raise
            else:
                done = True

        yield attempt()
        if done:
            return


def _renamed(source: Path, target: Path) -> bool:
    """Give something another name; tell whether nothing had it already."""
    try:
        source.rename(target)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _is_intact(path: Path, stored: _Stored) -> bool:
    try:
        status = path.stat()
        if status.st_size != stored.size:
            return False
        return status.st_mtime_ns == stored.modified or digest(path.read_bytes()) == stored.digest
    except OSError:
        return False


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _touch(path: Path) -> None:
    with contextlib.suppress(OSError):  # a cache that can only be read is still of use
        if time.time() - path.stat().st_mtime > _TOUCH_AFTER:
            os.utime(path)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in path.iterdir()) if path.is_dir() else path.stat().st_size
