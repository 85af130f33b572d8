"""The models appear in the navigation, whichever plugin makes it, as docs/guide/other-plugins.md says.

What MkDocs itself makes of a ``nav``, and without one, is in ``tests/plugin``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compatibility.conftest import Build

pytestmark = pytest.mark.slow
Complete = Callable[[Path], None]
CHAINS = "1. Chains_of <two> & more"
MODELS = ["Overview", "Plain", CHAINS, "Chain & *more* [of] it", "Chain & *more* [of] it (wide)"]


def test_awesome_nav_lists_them_by_section(build: Build, complete: Complete) -> None:
    built = build(plugins="search, awesome-nav, keraviz")
    assert built.navigation() == ["Home", "Our zoo", *MODELS]
    complete(built.site)
    assert not (built.site / "models/.nav.yml").exists()


def test_awesome_nav_places_them_as_it_is_told(build: Build) -> None:
    files = {"docs/last.md": "# Last\n", "docs/.nav.yml": "nav: [index.md, Zoo: models, '*']\n"}
    assert build(plugins="search, keraviz, awesome-nav", files=files).navigation() == ["Home", "Zoo", *MODELS, "Last"]


def test_a_nav_file_of_ones_own_wins(build: Build) -> None:
    files = {"docs/models/.nav.yml": "title: Mine\nnav: [chain-wide/index.md, plain/index.md]\n"}
    built = build(plugins="search, awesome-nav, keraviz", files=files)
    assert built.navigation() == ["Home", "Mine", "Chain & *more* [of] it (wide)", "Plain"]


@pytest.mark.parametrize("plugins", ["literate-nav, keraviz", "keraviz, literate-nav"])
def test_literate_nav_lists_them_by_section(build: Build, complete: Complete, plugins: str) -> None:
    summary = "* [Start](index.md)\n* [Zoo](models/)\n* [Last](last.md)\n"
    built = build(
        "exclude_docs: SUMMARY.md",
        plugins=f"search, {plugins}",
        files={"docs/SUMMARY.md": summary, "docs/last.md": "# Last\n"},
    )
    assert built.navigation() == ["Start", "Zoo", *MODELS, "Last"]
    complete(built.site)
    assert not (built.site / "models/SUMMARY").exists()


@pytest.mark.parametrize("nav", ["", "nav: [index.md, 'models/', 'last.md']", "nav: [index.md, '*']"])
def test_literate_nav_without_a_summary_lists_them_once(build: Build, nav: str) -> None:
    built = build(nav, plugins="search, literate-nav, keraviz", files={"docs/last.md": "# Last\n"})
    zoo = "Our zoo" if "models/" in nav else "Models"
    names = built.navigation()
    assert sorted(names) == sorted(["Home", zoo, *MODELS, "Last"])
    assert names[names.index(zoo) + 1 :][: len(MODELS)] == MODELS


def test_section_index_takes_the_overview_for_the_page_of_the_zoo(build: Build, complete: Complete) -> None:
    built = build(plugins="search, section-index, keraviz")
    assert built.navigation() == ["Home", "Our zoo", *MODELS[1:]]
    [link] = built.page("index.html").select('.md-nav--primary a.md-nav__link[href="models/"]')
    assert link.get_text(strip=True) == "Our zoo"
    complete(built.site)
