"""What is asked of a process that reads a model, and what it answers: plain data, and its framing on pipes.

Requests travel pickled, because they come from this program and hold tuples and paths, which JSON would change.
Answers travel as msgspec structs only: they come from a process that ran other people's code.
"""

from __future__ import annotations

import pickle
import re
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from keraviz_docs.manifest.entries import BuilderTarget, DiscoverEntry, Limits, ModelEntry
from keraviz_docs.outcome import Failure, FailureKind, Frame, Reading

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True, kw_only=True)
class Request:
    """One model to read, or one module to look for builders in."""

    entry: ModelEntry | DiscoverEntry
    project: Path
    limits: Limits
    environment: Mapping[str, str] = field(default_factory=dict)
    """The environment variables that the builder sees."""

    @property
    def target(self) -> str:
        """The builder, archive or module, as the manifest names it."""
        return self.entry.module if isinstance(self.entry, DiscoverEntry) else str(self.entry.target)

    def failure(self, kind: FailureKind, message: str, frames: tuple[Frame, ...] = ()) -> Failure:
        """Return a failure that names the request's entry."""
        if isinstance(self.entry, DiscoverEntry):
            name = re.sub(r"[^a-z0-9]+", "-", self.entry.module.lower()).strip("-") or "discover"
        else:
            name = self.entry.id
        return Failure(id=name, target=self.target, kind=kind, message=message, frames=frames)


def packed(request: Request) -> bytes:
    """Write a request for a process that this program started."""
    return pickle.dumps(request, pickle.HIGHEST_PROTOCOL)


def unpacked(data: bytes) -> Request:
    """Read what :func:`packed` wrote."""
    request: Request = pickle.loads(data)  # noqa: S301 - written by this program
    return request


class Discovered(msgspec.Struct, frozen=True):
    """A builder that was found in a module."""

    id: str
    module: str
    name: str

    @property
    def target(self) -> BuilderTarget:
        """The builder, as a manifest names it."""
        return BuilderTarget(self.module, self.name)


class Discovery(msgspec.Struct, frozen=True, tag="discovery"):
    """All builders that were found in a module."""

    models: tuple[Discovered, ...]


Answer = Reading | Failure | Discovery


class Start(msgspec.Struct, frozen=True, tag="start"):
    """To the warm parent: fork a child for this pickled request."""

    ticket: int
    timeout: float
    memory: int | None
    request: bytes


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """From the warm parent: everything is imported."""


class Unfit(msgspec.Struct, frozen=True, tag="unfit"):
    """From the warm parent: Keras or TensorFlow could not be imported, and why."""

    message: str


class Started(msgspec.Struct, frozen=True, tag="started"):
    """From the warm parent: the child with this process id serves a ticket."""

    ticket: int
    pid: int


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag="ended"):
    """From whoever watched a child: it is gone, and this is what it left."""

    ticket: int
    exit_code: int
    """The exit status; negative is the number of the signal that ended it, as in :mod:`subprocess`."""
    exceeded: FailureKind | None = None
    """``timeout`` or ``memory`` when the watcher ended it for that."""
    seconds: float = 0.0
    answer: bytes = b""
    """Frames that the child wrote (see :func:`frames`); the last one may be cut off."""
    output: bytes = b""
    """The end of what it printed."""
    stack: bytes = b""
    """What :mod:`faulthandler` wrote."""


FromParent = Ready | Unfit | Started | Ended


class Observed(msgspec.Struct, frozen=True, tag="observed"):
    """From a child, while it works: something outside the request that its answer depends on.

    ``what`` says what ``name`` is: a ``file`` that was read, a ``directory`` that was listed, a path that was found
    ``present`` or ``missing``, a ``variable`` of the environment, the first part of the path of a file below
    ``site-packages`` (``package``) or of a module that is not there (``absent-package``), or something
    ``unobserved``, whose answer nobody can predict.
    """

    what: str
    name: str
    stamp: tuple[int, int] | None = None
    """For a file or directory: modification time (ns) and size when it was first opened; ``None`` when missing."""


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """From a child, last: its answer."""

    answer: Answer


FromChild = Observed | Answered


class Closed(Exception):  # noqa: N818 - an ending, no mistake
    """The other side of the connection is gone."""


def frame(message: msgspec.Struct) -> bytes:
    """Encode a message with its length before it."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


def frames(data: bytes) -> Iterator[bytes]:
    """Split what :func:`frame` joined; what is cut off at the end is dropped."""
    position = 0
    while position + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, position)
        position += _LENGTH.size
        if position + length > len(data):
            return
        yield data[position : position + length]
        position += length


def send(connection: socket.socket, message: msgspec.Struct) -> None:
    """Send one message.

    Raises:
        Closed: the other side is gone.
    """
    try:
        connection.sendall(frame(message))
    except OSError as error:
        raise Closed from error


def receive(connection: socket.socket, expected: Any) -> Any:
    """Wait for one message of an expected type.

    Raises:
        Closed: the other side is gone.
    """
    (length,) = _LENGTH.unpack(_receive_exactly(connection, _LENGTH.size))
    try:
        return msgspec.msgpack.decode(_receive_exactly(connection, length), type=expected)
    except msgspec.DecodeError as error:  # not what this program writes: there is no talking to it any more
        raise Closed from error


def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        try:
            part = connection.recv(min(size - len(received), 1 << 20))
        except OSError as error:
            raise Closed from error
        if not part:
            raise Closed
        received += part
    return bytes(received)
