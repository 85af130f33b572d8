"""A zoo such as the pages of the documentation take for granted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.guide.walking import run

MODELS = """
import keras


def small_classifier(classes: int = 10) -> keras.Model:
    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(4, 3, activation="relu")(image)
    return keras.Model(image, keras.layers.Dense(classes)(keras.layers.GlobalAveragePooling2D()(x)))


def residual_model(filters: int = 8) -> keras.Model:
    x = keras.Input((8, 8, filters))
    return keras.Model(x, keras.layers.Add()([x, keras.layers.Conv2D(filters, 3, padding="same")(x)]))


def unet(levels: int = 2) -> keras.Model:
    x = keras.Input((32, 32, 3))
    y = x
    for level in range(levels):
        y = keras.layers.Conv2D(4 * 2**level, 3, strides=2, padding="same")(y)
    return keras.Model(x, y)


class ResNet(keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = keras.layers.Conv2D(4, 3)

    def call(self, image):
        return self.stem(image)


class Retriever(keras.Model):
    def __init__(self):
        super().__init__()
        self.embed = keras.layers.Embedding(50, 4)

    def call(self, inputs):
        return self.embed(inputs["question"]), self.embed(inputs["passages"])


class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(8)

    def call(self, x):
        return x + self.dense(x)


def language_model(blocks: int = 3) -> keras.Model:
    tokens = keras.Input((16,), dtype="int32")
    x = keras.layers.Embedding(50, 8)(tokens)
    for _ in range(blocks):
        x = Block()(x)
    return keras.Model(tokens, x)
"""


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the package that the pages speak of, two archives, a manifest and a site."""
    directory = tmp_path_factory.mktemp("untouched")
    for package in ("our_zoo", "our_package"):
        (directory / package).mkdir(parents=True)
        (directory / package / "__init__.py").write_text(MODELS)
    (directory / "our_zoo" / "segmentation.py").write_text("from our_zoo import unet\n\n__all__ = ['unet']\n")
    (directory / "our_zoo" / "text.py").write_text(
        "from our_zoo import language_model\n\n__all__ = ['language_model']\n"
    )
    (directory / "weights").mkdir()
    save = "from our_zoo import *; m = small_classifier(); m.save('model.keras'); m.save('weights/legacy.keras')"
    run(f'python -W ignore -c "{save}"', directory, 0)
    (directory / "zoo.yml").write_text("models:\n  - builder: our_zoo:small_classifier\n")
    (directory / "mkdocs.yml").write_text(
        "site_name: Our models\ntheme: {name: material}\nplugins: [search, keraviz]\n"
    )
    (directory / "docs").mkdir()
    (directory / "docs" / "index.md").write_text("# Our models\n")
    return directory


@pytest.fixture
def zoo(untouched: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(untouched, tmp_path / "zoo", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture
def history() -> Callable[[Path], None]:
    """Make a zoo a git repository with the releases ``v1.0`` and ``v2.0`` and the branch ``main``."""

    def commit(directory: Path) -> None:
        for command in (
            "git init --quiet --initial-branch main",
            "keraviz snapshot",
            "git add . && git commit --quiet --message First && git tag v1.0",
            "sed -i.bak 's/Conv2D(4, 3, activation/Conv2D(6, 3, activation/' our_zoo/__init__.py",
            "keraviz snapshot",
            "git add . && git commit --quiet --message Wider && git tag v2.0",
        ):
            run(command, directory, 0)

    return commit
