"""From the entries of a manifest to the outcomes of all models."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import keraviz_docs
from keraviz_docs.errors import Code, UserError
from keraviz_docs.manifest.entries import DiscoverEntry, ModelEntry
from keraviz_docs.outcome import Failure, Packed, Reading
from keraviz_docs.production.cache import Cache, Hit, Known, identity
from keraviz_docs.production.fingerprints import Dependency, Fingerprints
from keraviz_docs.production.launching import environment
from keraviz_docs.production.messages import Discovery, Request
from keraviz_docs.production.pool import LocalPool, Pool, Result
from keraviz_docs.production.progress import Progress, Silent
from keraviz_docs.production.report import ModelReport, Report
from keraviz_docs.production.sharding import Shard

Place = tuple[int, int]
"""Where a model stands: the position of its entry in the manifest, and its position among what that entry gave."""


def produce(
    entries: Sequence[ModelEntry | DiscoverEntry],
    project: Path,
    *,
    cache: Cache | None = None,
    jobs: int | None = None,
    pool: Pool | None = None,
    progress: Progress | None = None,
    shard: Shard | None = None,
    tell: Callable[[ModelReport], object] | None = None,
    begin: Callable[[int], object] | None = None,
) -> Report:
    """Read all models, each in a process of its own.

    Args:
        entries: what to read, as a manifest gives it.
        project: the directory that imports and relative paths start from.
        cache: where answers are looked up and kept; nothing is kept when not given.
        jobs: how many to read at once; as many as cores and memory allow when not given.
        pool: where to read them, when not in processes that live as long as this call.  It stays open.
        progress: is told what happens; nobody is when not given.
        shard: which share of the models to read; all when not given.
        tell: is called with each model as soon as it is known, while others are still being read.
        begin: is called once, with the number of models that are in no cache, while the process that reads them starts.

    Returns:
        A report that has an outcome for every model of the share; a model that could not be read has a failure there.

    Raises:
        UserError: Keras and TensorFlow cannot be imported, or two entries give models of the same id.
        KeyboardInterrupt: no process of an own pool is left then.
    """
    progress = progress or Silent()
    report: Report | None = None
    try:
        with _opened(pool, jobs) as opened:
            report = _Production(project.resolve(), cache, opened, progress, shard, tell, begin).run(entries)
    finally:
        progress.close(report)
    return report


@contextlib.contextmanager
def _opened(pool: Pool | None, jobs: int | None) -> Iterator[Pool]:
    if pool is not None:
        yield pool
    else:
        with LocalPool(jobs) as own:
            yield own


class _Production:
    def __init__(
        self,
        project: Path,
        cache: Cache | None,
        pool: Pool,
        progress: Progress,
        shard: Shard | None,
        tell: Callable[[ModelReport], object] | None,
        begin: Callable[[int], object] | None,
    ) -> None:
        self._shard = shard
        self._tell = tell
        self._begin = begin
        self._project = project
        self._cache = cache
        self._pool = pool
        self._progress = progress
        self._environment = environment()
        self._fingerprints = Fingerprints(project, self._environment)
        self._under_way: dict[Future[Result], _Reading] = {}
        self._done: SimpleQueue[Future[Result]] = SimpleQueue()
        self._models: dict[Place, ModelReport] = {}
        self._entries: dict[str, ModelEntry] = {}
        self._undiscovered: dict[Place, Failure] = {}
        self._watched: set[Path] = set()
        self._listed: set[Path] = set()
        self._missing: set[Path] = set()
        self._stored = False
        self._expected = 0

    def run(self, entries: Sequence[ModelEntry | DiscoverEntry]) -> Report:
        began = time.monotonic()
        self._enlist([((index, 0), entry) for index, entry in enumerate(entries)])
        if self._under_way and self._cache is not None:
            self._fingerprints.prepare()
        while self._under_way:
            future = self._done.get()
            self._receive(self._under_way.pop(future), future.result())
        if self._cache is not None and self._stored:
            self._cache.trim()
        return Report(
            models=tuple(model for _, model in sorted(self._models.items(), key=lambda item: item[0])),
            undiscovered=tuple(failure for _, failure in sorted(self._undiscovered.items(), key=lambda item: item[0])),
            watched=tuple(sorted(self._watched)),
            listed=tuple(sorted(self._listed)),
            missing=tuple(sorted(self._missing)),
            seconds=time.monotonic() - began,
        )

    def _enlist(self, placed: Sequence[tuple[Place, ModelEntry | DiscoverEntry]]) -> None:
        for place, entry in placed:
            if isinstance(entry, ModelEntry):
                other = self._entries.setdefault(entry.id, entry)
                if other is not entry:
                    raise UserError(_clash(entry, other), Code.SAME_ID)
                self._expected += self._is_ours(place)
        self._progress.expect(self._expected)
        # What is to be read is on its way before anything is done about what is known.
        hits: list[tuple[Place, ModelEntry | DiscoverEntry, Hit]] = []
        for place, entry in placed:
            if isinstance(entry, ModelEntry) and not self._is_ours(place):
                continue
            request = Request(
                entry=_essence(entry), project=self._project, limits=entry.limits, environment=self._environment
            )
            known = self._cache.find(request, self._fingerprints) if self._cache is not None else None
            if known is not None:
                hits.append((place, entry, known))
                continue
            if isinstance(entry, ModelEntry):
                self._progress.begin(entry.id)
            future = self._pool.submit(request)
            self._under_way[future] = _Reading(place, entry, request)
            future.add_done_callback(self._done.put)
        if self._under_way and self._begin is not None:
            self._begin(len(self._under_way))
            self._begin = None
        for place, entry, known in hits:
            files = self._note(
                ("missing" if each.what == "presence" and each.fingerprint is None else each.what, each.name)
                for each in known.dependencies
            )
            self._settle(place, entry, known.answer, known.digest, files=files, from_cache=True)

    def _is_ours(self, place: Place) -> bool:
        return self._shard is None or self._shard.holds(sum(place))

    def _receive(self, reading: _Reading, result: Result) -> None:
        answer = Packed.of(result.answer) if isinstance(result.answer, Reading) else result.answer
        if self._cache is not None:
            dependencies = self._dependencies(result)
            if dependencies is not None:
                stored = self._cache.remember(reading.request, answer, dependencies, self._fingerprints)
                self._stored = self._stored or stored
        files = self._note((each.what, each.name) for each in result.observed)
        self._settle(reading.place, reading.entry, answer, identity(answer), files=files, seconds=result.seconds)

    def _note(self, dependencies: Iterable[tuple[str, str]]) -> list[Path]:
        """Remember which paths in the project ask for a new build when something appears there; return the files."""
        paths = [
            (what, self._fingerprints.path(name))
            for what, name in dependencies
            if what in ("file", "directory", "missing")
        ]
        for what, found in (("directory", self._listed), ("missing", self._missing)):
            found.update(path for kind, path in paths if kind == what and path.is_relative_to(self._project))
        return [path for what, path in paths if what == "file"]

    def _dependencies(self, result: Result) -> tuple[Dependency, ...] | None:
        if result.dependencies is None:
            return self._fingerprints.settle(result.observed)
        return result.dependencies if self._fingerprints.hold(result.dependencies) else None

    def _settle(
        self,
        place: Place,
        entry: ModelEntry | DiscoverEntry,
        answer: Known,
        content: str,
        *,
        files: Iterable[Path],
        seconds: float = 0.0,
        from_cache: bool = False,
    ) -> None:
        dependencies = tuple(sorted({file for file in files if not str(file).startswith(_OURS)}))
        self._watched.update(dependencies)
        if isinstance(entry, ModelEntry) and isinstance(answer, (Packed, Failure)):
            report = ModelReport(
                entry=entry,
                held=answer,
                digest=content,
                from_cache=from_cache,
                seconds=seconds,
                dependencies=dependencies,
            )
            self._models[place] = report
            self._progress.finish(report)
            if self._tell is not None:
                self._tell(report)
        elif isinstance(entry, DiscoverEntry) and isinstance(answer, Discovery):
            found = [entry.found(model.id, model.target) for model in answer.models]
            self._enlist([((place[0], index), model) for index, model in enumerate(found)])
        elif isinstance(entry, DiscoverEntry) and isinstance(answer, Failure):
            self._undiscovered[place] = answer
        else:
            raise TypeError(f"a {type(answer).__name__} is no answer to a {type(entry).__name__}")


@dataclass(frozen=True)
class _Reading:
    """A request that was handed to the pool."""

    place: Place
    entry: ModelEntry | DiscoverEntry
    request: Request


_OURS = os.path.join(Path(keraviz_docs.__file__).parent, "")  # noqa: PTH118 - a prefix, compared as text


def _essence(entry: ModelEntry | DiscoverEntry) -> ModelEntry | DiscoverEntry:
    """Return what reading depends on: how a model is presented must not change what is read."""
    if isinstance(entry, DiscoverEntry):
        return DiscoverEntry(module=entry.module)
    return ModelEntry(
        id=entry.id,
        target=entry.target,
        kwargs=entry.kwargs,
        inputs=entry.inputs,
        batch=entry.batch,
        source=entry.source,
    )


def _clash(entry: ModelEntry, other: ModelEntry) -> str:
    places = " and ".join(str(each.position) for each in (other, entry) if each.position is not None)
    return (
        f"{places}: " if places else ""
    ) + f"`{other.target}` and `{entry.target}` both have the id `{entry.id}`; give one of them another `id`"
