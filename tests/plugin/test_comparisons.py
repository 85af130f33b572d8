"""Comparisons and changes as part of a site."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from mkdocs.exceptions import Abort

from tests.plugin.conftest import MANIFEST

Build = Callable[..., Path]
Check = Callable[[Path], list[str]]
EARLIER = """\
architecture: plain
format: 1
builder: tiny_zoo:plain
model: Functional plain
layers: 2
parameters: 46 (46 trainable)
weight bytes: 184

layers
  features: InputLayer batch_shape=[null,8] -> ?x8
  hidden: Dense activation=tanh units=4 -> ?x4; 36 parameters
  scores: Dense units=2 -> ?x2; 10 parameters

inputs
  features

outputs
  scores
"""


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def written(zoo: Path, name: str, changes: str) -> Path:
    """Write a manifest that compares, beside the zoo's own."""
    earlier = zoo.with_name("earlier")
    earlier.mkdir(exist_ok=True)
    (earlier / "plain.arch").write_text(EARLIER, encoding="utf-8")
    manifest = zoo.with_name(f"{name}.yml")
    manifest.write_text(f"{changes}\ncompare: [[plain, plain-wide], [loose, hostile]]\n{MANIFEST}")
    return manifest


@pytest.mark.parametrize("directory_urls", ["true", "false"])
def test_every_link_works_and_the_strict_build_has_no_warning(
    build: Build, zoo: Path, broken_links: Check, directory_urls: str
) -> None:
    manifest = written(zoo, "compared", "changes: {since: earlier}")
    site = build(f"use_directory_urls: {directory_urls}", manifest=manifest)
    assert broken_links(site) == []
    page = soup(site / "models/changes/index.html")
    assert "activation tanh → relu" in page.get_text()
    assert page.select_one(".kv-still svg") is not None
    chips = [chip.get_text(strip=True) for chip in soup(site / "models/plain/index.html").select("a.kv-chip")]
    assert chips[-2:] == ["Plain chain (wide)", "changed since earlier"]


def test_comparisons_and_changes_are_at_the_end_of_the_navigation(build: Build, zoo: Path) -> None:
    site = build(manifest=written(zoo, "compared", "changes: {since: earlier}"))
    labels = [
        " ".join(item.get_text().split()) for item in soup(site / "index.html").select(".md-nav--primary .md-ellipsis")
    ]
    assert labels[-4] == "Comparisons"
    assert labels[-3] == "Plain chain vs Plain chain (wide)"
    assert labels[-1] == "Changes"


def test_hostile_text_is_text_on_a_comparison(build: Build, zoo: Path) -> None:
    site = build(manifest=written(zoo, "compared", "changes: {since: earlier}"))
    page = soup(site / "models/comparisons/loose_vs_hostile/index.html")
    assert not page.select("i:not([class]), [onclick], [onerror], img[src=x]")
    assert not [script for script in page.select("script") if script.get_text().startswith("alert")]
    assert page.title is not None
    assert "<script>alert(1)</script>" in page.title.get_text()


def test_what_this_machine_lacks_is_told_and_ends_no_strict_build(
    build: Build, zoo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = build(manifest=written(zoo, "outside", "changes: {since: v1.2}"))
    assert "what changed since v1.2 is not known: this is built outside of a git repository" in caplog.text
    page = soup(site / "models/changes/index.html").get_text()
    assert "What changed since v1.2 is not known" in page
    assert "No architecture changed" not in page


def test_a_mistake_in_the_manifest_is_a_warning(build: Build, zoo: Path, caplog: pytest.LogCaptureFixture) -> None:
    zoo.with_name("nothing").mkdir(exist_ok=True)
    manifest = written(zoo, "mistaken", "changes: {since: nothing}")
    assert build(manifest=manifest, strict=False)
    with pytest.raises(Abort, match="1 warning"):
        build(manifest=manifest)
    assert "this directory has no snapshots (.arch)" in caplog.text
