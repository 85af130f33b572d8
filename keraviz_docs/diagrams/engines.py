"""The two Graphviz installations that can lay out and draw: the one in the ``pygraphviz`` wheel, and ``dot``.

Both run outside this process, see only the vendored fonts, and answer the same call: DOT in, bytes out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Literal, Protocol

from keraviz_docs.diagrams import typeface
from keraviz_docs.errors import Code, UserError
from keraviz_docs.framing import read_frame, write_frame

EngineName = Literal["bundled", "system"]
Layout = Literal["dot", "nop2"]
"""``dot`` places nodes and edges; ``nop2`` draws what has its place already."""


_DECIDING = frozenset(("DOTFONTPATH", "FONTCONFIG_SYSROOT", "LANG", "LANGUAGE", "PANGO_LANGUAGE"))
"""Environment variables that would make drawings depend on the machine."""


class GraphvizError(UserError):
    """Graphviz could not lay out or draw one graph; the next one may well succeed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Code.GRAPHVIZ_FAILED)


class GraphvizMissingError(UserError):
    """There is no Graphviz that works, so no diagram at all can be drawn."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Code.GRAPHVIZ_MISSING)


class Engine(Protocol):
    """Runs Graphviz; safe to call from several threads, one call at a time each."""

    def run(self, source: str, layout: Layout, form: str, timeout: float) -> bytes:
        """Lay out and draw one graph.

        Args:
            source: the graph in DOT.
            layout: the layout program.
            form: a Graphviz output format, such as ``json0``, ``png`` or ``pdf``.
            timeout: in seconds.

        Raises:
            GraphvizError: it reported a mistake, died, or took too long.
            GraphvizMissingError: there is no Graphviz.
        """

    def close(self) -> None:
        """End its processes."""


class FontDirectory:
    """A temporary fontconfig configuration in which only the vendored fonts exist."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="keraviz-fonts-")
        root = Path(self._directory.name)
        self._configuration = root / "fonts.conf"
        self._configuration.write_text(
            '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>'
            f"<dir>{escape(str(typeface.FONTS))}</dir><cachedir>{escape(str(root / 'cache'))}</cachedir>"
            "</fontconfig>\n",
            encoding="utf-8",
        )

    def environment(self) -> dict[str, str]:
        """Return the environment for a process that draws."""
        kept = {name: value for name, value in os.environ.items() if name not in _DECIDING}
        return kept | {
            "FONTCONFIG_FILE": str(self._configuration),
            "FONTCONFIG_PATH": str(self._configuration.parent),
            # Pango chooses glyphs by the user's language.
            "LC_ALL": "C",
            # Cairo writes the time zone into a PDF, at a length of its own.
            "TZ": "UTC",
            # Pango would otherwise ask the window system of macOS and Windows for its fonts.
            "PANGOCAIRO_BACKEND": "fontconfig",
        }

    def close(self) -> None:
        """Remove it."""
        self._directory.cleanup()


class Bundled:
    """Graphviz from the ``pygraphviz`` wheel, in a child process that is replaced when a graph aborts it."""

    def __init__(self) -> None:
        self._fonts = FontDirectory()
        self._idle: list[_Child] = []
        self._closed = False
        self._lock = threading.Lock()

    def run(self, source: str, layout: Layout, form: str, timeout: float) -> bytes:
        """See :meth:`Engine.run`."""
        with self._lock:
            child = self._idle.pop() if self._idle else None
        child = child or _Child(self._fonts.environment())
        try:
            return child.ask(source, layout, form, timeout)
        finally:
            self._take_back(child)

    def close(self) -> None:
        """End the child processes."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()
        self._fonts.close()

    def _take_back(self, child: _Child) -> None:
        with self._lock:
            if not self._closed and not child.dead:
                self._idle.append(child)
                return
        child.end()


class System:
    """An installed ``dot``."""

    def __init__(self, program: str = "dot") -> None:
        found = shutil.which(program)
        if found is None:
            raise GraphvizMissingError(
                f"`graphviz: system` needs the `{program}` program, and it is not on the PATH: "
                "install Graphviz (https://graphviz.org/download/) or use `graphviz: bundled`, which needs nothing."
            )
        self._program = found
        self._fonts = FontDirectory()

    def run(self, source: str, layout: Layout, form: str, timeout: float) -> bytes:
        """See :meth:`Engine.run`."""
        command = [self._program, *{"dot": ["-Kdot"], "nop2": ["-Kneato", "-n2"]}[layout], f"-T{form}"]
        try:
            done = subprocess.run(  # noqa: S603  # the program the user installed, with options of ours
                command,
                input=source.encode(),
                capture_output=True,
                env=self._fonts.environment(),
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GraphvizError(_too_slow(timeout)) from None
        except OSError as error:
            raise GraphvizMissingError(_broken(self._program, str(error))) from None
        if done.returncode < 0:
            raise GraphvizError(_aborted(-done.returncode))
        if done.returncode or not done.stdout:
            said = _last_line(done.stderr.decode(errors="replace"))
            if not self._works():
                raise GraphvizMissingError(_broken(self._program, said))
            raise GraphvizError(f"Graphviz could not draw the graph: {said}")
        return done.stdout

    def _works(self) -> bool:
        """Whether it can lay out the simplest graph: a broken installation (a missing library, say) cannot."""
        command = [self._program, "-Kdot", "-Tjson0"]
        try:
            done = subprocess.run(command, input=b"digraph { a }", capture_output=True, timeout=30, check=False)  # noqa: S603  # as above
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0 and bool(done.stdout)

    def close(self) -> None:
        """Remove its font configuration."""
        self._fonts.close()


def engine(name: EngineName) -> Engine:
    """Return the engine of this name, which the caller closes.

    Raises:
        GraphvizMissingError: ``system``, and no ``dot`` on the PATH.
    """
    return System() if name == "system" else Bundled()


class _Watch:
    """Calls a function when something takes too long.

    One thread watches over everything that is done one after the other: a :class:`threading.Timer` each would take as
    much time as Graphviz does for a few boxes.
    """

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._changed = threading.Condition()
        self._deadline: float | None = None
        self._looks: float | None = None
        """When the thread looks again by itself, if it does."""
        self._late = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def begin(self, seconds: float) -> None:
        with self._changed:
            self._deadline = time.monotonic() + seconds
            self._late = False
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="keraviz-watch", daemon=True)
                self._thread.start()
            elif self._looks is None or self._deadline < self._looks:
                self._changed.notify()

    def end(self) -> bool:
        """Return whether it took too long."""
        with self._changed:
            self._deadline = None
            return self._late

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                if self._deadline is not None and self._deadline <= now:
                    self._late, self._deadline = True, None
                    self._act()
                self._looks = self._deadline
                self._changed.wait(None if self._looks is None else self._looks - now)


class _Child:
    """One worker process and the pipes to it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed in end()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "keraviz_docs.diagrams.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment | {"PYTHONPATH": _import_path()},
            # `-m` puts the working directory first on the import path; a user's `graphviz.py` must not be found there.
            cwd=environment["FONTCONFIG_PATH"],
        )
        self._watch = _Watch(self._process.kill)
        self.dead = False

    def ask(self, source: str, layout: Layout, form: str, timeout: float) -> bytes:
        process = self._process
        assert process.stdin is not None and process.stdout is not None  # noqa: S101  # both are pipes
        self._watch.begin(timeout)
        try:
            write_frame(process.stdin, b"\0".join((layout.encode(), form.encode(), source.encode())))
            answer = read_frame(process.stdout)
        except (BrokenPipeError, EOFError):
            answer = None
        except BaseException:
            # Interrupted between question and answer: the next answer would be to the wrong question.
            self.end()
            raise
        finally:
            timed_out = self._watch.end()
        if answer is None or timed_out:
            status = process.wait()
            said = _last_line(self._said())
            self.end()
            if timed_out:
                raise GraphvizError(_too_slow(timeout))
            if status > 0:
                raise GraphvizMissingError(_broken("the pygraphviz package", said))
            raise GraphvizError(_aborted(-status))
        if not answer.startswith(b"+"):
            # Graphviz keeps state between graphs; after a mistake it starts afresh.
            self.end()
            raise GraphvizError(f"Graphviz could not draw the graph: {_last_line(answer[1:].decode(errors='replace'))}")
        return answer[1:]

    def end(self) -> None:
        if self.dead:
            return
        self.dead = True
        self._watch.close()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                pipe.close()

    def _said(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")


def _import_path() -> str:
    """The child finds this package where this process found it, even when it is not installed."""
    inherited = [str(Path(path).absolute()) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return os.pathsep.join([*inherited, str(Path(__file__).parents[2])])


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it gave no reason"


def _too_slow(timeout: float) -> str:
    return f"Graphviz did not finish within {timeout:g} s; `expand: 1` draws fewer boxes"


def _aborted(signal: int) -> str:
    return f"Graphviz crashed on the graph (signal {signal}); `expand: 1` draws a smaller one"


def _broken(what: str, reason: str) -> str:
    return (
        f"Graphviz does not work here ({what}: {reason}): reinstall it, "
        "or choose the other one with `graphviz: bundled` or `graphviz: system`."
    )
