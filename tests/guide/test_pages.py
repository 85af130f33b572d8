"""Every command, file and snippet of the documentation does what its page says."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from mkdocs.config.base import load_config

from keraviz_docs.manifest import loads
from tests.guide.walking import INSTALLING, ROOT, blocks_of, commands_of, run, walk

pytestmark = pytest.mark.slow

WALKED: dict[str, dict[str, int]] = {
    "README.md": {"keraviz diff main": 1},
    "docs/explanation/figures.md": {},
    "docs/guide/first-site.md": {"keraviz diff main": 1},
    "docs/guide/draw.md": {},
    "docs/guide/huge-models.md": {},
    "docs/guide/notebooks.md": {},
    "docs/guide/review.md": {
        "keraviz diff v1.0 v2.0 --format html -o changes.html": 1,
        "keraviz diff keras.applications:VGG16 keras.applications:VGG19": 1,
    },
    "docs/reference/comparison.md": {
        "keraviz diff keras.applications:VGG16 keras.applications:VGG19 --format json -o comparison.json": 1
    },
}
"""Pages that are followed from top to bottom, and the commands that tell of a change by their exit status."""

ELSEWHERE = {
    "docs/guide/big-zoos.md": "tests/guide/test_big_zoos.py",
    "docs/guide/other-generators.md": "tests/compatibility/test_generators.py",
    "docs/guide/other-plugins.md": "tests/compatibility/test_navigation.py",
    "docs/guide/publish.md": "tests/github",
    "docs/guide/pull-requests.md": "tests/github",
}
"""Pages whose code is run by tests of their own."""

PAGES = ["README.md", *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md")))]
HERE = [page for page in PAGES if page not in ELSEWHERE]
MANIFESTS = [
    (page, block.text)
    for page in HERE
    for block in blocks_of(page)
    if block.language == "yaml" and block.title is None and re.search("^models:", block.text, re.M)
]

NAMED = ("resnet50", "resnet101", "mobilenet", "mobilenet-wide")
"""Models of the manifests that some settings belong to."""


@pytest.mark.parametrize("document", WALKED)
def test_following_a_page_leads_where_it_says(document: str, zoo: Path, history: Callable[[Path], None]) -> None:
    if document == "docs/guide/first-site.md":  # it begins with nothing but a package
        for given in zoo.iterdir():
            if given.name != "our_package":
                given.unlink() if given.is_file() else shutil.rmtree(given)
    elif any(
        "diff main" in command or "v1.0" in command for block in blocks_of(document) for command in commands_of(block)
    ):
        history(zoo)
    printed = walk(document, zoo, WALKED[document])
    assert printed
    for block in blocks_of(document):
        if block.language == "text" and block.title is None:
            assert any(block.text.strip() in said for said in printed.values()), block.text


@pytest.mark.parametrize(("document", "text"), MANIFESTS, ids=[document for document, _ in MANIFESTS])
def test_a_manifest_of_a_page_is_read_without_a_failure(document: str, text: str, zoo: Path) -> None:
    (zoo / "zoo.yml").write_text(text)
    run("keraviz extract zoo.yml -o out", zoo, 0)
    assert len(list((zoo / "out").iterdir())) == len(loads(text, zoo / "zoo.yml").entries)


@pytest.mark.parametrize("document", HERE)
def test_other_settings_of_a_page_are_what_manifest_and_mkdocs_know(document: str, zoo: Path) -> None:
    for block in blocks_of(document):
        if block.language != "yaml" or block.title is not None or (document, block.text) in MANIFESTS:
            continue
        settings = yaml.safe_load(block.text)
        if isinstance(settings, list):
            continue  # steps of a workflow
        if {"nav", "plugins"} & settings.keys():
            (zoo / "mkdocs.yml").write_text(f"site_name: Zoo\n{block.text}")
            load_config(str(zoo / "mkdocs.yml"))
        else:
            models = [{"id": name, "builder": "our_zoo:unet"} for name in ("one", *NAMED)]
            loads(block.text + yaml.safe_dump({"models": models}), zoo / "zoo.yml")


def test_what_the_first_page_shows_is_what_the_readme_shows() -> None:
    commands = {
        page: [c for block in blocks_of(page) for c in commands_of(block)] for page in ("docs/index.md", "README.md")
    }
    told = {command.partition("   #")[0] for command in commands["README.md"]}
    assert set(commands["docs/index.md"]) <= told


def test_the_snapshot_that_the_reference_explains_is_a_real_one(tmp_path: Path) -> None:
    (shown,) = (block.text for block in blocks_of("docs/reference/snapshots.md") if block.language == "text")
    builder = next(block.text for block in blocks_of("docs/guide/notebooks.md") if block.language == "python")
    (tmp_path / "our_zoo.py").write_text(builder)
    (tmp_path / "zoo.yml").write_text("models:\n  - builder: our_zoo:classifier\n")
    run("keraviz snapshot", tmp_path, 0)
    written = (tmp_path / "architectures" / "classifier.arch").read_text()
    assert written.partition("\n")[2].startswith(shown)


@pytest.mark.parametrize("document", PAGES)
def test_no_code_of_a_page_is_left_out(document: str) -> None:
    if document in ELSEWHERE:
        tests = ROOT / ELSEWHERE[document]
        files = [tests] if tests.is_file() else sorted(tests.rglob("*.py"))
        assert any(Path(document).stem in file.read_text("utf-8") for file in files)
        return
    for block in blocks_of(document):
        commands = [command for command in commands_of(block) if not INSTALLING.match(command)]
        if (commands or block.language == "python") and document != "docs/index.md":
            assert document in WALKED, block.text
