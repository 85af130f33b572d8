"""``keraviz cache``, and the caches that commands share."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from keraviz_docs import cli
from keraviz_docs.production import Cache

Keraviz = Callable[..., "subprocess.CompletedProcess[str]"]

ZOO = """
title: Small zoo
models:
  - {builder: "zoo_models:small", variants: [{id: wide, kwargs: {units: 64}}, {id: wider, kwargs: {units: 128}}]}
  - {builder: "zoo_models:square", kwargs: {shape: !tuple [4, 4, 1]}}
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fill the cache of a project in the current directory with two drawings."""
    monkeypatch.delenv("KERAVIZ_CACHE", raising=False)
    monkeypatch.delenv("KERAVIZ_CACHE_SIZE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zoo.yml").write_text("models: [")  # who clears the cache of a broken manifest has reasons
    for key in ("aaaa", "bbbb"):
        Cache.of(tmp_path).diagrams.put_files(key, {"a.svg": bytes(3 << 20)})
    return tmp_path / ".keraviz" / "cache"


def test_it_shows_where_the_cache_is_and_what_it_holds(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["cache"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(cache),
        "  readings               0 entries        0 MiB",
        "  diagrams               2 entries      6.0 MiB",
        "  in use                     6.0 MiB of 2.0 GiB",
    ]


def test_info_is_what_it_does_when_nothing_else_is_asked_for(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ("cache", "cache info", "cache -m zoo.yml", "cache info --cache .keraviz/cache"):
        assert cli.run(words.split()) == 0
    told = capsys.readouterr().out
    assert told == told[: len(told) // 4] * 4


def test_clear_says_what_it_freed(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["cache", "clear"]) == 0
    assert capsys.readouterr().out == f"{cache}: 6.0 MiB freed\n"
    assert cli.run(["cache", "clear"]) == 0
    assert capsys.readouterr().out == f"{cache} was empty\n"
    assert Cache(cache).usage().size == 0


def test_clear_empties_no_other_cache_than_the_one_it_is_given(cache: Path, tmp_path: Path) -> None:
    assert cli.run(["cache", "clear", "-q", "--cache", str(tmp_path / "other")]) == 0
    assert Cache(cache).usage().diagrams.entries == 2


@pytest.mark.slow
def test_shards_fill_caches_that_merge_by_copying(keraviz: Keraviz, project: Path) -> None:
    (project / "zoo.yml").write_text(ZOO)
    read: list[str] = []
    for number in (1, 2):
        done = keraviz("extract", "zoo.yml", "--shard", f"{number}/2", "--cache", f"share-{number}")
        assert (done.returncode, done.stdout) == (0, "")
        read += re.findall(r"\] ([\w-]+):", done.stderr)
        shutil.copytree(project / f"share-{number}", project / "merged", dirs_exist_ok=True)
    assert sorted(read) == ["small", "small-wide", "small-wider", "square"]
    assert not (project / ".keraviz").exists()
    merged = subprocess.run(
        [sys.executable, "-c", COUNTING, "extract", "zoo.yml", "--cache", "merged", "-o", "merged-json"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    assert merged.stdout.splitlines()[-1] == "started: []"
    assert "4 models, 4 from the cache" in merged.stderr
    assert keraviz("extract", "zoo.yml", "-o", "json", "--cache", "fresh", "-q").returncode == 0
    assert {path.name: path.read_bytes() for path in (project / "merged-json").iterdir()} == {
        path.name: path.read_bytes() for path in (project / "json").iterdir()
    }


COUNTING = """
import sys
started = []
watched = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}
sys.addaudithook(lambda event, _: started.append(event) if event in watched else None)
from keraviz_docs import cli
status = cli.run(sys.argv[1:])
print("started:", started)
sys.exit(status)
"""


@pytest.mark.slow
def test_a_share_of_a_build_is_read_and_drawn_and_has_no_pages(keraviz: Keraviz, project: Path) -> None:
    (project / "zoo.yml").write_text(ZOO)
    done = keraviz("build", "--shard", "2/2", "--cache", "share")
    assert (done.returncode, done.stdout) == (0, "")
    usage = Cache(project / "share").usage()
    assert (usage.readings.entries, usage.diagrams.entries) == (2, 2)


@pytest.mark.slow
def test_a_comparison_with_a_commit_reads_it_once(keraviz: Keraviz, project: Path) -> None:
    (project / "zoo.yml").write_text(ZOO)
    (project / ".gitignore").write_text(".keraviz\n")
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", *arguments], cwd=project, check=True, capture_output=True)
    first = keraviz("diff", "HEAD")
    assert first.returncode == 0, first.stderr
    assert first.stderr.count("4 from the cache") == 1  # the working tree is what the commit is
    second = keraviz("diff", "HEAD")
    assert second.stderr.count("4 from the cache") == 2
    assert second.stdout == first.stdout
