"""What became of a request, told from what its process left behind."""

from __future__ import annotations

import linecache
import re
import signal
from collections.abc import Iterable
from pathlib import Path

import msgspec

from keraviz_docs.outcome import Failure, Frame
from keraviz_docs.production.messages import Answer, Answered, Ended, FromChild, Observed, Request, frames

_LONGEST_OUTPUT = 4_000

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Terminal control sequences (ECMA-48): CSI, OSC and two-character escapes."""

_OVERWRITTEN = re.compile(r"[^\n\r]*\r(?=[^\n\r])")
"""What a carriage return wipes out on a terminal."""

_UNPRINTABLE = re.compile(r"[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_STACK_LINE = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$')

_MEANING = {
    "SIGSEGV": "a segmentation fault",
    "SIGBUS": "a bus error",
    "SIGFPE": "an arithmetic error",
    "SIGILL": "an illegal instruction",
    "SIGABRT": "it aborted",
    "SIGKILL": "something killed it, most often because memory ran out",
    "SIGXCPU": "it used up its processor time",
}


def answer_of(ended: Ended, request: Request) -> tuple[Answer, tuple[Observed, ...]]:
    """Return the child's answer, or the failure that its end amounts to, and what it observed until then."""
    answer: Answer | None = None
    observed: list[Observed] = []
    for data in frames(ended.answer):
        try:
            message: FromChild = msgspec.msgpack.decode(data, type=FromChild)
        except msgspec.DecodeError:
            break
        if isinstance(message, Answered):
            answer = message.answer
        else:
            observed.append(message)
    if answer is None:
        answer = _end(ended, request)
    if isinstance(answer, Failure):
        answer = msgspec.structs.replace(
            answer,
            frames=answer.frames or stack_frames(ended.stack, request.project),
            output=answer.output or readable(ended.output),
        )
    return answer, tuple(observed)


def readable(output: bytes) -> str:
    """Return the last 4,000 characters of what a process printed, as text that can be shown anywhere.

    Terminal control sequences and unprintable characters go; of a line that a carriage return overwrote, the last
    state remains.
    """
    text = output.decode("utf-8", errors="replace").replace("\r\n", "\n")
    text = _UNPRINTABLE.sub("", _OVERWRITTEN.sub("", _ESCAPE.sub("", text)))
    return text.rstrip()[-_LONGEST_OUTPUT:]


def stack_frames(stack: bytes, project: Path) -> tuple[Frame, ...]:
    """Return the project's own lines of the first stack that :mod:`faulthandler` wrote, outermost first."""
    found: list[Frame] = []
    root = project.resolve()
    for line in _main_stack(stack.decode("utf-8", errors="replace").splitlines()):
        match = _STACK_LINE.match(line)
        if match is None:
            continue
        file = Path(match["file"])
        if not file.is_relative_to(root) or "site-packages" in file.parts:
            continue
        found.append(
            Frame(
                file=file.relative_to(root).as_posix(),
                line=int(match["line"]),
                function=match["function"],
                code=linecache.getline(str(file), int(match["line"])).strip(),
            )
        )
    return tuple(reversed(found))


def _main_stack(lines: Iterable[str]) -> list[str]:
    """Return the last thread's lines: threads come newest first, so the main thread is the last of a dump."""
    stack: list[str] = []
    for line in lines:
        if line.startswith(("Thread ", "Current thread ")):
            stack = []
        elif line.startswith("Extension modules:"):
            break
        stack.append(line)
    return stack


def _end(ended: Ended, request: Request) -> Failure:
    if ended.exceeded == "timeout":
        return request.failure(
            "timeout",
            f"It took longer than {request.limits.timeout:g} s and was stopped. "
            "If it needs more, raise `timeout` in the manifest.",
        )
    if ended.exceeded == "memory":
        return request.failure(
            "memory",
            f"It used more than {request.limits.memory} MiB of memory and was stopped. "
            "If it needs more, raise `memory` in the manifest.",
        )
    if ended.exit_code < 0:
        name = _signal_name(-ended.exit_code)
        meaning = f" ({_MEANING[name]})" if name in _MEANING else ""
        return request.failure("crash", f"Its process was ended by {name}{meaning}.")
    return request.failure(
        "crash",
        f"Its process ended with exit status {ended.exit_code} before the model was read; "
        "a builder must return a model, not end the program.",
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
