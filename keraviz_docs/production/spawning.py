"""Starting models on systems that cannot fork: a fresh process for each, which imports Keras itself."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from keraviz_docs.outcome import FailureKind
from keraviz_docs.production import isolation, memory, verdict
from keraviz_docs.production.launching import GRACE, HERE, TAIL, NeverReady, environment
from keraviz_docs.production.messages import Closed, Ended, Request, packed

REQUEST, SAID, BEGUN, ANSWER, STACK = "request", "said", "begun", "answer", "stack"
"""Files by which a process and its launcher talk: pipes beyond the standard three are different on every system."""

UNFIT = 87
"""Exit status of a process that could not import what it needs."""

_EVERY = 0.05
_IMPORTING = 300.0
"""Seconds within which a process must have imported Keras."""


class FreshProcesses:
    """Starts one process per request, each watched by a thread of its own."""

    def __init__(self) -> None:
        self._endings: queue.SimpleQueue[Ended | NeverReady | None] = queue.SimpleQueue()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._ended = False
        self._said = b""

    def start(self, ticket: int, request: Request, /) -> None:
        """Start a process for a request.

        Raises:
            Closed: this launcher is at its end.
        """
        if self._ended:
            raise Closed
        threading.Thread(target=self._see_through, args=[ticket, request], daemon=True, name="keraviz-model").start()

    def endings(self) -> Iterator[Ended]:
        """Yield how each process ended, until this launcher is at its end.

        Raises:
            NeverReady: a process could not import what it needs.
        """
        while (ending := self._endings.get()) is not None:
            if isinstance(ending, NeverReady):
                raise ending
            yield ending

    def is_outdated(self) -> bool:
        """Tell whether a fresh process might be another one: never, since each is fresh."""
        return False

    def complaint(self) -> str:
        """Return what was printed by the process that could not import what it needs."""
        return verdict.readable(self._said)

    def hang_up(self) -> None:
        """Stop; every process is ended."""
        self.end()

    def end(self) -> None:
        """End all processes."""
        with self._lock:
            self._ended = True
            processes = list(self._processes)
        for process in processes:
            _kill(process)
        self._endings.put(None)

    def _see_through(self, ticket: int, request: Request) -> None:
        with tempfile.TemporaryDirectory(prefix="keraviz-", ignore_cleanup_errors=True) as folder:
            ended = self._watched(ticket, request, Path(folder))
            if ended.exit_code == UNFIT and not (Path(folder) / BEGUN).exists():
                self._said = _contents(Path(folder) / SAID)
                self._endings.put(NeverReady("its process ended"))
            else:
                self._endings.put(ended)

    def _watched(self, ticket: int, request: Request, folder: Path) -> Ended:
        (folder / REQUEST).write_bytes(packed(request))
        with self._lock:
            if self._ended:
                return Ended(ticket=ticket, exit_code=1)
            process = subprocess.Popen(  # noqa: S603 - our own module, with our own interpreter
                [sys.executable, "-m", "keraviz_docs.production.fresh_process", str(folder)],
                stdin=subprocess.PIPE,  # its end is how the process learns that we are gone
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=HERE.parent,
                env=environment(),
                start_new_session=True,
            )
            self._processes.add(process)
        tail = _Tail(process)
        exceeded, seconds = _wait(process, request, folder)
        _kill(process)
        process.wait()
        with self._lock:
            self._processes.discard(process)
        output = tail.finish()
        return Ended(
            ticket=ticket,
            exit_code=process.returncode,
            exceeded=exceeded,
            seconds=seconds,
            answer=_contents(folder / ANSWER),
            output=output,
            stack=_contents(folder / STACK)[:TAIL],
        )


class _Tail:
    """Takes everything that a process prints, and keeps the end."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            raise ValueError("the process prints elsewhere")
        self._stream: IO[bytes] = process.stdout
        self._process = process
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._drain, daemon=True, name="keraviz-output")
        self._thread.start()

    def finish(self) -> bytes:
        """Return the end of it, once the process is over; somebody else may still hold the pipe open."""
        self._thread.join(timeout=1.0)
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if not self._thread.is_alive():
            self._stream.close()
        return bytes(self._kept[-TAIL:])

    def _drain(self) -> None:
        while part := os.read(self._stream.fileno(), 1 << 16):
            self._kept += part
            if len(self._kept) > 2 * TAIL:
                del self._kept[:-TAIL]


def _wait(process: subprocess.Popen[bytes], request: Request, folder: Path) -> tuple[FailureKind | None, float]:
    """Wait for a process to end or to go beyond its limits; return which, and how long it took without the import."""
    started = time.monotonic()
    began: float | None = None
    baseline = 0
    while process.poll() is None:
        now = time.monotonic()
        if began is None:
            if (folder / BEGUN).exists():
                began = now
                baseline = memory.used_by(process.pid) if request.limits.memory is not None else 0
            elif now - started > _IMPORTING:
                return "timeout", now - started
        elif now - began > request.limits.timeout + GRACE:
            return "timeout", now - began
        elif memory.is_beyond(request.limits.memory, process.pid, baseline):
            return "memory", now - began
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_EVERY)
    return None, time.monotonic() - (began or started)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started, as far as the system can tell."""
    isolation.kill_descendants(process.pid)
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
