"""A small zoo in a directory of its own, and the command line run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Result = subprocess.CompletedProcess[str]

MODELS = '''
import keras


def small(units: int = 4, shape=(8,)) -> keras.Model:
    """A small model."""
    inputs = keras.Input(shape, name="features")
    return keras.Model(inputs, keras.layers.Dense(units, name="head")(inputs), name="small")


def square(shape=None):
    assert isinstance(shape, tuple), type(shape)
    inputs = keras.Input(shape)
    return keras.Model(inputs, keras.layers.Flatten()(inputs))


def broken():
    print("about to break")
    raise ValueError("the head is missing")


class Unbuilt(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(2)

    def call(self, x):
        return self.dense(x)
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory with ``zoo_models.py``, and make it the current one."""
    (tmp_path / "zoo_models.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def keraviz(project: Path) -> Callable[..., Result]:
    """Return a function that runs ``keraviz`` as a user does."""

    def run(*arguments: str) -> Result:
        command = [sys.executable, "-m", "keraviz_docs", *arguments]
        return subprocess.run(
            command, cwd=project, env={**os.environ, "COLUMNS": "100"}, capture_output=True, text=True, check=False
        )

    return run
