"""Pairs of published models read as a person would tell them apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest

from keraviz_docs.architecture import Architecture
from keraviz_docs.reading.graph import architecture_of
from keraviz_docs.review.comparison import compare

APPLICATIONS: Any = keras.applications


def built(build: Callable[..., Any], **arguments: Any) -> Architecture:
    with keras.StatelessScope(initialize_variables=False):
        return architecture_of(build(weights=None, **arguments), id="model", builder="keras.applications:model")


@pytest.mark.slow
def test_vgg19_has_three_convolutions_more_than_vgg16() -> None:
    comparison = compare(built(APPLICATIONS.VGG16), built(APPLICATIONS.VGG19))
    assert comparison.headlines == (
        "× block3 conv: ×3 → ×4 (1 layer each)",
        "× block4 conv: ×3 → ×4 (1 layer each)",
        "× block5 conv: ×3 → ×4 (1 layer each)",
    )
    assert comparison.verdict == "fails"


@pytest.mark.slow
def test_resnet101_repeats_the_fourth_stage_of_resnet50() -> None:
    comparison = compare(built(APPLICATIONS.ResNet50), built(APPLICATIONS.ResNet101))
    assert comparison.headlines == ("× conv4 block: ×6 → ×23 (10 layers each)",)
    assert len(comparison.own_changes) == 170


@pytest.mark.slow
def test_a_wider_mobilenet_has_other_widths_and_nothing_else() -> None:
    comparison = compare(built(APPLICATIONS.MobileNetV2, alpha=1.0), built(APPLICATIONS.MobileNetV2, alpha=1.4))
    widths, ripples = comparison.headlines
    assert widths.startswith("~ all widths ×1.4 ")
    assert ripples == "≈ 120 layers follow from these changes"
    assert {change.kind for change in comparison.own_changes} == {"changed"}


@pytest.mark.slow
def test_resnet50v2_normalises_before_it_convolves() -> None:
    comparison = compare(built(APPLICATIONS.ResNet50), built(APPLICATIONS.ResNet50V2))
    lines = comparison.headlines
    assert "↕ 16 × BatchNormalization moved" in lines
    assert any("use_bias yes → no (32)" in line and "strides 2×2 → 1×1 (6), 1×1 → 2×2 (3)" in line for line in lines)
    assert any(line.startswith("+ 19 layers added: 16 × ZeroPadding2D") for line in lines)
    assert [line[0] for line in lines] == ["~", "+", "−", "↕", "↪", "=", "≈"]
