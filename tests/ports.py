"""Ports for servers that tests start."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved_port() -> Iterator[int]:
    """Give a port of this machine on which a server can listen, and that nobody else is given meanwhile.

    A server that starts after seconds would otherwise find it taken now and then, by any connection of another test.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        if sys.platform != "linux":  # where two sockets may have one port as long as the first does not listen
            holder.close()
        yield port
