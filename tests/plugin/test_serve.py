"""``mkdocs serve``: an edit rebuilds exactly the models that it concerns, and nothing rebuilds by itself."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import reserved_port

pytestmark = pytest.mark.slow

FILES = {
    "mkdocs.yml": "site_name: Test\ntheme: {name: material, font: false}\nplugins: [keraviz]\n",
    "docs/index.md": "# Home\n",
    "zoo.yml": 'title: Zoo\nmodels:\n  - {id: one, builder: "one:build"}\n  - {id: two, builder: "two:build"}\n',
    "widths.py": "WIDTH = 3\n",
    "one.py": (
        "import keras\nfrom widths import WIDTH\n\n\ndef build() -> keras.Model:\n"
        "    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(WIDTH)])\n"
    ),
    "two.json": "[5]",
    "two.py": (
        "import json\nfrom pathlib import Path\n\nimport keras\n\n\ndef build() -> keras.Model:\n"
        "    widths = json.loads(Path(__file__).with_suffix('.json').read_text())\n"
        "    return keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(width) for width in widths)])\n"
    ),
}


class Server:
    """A running ``mkdocs serve`` and what it says."""

    def __init__(self, project: Path, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONUNBUFFERED": "1"}
        environment.pop("KERAVIZ_CACHE", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", self.address],
            cwd=project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.everything: list[str] = []
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.everything.append(line.rstrip())
            self.lines.put(self.everything[-1])

    def until(self, wanted: str, seconds: float = 180) -> list[str]:
        """Return the lines up to the first that matches."""
        said: list[str] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                said.append(self.lines.get(timeout=1))
            except queue.Empty:
                continue
            if re.search(wanted, said[-1]):
                return said
        pytest.fail(f"no new line matched {wanted!r}:\n" + "\n".join(self.everything))

    def shows(self, path: str, text: str) -> list[str]:
        """Return the lines up to the end of the build after which a page has a text.

        That is the next one, unless a slow machine lets the last edit be noticed in two halves.
        """
        said = self.until("Reloading browsers")
        while text not in self.page(path):
            said += self.until("Reloading browsers")
        return said

    def is_quiet(self) -> bool:
        """Tell whether it stops to build: no edit is noticed again and again."""
        for _ in range(2):  # once more, on a slow machine, for the second half of the last edit
            try:
                while "Detected file changes" not in self.lines.get(timeout=3):
                    pass
            except queue.Empty:
                return True
            if read(self.until("Reloading browsers")):
                break
        print(*self.everything, sep="\n")
        return False

    def page(self, path: str) -> str:
        with urllib.request.urlopen(f"http://{self.address}/{path}") as answer:
            text: str = answer.read().decode()
            return text

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self.reader.join(60)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


@pytest.fixture
def server(project: Path) -> Iterator[Server]:
    with reserved_port() as port:
        server = Server(project, port)
        yield server
        server.stop()


def write(path: Path, text: str) -> None:
    """Write a file in one go: whoever looks at it sees all of it or nothing."""
    aside = path.with_name(f".{path.name}.new")
    aside.write_text(text)
    aside.replace(path)


def read(said: list[str]) -> list[str]:
    """Return the ids of the models that were read anew."""
    return sorted(match[1] for line in said if (match := re.match(r"\[\d+/\d+\] ([\w-]+):", line)))


def test_an_edit_rebuilds_what_it_concerns(project: Path, server: Server) -> None:
    assert read(server.until("Serving on")) == ["one", "two"]
    assert server.is_quiet()
    assert "(None, 3)" in server.page("models/one/")

    # A module that a builder imports.
    write(project / "widths.py", "WIDTH = 33\n")
    assert read(server.shows("models/one/", "(None, 33)")) == ["one"]
    assert server.is_quiet()

    # A data file that a builder reads.
    write(project / "two.json", "[55, 56]")
    assert read(server.shows("models/two/", "(None, 56)")) == ["two"]

    # The builder itself.
    write(project / "one.py", FILES["one.py"].replace("Dense(WIDTH)", "Dense(WIDTH + 1)"))
    assert read(server.shows("models/one/", "(None, 34)")) == ["one"]

    # The manifest: a title needs no reading, a new model does.
    write(project / "zoo.yml", FILES["zoo.yml"].replace('"two:build"', '"two:build", title: Second'))
    assert read(server.shows("models/two/", "Second")) == []
    write(project / "zoo.yml", FILES["zoo.yml"] + '  - {id: three, builder: "one:build"}\n')
    assert read(server.shows("models/", "three")) == ["three"]
    assert server.is_quiet()

    # A page beside them.
    write(project / "docs" / "index.md", "# New home\n")
    assert read(server.shows("", "New home")) == []
    assert server.is_quiet()


PACKAGE = """
import importlib
import pkgutil

__all__ = []
for found in pkgutil.iter_modules(__path__):
    module = importlib.import_module(f"{__name__}.{found.name}")
    globals()[found.name] = module.build
    __all__.append(found.name)
"""


def test_a_new_module_of_a_discovered_package_is_noticed(project: Path, request: pytest.FixtureRequest) -> None:
    (project / "zoo").mkdir()
    (project / "zoo" / "__init__.py").write_text(PACKAGE)
    (project / "zoo" / "first.py").write_text(FILES["one.py"])
    (project / "zoo.yml").write_text(
        'title: Zoo\nmodels:\n  - discover: zoo\n  - {id: later, builder: "later:build"}\n'
    )
    server: Server = request.getfixturevalue("server")
    assert read(server.until("Serving on")) == ["first", "later"]

    # A module.
    write(project / "zoo" / "second.py", FILES["one.py"])
    server.shows("models/", "second")
    assert "(None, 3)" in server.page("models/second/")
    assert server.is_quiet()

    # A package, whose directory is there before its code.
    (project / "zoo" / "third").mkdir()
    server.until("Reloading browsers")
    assert server.is_quiet()
    write(project / "zoo" / "third" / "__init__.py", FILES["one.py"])
    server.shows("models/", "third")
    assert "(None, 3)" in server.page("models/third/")

    # A module that goes.
    (project / "zoo" / "first.py").unlink()
    server.until("Reloading browsers")
    while "first" in server.page("models/"):
        server.until("Reloading browsers")
    assert server.is_quiet()

    # A module that the manifest names, and that was not there yet.
    write(project / "later.py", FILES["one.py"])
    assert read(server.shows("models/later/", "(None, 3)")) == ["later"]

    # What is nobody's business.
    (project / "notes.txt").write_text("to do")
    (project / "zoo" / ".second.py.swp").write_text("an editor's")
    assert server.is_quiet()


def test_a_builder_may_break_and_go_and_come_back(project: Path, server: Server) -> None:
    server.until("Serving on")
    write(project / "one.py", "import keras\n\n\ndef build() -> keras.Model:\n    raise ValueError('not yet')\n")
    said = server.shows("models/one/", "not yet")
    assert any("not yet" in line and "WARNING" in line for line in said)
    (project / "one.py").unlink()
    server.shows("models/one/", "There is no module")
    write(project / "one.py", FILES["one.py"])
    server.shows("models/one/", "(None, 3)")


def test_a_mistake_in_the_manifest_is_told_and_the_server_goes_on(project: Path, server: Server) -> None:
    server.until("Serving on")
    write(project / "zoo.yml", "models: [{id: one, biulder: x}]\n")
    said = server.until("An error happened during the rebuild")
    assert any("biulder" in line for line in said)
    assert not any("Traceback" in line for line in said)
    write(project / "zoo.yml", FILES["zoo.yml"] + '  - {id: three, builder: "one:build"}\n')
    server.shows("models/three/", "(None, 3)")
