"""`keraviz snapshot` and `keraviz diff` on a repository like a user's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from keraviz_docs.review.comparison import from_json
from keraviz_docs.review.snapshot import read

BUILDERS = '''"""Builders."""
import keras
from keras import layers


def small(depth: int = 2) -> keras.Model:
    """A small model."""
    x = inputs = keras.Input((8,), name="features")
    for _ in range(depth):
        x = layers.Dense(8, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(4, name="classes")(x))
'''
MANIFEST = "title: Zoo\nmodels:\n  - {id: small, builder: zoo.nets:small}\n"


class Repository:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "zoo").mkdir()
        (root / "zoo" / "__init__.py").write_text("")
        self.builders = root / "zoo" / "nets.py"
        self.builders.write_text(BUILDERS)
        (root / "zoo.yml").write_text(MANIFEST)
        (root / ".gitignore").write_text("__pycache__/\n.keraviz*/\n.cache/\n")
        self.git("init", "-q", "-b", "main")
        self.commit("first")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=self.root, check=True, capture_output=True, text=True
        ).stdout

    def commit(self, message: str) -> None:
        self.git("add", ".")
        self.git("commit", "-qm", message)

    def edit(self, old: str, new: str) -> None:
        self.builders.write_text(self.builders.read_text().replace(old, new))

    def keraviz(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [sys.executable, "-m", "keraviz_docs", *arguments],
            cwd=self.root,
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment,
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.mark.slow
def test_from_commit_to_review(repository: Repository) -> None:
    written = repository.keraviz("snapshot", "-q")
    assert written.returncode == 0, written.stderr
    file = repository.root / "architectures" / "small.arch"
    assert read(file.read_text("utf-8")).architecture.id == "small"
    repository.commit("snapshots")
    assert repository.keraviz("snapshot", "--check", "-q").returncode == 0

    repository.edit('"relu"', '"gelu"')
    checked = repository.keraviz("snapshot", "--check", "-q")
    assert checked.returncode == 1
    assert "activation relu → gelu" in checked.stdout
    assert repository.git("status", "--porcelain").split() == ["M", "zoo/nets.py"]

    compared = repository.keraviz("diff", "main", "--format", "json", "-q")
    (model,) = from_json(compared.stdout).models
    assert compared.returncode == 0
    assert (model.id, model.verdict, len(model.own_changes)) == ("small", "loads-changed", 2)
    assert repository.keraviz("diff", "main", "-q", "--fail-on", "warning").returncode == 1


@pytest.mark.slow
def test_a_ref_without_snapshots_is_built_with_its_own_code(repository: Repository) -> None:
    repository.edit("depth: int = 2", "depth: int = 4")
    compared = repository.keraviz("diff", "HEAD", "--format", "json", "-q")
    (model,) = from_json(compared.stdout).models
    assert model.verdict == "fails"
    assert any(line.endswith("×2 → ×4 (1 layer each)") for line in model.headlines)
    assert compared.returncode == 1
    assert len(repository.git("worktree", "list").strip().split("\n")) == 1
    annotated = repository.keraviz("diff", "HEAD", "--format", "github", "-q").stdout
    assert annotated.startswith("::error file=zoo/nets.py,line=6,title=small%3A architecture changed::")


@pytest.mark.slow
def test_a_builder_that_fails_is_no_unchanged_model(repository: Repository) -> None:
    repository.keraviz("snapshot", "-q")
    repository.commit("snapshots")
    repository.edit("keras.Input((8,)", "keras.Input((8,), nonsense=1")
    compared = repository.keraviz("diff", "main", "-q")
    assert compared.returncode == 2
    assert "could not be compared" in compared.stdout
    assert repository.keraviz("snapshot", "--check", "-q").returncode == 2


def test_files_are_compared_without_keras(tmp_path: Path) -> None:
    from keraviz_docs.review.snapshot import snapshot_of
    from tests.review.sketches import sketch

    layers = "x: InputLayer -> ?x8\ny: Dense units=4 -> ?x4; 36 parameters"
    for name, text in (("a.arch", layers), ("b.arch", layers.replace("Dense units", "Dense activation=relu units"))):
        (tmp_path / name).write_text(snapshot_of(sketch(text)), "utf-8")
    run = subprocess.run(
        [sys.executable, "-c", _WITHOUT_KERAS, "diff", "a.arch", "b.arch", "--format", "json"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["models"][0]["changes"][0]["settings"] == {"activation": ["linear", "relu"]}


_WITHOUT_KERAS = """
import sys
sys.modules["keras"] = sys.modules["tensorflow"] = None
from keraviz_docs.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["no-such-thing"], "'no-such-thing' is no git ref here, and there is no such file"),
        (["--max-increase", "weight=5%", "x"], "write parameters=5%, macs=5% or weight_bytes=5%"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(tmp_path: Path, arguments: list[str], told: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "keraviz_docs", "diff", *arguments],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.returncode == 2
    assert told in " ".join(run.stderr.split())
    assert "Traceback" not in run.stderr
