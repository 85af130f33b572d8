"""How much memory processes use, and how much is left."""

from __future__ import annotations

from pathlib import Path

import psutil

MEBIBYTE = 1 << 20

_CGROUP = Path("/sys/fs/cgroup")


def used_by(pid: int) -> int:
    """Return the bytes that a process and its descendants hold; 0 when it is gone.

    Where the system tells them apart (Linux), pages of files and shared libraries do not count.
    """
    try:
        process = psutil.Process(pid)
        return sum(_held(each) for each in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


def is_beyond(limit: int | None, pid: int, baseline: int) -> bool:
    """Tell whether a process holds so many MiB more than it began with (in bytes)."""
    return limit is not None and used_by(pid) - baseline > limit * MEBIBYTE


def available(cgroup: Path = _CGROUP) -> int:
    """Return the bytes that new processes can use without swapping: the machine's, or the container's if fewer.

    A container's limit is read from control group version 2 (``memory.max``, ``memory.current`` and the reclaimable
    ``inactive_file`` of ``memory.stat`` in the Linux kernel's ``cgroup-v2.rst``).
    """
    machine = int(psutil.virtual_memory().available)
    try:
        limit = (cgroup / "memory.max").read_text().strip()
        if limit == "max":
            return machine
        statistics = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        current = int((cgroup / "memory.current").read_text())
        return min(machine, int(limit) - current + int(statistics.get("inactive_file", 0)))
    except (OSError, ValueError):
        return machine


def _held(process: psutil.Process) -> int:
    try:
        info = process.memory_info()
    except psutil.Error:
        return 0
    return int(info.rss) - int(getattr(info, "shared", 0))
