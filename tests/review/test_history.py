"""Which earlier states of a zoo a manifest's page of changes finds, and what is said where there is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from keraviz_docs.architecture import Architecture
from keraviz_docs.manifest import ChangesPage
from keraviz_docs.review.history import Kept, Missing, history
from keraviz_docs.review.snapshot import snapshot_of
from tests.review.sketches import sketch

LAYERS = "x: InputLayer -> ?x8\ny: Dense units={units} -> ?x{units}; 36 parameters"


def snapshot(units: int) -> str:
    return snapshot_of(sketch(LAYERS.format(units=units)))


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a manifest, below the top of a repository with three releases; the first has no snapshots."""
    (tmp_path / "gitconfig").touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "a")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@b.c")
    zoo = tmp_path / "repository" / "zoo"
    zoo.mkdir(parents=True)
    git(zoo, "init", "-q", "-b", "main", "..")
    for tag, units in (("v1.1", None), ("v1.9", 4), ("v1.10", 5)):
        (zoo / "zoo.yml").write_text(f"# {tag}\n")
        if units:
            (zoo / "architectures").mkdir(exist_ok=True)
            (zoo / "architectures" / "toy.arch").write_text(snapshot(units), "utf-8")
        git(zoo, "add", ".")
        git(zoo, "commit", "-qm", tag)
        git(zoo, "tag", tag)
    git(zoo, "tag", "nightly")
    return zoo


def git(directory: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=directory, check=True, capture_output=True, text=True).stdout


def missing(zoo: Path, *since: str) -> Missing:
    (state,) = history(ChangesPage(since=since), zoo).states
    assert isinstance(state, Missing)
    return state


def units(state: Kept | Missing) -> int:
    assert isinstance(state, Kept)
    model = state.read(["toy"])["toy"]
    assert isinstance(model, Architecture)
    return int(model.nodes[1].config["units"])


def test_releases_are_tags_by_their_version_back_to_the_first_that_has_snapshots(zoo: Path) -> None:
    states = history(ChangesPage(tags="v*"), zoo).states
    assert [(state.name, units(state)) for state in states] == [("v1.10", 5), ("v1.9", 4)]
    assert [state.name for state in history(ChangesPage(tags="v*", last=1), zoo).states] == ["v1.10"]


def test_a_tag_that_is_no_part_of_what_is_checked_out_is_no_release_of_it(zoo: Path) -> None:
    git(zoo, "checkout", "-q", "v1.9")
    assert [state.name for state in history(ChangesPage(tags="v*"), zoo).states] == ["v1.9"]


def test_any_ref_and_any_directory_of_snapshots_can_be_named(zoo: Path) -> None:
    (zoo / "kept").mkdir()
    (zoo / "kept" / "toy.arch").write_text(snapshot(9), "utf-8")
    states = history(ChangesPage(since=("HEAD", "kept", "v1.9")), zoo).states
    assert [units(state) for state in states] == [5, 9, 4]


def test_equal_snapshots_have_equal_versions(zoo: Path) -> None:
    one, other = history(ChangesPage(since=("v1.10", "nightly")), zoo).states
    assert isinstance(one, Kept)
    assert isinstance(other, Kept)
    assert one.versions == other.versions


def test_a_misspelt_tag_is_a_mistake_in_the_manifest(zoo: Path) -> None:
    state = missing(zoo, "v1.90")
    assert state.is_mistake
    assert state.reason == "there is no tag, branch or commit v1.90: did you mean v1.9?"


@pytest.mark.parametrize("name", ["--help", "a b", "HEAD:zoo.yml", "v1.9\nv1.10"])
def test_what_is_no_ref_is_told_and_runs_nothing(zoo: Path, name: str) -> None:
    assert missing(zoo, name).is_mistake


def test_a_release_without_snapshots_says_how_to_compare_with_it(zoo: Path) -> None:
    state = missing(zoo, "v1.1")
    assert state.is_mistake
    assert "`build: true` builds the models of v1.1 instead" in state.reason
    assert state.commit == git(zoo, "rev-parse", "v1.1").strip()


def test_a_shallow_clone_lacks_history_and_the_manifest_is_right(zoo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", "--no-tags", f"file://{zoo.parent}", "shallow")
    state = missing(tmp_path / "shallow" / "zoo", "v1.9")
    assert not state.is_mistake
    assert "fetch-depth: 0" in state.reason
    (none,) = history(ChangesPage(tags="v*"), tmp_path / "shallow" / "zoo").states
    assert isinstance(none, Missing)
    assert not none.is_mistake
    assert "fetch-depth: 0" in none.reason


def test_before_the_first_release_there_is_nothing_to_mend(zoo: Path) -> None:
    (none,) = history(ChangesPage(tags="release-*"), zoo).states
    assert isinstance(none, Missing)
    assert not none.is_mistake
    assert none.reason == "there is no tag that matches release-* yet"


def test_outside_of_a_repository_nothing_is_known(tmp_path: Path) -> None:
    state = missing(tmp_path, "v1.9")
    assert not state.is_mistake
    assert "outside of a git repository" in state.reason
    assert history(ChangesPage(), tmp_path).watched == ()


def test_a_directory_without_snapshots_is_a_mistake(zoo: Path) -> None:
    (zoo / "kept").mkdir()
    assert missing(zoo, "kept").is_mistake


def test_a_damaged_snapshot_is_told_and_the_others_are_read(zoo: Path) -> None:
    (zoo / "architectures" / "broken.arch").write_text("nonsense\n")
    git(zoo, "add", ".")
    git(zoo, "commit", "-qm", "broken")
    (state,) = history(ChangesPage(since=("HEAD",)), zoo).states
    assert isinstance(state, Kept)
    models = state.read(["broken", "toy"])
    assert isinstance(models["toy"], Architecture)
    assert str(models["broken"]).startswith("broken.arch:1: ")


def test_a_server_watches_refs_and_directories(zoo: Path) -> None:
    (zoo / "kept").mkdir()
    watched = history(ChangesPage(since=("main", "kept")), zoo).watched
    assert {path.relative_to(zoo.parent).as_posix() for path in watched} == {".git/HEAD", ".git/refs", "zoo/kept"}
