"""A build holds little of each model, so that a thousand of them fit."""

from __future__ import annotations

import gc
import pickle
from pathlib import Path

import pytest

from keraviz_docs import production, site
from keraviz_docs.architecture import Architecture

MODELS = 8
LAYERS = 60

ZOO = f"""
import keras


def chain(number: int) -> keras.Model:
    inputs = outputs = keras.Input([number + 1])
    for _ in range({LAYERS}):
        outputs = keras.layers.Dense(3)(outputs)
    return keras.Model(inputs, outputs)
"""


def held() -> int:
    """Return how many architectures of the zoo there are in this process."""
    gc.collect()
    return sum(isinstance(each, Architecture) and each.id.startswith("chain-") for each in gc.get_objects())


class Counting(production.Silent):
    """Counts them whenever one more model is known."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def finish(self, model: production.ModelReport) -> None:  # noqa: ARG002  # the protocol's signature
        self.counts.append(held())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chains")
    (folder / "chains.py").write_text(ZOO)
    entries = (
        f"  - {{id: chain-{number}, builder: 'chains:chain', kwargs: {{number: {number}}}}}" for number in range(MODELS)
    )
    (folder / "zoo.yml").write_text("\n".join(["models:", *entries]) + "\n")
    return folder


def test_no_architecture_is_held_once_its_page_is_written(project: Path) -> None:
    built = site.build(project / "zoo.yml", project / "pages")
    assert len(built.report.models) == MODELS
    assert held() == 0


def test_no_architecture_is_unpacked_when_nothing_has_changed(project: Path) -> None:
    site.build(project / "zoo.yml", project / "pages")
    again = Counting()
    site.build(project / "zoo.yml", project / "pages", progress=again)
    assert again.counts == [0] * MODELS


def test_what_a_build_returns_is_a_fraction_of_what_it_wrote(project: Path) -> None:
    built = site.build(project / "zoo.yml", project / "pages")
    written = sum((project / "pages" / name).stat().st_size for name in built.pages.files)
    assert len(pickle.dumps(built)) < written / 20
