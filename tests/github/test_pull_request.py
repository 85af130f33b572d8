"""A pull request on a scratch repository, made as a user makes it, through the workflows' own steps to the comment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from keraviz_docs.github import LABEL
from keraviz_docs.github.comment import MARKER
from tests.github.runner import Ended, Runner, git
from tests.github.service import Service, serving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
REVIEW, COMMENT = ".github/workflows/architecture-review.yml", ".github/workflows/architecture-comment.yml"
OURS = ("action.yml", ".github/actions/comment/action.yml", REVIEW, COMMENT)

BUILDERS = '''"""Builders."""
import keras
from keras import layers


def small(units: int = 8) -> keras.Model:
    """A small model."""
    x = inputs = keras.Input((8,), name="features")
    x = layers.Dense(units, activation="relu", name="hidden")(x)
    return keras.Model(inputs, layers.Dense(4, name="classes")(x))


def other(units: int = 8) -> keras.Model:
    """Another one."""
    inputs = keras.Input((8,), name="features")
    return keras.Model(inputs, layers.Dense(units)(inputs))
'''
MANIFEST = """\
title: Zoo
models:
  - {id: small, builder: example_zoo.nets:small}
  - {id: other, builder: example_zoo.nets:other}
"""


@dataclass
class Repository:
    """A repository on GitHub, the clone that a person works in, and the runs of its workflows."""

    clone: Path
    runner: Runner
    runs: int = 100

    def write(self, name: str, text: str) -> None:
        (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
        (self.clone / name).write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.clone / name).read_text()
        assert old in text
        (self.clone / name).write_text(text.replace(old, new))

    def commit(self, branch: str) -> None:
        git(self.clone, "add", ".")
        git(self.clone, "commit", "-qm", "work")
        git(self.clone, "push", "-q", "origin", f"HEAD:{branch}")

    def push(self, number: int) -> str:
        """Push what was done on the branch of a pull request; GitHub merges it with what is on ``main`` now."""
        self.commit(f"refs/pull/{number}/head")
        head = git(self.clone, "rev-parse", "HEAD").strip()
        git(self.clone, "checkout", "-q", "--detach", "origin/main")
        git(self.clone, "merge", "-q", "--no-ff", "-m", "merge", head)
        git(self.clone, "push", "-q", "--force", "origin", f"HEAD:refs/pull/{number}/merge")
        git(self.clone, "checkout", "-q", "topic")
        for each in self.runner.service.pull_requests:
            if each["number"] == number:
                each["head"]["sha"] = head
        return head

    def review(self, number: int) -> tuple[Ended, Ended]:
        """Let both workflows run on a pull request as it is now."""
        self.runs += 1
        (pull_request,) = [each for each in self.runner.service.pull_requests if each["number"] == number]
        head = pull_request["head"]
        reviewed = self.runner.run(
            REVIEW, "pull_request", {"pull_request": pull_request}, ref=f"refs/pull/{number}/merge", run=self.runs
        )
        ended: dict[str, Any] = {
            "id": self.runs,
            "event": "pull_request",
            "conclusion": reviewed.conclusion,
            "head_sha": head["sha"],
            "head_branch": head["ref"],
            "head_repository": head["repo"],
            "html_url": f"https://github.com/octo/zoo/actions/runs/{self.runs}",
            "run_started_at": "2026-01-01T11:59:00Z",
            "pull_requests": [],
        }
        event = {"workflow_run": ended, "repository": {"default_branch": "main"}}
        return reviewed, self.runner.run(COMMENT, "workflow_run", event, ref="refs/heads/main", run=self.runs + 1000)


def repository_in(place: Path, service: Service) -> Repository:
    git(place, "init", "-q", "--bare", "-b", "main", "origin")
    git(place, "clone", "-q", str(place / "origin"), "clone")
    repository = Repository(place / "clone", Runner(place / "runs", place / "origin", service))
    git(repository.clone, "checkout", "-q", "-b", "main")
    return repository


@dataclass
class Moment:
    """How things stood after a push or a label."""

    review: Ended
    comment: Ended
    bodies: list[str]

    @property
    def body(self) -> str:
        (body,) = self.bodies
        return body


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Moment]]:
    """A pull request from a fork, from its first push to its last, with this repository's own workflows."""
    with serving(Service()) as service:
        repository = repository_in(tmp_path_factory.mktemp("github"), service)
        for name in OURS:
            repository.write(name, (ROOT / name).read_text("utf-8"))
        repository.write("example_zoo/__init__.py", "")
        repository.write("example_zoo/nets.py", BUILDERS)
        repository.write("example_zoo/zoo.yml", MANIFEST)
        repository.write(".gitignore", "__pycache__/\n.keraviz/\n")
        repository.commit("main")
        git(repository.clone, "checkout", "-q", "-b", "topic")
        git(repository.clone, "checkout", "-q", "main")
        repository.edit(
            "example_zoo/nets.py",
            '"""Another one."""\n    inputs = keras.Input((8,)',
            '"""Another one."""\n    inputs = keras.Input((9,)',
        )
        repository.commit("main")  # somebody else's work, after the branch was begun
        git(repository.clone, "checkout", "-q", "topic")

        def now() -> Moment:
            return Moment(*repository.review(7), service.bodies(7))

        moments = {}
        service.open(7, "", owner="mallory", fork=3)
        repository.edit("example_zoo/nets.py", "small(units: int = 8)", "small(units: int = 16)")
        repository.edit(
            ".github/actions/comment/action.yml", "run: keraviz comment", "run: echo PWNED; keraviz comment"
        )
        repository.push(7)
        moments["opened"] = now()
        service.pull_requests[0]["labels"] = [{"name": LABEL}]
        moments["labeled"] = now()
        service.pull_requests[0]["labels"] = []
        repository.edit("example_zoo/zoo.yml", "builder: example_zoo.nets:small", "bilder: example_zoo.nets:small")
        repository.push(7)
        moments["broken"] = now()
        repository.write("example_zoo/zoo.yml", MANIFEST)
        repository.edit("example_zoo/nets.py", "units, activation", "unit, activation")
        repository.push(7)
        moments["raising"] = now()
        repository.edit("example_zoo/nets.py", "unit, activation", "units, activation")
        repository.edit("example_zoo/nets.py", "small(units: int = 16)", "small(units: int = 8)")
        repository.push(7)
        moments["undone"] = now()
        yield moments


def test_a_broken_policy_fails_the_check(story: dict[str, Moment]) -> None:
    opened = story["opened"]
    assert opened.review.status == 1, opened.review.log
    assert "::error file=example_zoo/nets.py,line=6,title=small%3A architecture changed::" in opened.review.log
    assert f"give the pull request the label {LABEL}" in opened.review.log


def test_the_summary_has_the_report(story: dict[str, Moment]) -> None:
    assert story["opened"].review.summary.startswith(
        "## Architecture review\n\n`main` → `pull request 7`: 1 changed, 1 unchanged.\n"
    )


def test_a_page_shows_both_versions_in_one_diagram(story: dict[str, Moment]) -> None:
    assert story["opened"].review.pages.keys() == {"report.html"}
    assert "<svg" in story["opened"].review.pages["report.html"]


def test_the_comment_says_what_changed(story: dict[str, Moment]) -> None:
    opened = story["opened"]
    assert opened.comment.status == 0, opened.comment.log
    assert opened.comment.log == "Commented on #7.\n"
    assert opened.body.startswith(f"{MARKER}\n## Architecture review\n\n`main` → `pull request 7`: 1 changed")
    assert "| `small` | ✗ existing weights do not load | 108 → 212 (+96.3%) |" in opened.body
    assert "! #2 hidden Dense: units 8 → 16\n" in opened.body
    assert "**The check failed.**" in opened.body


def test_work_of_others_does_not_count(story: dict[str, Moment]) -> None:
    assert "other" not in story["opened"].body


def test_no_code_of_the_pull_request_comments(story: dict[str, Moment]) -> None:
    assert "PWNED" not in story["opened"].comment.log
    assert "--no-deps" in story["opened"].comment.installed


def test_the_label_lets_it_through_and_the_comment_is_edited(story: dict[str, Moment]) -> None:
    labeled = story["labeled"]
    assert labeled.review.status == 0, labeled.review.log
    assert "::warning file=example_zoo/nets.py" in labeled.review.log
    assert "::error" not in labeled.review.log
    assert labeled.comment.log == "The comment on #7 is up to date.\n"
    assert f"approved by the label `{LABEL}`" in labeled.body
    assert "existing weights do not load" in labeled.body


def test_a_broken_manifest_could_not_be_compared(story: dict[str, Moment]) -> None:
    broken = story["broken"]
    assert broken.review.status == 2
    for text in (broken.body, broken.review.summary):
        assert "The architectures **could not be compared**" in text
        assert "example_zoo/zoo.yml:3:" in text
        assert "did you mean `builder`" in text or "bilder" in text
        assert "no architecture changed" not in text


def test_a_builder_that_raises_could_not_be_compared(story: dict[str, Moment]) -> None:
    raising = story["raising"]
    assert raising.review.status == 2
    assert "::error file=example_zoo/nets.py,line=6,title=small%3A architecture failed::" in raising.review.log
    assert "| `small` | ✗ could not be compared |" in raising.body
    assert "name 'unit' is not defined" in raising.body


def test_what_is_undone_is_no_change(story: dict[str, Moment]) -> None:
    undone = story["undone"]
    assert undone.review.status == 0, undone.review.log
    assert "`main` → `pull request 7`: no architecture changed (2 models compared)." in undone.body


def test_what_init_writes_reviews_the_next_pull_request(tmp_path: Path) -> None:
    with serving(Service()) as service:
        repository = repository_in(tmp_path, service)
        repository.write("nets.py", BUILDERS)
        for command in (["init", ".", "--github"], ["snapshot"]):
            subprocess.run([sys.executable, "-m", "keraviz_docs", *command, "-q"], cwd=repository.clone, check=True)
        repository.commit("main")
        git(repository.clone, "checkout", "-q", "-b", "topic")
        repository.edit("nets.py", "small(units: int = 8)", "small(units: int = 16)")
        service.open(7, "")
        repository.push(7)
        review, comment = repository.review(7)
        assert (review.status, comment.status) == (1, 0), review.log + comment.log
        (body,) = service.bodies(7)
        assert "| `small` | ✗ existing weights do not load |" in body
        assert not (repository.clone / "architecture-review").exists()
