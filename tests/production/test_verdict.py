"""What a process left behind becomes something a person can read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keraviz_docs.manifest.entries import BuilderTarget, DiscoverEntry, Limits, ModelEntry
from keraviz_docs.outcome import Failure, FailureKind
from keraviz_docs.production.messages import Answered, Discovery, Ended, Observed, Request, frame, frames
from keraviz_docs.production.verdict import answer_of, readable, stack_frames

REQUEST = Request(
    entry=ModelEntry(id="net", target=BuilderTarget("zoo", "net")), project=Path("/zoo"), limits=Limits(timeout=1.5)
)


@given(st.binary(max_size=10_000))
def test_any_output_becomes_short_printable_text(output: bytes) -> None:
    text = readable(output)
    assert len(text) <= 4_000
    assert all(character in "\n\t" or character.isprintable() or ord(character) > 0x7F for character in text)
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        (b"plain\n", "plain"),
        (b"\x1b[1;31mred\x1b[0m and \x1b]8;;http://x\x07link\x1b]8;;\x07", "red and link"),
        (b" 10%\r 50%\r100%\ndone\r\n", "100%\ndone"),
        ("Größe ≤ 3 ✓".encode(), "Größe ≤ 3 ✓"),
        (b"bad \xff byte\x00", "bad \ufffd byte"),
        (b"a" * 5_000 + b"end", "a" * 3_997 + "end"),
    ],
)
def test_output_is_shown_as_a_terminal_would_have_left_it(output: bytes, shown: str) -> None:
    assert readable(output) == shown


@pytest.mark.parametrize(
    ("ended", "kind", "words"),
    [
        (Ended(ticket=1, exit_code=-9, exceeded="timeout"), "timeout", "1.5 s"),
        (Ended(ticket=1, exit_code=-9, exceeded="memory"), "memory", "MiB"),
        (Ended(ticket=1, exit_code=-9), "crash", "SIGKILL (something killed it, most often because memory ran out)"),
        (Ended(ticket=1, exit_code=-11), "crash", "SIGSEGV (a segmentation fault)"),
        (Ended(ticket=1, exit_code=-99), "crash", "signal 99"),
        (Ended(ticket=1, exit_code=7), "crash", "exit status 7"),
    ],
)
def test_an_end_without_an_answer_is_a_failure_that_says_how(ended: Ended, kind: FailureKind, words: str) -> None:
    answer, _ = answer_of(ended, REQUEST)
    assert isinstance(answer, Failure)
    assert (answer.id, answer.target, answer.kind) == ("net", "zoo:net", kind)
    assert words in answer.message


def test_an_answer_that_was_finished_counts_even_if_the_process_then_crashed() -> None:
    answer, observed = answer_of(
        Ended(ticket=1, exit_code=-11, answer=frame(Observed("file", "/zoo/net.py")) + frame(Answered(Discovery(())))),
        REQUEST,
    )
    assert answer == Discovery(())
    assert observed == (Observed("file", "/zoo/net.py"),)


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=60))
def test_an_answer_that_was_cut_off_or_garbled_is_no_answer(garbage: bytes, cut: int) -> None:
    whole = frame(Answered(Discovery(())))
    for data in (whole[: min(cut, len(whole) - 1)], garbage):
        answer, _ = answer_of(Ended(ticket=1, exit_code=1, answer=data), REQUEST)
        assert isinstance(answer, Failure)


@given(st.lists(st.builds(Observed, st.text(), st.text())))
def test_frames_are_split_as_they_were_joined(messages: list[Observed]) -> None:
    joined = [frame(message) for message in messages]
    assert list(frames(b"".join(joined))) == [each[4:] for each in joined]


def test_a_failed_search_is_named_after_its_module() -> None:
    request = Request(entry=DiscoverEntry(module="zoo.Vision_nets"), project=Path("/zoo"), limits=Limits())
    failure = request.failure("import", "it is not there")
    assert (failure.id, failure.target) == ("zoo-vision-nets", "zoo.Vision_nets")


def test_of_a_stack_the_projects_own_lines_are_shown_outermost_first(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("def block():\n    hang()\n\ndef net():\n    return block()\n")
    dump = f"""Timeout (0:00:02)!
Thread 0x00007f0000000001 (most recent call first):
  File "{tmp_path}/worker.py", line 9 in work
Thread 0x00007f0000000002 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 1 in hang
  File "{tmp_path}/net.py", line 2 in block
  File "{tmp_path}/net.py", line 5 in net
  File "{tmp_path}/.venv/lib/python3.11/site-packages/keraviz_docs/reading/building.py", line 40 in call

Extension modules: numpy (total: 1)
"""
    shown = stack_frames(dump.encode(), tmp_path)
    assert [(each.file, each.line, each.function, each.code) for each in shown] == [
        ("net.py", 5, "net", "return block()"),
        ("net.py", 2, "block", "hang()"),
    ]
