"""Every command of the guide to big zoos does what the page says, and its workflow publishes what one machine would."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from keraviz_docs.manifest import loads
from tests.ports import reserved_port

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs/guide/big-zoos.md").read_text("utf-8")

BUILDERS = """
import keras


def model(units: int) -> keras.Model:
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.Dense(units)(inputs))
"""
COUNT = 5


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    directory = tmp_path / "zoo"
    (directory / "docs").mkdir(parents=True)
    (directory / "docs" / "index.md").write_text("# Home\n")
    (directory / "builders.py").write_text(BUILDERS)
    entries = [f'  - {{id: m{n}, builder: "builders:model", kwargs: {{units: {n}}}}}\n' for n in range(1, COUNT + 1)]
    (directory / "zoo.yml").write_text("models:\n" + "".join(entries))
    (directory / "mkdocs.yml").write_text("site_name: Zoo\ntheme: mkdocs\nplugins: [keraviz]\n")
    return directory


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}[^\n]*\n(.*?)```", PAGE, re.DOTALL)


def commands() -> Iterator[str]:
    for block in blocks("console"):
        yield from (line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ "))


def sh(command: str, directory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {name: value for name, value in os.environ.items() if name != "KERAVIZ_CACHE"}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", command],
        cwd=directory,
        env={**environment, "PATH": path, "NO_MKDOCS_2_WARNING": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def read(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the models that were read anew."""
    return re.findall(r"^\[\d+/\d+\] (\w+): ", done.stderr, re.MULTILINE)


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as number:
        yield number


@pytest.fixture
def background() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in reversed(started):
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_the_commands(zoo: Path, port: int, background: list[subprocess.Popen[bytes]]) -> None:
    told: dict[str, subprocess.CompletedProcess[str]] = {}
    for written in commands():
        command = written.replace("tcp://10.0.0.1:8786", f"tcp://127.0.0.1:{port}")
        if command.startswith("dask"):
            here = f" --host 127.0.0.1 --port {port}" if "scheduler" in command else ""
            arguments = [sys.executable, "-m", "dask", *f"{command}{here} --no-dashboard".split()[1:]]
            background.append(
                subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=zoo.parent)
            )
            wait_for(port)
            continue
        if "--executor" in command:
            shutil.rmtree(zoo / ".keraviz", ignore_errors=True)
        told[written] = sh(command, zoo)
        assert told[written].returncode == 0, told[written].stderr
    everything = [f"m{number}" for number in range(1, COUNT + 1)]
    shares = [read(told[f"keraviz build --shard {number}/2 --cache share-{number}"]) for number in (1, 2)]
    assert sorted(shares[0] + shares[1]) == everything
    assert read(told["keraviz build -o docs/models --cache merged"]) == []
    assert sorted(read(told["keraviz build -o docs/models --executor dask"])) == everything
    assert sorted(read(told["keraviz build -o docs/models --executor dask:tcp://10.0.0.1:8786"])) == everything


def wait_for(port: int) -> None:
    end = time.monotonic() + 180
    while True:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        assert time.monotonic() < end, "no scheduler"
        time.sleep(0.2)


def test_the_command_that_reads_without_drawing(zoo: Path) -> None:
    (command,) = re.findall(r"`(keraviz extract [^`]+)`", PAGE)
    done = sh(command, zoo)
    assert (done.returncode, done.stdout) == (0, "")
    assert "diagrams               0 entries" in sh("keraviz cache --cache share-1", zoo).stdout


def test_the_limits_are_those_of_a_manifest() -> None:
    (text,) = (block for block in blocks("yaml") if "timeout" in block)
    (entry,) = loads(text, Path("zoo.yml")).entries
    assert (entry.limits.timeout, entry.limits.memory) == (600, 8000)


class Runner:
    """What GitHub does for the workflow: a fresh checkout for each job, and artifacts that go from one to the next."""

    def __init__(self, zoo: Path, place: Path, variables: dict[str, str]) -> None:
        self.zoo, self.place, self.variables = zoo, place, variables
        self.said: list[subprocess.CompletedProcess[str]] = []

    def job(self, name: str, steps: list[dict[str, Any]], values: dict[str, str]) -> Path:
        work = Path(shutil.copytree(self.zoo, self.place / name))
        for step in steps:
            given = {key: fill(str(value), values) for key, value in step.get("with", {}).items()}
            match step.get("uses", "run").partition("@")[0]:
                case "run":
                    if not step["run"].startswith("pip install"):
                        more = {key: fill(value, values) for key, value in step.get("env", {}).items()}
                        done = sh(step["run"], work, **self.variables, **more)
                        assert done.returncode == 0, done.stderr
                        self.said.append(done)
                case "actions/upload-artifact":
                    shutil.copytree(work / given["path"], self.place / "artifacts" / given["name"])
                case "actions/download-artifact":
                    for artifact in sorted((self.place / "artifacts").glob(given["pattern"])):
                        shutil.copytree(artifact, work / given["path"], dirs_exist_ok=True)
        return work


def fill(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ (.+?) \}\}", lambda match: values.get(match[1], match[0]), text)


def test_the_workflow(zoo: Path, tmp_path: Path) -> None:
    (text,) = blocks('yaml title=".github/workflows/docs.yml"')
    workflow = yaml.safe_load(text)
    runner = Runner(zoo, tmp_path / "runs", workflow["env"])
    shards = workflow["jobs"]["read"]["strategy"]["matrix"]["shard"]
    for number in shards:
        values = {"matrix.shard": str(number), "strategy.job-total": str(len(shards))}
        runner.job(f"read-{number}", workflow["jobs"]["read"]["steps"], values)
    assert sorted(id_ for done in runner.said for id_ in read(done)) == [f"m{n}" for n in range(1, COUNT + 1)]
    runner.said.clear()
    work = runner.job("build", workflow["jobs"]["build"]["steps"], {})
    (done,) = runner.said
    assert read(done) == []
    assert f"{COUNT} models, {COUNT} from the cache" in done.stderr
    assert all((work / f"site/models/m{number}/index.html").is_file() for number in range(1, COUNT + 1))


def test_a_share_with_a_failed_model_can_be_let_through(zoo: Path) -> None:
    (zoo / "zoo.yml").write_text((zoo / "zoo.yml").read_text() + '  - {id: bad, builder: "builders:nothing"}\n')
    (command,) = re.findall(r"`(keraviz build --shard [^`]+\|\|[^`]+)`", PAGE)
    assert sh(command, zoo, SHARD="1/1").returncode == 0
    assert sh(command, zoo, SHARD="2/1").returncode != 0  # a mistake is none that is let through
