"""Where the plugin has models read, and where it keeps what was read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mkdocs.exceptions import Abort

from keraviz_docs.production import Cache

Build = Callable[..., Path]

pytestmark = pytest.mark.slow


@pytest.fixture
def far(tmp_path: Path) -> Path:
    """A manifest whose models are to be read where nobody is."""
    (tmp_path / "far_zoo.py").write_text(
        "import keras\n\n\ndef net() -> keras.Model:\n"
        "    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
    )
    (tmp_path / "zoo.yml").write_text('executor: dask:nowhere\nmodels:\n  - builder: "far_zoo:net"\n')
    return tmp_path / "zoo.yml"


def test_the_manifest_says_where_models_are_read(build: Build, far: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Abort):
        build(manifest=far, options="cache: kept")
    assert "keraviz: no Dask scheduler answers at nowhere" in caplog.text


def test_the_plugin_wins_over_the_manifest_and_keeps_what_it_reads_where_it_is_told(build: Build, far: Path) -> None:
    site = build(manifest=far, options="cache: kept, executor: local, jobs: 1")
    assert (site / "models/net/index.html").is_file()
    assert Cache(far.parent / "kept").usage().readings.entries == 1


def test_an_executor_that_does_not_exist_is_named(build: Build, far: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Abort):
        build(manifest=far, options="executor: ray")
    assert "keraviz: 'ray' is no executor: there is local, dask and dask:ADDRESS" in caplog.text
