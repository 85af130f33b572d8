from __future__ import annotations

import pytest

from keraviz_docs.diagrams import FAMILIES, Family
from keraviz_docs.pages import palette


def test_contrast_is_that_of_wcag() -> None:
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.key)
def test_dark_colours_are_legible(family: Family) -> None:
    accent, tint = palette.dark_accent(family.accent), palette.dark_tint(family.accent)
    assert palette.contrast(accent, palette.DARK_PAGE) >= 4.5
    assert palette.contrast(palette.DARK_NUMBER, accent) >= 4.5
    assert palette.contrast(palette.DARK_INK, tint) >= 7
    assert palette.contrast(palette.DARK_QUIET, tint) >= 4.5


def test_every_family_is_themed_light_and_dark() -> None:
    light, dark = palette.stylesheet().split('[data-md-color-scheme="slate"]')
    for family in FAMILIES:
        assert f"--kv-{family.key}-accent:{family.accent};" in light
        assert f"--kv-{family.key}-tint:" in dark
