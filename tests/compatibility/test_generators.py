"""The pages of ``keraviz build`` are complete in other generators, as docs/guide/other-generators.md says."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compatibility.conftest import Built

GUIDE = Path(__file__).parents[2] / "docs/guide/other-generators.md"

pytestmark = pytest.mark.slow


def file_of_the_guide(name: str) -> str:
    """Return a file as the guide shows it."""
    found = re.search(rf'^(````?)\w+ title="{re.escape(name)}"\n(.*?)^\1$', GUIDE.read_text("utf-8"), re.DOTALL | re.M)
    assert found is not None
    return found[2]


def test_sphinx_builds_the_pages_on_disk(
    project: Callable[..., Path], run: Callable[..., str], complete: Callable[[Path], None]
) -> None:
    root = project("", {})
    for name in ("docs/conf.py", "docs/index.md"):
        (root / name).write_text(file_of_the_guide(name), encoding="utf-8")
    run(sys.executable, "-m", "keraviz_docs", "build", "-o", "docs/models")
    run(sys.executable, "-m", "sphinx", "--fail-on-warning", "docs", "site")
    complete(root / "site")
    page = Built(root / "site", "").page("models/plain/index.html")
    assert [script["src"] for script in page.select("script[src*=keraviz]")] == ["../keraviz.js"]
    listed = Built(root / "site", "").page("index.html").select(".body .toctree-l1 > a")
    assert [link.get_text() for link in listed] == [
        *("Our zoo", "Chain & *more* [of] it (wide)", "Chain & *more* [of] it", "Plain")
    ]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Zensical needs Python 3.11")
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
