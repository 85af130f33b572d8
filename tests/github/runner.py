"""Runs workflows as GitHub does, as far as ours go: real git, real bash, real commands; no machine and no network.

What GitHub would do itself is done here: check out, keep caches, keep artifacts.  ``pip install`` does nothing, because
what it would install is what is tested.  Anything that a workflow uses and that is not known here is a mistake.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.github.service import TOKEN, Service

EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
INSTALLER = """#!/bin/sh
case "$*" in *"pip install"*|"install "*) echo "$0 $*" >> "$INSTALLED"; exit 0;; esac
exec {python} "$@"
"""


@dataclass
class Ended:
    """How a workflow ended."""

    status: int
    log: str = ""
    summary: str = ""
    installed: str = ""
    pages: Mapping[str, str] = field(default_factory=dict)
    """What was left as it is, by name."""

    @property
    def conclusion(self) -> str:
        """What GitHub calls it."""
        return "failure" if self.status else "success"


@dataclass
class Runner:
    """A machine for each workflow, and what lasts between them."""

    place: Path
    origin: Path
    service: Service
    caches: dict[str, bytes] = field(default_factory=dict)
    _count: int = 0

    def run(self, workflow: str, event_name: str, event: Mapping[str, Any], *, ref: str, run: int) -> Ended:
        """Run the only job of a workflow.

        Args:
            workflow: the file as it is at ``ref``, as GitHub takes it.
            event_name: why it runs.
            event: the payload.
            ref: what GitHub would check out.
            run: the number of the run.
        """
        self._count += 1
        work = self.place / str(self._count)
        (work / "temp").mkdir(parents=True)
        (work / "event.json").write_text(json.dumps(event), "utf-8")
        document = yaml.safe_load(git(self.origin, "show", f"{ref}:{workflow}"))
        (written,) = document["jobs"].values()
        job = _Job(self, work, event_name, event, ref, run)
        if job.holds(written.get("if", "success()"), failed=False):
            job.do(written["steps"], {})
        return job.ended()


class _Job:
    def __init__(self, runner: Runner, work: Path, name: str, event: Mapping[str, Any], ref: str, run: int) -> None:
        self.runner, self.work, self.ref, self.run = runner, work, ref, run
        self.workspace = work / "zoo"
        self.workspace.mkdir()
        self.status = 0
        self.log: list[str] = []
        self.pages: dict[str, str] = {}
        self.saves: list[tuple[str, Path]] = []
        self.github = {
            "event": event,
            "sha": git(runner.origin, "rev-parse", ref).strip(),
            "token": TOKEN,
            "action_path": "",
        }
        shims = work / "bin"
        shims.mkdir()
        for name_, real in (("python", sys.executable), ("pip", f"{sys.executable} -m pip")):
            (shims / name_).write_text(INSTALLER.format(python=real))
            (shims / name_).chmod(0o755)
        self.environment = {
            "PATH": os.pathsep.join([str(shims), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(work),
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": runner.service.address,
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(work / "event.json"),
            "GITHUB_REPOSITORY": "octo/zoo",
            "GITHUB_STEP_SUMMARY": str(work / "summary.md"),
            "RUNNER_TEMP": str(work / "temp"),
            "INSTALLED": str(work / "installed.txt"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }

    def ended(self) -> Ended:
        for key, place in self.saves:
            if place.exists():
                shutil.make_archive(str(self.work / "cache"), "tar", place)
                self.runner.caches[key] = (self.work / "cache.tar").read_bytes()
        texts = [self.work / name for name in ("summary.md", "installed.txt")]
        summary, installed = (text.read_text("utf-8") if text.exists() else "" for text in texts)
        return Ended(self.status, "".join(self.log), summary, installed, self.pages)

    def do(self, steps: list[dict[str, Any]], inputs: Mapping[str, str]) -> None:
        for step in steps:
            if not self.holds(step.get("if", "success()"), failed=self.status != 0):
                continue
            given = {key: self.filled(_text(value), inputs) for key, value in step.get("with", {}).items()}
            if "run" in step:
                assert "${{" not in step["run"], "an expression within a script can inject code"
                self._script(
                    step["run"], {key: self.filled(value, inputs) for key, value in step.get("env", {}).items()}
                )
            elif step["uses"].startswith("./"):
                self._composite(self.workspace / step["uses"], given)
            else:
                self._provided(step["uses"].partition("@")[0], given)

    def holds(self, condition: str, *, failed: bool) -> bool:
        if condition in ("success()", "always()"):
            return condition == "always()" or not failed
        match = re.fullmatch(r"([\w.]+) == '(\w+)'", condition)
        assert match is not None, condition
        return bool(self._value(match[1], {}) == match[2])

    def filled(self, text: str, inputs: Mapping[str, str]) -> str:
        return EXPRESSION.sub(lambda match: str(self._value(match[1], inputs)), text)

    def _value(self, expression: str, inputs: Mapping[str, str]) -> Any:
        value: Any = {"github": self.github, "inputs": inputs, "runner": {"temp": str(self.work / "temp")}}
        for name in expression.split("."):
            value = value[name]
        return value

    def _script(self, script: str, more: Mapping[str, str]) -> None:
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.workspace,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.log.append(ran.stdout)
        self.status = self.status or ran.returncode

    def _composite(self, directory: Path, given: Mapping[str, str]) -> None:
        action = yaml.safe_load((directory / "action.yml").read_text("utf-8"))
        assert given.keys() <= action["inputs"].keys()
        defaults = {key: self.filled(each["default"], {}) for key, each in action["inputs"].items()}
        self.github["action_path"] = str(directory)
        self.do(action["runs"]["steps"], {**defaults, **given})

    def _provided(self, name: str, given: Mapping[str, str]) -> None:
        if name == "actions/checkout":
            ref = given.get("ref", self.ref)
            depth = ["--depth", given["fetch-depth"]] if "fetch-depth" in given else ["--depth", "1"]
            git(self.workspace, "init", "-q")
            git(self.workspace, "fetch", "-q", *depth, f"file://{self.runner.origin}", ref)
            git(self.workspace, "checkout", "-q", "FETCH_HEAD")
        elif name == "actions/cache":
            place = self.workspace / given["path"]
            for key in self.runner.caches:
                if key.startswith(given["restore-keys"]):
                    (self.work / "restored.tar").write_bytes(self.runner.caches[key])
                    shutil.unpack_archive(self.work / "restored.tar", place)
            self.saves.append((given["key"], place))
        elif name == "actions/upload-artifact":
            self._keep(given)
        else:
            assert name == "actions/setup-python", name

    def _keep(self, given: Mapping[str, str]) -> None:
        patterns = given["path"].split()
        files = [file for each in patterns if each[0] != "!" for file in _files(Path(each))]
        kept = [file for file in files if f"!{file}" not in patterns]
        if given.get("archive") == "false":
            self.pages |= {file.name: file.read_text("utf-8") for file in kept}
        elif kept:
            data = io.BytesIO()
            with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in kept:
                    archive.write(file, file.name)
            assert given["name"] == "architecture-review"
            self.runner.service.artifacts[len(self.runner.service.artifacts) + 1] = self.run, data.getvalue()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _files(path: Path) -> Iterator[Path]:
    yield from sorted(path.iterdir()) if path.is_dir() else [path] if path.exists() else []


def git(directory: Path, *arguments: str) -> str:
    """Run git as somebody."""
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True
    ).stdout
