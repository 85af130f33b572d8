"""Pages that other plugins have been at still work in a browser, and its console stays empty."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import browsing
from tests.compatibility.conftest import Build

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# Machines that run tests may be busy.
expect.set_options(timeout=30_000)


def try_out(page: Page, first: str) -> None:
    """From the overview to a model: another drawing is loaded, a layer is found, and its row opens."""
    page.goto(first)
    page.locator(".kv-card a", has_text="Plain").click()
    expect(page.locator("svg#plain-tb")).to_be_visible()
    page.get_by_role("tab", name="Left to right").click()
    expect(page.locator("svg#plain-lr")).to_be_visible()
    expect(page.locator("svg#plain-tb")).to_be_hidden()
    page.locator(".kv-figure .kv-search input").fill("hidden")
    expect(page.locator("svg#plain-lr .kv-hit")).to_have_count(1)
    page.get_by_role("button", name="Settings and weights of layer 2").click()
    expect(page.locator(".kv-opened")).to_be_visible()


MINIFY = (
    "{minify: {minify_html: true, minify_js: true, minify_css: true, htmlmin_opts: {remove_comments: true}, "
    "js_files: [models/keraviz.js], css_files: [models/keraviz.css]}}"
)
INSTANT = "theme: {name: material, font: false, features: [navigation.instant]}\n"


@pytest.mark.parametrize("plugins", [f"search, {MINIFY}, keraviz", f"search, keraviz, {MINIFY}"])
def test_minified_pages(
    build: Build, page: Page, broken_links: Callable[[Path], list[str]], plugins: str, tmp_path: Path
) -> None:
    built = build(theme=INSTANT, plugins=plugins)
    script, style = (len((built.site / f"models/keraviz.min.{kind}").read_bytes()) for kind in ("js", "css"))
    assert script > 10_000
    assert style > 1_000
    assert broken_links(built.site) == []
    shutil.copytree(built.site, tmp_path / "served/project")
    with browsing.server(tmp_path / "served") as address:
        try_out(page, f"{address}/project/models/")
        colour = page.locator("svg#plain-lr .kv-node rect").first.evaluate("rect => getComputedStyle(rect).fill")
        assert colour.startswith("rgb")
        page.wait_for_load_state("networkidle")


def test_pages_opened_from_a_disk(build: Build, page: Page, broken_links: Callable[[Path], list[str]]) -> None:
    built = build(plugins="search, offline, keraviz")
    assert broken_links(built.site) == []
    # Material loads this for its search, which its guide says to fetch with the plugin `privacy`.
    page.route("https://unpkg.com/**", lambda route: route.fulfill(body="", content_type="text/javascript"))
    try_out(page, (built.site / "models/index.html").as_uri())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Zensical needs Python 3.11")
def test_pages_that_zensical_built(project: Callable[..., Path], run: Callable[..., str], page: Page) -> None:
    root = project("theme: {font: false, features: [navigation.instant]}\nplugins: [search]\n", {})
    run(sys.executable, "-m", "keraviz_docs", "build", "-o", "docs/models")
    run("zensical", "build")
    (root / "served").mkdir()
    (root / "site").rename(root / "served/project")
    with browsing.server(root / "served") as address:
        try_out(page, f"{address}/project/models/")
        page.wait_for_load_state("networkidle")
