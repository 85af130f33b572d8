"""What asks ``mkdocs serve`` for a new build: everything that a build looked at, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mkdocs_plugin.watching import Watcher


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    watcher = Watcher()
    yield watcher
    watcher.stop()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "zoo").mkdir()
    (tmp_path / "kept" / "old").mkdir(parents=True)
    for name in ("one.py", "two.py", "zoo/first.py", "kept/old/net.arch"):
        (tmp_path / name).write_text("1")
    return tmp_path


def test_files_changed_together_are_one_change(project: Path, watcher: Watcher) -> None:
    watcher.expect("models", [project / "one.py", project / "two.py"], [project / "zoo"], [])
    assert not watcher.has_changed()
    for name in ("one.py", "two.py", "zoo/second.py"):
        (project / name).write_text("12")
    assert watcher.has_changed()
    assert not watcher.has_changed()


def test_a_file_may_go_and_come_back(project: Path, watcher: Watcher) -> None:
    watcher.expect("models", [project / "one.py"], [], [])
    (project / "one.py").unlink()
    assert watcher.has_changed()
    (project / "one.py").write_text("12")
    assert watcher.has_changed()
    assert not watcher.has_changed()


def test_a_file_that_is_replaced_has_changed(project: Path, watcher: Watcher) -> None:
    watcher.expect("models", [project / "one.py"], [], [])
    (project / "one.py").rename(project / "one.py~")
    (project / "one.py").write_text("12")
    assert watcher.has_changed()


@pytest.mark.parametrize("name", ["zoo/second.py", "zoo/third", "later.py", "kept/new.arch", "kept/old/more.arch"])
def test_what_appears_where_it_was_looked_for(project: Path, watcher: Watcher, name: str) -> None:
    watcher.expect("models", [project / "kept"], [project / "zoo"], [project / "later.py", project / "later"])
    if "." in name:
        (project / name).write_text("1")
    else:
        (project / name).mkdir()
    assert watcher.has_changed()
    assert not watcher.has_changed()


@pytest.mark.parametrize(
    "name", ["notes.txt", "zoo/.first.py.swp", "zoo/first.py~", "zoo/__pycache__", "zoo/sub/new.py"]
)
def test_what_is_nobodys_business(project: Path, watcher: Watcher, name: str) -> None:
    (project / "zoo" / "sub").mkdir()
    watcher.expect("models", [project / "one.py"], [project / "zoo"], [project / "later.py"])
    (project / name).write_text("1")
    assert not watcher.has_changed()


def test_what_a_build_did_not_see_is_still_noticed_after_it(project: Path, watcher: Watcher) -> None:
    watcher.expect("models", [project / "one.py"], [], [])
    (project / "one.py").write_text("12")
    watcher.expect("models", [project / "one.py", project / "two.py"], [], [])
    assert watcher.has_changed()


def test_what_a_build_did_not_look_at_is_forgotten(project: Path, watcher: Watcher) -> None:
    watcher.expect("models", [project / "one.py"], [project / "zoo"], [])
    watcher.expect("models", [project / "two.py"], [], [])
    (project / "one.py").write_text("12")
    (project / "zoo" / "second.py").write_text("1")
    assert not watcher.has_changed()


def test_several_zoos_are_watched_at_once(project: Path, watcher: Watcher) -> None:
    watcher.expect("vision", [project / "one.py"], [project / "zoo"], [])
    watcher.expect("text", [project / "one.py"], [project / "zoo"], [])
    watcher.expect("text", [project / "two.py"], [], [])
    (project / "zoo" / "second.py").write_text("1")
    assert watcher.has_changed()
    (project / "one.py").write_text("12")
    (project / "two.py").write_text("12")
    assert watcher.has_changed()
    assert not watcher.has_changed()


def test_the_bell_is_touched_for_a_change(project: Path, watcher: Watcher) -> None:
    watcher.expect("models", [project / "one.py"], [], [])
    before = watcher.bell.stat().st_mtime_ns
    watcher.start()
    (project / "one.py").write_text("12")
    end = time.monotonic() + 60
    while watcher.bell.stat().st_mtime_ns == before:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_nothing_is_left_behind(watcher: Watcher) -> None:
    watcher.start()
    watcher.stop()
    assert not watcher.is_alive()
    assert not watcher.bell.parent.exists()
