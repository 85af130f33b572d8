"""Answers that were given before, found again as long as nothing they depend on has changed.

A request has a key: the entry as far as it matters for reading, and what no process can observe.  Under that key stand
traces, the last few: what reading it depended on, and the digest of the answer.  The first trace whose dependencies are
all still what they were leads to the answer.

Of failures, only those are remembered that follow from the entry and the code alone: arguments that do not fit, say.
Why a builder raised is often nothing that can be observed (the network, a full disk), and who has mended it must not
be told of it again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import msgspec

import keraviz_docs
from keraviz_docs.digests import digest
from keraviz_docs.errors import Code, UserError
from keraviz_docs.outcome import Failure, FailureKind, Packed
from keraviz_docs.production.fingerprints import Dependency, Fingerprints
from keraviz_docs.production.memory import MEBIBYTE
from keraviz_docs.production.messages import Discovery, Request
from keraviz_docs.production.store import Entry, Store

_FORMAT = "2"
"""Version of the layout: a number; other versions lie beside it and are trimmed with the rest."""

_TRACES = 8
"""So many states of the sources are remembered for one entry: branches that a person switches between."""

_TRIES = 20
_CLEARED = "cleared-"
"""What is on its way out is called so."""

_LASTING: frozenset[FailureKind] = frozenset(("arguments", "wrong-return", "unbuilt"))
"""Failures that come back until the entry or the code is mended."""

_DEFAULT_LIMIT = 2048 * MEBIBYTE
_AFTER_TRIMMING = 0.8
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# This directory holds what keraviz can make again.\n"
"""https://bford.info/cachedir/: backup programs leave such a directory out."""

_log = logging.getLogger("keraviz_docs.production")


Known = Packed | Failure | Discovery
"""An answer as a build holds it."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """An answer from the cache."""

    answer: Known
    digest: str
    """As :func:`identity` gives it."""
    dependencies: tuple[Dependency, ...]


@dataclass(frozen=True, kw_only=True)
class Held:
    """How much of one kind of thing a cache holds."""

    entries: int
    size: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a cache holds."""

    directory: Path
    readings: Held
    """Models that were read, and modules that were searched for models."""
    diagrams: Held
    """All drawings of a model, and drawings of what differs between two."""
    others: Held
    """What other versions of the layout left; it goes like everything else when it was not used for longest."""
    limit: int
    """Bytes beyond which the least recently used goes."""

    @property
    def size(self) -> int:
        """Bytes of everything."""
        return self.readings.size + self.diagrams.size + self.others.size


def identity(answer: Known) -> str:
    """Return a digest: equal answers have equal ones, in every process."""
    return answer.content if isinstance(answer, Packed) else digest(msgspec.json.encode(answer, order="deterministic"))


class Cache:
    """A directory that any number of builds may use at once, and that may be deleted at any time."""

    def __init__(self, directory: Path, *, limit: int | None = None) -> None:
        """Use a directory.

        Args:
            directory: where it lies; it is made when something is first stored.
            limit: bytes; the variable ``KERAVIZ_CACHE_SIZE`` (MiB) or 2 GiB when not given.
        """
        self.directory = directory
        self.limit = limit if limit is not None else _limit()
        self.diagrams = Store(directory / _FORMAT / "diagrams")
        """For drawings, under the digest of everything that they are made from."""
        self._traces = Store(directory / _FORMAT / "traces")
        self._answers = Store(directory / _FORMAT / "answers")

    @classmethod
    def of(cls, project: Path, chosen: Path | None = None) -> Cache:
        """Return a project's cache: the chosen directory, or what ``KERAVIZ_CACHE`` names, or ``.keraviz/cache``.

        Raises:
            UserError: ``KERAVIZ_CACHE_SIZE`` is no number.
        """
        named = os.environ.get("KERAVIZ_CACHE")
        directory = chosen or (Path(named).expanduser() if named else project / ".keraviz" / "cache")
        return cls(directory.absolute())

    def find(self, request: Request, fingerprints: Fingerprints) -> Hit | None:
        """Return the answer to a request, if one is known that still holds."""
        for trace in self._known(_key(request, fingerprints)):
            if fingerprints.hold(trace.dependencies):
                answer = self._answer(trace.answer)
                if answer is not None:
                    return Hit(answer=answer, digest=trace.answer, dependencies=trace.dependencies)
        return None

    def remember(
        self, request: Request, answer: Known, dependencies: tuple[Dependency, ...], fingerprints: Fingerprints
    ) -> bool:
        """Store an answer, unless it is a failure that may pass; tell whether it was stored."""
        if isinstance(answer, Failure) and answer.kind not in _LASTING:
            return False
        trace = _Trace(dependencies, identity(answer))
        key = _key(request, fingerprints)
        others = [each for each in self._known(key) if each.dependencies != dependencies]
        try:
            self._mark()
            self._answers.put(trace.answer, msgspec.msgpack.encode(answer, order="deterministic"))
            self._traces.put(key, msgspec.json.encode([trace, *others][:_TRACES]))
        except OSError as error:
            _log.warning("%s: nothing can be cached there: %s", self.directory, error)
            return False
        return True

    def usage(self) -> Usage:
        """Count what is there."""
        traces, answers, diagrams = (store.entries() for store in (self._traces, self._answers, self.diagrams))
        ours = {self._traces.directory, self._answers.directory, self.diagrams.directory}
        others = [entry for store in self._stores() if store.directory not in ours for entry in store.entries()]
        return Usage(
            directory=self.directory,
            readings=Held(entries=len(traces), size=_size([*traces, *answers])),
            diagrams=Held(entries=len(diagrams), size=_size(diagrams)),
            others=Held(entries=len(others), size=_size(others)),
            limit=self.limit,
        )

    def clear(self) -> None:
        """Remove everything that this or another version stored, and nothing else that lies in the directory.

        A build that is under way goes on: what it stores from now on is there, and what it lacks it makes again.

        Raises:
            OSError: it cannot be removed.
        """
        for version in self.directory.glob("[0-9]*"):
            with contextlib.suppress(FileNotFoundError):  # somebody else clears it, too
                # Away at once, so that nobody stores into what is being removed.
                version.rename(self.directory / f"{_CLEARED}{secrets.token_hex(8)}")
        for cleared in self.directory.glob(f"{_CLEARED}*"):
            _remove_whole(cleared)

    def trim(self) -> None:
        """Remove what was not used for longest, until well below the limit; and what died half written."""
        for store in self._stores():
            store.remove_unfinished()
        entries = sorted((entry for store in self._stores() for entry in store.entries()), key=lambda entry: entry.used)
        size = sum(entry.size for entry in entries)
        if size <= self.limit:
            return
        for entry in entries:
            entry.remove()
            size -= entry.size
            if size <= self.limit * _AFTER_TRIMMING:
                return

    def _stores(self) -> list[Store]:
        """Return the stores of every version."""
        return [Store(directory) for directory in sorted(self.directory.glob("[0-9]*/*"))]

    def _known(self, key: str) -> list[_Trace]:
        data = self._traces.get(key)
        if data is None:
            return []
        try:
            return msgspec.json.decode(data, type=list[_Trace])
        except msgspec.DecodeError:
            return []

    def _answer(self, name: str) -> Known | None:
        data = self._answers.get(name)
        if data is None:
            return None
        try:
            return _ANSWERS.decode(data)
        except msgspec.DecodeError:
            return None

    def _mark(self) -> None:
        """Keep version control and backups out of the directory."""
        if not (self.directory / "CACHEDIR.TAG").exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            (self.directory / ".gitignore").write_text("*\n", encoding="utf-8")
            (self.directory / "CACHEDIR.TAG").write_text(_TAG, encoding="utf-8")


_ANSWERS: msgspec.msgpack.Decoder[Known] = msgspec.msgpack.Decoder(Known)


class _Trace(msgspec.Struct, frozen=True, array_like=True):
    dependencies: tuple[Dependency, ...]
    answer: str


def _limit() -> int:
    chosen = os.environ.get("KERAVIZ_CACHE_SIZE", "")
    if chosen and not chosen.isdecimal():
        raise UserError(f"KERAVIZ_CACHE_SIZE is {chosen!r}; write a number of MiB, such as 4096", Code.OPTION_VALUE)
    return int(chosen) * MEBIBYTE if chosen else _DEFAULT_LIMIT


def _size(entries: Iterable[Entry]) -> int:
    return sum(entry.size for entry in entries)


def _key(request: Request, fingerprints: Fingerprints) -> str:
    parts = [
        _FORMAT,
        keraviz_docs.__version__,
        *fingerprints.configuration,
        _spelled(request.entry, fingerprints),
    ]
    return digest("\0".join(parts).encode("utf-8", "surrogateescape"))


def _spelled(value: Any, fingerprints: Fingerprints) -> str:
    """Write a value of a manifest so that different values look different, in the same way in every process.

    The order of a mapping counts: a builder may make a head for each key.
    """
    if is_dataclass(value):
        inside = ", ".join(f"{each.name}={_spelled(getattr(value, each.name), fingerprints)}" for each in fields(value))
        return f"{type(value).__name__}({inside})"
    if isinstance(value, Path):
        return f"Path({fingerprints.name(fingerprints.path(str(value)))!r})"
    if isinstance(value, Mapping):
        inside = ", ".join(
            f"{_spelled(key, fingerprints)}: {_spelled(each, fingerprints)}" for key, each in value.items()
        )
        return f"{{{inside}}}"
    if isinstance(value, (set, frozenset)):
        return f"set({sorted(_spelled(each, fingerprints) for each in value)})"
    if isinstance(value, (list, tuple)):
        inside = ", ".join(_spelled(each, fingerprints) for each in value)
        return f"{type(value).__name__}({inside})"
    if value is None or isinstance(value, (bool, int, float, str, bytes, dt.date)):
        return repr(value)
    raise TypeError(f"a manifest cannot hold a {type(value).__name__}")


def _remove_whole(directory: Path) -> None:
    """Remove a directory into which somebody may just be finishing a file, or which somebody else removes, too."""
    for left in reversed(range(_TRIES)):
        try:
            shutil.rmtree(directory)
        except OSError:  # noqa: PERF203  # each attempt counts
            if not directory.exists():
                return
            if not left:
                raise
        else:
            return
