"""What a person sees while models are read: a bar on a terminal, lines in a log, or nothing.

That a model failed is shown here; why it failed is told once, by who asked for it, when everything is done.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from keraviz_docs.outcome import Failure
from keraviz_docs.production.report import ModelReport, Report


class Progress(Protocol):
    """Is told what happens while models are read."""

    def expect(self, total: int) -> None:
        """So many models are known of; more may be found."""

    def begin(self, id: str) -> None:  # noqa: A002 - the field's own word
        """A model was handed out to be read, because it is not in the cache."""

    def finish(self, model: ModelReport) -> None:
        """A model is done."""

    def close(self, report: Report | None) -> None:
        """Everything is done, or, without a report, was broken off."""

    def note(self, text: str) -> None:
        """Something else takes its time, after the models were read."""


class BuildProgress(Progress, Protocol):
    """Is also told of the drawing that follows."""

    def drawing(self, total: int) -> AbstractContextManager[Callable[[], object]]:
        """So many diagrams are still to be drawn; what the context gives is called after each."""


class Silent:
    """Shows nothing."""

    def drawing(self, total: int) -> AbstractContextManager[Callable[[], object]]:  # noqa: ARG002 - the protocol's
        """Do nothing."""
        return contextlib.nullcontext(lambda: None)

    def expect(self, total: int) -> None:
        """Do nothing."""

    def begin(self, id: str) -> None:  # noqa: A002  # what it is called everywhere
        """Do nothing."""

    def finish(self, model: ModelReport) -> None:
        """Do nothing."""

    def close(self, report: Report | None) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""


class Lines:
    """Prints a line for each model that was read or failed, and a summary; nothing when all came from the cache."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = 0
        self._done = 0

    def expect(self, total: int) -> None:
        """Remember how many there are."""
        self._total = total

    def begin(self, id: str) -> None:  # noqa: A002  # what it is called everywhere
        """Do nothing: the end is what a log tells."""

    def finish(self, model: ModelReport) -> None:
        """Print a line, unless the model came from the cache."""
        self._done += 1
        if not model.from_cache:
            self._console.print(Text(f"[{self._done}/{self._total}] {_line(model)}"), soft_wrap=True)

    def close(self, report: Report | None) -> None:
        """Print the summary."""
        if report is not None:
            self._console.print(Text(summary(report)), soft_wrap=True)

    def drawing(self, total: int) -> AbstractContextManager[Callable[[], object]]:
        """Print that it begins."""
        if total:
            self._console.print(Text(f"drawing {total} diagram{'' if total == 1 else 's'}"), soft_wrap=True)
        return contextlib.nullcontext(lambda: None)

    def note(self, text: str) -> None:
        """Print it."""
        self._console.print(text, markup=False, highlight=False)


class LiveBar:
    """Shows a bar, what is being read right now, and a table at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30, complete_style="cyan", finished_style="cyan"),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[red]{task.fields[failures]}"),
            console=console,
        )
        self._task = self._bar.add_task("Reading models", total=None, failures="")
        self._failed = 0
        self._current: list[str] = []
        self._live = Live(console=console, refresh_per_second=8, transient=True, get_renderable=self._render)
        self._shown = False

    def expect(self, total: int) -> None:
        """Set the bar's length."""
        self._bar.update(self._task, total=total)

    def begin(self, id: str) -> None:  # noqa: A002  # what it is called everywhere
        """Show the bar; a build that finds everything in the cache never gets here."""
        self._current.append(id)
        if not self._shown:
            self._shown = True
            self._live.start()

    def finish(self, model: ModelReport) -> None:
        """Advance the bar, and count failures beside it."""
        if model.entry.id in self._current:
            self._current.remove(model.entry.id)
        self._failed += model.failure is not None
        self._bar.update(self._task, advance=1, failures=f"{self._failed} failed" if self._failed else "")

    def close(self, report: Report | None) -> None:
        """Take the bar away and show the table."""
        if self._shown:
            self._live.stop()
        if report is not None:
            if self._shown or report.failures:
                self._console.print(_table(report))
            self._console.print(_coloured(report), soft_wrap=True)

    def note(self, text: str) -> None:
        """Print it."""
        self._console.print(text, markup=False, highlight=False, style="dim")

    @contextlib.contextmanager
    def drawing(self, total: int) -> Iterator[Callable[[], object]]:
        """Show a bar for as long as it takes."""
        bar = Bar(
            TextColumn("Drawing diagrams"),
            BarColumn(bar_width=30, complete_style="cyan", finished_style="cyan"),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not total,
        )
        with bar:
            task = bar.add_task("", total=total)
            yield lambda: bar.advance(task)

    def _render(self) -> Group:
        names = ", ".join(self._current[:3]) + (f" and {len(self._current) - 3} more" if len(self._current) > 3 else "")
        return Group(self._bar, Text(f"  {names}", style="dim", overflow="ellipsis", no_wrap=True))


def choose(*, quiet: bool = False, console: Console | None = None) -> BuildProgress:
    """Return the progress that fits: silent when asked to be, a bar on a terminal, lines elsewhere; to stderr."""
    if quiet:
        return Silent()
    console = console or Console(stderr=True)
    return LiveBar(console) if console.is_terminal and not console.is_dumb_terminal else Lines(console)


def summary(report: Report) -> str:
    """Return one line: models, how many came from the cache, how many failed, seconds."""
    count = len(report.models)
    parts = [f"{count} model{'' if count == 1 else 's'}"]
    cached = sum(model.from_cache for model in report.models)
    if cached:
        parts.append(f"{cached} from the cache")
    failed = len(report.failures)
    if failed:
        parts.append(f"{failed} failed")
    return f"{', '.join(parts)}, in {_duration(report.seconds)}"


def _line(model: ModelReport) -> str:
    failed = f"failed ({model.failure.kind}), " if model.failure else ""
    return f"{model.entry.id}: {failed}{_duration(model.seconds)}"


def _coloured(report: Report) -> Text:
    line = Text(summary(report), style="bold")
    line.highlight_regex(r"\d+ failed", "red")
    return line


def _table(report: Report) -> Table:
    """Show what was read anew and what failed; of many models, those that failed and those that took longest."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("model", overflow="fold")
    table.add_column("took", justify="right")
    table.add_column("result", overflow="fold")
    shown = [model for model in report.models if not model.from_cache or model.failure]
    left_out = 0
    if len(shown) > _MOST_ROWS:
        slowest = sorted(shown, key=lambda model: -model.seconds)[:_SLOWEST]
        few = [model for model in shown if model.failure or model in slowest]
        left_out = len(shown) - len(few)
        shown = few
    for model in shown:
        took = "" if model.from_cache else _duration(model.seconds)
        table.add_row(Text(model.entry.id), took, _result(model.failure))
    for failure in report.undiscovered:
        table.add_row(Text(failure.target), "", _result(failure))
    if left_out:
        table.add_row(Text(f"and {left_out} more that took less", style="dim"), "", Text("read", style="green"))
    return table


def _result(failure: Failure | None) -> Text:
    return Text(f"failed ({failure.kind})", style="red") if failure else Text("read", style="green")


_MOST_ROWS = 30
_SLOWEST = 10


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"
