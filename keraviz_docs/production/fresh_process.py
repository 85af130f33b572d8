"""A process that imports Keras, reads one model and ends: for systems that cannot fork.

It runs as ``python -m keraviz_docs.production.fresh_process FOLDER``, where the folder holds the request.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from pathlib import Path

from keraviz_docs.production import child, isolation
from keraviz_docs.production.messages import unpacked
from keraviz_docs.production.observing import Observer
from keraviz_docs.production.spawning import ANSWER, BEGUN, REQUEST, SAID, STACK, UNFIT


def main() -> None:
    """Serve the request in the folder that the command line names."""
    folder = Path(sys.argv[1])
    request = unpacked((folder / REQUEST).read_bytes())
    threading.Thread(target=_follow, args=[os.dup(0)], daemon=True).start()
    output = os.dup(1)
    said = os.open(folder / SAID, os.O_WRONLY | os.O_CREAT)
    isolation.redirect(said)
    try:
        child.prepare()
    except BaseException:  # also SystemExit: whatever an installation in pieces does
        traceback.print_exc()
        os._exit(UNFIT)
    isolation.redirect(output)
    observer = Observer()
    stack = os.open(folder / STACK, os.O_WRONLY | os.O_CREAT)
    answer = os.open(folder / ANSWER, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0))
    (folder / BEGUN).touch()
    isolation.explain_sudden_death(stack, request.limits.timeout)
    child.serve(request, answer, observer)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    isolation.kill_descendants(os.getpid())
    os._exit(0)


def _follow(launcher: int) -> None:
    """End this process and its session when the launcher, which holds the other end of a pipe, is gone."""
    while os.read(launcher, 1):
        pass
    if os.name == "posix":
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    try:
        main()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
