"""Text stays in its box and is shown as it is, whatever it contains."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import VARIANTS, Figure, Format, Renderer, Variant, dot, figure, typeface
from keraviz_docs.diagrams.engines import Bundled

HOSTILE = [
    "<script>alert(1)</script>",
    "]]> <!-- & &amp; &#65; &lt;b&gt;",
    "\\N \\G \\l \\r \\n \\\\ \\",
    'say "hi" \\" + "there"',
    "{a|b|<p>c}",
    "<b>bold</b>",
    "line\nbreak\ttab\r\x00\x07\x1b",
    "\u202eright to left\u2066\u200f",
    "😀👩‍👩‍👧🏳️‍🌈 日本語 한국어",
    "עברית العربية",
    "Ünïcödé ∞ ≤ → …",
    "e\u0301\u0301\u0301\u0301\u0301\u0301",
    "\ud800 lone surrogate",
    "x" * 10_000,
    "W😀" * 5_000,
    " ",
    "",
]


def one_layer(sketch: Any, name: str) -> Architecture:
    group = sketch.group(name or "group", class_name=name or "Group")
    sketch.id = "hostile"
    sketch.add("InputLayer", name="image")
    sketch.add(name or "Dense", 1, name=name, parent=group, activation=name)
    sketch.output(2, name)
    architecture: Architecture = sketch.finish()
    return architecture


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_text_is_inside_its_box_and_no_two_meet(
    several: Architecture,
    chain_of_blocks: Callable[[int], Architecture],
    picture: Callable[[Figure], Any],
    variant: Variant,
) -> None:
    for architecture in (several, chain_of_blocks(16)):
        for box, texts in picture(figure(architecture, variant)).boxes():
            assert texts
            for text in texts:
                assert box.holds(text), f"{text} leaves {box}"
            for one, other in combinations(texts, 2):
                assert not one.meets(other), f"{one} meets {other}"


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_two_boxes_meet(
    several: Architecture,
    chain_of_blocks: Callable[[int], Architecture],
    picture: Callable[[Figure], Any],
    variant: Variant,
) -> None:
    for architecture in (several, chain_of_blocks(16)):
        boxes = [box for box, _ in picture(figure(architecture, variant)).boxes()]
        for one, other in combinations(boxes, 2):
            assert not one.meets(other), f"{one} meets {other}"


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("variant", ["tb", "lr"])
def test_hostile_text_stays_in_its_box(
    sketch: Any, picture: Callable[[Figure], Any], variant: Variant, name: str
) -> None:
    for box, texts in picture(figure(one_layer(sketch, name), variant)).boxes():
        for text in texts:
            assert box.holds(text), f"{text} leaves {box}"


@pytest.mark.parametrize("name", [name for name in HOSTILE if len(name) < 60])
def test_hostile_text_is_shown_as_text(sketch: Any, picture: Callable[[Figure], Any], name: str) -> None:
    drawn = picture(figure(one_layer(sketch, name)))
    shown = typeface.drawable(name)
    assert shown in [*drawn.texts("detail"), ""]
    assert any(f"name: 2/{shown}" in title.split("\n") for title in drawn.titles())
    assert not drawn.root.findall(".//{*}script")


def test_what_cannot_be_seen_is_spelled_out() -> None:
    assert typeface.drawable("a\nb\u202ec\x1b") == "a\\nb\\u202ec\\x1b"


def test_a_long_name_is_shortened_in_the_middle_and_whole_in_the_tooltip(
    sketch: Any, picture: Callable[[Figure], Any]
) -> None:
    name = "start_" + "x" * 10_000 + "_end"
    drawn = picture(figure(one_layer(sketch, name)))
    (shown,) = {text for text in drawn.texts("detail") if "…" in text}
    assert shown.startswith("start_x")
    assert shown.endswith("x_end")
    assert any(name in title for title in drawn.titles())


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.floats(20, 200))
def test_a_shortened_text_fits_and_keeps_its_ends(text: str, limit: float) -> None:
    shown = typeface.elide(text, 10, limit)
    assert typeface.width(shown, 10) <= limit
    if shown != text:
        head, _, tail = shown.partition("…")
        assert text.startswith(head)
        assert text.endswith(tail)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(name=st.text(st.characters(), max_size=40))
def test_any_name_gives_valid_svg_that_says_it(renderer: Renderer, sketch: Any, name: str) -> None:
    sketch.nodes.clear()
    sketch.outputs.clear()
    sketch.groups.clear()
    root = ET.fromstring(renderer.svg(figure(one_layer(sketch, name))).encode())  # noqa: S314  # our own SVG
    titles = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert any(f"name: 2/{typeface.drawable(name)}" in title.split("\n") for title in titles)


def graphviz_texts(source: str) -> list[str]:
    engine = Bundled()
    try:
        svg = engine.run(source, "dot", "svg", 60)
    finally:
        engine.close()
    root = ET.fromstring(svg)  # noqa: S314  # our own SVG
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("name", [name for name in HOSTILE if 0 < len(name.strip()) < 60])
def test_the_dot_source_shows_hostile_text_as_text(sketch: Any, name: str) -> None:
    texts = graphviz_texts(dot(one_layer(sketch, name)))
    # Graphviz writes several spaces as no-break spaces.
    assert typeface.drawable(name) in [text.replace("\xa0", " ") for text in texts]


@pytest.mark.parametrize("name", HOSTILE)
def test_png_and_pdf_are_drawn_with_hostile_text(sketch: Any, renderer: Renderer, tmp_path: Path, name: str) -> None:
    files: dict[Format, Path] = {"png": tmp_path / "model.png", "pdf": tmp_path / "model.pdf"}
    renderer.render(figure(one_layer(sketch, name)), files)
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    assert files["pdf"].read_bytes().startswith(b"%PDF")


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext (poppler-utils)")
@pytest.mark.parametrize("name", [name for name in HOSTILE if name.isascii() and 0 < len(name.strip()) < 60])
def test_the_pdf_holds_hostile_text_as_text(sketch: Any, renderer: Renderer, tmp_path: Path, name: str) -> None:
    renderer.render(figure(one_layer(sketch, name)), {"pdf": tmp_path / "model.pdf"})
    text = subprocess.run(["pdftotext", tmp_path / "model.pdf", "-"], capture_output=True, check=True, text=True)
    assert typeface.drawable(name) in text.stdout.replace("\N{WORD JOINER}", "")


def test_widths_are_those_of_the_font_file() -> None:
    # Advances in units of 1/2048 em, from the hmtx table of Roboto as published.
    assert typeface.width("i", 2048) == 498
    assert typeface.width("W", 2048) == 1817
    assert typeface.width("W×", 2048, bold=True) == 1792 + 1088
