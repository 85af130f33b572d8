"""How the models of a zoo are compared in a chart."""

from __future__ import annotations

import math
import re
from itertools import combinations
from xml.etree import ElementTree as ET

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from keraviz_docs.charts import Model, comparable, legend, zoo_svg
from keraviz_docs.charts.elements import LEVELS
from keraviz_docs.charts.labels import Placed, Spot, place_labels
from tests.charts.conftest import parsed

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"


def model(title: str, parameters: int, macs: int | None, section: str = "") -> Model:
    return Model(title, section, f"{title}/" if title.isalnum() else "page/", parameters, macs)


MODELS = [model("small", 10**6, 10**8), model("middle", 10**7, 10**9), model("large", 10**8, 10**10)]


def points(models: list[Model]) -> list[ET.Element]:
    root = parsed(zoo_svg(models, "zoo", "Zoo"))
    return [element for element in root.iter(f"{SVG}svg") if element.get("class") == "kv-point"]


def test_points_lead_to_pages_and_say_what_they_stand_for() -> None:
    links = [point.find(f"{SVG}a") for point in points([model("vgg", 138_357_544, 15_470_264_320, "Vision"), *MODELS])]
    assert [link.attrib[LINK] for link in links if link is not None] == ["vgg/", "small/", "middle/", "large/"]
    assert links[0] is not None
    assert [element.text for element in links[0] if element.text] == [
        "vgg: Vision, 138 M parameters, 15.5 G MACs",
        "vgg",
    ]


def test_both_axes_are_logarithmic() -> None:
    places = [(float(point.attrib["x"].rstrip("%")), float(point.attrib["y"])) for point in points(MODELS)]
    (x1, y1), (x2, y2), (x3, y3) = places
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.02)
    assert y1 - y2 == pytest.approx(y2 - y3, abs=0.2)
    assert 0 < x1 < x3 < 100
    assert y1 > y3


def test_models_without_both_figures_have_no_place() -> None:
    assert comparable([*MODELS, model("open", 10, None), model("idle", 0, 0), model("free", 10, 0)]) == tuple(MODELS)


def test_models_that_are_all_alike_can_be_drawn() -> None:
    assert len(points([model(str(number), 7, 7) for number in range(5)])) == 5


def test_sections_differ_by_shape_and_colour_until_these_run_out() -> None:
    few = legend([model("a", 1, 1, "Vision"), model("b", 1, 1), model("c", 1, 1, "Vision")])
    assert [entry.title for entry in few] == ["Vision", "No section"]
    assert len({re.sub(r'class="kv-kind-\d"', "", entry.symbol) for entry in few}) == 2
    many = legend([model("m", 1, 1, f"section {number}") for number in range(30)])
    assert len(many) == 10
    assert many[-1].title == "21 other sections"


def test_titles_are_text() -> None:
    hostile = model("</title><script>alert(1)</script>\x00\u202e", 10**7, 10**9, "<b>")
    svg = zoo_svg([*MODELS, hostile], "zoo", hostile.title)
    assert "<script" not in svg
    assert "\u202e" not in svg
    assert len(list(parsed(svg).iter(f"{SVG}a"))) == 4


@given(st.lists(st.tuples(st.integers(1, 10**14), st.integers(1, 10**16)), min_size=1, max_size=60))
@settings(deadline=None)
def test_any_zoo_can_be_drawn_inside_its_chart(figures: list[tuple[int, int]]) -> None:
    drawn = points([model(f"m{index}", *each) for index, each in enumerate(figures)])
    assert len(drawn) == len(figures)
    assert all(0 < float(point.attrib["x"].rstrip("%")) < 100 for point in drawn)


def test_a_thousand_models_are_all_there_and_few_have_labels() -> None:
    zoo = [
        model(f"model {index}", 10**6 + 997 * index**2, int(10 ** (8 + 2 * math.sin(index)))) for index in range(1000)
    ]
    drawn = points(zoo)
    assert len(drawn) == 1000
    labels = sum(point.find(f"{SVG}a/{SVG}text") is not None for point in drawn)
    assert 5 < labels < 200


def test_the_same_zoo_gives_the_same_bytes() -> None:
    assert zoo_svg(MODELS, "zoo", "Zoo") == zoo_svg(list(MODELS), "zoo", "Zoo")


SPOTS = st.lists(
    st.builds(Spot, x=st.floats(0.05, 0.95), y=st.floats(5, 335), label_width=st.floats(5, 150)), max_size=25
)


@given(SPOTS, st.floats(0, 1))
@settings(deadline=None)
def test_labels_cover_neither_each_other_nor_points_at_any_width(spots: list[Spot], between: float) -> None:
    widths = tuple(LEVELS)
    placed = place_labels(spots, widths, 340)
    for level, narrowest in enumerate(widths):
        width = narrowest + between * (2 * widths[-1] - narrowest)
        boxes = [(each.spot, box(spots[each.spot], each, width)) for each in placed if each.level <= level]
        assert all(not overlap(one, other) for (_, one), (_, other) in combinations(boxes, 2))
        for spot, label in boxes:
            for index, other in enumerate(spots):
                near = (other.x * width - 4, other.x * width + 4, other.y - 4, other.y + 4)
                assert index == spot or not overlap(label, near)
            assert label[0] >= -0.01
            assert label[1] <= width + 0.01


def test_a_lonely_point_has_its_label_on_every_page() -> None:
    assert place_labels([Spot(0.5, 100, 60)], tuple(LEVELS), 340) == [Placed(0, "right", 0)]


def box(spot: Spot, placed: Placed, width: float) -> tuple[float, float, float, float]:
    """Where the drawing puts a label, whatever the placing thinks: left, right, top, bottom."""
    x, y = spot.x * width, spot.y
    if placed.side == "right":
        return x + 8, x + 8 + spot.label_width, y - 5, y + 5
    if placed.side == "left":
        return x - 8 - spot.label_width, x - 8, y - 5, y + 5
    middle = y - 12 if placed.side == "above" else y + 12
    return x - spot.label_width / 2, x + spot.label_width / 2, middle - 5, middle + 5


def overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    apart = 0.01
    across = one[0] < other[1] - apart and other[0] < one[1] - apart
    return across and one[2] < other[3] - apart and other[2] < one[3] - apart
