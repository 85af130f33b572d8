"""Builds that are killed, that run at once, and whose cache is cleared: the pages are always the same in the end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Keraviz = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.slow

COUNT = 6
COMMAND = [sys.executable, "-m", "keraviz_docs"]


@pytest.fixture
def zoo(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KERAVIZ_CACHE", raising=False)
    entries = [f'  - {{id: m{n}, builder: "zoo_models:small", kwargs: {{units: {n}}}}}\n' for n in range(1, COUNT + 1)]
    (project / "zoo.yml").write_text("models:\n" + "".join(entries))
    return project


@pytest.fixture
def undisturbed(zoo: Path, keraviz: Keraviz) -> dict[str, bytes]:
    """The pages that a build writes which nobody disturbs."""
    done = keraviz("build", "-o", "undisturbed", "--cache", "cache-of-its-own", "-q")
    assert done.returncode == 0, done.stderr
    return contents(zoo / "undisturbed")


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def start(zoo: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, *arguments], cwd=zoo, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_builds_that_are_killed_at_any_moment(zoo: Path, keraviz: Keraviz, undisturbed: dict[str, bytes]) -> None:
    chance = random.Random(7)  # noqa: S311 - moments, not secrets
    ends = [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
    for end in ends:
        with start(zoo, "build", "-o", "pages") as build:
            assert build.stderr is not None
            build.stderr.readline()  # it has begun
            time.sleep(chance.random() * 2)
            build.send_signal(end)
            build.communicate()
    done = keraviz("build", "-o", "pages")
    assert done.returncode == 0, done.stderr
    assert contents(zoo / "pages") == undisturbed


def test_two_builds_at_once_on_one_cache(zoo: Path, undisturbed: dict[str, bytes]) -> None:
    with start(zoo, "build", "-o", "first", "-q") as first, start(zoo, "build", "-o", "second", "-q") as second:
        for build in (first, second):
            _, complaints = build.communicate()
            assert (build.returncode, complaints) == (0, "")
    assert contents(zoo / "first") == contents(zoo / "second") == undisturbed


def test_a_cache_that_is_cleared_again_and_again_while_a_build_runs(zoo: Path, undisturbed: dict[str, bytes]) -> None:
    with start(zoo, "build", "-o", "pages", "-q") as build:
        while build.poll() is None:
            subprocess.run([*COMMAND, "cache", "clear", "-q"], cwd=zoo, check=True, env=dict(os.environ))
        _, complaints = build.communicate()
        assert (build.returncode, complaints) == (0, "")
    assert contents(zoo / "pages") == undisturbed
