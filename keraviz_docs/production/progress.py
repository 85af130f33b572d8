"""What a person sees while models are read: a bar on a terminal, lines in a log, or nothing."""

from __future__ import annotations

from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
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


class Silent:
    """Shows nothing."""

    def expect(self, total: int) -> None:
        """Do nothing."""

    def begin(self, id: str) -> None:  # noqa: A002
        """Do nothing."""

    def finish(self, model: ModelReport) -> None:
        """Do nothing."""

    def close(self, report: Report | None) -> None:
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

    def begin(self, id: str) -> None:  # noqa: A002
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


class LiveBar:
    """Shows a bar, what is being read right now, and a table at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._bar.add_task("Reading models", total=None)
        self._current: list[str] = []
        self._live = Live(console=console, refresh_per_second=8, transient=True, get_renderable=self._render)
        self._shown = False

    def expect(self, total: int) -> None:
        """Set the bar's length."""
        self._bar.update(self._task, total=total)

    def begin(self, id: str) -> None:  # noqa: A002
        """Show the bar; a build that finds everything in the cache never gets here."""
        self._current.append(id)
        if not self._shown:
            self._shown = True
            self._live.start()

    def finish(self, model: ModelReport) -> None:
        """Advance the bar, and leave a line for a failure."""
        if model.entry.id in self._current:
            self._current.remove(model.entry.id)
        self._bar.advance(self._task)
        if isinstance(model.outcome, Failure):
            self._console.print(Text(_line(model), style="red"), soft_wrap=True)

    def close(self, report: Report | None) -> None:
        """Take the bar away and show the table."""
        if self._shown:
            self._live.stop()
        if report is not None and (self._shown or report.failures):
            self._console.print(_table(report))
        elif report is not None:
            self._console.print(Text(summary(report)), soft_wrap=True)

    def _render(self) -> Group:
        names = ", ".join(self._current[:3]) + (f" and {len(self._current) - 3} more" if len(self._current) > 3 else "")
        return Group(self._bar, Text(f"  {names}", style="dim", overflow="ellipsis", no_wrap=True))


def choose(*, quiet: bool = False, console: Console | None = None) -> Progress:
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
    if isinstance(model.outcome, Failure):
        first = model.outcome.message.splitlines()[0] if model.outcome.message else ""
        return f"{model.entry.id}: failed ({model.outcome.kind}): {first}"
    return f"{model.entry.id}: {_duration(model.seconds)}"


def _table(report: Report) -> Table:
    table = Table(title=escape(summary(report)), title_justify="left", box=None, pad_edge=False, header_style="dim")
    table.add_column("model", overflow="fold")
    table.add_column("took", justify="right")
    table.add_column("result", overflow="fold")
    for model in report.models:
        if isinstance(model.outcome, Failure):
            told = Text(f"{model.outcome.kind}: {model.outcome.message}", style="red")
        elif model.from_cache:
            told = Text("from the cache", style="dim")
        else:
            told = Text("read")
        table.add_row(Text(model.entry.id), "" if model.from_cache else _duration(model.seconds), told)
    for failure in report.undiscovered:
        table.add_row(Text(failure.target), "", Text(f"{failure.kind}: {failure.message}", style="red"))
    return table


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"
