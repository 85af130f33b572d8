"""A pool keeps the promises of `concurrent.futures`, whatever happens to its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError
from pathlib import Path

import psutil
import pytest

from keraviz_docs.manifest.entries import ModelEntry
from keraviz_docs.outcome import Failure, Reading
from keraviz_docs.production import LocalPool, produce
from keraviz_docs.production.launching import environment
from keraviz_docs.production.messages import Request
from keraviz_docs.production.pool import CannotStart, default_jobs

Entry = Callable[..., ModelEntry]


@pytest.fixture
def request_for(project: Path, entry: Entry) -> Callable[..., Request]:
    def made(module: str, name: str, **settings: object) -> Request:
        chosen = entry(module, name, **settings)
        return Request(entry=chosen, project=project, limits=chosen.limits, environment=environment())

    return made


def children() -> list[psutil.Process]:
    found = []
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if each.status() != psutil.STATUS_ZOMBIE:
                found.append(each)
    return found


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_nothing_is_started_before_the_first_request() -> None:
    before = children()
    with LocalPool():
        assert children() == before


def test_a_future_gives_the_answer_and_how_long_it_took(pool: LocalPool, request_for: Callable[..., Request]) -> None:
    result = pool.submit(request_for("wellbehaved", "small")).result()
    assert isinstance(result.answer, Reading)
    assert result.answer.architecture.totals.parameters == 4 * 3 + 3 + 3 * 2 + 2
    assert result.seconds > 0


def test_no_more_than_the_jobs_run_at_once(request_for: Callable[..., Request]) -> None:
    with LocalPool(jobs=2) as pool:
        futures = [pool.submit(request_for("misbehaving", "hangs", timeout=1.0)) for _ in range(5)]
        most = 0
        while not all(future.done() for future in futures):
            most = max(most, sum(future.running() for future in futures))
            time.sleep(0.02)
    assert most == 2


def test_a_future_can_be_cancelled_until_its_process_starts(request_for: Callable[..., Request]) -> None:
    with LocalPool(jobs=1) as pool:
        running = pool.submit(request_for("misbehaving", "hangs", timeout=1.0))
        waiting = pool.submit(request_for("wellbehaved", "small"))
        assert waiting.cancel()
        assert not running.cancel()
        assert isinstance(running.result().answer, Failure)
        with pytest.raises(CancelledError):
            waiting.result()


def test_a_pool_that_was_shut_down_finishes_what_it_has_and_takes_no_more(
    request_for: Callable[..., Request],
) -> None:
    pool = LocalPool(jobs=1)
    futures = [pool.submit(request_for("wellbehaved", "small", units=number)) for number in (1, 2)]
    pool.shutdown(wait=False)
    with pytest.raises(RuntimeError):
        pool.submit(request_for("wellbehaved", "small"))
    assert all(isinstance(future.result().answer, Reading) for future in futures)
    wait_until(lambda: not children_of_this_test(pool))


def children_of_this_test(pool: LocalPool) -> bool:
    return pool._launcher is not None


def test_killing_the_workers_leaves_no_process_and_no_future_undone(request_for: Callable[..., Request]) -> None:
    before = set(children())
    pool = LocalPool(jobs=2)
    futures = [pool.submit(request_for("misbehaving", "hangs")) for _ in range(4)]
    wait_until(lambda: len(set(children()) - before) == 3)
    pool.kill_workers()
    wait_until(lambda: not set(children()) - before)
    wait_until(lambda: all(future.done() for future in futures))
    assert [type(future.exception()) for future in futures if not future.cancelled()] == [BrokenExecutor] * 2
    assert sum(future.cancelled() for future in futures) == 2


def test_what_was_under_way_when_the_parent_died_is_read_once_more(request_for: Callable[..., Request]) -> None:
    before = set(children())
    with LocalPool(jobs=2) as pool:
        slow = [pool.submit(request_for("misbehaving", "hangs", timeout=3.0)) for _ in range(2)]
        rest = [pool.submit(request_for("wellbehaved", "small", units=number)) for number in range(1, 4)]
        wait_until(lambda: len(set(children()) - before) == 3)
        (parent,) = (each for each in set(children()) - before if each.ppid() == os.getpid())
        parent.send_signal(signal.SIGKILL)
        answers = [future.result().answer for future in slow]
        assert [answer.kind for answer in answers if isinstance(answer, Failure)] == ["timeout", "timeout"]
        assert all(isinstance(future.result().answer, Reading) for future in rest)


def test_the_guilty_alone_fails_when_a_builder_kills_the_parent(project: Path, entry: Entry) -> None:
    entries = [entry("misbehaving", "kills_its_parent")]
    for number in range(1, 6):
        good = entry("wellbehaved", "small", units=number)
        entries.append(ModelEntry(id=f"small-{number}", target=good.target, kwargs=good.kwargs))
    report = produce(entries, project, jobs=2)
    assert [failure.id for failure in report.failures] == ["kills-its-parent"]


def test_an_installation_without_tensorflow_is_one_clear_error(
    tmp_path: Path, project: Path, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorflow.py").write_text("raise ImportError('no TensorFlow in this test')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CannotStart, match="no TensorFlow in this test"):
        produce([entry("wellbehaved", "small"), entry("wellbehaved", "witness")], project)


def test_a_pool_used_from_many_threads_answers_each_its_own(
    pool: LocalPool, request_for: Callable[..., Request]
) -> None:
    seen: dict[int, int] = {}

    def ask(units: int) -> None:
        answer = pool.submit(request_for("wellbehaved", "small", units=units)).result().answer
        assert isinstance(answer, Reading)
        seen[units] = answer.architecture.nodes[1].parameters

    threads = [threading.Thread(target=ask, args=[units]) for units in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {units: 5 * units for units in range(1, 9)}


def test_at_least_one_model_is_read_at_once_and_never_more_than_cores() -> None:
    assert 1 <= default_jobs() <= (os.cpu_count() or 1)


@pytest.mark.slow
def test_fresh_processes_answer_like_forked_ones(project: Path, entry: Entry) -> None:
    entries = [
        entry("wellbehaved", "witness"),
        entry("misbehaving", "raises"),
        entry("misbehaving", "segfaults"),
        entry("misbehaving", "hangs", timeout=3.0),
        entry("misbehaving", "eats_memory", memory=200),
        entry("misbehaving", "prints_megabytes"),
        entry("misbehaving", "leaks_threads"),
        entry("misbehaving", "calls_os_exit"),
    ]
    before = set(children())
    with LocalPool(jobs=2, method="fork") as forking, LocalPool(jobs=2, method="spawn") as spawning:
        forked = produce(entries, project, pool=forking).outcomes
        spawned = produce(entries, project, pool=spawning).outcomes
    assert spawned == forked
    wait_until(lambda: not set(children()) - before)


@pytest.mark.slow
def test_killed_fresh_processes_are_gone(request_for: Callable[..., Request]) -> None:
    before = set(children())
    pool = LocalPool(jobs=2, method="spawn")
    futures = [pool.submit(request_for("misbehaving", "hangs")) for _ in range(3)]
    wait_until(lambda: len(set(children()) - before) == 2)
    pool.kill_workers()
    wait_until(lambda: not set(children()) - before)
    assert all(future.done() for future in futures)
