from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from mkdocs.exceptions import Abort

from mkdocs_plugin.plugin import KeravizPlugin

Build = Callable[..., Path]
Check = Callable[[Path], list[str]]
TITLE = '</title><script>alert(1)</script> & {{ 7*7 }} "q" | *x*'


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def navigation(page: Path) -> list[tuple[int, str]]:
    """Return the titles of a Material navigation with their depth."""
    found = []
    for item in soup(page).select(".md-nav--primary li.md-nav__item"):
        label = item.select_one(".md-nav__link .md-ellipsis, label .md-ellipsis")
        if label:
            depth = len([parent for parent in item.parents if parent.name == "li"])
            found.append((depth, " ".join(label.get_text().split())))
    return found


@pytest.mark.parametrize("directory_urls", ["true", "false"])
def test_every_link_works(build: Build, broken_links: Check, directory_urls: str) -> None:
    site = build(f"use_directory_urls: {directory_urls}")
    assert broken_links(site) == []
    assert (site / "models/plain/index.html").is_file()
    assert (site / "models/plain/plain-tb.svg").is_file()


def test_a_page_is_complete_without_scripts(build: Build) -> None:
    page = soup(build() / "models/plain/index.html")
    assert page.select_one(".kv-figures") is not None
    assert page.select_one(".kv-stage svg#plain-tb") is not None
    assert [row["id"] for row in page.select(".kv-layers tbody tr[id]")] == ["layer-1", "layer-2", "layer-3"]
    assert page.select_one(".kv-snippet") is not None
    assert not page.select("[data-keraviz]")
    assert [heading.get_text().removesuffix("¶") for heading in page.select("h1, h2")] == [
        "Plain chain", "Diagram", "Layers", "Code",
    ]  # fmt: skip


def test_style_and_script_are_there_and_a_sites_own_style_comes_after(build: Build) -> None:
    page = soup(build("extra_css: [own.css]", pages={"index.md": "# Home", "own.css": ""}) / "models/plain/index.html")
    styles = [str(link["href"]) for link in page.select("link[rel=stylesheet]")]
    assert styles[-2:] == ["../keraviz.css", "../../own.css"]
    assert "../keraviz.js" in [str(script.get("src")) for script in page.select("script")]


# Navigation


def test_without_a_nav_the_models_come_after_the_other_pages(build: Build) -> None:
    site = build(pages={"index.md": "# Home", "guide/one.md": "# One"})
    assert navigation(site / "index.html") == [
        (0, "Home"),
        (0, "Guide"),
        (1, "One"),
        (0, "The zoo"),
        (1, "Overview"),
        (1, "Loose"),
        (1, "Chains"),
        (2, "Plain chain"),
        (2, "Plain chain (wide)"),
        (1, "<i>Evil</i> | {{ 7*7 }}"),
        (2, TITLE),
    ]


def test_a_nav_places_the_models_by_their_path(build: Build) -> None:
    site = build(
        """
        nav:
          - Zoo: models/
          - index.md
        """
    )
    assert [entry for entry in navigation(site / "index.html") if entry[0] < 2][:2] == [(0, "Zoo"), (1, "Overview")]
    assert navigation(site / "index.html")[-1] == (0, "Home")


def test_a_nav_can_place_them_deep_down_and_without_a_title(build: Build) -> None:
    site = build("nav: [index.md, {More: [models/]}]")
    assert navigation(site / "index.html")[:4] == [(0, "Home"), (0, "More"), (1, "The zoo"), (2, "Overview")]


def test_a_nav_that_does_not_mention_the_models_gets_them_at_its_end(build: Build) -> None:
    assert (0, "The zoo") in navigation(build("nav: [index.md]") / "index.html")


def test_a_nav_that_lists_models_itself_stays_as_it_is(build: Build) -> None:
    site = build("nav: [index.md, models/plain/index.md, models/index.md]")
    assert navigation(site / "index.html") == [(0, "Home"), (0, "Plain chain"), (0, "The zoo")]


def test_pages_that_are_not_in_nav_stay_out_of_it(build: Build) -> None:
    site = build("not_in_nav: hidden.md", pages={"index.md": "# Home", "hidden.md": "# Hidden"})
    assert "Hidden" not in {title for _, title in navigation(site / "index.html")}


def test_the_path_can_be_chosen(build: Build, broken_links: Check) -> None:
    site = build("nav: [index.md, {Zoo: reference/zoo/}]", options="path: reference/zoo")
    assert (site / "reference/zoo/plain/index.html").is_file()
    assert broken_links(site) == []
    assert (0, "Zoo") in navigation(site / "index.html")


# Links, search and other plugins


def test_links_to_layers_are_checked_by_mkdocs(build: Build) -> None:
    settings = "validation: {anchors: warn}"
    good = {"index.md": "[hidden](models/plain/index.md#layer-2) [top](models/plain/index.md#layers)"}
    assert build(settings, pages=good)
    with pytest.raises(Abort):
        build(settings, pages={"index.md": "[no](models/plain/index.md#layer-99)"})


def test_the_search_index_has_headings_and_summary_but_no_table(build: Build) -> None:
    index = json.loads((build() / "search/search_index.json").read_text())
    texts = {entry["location"]: entry["title"] + " " + entry["text"] for entry in index["docs"]}
    assert "A plain &lt;em&gt;chain&lt;/em&gt; of {{ 7 * 7 }} &amp; *two* layers." in texts["models/plain/"]
    assert sum(len(text) for location, text in texts.items() if location.startswith("models/plain")) < 300


def test_tags_reach_materials_tags_plugin(build: Build) -> None:
    page = soup(build(plugins="tags,") / "models/hostile/index.html")
    assert [tag.get_text(strip=True) for tag in page.select(".md-tags .md-tag")] == ["<script>alert(2)</script>"]


@pytest.mark.parametrize("theme", ["{name: mkdocs}", "{name: readthedocs}", "{name: material, font: false}"])
def test_hostile_text_is_text_in_every_theme(build: Build, broken_links: Check, theme: str) -> None:
    site = build(theme=theme)
    for path in [site / "models/hostile/index.html", site / "models/index.html", site / "index.html"]:
        page = soup(path)
        assert not page.select("i:not([class]), [onclick], [onerror], img[src=x]")
        assert not [script for script in page.select("script") if script.get_text().startswith("alert")]
        assert not page.select("[href^='javascript:alert']")
    page = soup(site / "models/hostile/index.html")
    assert page.title is not None
    assert page.title.get_text().startswith(TITLE)
    heading = page.select_one("h1[id]")
    assert heading is not None
    assert heading.get_text().removesuffix("¶") == TITLE
    assert "{{ 7*7 }}" in page.select_one(".kv-layers").get_text()  # type: ignore[union-attr]  # it fails if missing
    assert broken_links(site) == []


# Mistakes


def test_a_broken_model_warns_and_has_a_page_and_the_others_are_built(
    build: Build, zoo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = zoo.with_name("broken.yml")
    manifest.write_text('models: [{id: fine, builder: "tiny_zoo:plain"}, {id: gone, builder: "tiny_zoo:missing"}]\n')
    site = build(manifest=manifest, strict=False)
    assert "gone (tiny_zoo:missing) could not be read" in caplog.text
    assert (site / "models/fine/index.html").is_file()
    assert "This model could not be read" in soup(site / "models/gone/index.html").get_text()
    with pytest.raises(Abort, match="1 warning"):
        build(manifest=manifest, strict=True)
    with pytest.raises(Abort):
        build(manifest=manifest, strict=False, options="on_error: fail")
    assert "`on_error` is `fail`" in caplog.text


def test_the_manifest_says_whether_a_broken_model_fails_the_build(
    build: Build, zoo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = zoo.with_name("strict.yml")
    manifest.write_text('on_error: fail\nmodels: [{id: gone, builder: "tiny_zoo:missing"}]\n')
    with pytest.raises(Abort):
        build(manifest=manifest, strict=False)
    assert "`on_error` is `fail`" in caplog.text
    site = build(manifest=manifest, strict=False, options="on_error: warn")
    assert (site / "models/gone/index.html").is_file()


def test_the_first_model_of_a_section_is_listed_like_the_others(build: Build) -> None:
    theme = "{name: material, font: false, features: [navigation.indexes, navigation.sections]}"
    site = build(theme=theme)
    listed = [link.get_text(strip=True) for link in soup(site / "index.html").select(".md-nav--primary a.md-nav__link")]
    assert {"Plain chain", "Plain chain (wide)", "Loose"} <= set(listed)


def test_mistakes_in_the_manifest_are_told_with_their_place(
    build: Build, zoo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = zoo.with_name("wrong.yml")
    manifest.write_text('models:\n  - {id: a, biulder: "tiny_zoo:plain"}\n')
    with pytest.raises(Abort):
        build(manifest=manifest)
    assert re.search(r"wrong\.yml:2:\d+: .*biulder", caplog.text)
    assert "Traceback" not in caplog.text


def test_several_mistakes_stand_below_one_another(build: Build, zoo: Path, caplog: pytest.LogCaptureFixture) -> None:
    manifest = zoo.with_name("wrong.yml")
    manifest.write_text('models:\n  - {id: a, biulder: "tiny_zoo:plain"}\n  - {id: B, file: 3}\n')
    with pytest.raises(Abort):
        build(manifest=manifest)
    (error,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    head, *mistakes, more = error.splitlines()
    assert head == "keraviz: there are 3 mistakes in the manifest:"
    assert [re.search(r"wrong\.yml:\d+:\d+: ", line) is not None for line in mistakes] == [True] * 3
    assert all(line.startswith("  ") for line in [*mistakes, more])


def test_a_missing_manifest_is_told(build: Build, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Abort):
        build(manifest=tmp_path / "nowhere.yml")
    assert "nowhere.yml" in caplog.text


@pytest.mark.parametrize("path", ["/", "../up", "a/../../b"])
def test_a_path_outside_the_site_is_refused(build: Build, path: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Abort):
        build(options=f'path: "{path}"')
    assert "must be a directory of the site" in caplog.text


def test_options_are_checked() -> None:
    errors, warnings = KeravizPlugin().load_config({"on_error": "panic", "manifets": "zoo.yml"})
    assert [name for name, _ in errors] == ["on_error"]
    assert [name for name, _ in warnings] == ["manifets"]


def test_disabled_it_does_nothing(build: Build) -> None:
    site = build(options="enabled: false")
    assert not (site / "models").exists()
    assert "keraviz" not in (site / "index.html").read_text()


def test_two_builds_give_the_same_bytes(build: Build) -> None:
    def contents(site: Path) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in (site / "models").rglob("*") if path.is_file()}

    first = contents(build())
    assert contents(build()) == first


def test_two_zoos_fit_in_one_site(build: Build, zoo: Path, broken_links: Check) -> None:
    other = zoo.with_name("other.yml")
    other.write_text('title: Other zoo\nmodels: [{id: plain, builder: "tiny_zoo:plain"}]\n')
    site = build(plugins=f"{{keraviz: {{manifest: {other}, path: others}}}},")
    assert (site / "others/plain/index.html").is_file()
    assert (site / "models/plain/index.html").is_file()
    assert broken_links(site) == []
    assert {"The zoo", "Other zoo"} <= {title for depth, title in navigation(site / "index.html") if depth == 0}


def test_a_page_in_the_docs_directory_wins_and_can_place_our_parts(build: Build) -> None:
    own = {"index.md": "# Home", "models/index.md": '# Ours\n\n<div data-keraviz="comparison"></div>\n'}
    page = soup(build(pages=own) / "models/index.html")
    assert [heading.get_text().removesuffix("¶") for heading in page.select("h1")] == ["Ours"]
    assert len(page.select(".kv-comparison tbody tr")) == 4
