"""Real sites: a small zoo that is read once, and MkDocs builds around it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest
from mkdocs.commands.build import build as build_site
from mkdocs.config import load_config

ZOO = '''
"""Builders for tests."""
import keras
from keras import layers


def plain(units: int = 4) -> keras.Model:
    """A plain <em>chain</em> of {{ 7 * 7 }} & *two* layers.

    More about it, with `code`.

    Args:
        units: width of the hidden layer.
    """
    inputs = keras.Input((8,), name="features")
    hidden = layers.Dense(units, activation="relu", name="hidden")(inputs)
    return keras.Model(inputs, layers.Dense(2, name="scores")(hidden), name="plain")


def hostile() -> keras.Model:
    inputs = keras.Input((8,), name='<b onclick=alert(1)>|"{{ 7*7 }}"')
    return keras.Model(inputs, layers.Dense(2, name="</script><script>alert(1)<".replace("/", "\\u2215"))(inputs))
'''
MANIFEST = r"""
title: The zoo
models:
  - id: plain
    builder: tiny_zoo:plain
    title: Plain chain
    section: Chains
    tags: [small]
    variants: [{id: wide, kwargs: {units: 64}}]
  - id: hostile
    builder: tiny_zoo:hostile
    title: "</title><script>alert(1)</script> & {{ 7*7 }} \"q\" | *x*"
    section: "<i>Evil</i> | {{ 7*7 }}"
    tags: ["<script>alert(2)</script>"]
    references: ["https://example.org/?a=1&b=<c>"]
  - {id: loose, builder: "tiny_zoo:plain", title: Loose}
"""

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all builds, so that models are read once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a manifest of four small models."""
    project = tmp_path_factory.mktemp("zoo")
    (project / "tiny_zoo.py").write_text(ZOO)
    (project / "zoo.yml").write_text(MANIFEST)
    return project / "zoo.yml"


@pytest.fixture
def build(tmp_path: Path, zoo: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Build a site and return its directory; the arguments are lines of ``mkdocs.yml``, options and pages."""
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    monkeypatch.setenv("KERAVIZ_CACHE", str(cache))

    def run(
        settings: str = "",
        *,
        options: str = "",
        pages: Mapping[str, str] = {"index.md": "# Home\n"},
        theme: str = "{name: material, font: false}",
        plugins: str = "",
        manifest: Path = zoo,
        strict: bool = True,
    ) -> Path:
        for name, content in pages.items():
            (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "docs" / name).write_text(dedent(content))
        (tmp_path / "mkdocs.yml").write_text(
            f"site_name: Test\nsite_url: https://example.org/project/\ntheme: {theme}\nstrict: {str(strict).lower()}\n"
            f"plugins: [search, {plugins} {{keraviz: {{manifest: {manifest}, {options}}}}}]\n{dedent(settings)}"
        )
        config = load_config(str(tmp_path / "mkdocs.yml"))
        config.plugins.on_startup(command="build", dirty=False)
        try:
            build_site(config)
        finally:
            config.plugins.on_shutdown()
        return tmp_path / "site"

    return run


@pytest.fixture(autouse=True)
def _mkdocs_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="mkdocs")
