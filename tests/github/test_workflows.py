"""This repository's workflows and actions, and those of the guide: valid, pinned, with no more rights than needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = [ROOT / "action.yml", ROOT / ".github/actions/comment/action.yml"]
TEMPLATES = sorted((ROOT / "keraviz_docs/starting/github").glob("[ad]*.yml"))
GUIDES = [ROOT / f"docs/guide/{name}.md" for name in ("publish", "big-zoos", "pull-requests")]
ACTIONLINT = shutil.which("actionlint", path=str(Path(sys.executable).parent))


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def shown(guide: Path) -> list[str]:
    """The workflows that a page of the guide shows."""
    return re.findall(r'```yaml title="\.github/workflows/[\w-]+\.yml"\n(.*?)```', guide.read_text("utf-8"), re.DOTALL)


def steps(document: Any) -> Iterator[dict[str, Any]]:
    for job in document["jobs"].values() if "jobs" in document else [document["runs"]]:
        yield from job["steps"]


@pytest.fixture(scope="module")
def guide_workflows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("guide") / ".github" / "workflows"
    directory.mkdir(parents=True)
    for guide in GUIDES:
        for number, text in enumerate(shown(guide)):
            (directory / f"{guide.stem}-{number}.yml").write_text(text, "utf-8")
    assert len(list(directory.iterdir())) == 6
    return directory


@pytest.mark.skipif(ACTIONLINT is None, reason="there is no actionlint for this machine")
@pytest.mark.parametrize("place", ["here", "guide"])
def test_workflows_are_valid(place: str, guide_workflows: Path) -> None:
    files = WORKFLOWS if place == "here" else sorted(guide_workflows.iterdir())
    checked = subprocess.run(
        [str(ACTIONLINT), "-no-color", *map(str, files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": os.devnull},  # the same with or without a shellcheck
    )
    assert (checked.returncode, checked.stdout) == (0, "")


def test_workflows_and_actions_are_safe() -> None:
    zizmor = str(Path(sys.executable).with_name("zizmor"))
    command = [zizmor, "--offline", "--no-progress", "--min-severity", "medium", *map(str, [*WORKFLOWS, *ACTIONS])]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS, *TEMPLATES], ids=names([*WORKFLOWS, *ACTIONS, *TEMPLATES]))
def test_no_script_has_an_expression_in_it(path: Path) -> None:
    assert not [step["run"] for step in steps(yaml.safe_load(path.read_text("utf-8"))) if "${{" in step.get("run", "")]


def test_every_action_is_pinned_to_one_commit() -> None:
    everywhere = [*WORKFLOWS, *ACTIONS, *TEMPLATES, *GUIDES]
    used = {found for path in everywhere for found in re.findall(r"uses: (?![./]|OWNER/)(.+)", path.read_text("utf-8"))}
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in used), used
    assert len({each.partition("@")[0] for each in used}) == len(used)


@pytest.mark.parametrize("path", [*WORKFLOWS, *TEMPLATES], ids=names([*WORKFLOWS, *TEMPLATES]))
def test_a_workflow_may_read_and_only_a_job_more(path: Path) -> None:
    document = yaml.safe_load(path.read_text("utf-8"))
    assert document["permissions"] in ({}, {"contents": "read"})
    rights = {name: job["permissions"] for name, job in document["jobs"].items() if "permissions" in job}
    assert {right for each in rights.values() for right, level in each.items() if level == "write"} <= {
        "docs.yml": {"pages", "id-token"},
        "architecture-comment.yml": {"pull-requests"},
    }.get(path.name, set())


@pytest.mark.parametrize("path", [*WORKFLOWS, *TEMPLATES], ids=names([*WORKFLOWS, *TEMPLATES]))
def test_no_checkout_leaves_its_token_behind(path: Path) -> None:
    for step in steps(yaml.safe_load(path.read_text("utf-8"))):
        assert "checkout@" not in step.get("uses", "") or step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", [path for path in [*WORKFLOWS, *TEMPLATES] if path.name == "architecture-comment.yml"])
def test_what_may_write_checks_out_nothing_but_the_default_branch(path: Path) -> None:
    for step in steps(yaml.safe_load(path.read_text("utf-8"))):
        if "checkout@" in step.get("uses", ""):
            assert step["with"]["ref"] == "${{ github.event.repository.default_branch }}"
        assert "download-artifact" not in step.get("uses", "")


def test_nobody_is_sent_to_an_account_that_is_not_ours() -> None:
    explanations = ROOT / "keraviz_docs/errors/explanations.py"
    shipped = [*WORKFLOWS, *ACTIONS, *TEMPLATES, *ROOT.glob("*.*"), *(ROOT / "docs").rglob("*.md"), explanations]
    texts = [path.read_text("utf-8") for path in shipped if path.suffix in (".md", ".yml", ".toml", ".py")]
    accounts = [found for text in texts for found in re.findall(r"([\w.-]+)/keraviz-docs\b", text)]
    assert len(accounts) >= 3
    assert set(accounts) == {"OWNER"}


def test_the_action_of_the_guide_takes_what_it_is_given() -> None:
    for text in shown(ROOT / "docs/guide/pull-requests.md"):
        for step in steps(yaml.safe_load(text)):
            place = re.fullmatch(r"OWNER/keraviz-docs(/[^@]*)?@v1", step.get("uses", ""))
            if place is not None:
                action = yaml.safe_load((ROOT / (place[1] or "").lstrip("/") / "action.yml").read_text("utf-8"))
                assert step.get("with", {}).keys() <= action["inputs"].keys()


@pytest.mark.slow
def test_the_example_of_the_guide_is_what_is_said() -> None:
    models = [f"keras.applications:{name}" for name in ("ResNet50", "ResNet101")]
    command = [sys.executable, "-m", "keraviz_docs", "diff", *models, "--format", "markdown", "-q"]
    said = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False).stdout
    beginning = said.partition("\n<details>")[0].partition("## Architecture review\n\n")[2]
    beginning = beginning.replace("### `resnet101`\n\n", "")  # no heading of the guide
    assert beginning
    assert textwrap.indent(beginning, "    ") in (ROOT / "docs/guide/pull-requests.md").read_text("utf-8")


def test_the_comment_needs_no_more_than_its_action_installs() -> None:
    """Neither Keras nor TensorFlow, which would take minutes, and be more code in the job that may write."""
    action = (ROOT / ".github/actions/comment/action.yml").read_text("utf-8")
    template = (ROOT / "keraviz_docs/starting/github/architecture-comment.yml").read_text("utf-8")
    line = re.search(r"pip install .*?(click .*)", action)
    assert line is not None
    assert f"pip install {line[1]}\n" in template
    modules = {package.replace("pyyaml", "yaml") for package in line[1].split()}
    ran = subprocess.run(
        [sys.executable, "-c", _WITH_ONLY, *modules], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert "comments are written by a workflow `on: workflow_run`" in ran.stderr, ran.stderr


_WITH_ONLY = """
import sys
from importlib.abc import MetaPathFinder

allowed = {*sys.stdlib_module_names, "keraviz_docs", *sys.argv[1:]}

class Only(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Only())
for name in list(sys.modules):
    if name.partition(".")[0] not in allowed and not name.startswith("_"):
        del sys.modules[name]
from keraviz_docs.cli import run
import keraviz_docs.github.artifact, keraviz_docs.github.posting, keraviz_docs.github.comment
sys.exit(run(["comment", "--post"]))
"""
