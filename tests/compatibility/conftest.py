"""A zoo of three small models that every site here shows; its models are read once, into one cache."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from bs4 import BeautifulSoup

ZOO = '''
import keras
from keras import layers


def plain(units: int = 4) -> keras.Model:
    """A chain of two layers."""
    inputs = keras.Input((8,), name="features")
    hidden = layers.Dense(units, activation="relu", name="hidden")(inputs)
    return keras.Model(inputs, layers.Dense(2, name="scores")(hidden), name="plain")
'''
MANIFEST = """
title: Our zoo
models:
  - {builder: "tiny_zoo:plain", title: Plain, tags: [small]}
  - id: chain
    builder: tiny_zoo:plain
    title: "Chain & *more* [of] it"
    section: "1. Chains_of <two> & more"
    tags: [chained]
    variants: [{id: wide, kwargs: {units: 64}}]
"""
MATERIAL = "theme: {name: material, font: false}\n"


@dataclass(frozen=True)
class Built:
    """A site, and what building it said."""

    site: Path
    said: str

    def page(self, path: str) -> BeautifulSoup:
        return BeautifulSoup((self.site / path).read_text(encoding="utf-8"), "html.parser")

    def navigation(self) -> list[str]:
        """Every entry of Material's navigation on the first page: sections and pages, from top to bottom."""
        entries = self.page("index.html").select(".md-nav--primary .md-nav__item > .md-nav__link .md-ellipsis")
        texts = [" ".join(entry.get_text(" ").split()) for entry in entries]
        return [text for number, text in enumerate(texts) if number == 0 or text != texts[number - 1]]


Build = Callable[..., Built]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the programs here see: one cache, this interpreter's programs first, no colours."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    warnings = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    cache = str(tmp_path_factory.mktemp("cache"))
    return {**os.environ, **warnings, "PATH": path, "KERAVIZ_CACHE": cache, "NO_COLOR": "1"}


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]) -> Callable[..., str]:
    """Run a program in the project's directory; give what it said."""

    def run(*command: str | Path, **more: str) -> str:
        done = subprocess.run(
            [*map(str, command)],
            cwd=tmp_path,
            env=environment | more,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Write a project: the zoo, a configuration and pages."""

    def write(settings: str, files: Mapping[str, str]) -> Path:
        project = {
            "docs/index.md": "# Home\n\n[All models](models/index.md)\n",
            "tiny_zoo.py": ZOO,
            "zoo.yml": MANIFEST,
            "mkdocs.yml": "site_name: Test\nsite_url: https://example.org/project/\n" + dedent(settings),
        }
        for name, content in (project | dict(files)).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(dedent(content), encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def build(project: Callable[..., Path], run: Callable[..., str]) -> Build:
    """Build a site strictly; the arguments are lines of ``mkdocs.yml``, plugins and files of the project."""

    def build(
        settings: str = "",
        *,
        plugins: str = "search, keraviz",
        files: Mapping[str, str] = {},
        theme: str = MATERIAL,
        program: str = "mkdocs",
        **more: str,
    ) -> Built:
        root = project(f"{theme}plugins: [{plugins}]\n{dedent(settings)}", files)
        said = run(sys.executable, "-m", program, "build", "--strict", **more)
        return Built(root / "site", said)

    return build


@pytest.fixture
def complete(broken_links: Callable[[Path], list[str]]) -> Callable[[Path], None]:
    """Assert that a site has every model with its diagram and table, the assets, and no broken link."""

    def check(site: Path) -> None:
        assert broken_links(site) == []
        for name in ("plain", "chain", "chain-wide"):
            path = f"models/{name}/index.html"
            page = BeautifulSoup((site / path).read_text(encoding="utf-8"), "html.parser")
            assert len(page.select(f".kv-stage svg#{name}-tb .kv-node")) == 4, path
            assert len(page.select(".kv-layers tbody tr[id]")) == 3, path
            assert (site / f"models/{name}/{name}-tb.svg").is_file()
        index = BeautifulSoup((site / "models/index.html").read_text(encoding="utf-8"), "html.parser")
        assert len(index.select(".kv-card")) == 3
        assert (site / "models/keraviz.css").is_file()

    return check
