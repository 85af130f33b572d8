"""Pairs of models, and what changed since earlier states, from a manifest to pages on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from keraviz_docs import site
from keraviz_docs.cli import main
from keraviz_docs.manifest import ManifestError

pytestmark = pytest.mark.slow

BUILDERS = '''
import keras


def small(width: int = 2) -> keras.Model:
    """A small model."""
    inputs = keras.Input((3,), name="features")
    hidden = keras.layers.Dense(8, activation="relu", name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(width, name="scores")(hidden))
'''
MODELS = 'models:\n  - {id: small, builder: "builders:small", variants: [{id: wide, kwargs: {width: 9}}]}\n'


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest in a repository with one release, from which the activation has changed."""
    (tmp_path / "gitconfig").touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "a")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@b.c")
    project = tmp_path / "project"
    project.mkdir()
    (project / ".gitignore").write_text(".keraviz/\n__pycache__/\n")
    (project / "builders.py").write_text(BUILDERS)
    (project / "zoo.yml").write_text(MODELS)
    git(project, "init", "-q", "-b", "main")
    return project / "zoo.yml"


def git(directory: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=directory, check=True, capture_output=True)


def release(zoo: Path, tag: str, cache: Path | None = None) -> None:
    """Commit everything, with snapshots if there is a cache to read the models from, and tag it."""
    if cache is not None:
        with pytest.raises(SystemExit) as done:
            main(["snapshot", "-q", "-m", str(zoo), "--cache", str(cache)])
        assert done.value.code == 0
    git(zoo.parent, "add", ".")
    git(zoo.parent, "commit", "-qm", tag)
    git(zoo.parent, "tag", tag)


def edit(zoo: Path, old: str, new: str) -> None:
    builders = zoo.with_name("builders.py")
    builders.write_text(builders.read_text().replace(old, new))


def build(zoo: Path, out: Path, cache: Path) -> site.Site:
    return site.build(zoo, out, formats=("svg",), cache=cache)


def test_what_changed_since_the_last_release_and_nothing_twice(zoo: Path, tmp_path: Path, cache: Path) -> None:
    release(zoo, "v1", cache)
    edit(zoo, '"relu"', '"gelu"')
    zoo.write_text(f"changes: {{tags: 'v*'}}\ncompare: [[small, small-wide]]\n{MODELS}")
    out = tmp_path / "out"
    built = build(zoo, out, cache)
    assert built.uncompared == ()
    page = (out / "changes/index.md").read_text()
    assert "2 changed" in page
    assert "activation relu → gelu" in page
    assert "Weights from v1 load, but the model computes something else with them." in page
    assert "units 2 → 9" in (out / "comparisons/small_vs_small-wide/index.md").read_text()
    assert all((out / name).is_file() for name in built.pages.files)
    assert {".git/HEAD", ".git/refs"} <= {
        path.relative_to(zoo.parent).as_posix() for path in built.watched if path.is_relative_to(zoo.parent)
    }
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    build(zoo, out, cache)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_a_warm_build_draws_nothing_imports_no_keras_and_asks_git_little(
    zoo: Path, tmp_path: Path, cache: Path
) -> None:
    release(zoo, "v1", cache)
    edit(zoo, '"relu"', '"elu"')
    zoo.write_text(f"changes: {{since: v1}}\ncompare: [[small, small-wide]]\n{MODELS}")
    build(zoo, tmp_path / "out", cache)
    program = (
        "import subprocess, sys\nfrom pathlib import Path\nfrom keraviz_docs import site\nstarted = []\n"
        "sys.addaudithook(lambda event, found: started.append(found[1][0]) if event == 'subprocess.Popen' else None)\n"
        f"site.build(Path({str(zoo)!r}), Path({str(tmp_path / 'out')!r}), formats=('svg',), "
        f"cache=Path({str(cache)!r}))\n"
        "print(started, {'keras', 'tensorflow', 'pygraphviz'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "['git', 'git', 'git'] set()\n"


def test_no_change_since_a_directory_of_snapshots(zoo: Path, tmp_path: Path, cache: Path) -> None:
    release(zoo, "v1", cache)
    zoo.write_text(f"changes: {{since: architectures}}\n{MODELS}")
    built = build(zoo, tmp_path / "out", cache)
    assert "No architecture changed&#58; 2 models" in (tmp_path / "out/changes/index.md").read_text()
    assert zoo.with_name("architectures") in built.watched


def test_a_release_without_snapshots_is_built_if_that_is_asked_for(zoo: Path, tmp_path: Path, cache: Path) -> None:
    release(zoo, "v1")
    edit(zoo, "Dense(8", "Dense(16")
    out = tmp_path / "out"
    zoo.write_text(f"changes: {{since: v1}}\n{MODELS}")
    (state,) = build(zoo, out, cache).uncompared
    assert state.is_mistake
    assert "is not known" in (out / "changes/index.md").read_text()
    assert "No architecture changed" not in (out / "changes/index.md").read_text()
    zoo.write_text(f"changes: {{since: v1, build: true}}\n{MODELS}")
    assert build(zoo, out, cache).uncompared == ()
    assert "units 8 → 16" in (out / "changes/index.md").read_text()
    worktrees = subprocess.run(["git", "worktree", "list"], cwd=zoo.parent, check=True, capture_output=True, text=True)
    assert len(worktrees.stdout.strip().split("\n")) == 1


def test_a_model_that_cannot_be_read_now_is_not_said_to_be_removed(zoo: Path, tmp_path: Path, cache: Path) -> None:
    release(zoo, "v1", cache)
    zoo.write_text(
        "changes: {since: v1}\nmodels:\n  - {id: small, builder: 'builders:missing'}\n  - discover: nothing\n"
    )
    build(zoo, tmp_path / "out", cache)
    page = (tmp_path / "out/changes/index.md").read_text()
    assert "2 could not be compared" in page
    assert "it cannot be read now" in page
    assert "could not be searched for models" in page
    assert "removed" not in page


def test_a_discovered_model_can_be_compared_and_a_misspelt_one_is_told(zoo: Path, tmp_path: Path, cache: Path) -> None:
    models = "models:\n  - discover: builders\n  - {id: other, builder: 'builders:small', kwargs: {width: 4}}\n"
    zoo.write_text(f"compare: [[small, other]]\n{models}")
    assert build(zoo, tmp_path / "out", cache).pages.comparisons
    zoo.write_text(f"compare: [[smal, other]]\n{models}")
    with pytest.raises(
        ManifestError, match=r"zoo\.yml:1:12: there is no model 'smal' to compare: did you mean 'small'"
    ):
        build(zoo, tmp_path / "out", cache)


def test_the_policy_of_a_manifest_decides(
    zoo: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def keraviz(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as done:
            main([*arguments, "-q", "--cache", str(cache)])
        return int(str(done.value.code)), capfd.readouterr().err

    monkeypatch.chdir(zoo.parent)
    release(zoo, "v1", cache)
    edit(zoo, "Dense(8", "Dense(9")
    strict = "review: {checkpoint: warning, parameters: {max_increase: 5%}}\n"
    zoo.write_text(strict + MODELS)
    status, told = keraviz("diff", "v1")
    assert status == 1
    assert "small: parameters grew from 50 to 56, by 12%; 5% is allowed" in told
    assert "small-wide: parameters grew from 113 to 126, by 11.5%; 5% is allowed" in told
    assert "weights" not in told
    assert keraviz("diff", "v1", "--max-increase", "parameters=20%")[0] == 0
    assert keraviz("diff", "v1", "--fail-on", "never")[0] == 0
    zoo.write_text(strict + MODELS.replace("variants", "review: {parameters: {max_increase: 20%}}, variants"))
    assert keraviz("diff", "v1")[0] == 0
    zoo.write_text(strict + MODELS)
    status, told = keraviz("snapshot", "--check")
    assert status == 1
    assert "small: parameters grew from 50 to 56, by 12%; 5% is allowed" in told
    assert keraviz("diff", "builders:small", "zoo.yml#small-wide", "--fail-on", "never")[0] == 0
