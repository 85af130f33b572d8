"""What a process does to itself before it runs other people's code, so that it can harm nobody else."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import signal
import sys
from pathlib import Path
from typing import TextIO

import psutil

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, <linux/prctl.h>
_CHILD_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
_DEEP_STACK = 120 << 20
# The kernel leaves at least 128 MiB of addresses for a main thread's stack (mmap_base in arch/x86/mm/mmap.c).


def detach(parent: int) -> None:
    """Become the leader of a session that ends with its parent and is the first to go when memory runs out.

    Args:
        parent: process id of the process that forked this one.
    """
    os.setsid()
    _control(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before it could be told to take us along
        os._exit(1)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    _raise_limits()


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none escapes (Linux)."""
    _control(_CHILD_SUBREAPER, 1)


def kill_descendants(pid: int) -> None:
    """End everything that a process started, as far as the chain of parents still shows it."""
    with contextlib.suppress(psutil.Error):
        for each in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                each.kill()


def redirect(output: int) -> None:
    """Send everything that is printed, also by C code, to a descriptor; reading gives nothing."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the life of the process
    sys.stdout = _printing_to(1)
    sys.stderr = _printing_to(2)


def explain_sudden_death(stack: int, seconds: float) -> None:
    """Write every thread's stack to a descriptor on a fatal signal, and after so many seconds."""
    faulthandler.enable(stack)
    faulthandler.dump_traceback_later(seconds, file=stack)


def out_of_reach(descriptor: int) -> int:
    """Move a descriptor to a number that code which closes "all" descriptors hardly reaches."""
    import fcntl

    try:
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 700)
    except OSError:  # beyond the limit of open files
        return descriptor
    os.close(descriptor)
    return moved


def _printing_to(descriptor: int) -> TextIO:
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)


def _raise_limits() -> None:
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):
        soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
        wanted = _DEEP_STACK if hard == resource.RLIM_INFINITY else min(_DEEP_STACK, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))


def _control(option: int, argument: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, argument, 0, 0, 0)
