"""The comment says what a review found; no name in it becomes anything but text, and it fits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from keraviz_docs.github import artifact
from keraviz_docs.github.artifact import COMPARISON, Review
from keraviz_docs.github.comment import MARKER, Run, comment, says_something
from keraviz_docs.review.comparison import to_json
from keraviz_docs.review.reports.markdown import LIMIT
from tests.github.reviews import CHANGED, HOSTILE, REVIEW, UNCHANGED, archive, named

ADDRESS = "https://github.com/octo/zoo/actions/runs/42"
RUN = Run(address=ADDRESS, commit="0123456789abcdef0123456789abcdef01234567")
MARKUP = {MARKER, "<details>", "</details>", "<summary>", "</summary>"}
GITHUB = MarkdownIt("gfm-like", {"html": True})


def tokens(text: str) -> Iterator[Token]:
    for token in GITHUB.parse(text):
        yield from (token, *(token.children or ()))


def outside_code(text: str) -> list[str]:
    """What GitHub may read as a mention, a reference, an emoji or a formula: everything that is no code."""
    return [token.content for token in tokens(text) if token.type in ("text", "html_block", "html_inline")]


def skeleton(text: str) -> list[tuple[str, str]]:
    """The structure of a text: its markup, without what stands in code."""
    kept = {"text", "html_block", "html_inline"}
    return [(token.type, token.content if token.type in kept else "") for token in tokens(text)]


def links(text: str) -> list[object]:
    return [token.attrs.get("href") for token in tokens(text) if token.type == "link_open"]


def length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def run_that(*, failed: bool = False, approved_by: str | None = None) -> Run:
    return Run(address=RUN.address, commit=RUN.commit, failed=failed, approved_by=approved_by)


def test_a_comment_says_what_changed_where_from_and_whether_it_failed() -> None:
    text = comment(REVIEW, run_that(failed=True))
    assert text.startswith(f"{MARKER}\n## Architecture review\n\n`toy` → `toy`: 4 changed, 0 unchanged.\n")
    assert text.endswith(f"\n**The check failed.** As of `0123456789`, by [this run]({ADDRESS}).\n")
    assert "existing weights do not load" in text


def test_an_approval_is_told() -> None:
    text = comment(REVIEW, run_that(approved_by="architecture-change-approved"))
    assert "Changes of architecture are approved by the label `architecture-change-approved`. As of" in text


def test_no_change_is_told_in_a_sentence_and_needs_no_comment() -> None:
    assert "no architecture changed (1 model compared)" in comment(Review(comparison=UNCHANGED), RUN)
    assert not says_something(Review(comparison=UNCHANGED))
    assert says_something(REVIEW)


@pytest.mark.parametrize(
    ("review", "sentence"),
    [
        (None, "The report of this run cannot be read, so **nothing is known** about the architectures."),
        (
            Review(error="zoo.yml:3:1: unknown key\n"),
            "The architectures **could not be compared**, so nothing is known",
        ),
        (Review(comparison=msgspec.structs.replace(UNCHANGED, models=())), "**could not be compared**"),
        (Review(comparison=UNCHANGED, error="it broke"), "**could not be compared**"),
    ],
)
def test_what_is_not_known_is_never_no_change(review: Review | None, sentence: str) -> None:
    text = comment(review, RUN)
    assert sentence in text
    assert "no architecture changed" not in text
    assert says_something(review)


def test_an_error_is_quoted() -> None:
    assert "```diff\nzoo.yml:3:1: unknown key\n```\n" in comment(Review(error="zoo.yml:3:1: unknown key\n"), RUN)


@pytest.mark.parametrize("review", [Review(comparison=named(HOSTILE)), Review(error=HOSTILE)])
def test_nothing_hostile_becomes_markup(review: Review) -> None:
    text = comment(review, RUN)
    assert set(links(text)) == {ADDRESS}
    assert {token.type for token in tokens(text)}.isdisjoint({"image", "hr", "blockquote_open", "list_item_open"})
    assert set(re.findall("<[^>]*>", "".join(outside_code(text)))) <= MARKUP
    for word in ("octo", "evil", "alert", "#1", "@", "tada", "$"):
        assert word not in "".join(outside_code(text)).replace(ADDRESS, "")
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\U000e0000-\U000e007f]", text) is None


TRICKY = st.text(
    st.one_of(st.sampled_from("`~|<>[]()!@#*_\\&:-+=$ \n\r\t\x00.^/"), st.characters(exclude_categories=["Cs"])),
    max_size=40,
) | st.lists(st.sampled_from(HOSTILE.split()), max_size=6).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(TRICKY)
def test_the_structure_of_a_comment_does_not_depend_on_names(name: str) -> None:
    assert skeleton(comment(Review(comparison=named(name)), RUN)) == skeleton(comment(REVIEW, RUN))


@settings(max_examples=200, deadline=None)
@given(st.lists(TRICKY, min_size=1, max_size=5).map("\n".join))
def test_the_structure_of_a_comment_does_not_depend_on_errors(error: str) -> None:
    told = comment(Review(error=error), RUN)
    assert skeleton(told) == skeleton(comment(Review(error="x"), RUN))


@pytest.mark.parametrize("name", ["x" * 2_000_000, "`" * 500_000, "\x00" * 500_000, "🦊" * 100_000, HOSTILE * 500])
def test_a_comment_fits_whatever_it_is_about(name: str) -> None:
    for review in (Review(comparison=named(name)), Review(error=f"{name}\n" * 3)):
        text = comment(review, RUN)
        assert length(text) <= LIMIT
        assert text.endswith(f"by [this run]({ADDRESS}).\n")


def test_a_comment_on_many_models_fits_and_points_to_the_rest() -> None:
    many = msgspec.structs.replace(CHANGED, models=CHANGED.models * 2_000)
    text = comment(Review(comparison=many), RUN)
    assert length(text) <= LIMIT
    assert f"The [full report]({ADDRESS}) has everything." in text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TRICKY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TRICKY, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_stands_anywhere_in_a_comparison_does_no_harm(data: st.DataObject) -> None:
    document = json.loads(to_json(CHANGED))
    for _ in range(data.draw(st.integers(1, 3))):
        place = document
        while True:
            key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if not place[key] or not isinstance(place[key], dict | list) or data.draw(st.booleans()):
                break
            place = place[key]
        place[key] = data.draw(JSON)
    try:
        review = artifact.read(archive({COMPARISON: json.dumps(document)}))
    except artifact.SuspiciousError:
        review = None
    text = comment(review, RUN)
    assert set(links(text)) == {ADDRESS}
    assert {each for part in outside_code(text) for each in re.findall("<[^>]*>", part)} <= MARKUP
    assert not any("@" in part or "evil" in part for part in outside_code(text))
    assert length(text) <= LIMIT
