"""The pages of ``keraviz build`` are complete in other generators, as docs/guide/other-generators.md says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compatibility.conftest import Built

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.version_info < (3, 11), reason="Zensical needs Python 3.11"),
]


def test_zensical_builds_the_pages_on_disk(
    project: Callable[..., Path], run: Callable[..., str], complete: Callable[[Path], None]
) -> None:
    nav = "nav: [{Home: index.md}, {Models: [{Overview: models/index.md}, models/plain/index.md]}]\n"
    root = project(f"theme: {{font: false}}\nplugins: [search]\n{nav}", {})
    run(sys.executable, "-m", "keraviz_docs", "build", "-o", "docs/models")
    said = run("zensical", "build", "--strict")
    assert "No issues found" in said
    complete(root / "site")
    built = Built(root / "site", said)
    assert built.navigation() == ["Home", "Models", "Overview", "Plain"]
    assert [script["src"] for script in built.page("models/plain/index.html").select("script[src*=keraviz]")] == [
        "../keraviz.js"
    ]
