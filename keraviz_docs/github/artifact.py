"""What the run that builds a pull request leaves for the one that comments on it: a few small files.

Everything that is read here was written by whoever opened the pull request.  Nothing is unpacked: names are compared,
contents are read up to a limit into memory, and what looks odd is refused as a whole.
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from keraviz_docs.review.comparison import Comparison, from_json, to_json

NAME = "architecture-review"
"""What the artifact is called."""

COMPARISON = "comparison.json"
"""The comparison, as ``keraviz diff --format json`` writes it."""
ERROR = "error.txt"
"""Why there is no comparison."""
NUMBER = "pull-request.txt"
"""The number of the pull request."""

LARGEST = {COMPARISON: 64 << 20, ERROR: 64 << 10, NUMBER: 20}
"""The files that are read, each with the most bytes that it may have."""
LARGEST_ARCHIVE = 12 << 20
"""The most bytes that an archive may have, compressed."""
_MOST_ENTRIES = 16
_KNOWN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


class SuspiciousError(Exception):
    """The artifact is not what a review leaves behind; the message holds no word of what is in it."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a run says about a pull request: a comparison, or why there is none."""

    comparison: Comparison | None = None
    error: str | None = None
    pull_request: int | None = None
    """The number of the pull request that the run claims to be about: a claim, no more."""


def write(directory: Path, review: Review) -> None:
    """Write the files of an artifact; what an earlier review left there is removed.

    Raises:
        OSError: they cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    contents = {
        COMPARISON: None if review.comparison is None else to_json(review.comparison),
        ERROR: None if review.error is None else review.error.encode("utf-8", "backslashreplace"),
        NUMBER: None if review.pull_request is None else f"{review.pull_request}\n".encode(),
    }
    for name, content in contents.items():
        if content is None:
            (directory / name).unlink(missing_ok=True)
        else:
            (directory / name).write_bytes(content)


def read(source: bytes | Path) -> Review:
    """Read an artifact: a zip archive, as bytes or as a file, or a directory.

    Raises:
        SuspiciousError: it is not what a review leaves behind.
    """
    try:
        if isinstance(source, Path) and source.is_dir():
            return _review(dict(_of_directory(source)))
        return _review(dict(_of_archive(source if isinstance(source, bytes) else _whole(source, LARGEST_ARCHIVE))))
    except SuspiciousError:
        raise
    except Exception as error:
        # Parsers answer to damage in many ways (BadZipFile, zlib.error, struct.error, RecursionError, DecodeError);
        # they all mean the same here, and their texts may quote what they have read.
        raise SuspiciousError(f"it cannot be read ({type(error).__name__})") from None


def _review(files: Mapping[str, bytes]) -> Review:
    number = files.get(NUMBER, b"").strip()
    if number and not (number.isdigit() and number.isascii()):
        raise SuspiciousError("the number of the pull request is none")
    comparison = from_json(files[COMPARISON]) if COMPARISON in files else None
    error = files[ERROR].decode("utf-8") if ERROR in files else None
    if comparison is None and error is None:
        raise SuspiciousError("it holds neither a comparison nor a reason why there is none")
    return Review(comparison=comparison, error=error, pull_request=int(number) if number else None)


def _of_archive(data: bytes) -> Iterator[tuple[str, bytes]]:
    if len(data) > LARGEST_ARCHIVE:
        raise SuspiciousError("it is too large")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        _check_names([entry.orig_filename for entry in entries])  # `filename` ends at the first NUL
        for entry in entries:
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                raise SuspiciousError("an entry is no plain file")
            if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _KNOWN_METHODS:
                raise SuspiciousError("an entry is stored in an unusual way")
            if entry.filename in LARGEST:
                with archive.open(entry) as stream:
                    # What an entry says about its size may be a lie; what is read is bounded in any case.
                    yield entry.filename, _bounded(stream.read(LARGEST[entry.filename] + 1), LARGEST[entry.filename])


def _of_directory(directory: Path) -> Iterator[tuple[str, bytes]]:
    with os.scandir(directory) as listing:
        entries = [entry for entry, _ in zip(listing, range(_MOST_ENTRIES + 1), strict=False)]
    _check_names([entry.name for entry in entries])
    for entry in sorted(entries, key=lambda entry: entry.name):
        if not entry.is_file(follow_symlinks=False):
            raise SuspiciousError("an entry is no plain file")
        if entry.name in LARGEST:
            yield entry.name, _whole(Path(entry.path), LARGEST[entry.name])


def _check_names(names: list[str]) -> None:
    if len(names) > _MOST_ENTRIES:
        raise SuspiciousError("it has too many entries")
    if len({name.casefold() for name in names}) < len(names):
        raise SuspiciousError("two entries have the same name")
    if not all(_PLAIN_NAME.fullmatch(name) for name in names):
        raise SuspiciousError("an entry has an unusual name")


def _whole(path: Path, most: int) -> bytes:
    """Read a plain file, neither through a link nor from a device."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as stream:  # noqa: PTH123  # of a descriptor, so that nobody swaps the file in between
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SuspiciousError("an entry is no plain file")
        return _bounded(stream.read(most + 1), most)


def _bounded(data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise SuspiciousError("it is too large")
    return data
