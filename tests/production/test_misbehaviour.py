"""A builder can harm nothing but its own model."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from keraviz_docs.manifest.entries import ModelEntry
from keraviz_docs.outcome import Failure, Outcome, Reading
from keraviz_docs.production import Cache, Report, produce

ZOO = Path(__file__).parent / "zoo"
TIMEOUT = 3.0
MEMORY = 250

LIMITED: dict[str, dict[str, Any]] = {
    "hangs": {"timeout": TIMEOUT},
    "hangs_in_c": {"timeout": TIMEOUT},
    "eats_memory": {"memory": MEMORY},
}

NAMES = [
    line.removeprefix("def ").split("(")[0]
    for line in (ZOO / "misbehaving.py").read_text().splitlines()
    if line.startswith("def ")
]


@pytest.fixture(scope="module")
def mark() -> Iterator[str]:
    """Set a variable that every process started for this module has, also one that outlives its parents."""
    name = f"KERAVIZ_TEST_{uuid.uuid4().hex}"
    os.environ[name] = "1"
    yield name
    del os.environ[name]


@pytest.fixture(scope="module")
def report(mark: str, entry: Callable[..., ModelEntry]) -> Report:
    entries = [entry("misbehaving", name, **LIMITED.get(name, {})) for name in NAMES]
    return produce([*entries, entry("wellbehaved", "witness")], ZOO, jobs=2)


def failure(report: Report, name: str) -> Failure:
    outcome = report.outcomes[name.replace("_", "-")]
    assert isinstance(outcome, Failure), outcome
    return outcome


def processes_with(mark: str) -> list[psutil.Process]:
    def is_marked(process: psutil.Process) -> bool:
        try:
            return mark in process.environ() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    return [process for process in psutil.process_iter() if process.pid != os.getpid() and is_marked(process)]


def assert_none_is_left(mark: str) -> None:
    """Wait for processes that are ending; by themselves they would go on for an hour."""
    end = time.monotonic() + 30
    while left := processes_with(mark):
        assert time.monotonic() < end, left
        time.sleep(0.1)


def test_every_model_has_an_outcome_in_the_order_of_the_manifest(report: Report) -> None:
    assert [model.entry.id for model in report.models] == [name.replace("_", "-") for name in [*NAMES, "witness"]]


def test_no_process_is_left(report: Report, mark: str) -> None:
    assert_none_is_left(mark)


def test_a_model_read_beside_all_of_them_is_what_it_is_alone(report: Report, entry: Callable[..., ModelEntry]) -> None:
    alone = produce([entry("wellbehaved", "witness")], ZOO).outcomes["witness"]
    assert isinstance(alone, Reading)
    assert report.outcomes["witness"] == alone
    assert [node.name for node in alone.architecture.nodes][1:] == ["dense", "zoo-unset"]


@pytest.mark.parametrize(
    "name",
    [
        "prints_megabytes",
        "leaks_threads",
        "leaves_a_program_running",
        "leaves_forks_that_hold_every_pipe",
        "returns_twice",
        "changes_directory",
        "changes_environment",
        "closes_standard_streams",
        "closes_every_descriptor",
        "patches_builtins",
    ],
)
def test_a_builder_that_returns_its_model_in_the_end_is_read(report: Report, name: str) -> None:
    outcome: Outcome = report.outcomes[name.replace("_", "-")]
    assert isinstance(outcome, Reading), outcome
    assert [node.name for node in outcome.architecture.nodes] == ["features", "hidden", "scores"]


@pytest.mark.parametrize("name", ["patches_keras", "sets_global_state"])
def test_a_builder_that_changes_keras_harms_at_most_its_own_model(report: Report, name: str) -> None:
    outcome = report.outcomes[name.replace("_", "-")]
    assert isinstance(outcome, Reading) or outcome.kind == "exception"


def test_an_exception_is_told_with_the_builders_own_lines(report: Report) -> None:
    told = failure(report, "raises")
    assert told.kind == "exception"
    assert "the <b>width</b> must be even" in told.message
    assert [(frame.file, frame.function) for frame in told.frames] == [("misbehaving.py", "raises")]


def test_what_cannot_be_compiled_is_not_blamed_on_who_compiles_it(report: Report) -> None:
    told = failure(report, "imports_what_is_no_python")
    assert told.kind == "exception"
    assert "raised SyntaxError" in told.message


@pytest.mark.parametrize("name", ["raises_what_cannot_be_told", "raises_what_cannot_be_pickled", "recurses"])
def test_a_strange_exception_is_told_as_well_as_it_can_be(report: Report, name: str) -> None:
    told = failure(report, name)
    assert told.kind == "exception"
    words = {"raises_what_cannot_be_told": "Untellable", "raises_what_cannot_be_pickled": "a lock"}
    assert words.get(name, "RecursionError") in told.message


def test_a_wrong_return_type_is_named(report: Report) -> None:
    assert failure(report, "returns_text").kind == "wrong-return"


@pytest.mark.parametrize("name", ["hangs", "hangs_in_c"])
def test_a_builder_that_takes_too_long_is_stopped_and_it_is_told_where_it_was(report: Report, name: str) -> None:
    told = failure(report, name)
    assert told.kind == "timeout"
    assert f"longer than {TIMEOUT:g} s" in told.message
    assert told.frames[-1].function == name


def test_what_a_stopped_builder_printed_is_shown(report: Report) -> None:
    assert failure(report, "hangs").output == "settling down"


def test_a_builder_that_eats_memory_is_stopped_at_its_limit(report: Report) -> None:
    told = failure(report, "eats_memory")
    assert told.kind == "memory"
    assert f"more than {MEMORY} MiB" in told.message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("calls_sys_exit", "exit status 3"),
        ("calls_os_exit", "exit status 4"),
        ("calls_os_exit_with_success", "exit status 0"),
        ("segfaults", "SIGSEGV"),
        ("aborts", "SIGABRT"),
        ("kills_itself", "SIGKILL"),
        ("kills_its_parent", "killed the process"),
    ],
)
def test_a_process_that_ends_without_a_model_is_a_crash_that_says_how(report: Report, name: str, said: str) -> None:
    told = failure(report, name)
    assert told.kind == "crash"
    assert said in told.message


@pytest.mark.parametrize("name", ["segfaults", "aborts"])
def test_a_fatal_signal_is_told_with_the_builders_own_lines(report: Report, name: str) -> None:
    assert failure(report, name).frames[-1].function == name


def test_only_the_end_of_much_output_is_kept(report: Report) -> None:
    output = failure(report, "prints_megabytes_and_raises").output
    assert len(output) <= 4_000
    assert "line 99999" in output


def test_strange_output_becomes_text_that_can_be_shown_anywhere(report: Report) -> None:
    output = failure(report, "prints_strange_bytes_and_raises").output
    assert "red 100%" not in output
    assert "100%" in output
    assert not any(ord(character) < 32 and character not in "\n\t" for character in output)


def test_keyboard_interrupt_raised_by_a_builder_does_not_stop_the_build(report: Report) -> None:
    assert isinstance(report.outcomes["raises-keyboard-interrupt"], Failure)


LISTED = [
    *("raises", "hangs", "hangs_in_c", "calls_sys_exit", "calls_os_exit", "segfaults", "aborts", "kills_itself"),
    *("kills_its_parent", "eats_memory", "recurses", "returns_text", "prints_megabytes_and_raises"),
]
"""What ends in a failure."""

TOLERATED = [
    *("prints_megabytes", "leaks_threads", "leaves_forks_that_hold_every_pipe", "changes_directory"),
    *("changes_environment", "closes_every_descriptor", "sets_global_state"),
]
"""What ends in a model all the same, and must not be seen by the next."""


@pytest.mark.slow
def test_twenty_bad_builders_among_two_hundred_harm_no_other(
    mark: str, entry: Callable[..., ModelEntry], tmp_path: Path
) -> None:
    bad = iter([*LISTED, *TOLERATED])
    entries = []
    for number in range(200):
        if number % 10 == 0:
            name = next(bad)
            entries.append(entry("misbehaving", name, **{"timeout": 60.0, **LIMITED.get(name, {})}))
        else:
            good = entry("wellbehaved", "witness" if number % 10 == 1 else "small")
            kwargs = {} if number % 10 == 1 else {"units": number}
            entries.append(ModelEntry(id=f"m{number}", target=good.target, kwargs=kwargs, limits=good.limits))
    assert next(bad, None) is None
    report = produce(entries, ZOO, cache=Cache(tmp_path))
    assert [failure.id for failure in report.failures] == [name.replace("_", "-") for name in LISTED]
    for number, model in enumerate(report.models):
        if number % 10 == 1:
            assert isinstance(model.outcome, Reading)
            assert [node.name for node in model.outcome.architecture.nodes][1:] == ["dense", "zoo-unset"]
        elif number % 10:
            assert isinstance(model.outcome, Reading)
            assert model.outcome.architecture.nodes[1].parameters == 5 * number
    assert_none_is_left(mark)
    good_entries = [each for number, each in enumerate(entries) if number % 10]
    again = produce(good_entries, ZOO, cache=Cache(tmp_path))
    assert all(model.from_cache for model in again.models)
