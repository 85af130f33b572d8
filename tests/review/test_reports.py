"""The reports: what they say, and that hostile names stay text in each of them."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import msgspec
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from keraviz_docs.architecture import Source
from keraviz_docs.diagrams import Renderer
from keraviz_docs.manifest import Growth, Policy
from keraviz_docs.review.changes import Change, Place
from keraviz_docs.review.comparison import Comparison, Costs, ModelComparison, compare, compare_zoos
from keraviz_docs.review.policy import Rules, broken, findings, is_broken, judged
from keraviz_docs.review.reports import github, html, markdown, text
from keraviz_docs.review.reports.figure import FAMILIES, change_figure
from tests.review.sketches import sketch

BASE = """
    x: InputLayer -> ?x8
    hidden: Dense units=8 -> ?x8; 72 parameters
    ReLU -> ?x8
    Dense units=8 -> ?x8; 72 parameters
    ReLU -> ?x8
    y: Dense units=4 -> ?x4; 36 parameters
"""
HEAD = BASE.replace("hidden: Dense", "hidden: Dense activation=tanh").replace(
    "    y:", "    Dropout rate=0.5 -> ?x8\n    y:"
)
HOSTILE = "<script>alert(1)</script> | `x` ``` @octocat #1 [a](javascript:x) \x1b[31m\u202e\n::error::&\"'"


def comparison(head: str = HEAD) -> Comparison:
    return compare_zoos({"toy": sketch(BASE)}, {"toy": sketch(head)}, base_name="main", head_name="working tree")


def hostile() -> Comparison:
    place = Place(1, HOSTILE)
    changes = (
        Change(kind="changed", class_name=HOSTILE, base=place, head=place, settings={HOSTILE: (HOSTILE, HOSTILE)}),
        Change(kind="renamed", class_name=HOSTILE, base=place, head=place, settings={"name": (HOSTILE, HOSTILE)}),
    )
    model = ModelComparison(
        id=HOSTILE,
        status="changed",
        verdict="unknown",
        changes=changes,
        headlines=(HOSTILE,),
        costs=Costs((1, 2), (None, None), (4, 8)),
    )
    failed = ModelComparison(id="failed", status="failed", costs=model.costs, error=HOSTILE)
    return Comparison(base=HOSTILE, head=HOSTILE, models=(model, failed))


def test_the_terminal_gets_one_line_per_change() -> None:
    lines = [line.plain for line in text.text(comparison())]
    assert lines == [
        "Architectures main → working tree: 1 changed",
        "",
        "toy  changed",
        "  ? whether existing weights load cannot be told",
        "  parameters 180",
        "  weight bytes 720",
        "  ~ #2 hidden Dense: activation linear → tanh",
        "  + #6 dropout Dropout: added (rate 0.5)",
    ]


def test_a_comment_begins_with_the_summary() -> None:
    report = markdown.markdown(comparison())
    assert report == (
        "## Architecture review\n\n"
        "`main` → `working tree`: 1 changed, 0 unchanged.\n\n"
        "| Model | Existing weights | Parameters | MACs | Changes |\n"
        "|---|---|---|---|---|\n"
        "| `toy` | ? whether existing weights load cannot be told | 180 |  | 1 changed, 1 added |\n"
        "\n### `toy`\n\n"
        "```diff\n"
        "! #2 hidden Dense: activation linear → tanh\n"
        "+ #6 dropout Dropout: added (rate 0.5)\n"
        "```\n"
    )


def test_no_change_is_said_in_a_sentence() -> None:
    assert markdown.markdown(comparison(BASE)) == (
        "## Architecture review\n\n`main` → `working tree`: no architecture changed (1 model compared).\n"
    )


def test_what_could_not_be_compared_is_never_no_change() -> None:
    failed = compare_zoos({"toy": sketch(BASE)}, {"toy": "import: no module"}, base_name="a", head_name="b")
    assert "Could not be compared" in markdown.markdown(failed)
    assert "✗ after: import: no module" in "\n".join(line.plain for line in text.text(failed))
    assert is_broken(findings(failed), "error")


def test_models_come_and_go() -> None:
    zoo = compare_zoos({"old": sketch(BASE)}, {"new": sketch(BASE)}, base_name="a", head_name="b")
    assert [(model.id, model.status) for model in zoo.models] == [("new", "added"), ("old", "removed")]


@pytest.mark.parametrize("limit", [1_500, 5_000, 65_000])
def test_a_comment_keeps_to_its_limit_and_points_to_the_rest(limit: int) -> None:
    model = compare_zoos(
        {f"toy{number}": sketch(BASE) for number in range(60)},
        {f"toy{number}": sketch(HEAD) for number in range(60)},
        base_name="a",
        head_name="b",
    )
    crowd = msgspec.structs.replace(model.models[0], changes=model.models[0].changes * 3000, headlines=("~ much",))
    crowded = msgspec.structs.replace(model, models=(crowd, *model.models[: (5 if limit < 5_000 else 60)]))
    report = markdown.markdown(crowded, full_report="https://example.org/report", limit=limit)
    assert len(report.encode("utf-16-le")) // 2 <= limit
    assert "more" in report
    assert report.count("```") % 2 == 0
    assert report.count("<details>") == report.count("</details>")


def test_hostile_names_stay_text_in_a_comment() -> None:
    report = markdown.markdown(hostile())
    outside = _without_code(report)
    assert "script" not in outside
    assert "@octocat" not in outside
    assert "javascript" not in outside
    assert "\x1b" not in report and "\u202e" not in report
    rows = [line for line in report.split("\n") if line.startswith("| ")]
    assert {row.count("|") for row in rows} == {6}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_fits_into_a_code_span(name: str) -> None:
    span = markdown.code(name)
    fence = re.match("`+", span)
    assert fence is not None
    inner = span[len(fence[0]) : -len(fence[0])]
    assert span.endswith(fence[0])
    assert fence[0] not in re.findall("`+", inner)
    assert "\n" not in span
    assert "|" not in span


def test_hostile_names_stay_text_on_the_page() -> None:
    page = html.html(hostile())
    soup = BeautifulSoup(page, "html.parser")
    assert soup.find("script") is None
    assert "alert(1)" in soup.get_text()
    assert "\x1b" not in page and "\u202e" not in page


def test_hostile_names_stay_text_on_the_terminal() -> None:
    assert all(line.plain.isprintable() for line in text.text(hostile()))


def test_an_annotation_is_one_line_whatever_it_says() -> None:
    lines = list(github.github(hostile(), findings(hostile()), {HOSTILE: Source("zoo/a,b.py", 7)}))
    assert len(lines) == 2
    assert all(line.count("::") >= 2 and "\n" not in line for line in lines)
    properties = lines[0].split("::")[1]
    assert properties.startswith("warning file=zoo/a%2Cb.py,line=7,title=")
    assert lines[1].startswith("::error title=failed%3A architecture failed::")


def test_the_page_shows_one_diagram_of_both_versions() -> None:
    base, head = sketch(BASE), sketch(HEAD)
    change = compare(base, head)
    figure = change_figure(base, head, change)
    assert [(box.family.key, box.badge) for box in figure.boxes] == [
        ("same", "1"),
        ("changed", "~ 2"),
        ("same", "3"),
        ("same", "4"),
        ("same", "5"),
        ("added", "+ 6"),
        ("same", "7"),
    ]
    assert [family.key for family in figure.legend] == ["added", "changed", "same"]
    with Renderer() as renderer:
        drawing = renderer.svg(figure)
    ET.fromstring(drawing)  # noqa: S314  # our own drawing
    page = html.html(comparison(), {"toy": drawing})
    assert BeautifulSoup(page, "html.parser").find("svg") is not None


def test_stretches_without_a_change_are_folded() -> None:
    layers = "".join("    ReLU -> ?x8\n" for _ in range(50))
    long = f"    x: InputLayer -> ?x8\n{layers}    Dense units=8 -> ?x8; 72 parameters\n{layers}    y: ReLU -> ?x8\n"
    base, head = sketch(long), sketch(long.replace("Dense units", "Dense activation=tanh units"))
    figure = change_figure(base, head, compare(base, head))
    assert [box.lines[0].text for box in figure.boxes] == [
        "50 unchanged layers",
        "ReLU",
        "Dense",
        "ReLU",
        "50 unchanged layers",
    ]


def test_colours_come_with_signs() -> None:
    assert all(family.title[0] in "+−~↕≈" for key, family in FAMILIES.items() if key != "same")


@pytest.mark.parametrize(("allowed", "level"), [(0.1, "error"), (0.5, "warning")])
def test_a_policy_bounds_what_a_model_may_grow(allowed: float, level: str) -> None:
    costs = Costs((100, 120), (None, None), (400, 480))
    model = ModelComparison(id="toy", status="changed", verdict="loads-changed", costs=costs)
    rules = Rules(Policy(growth={"parameters": Growth(allowed)}))
    found = findings(Comparison(base="a", head="b", models=(model,)), rules)
    assert found["toy"].level == level


def test_an_unknown_verdict_is_a_warning_and_no_error() -> None:
    model = ModelComparison(id="toy", status="changed", verdict="unknown", costs=Costs((1, 1), (None, None), (4, 4)))
    assert findings(Comparison(base="a", head="b", models=(model,)))["toy"].level == "warning"


def grown(after: int, identifier: str = "toy") -> Comparison:
    costs = Costs((1000, after), (None, None), (4000, 4 * after))
    model = ModelComparison(id=identifier, status="changed", verdict="loads", costs=costs)
    return Comparison(base="a", head="b", models=(model,))


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (1050, []),
        (1051, ["toy: parameters grew from 1,000 to 1,051, by 5.1%; 5% is allowed"]),
        (900, []),
    ],
)
def test_a_broken_limit_is_told_with_model_figure_and_limit(after: int, told: list[str]) -> None:
    found = findings(grown(after), Rules(Policy(growth={"parameters": Growth(0.05)})))
    assert list(broken(found, "error")) == told


def test_a_model_can_have_a_policy_of_its_own_and_the_command_line_wins() -> None:
    strict, lax = Policy(growth={"parameters": Growth(0.05)}), Policy(growth={"parameters": Growth(0.5)})
    rules = Rules(strict, {"big": lax}, "warning")
    assert list(broken(findings(grown(1200, "big"), rules), "error")) == []
    assert list(broken(findings(grown(1200, "small"), rules), "error")) != []
    overridden = rules.overridden({"parameters": 0.1}, None)
    assert list(broken(findings(grown(1200, "big"), overridden), overridden.fail_on)) != []
    assert rules.overridden({}, "never").fail_on == "never"


def test_what_is_less_grave_is_let_through() -> None:
    rules = Rules(Policy(growth={"parameters": Growth(0.05, "warning")}))
    assert not is_broken(findings(grown(2000), rules), "error")
    assert is_broken(findings(grown(2000), rules), "warning")
    assert not is_broken(findings(grown(2000), rules), "never")


def test_every_report_says_what_the_policy_has_against_a_change() -> None:
    rules = Rules(Policy(growth={"parameters": Growth(0.05)}))
    told = judged(grown(2000), findings(grown(2000), rules))
    sentence = "✗ parameters grew from 1,000 to 2,000, by 100%; 5% is allowed"
    assert sentence in "\n".join(line.plain for line in text.text(told))
    assert sentence in markdown.markdown(told)
    assert sentence in BeautifulSoup(html.html(told), "html.parser").get_text()


def _without_code(report: str) -> str:
    """Return what GitHub would read as markup: everything outside code."""
    report = re.sub(r"^(`{3,})diff\n.*?^\1$", "", report, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", report)
