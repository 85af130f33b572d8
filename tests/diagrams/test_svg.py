"""SVG: ids, classes, accessibility, colours, bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import FAMILIES, VARIANTS, Figure, Renderer, Variant, figure
from keraviz_docs.diagrams.svg import INK, PAGE, QUIET_INK

Drawn = Callable[[Figure], Any]


def test_every_id_starts_with_model_and_variant_and_occurs_once(several: Architecture, picture: Drawn) -> None:
    ids = [
        element.get("id")
        for variant in VARIANTS
        for element in picture(figure(several, variant)).root.iter()
        if element.get("id")
    ]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"several-(tb|lr|numbered)(-[a-z0-9-]+)?", name) for name in ids)


def test_nodes_edges_and_clusters_have_predictable_ids(several: Architecture, picture: Drawn) -> None:
    drawn = picture(figure(several))
    ids = {element.get("id") for element in drawn.root.iter()}
    assert {"several-tb-n3", "several-tb-e3-4", "several-tb-e4-8-2", "several-tb-c1", "several-tb-o1"} <= ids


def test_an_edge_names_both_its_ends(several: Architecture, picture: Drawn) -> None:
    drawn = picture(figure(several))
    edge = next(element for element in drawn.root.iter() if element.get("id") == "several-tb-e3-4")
    assert (edge.get("data-tail"), edge.get("data-head")) == ("n3", "n4")


def test_a_node_has_its_family_as_class_and_a_title(several: Architecture, picture: Drawn) -> None:
    drawn = picture(figure(several))
    node = next(element for element in drawn.root.iter() if element.get("id") == "several-tb-n3")
    assert node.get("class") == "kv-node kv-conv"
    assert (node.findtext("{*}title") or "").split("\n") == [
        "3 Conv2D",
        "name: 3/conv2d_3",
        "activation: relu",
        "output: (None, 30, 30, 8) float32",
    ]


def test_inferred_edges_have_a_class(several: Architecture, picture: Drawn) -> None:
    assert [edge.get("id") for edge in picture(figure(several)).by_class("kv-inferred")] == ["several-tb-e8-9"]


def test_the_document_has_a_role_a_title_and_a_description(several: Architecture, picture: Drawn) -> None:
    root = picture(figure(several)).root
    assert root.get("role") == "graphics-document document"
    named = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    assert named[root.get("aria-labelledby")] == "sketch: architecture diagram"
    assert named[root.get("aria-describedby")] == (
        "Functional with 11 layers and 1,234 parameters. "
        "Inputs: image (None, 32, 32, 3), text (None, None). Outputs: score (None, 8), features (None, 8)."
    )


def test_there_is_a_legend_in_the_file(several: Architecture, picture: Drawn) -> None:
    (legend,) = picture(figure(several)).by_class("kv-legend")
    assert [text.text for text in legend.findall(".//{*}text")] == [family.title for family in figure(several).legend]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.key)
def test_text_and_borders_have_enough_contrast(family: Any) -> None:
    assert contrast(family.on_accent, family.accent) >= 4.5
    assert contrast(INK, family.tint) >= 4.5
    assert contrast(QUIET_INK, family.tint) >= 4.5
    assert contrast(family.outline, PAGE) >= 3


def test_neighbouring_families_of_a_cnn_differ_in_lightness() -> None:
    # What follows each other in most networks must stay apart in grey print.
    accents = {family.key: luminance(family.accent) for family in FAMILIES}
    for one, other in pairwise(("conv", "norm", "dense", "activation", "conv", "pool", "dense")):
        assert contrast_of(accents[one], accents[other]) > 1.4


def contrast_of(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_colours_have_variables_with_light_fallbacks(several: Architecture, picture: Drawn) -> None:
    source = picture(figure(several)).source
    assert "fill:#e3f0f9;fill:var(--kv-conv-tint,#e3f0f9)" in source
    assert "kv-recurrent-accent" in source
    assert "kv-attention-accent" not in source, "no rules for families that do not occur"


def test_nothing_in_the_file_points_outside_it(several: Architecture, picture: Drawn) -> None:
    source = picture(figure(several)).source
    assert "<!--" not in source
    assert "http" not in source.replace("http://www.w3.org/2000/svg", "")
    assert "/work" not in source


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_full_resnet50_is_small(
    chain_of_blocks: Callable[[int], Architecture], renderer: Renderer, variant: Variant
) -> None:
    architecture = chain_of_blocks(17)
    assert len(architecture.nodes) > 170
    assert len(renderer.svg(figure(architecture, variant)).encode()) < 150_000
