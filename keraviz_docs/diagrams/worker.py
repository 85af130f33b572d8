"""The child process that runs the Graphviz of the ``pygraphviz`` wheel: ``python -m keraviz_docs.diagrams.worker``.

It answers requests on standard input until that ends.  A request is layout, format and DOT, separated by NUL; an
answer is ``+`` and the drawing, or ``-`` and the reason.  Graphviz can abort the process; the parent starts another.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import IO

import pygraphviz

from keraviz_docs.framing import read_frame, write_frame


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    requests = sys.stdin.buffer
    # Graphviz may print; the pipe of answers is kept out of its reach.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    warnings.simplefilter("ignore")
    while True:
        try:
            request = read_frame(requests)
        except EOFError:
            return
        _answer(request, answers)


def _answer(request: bytes, answers: IO[bytes]) -> None:
    layout, form, source = request.decode().split("\0", 2)
    try:
        graph = pygraphviz.AGraph(string=source)
        drawing = graph.draw(format=form, prog=layout)
        graph.close()
    except (ValueError, pygraphviz.DotError) as error:
        write_frame(answers, b"-" + str(error).encode())
        return
    if drawing:
        write_frame(answers, b"+" + drawing)
    else:
        write_frame(answers, b"-the drawing is empty")


if __name__ == "__main__":
    main()
