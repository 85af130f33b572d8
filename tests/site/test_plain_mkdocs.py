"""Pages are complete without our plugin, in any theme, and every link works."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

Build = Callable[..., Path]


@pytest.mark.parametrize("theme", ["{name: material, font: false}", "{name: mkdocs}", "{name: readthedocs}"])
@pytest.mark.parametrize("directory_urls", ["true", "false"])
def test_pages_are_complete(
    build: Build, broken_links: Callable[[Path], list[str]], theme: str, directory_urls: str
) -> None:
    site = build(f"use_directory_urls: {directory_urls}", theme, plugins="[]")
    assert broken_links(site) == []
    page = BeautifulSoup((site / "models/siamese/index.html").read_text(), "html.parser")
    assert page.select_one(".kv-stage svg#siamese-tb .kv-node") is not None
    assert len(page.select(".kv-layers tbody tr[id]")) == 7
    assert [heading.get_text().removesuffix("¶") for heading in page.select("h2[id]")] == ["Diagram", "Layers", "Code"]
    assert "It raised." in (site / "models/broken/index.html").read_text()
    index = BeautifulSoup((site / "models/index.html").read_text(), "html.parser")
    assert len(index.select(".kv-card")) == 7
    assert len(index.select(".kv-comparison tbody tr")) == 7


def test_markdown_extensions_leave_diagrams_and_tables_alone(build: Build) -> None:
    plain = build(plugins="[]")
    parts = (plain / "models/siamese/index.html").read_text()
    extensions = (
        "markdown_extensions: [md_in_html, attr_list, def_list, abbr, smarty, footnotes, admonition, "
        "pymdownx.superfences, pymdownx.magiclink, pymdownx.emoji, pymdownx.smartsymbols]"
    )
    rich = build(extensions, plugins="[]")

    def stage(html: str) -> str:
        return str(BeautifulSoup(html, "html.parser").select_one(".kv-stage"))

    assert stage((rich / "models/siamese/index.html").read_text()) == stage(parts)


def test_the_search_index_stays_small(build: Build) -> None:
    index = json.loads((build() / "search/search_index.json").read_text())
    size = sum(len(entry["text"]) for entry in index["docs"] if entry["location"].startswith("models/long"))
    assert size < 1000
