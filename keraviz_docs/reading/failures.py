"""What a builder did wrong, or this package, as a :class:`~keraviz_docs.outcome.Failure` that somebody can act on."""

from __future__ import annotations

import platform
import re
import sys
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

from keraviz_docs import __version__
from keraviz_docs.outcome import FailureKind, Frame
from keraviz_docs.reading.sources import is_within, portable

_LONGEST_MESSAGE = 2_000
_MOST_FRAMES = 20
_TOOLS = frozenset({"numpy", "msgspec"})
_FOREIGN = frozenset({"keras", "tensorflow", "tf_keras", "keraviz_docs", "absl", "numpy", "optree"})


class CannotRead(Exception):  # noqa: N818 -- it reads as the sentence it stands for
    """One model cannot be read; everything that a :class:`~keraviz_docs.outcome.Failure` wants to know about it."""

    def __init__(self, kind: FailureKind, message: str, frames: tuple[Frame, ...] = ()) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.message = message
        self.frames = frames


def from_exception(error: BaseException, doing: str, project: Path, *, kind: FailureKind = "exception") -> CannotRead:
    """Describe what somebody else's code raised, or ours while it read what that code gave.

    It is our mistake when the innermost frame is ours: neither the zoo's, nor of a package that the zoo called, nor
    Keras's.  Then the kind is ``internal``, and the frames are all there are.

    Args:
        error: what was raised, and caught by the caller.
        doing: what raised it, the subject of the sentence: ``"`zoo.nets:unet`"``.
        project: the directory whose frames are the zoo's own.
        kind: what kind of failure it is, unless the exception itself says more.
    """
    lines = _lines(error.__traceback__)
    # The frame that caught it called the zoo's code or ours; it says nothing about whose the exception is.
    if kind != "import" and not isinstance(error, (MemoryError, SystemExit)) and _is_ours(error, lines[1:]):
        return _internal(error, doing, lines, project)
    frames = own_frames(error, project)
    if isinstance(error, MemoryError):
        return CannotRead("memory", f"{doing} ran out of memory. {told(error)}".rstrip(), frames)
    if isinstance(error, SystemExit):
        code = "" if error.code is None else f" with exit status {error.code!r}"
        return CannotRead(
            "crash", f"{doing} called sys.exit{code}; a builder must return a model, not end the program.", frames
        )
    if isinstance(error, RecursionError):
        return CannotRead(kind, f"{doing} raised RecursionError: it calls itself without an end.", frames)
    return CannotRead(kind, f"{doing} raised {told(error)}", frames)


def _internal(error: BaseException, doing: str, lines: list[traceback.FrameSummary], project: Path) -> CannotRead:
    versions = [f"keraviz-docs {__version__}"]
    versions += [
        f"{title} {getattr(sys.modules[name], '__version__', '?')}"
        for name, title in (("keras", "Keras"), ("tensorflow", "TensorFlow"))
        if name in sys.modules
    ]
    versions.append(f"Python {platform.python_version()}")
    message = (
        f"{doing} failed because of a bug in keraviz-docs, not in your code: {told(error)}. Please report it to the "
        f"project, with the lines below and these versions: {', '.join(versions)}."
    )
    return CannotRead("internal", message, tuple(_frame(line, project) for line in lines[-_MOST_FRAMES:]))


def _is_ours(error: BaseException, lines: list[traceback.FrameSummary]) -> bool:
    """Whether this package raised, itself or in a function of Python or a library that it called."""
    acting = [Path(line.filename) for line in lines if not line.filename.startswith("<")]
    ours = [file.is_relative_to(_HERE) for file in acting if file != _IMPORT_HOOK and not _is_tool(file)]
    if isinstance(error, RecursionError):  # where it strikes is chance
        return bool(ours) and all(ours)
    return bool(ours) and ours[-1]


def told(error: BaseException) -> str:
    """Write an exception as ``Class: message``: at most 2,000 characters, without memory addresses."""
    try:
        text = str(error).strip()
    except Exception:  # a message that cannot be had must not hide the exception itself
        text = ""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", text)
    if len(text) > _LONGEST_MESSAGE:
        text = text[:_LONGEST_MESSAGE].rstrip() + " …"
    name = type(error).__name__
    return printable(f"{name}: {text}" if text else name)


def printable(text: str) -> str:
    """Replace what is no Unicode text (lone surrogates), which JSON cannot carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


def own_frames(error: BaseException, project: Path) -> tuple[Frame, ...]:
    """Return the zoo's own lines of a traceback, outermost first; those of Keras, TensorFlow and ours are left out.

    Own is what lies in the project.  When nothing does (a builder of an installed package), own is every package but
    the frameworks.  Of more than 20 frames the first and the last ten are kept.
    """
    lines = [line for line in _lines(error.__traceback__) if _is_real(line)]
    mine = [line for line in lines if is_within(Path(line.filename), project)]
    if not mine:
        mine = [line for line in lines if not _is_foreign(Path(line.filename))]
    if len(mine) > _MOST_FRAMES:
        mine = mine[: _MOST_FRAMES // 2] + mine[-_MOST_FRAMES // 2 :]
    frames = [_frame(line, project) for line in mine]
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_file():
        frames.append(
            Frame(
                file=portable(Path(error.filename), project),
                line=error.lineno or 1,
                function="<module>",
                code=(error.text or "").strip(),
            )
        )
    return tuple(frames)


def _lines(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(trace)) if trace is not None else []


def _frame(line: traceback.FrameSummary, project: Path) -> Frame:
    return Frame(
        file=portable(Path(line.filename), project),
        line=line.lineno or 1,
        function=line.name,
        code=printable((line.line or "").strip()),
    )


def _is_real(line: traceback.FrameSummary) -> bool:
    return not line.filename.startswith("<") and not Path(line.filename).is_relative_to(_HERE)


def _is_foreign(file: Path) -> bool:
    return _is_standard(file) or Path(portable(file)).parts[0] in _FOREIGN


def _is_tool(file: Path) -> bool:
    return _is_standard(file) or Path(portable(file)).parts[0] in _TOOLS


def _is_standard(file: Path) -> bool:
    return file.is_relative_to(_STANDARD) and "site-packages" not in file.parts


_HERE = Path(__file__).resolve().parents[1]
_IMPORT_HOOK = _HERE / "production" / "importing.py"  # compiles the zoo's modules, whose mistakes it passes on
_STANDARD = Path(sysconfig.get_paths()["stdlib"])
