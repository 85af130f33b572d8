"""Following a page of the documentation as a reader would: writing its files and running its commands, in order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.ports import reserved_port

ROOT = Path(__file__).parents[2]
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)(?P<attributes>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S
)
INSTALLING = re.compile(r"\S*python -m (venv|pip) |pip install |\. \.venv|make |\.venv/bin/")


@dataclass(frozen=True)
class Block:
    """A block of code on a page."""

    language: str
    title: str | None
    """The file that it is, if it is one."""
    text: str


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of code of a page, those in tabs included."""
    found = []
    for match in FENCE.finditer((ROOT / page).read_text("utf-8")):
        text = textwrap.dedent(match["text"])
        title = re.search(r'title="([^"]+)"', match["attributes"]) or re.match(r"# (\S+\.(?:yml|py))\n", text)
        found.append(Block(match["language"], title and title[1], text))
    return found


def commands_of(block: Block) -> Iterator[str]:
    """Return the commands of a console, without what they print and what is said beside them."""
    for line in block.text.splitlines():
        if line.startswith("$ "):
            yield line.removeprefix("$ ").partition("   #")[0].strip()


def walk(page: str, directory: Path, statuses: Mapping[str, int]) -> dict[str, str]:
    """Write the files of a page and run its commands, in order; return what each command printed.

    Args:
        page: a path from the root of the repository.
        directory: where the reader works.
        statuses: for a command that is meant to fail, its exit status.
    """
    printed: dict[str, str] = {}
    script: list[str] = []
    for block in blocks_of(page):
        if block.title is not None:
            file = directory / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            script.append(block.text)
        elif block.language == "console":
            for command in commands_of(block):
                if INSTALLING.match(command):
                    continue  # done before any test runs
                if command == "mkdocs serve":
                    printed[command] = served(directory)
                else:
                    printed[command] = run(command, directory, statuses.get(command, 0))
    if script:
        (directory / "page.py").write_text("\n".join(script), encoding="utf-8")
        printed["python"] = run(f"{sys.executable} page.py", directory, 0)
    return printed


def surroundings() -> dict[str, str]:
    """Return an environment in which commands are found and git knows who commits."""
    return {
        **{name: value for name, value in os.environ.items() if name != "KERAVIZ_CACHE"},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "NO_MKDOCS_2_WARNING": "1",
        **{f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }


def run(command: str, directory: Path, status: int) -> str:
    """Run a command in a shell, and expect its exit status."""
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", command],
        cwd=directory,
        env=surroundings(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == status, f"{command}: {done.stdout}"
    return done.stdout


def served(directory: Path) -> str:
    """Start ``mkdocs serve``, and return the page of all models once it is there."""
    with reserved_port() as port, (directory / "serve.log").open("w") as log:
        command = [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{port}"]
        server = subprocess.Popen(command, cwd=directory, env=surroundings(), stdout=log, stderr=log)
        try:
            end = time.monotonic() + 300
            while not (answer := _answer(f"http://127.0.0.1:{port}/models/")):
                told = (directory / "serve.log").read_text()
                assert time.monotonic() < end, told
                assert server.poll() is None, told
                time.sleep(0.5)
            return answer
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


def _answer(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url) as answer:  # noqa: S310  # http, and our own
            return str(answer.read().decode("utf-8"))
    except (urllib.error.URLError, ConnectionError):
        return None
