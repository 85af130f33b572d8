"""A project of small builders that a test may edit, and one warm pool for all tests that need no own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from keraviz_docs.manifest.entries import BuilderTarget, Limits, ModelEntry
from keraviz_docs.production import LocalPool

ZOO = Path(__file__).parent / "zoo"


def _entry(module: str, name: str, *, timeout: float = 60.0, memory: int | None = None, **kwargs: Any) -> ModelEntry:
    return ModelEntry(
        id=name.replace("_", "-"),
        target=BuilderTarget(module, name),
        kwargs=kwargs,
        limits=Limits(timeout=timeout, memory=memory),
    )


@pytest.fixture(scope="session")
def entry() -> Callable[..., ModelEntry]:
    """Return a function that makes an entry from a module, a builder, limits and arguments."""
    return _entry


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ZOO, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture(scope="session")
def pool() -> Iterator[LocalPool]:
    with LocalPool(jobs=2) as opened:
        yield opened
