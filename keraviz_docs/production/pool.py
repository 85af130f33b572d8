"""Where models are read: anything with the semantics of :mod:`concurrent.futures`.

:class:`LocalPool` reads them on this machine, in processes that fork from a warm parent
(:mod:`~keraviz_docs.production.warm_parent`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

import keraviz_docs
from keraviz_docs.errors import UserError
from keraviz_docs.production import memory, places, verdict
from keraviz_docs.production.fingerprints import configuration
from keraviz_docs.production.messages import (
    Answer,
    Closed,
    Ended,
    FromParent,
    Observed,
    Ready,
    Request,
    Start,
    Started,
    Unfit,
    receive,
    send,
)

_ROOM_FOR_ONE = 1 << 30
"""Bytes that must be free before one more model is begun beside others."""

FIXED_VARIABLES: Mapping[str, str] = {
    "KERAS_BACKEND": "tensorflow",  # models are traced with its graphs
    "CUDA_VISIBLE_DEVICES": "-1",  # reading computes nothing, and opening a GPU costs seconds and gigabytes
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OPENBLAS_NUM_THREADS": "1",  # its threads would be there before the fork
    "OMP_NUM_THREADS": "1",
}
"""Environment variables that every process which reads models gets."""


_HERE = Path(keraviz_docs.__file__).parent


class CannotStart(UserError):  # noqa: N818 - it reads as the sentence it stands for
    """The process that reads models could not be started."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What reading one request gave."""

    answer: Answer
    observed: tuple[Observed, ...] = ()
    seconds: float = 0.0


class Pool(Protocol):
    """Reads models somewhere."""

    def submit(self, request: Request, /) -> Future[Result]:
        """Have a request served; the future fails only when the pool itself does."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more requests, and free everything once those under way are done."""

    def kill_workers(self) -> None:
        """Free everything now; futures that are not done fail."""


def default_jobs() -> int:
    """Return how many models to read at once: as many as cores that this process may use and memory allow."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, memory.available() // _ROOM_FOR_ONE))


def environment() -> dict[str, str]:
    """Return the variables that builders see: this process's own, and the fixed ones."""
    return {**os.environ, **FIXED_VARIABLES}


class LocalPool:
    """Reads models in child processes of a warm parent, which starts with the first request.

    When the warm parent dies, a new one is started, and what was under way is read once more, one model at a time:
    should one of them be what kills it, only that one fails.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = jobs or default_jobs()
        self._lock = threading.RLock()
        self._idle = threading.Condition(self._lock)
        self._tickets = itertools.count(1)
        self._waiting: deque[_Job] = deque()
        self._suspects: deque[_Job] = deque()
        self._running: dict[int, _Job] = {}
        self._parent: _WarmParent | None = None
        self._closed = False

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill_workers() if error is not None else self.shutdown()

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
            parent, self._parent = self._parent, None
        if parent is not None:
            parent.end()

    def kill_workers(self) -> None:
        """End all processes at once; futures that are not done fail with :class:`BrokenExecutor`."""
        with self._lock:
            self._closed = True
            parent, self._parent = self._parent, None
            running, self._running = list(self._running.values()), {}
            queued = [*self._suspects, *self._waiting]
            self._suspects.clear()
            self._waiting.clear()
            self._idle.notify_all()
        if parent is not None:
            parent.end()
        for job in queued:
            job.future.cancel()
        for job in running:
            job.fail(BrokenExecutor("the pool was stopped"))

    def _dispatch(self) -> None:
        """Start what may start now; the lock is held."""
        while (job := self._next()) is not None:
            if not (job.future.running() or job.future.set_running_or_notify_cancel()):
                continue
            if self._parent is not None and not self._running and self._parent.is_outdated():
                outdated, self._parent = self._parent, None
                outdated.end()
            if self._parent is None:
                self._parent = _WarmParent()
                threading.Thread(target=self._listen, args=[self._parent], daemon=True, name="keraviz-pool").start()
            self._running[job.ticket] = job
            with contextlib.suppress(Closed):  # the listener learns of it too, and does what is to be done
                self._parent.start(job)

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

    def _listen(self, parent: _WarmParent) -> None:
        """Take in what a warm parent says, until it is gone."""
        try:
            for ended in parent.endings():
                self._finish(ended)
            reason = None
        except _NeverReady as error:
            reason = str(error)
        with self._lock:
            if self._parent is not parent:
                return
            self._parent = None
            lost = list(self._running.values())
            self._running = {}
        problem = None if reason is None else CannotStart(parent.complaint(reason))
        parent.end()
        for job in lost:
            job.attempts += 1
            if problem is not None:
                job.fail(problem)
            elif job.attempts > 1:
                job.succeed(Result(answer=_killer(job.request)))
            else:
                self._suspects.append(job)
        with self._lock:
            if problem is not None:
                while self._waiting:
                    self._waiting.popleft().fail(problem)
            self._after_change()

    def _finish(self, ended: Ended) -> None:
        with self._lock:
            job = self._running.get(ended.ticket)
        if job is None:
            return
        answer, observed = verdict.answer_of(ended, job.request)
        job.succeed(Result(answer=answer, observed=observed, seconds=ended.seconds))
        with self._lock:
            self._running.pop(ended.ticket, None)
            self._after_change()

    def _after_change(self) -> None:
        self._dispatch()
        if not (self._running or self._waiting or self._suspects):
            self._idle.notify_all()
            if self._closed and self._parent is not None:
                self._parent.hang_up()


class _NeverReady(Exception):  # noqa: N818 - it reads as the sentence it stands for
    """A warm parent ended before it had imported everything."""


class _Job:
    def __init__(self, ticket: int, request: Request) -> None:
        self.ticket = ticket
        self.request = request
        self.future: Future[Result] = Future()
        self.attempts = 0
        """How many warm parents died while this was under way."""

    def succeed(self, result: Result) -> None:
        if not self.future.done():
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        if self.future.running() or self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


class _WarmParent:
    """This side of a process that runs :mod:`keraviz_docs.production.warm_parent`."""

    def __init__(self) -> None:
        self._connection, theirs = socket.socketpair()
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._children: dict[int, int] = {}
        self._world = _world()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, with our own interpreter
                [sys.executable, "-m", "keraviz_docs.production.warm_parent", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                cwd=_HERE.parent,  # from where our own package can be imported
                env=environment(),
                start_new_session=True,  # Ctrl-C is for us to hear, and to pass on
            )

    def start(self, job: _Job) -> None:
        """Have a child serve a job.

        Raises:
            Closed: the process is gone.
        """
        limits = job.request.limits
        send(
            self._connection,
            Start(job.ticket, limits.timeout, limits.memory, pickle.dumps(job.request, pickle.HIGHEST_PROTOCOL)),
        )

    def endings(self) -> Iterator[Ended]:
        """Yield the children's endings until the process is gone.

        Raises:
            _NeverReady: it could not import what it needs.
        """
        ready = False
        while True:
            try:
                message: FromParent = receive(self._connection, FromParent)
            except Closed:
                if ready:
                    return
                raise _NeverReady("its process ended") from None
            match message:
                case Ready():
                    ready = True
                case Unfit(text):
                    raise _NeverReady(text) from None
                case Started(ticket, pid):
                    self._children[ticket] = pid
                case Ended():
                    self._children.pop(message.ticket, None)
                    yield message

    def is_outdated(self) -> bool:
        """Tell whether a process that started now might import something else."""
        return self._world != _world()

    def hang_up(self) -> None:
        """Tell the process to end; do not wait for it."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Have the process and all its children ended."""
        self.hang_up()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in self._children.values():  # theirs to end; ours only if it was killed before it could
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        self._connection.close()
        self._said.close()

    def complaint(self, reason: str) -> str:
        """Say why the process could not start, with the last of what it printed."""
        self._said.seek(0)
        said = verdict.readable(self._said.read())
        return f"Keras and TensorFlow cannot be imported by {sys.executable}: {reason}" + (f"\n{said}" if said else "")


def _world() -> list[str]:
    """Return what a warm parent depends on: Keras's configuration, which packages are installed, and our own code."""
    folders = [Path(folder) for folder in places.package_folders()]
    imported = [*(folder for folder in folders if folder.is_dir()), *sorted(_HERE.rglob("*.py"))]
    return [*configuration(environment()), *(f"{path} {path.stat().st_mtime_ns}" for path in imported)]


def _killer(request: Request) -> Answer:
    return request.failure(
        "crash", "It killed the process that reads models, twice; a builder must not end other processes."
    )
