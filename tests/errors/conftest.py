"""A project whose one good model is read and written once, and one in which everything goes wrong."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from keraviz_docs import cli

GOOD = """
import keras


def unet(filters: int = 4) -> keras.Model:
    inputs = keras.Input((8, 8, 3), name="image")
    return keras.Model(inputs, keras.layers.Conv2D(filters, 3)(inputs), name="unet")
"""

BAD = """
import os
import time

import keras
from keras import layers

import keraviz_docs.cost


def unet(filters: int = 64) -> keras.Model:
    inputs = keras.Input((64, 64, 3))
    return keras.Model(inputs, layers.Conv2D(filters, 3)(inputs))


def vae(filters=64):
    if filters % 4:
        raise ValueError("filters must be a multiple of 4")
    return keras.Sequential([layers.Dense(filters)])


def tuned():
    vae(64)


def endless():
    time.sleep(3600)


def greedy():
    eaten = []
    while True:
        eaten.append(b"x" * 5_000_000)


def aborts():
    os.abort()


class Mixing(layers.Layer):
    def call(self, inputs):
        return inputs * 2


def mixing(call):
    return call.weights[0].size


keraviz_docs.cost.register("nets:Mixing", mixing)


def broken():
    from keraviz_docs.reading import assembling

    assembling._identity = None
    return unet()


def mixed():
    inputs = keras.Input((8,))
    return keras.Model(inputs, Mixing(name="mix")(inputs))
"""

MANIFEST = """
models:
- {id: import, builder: "nets:unett"}
- {id: kwargs, builder: "nets:unet", kwargs: {filter: 16}}
- {id: builder-raised, builder: "nets:vae", kwargs: {filters: 30}}
- {id: wrong-return, builder: "nets:tuned"}
- {id: unbuilt, builder: "nets:vae"}
- {id: timeout, builder: "nets:endless", timeout: 1}
- {id: memory, builder: "nets:greedy", memory: 2000}
- {id: crash, builder: "nets:aborts"}
- {id: saved-file, file: archives/digits.keras}
- {id: cost-rule, builder: "nets:mixed"}
- {id: internal, builder: "nets:broken"}
- discover: helpers
"""


@dataclass(frozen=True)
class Told:
    """How a command ended."""

    status: int
    out: str
    err: str


def run(*arguments: str) -> Told:
    """Run the command line in this process, as a user would in the current directory."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = cli.run(arguments)
    return Told(status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that has been built, so that its cache knows the model: ``zoo.yml`` and ``zoo/``."""
    project = tmp_path_factory.mktemp("good")
    (project / "zoo").mkdir()
    (project / "zoo" / "__init__.py").write_text(GOOD)
    (project / "zoo.yml").write_text("models: [{builder: 'zoo:unet'}]\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        told = run("extract", "zoo.yml", "-o", "extracts", "--quiet")
        assert told.status == 0, told.err
        assert run("snapshot", "--quiet").status == 0
    return project


@pytest.fixture(scope="session")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Read models that all fail, once; return what was told about them."""
    project = tmp_path_factory.mktemp("bad")
    (project / "nets.py").write_text(BAD)
    (project / "helpers.py").write_text("def scale(image):\n    return image / 255\n")
    (project / "zoo.yml").write_text(MANIFEST)
    (project / "archives").mkdir()
    (project / "archives" / "digits.keras").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        return run("extract", "zoo.yml", "-o", "out", "--quiet")
