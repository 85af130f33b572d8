"""Sites that use other plugins as well, and other programs than ``mkdocs`` that build them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.compatibility.conftest import Build

pytestmark = pytest.mark.slow
Complete = Callable[[Path], None]
# Material's own script names one, which the plugin fetches for every site.
PRIVACY = "search, {privacy: {assets_exclude: ['unpkg.com/*']}}, keraviz"


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that serves nothing and remembers what it was asked for."""
    asked: list[str] = []

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(502)

        do_CONNECT = do_HEAD = do_POST = do_GET  # noqa: N815  # http.server's names

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_privacy_finds_nothing_to_fetch_on_our_pages(
    build: Build, complete: Complete, proxy: tuple[str, list[str]]
) -> None:
    address, asked = proxy
    more = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), address)
    built = build(plugins=PRIVACY, no_proxy="", NO_PROXY="", **more)
    complete(built.site)
    assert asked == []


def test_privacy_would_have_fetched(build: Build, proxy: tuple[str, list[str]]) -> None:
    address, asked = proxy
    files = {"docs/last.md": '# Last\n\n<script src="https://example.com/remote.js"></script>\n'}
    more = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), address)
    with pytest.raises(AssertionError, match="Couldn't retrieve"):
        build(plugins=PRIVACY, files=files, no_proxy="", NO_PROXY="", **more)
    assert asked == ["example.com:443"]


def test_tags_of_the_manifest_are_listed_with_those_of_other_pages(build: Build, complete: Complete) -> None:
    files = {
        "docs/last.md": "---\ntags: [small]\n---\n# Last\n",
        "docs/all.md": "# Tags\n\n<!-- material/tags -->\n",
    }
    built = build(plugins="search, tags, keraviz", files=files)
    listing = built.page("all/index.html")
    assert {heading["id"] for heading in listing.select("h2[id]")} == {"tag:chained", "tag:small"}
    links = [link["href"] for link in listing.select(".md-content ul a")]
    assert links == ["../models/chain/", "../models/chain-wide/", "../last/", "../models/plain/"]
    assert built.page("models/plain/index.html").select_one(".md-tags .md-tag[href='../../all/#tag:small']")
    complete(built.site)


def test_a_german_site_says_which_words_are_english(build: Build, complete: Complete) -> None:
    built = build(plugins="{search: {lang: de}}, keraviz", theme="theme: {name: material, font: false, language: de}\n")
    page = built.page("models/plain/index.html")
    assert page.html is not None
    assert page.html["lang"] == "de"
    assert [part.get("lang") for part in page.select("[data-kv=diagram], [data-kv=layers]")] == ["en", "en"]
    index = json.loads((built.site / "search/search_index.json").read_text(encoding="utf-8"))
    assert index["config"]["lang"] == ["de"]
    assert "models/plain/#layers" in {entry["location"] for entry in index["docs"]}
    complete(built.site)


def test_redirects_lead_to_our_pages(build: Build, complete: Complete) -> None:
    built = build(plugins="search, {redirects: {redirect_maps: {old.md: models/plain/index.md}}}, keraviz")
    assert 'href="../models/plain/"' in (built.site / "old/index.html").read_text(encoding="utf-8")
    complete(built.site)


def test_properdocs_builds_the_same_pages(build: Build, complete: Complete, tmp_path: Path) -> None:
    built = build()
    pages = {path.name: path.read_bytes() for path in built.site.glob("models/**/*.svg")}
    expected = {path.relative_to(built.site) for path in built.site.glob("models/**/*")}
    built = build(program="properdocs")
    assert {path.relative_to(built.site) for path in built.site.glob("models/**/*")} == expected
    assert {path.name: path.read_bytes() for path in built.site.glob("models/**/*.svg")} == pages
    assert built.navigation()[:3] == ["Home", "Our zoo", "Overview"]
    complete(built.site)


def test_mike_keeps_several_versions_of_a_zoo(
    project: Callable[..., Path],
    run: Callable[..., str],
    broken_links: Callable[[Path], list[str]],
    tmp_path: Path,
) -> None:
    settings = (
        "theme: {name: material, font: false}\nextra: {version: {provider: mike}}\nplugins: [search, keraviz, mike]\n"
    )
    project(settings, {".gitignore": "site/\n"})
    run("git", "init", "--quiet", "--initial-branch=main")
    run("git", "config", "user.email", "someone@example.org")
    run("git", "config", "user.name", "Someone")
    run("git", "add", ".")
    run("git", "commit", "--quiet", "--message=First")
    run("mike", "deploy", "--update-aliases", "1.0", "latest")
    manifest = tmp_path / "zoo.yml"
    manifest.write_text(
        manifest.read_text().replace("title: Plain", "title: Simple").replace("[{id: wide", "[{id: fat")
    )
    run("mike", "deploy", "--update-aliases", "2.0", "latest")
    archive = tmp_path / "published.tar"
    run("git", "archive", f"--output={archive}", "gh-pages")
    published = tmp_path / "published"
    published.mkdir()
    run("tar", "-xf", archive, "-C", published)
    assert {version["version"] for version in json.loads((published / "versions.json").read_text())} == {"1.0", "2.0"}
    assert broken_links(published) == []
    assert (published / "1.0/models/chain-wide/index.html").is_file()
    assert (published / "2.0/models/chain-fat/index.html").is_file()
    assert not (published / "2.0/models/chain-wide").exists()
    assert "Simple" in (published / "latest/models/plain/index.html").read_text(encoding="utf-8")
