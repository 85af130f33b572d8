from __future__ import annotations

from collections.abc import Callable

import msgspec
from bs4 import BeautifulSoup

from keraviz_docs.architecture import Architecture
from keraviz_docs.outcome import Failure
from keraviz_docs.pages.index_page import index_page, sections
from keraviz_docs.pages.model_page import Documented

Make = Callable[..., Documented]


def test_sections_come_in_the_order_of_the_manifest_and_models_without_one_first(documented: Make) -> None:
    zoo = [
        documented(id="a", section="Vision"),
        documented(id="b"),
        documented(id="c", section="Text"),
        documented(id="d", section="Vision"),
    ]
    assert [(name, [model.id for model in models]) for name, models in sections(zoo)] == [
        ("", ["b"]),
        ("Vision", ["a", "d"]),
        ("Text", ["c"]),
    ]


def test_the_index_has_a_card_for_each_model_and_a_table_that_compares_them(documented: Make) -> None:
    zoo = [documented(id="a", section="Vision", title="First"), documented(id="b", section="Text", title="Second")]
    page = index_page("My zoo", zoo)
    assert [line for line in page.markdown.splitlines() if line.startswith("#")] == [
        "# My zoo",
        "## Vision",
        "## Text",
        "## Comparison",
    ]
    card = BeautifulSoup(page.parts["cards-0"], "html.parser").select_one(".kv-card")
    assert card is not None
    assert card.a is not None
    assert card.a["href"] == "a/index.html"
    assert " ".join(card.get_text(" ").split()) == (
        "? First Two towers that share an encoder. 72 parameters 3 layers 144 MACs"
    )
    rows = BeautifulSoup(page.parts["comparison"], "html.parser").select("tbody tr")
    assert [cell.get_text(" ", strip=True) for cell in rows[1].select("th, td")] == [
        "Second", "Text", "72", "144", "288 B", "3", "3", "(None, 8) (None, 8)",
    ]  # fmt: skip


def test_links_end_in_a_slash_where_the_site_uses_directory_urls(documented: Make) -> None:
    page = index_page("My zoo", [documented(id="a"), documented(id="b")], directory_urls=True)
    links = BeautifulSoup("".join(page.parts.values()), "html.parser").select("a")
    assert {str(link["href"]) for link in links} == {"a/", "b/"}


def test_a_model_that_could_not_be_read_has_a_card_that_says_so(documented: Make) -> None:
    failure = Failure(id="b", target="zoo:b", kind="exception", message="It raised.")
    zoo = [documented(id="a"), Documented(documented(id="b").entry, failure)]
    page = index_page("My zoo", zoo)
    assert "1 could not be read" in page.markdown
    failed = BeautifulSoup(page.parts["cards-0"], "html.parser").select_one(".kv-card-failed")
    assert failed is not None
    assert "It raised." in failed.get_text()


def test_section_titles_are_text(documented: Make) -> None:
    page = index_page("<b>Zoo</b>", [documented(section="*Vision* <script>")])
    assert "<b>" not in page.markdown
    assert "<script>" not in page.markdown
    assert page.title == "&lt;b&gt;Zoo&lt;/b&gt;"


def test_three_models_are_compared_in_a_chart_as_well(documented: Make) -> None:
    zoo = [
        documented(id=name, title=name.upper(), section=section) for name, section in (("a", "Vision"), ("b", "Text"))
    ]
    assert "chart" not in index_page("My zoo", zoo).parts
    page = index_page("My zoo", [*zoo, documented(id="c", section="Text")], directory_urls=True)
    chart = BeautifulSoup(page.parts["chart"], "html.parser")
    assert [link["xlink:href"] for link in chart.select(".kv-point a")] == ["a/", "b/", "c/"]
    assert [entry.get_text(strip=True) for entry in chart.select(".kv-kinds li")] == ["Vision", "Text"]
    assert page.markdown.index('data-keraviz="chart"') < page.markdown.index('data-keraviz="comparison"')


def test_a_model_whose_macs_are_not_all_known_is_counted_below_the_chart(
    documented: Make, siamese: Architecture
) -> None:
    totals = msgspec.structs.replace(siamese.totals, macs_unknown=("score",))
    unknown = documented(msgspec.structs.replace(siamese, totals=totals), id="d")
    page = index_page("My zoo", [*(documented(id=name) for name in "abc"), unknown])
    assert "Without 1 model of which not all MACs are known." in page.parts["chart"]
    assert "d/index.html" not in page.parts["chart"]
