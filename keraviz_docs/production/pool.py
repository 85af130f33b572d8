"""Where models are read: anything with the semantics of :mod:`concurrent.futures`.

:class:`LocalPool` reads them on this machine: in processes that fork from one that has imported Keras
(:mod:`~keraviz_docs.production.forking`), or, where a process that has imported TensorFlow cannot be forked safely
(Windows, macOS), in fresh ones (:mod:`~keraviz_docs.production.spawning`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from types import TracebackType
from typing import Literal, Protocol

import msgspec

from keraviz_docs.errors import Code, UserError
from keraviz_docs.manifest.schema import EXECUTOR_PATTERN
from keraviz_docs.manifest.wording import executor_sentence
from keraviz_docs.production import memory, verdict
from keraviz_docs.production.fingerprints import Dependency
from keraviz_docs.production.launching import Launcher, NeverReady
from keraviz_docs.production.messages import Answer, Closed, Ended, Observed, Request

_ROOM_FOR_ONE = 1 << 30
"""Bytes that must be free before one more model is begun beside others."""


class CannotStart(UserError):  # noqa: N818 - it reads as the sentence it stands for
    """The process that reads models could not be started."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Code.CANNOT_START)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What reading one request gave."""

    answer: Answer
    observed: tuple[Observed, ...] = ()
    dependencies: tuple[Dependency, ...] | None = None
    """What it depends on, when that was found out where it was read, because that was on another machine."""
    seconds: float = 0.0


class Pool(Protocol):
    """Reads models somewhere."""

    def submit(self, request: Request, /) -> Future[Result]:
        """Have a request served; the future fails only when the pool itself does."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more requests, and free everything once those under way are done."""

    def kill_workers(self) -> None:
        """Free everything now; futures that are not done fail."""


def close(pool: Pool, error: BaseException | None) -> None:
    """Leave a pool as a ``with`` statement does: let it finish, or, after an error, stop it."""
    if error is not None:
        pool.kill_workers()
    else:
        pool.shutdown()


def default_jobs() -> int:
    """Return how many models to read at once: as many as cores that this process may use and memory allow."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, memory.available() // _ROOM_FOR_ONE))


class LocalPool:
    """Reads models in processes of this machine; nothing is started before the first request.

    When the process that they fork from dies, a new one is started, and what was under way is read once more, one
    model at a time: should one of them be what kills it, only that one fails.
    """

    def __init__(self, jobs: int | None = None, *, method: Literal["fork", "spawn"] | None = None) -> None:
        """Make a pool.

        Args:
            jobs: how many models to read at once; as many as cores and memory allow when not given.
            method: how to start a process, as in :mod:`multiprocessing`; what fits the system when not given.
        """
        self._method = method or default_method()
        self._jobs = jobs or default_jobs()
        self._lock = threading.RLock()
        self._idle = threading.Condition(self._lock)
        self._tickets = itertools.count(1)
        self._waiting: deque[_Job] = deque()
        self._suspects: deque[_Job] = deque()
        self._running: dict[int, _Job] = {}
        self._launcher: Launcher | None = None
        self._closed = False

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close(self, error)

    def submit(self, request: Request, /) -> Future[Result]:
        """Queue a request.

        Raises:
            RuntimeError: the pool was shut down.
        """
        job = _Job(next(self._tickets), request)
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool was shut down")
            self._waiting.append(job)
            self._dispatch()
        return job.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more requests; wait for those under way (unless told not to) and end the processes."""
        with self._lock:
            self._closed = True
            if cancel_futures:
                while self._waiting:
                    self._waiting.popleft().future.cancel()
            if wait:
                self._idle.wait_for(lambda: not (self._running or self._waiting or self._suspects))
            elif self._running or self._waiting or self._suspects:
                return  # whoever finishes last ends the processes
            launcher, self._launcher = self._launcher, None
        if launcher is not None:
            launcher.end()

    def kill_workers(self) -> None:
        """End all processes at once; futures that are not done fail with :class:`BrokenExecutor`."""
        with self._lock:
            self._closed = True
            launcher, self._launcher = self._launcher, None
            running, self._running = list(self._running.values()), {}
            queued = [*self._suspects, *self._waiting]
            self._suspects.clear()
            self._waiting.clear()
            self._idle.notify_all()
        if launcher is not None:
            launcher.end()
        for job in queued:
            job.future.cancel()
        for job in running:
            job.fail(BrokenExecutor("the pool was stopped"))

    def _dispatch(self) -> None:
        """Start what may start now; the lock is held."""
        while (job := self._next()) is not None:
            if not (job.future.running() or job.future.set_running_or_notify_cancel()):
                continue
            if self._launcher is not None and not self._running and self._launcher.is_outdated():
                outdated, self._launcher = self._launcher, None
                outdated.end()
            if self._launcher is None:
                self._launcher = _launcher(self._method)
                threading.Thread(target=self._listen, args=[self._launcher], daemon=True, name="keraviz-pool").start()
            self._running[job.ticket] = job
            with contextlib.suppress(Closed):  # the listener learns of it too, and does what is to be done
                self._launcher.start(job.ticket, job.request)

    def _next(self) -> _Job | None:
        if any(job.attempts for job in self._running.values()):
            return None
        if self._suspects:
            return None if self._running else self._suspects.popleft()
        if not self._waiting or len(self._running) >= self._jobs:
            return None
        if self._running and memory.available() < _ROOM_FOR_ONE:
            return None
        return self._waiting.popleft()

    def _listen(self, launcher: Launcher) -> None:
        """Take in how processes end, until their launcher is at its end."""
        try:
            for ended in launcher.endings():
                self._finish(ended)
            reason = None
        except NeverReady as error:
            reason = str(error)
        with self._lock:
            if self._launcher is not launcher:
                return
            self._launcher = None
            lost = list(self._running.values())
            if reason is not None:
                self._running.update((job.ticket, job) for job in self._waiting)
                self._waiting.clear()
            for job in lost:
                job.attempts += 1
                if reason is None and job.attempts == 1:
                    self._suspects.append(self._running.pop(job.ticket))
            hopeless = list(self._running.values())
        problem = None if reason is None else CannotStart(_complaint(reason, launcher.complaint()))
        launcher.end()
        for job in hopeless:
            if problem is not None:
                job.fail(problem)
            else:
                job.succeed(Result(answer=_killer(job.request)))
        self._forget(*hopeless)

    def _finish(self, ended: Ended) -> None:
        with self._lock:
            job = self._running.get(ended.ticket)
        if job is None:
            return
        try:
            answer, observed = verdict.answer_of(ended, job.request)
            job.succeed(Result(answer=answer, observed=observed, seconds=ended.seconds))
        except Exception as error:  # whoever waits for it must learn of it, and this thread must go on
            job.fail(error)
        self._forget(job)

    def _forget(self, *jobs: _Job) -> None:
        """Make room for others: the futures of these are done."""
        with self._lock:
            for job in jobs:
                self._running.pop(job.ticket, None)
            self._after_change()

    def _after_change(self) -> None:
        self._dispatch()
        if not (self._running or self._waiting or self._suspects):
            self._idle.notify_all()
            if self._closed and self._launcher is not None:
                self._launcher.hang_up()


class Deferred:
    """A pool that is opened by its first request: where nothing is to be read, none has to be there."""

    def __init__(self, opening: Callable[[], Pool]) -> None:
        self._opening = opening
        self._pool: Pool | None = None

    def submit(self, request: Request, /) -> Future[Result]:
        """Have a request served.

        Raises:
            UserError: the pool cannot be opened.
        """
        if self._pool is None:
            self._pool = self._opening()
        return self._pool.submit(request)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Shut the pool down, if it was opened."""
        if self._pool is not None:
            self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def kill_workers(self) -> None:
        """Stop the pool, if it was opened."""
        if self._pool is not None:
            self._pool.kill_workers()


def open_pool(executor: str = "local", jobs: int | None = None) -> Pool:
    """Return the pool that a person names; no process is started and no cluster asked before its first request.

    Args:
        executor: ``local``; ``dask`` for a Dask cluster on this machine; ``dask:ADDRESS`` for that of a scheduler.
        jobs: how many models to read at once on this machine.

    Raises:
        UserError: there is no such executor.
    """
    if re.search(EXECUTOR_PATTERN, executor) is None:
        raise UserError(executor_sentence(executor), Code.EXECUTOR)
    kind, _, address = executor.partition(":")
    return LocalPool(jobs) if kind == "local" else Deferred(lambda: _cluster(address or None, jobs))


class Pools:
    """Pools that stay open for several builds: one for each executor, opened when it is first asked for."""

    def __init__(self, jobs: int | None = None) -> None:
        """Open nothing yet.

        Args:
            jobs: how many models each pool reads at once on this machine.
        """
        self._jobs = jobs
        self._opened: dict[str, Pool] = {}

    def __enter__(self) -> Pools:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._opened.values():
            close(pool, error)

    def of(self, executor: str) -> Pool:
        """Return the pool of an executor.

        Raises:
            UserError: there is no such executor.
        """
        if executor not in self._opened:
            self._opened[executor] = open_pool(executor, self._jobs)
        return self._opened[executor]

    def kill_workers(self) -> None:
        """Stop all pools at once."""
        for pool in self._opened.values():
            pool.kill_workers()
        self._opened.clear()


def default_method() -> Literal["fork", "spawn"]:
    """Return how to start processes here; macOS's system libraries do not survive a fork (:mod:`multiprocessing`)."""
    return "fork" if hasattr(os, "fork") and sys.platform != "darwin" else "spawn"


def _launcher(method: Literal["fork", "spawn"]) -> Launcher:
    if method == "fork":
        from keraviz_docs.production.forking import WarmParent

        return WarmParent()
    from keraviz_docs.production.spawning import FreshProcesses

    return FreshProcesses()


def _cluster(address: str | None, jobs: int | None) -> Pool:
    from keraviz_docs.production.clusters import ClusterPool

    return ClusterPool(address, jobs=jobs)


def _complaint(reason: str, said: str) -> str:
    return f"Keras and TensorFlow cannot be imported by {sys.executable}: {reason}" + (f"\n{said}" if said else "")


class _Job:
    def __init__(self, ticket: int, request: Request) -> None:
        self.ticket = ticket
        self.request = request
        self.future: Future[Result] = Future()
        self.attempts = 0
        """How many launchers died while this was under way."""

    def succeed(self, result: Result) -> None:
        if not self.future.done():
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        if self.future.running() or (not self.future.done() and self.future.set_running_or_notify_cancel()):
            self.future.set_exception(error)


def _killer(request: Request) -> Answer:
    return request.failure(
        "crash", "It killed the process that reads models, twice; a builder must not end other processes."
    )
