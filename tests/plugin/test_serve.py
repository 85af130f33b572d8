"""``mkdocs serve``: an edit rebuilds exactly the models that it concerns, and nothing rebuilds by itself."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

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

    def __init__(self, project: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
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
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip())

    def until(self, wanted: str, seconds: float = 180) -> list[str]:
        """Return the lines up to the first that matches."""
        said: list[str] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                said.append(self.lines.get(timeout=1))
            except queue.Empty:
                continue
            if re.search(wanted, said[-1]):
                return said
        pytest.fail(f"no line matched {wanted!r}:\n" + "\n".join(said))

    def is_quiet(self, seconds: float) -> bool:
        """Tell whether it says nothing for so long."""
        try:
            return not self.lines.get(timeout=seconds)
        except queue.Empty:
            return True

    def page(self, path: str) -> str:
        with urllib.request.urlopen(f"http://{self.address}/{path}") as answer:
            text: str = answer.read().decode()
            return text

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self.reader.join(30)
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
    server = Server(project)
    yield server
    server.stop()


def read(said: list[str]) -> list[str]:
    """Return the ids of the models that were read anew."""
    return sorted(match[1] for line in said if (match := re.match(r"\[\d+/\d+\] ([\w-]+):", line)))


def test_an_edit_rebuilds_what_it_concerns(project: Path, server: Server) -> None:
    assert read(server.until("Serving on")) == ["one", "two"]
    assert server.is_quiet(3)
    assert "(None, 3)" in server.page("models/one/")

    # A module that a builder imports.
    (project / "widths.py").write_text("WIDTH = 33\n")
    assert read(server.until("Reloading browsers")) == ["one"]
    assert "(None, 33)" in server.page("models/one/")
    assert server.is_quiet(3)

    # A data file that a builder reads.
    (project / "two.json").write_text("[55, 56]")
    assert read(server.until("Reloading browsers")) == ["two"]
    assert "(None, 56)" in server.page("models/two/")
    assert server.is_quiet(3)

    # The builder itself.
    (project / "one.py").write_text(FILES["one.py"].replace("Dense(WIDTH)", "Dense(WIDTH + 1)"))
    assert read(server.until("Reloading browsers")) == ["one"]
    assert "(None, 34)" in server.page("models/one/")
    assert server.is_quiet(3)

    # The manifest: a title needs no reading, a new model does.
    (project / "zoo.yml").write_text(FILES["zoo.yml"].replace('"two:build"', '"two:build", title: Second'))
    assert read(server.until("Reloading browsers")) == []
    assert "Second" in server.page("models/two/")
    (project / "zoo.yml").write_text(FILES["zoo.yml"] + '  - {id: three, builder: "one:build"}\n')
    assert read(server.until("Reloading browsers")) == ["three"]
    assert server.is_quiet(3)

    # A page beside them.
    (project / "docs" / "index.md").write_text("# New home\n")
    assert read(server.until("Reloading browsers")) == []
    assert server.is_quiet(3)


PACKAGE = """
import importlib
import pkgutil

__all__ = []
for found in pkgutil.iter_modules(__path__):
    module = importlib.import_module(f"{__name__}.{found.name}")
    globals()[found.name] = module.build
    __all__.append(found.name)
"""


def test_a_new_module_of_a_discovered_package_is_noticed(project: Path) -> None:
    (project / "zoo").mkdir()
    (project / "zoo" / "__init__.py").write_text(PACKAGE)
    (project / "zoo" / "first.py").write_text(FILES["one.py"])
    (project / "zoo.yml").write_text(
        'title: Zoo\nmodels:\n  - discover: zoo\n  - {id: later, builder: "later:build"}\n'
    )
    server = Server(project)
    try:
        assert read(server.until("Serving on")) == ["first", "later"]
        assert server.is_quiet(3)

        # A module.
        (project / "zoo" / "second.py").write_text(FILES["one.py"])
        assert "second" in read(server.until("Reloading browsers"))
        assert "(None, 3)" in server.page("models/second/")
        assert server.is_quiet(3)

        # A package, whose directory is there before its code.
        (project / "zoo" / "third").mkdir()
        server.until("Reloading browsers")
        assert server.is_quiet(3)
        (project / "zoo" / "third" / "__init__.py").write_text(FILES["one.py"])
        assert "third" in read(server.until("Reloading browsers"))
        assert "(None, 3)" in server.page("models/third/")
        assert server.is_quiet(3)

        # A module that goes.
        (project / "zoo" / "first.py").unlink()
        server.until("Reloading browsers")
        assert "first" not in server.page("models/")
        assert server.is_quiet(3)

        # A module that the manifest names, and that was not there yet.
        (project / "later.py").write_text(FILES["one.py"])
        assert read(server.until("Reloading browsers")) == ["later"]
        assert "(None, 3)" in server.page("models/later/")
        assert server.is_quiet(3)

        # What is nobody's business.
        (project / "notes.txt").write_text("to do")
        (project / "zoo" / ".second.py.swp").write_text("an editor's")
        assert server.is_quiet(3)
    finally:
        server.stop()


def test_a_broken_builder_is_told_and_mended_by_the_next_edit(project: Path, server: Server) -> None:
    server.until("Serving on")
    (project / "one.py").write_text("import keras\n\n\ndef build() -> keras.Model:\n    raise ValueError('not yet')\n")
    said = server.until("Reloading browsers")
    assert any("not yet" in line and "WARNING" in line for line in said)
    assert "not yet" in server.page("models/one/")
    (project / "one.py").write_text(FILES["one.py"])
    server.until("Reloading browsers")
    assert "(None, 3)" in server.page("models/one/")


def test_a_mistake_in_the_manifest_is_told_and_the_server_goes_on(project: Path, server: Server) -> None:
    server.until("Serving on")
    (project / "zoo.yml").write_text("models: [{id: one, biulder: x}]\n")
    said = server.until("An error happened during the rebuild")
    assert any("biulder" in line for line in said)
    assert not any("Traceback" in line for line in said)
    (project / "zoo.yml").write_text(FILES["zoo.yml"])
    server.until("Reloading browsers")
    assert "(None, 3)" in server.page("models/one/")
