"""What a pull request is compared with: what it would be merged into, or where its branch began."""

from __future__ import annotations

from pathlib import Path

import pytest

from keraviz_docs.errors import UserError
from keraviz_docs.review.git import merged_into
from tests.github.runner import git


class Origin:
    """A repository with a branch that was begun before the last commit on ``main``, and its merge."""

    def __init__(self, place: Path) -> None:
        self.place = place
        git(place, "init", "-q", "-b", "main")
        self.first = self.commit("first")
        git(place, "checkout", "-q", "-b", "topic")
        self.head = self.commit("work")
        git(place, "checkout", "-q", "main")
        self.last = self.commit("work of others")
        git(place, "checkout", "-q", "--detach")
        git(place, "merge", "-q", "--no-ff", "-m", "merge", self.head)
        git(place, "branch", "merged")

    def commit(self, name: str) -> str:
        (self.place / name).touch()
        git(self.place, "add", ".")
        git(self.place, "commit", "-qm", name)
        return git(self.place, "rev-parse", "HEAD").strip()

    def checkout(self, place: Path, branch: str, *depth: str) -> Path:
        git(place.parent, "clone", "-q", *depth, "--branch", branch, f"file://{self.place}", place.name)
        return place


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    (tmp_path / "origin").mkdir()
    return Origin(tmp_path / "origin")


def test_a_merge_is_compared_with_what_it_was_merged_into(tmp_path: Path, origin: Origin) -> None:
    clone = origin.checkout(tmp_path / "clone", "merged", "--depth=2")
    # What the event says may be older.
    assert merged_into(origin.head, origin.first, clone) == origin.last


def test_a_branch_is_compared_with_where_it_began(tmp_path: Path, origin: Origin) -> None:
    clone = origin.checkout(tmp_path / "clone", "topic")
    assert merged_into(origin.head, origin.last, clone) == origin.first


@pytest.mark.parametrize("branch", ["merged", "topic"])
def test_too_little_history_is_told(tmp_path: Path, origin: Origin, branch: str) -> None:
    clone = origin.checkout(tmp_path / "clone", branch, "--depth=1")
    with pytest.raises(UserError, match=r"the checkout has too little history .*fetch-depth: 2"):
        merged_into(origin.head, origin.last, clone)


def test_a_merge_of_something_else_is_a_branch(tmp_path: Path, origin: Origin) -> None:
    clone = origin.checkout(tmp_path / "clone", "merged")
    assert merged_into(origin.last, origin.first, clone) == origin.first
