"""Functions of ours, called in processes of their own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor

import psutil
import pytest

from keraviz_docs.errors import Code, UserError
from keraviz_docs.workers import Workers


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(2) as opened:
        yield opened


def test_a_function_is_called_in_another_process(workers: Workers) -> None:
    assert workers.submit(os.getpid).result() != os.getpid()


def test_results_belong_to_their_calls(workers: Workers) -> None:
    futures = [workers.submit(divmod, number, 7) for number in range(50)]
    assert [future.result() for future in futures] == [divmod(number, 7) for number in range(50)]


def test_what_a_function_raises_comes_back(workers: Workers) -> None:
    with pytest.raises(ZeroDivisionError):
        workers.submit(divmod, 1, 0).result()
    assert workers.submit(divmod, 7, 2).result() == (3, 1)


def test_a_mistake_of_a_user_comes_back_with_its_code(workers: Workers) -> None:
    with pytest.raises(UserError, match="missing") as caught:
        workers.submit(_raise, "it is missing").result()
    assert caught.value.code is Code.NO_MANIFEST


def test_what_is_printed_does_not_get_between_the_answers(workers: Workers) -> None:
    workers.submit(os.system, "echo printed >&1").result()
    assert workers.submit(divmod, 7, 2).result() == (3, 1)


def test_a_process_that_dies_fails_its_own_call_only(workers: Workers) -> None:
    with pytest.raises(BrokenExecutor):
        workers.submit(os._exit, 3).result()
    assert workers.submit(divmod, 7, 2).result() == (3, 1)


def test_no_process_is_started_before_the_first_call() -> None:
    before = psutil.Process().children()
    with Workers(2):
        assert psutil.Process().children() == before


def test_an_interrupted_build_leaves_no_process() -> None:
    with pytest.raises(KeyboardInterrupt), Workers(2) as workers:
        pids = [workers.submit(os.getpid).result()]
        sleeping = [workers.submit(time.sleep, 600) for _ in range(2)]
        raise KeyboardInterrupt
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert all(isinstance(future.exception(), BrokenExecutor) or future.cancelled() for future in sleeping)


def _raise(message: str) -> None:
    raise UserError(message, Code.NO_MANIFEST)


def test_processes_can_be_started_ahead_of_need(workers: Workers) -> None:
    workers.start(os.getpid, 9)
    assert workers.submit(divmod, 7, 2).result() == (3, 1)
    assert len({child.pid for child in psutil.Process().children() if "keraviz_docs.workers" in child.cmdline()}) == 2
