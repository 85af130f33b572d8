"""The page that compares two models, and the one that says what changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from bs4 import BeautifulSoup

from keraviz_docs.architecture import Architecture
from keraviz_docs.outcome import Failure
from keraviz_docs.pages.changes_page import Changes, Period, changes_page, links
from keraviz_docs.pages.comparison_page import ComparedPair, comparison_page
from keraviz_docs.pages.differences import Compared
from keraviz_docs.pages.model_page import Documented, model_page
from keraviz_docs.pages.writing import write
from keraviz_docs.review.comparison import compare, compare_zoos
from tests.review.sketches import sketch

Make = Callable[..., Documented]
BASE = "x: InputLayer -> ?x8\nhidden: Dense units=8 -> ?x8; 72 parameters\ny: Dense units=4 -> ?x4; 36 parameters"
HEAD = BASE.replace("units=8 ->", "activation=tanh units=8 ->").replace("y:", "drop: Dropout rate=0.5 -> ?x8\ny:")
SVG = '<svg id="drawn" class="kv-diagram"><title>t</title></svg>'


def architecture(identifier: str, layers: str) -> Architecture:
    return msgspec.structs.replace(sketch(layers), id=identifier)


@pytest.fixture
def pair(documented: Make) -> ComparedPair:
    base, head = architecture("small", BASE), architecture("large", HEAD)
    compared = Compared(compare(base, head), {"tb": SVG, "lr": SVG})
    small = documented(base, id="small", title="Small one")
    return ComparedPair(small, documented(head, id="large", title="Large"), compared)


def soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def test_costs_stand_side_by_side_and_lead_to_both_models(pair: ComparedPair) -> None:
    table = soup(comparison_page(pair).parts["costs"])
    assert [link["href"] for link in table.select("thead a")] == ["../../small/index.html", "../../large/index.html"]
    rows = [[cell.get_text(strip=True) for cell in row.select("th, td")] for row in table.select("tbody tr")]
    assert rows[0] == ["Parameters", "108", "108", "same"]
    assert ["Layers", "3", "4", "+33 %"] in rows


def test_what_differs_is_told_in_lines_with_signs_that_lead_to_layers(pair: ComparedPair) -> None:
    part = soup(comparison_page(pair).parts["differences"])
    lines = [" ".join(line.get_text(" ", strip=True).split()) for line in part.select(".kv-changes")[0].select("li")]
    assert lines == ["~ #2 hidden Dense: activation linear → tanh", "+ #3 drop Dropout: added (rate 0.5)"]
    verdict = part.select_one(".kv-verdict")
    assert verdict is not None
    assert "“Small one” load into Large cannot be told" in verdict.get_text()


def test_numbers_lead_to_the_layers_that_have_them(documented: Make) -> None:
    many = BASE.replace("y:", "".join(f"extra{n}: Dropout rate=0.{n} -> ?x8\n" for n in range(1, 6)) + "y:")
    base, head = architecture("small", BASE), architecture("large", many)
    for one, other, folder in ((base, head, "large"), (head, base, "large")):
        compared = Compared(compare(one, other))
        page = comparison_page(ComparedPair(documented(one, id=one.id), documented(other, id=other.id), compared))
        links = [link["href"] for link in soup(page.parts["differences"]).select("details a")]
        assert links == [f"../../{folder}/index.html#layer-{number}" for number in range(3, 8)]


def test_both_directions_of_the_diagram_can_be_had_without_scripts(pair: ComparedPair) -> None:
    page = comparison_page(pair)
    assert {"small_vs_large-tb.svg", "small_vs_large-lr.svg"} <= page.assets.keys()
    tabs = [tab["href"] for tab in soup(page.parts["diagram"]).select(".kv-tab")]
    assert tabs == ["small_vs_large-tb.svg", "small_vs_large-lr.svg"]


def test_a_title_and_a_description_of_ones_own(pair: ComparedPair, documented: Make) -> None:
    own = ComparedPair(pair.base, pair.head, pair.compared, title="<b>Why</b>", description="Because *it* is.")
    markdown = comparison_page(own).markdown
    assert "# &#60;b&#62;Why&#60;&#47;b&#62;" in markdown
    assert "Because &#42;it&#42; is&#46;" in markdown


def test_models_that_do_not_differ_need_no_diagram(documented: Make) -> None:
    one, other = architecture("one", BASE), architecture("other", BASE)
    pair = ComparedPair(documented(one, id="one"), documented(other, id="other"), Compared(compare(one, other)))
    page = comparison_page(pair)
    assert "have the same architecture" in page.markdown
    assert page.parts.keys() == {"costs"}


def test_a_model_that_cannot_be_read_is_no_equal_model(pair: ComparedPair, documented: Make) -> None:
    failed = Documented(pair.head.entry, Failure(id="large", target="z:f", kind="exception", message="not today"))
    page = comparison_page(ComparedPair(pair.base, failed))
    assert "cannot be compared" in page.markdown
    assert "not today" in page.parts["costs"]


def test_model_pages_lead_to_their_comparisons_and_changes(pair: ComparedPair, tmp_path: Path) -> None:
    zoo = [pair.base, pair.head]
    compared = compare_zoos({"small": sketch(HEAD)}, {"small": sketch(BASE)}, base_name="a", head_name="b").models
    changes = Changes((Period("v1", None, tuple(Compared(model) for model in compared), slug="v1"),))
    write("Zoo", zoo, tmp_path, pairs=[pair], changes=changes)
    chips = [chip["href"] for chip in soup((tmp_path / "small/index.md").read_text()).select("a.kv-chip")]
    assert chips == ["../comparisons/small_vs_large/index.html", "../changes/index.html#small-since-v1"]
    assert (tmp_path / "comparisons/small_vs_large/index.md").is_file()
    assert (tmp_path / "changes/index.md").is_file()
    write("Zoo", zoo, tmp_path)
    assert not (tmp_path / "comparisons").exists()
    assert not (tmp_path / "changes").exists()


def test_a_pair_page_is_written_anew_only_if_it_says_something_else(pair: ComparedPair, tmp_path: Path) -> None:
    def times() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    write("Zoo", [pair.base, pair.head], tmp_path, pairs=[pair])
    before = times()
    write("Zoo", [pair.base, pair.head], tmp_path, pairs=[pair])
    assert times() == before


# Changes


def period(base: str, head: str, **more: str) -> Period:
    models = compare_zoos(
        {"toy": sketch(base), "gone": sketch(base)},
        {"toy": sketch(head), "fresh": sketch(head), "odd": sketch(head), **more},
        base_name="a",
        head_name="b",
    ).models
    return Period("v1.2", None, tuple(Compared(model, {"tb": SVG}) for model in models), slug="v1-2")


def test_a_period_counts_what_changed_came_and_went() -> None:
    page = changes_page(Changes((period(BASE, HEAD, gone="cannot be imported"),)), [])
    assert "## Since v1&#46;2" in page.markdown
    assert "1 changed&#44; 2 new&#44; 1 could not be compared&#46;" in page.markdown
    rows = {
        row.th.get_text(strip=True): row.td.get_text(strip=True)
        for row in soup(page.parts["period-0"]).select("tbody tr")
        if row.th and row.td
    }
    assert rows["gone"] == "could not be compared: cannot be imported"
    assert (rows["toy"], rows["fresh"]) == ("changed", "new")


def test_what_changed_in_a_model_has_an_anchor_a_verdict_and_a_diagram() -> None:
    page = changes_page(Changes((period(BASE, HEAD),)), [])
    part = soup(page.parts["model-0-0"])
    assert part.select_one("#toy-since-v1-2") is not None
    assert "Whether weights from v1.2 load cannot be told." in part.get_text()
    assert part.select_one("svg") is not None
    assert page.assets == {"toy-since-v1-2.svg": SVG}
    assert page.anchors == {"toy-since-v1-2", "gone-since-v1-2", "fresh-since-v1-2", "odd-since-v1-2"}


def test_no_change_is_said_in_a_sentence() -> None:
    same = compare_zoos({"toy": sketch(BASE)}, {"toy": sketch(BASE)}, base_name="a", head_name="b").models
    page = changes_page(Changes((Period("v1", None, tuple(map(Compared, same)), slug="v1"),)), [])
    assert "No architecture changed&#58; 1 model compared&#44; all the same&#46;" in page.markdown


def test_a_state_that_cannot_be_compared_is_never_no_change() -> None:
    lost = Period("v1", None, problem="this clone does not have v1. It is shallow: fetch `all` <b>", slug="v1")
    page = changes_page(Changes((lost,)), [])
    assert "No architecture changed" not in page.markdown
    told = soup(page.parts["period-0"])
    assert "is not known: this clone does not have v1." in told.get_text()
    assert told.find("b") is None


def test_releases_follow_each_other_the_latest_first() -> None:
    periods = (
        Period("v2", None, slug="v2"),
        Period("v1", "v2", slug="v1"),
    )
    headings = [line for line in changes_page(Changes(periods), []).markdown.split("\n") if line.startswith("##")]
    assert headings == ["## Since v2", "## v2&#44; since v1"]


def test_a_model_page_has_a_chip_for_each_period(documented: Make) -> None:
    model = documented(id="toy")
    changes = Changes((period(BASE, HEAD),))
    part = soup(model_page(replace(model, changes=links(model, changes))).parts["figures"])
    (chip,) = [chip for chip in part.select("a.kv-chip") if "changes" in str(chip["href"])]
    assert (chip.get_text(), chip["href"]) == ("changed since v1.2", "../changes/index.html#toy-since-v1-2")
