"""`keraviz explain` and the page of error messages say the same."""

from __future__ import annotations

import re

import pytest

from docs.reference.generate import errors_page
from keraviz_docs.errors import Code
from keraviz_docs.errors.explanations import EXPLANATIONS
from tests.errors.conftest import run


@pytest.mark.parametrize("word", ["KV203", "kv203", "203", "[KV203]"])
def test_a_code_is_explained_however_it_is_copied(word: str) -> None:
    told = run("explain", word)
    assert told.status == 0
    assert told.out.startswith("KV203: The builder raised an exception\n")
    assert "    `nets:vae` raised ValueError: filters must be a multiple of 4 [KV203]\n" in told.out


def test_zeros_may_be_left_out() -> None:
    assert run("explain", "3") == run("explain", "KV003")


def test_several_codes_are_explained_one_after_the_other() -> None:
    told = run("explain", "KV108", "KV103")
    assert re.findall(r"^KV\d{3}", told.out, flags=re.MULTILINE) == ["KV108", "KV103"]


def test_without_a_code_all_are_listed() -> None:
    listed = run("explain").out
    assert re.findall(r"^  (KV\d{3})  (.+)$", listed, flags=re.MULTILINE) == [(each.value, each.title) for each in Code]


def test_a_code_that_is_none() -> None:
    told = run("explain", "KV999")
    assert told.status == 2
    assert "'KV999' is no code: `keraviz explain` lists them all" in told.err


@pytest.mark.parametrize("columns", [80, 40])
def test_prose_fits_the_terminal_and_code_is_left_as_it_is(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    told = run("explain", *(code.value for code in Code)).out
    prose = [line for line in told.splitlines() if not line.startswith(("    ", "KV", "="))]
    assert max(len(line) for line in prose if " " in line) <= columns
    assert "\n        inputs: {shape: [28, 28, 1]}\n" in told


def test_the_terminal_shows_no_markup_of_links_and_blocks() -> None:
    told = run("explain", *(code.value for code in Code)).out
    assert "](" not in told
    assert "```" not in told


def test_the_page_has_a_section_for_every_code_under_its_anchor() -> None:
    page = errors_page()
    assert re.findall(r"^### (KV\d{3}): .* \{ #(kv\d{3}) \}$", page, flags=re.MULTILINE) == [
        (code.value, code.value.lower()) for code in Code
    ]
    assert all(explanation.remedy in page for explanation in EXPLANATIONS.values())
