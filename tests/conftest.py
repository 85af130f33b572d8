from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup


@pytest.fixture(scope="session")
def broken_links() -> Callable[[Path], list[str]]:
    """A link checker: every relative link and every anchor in a built site must lead somewhere."""

    def check(site: Path) -> list[str]:
        pages = {
            path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
            for path in sorted(site.rglob("*.html"))
            if path.name != "404.html"
        }
        anchors = {path: {tag["id"] for tag in soup.select("[id]")} for path, soup in pages.items()}
        problems = []
        for path, soup in pages.items():
            for tag in soup.select("[href], [src]"):
                link = str(tag.get("href") or tag.get("src"))
                parts = urlsplit(link)
                if parts.scheme or parts.netloc:
                    continue
                target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
                if target.is_dir():
                    target /= "index.html"
                where = f"{path.relative_to(site)}: {link}"
                if not target.is_file() or not target.is_relative_to(site.resolve()):
                    problems.append(f"{where} leads nowhere")
                elif parts.fragment and target in anchors and unquote(parts.fragment) not in anchors[target]:
                    problems.append(f"{where} has no such anchor")
        return problems

    return check
