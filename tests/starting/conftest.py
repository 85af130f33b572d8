"""Somebody's own repository, and ``keraviz init`` run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Result = subprocess.CompletedProcess[str]

ROOT = Path(__file__).parents[2]

SCRIPTS = {
    "unet.py": '''
import keras


def build_model(filters=4):
    """Segment small images."""
    image = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(filters, 3, padding="same")(image)
    model = keras.Model(image, keras.layers.Conv2D(1, 1)(x))
    return model
''',
    "towers/retrieval.py": """
import keras


def build_model(units: int = 4) -> "keras.Model":
    question = keras.Input((8,))
    return keras.Model(question, keras.layers.Dense(units)(question))


class Unbuilt(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(2)

    def call(self, x):
        return self.dense(x)


def needs(classes, *, width) -> keras.Model:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(classes)])


def raises() -> keras.Model:
    raise ValueError("the head\\nis missing")


def lies() -> keras.Model:
    return 3
""",
    "live.py": "import keras\n\nmodel = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])\n",
    "trains.py": """
import keras
import pathlib


def classifier():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])


pathlib.Path("imported").touch()
net = classifier()
net.fit([[1, 2, 3, 4]], [[0, 1]])
""",
    "train-v2.py": "import keras\n\n\ndef model():\n    return keras.Sequential([])\n",
    "half.py": "def build(:\n",
    "chores.py": """
import pathlib


def get_model_path():
    pathlib.Path("called").touch()
    return "model.keras"
""",
    "tests/test_unet.py": "import keras\n\n\ndef small() -> keras.Model:\n    return keras.Sequential([])\n",
    ".venv/pyvenv.cfg": "",
    ".venv/lib/zoo.py": "import keras\n\n\ndef other() -> keras.Model:\n    return keras.Sequential([])\n",
}


def fill(directory: Path, files: Mapping[str, str]) -> Path:
    """Write files into a directory, made if need be."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


def run(directory: Path, *arguments: str, **environment: str) -> Result:
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "keraviz_docs", *arguments],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def make_scripts(directory: Path) -> Path:
    """Write a directory of plain scripts and one archive."""
    fill(directory, SCRIPTS)
    (directory / "weights").mkdir()
    (directory / "weights" / "digits.keras").write_bytes((ROOT / "example_zoo/archives/digits.keras").read_bytes())
    return directory


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], Path]:
    """Return a function that writes files into an empty directory, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return lambda files: fill(tmp_path, files)


@pytest.fixture(scope="session")
def keraviz() -> Callable[..., Result]:
    """Return a function that runs ``keraviz`` in a directory."""
    return run


@pytest.fixture(scope="session")
def sources() -> Mapping[str, str]:
    """What the files of the directory of scripts say."""
    return SCRIPTS


@pytest.fixture
def more_scripts(tmp_path: Path) -> Path:
    """The same directory of scripts, in another place."""
    return make_scripts(tmp_path / "deeper" / "scripts")


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A directory of plain scripts, and what ``keraviz init . --github`` said there."""
    directory = make_scripts(tmp_path_factory.mktemp("here") / "scripts")
    return directory, run(directory, "init", ".", "--github")
