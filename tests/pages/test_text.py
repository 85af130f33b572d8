"""Whatever a text contains, it is shown as that text."""

from __future__ import annotations

import html
from typing import Any

import markdown  # type: ignore[import-untyped]  # Python-Markdown has no type hints
import pytest
import yaml
from bs4 import BeautifulSoup
from hypothesis import example, given
from hypothesis import strategies as st

from keraviz_docs.pages import text
from keraviz_docs.pages.page import front_matter

ANYTHING = st.text(
    st.one_of(
        st.characters(), st.sampled_from("<>&\"'`*_{}[]()|\\#:!-+~^=$%@;/.\n\r\t\u202e\u2066\u2069\x00\x07\ufeff")
    )
)
HOSTILE = [
    "</title><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{{ config }}{% raw %}",
    "| a | b |\n|---|---|",
    "*a* __b__ `c` [d](javascript:alert(1)) ![e](f)",
    '--8<-- "secret.txt"',
    "a\n\n# not a heading\n\n    not code",
    "&lt;b&gt; &amp; &#42;",
    "<!-- comment",
    "\u202eright to left",
    "1. one",
    "- item",
    "> quote",
    "``` python",
    ":smile: (c) ==mark== ~~gone~~ H~2~O ++x++ [^1] *[HTML]: y",
    "{: #id .class }",
    "\\*escaped\\*",
    "x" * 10_000,
    "wzxhzdk:0",
    "\x02wzxhzdk:0\x03",
]
EXTENSIONS: list[str] = [
    "toc", "tables", "fenced_code", "attr_list", "md_in_html", "def_list", "footnotes", "abbr", "smarty", "admonition",
    "pymdownx.superfences", "pymdownx.snippets", "pymdownx.tilde", "pymdownx.caret", "pymdownx.mark", "pymdownx.critic",
    "pymdownx.smartsymbols", "pymdownx.magiclink", "pymdownx.keys", "pymdownx.tasklist", "pymdownx.inlinehilite",
    "pymdownx.arithmatex", "pymdownx.betterem", "pymdownx.blocks.html",
]  # fmt: skip


def examples(test: Any) -> Any:
    for hostile in HOSTILE:
        test = example(hostile)(test)
    return test


@pytest.mark.parametrize("extensions", [["toc", "tables", "fenced_code"], EXTENSIONS], ids=["default", "many"])
def test_a_heading_shows_its_text_whatever_markdown_extensions_a_site_uses(extensions: list[str]) -> None:
    parser = markdown.Markdown(extensions=extensions)

    @examples
    @given(ANYTHING)
    def check(title: str) -> None:
        parser.reset()
        soup = BeautifulSoup(parser.convert(f"# a{text.as_markdown(title)}\n\nnext"), "html.parser")
        assert [child.name for child in soup.find_all(recursive=False)] == ["h1", "p"]
        assert soup.h1 is not None
        assert soup.h1.find() is None
        assert soup.h1.get_text() == "a" + text.one_line(title)

    check()


@pytest.mark.parametrize("extensions", [["toc", "tables", "fenced_code"], EXTENSIONS], ids=["default", "many"])
def test_a_summary_shows_its_text_whatever_markdown_extensions_a_site_uses(extensions: list[str]) -> None:
    parser = markdown.Markdown(extensions=extensions)

    @examples
    @given(ANYTHING)
    def check(summary: str) -> None:
        parser.reset()
        source = f'# a\n\n<p class="kv-summary">{text.as_markdown(summary)}</p>\n\nnext'
        soup = BeautifulSoup(parser.convert(source), "html.parser")
        paragraph = soup.select_one("p.kv-summary")
        assert paragraph is not None
        assert paragraph.find() is None
        assert paragraph.get_text() == text.one_line(summary)
        assert len(soup.find_all(recursive=False)) == 3

    check()


@examples
@given(ANYTHING)
def test_a_title_survives_front_matter_and_is_safe_in_html(title: str) -> None:
    header = front_matter(title=text.as_title(title), tags=[text.as_title(title)])
    loaded = yaml.safe_load(header.split("---\n")[1]) or {}
    read = loaded.get("title", "")
    assert html.unescape(read) == text.one_line(title, text.TITLE_LIMIT)
    assert not set(read) & set("<>\"'")


@examples
@given(ANYTHING)
def test_prose_adds_code_and_links_and_changes_no_text(paragraph: str) -> None:
    soup = BeautifulSoup(text.prose(paragraph), "html.parser")
    assert {tag.name for tag in soup.find_all()} <= {"code", "a"}
    assert soup.get_text().replace("`", "") == text.one_line(paragraph).replace("`", "")


@examples
@given(ANYTHING)
def test_preformatted_text_keeps_its_lines_and_is_one_line_of_html(code: str) -> None:
    shown = str(text.preformatted(code))
    assert "\n" not in shown
    assert html.unescape(shown) == text.showable(code.replace("\r\n", "\n"))


@given(ANYTHING)
def test_one_line_is_one_line_that_xml_can_hold(anything: str) -> None:
    line = text.one_line(anything)
    assert len(line.splitlines()) <= 1
    line.encode("utf-8")


def test_bidirectional_formatting_cannot_leave_its_text() -> None:
    assert text.one_line("a\u202eb") == "\u2068a\u202eb\u2069"
    assert text.one_line("a\u2067b") == "\u2068a\u2067b\u2069\u2069"
    assert text.one_line("plain") == "plain"


@given(ANYTHING)
def test_one_line_changes_nothing_the_second_time(anything: str) -> None:
    assert text.one_line(text.one_line(anything)) == text.one_line(anything)


def test_a_long_title_is_cut_with_an_ellipsis() -> None:
    assert text.one_line("x" * 10_000, 160) == "x" * 159 + "…"


@pytest.mark.parametrize(
    "address", ["https://arxiv.org/abs/1512.03385", "http://example.org", "https://example.org/a?b=c&d#e"]
)
def test_a_web_address_is_linked(address: str) -> None:
    assert text.web_address(address) == address


@pytest.mark.parametrize(
    "reference",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "//example.org/x",
        "/etc/passwd",
        "file:///etc/passwd",
        "https:",
        "https:///path",
        "https://exa mple.org",
        "https://[broken",
        "He et al., 2015",
        "",
    ],
)
def test_no_other_reference_is_linked(reference: str) -> None:
    assert text.web_address(reference) is None
