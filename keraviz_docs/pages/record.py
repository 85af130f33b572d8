"""What lies in a directory because of an earlier call of :func:`keraviz_docs.pages.writing.write`.

Apart from what composes pages, so that looking at it need not wait for that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from keraviz_docs.digests import digest
from keraviz_docs.errors import Code, UserError

KEPT_ASIDE = ".parts"
"""A folder beside a page, with files that are no part of the site."""
STYLE = "keraviz.css"
SCRIPT = "keraviz.js"
_FILE = ".keraviz-files.json"


class Piece(msgspec.Struct, frozen=True):
    """The files of one page, and what they were made from."""

    key: str
    files: dict[str, str]
    """Digests of what was written, by name."""
    figures: dict[str, Any] | None = None
    """Of a model: the figures that the page of all models shows, as plain data."""

    @property
    def published(self) -> list[str]:
        """The files that belong to the site; the others are for us."""
        return published(self.files)

    def is_whole(self, directory: Path) -> bool:
        """Tell whether all files are as they were written."""
        try:
            return all(digest((directory / name).read_bytes()) == written for name, written in self.files.items())
        except OSError:
            return False


class Record(msgspec.Struct, frozen=True):
    """What lies in a directory because of an earlier call; pieces by model id, the index under ``""``."""

    files: list[str]
    pieces: dict[str, Piece]


class Earlier:
    """What an earlier call left in a directory."""

    def __init__(self, record: Record, whole: Mapping[str, Future[bool]]) -> None:
        self._record = record
        self._whole = whole

    @property
    def files(self) -> Sequence[str]:
        """Everything that it left."""
        return self._record.files

    def piece(self, name: str, key: str) -> Piece | None:
        """Return what it wrote under a name, if it is still there and was made from the same."""
        piece = self._record.pieces.get(name)
        return piece if piece is not None and piece.key == key and self._whole[name].result() else None


@contextlib.contextmanager
def claimed(directory: Path) -> Iterator[Earlier]:
    """Check that pages may go into a directory, before anything goes there, and look at what is in it.

    Whether its files are as they were written is found out by a thread, while others work.

    Raises:
        UserError: it cannot be used, or holds somebody else's pages.
    """
    with refusing(directory):
        record = _read(directory)
    thread = ThreadPoolExecutor(1, thread_name_prefix="keraviz-pages")
    try:
        yield Earlier(record, {name: thread.submit(piece.is_whole, directory) for name, piece in record.pieces.items()})
    finally:
        thread.shutdown(cancel_futures=True)


@contextlib.contextmanager
def refusing(directory: Path) -> Iterator[None]:
    """Turn what the disk refuses into the user's mistake."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{directory} cannot be written: {error.strerror or error}", Code.CANNOT_WRITE) from error


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write a file unless it has this content already; return whether it was written."""
    try:
        if path.read_bytes() == content:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return True


def keep(directory: Path, record: Record) -> None:
    """Note what lies in a directory now."""
    write_if_changed(directory / _FILE, msgspec.json.format(msgspec.json.encode(record), indent=1))


def published(names: Iterable[str]) -> list[str]:
    """Return those of some files that belong to the site."""
    return [name for name in names if f"/{KEPT_ASIDE}/" not in f"/{name}"]


def _read(directory: Path) -> Record:
    """Return what an earlier call wrote; refuse a directory that holds somebody else's ``index.md``."""
    try:
        return msgspec.json.decode((directory / _FILE).read_bytes(), type=Record)
    except FileNotFoundError:
        if (directory / "index.md").exists():
            raise UserError(
                f"{directory} holds an index.md that keraviz did not write: "
                "choose a directory of its own for the pages",
                Code.FOREIGN_FILES,
            ) from None
    except msgspec.DecodeError:
        pass
    return Record([], {})
