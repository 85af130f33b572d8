"""A process that has imported Keras and TensorFlow, and forks one child for every model.

It runs as ``python -m keraviz_docs.production.warm_parent DESCRIPTOR``, where the descriptor is a connected socket.
It runs no zoo code and has no threads, so that forking is safe and every child starts equal; it watches over the
children's time and memory, and ends with all of them as soon as the other side of the socket is closed.

:mod:`multiprocessing` has a fork server too, but each of its children runs the main program's file once more, limits
nothing, and captures no output.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
import traceback
from typing import IO, NoReturn

import psutil

from keraviz_docs.outcome import FailureKind
from keraviz_docs.production import child, isolation, memory
from keraviz_docs.production.launching import GRACE, TAIL
from keraviz_docs.production.messages import Closed, Ended, Ready, Start, Started, Unfit, receive, send, unpacked
from keraviz_docs.production.observing import Observer

_EVERY = 0.05
"""Seconds between two looks at the memory of children that have a limit."""

_GENERATIONS = 20
"""How often orphans are looked for: the children of a killed orphan are orphans in turn."""


def main() -> None:
    """Import Keras, then fork children until the other side hangs up."""
    origin = os.getppid()
    connection = socket.socket(fileno=int(sys.argv[1]))
    sys.argv[1:] = []
    try:
        child.prepare()
    except BaseException as error:  # also SystemExit: whatever an installation in pieces does
        traceback.print_exc()
        send(connection, Unfit(f"{type(error).__name__}: {error}"))
        return
    isolation.adopt_orphans()
    nursery = _Nursery(connection, Observer())
    try:
        send(connection, Ready())
        while os.getppid() == origin:
            nursery.attend()
    except Closed:
        pass
    finally:
        nursery.close()


class _Child:
    def __init__(self, order: Start, baseline: int) -> None:
        self.order = order
        self.baseline = baseline
        self.answer: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self.stack: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self.printed, self.printing = os.pipe()
        os.set_blocking(self.printed, False)
        self.tail = bytearray()
        self.exceeded: FailureKind | None = None
        self.began = time.monotonic()
        self.pid = -1

    @property
    def deadline(self) -> float:
        return self.began + self.order.timeout + GRACE

    def drain(self) -> bool:
        """Take what was printed; tell whether there may be more to come."""
        while True:
            try:
                part = os.read(self.printed, 1 << 16)
            except BlockingIOError:
                return True
            if not part:
                return False
            self.tail += part
            if len(self.tail) > 2 * TAIL:
                del self.tail[:-TAIL]

    def kill(self, exceeded: FailureKind | None = None) -> None:
        self.exceeded = self.exceeded or exceeded
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # its session, once it has one
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        self.answer.close()
        self.stack.close()
        os.close(self.printed)


class _Nursery:
    """The living children, and the one loop that serves them."""

    def __init__(self, connection: socket.socket, observer: Observer) -> None:
        self._connection = connection
        self._observer = observer
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ, self._take_order)
        woken, wake = os.pipe()
        self._wakeup = (woken, wake)
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        self._selector.register(woken, selectors.EVENT_READ, self._wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler the wake-up descriptor stays silent
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def attend(self) -> None:
        """Wait for something to happen, at most a second, and see to it.

        Raises:
            Closed: the other side hung up.
        """
        for key, _ in self._selector.select(self._patience()):
            key.data()
        now = time.monotonic()
        for each in self._children.values():
            if now >= each.deadline:
                each.kill("timeout")
            if memory.is_beyond(each.order.memory, each.pid, each.baseline):
                each.kill("memory")
        self._collect()

    def close(self) -> None:
        """End every child and everything that any of them started."""
        for each in self._children.values():
            each.kill()
        self._kill_strays(spare=frozenset())

    def _patience(self) -> float:
        now = time.monotonic()
        waits = [1.0]
        for each in self._children.values():
            waits.append(each.deadline - now)
            if each.order.memory is not None:
                waits.append(_EVERY)
        return max(0.0, min(waits))

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakeup[0], 4096)

    def _take_order(self) -> None:
        order: Start = receive(self._connection, Start)
        newborn = _Child(order, memory.used_by(os.getpid()) if order.memory is not None else 0)
        parent = os.getpid()
        newborn.pid = os.fork()
        if newborn.pid == 0:
            self._be_child(newborn, parent)
        os.close(newborn.printing)
        self._children[newborn.pid] = newborn
        self._selector.register(newborn.printed, selectors.EVENT_READ, lambda: self._hear(newborn))
        send(self._connection, Started(order.ticket, newborn.pid))

    def _hear(self, speaker: _Child) -> None:
        if not speaker.drain():
            self._selector.unregister(speaker.printed)

    def _collect(self) -> None:
        for pid, each in list(self._children.items()):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            seconds = time.monotonic() - each.began
            each.kill()  # what it left behind; its number is its own until it is waited for
            _, status = os.waitpid(pid, 0)
            del self._children[pid]
            self._kill_strays(spare=frozenset(self._children))
            each.drain()
            with contextlib.suppress(KeyError):
                self._selector.unregister(each.printed)
            send(
                self._connection,
                Ended(
                    ticket=each.order.ticket,
                    exit_code=os.waitstatus_to_exitcode(status),
                    exceeded=each.exceeded,
                    seconds=seconds,
                    answer=_contents(each.answer),
                    output=bytes(each.tail[-TAIL:]),
                    stack=_contents(each.stack)[:TAIL],
                ),
            )
            each.close()

    def _kill_strays(self, spare: frozenset[int]) -> None:
        """Kill the processes that children left behind; as orphans they became children of this process."""
        for _ in range(_GENERATIONS):
            strays = [each for each in psutil.Process().children() if each.pid not in spare]
            if not strays:
                return
            for stray in strays:
                with contextlib.suppress(psutil.Error):
                    stray.kill()
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(stray.pid, 0)

    def _be_child(self, newborn: _Child, parent: int) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            self._connection.close()
            for descriptor in self._wakeup:
                os.close(descriptor)
            for sibling in self._children.values():
                sibling.close()
            isolation.redirect(newborn.printing)
            os.close(newborn.printing)
            os.close(newborn.printed)
            isolation.detach(parent)
            isolation.explain_sudden_death(
                isolation.out_of_reach(os.dup(newborn.stack.fileno())), newborn.order.timeout
            )
            answer = isolation.out_of_reach(os.dup(newborn.answer.fileno()))
            child.serve(unpacked(newborn.order.request), answer, self._observer)
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):
                    stream.flush()
            os._exit(0)
        except BaseException:
            with contextlib.suppress(BaseException):
                traceback.print_exc()
            os._exit(1)


def _contents(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


if __name__ == "__main__":
    main()
    os._exit(0)  # taking TensorFlow down in good order takes a second and serves nobody
