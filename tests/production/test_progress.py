"""A person sees what happens: a bar on a terminal, lines in a log, nothing when asked to be quiet."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from keraviz_docs.manifest.entries import BuilderTarget, ModelEntry
from keraviz_docs.outcome import Failure
from keraviz_docs.production import ModelReport, Report, choose
from keraviz_docs.production.progress import Lines, LiveBar, Progress, Silent, summary


def failed(id: str, message: str = "it is [red]broken[/red]") -> ModelReport:  # noqa: A002 - the field's own word
    target = BuilderTarget("zoo", id)
    outcome = Failure(id=id, target=str(target), kind="exception", message=message)
    return ModelReport(entry=ModelEntry(id=id, target=target), outcome=outcome, seconds=1.25)


def told(progress: Progress, console: Console, *models: ModelReport) -> str:
    report = Report(models=models, seconds=2.5)
    progress.expect(len(models))
    for model in models:
        progress.begin(model.entry.id)
        progress.finish(model)
    progress.close(report)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def log() -> Console:
    return Console(file=io.StringIO(), width=60)


@pytest.fixture
def terminal() -> Console:
    return Console(file=io.StringIO(), width=100, force_terminal=True, _environ={"TERM": "xterm-256color"})


def test_a_log_gets_one_line_a_model_and_a_summary(log: Console) -> None:
    assert told(Lines(log), log, failed("a"), failed("b")).splitlines() == [
        "[1/2] a: failed (exception): it is [red]broken[/red]",
        "[2/2] b: failed (exception): it is [red]broken[/red]",
        "2 models, 2 failed, in 2.5 s",
    ]


def test_a_terminal_gets_a_table_of_all_models(terminal: Console) -> None:
    shown = told(LiveBar(terminal), terminal, failed("alpha"), failed("beta"))
    assert "Reading models" in shown
    table = shown[shown.rindex("2 models, 2 failed") :]
    assert "alpha" in table
    assert "it is [red]broken[/red]" in table


def test_a_build_that_was_broken_off_takes_its_bar_away(terminal: Console) -> None:
    bar = LiveBar(terminal)
    bar.expect(2)
    bar.begin("alpha")
    bar.close(None)
    assert isinstance(terminal.file, io.StringIO)
    assert "\x1b[?25h" in terminal.file.getvalue()  # the cursor is shown again


def test_what_fits_is_chosen(log: Console, terminal: Console) -> None:
    assert isinstance(choose(quiet=True), Silent)
    assert isinstance(choose(console=log), Lines)
    assert isinstance(choose(console=terminal), LiveBar)


def test_quiet_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    progress = choose(quiet=True)
    progress.expect(1)
    progress.begin("a")
    progress.finish(failed("a"))
    progress.close(Report(models=(failed("a"),)))
    assert capfd.readouterr() == ("", "")


def test_progress_goes_to_standard_error_only(capfd: pytest.CaptureFixture[str]) -> None:
    choose().close(Report(models=(failed("a"),), seconds=1.0))
    out, err = capfd.readouterr()
    assert out == ""
    assert "1 model, 1 failed, in 1.0 s" in err


def test_the_summary_counts() -> None:
    cached = ModelReport(entry=failed("c").entry, outcome=failed("c").outcome, from_cache=True)
    assert summary(Report(models=(), seconds=0.04)) == "0 models, in 0.0 s"
    assert (
        summary(Report(models=(failed("a"), cached), seconds=125))
        == "2 models, 1 from the cache, 2 failed, in 2 min 5 s"
    )
