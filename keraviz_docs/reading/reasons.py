"""Why a layer could not be read, in one line that is the same on every machine."""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_WRAPPING = re.compile(r"Exception encountered when calling (\S+)\.")
_ADDRESSES = re.compile(r" at 0x[0-9a-fA-F]+|, id=\d+")
_GRAPH_NODE = re.compile(r" for '\{\{node .*")


def reason(error: BaseException) -> str:
    """Say what went wrong and where, without Keras's wrapping, memory addresses and names of graph nodes."""
    lines = [line.strip() for line in _ESCAPES.sub("", str(error)).splitlines() if line.strip()]
    where = ""
    while len(lines) > 1 and (wrapping := _WRAPPING.match(lines[0])):
        where = f" in {wrapping[1]}"
        lines = lines[1:]
    said = _GRAPH_NODE.sub("", _ADDRESSES.sub("", lines[0])) if lines else ""
    return f"{type(error).__name__}{where}: {said[:200]}" if said else f"{type(error).__name__}{where}"
