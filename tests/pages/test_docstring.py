from __future__ import annotations

import pytest

from keraviz_docs.pages.docstring import Block, Docstring, Item, parse


def test_the_first_paragraph_is_the_summary_and_the_rest_the_description() -> None:
    parsed = parse("A summary\n    over two lines.\n\n    More\n    of it.\n\n    And more.\n    ")
    assert parsed.summary == "A summary over two lines."
    assert parsed.description == (Block("More of it."), Block("And more."))


@pytest.mark.parametrize("nothing", [None, "", "   \n  "])
def test_without_a_docstring_there_is_nothing(nothing: str | None) -> None:
    assert parse(nothing) == Docstring()


def test_google_sections_become_items() -> None:
    parsed = parse(
        """Build it.

        Args:
            width (int): how wide,
                over two lines.
            *blocks: how many: a tuple.

        Returns:
            A model.
        """
    )
    arguments, returns = parsed.sections
    assert arguments.title == "Args"
    assert arguments.items == (
        Item("width (int)", "how wide, over two lines."),
        Item("*blocks", "how many: a tuple."),
    )
    assert (returns.title, returns.blocks) == ("Returns", (Block("A model."),))


def test_examples_and_lists_keep_their_lines() -> None:
    parsed = parse("Build it.\n\n- one\n- two\n\nExample:\n    >>> build()\n    <Model>\n")
    assert parsed.description == (Block("- one\n- two", verbatim=True),)
    assert parsed.sections[0].blocks == (Block(">>> build()\n<Model>", verbatim=True),)


def test_a_fence_is_kept_as_it_is_with_blank_lines() -> None:
    parsed = parse("Build it.\n\n```python\nx = 1\n\ny = 2\n```\n\nAfter.")
    assert parsed.description == (Block("x = 1\n\ny = 2", verbatim=True), Block("After."))


def test_a_colon_at_the_end_of_a_line_makes_no_section_without_indented_text() -> None:
    parsed = parse("Build it.\n\nSee Also:\nthe other one.\n")
    assert parsed.sections == ()
    assert parsed.description == (Block("See Also: the other one."),)


def test_text_at_the_margin_after_a_section_is_not_lost() -> None:
    parsed = parse("Build it.\n\nArgs:\n    x: the x.\n\nA last word.\n")
    assert parsed.sections[0].items == (Item("x", "the x."),)
    assert parsed.sections[1].blocks == (Block("A last word."),)
