"""What a browser makes of the SVG, with whatever fonts it has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import VARIANTS, Renderer, Variant, figure
from tests import browsing

pytestmark = pytest.mark.browser

MEASURE = """
() => [...document.querySelectorAll('.kv-node')].map(node => {
  const area = ({left, top, right, bottom}) => ({left, top, right, bottom});
  return {id: node.id, box: area(node.querySelector('rect').getBoundingClientRect()),
          texts: [...node.querySelectorAll('text')].map(
            text => ({text: text.textContent, ...area(text.getBoundingClientRect())}))};
})
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with browsing.chromium() as browser:
        yield browser.new_page()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("font", ["Liberation Sans", "DejaVu Sans", "DejaVu Sans Mono"])
def test_text_stays_in_its_box_in_fonts_of_other_widths(
    several: Architecture, renderer: Renderer, page: Any, tmp_path: Path, variant: Variant, font: str
) -> None:
    page.set_content(renderer.svg(figure(several, variant)).replace("Roboto", font))
    for node in page.evaluate(MEASURE):
        box = node["box"]
        for text in node["texts"]:
            assert box["left"] - 1 <= text["left"] and text["right"] <= box["right"] + 1, (node["id"], text)


@pytest.mark.parametrize("variant", VARIANTS)
def test_long_and_foreign_names_stay_in_their_boxes(
    sketch: Any, renderer: Renderer, page: Any, variant: Variant
) -> None:
    sketch.add("InputLayer", name="😀👩‍👩‍👧🏳️‍🌈" * 40)
    sketch.add("日本語のレイヤー" * 30, 1, name="עברית العربية " * 30)
    sketch.add("W" * 500, 2, name="M" * 10_000)
    page.set_content(renderer.svg(figure(sketch.finish(), variant)))
    for node in page.evaluate(MEASURE):
        for text in node["texts"]:
            assert node["box"]["left"] - 1 <= text["left"] and text["right"] <= node["box"]["right"] + 1, text


def test_a_page_can_theme_the_inline_svg(several: Architecture, renderer: Renderer, page: Any) -> None:
    svg = renderer.svg(figure(several))
    colour = "() => getComputedStyle(document.querySelector('.kv-conv rect')).fill"
    page.set_content(svg)
    assert page.evaluate(colour) == "rgb(227, 240, 249)"
    page.set_content(f"<style>:root{{--kv-conv-tint:#112233}}</style>{svg}")
    assert page.evaluate(colour) == "rgb(17, 34, 51)"
