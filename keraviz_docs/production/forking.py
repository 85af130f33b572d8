"""Starting models on systems that can fork: this program's side of the warm parent."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO

from keraviz_docs.production import verdict
from keraviz_docs.production.launching import HERE, NeverReady, environment, world
from keraviz_docs.production.messages import (
    Closed,
    Ended,
    FromParent,
    Ready,
    Request,
    Start,
    Started,
    Unfit,
    packed,
    receive,
    send,
)


class WarmParent:
    """This side of a process that runs :mod:`keraviz_docs.production.warm_parent`."""

    def __init__(self) -> None:
        self._connection, theirs = socket.socketpair()
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._children: dict[int, int] = {}
        self._world = world()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, with our own interpreter
                [sys.executable, "-m", "keraviz_docs.production.warm_parent", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                cwd=HERE.parent,  # from where our own package can be imported
                env=environment(),
                start_new_session=True,  # Ctrl-C is for us to hear, and to pass on
            )

    def start(self, ticket: int, request: Request, /) -> None:
        """Have a child serve a request.

        Raises:
            Closed: the process is gone.
        """
        limits = request.limits
        send(self._connection, Start(ticket, limits.timeout, limits.memory, packed(request)))

    def endings(self) -> Iterator[Ended]:
        """Yield the children's endings until the process is gone.

        Raises:
            NeverReady: it could not import what it needs.
        """
        ready = False
        while True:
            try:
                message: FromParent = receive(self._connection, FromParent)
            except Closed:
                if ready:
                    return
                raise NeverReady("its process ended") from None
            match message:
                case Ready():
                    ready = True
                case Unfit(text):
                    raise NeverReady(text) from None
                case Started(ticket, pid):
                    self._children[ticket] = pid
                case Ended():
                    self._children.pop(message.ticket, None)
                    yield message

    def is_outdated(self) -> bool:
        """Tell whether a process that started now might import something else."""
        return self._world != world()

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

    def complaint(self) -> str:
        """Return what the process printed itself: nothing, once it is ready."""
        self._said.seek(0)
        return verdict.readable(self._said.read())
