"""A person sees what happens: a bar on a terminal, lines in a log, nothing when asked to be quiet."""

from __future__ import annotations

import dataclasses
import io
import re

import pytest
from rich.console import Console

from keraviz_docs.architecture import Architecture, ModelIdentity, Totals
from keraviz_docs.manifest.entries import BuilderTarget, ModelEntry
from keraviz_docs.outcome import BuilderFacts, Failure, Packed, Reading
from keraviz_docs.production import ModelReport, Report, choose
from keraviz_docs.production.progress import Lines, LiveBar, Progress, Silent, summary

ARCHITECTURE = Architecture(
    id="small",
    builder="zoo:small",
    model=ModelIdentity("small", "Functional", "keras"),
    keras="3.15.1",
    detail="exact",
    inputs=(),
    outputs=(),
    totals=Totals(layers=0, parameters=0, trainable=0, non_trainable=0, weight_bytes=0),
    groups=(),
    nodes=(),
)


def failed(id: str, message: str = "it is [red]broken[/red]") -> ModelReport:  # noqa: A002 - the field's own word
    target = BuilderTarget("zoo", id)
    outcome = Failure(id=id, target=str(target), kind="exception", message=message)
    return ModelReport(entry=ModelEntry(id=id, target=target), held=outcome, seconds=1.25)


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
        "[1/2] a: failed (exception), 1.2 s",
        "[2/2] b: failed (exception), 1.2 s",
        "2 models, 2 failed, in 2.5 s",
    ]


def read(id: str, seconds: float) -> ModelReport:  # noqa: A002 - the field's own word
    target = BuilderTarget("zoo", id)
    outcome = Reading(architecture=ARCHITECTURE, builder=BuilderFacts(target=str(target)))
    return ModelReport(entry=ModelEntry(id=id, target=target), held=Packed.of(outcome), seconds=seconds)


def final_table(shown: str) -> list[str]:
    """Return what stays on a terminal: what came after the bar was taken away."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown[shown.rindex("\x1b[?25h") :])
    return [line.strip() for line in plain.splitlines() if line.strip()]


def test_a_terminal_gets_a_table_of_all_models(terminal: Console) -> None:
    shown = told(LiveBar(terminal), terminal, failed("[i]alpha"), read("beta", 0.5))
    assert "Reading models" in shown
    assert "1 failed" in shown[: shown.rindex("\x1b[?25h")]
    assert final_table(shown) == [
        "model      took  result",
        "[i]alpha  1.2 s  failed (exception)",
        "beta      0.5 s  read",
        "2 models, 1 failed, in 2.5 s",
    ]


def test_why_a_model_failed_is_left_to_who_tells_it_once(terminal: Console, log: Console) -> None:
    assert "broken" not in told(LiveBar(terminal), terminal, failed("alpha"))
    assert "broken" not in told(Lines(log), log, failed("alpha"))


def test_of_many_models_the_table_shows_the_failed_and_the_slowest(terminal: Console) -> None:
    many = [read(f"m{number:03}", seconds=number) for number in range(100)]
    table = final_table(told(LiveBar(terminal), terminal, failed("bad"), *many))
    assert [line.split()[0] for line in table[1:-2]] == ["bad", *(f"m{number:03}" for number in range(90, 100))]
    assert table[-2:] == ["and 90 more that took less          read", "101 models, 1 failed, in 2.5 s"]


def test_what_came_from_the_cache_is_counted_not_listed(terminal: Console) -> None:
    cached = dataclasses.replace(read("old", 0), from_cache=True)
    table = final_table(told(LiveBar(terminal), terminal, cached, read("new", 1.0)))
    assert [line.split()[0] for line in table[1:]] == ["new", "2"]
    assert table[-1] == "2 models, 1 from the cache, in 2.5 s"


def test_drawing_has_a_bar_of_its_own_that_goes_when_it_is_done(terminal: Console) -> None:
    with LiveBar(terminal).drawing(2) as drew:
        drew()
        drew()
    assert isinstance(terminal.file, io.StringIO)
    assert "Drawing diagrams" in terminal.file.getvalue()
    assert final_table(terminal.file.getvalue()) == []


def test_a_log_says_that_diagrams_are_drawn_unless_there_are_none(log: Console) -> None:
    for total in (0, 1, 12):
        with Lines(log).drawing(total) as drew:
            drew()
    assert isinstance(log.file, io.StringIO)
    assert log.file.getvalue() == "drawing 1 diagram\ndrawing 12 diagrams\n"


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
    cached = ModelReport(entry=failed("c").entry, held=failed("c").held, from_cache=True)
    assert summary(Report(models=(), seconds=0.04)) == "0 models, in 0.0 s"
    assert (
        summary(Report(models=(failed("a"), cached), seconds=125))
        == "2 models, 1 from the cache, 2 failed, in 2 min 5 s"
    )
