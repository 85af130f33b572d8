"""Whatever ends a build, no process is left, nothing is half written, and what was done is not lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

COUNT = 12

SLOW_ZOO = """
import time
import keras

def slow(units: int) -> keras.Model:
    time.sleep(0.2)
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.Dense(units)(inputs))

def stuck() -> keras.Model:
    time.sleep(3600)
"""

BUILD = """
import json, sys
from pathlib import Path
from keraviz_docs.manifest.entries import BuilderTarget, ModelEntry
from keraviz_docs.outcome import to_json
from keraviz_docs.production import Cache, produce

class Telling:
    def expect(self, total): pass
    def begin(self, id): print("begin", id, flush=True)
    def finish(self, model): print("finish", model.entry.id, flush=True)
    def close(self, report): pass

zoo, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
entries = [
    ModelEntry(id=f"m{n}", target=BuilderTarget("nets", name), kwargs={} if name == "stuck" else {"units": n + 1})
    for n in range(count)
]
report = produce(entries, zoo, cache=Cache.of(zoo), jobs=2, progress=Telling())
outcomes = {id: json.loads(to_json(outcome)) for id, outcome in report.outcomes.items()}
print(json.dumps({"cached": [m.entry.id for m in report.models if m.from_cache], "outcomes": outcomes}))
"""


class Build:
    """A build in a process of its own, with a mark that all its descendants carry."""

    def __init__(self, zoo: Path, name: str, count: int = COUNT) -> None:
        self.mark = f"KERAVIZ_TEST_{uuid.uuid4().hex}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", BUILD, str(zoo), name, str(count)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, self.mark: "1"},
        )

    def lines(self, *, until: str) -> list[str]:
        assert self.process.stdout is not None
        seen = []
        for line in self.process.stdout:
            seen.append(line.strip())
            if line.startswith(until):
                break
        return seen

    def result(self) -> tuple[list[str], dict[str, object]]:
        output, complaints = self.process.communicate()
        assert self.process.returncode == 0, complaints
        told = json.loads(output.splitlines()[-1])
        return told["cached"], told["outcomes"]

    def left(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def assert_gone(self) -> None:
        """Wait for the last process, which by itself would go on for an hour."""
        end = time.monotonic() + 60
        while left := self.left():
            assert time.monotonic() < end, left
            time.sleep(0.05)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        for process in self.left():
            process.kill()

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return self.mark in process.environ() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    folder = tmp_path / "zoo"
    folder.mkdir()
    (folder / "nets.py").write_text(SLOW_ZOO)
    return folder


@pytest.fixture
def builds() -> Iterator[list[Build]]:
    started: list[Build] = []
    yield started
    for build in started:
        build.close()


def unfinished(zoo: Path) -> list[Path]:
    return list((zoo / ".keraviz").rglob("unfinished/*"))


def test_ctrl_c_stops_what_would_take_an_hour_and_leaves_nothing(zoo: Path, builds: list[Build]) -> None:
    build = Build(zoo, "stuck", 4)
    builds.append(build)
    build.lines(until="begin m3")
    end = time.monotonic() + 180
    while len(build.left()) < 4:  # the build, the warm parent, two models
        assert time.monotonic() < end
        time.sleep(0.1)
    build.process.send_signal(signal.SIGINT)
    _, complaints = build.process.communicate(timeout=60)
    assert complaints.strip().endswith("KeyboardInterrupt")
    build.assert_gone()
    assert unfinished(zoo) == []


def test_a_build_that_is_killed_takes_all_its_processes_along(zoo: Path, builds: list[Build]) -> None:
    build = Build(zoo, "stuck", 4)
    builds.append(build)
    end = time.monotonic() + 180
    while len(build.left()) < 4:
        assert time.monotonic() < end
        time.sleep(0.1)
    build.process.kill()
    build.process.wait()
    build.assert_gone()


@pytest.mark.slow
def test_builds_killed_at_any_moment_lose_nothing_that_was_finished(zoo: Path, builds: list[Build]) -> None:
    chance = random.Random(4)  # noqa: S311 - moments, not secrets
    finished: set[str] = set()
    for _ in range(4):
        build = Build(zoo, "slow")
        builds.append(build)
        seen = build.lines(until=f"finish m{chance.randrange(COUNT)}")
        time.sleep(chance.random() * 0.3)
        build.process.kill()
        assert build.process.stdout is not None
        seen += [line.strip() for line in build.process.stdout]
        finished |= {line.split()[1] for line in seen if line.startswith("finish")}
        build.assert_gone()
    last = Build(zoo, "slow")
    builds.append(last)
    cached, outcomes = last.result()
    assert finished <= set(cached)
    assert list(outcomes) == [f"m{number}" for number in range(COUNT)]
    fresh = Build(Path(str(zoo)), "slow")
    builds.append(fresh)
    assert fresh.result() == (list(outcomes), outcomes)


@pytest.mark.slow
def test_two_builds_at_once_on_one_cache_agree(zoo: Path, builds: list[Build]) -> None:
    builds += [Build(zoo, "slow"), Build(zoo, "slow")]
    (_, first), (_, second) = (build.result() for build in builds)
    assert first == second
    third = Build(zoo, "slow")
    builds.append(third)
    assert third.result() == (list(first), first)
    assert unfinished(zoo) == []
