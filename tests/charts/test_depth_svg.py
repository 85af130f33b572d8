"""How a model along its depth is drawn."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given, settings

from keraviz_docs.architecture import Architecture
from keraviz_docs.charts import DepthSeries, depth_series, depth_svg
from keraviz_docs.cost import costs_of
from tests.charts.conftest import Chain, architectures, parsed, series_of

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
HOSTILE = "]]></title><script>alert(1)</script>\"'& \u202e\x00\ud800"


def drawn(series: DepthSeries, title: str = "Model") -> ET.Element:
    return parsed(depth_svg(series, "model-depth", title))


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def bars(root: ET.Element, name: str) -> list[float]:
    return [float(rect.attrib["height"]) for rect in root.iter(f"{SVG}rect") if rect.get("class") == name]


def five(*parameters: int, macs: int | None = 100) -> Architecture:
    chain = Chain()
    for count in parameters:
        chain.layer(parameters=count, macs=macs)
    return chain.model()


def test_each_position_leads_to_its_first_layer_and_says_what_it_stands_for() -> None:
    root = drawn(series_of(five(1000, 2000, 3000, 4000, 5000)))
    links = list(root.iter(f"{SVG}a"))
    assert [link.attrib[LINK] for link in links] == ["#layer-1", "#layer-3", "#layer-4", "#layer-5", "#layer-6"]
    title = links[1].find(f"{SVG}title")
    assert title is not None
    assert title.text == "Layer 3 (mystery_3): 2.00 k parameters, 100 MACs, 8×8, width 16"


def test_bars_are_as_high_as_what_they_stand_for_and_never_nothing() -> None:
    heights = bars(drawn(series_of(five(1, 1000, 2000, 4000, 0))), "kv-parameters")
    assert len(heights) == 4
    assert heights[0] == 1
    assert heights[2] / heights[1] == pytest.approx(2, rel=0.01)
    assert heights[3] / heights[1] == pytest.approx(4, rel=0.01)


def test_the_picture_has_a_title_and_a_description_of_its_own() -> None:
    root = drawn(series_of(five(1, 2, 3, 4, 5)), "Towers")
    named = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    assert root.attrib["aria-labelledby"] == "model-depth-title"
    assert named["model-depth-title"] == "Towers: along the depth"
    assert named[root.attrib["aria-describedby"]] == (
        "5 positions from the first layer to the last. Most parameters: 5 in layer 6 (mystery_6). "
        "Most MACs: 100 in layers 1–2 (mystery_2). The table of layers has all figures."
    )
    assert set(named) == {"model-depth", "model-depth-title", "model-depth-desc"}


def test_a_panel_without_figures_is_left_out() -> None:
    assert "MACs" not in texts(drawn(series_of(five(1, 2, 3, 4, 5, macs=None))))
    assert "Parameters" not in texts(drawn(series_of(five(0, 0, 0, 0, 0))))


def test_what_is_not_known_is_framed() -> None:
    chain = Chain()
    for macs in (10, None, None, 10, 10):
        chain.layer(macs=macs, parameters=1)
    root = drawn(series_of(chain.model()))
    (frame,) = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "kv-unknown"]
    assert 1 < float(frame.attrib["x"]) < 2
    assert float(frame.attrib["x"]) + float(frame.attrib["width"]) < 3
    assert "not known" in texts(root)
    assert len(bars(root, "kv-macs")) == 3


def test_rows_for_resolution_and_width_are_there_if_the_model_has_any() -> None:
    assert {"Resolution", "8²", "Width", "16"} <= set(texts(drawn(series_of(five(1, 2, 3, 4, 5)))))
    sequence = Chain(shape=(None, 50, 8))
    for length in (50, 50, 25, 25, 25):
        sequence.layer(shape=(None, length, 8))
    assert {"Length", "50", "25"} <= set(texts(drawn(series_of(sequence.model()))))
    shapeless = Chain(shape=None)
    for _ in range(5):
        shapeless.layer(shape=None, parameters=1)
    assert not {"Resolution", "Length", "Width"} & set(texts(drawn(series_of(shapeless.model()))))


@given(architectures())
@settings(deadline=None)
def test_any_model_can_be_drawn(architecture: Architecture) -> None:
    series = depth_series(architecture, costs_of(architecture))
    if series is not None:
        root = drawn(series)
        assert len(list(root.iter(f"{SVG}a"))) == len(series.marks)


def test_names_are_text() -> None:
    model = five(1, 2, 3, 4, 5)
    nodes = tuple(msgspec.structs.replace(node, name=HOSTILE) for node in model.nodes)
    svg = depth_svg(series_of(msgspec.structs.replace(model, nodes=nodes)), "model-depth", HOSTILE)
    assert "<script" not in svg
    assert "\u202e" not in svg
    assert "\n" not in svg
    assert any("<script>alert(1)</script>" in (title.text or "") for title in parsed(svg).iter(f"{SVG}title"))


def test_ten_thousand_layers_are_small() -> None:
    chain = Chain()
    for block in range(1000):
        entered = chain.last
        for part in range(9):
            chain.layer(name=f"stage{block // 100}_block{block}_part{part}", parameters=10 ** block.bit_length())
        chain.layer("Add", entered, chain.last, name=f"stage{block // 100}_block{block}_add", macs=0)
    assert len(depth_svg(series_of(chain.model()), "model-depth", "Long").encode()) < 40_000


def test_the_same_model_gives_the_same_bytes_in_another_process(
    real_series: Callable[[str], DepthSeries],
) -> None:
    series = real_series("resnet50")
    here = depth_svg(series, "resnet50-depth", "ResNet50")
    program = (
        "import sys, msgspec; from keraviz_docs.charts import DepthSeries, depth_svg;"
        "series = msgspec.json.decode(sys.stdin.buffer.read(), type=DepthSeries);"
        "sys.stdout.buffer.write(depth_svg(series, 'resnet50-depth', 'ResNet50').encode())"
    )
    there = subprocess.run([sys.executable, "-c", program], input=msgspec.json.encode(series), stdout=-1, check=True)
    assert there.stdout.decode() == here
    assert len(here) < 30_000


def test_drawing_needs_no_plotting_library() -> None:
    program = "import sys, keraviz_docs.charts; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "keraviz_docs" in run.stdout.split()
    assert not {"matplotlib", "numpy", "keras", "tensorflow"} & set(run.stdout.split())
