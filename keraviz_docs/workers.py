"""Our own functions, called in processes of their own, so that several cores draw and write at once.

:class:`concurrent.futures.ProcessPoolExecutor` would run the main program's file once more in each process, which
starts a script without an ``if __name__`` guard all over again, and it cannot fork safely where threads are running.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, TypeVar

from keraviz_docs.framing import read_frame, write_frame

_Parameters = ParamSpec("_Parameters")
_Value = TypeVar("_Value")

_PATIENCE = 5.0
"""Seconds that a process gets to remove what it made for itself."""


class Workers:
    """A number of processes that call functions for us; a context manager, which ends them.

    None is started before it is needed.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="keraviz-workers")
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._all: list[_Process] = []
        self._closed = False

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(
        self, function: Callable[_Parameters, _Value], /, *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> Future[_Value]:
        """Have a function of a module called, with arguments that can be pickled; its result comes back so, too.

        The future fails with what the function raises, or with :class:`BrokenExecutor` when its process dies.
        """
        return self._threads.submit(self._call, function, args, kwargs)

    def start(self, function: Callable[[], object], count: int) -> None:
        """Start so many processes, at most all, ahead of need; each imports the module of a function by calling it."""
        for _ in range(min(count, self._count)):
            self.submit(function)

    def close(self) -> None:
        """End the processes now; calls that are not done fail."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._closed = True
            processes, self._all, self._idle = self._all, [], []
        for process in processes:
            process.stop()
        for process in processes:
            process.wait()
        self._threads.shutdown()

    def _call(self, function: Callable[..., _Value], args: object, kwargs: object) -> _Value:
        with self._lock:
            if self._closed:
                raise BrokenExecutor("the workers were stopped")
            process = self._idle.pop() if self._idle else None
            if process is None:
                process = _Process()
                self._all.append(process)
        answer = process.ask(pickle.dumps((function, args, kwargs), pickle.HIGHEST_PROTOCOL))
        with self._lock:
            self._idle.append(process)
        value, error = pickle.loads(answer)  # noqa: S301 - written by this program
        if error is not None:
            raise error
        result: _Value = value
        return result


class _Process:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "keraviz_docs.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # `-m` puts the working directory first on the import path, where a user's `graphviz.py` may lie.
            cwd=Path(__file__).parents[1],
            start_new_session=True,  # Ctrl-C is for us to hear, and to pass on
        )

    def ask(self, request: bytes) -> bytes:
        process = self._process
        assert process.stdin is not None and process.stdout is not None  # noqa: S101  # both are pipes
        try:
            write_frame(process.stdin, request)
            return read_frame(process.stdout)
        except (BrokenPipeError, EOFError):
            raise BrokenExecutor("a process that draws and writes pages died; did memory run out?") from None

    def stop(self) -> None:
        self._process.terminate()

    def wait(self) -> None:
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def main() -> None:
    """Call what is asked for on standard input until that ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what must be removed at the end is
    gc.set_threshold(100_000, 50, 50)  # drawings and pages make many objects and little garbage
    requests = sys.stdin.buffer
    # What is printed must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while True:
        try:
            function, args, kwargs = pickle.loads(read_frame(requests))  # noqa: S301 - written by this program
        except EOFError:
            return
        value, problem = None, None
        try:
            value = function(*args, **kwargs)
        except Exception as error:  # whoever asked gets it
            problem = error
        write_frame(answers, pickle.dumps((value, problem), pickle.HIGHEST_PROTOCOL))


if __name__ == "__main__":
    main()
