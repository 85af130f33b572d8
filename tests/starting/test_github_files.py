"""What a repository on GitHub gets: files that GitHub understands, in the place where it looks for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from keraviz_docs.starting.github_files import WORKFLOWS, essence, github_files, hook, template

ROOT = Path(__file__).parents[2]
ACTIONLINT = shutil.which("actionlint", path=str(Path(sys.executable).parent))


def written(files: Mapping[Path, str]) -> None:
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def workflow(files: Mapping[Path, str], name: str) -> Any:
    (text,) = [text for path, text in files.items() if path.name == name]
    return yaml.safe_load(text)


def steps(document: Any) -> Iterator[dict[str, Any]]:
    for job in document["jobs"].values():
        yield from job["steps"]


@pytest.fixture(params=["", "zoo", "a zoo: with [odd] words"], ids=["root", "below", "odd"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project that is a repository, or somewhere in one."""
    (tmp_path / ".git").mkdir()
    place: Path = tmp_path / request.param
    place.mkdir(exist_ok=True)
    return place


@pytest.mark.skipif(ACTIONLINT is None, reason="there is no actionlint for this machine")
@pytest.mark.parametrize("requirements", [(), ("-r requirements.txt", "-e .")])
def test_the_workflows_are_valid(tmp_path: Path, project: Path, requirements: tuple[str, ...]) -> None:
    written(github_files(project, requirements))
    checked = subprocess.run(
        [str(ACTIONLINT), "-no-color", *map(str, sorted((tmp_path / ".github/workflows").iterdir()))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": os.devnull},  # the same with or without a shellcheck
    )
    assert (checked.returncode, checked.stdout) == (0, "")


def test_the_workflows_are_safe(tmp_path: Path, project: Path) -> None:
    written(github_files(project))
    zizmor = str(Path(sys.executable).with_name("zizmor"))
    command = [zizmor, "--offline", "--no-progress", "--min-severity", "medium", str(tmp_path)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_they_lie_where_github_looks(tmp_path: Path, project: Path) -> None:
    names = {path.relative_to(tmp_path).as_posix() for path in github_files(project)}
    assert names == {*(f".github/workflows/{name}" for name in WORKFLOWS), ".pre-commit-config.yaml"}


def test_a_workflow_works_where_the_project_is(tmp_path: Path, project: Path) -> None:
    files = github_files(project)
    below = project.relative_to(tmp_path).as_posix()
    for name in ("docs.yml", "architecture-review.yml"):
        document = workflow(files, name)
        place = document.get("defaults", {}).get("run", {}).get("working-directory", ".")
        assert place == below
        (cached,) = [step["with"]["path"] for step in steps(document) if "actions/cache@" in step.get("uses", "")]
        assert tmp_path / cached == project / ".keraviz"
    (site,) = [step["with"]["path"] for step in steps(workflow(files, "docs.yml")) if "pages-artifact@" in str(step)]
    assert tmp_path / site == project / "site"
    assert "defaults" not in workflow(files, "architecture-comment.yml")


def test_packages_are_cached_only_where_something_names_them(tmp_path: Path) -> None:
    def cached() -> set[bool]:
        files = github_files(tmp_path)
        documents = [workflow(files, name) for name in ("docs.yml", "architecture-review.yml")]
        return {"cache" in step["with"] for each in documents for step in steps(each) if "setup-python@" in str(step)}

    assert cached() == {False}
    (tmp_path / "pyproject.toml").touch()
    assert cached() == {True}


def test_what_the_builders_need_is_installed_where_they_are_run_and_nowhere_else(tmp_path: Path) -> None:
    files = github_files(tmp_path, ("-r requirements.txt", "-e ."))
    install = {"run": "pip install keraviz-docs -r requirements.txt -e ."}
    assert install in list(steps(workflow(files, "docs.yml")))
    assert install in list(steps(workflow(files, "architecture-review.yml")))
    assert not any("requirements" in str(step) for step in steps(workflow(files, "architecture-comment.yml")))


def test_the_hook_checks_the_project_that_was_found() -> None:
    (entry,) = yaml.safe_load(hook(Path("a zoo")))["repos"]
    assert entry["hooks"][0]["entry"] == "keraviz snapshot --check --manifest 'a zoo/zoo.yml'"
    (own,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    (given,) = yaml.safe_load(hook())["repos"][0]["hooks"]
    assert {key: given[key] for key in ("id", "name", "entry", "files", "pass_filenames")} == {
        key: own[key] for key in ("id", "name", "entry", "files", "pass_filenames")
    }


def test_what_an_existing_file_lacks_is_said_in_its_own_words() -> None:
    assert essence(template("docs.yml")) == "- run: pip install keraviz-docs"
    assert yaml.safe_load(f"repos:\n{essence(hook())}\n") == yaml.safe_load(hook())


@pytest.mark.parametrize(
    ("name", "guide"),
    [
        ("docs.yml", "publish.md"),
        ("architecture-review.yml", "pull-requests.md"),
        ("architecture-comment.yml", "pull-requests.md"),
        ("pre-commit-config.yaml", "pull-requests.md"),
    ],
)
def test_the_guide_shows_them_as_they_are(name: str, guide: str) -> None:
    assert f"\n{template(name)}```" in (ROOT / "docs/guide" / guide).read_text("utf-8")
