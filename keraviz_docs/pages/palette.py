"""The colours of layer families on light and on dark pages, as CSS variables.

Diagrams carry the light values as fallbacks; here are the same for the page, and dark ones made from them.
"""

from __future__ import annotations

import colorsys

from keraviz_docs.diagrams import FAMILIES
from keraviz_docs.review.reports import figure

DARK_PAGE = "#1e2129"
DARK_INK = "#e9ebf1"
DARK_QUIET = "#b4bbc8"
DARK_NUMBER = "#101418"
_DARK_LINE = "#98a2b3"
_DARK_FRAME = "#6d7686"
_DARK = '[data-md-color-scheme="slate"], [data-bs-theme="dark"], [data-theme="dark"]'


def stylesheet() -> str:
    """Return rules that set the colours of all families, light and dark."""
    marks = tuple(figure.FAMILIES.values())
    light = [
        f"--kv-{family.key}-accent:{family.accent};--kv-{family.key}-outline:{family.outline};"
        for family in (*FAMILIES, *marks)
    ]
    dark = [
        f"--kv-{family.key}-accent:{dark_accent(family.accent)};--kv-{family.key}-outline:{dark_accent(family.accent)};"
        f"--kv-{family.key}-tint:{dark_tint(family.accent)};--kv-{family.key}-number:{DARK_NUMBER};"
        for family in (*FAMILIES, *marks)
    ]
    dark.append(
        f"--kv-ink:{DARK_INK};--kv-quiet:{DARK_QUIET};"
        f"--kv-line:{_DARK_LINE};--kv-frame:{_DARK_FRAME};--kv-frame-fill:#ffffff0a;--kv-chip:{DARK_PAGE};"
    )
    dots = [
        f".kv-dot.kv-{family.key}{{background:var(--kv-{family.key}-accent);"
        f"box-shadow:inset 0 0 0 1px var(--kv-{family.key}-outline)}}"
        f".kv-mini .kv-{family.key}{{fill:var(--kv-{family.key}-accent)}}"
        for family in FAMILIES
    ]
    # Paper is light, whatever the page is.
    return "\n".join([":root{--kv-page:transparent;", *light, "}", f"@media screen{{{_DARK}{{", *dark, "}}", *dots, ""])


def dark_accent(accent: str) -> str:
    """Lighten a colour until it has a contrast of 6 : 1 with a dark page, keeping its hue."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(accent))
    while contrast(_hex(hue, lightness, saturation), DARK_PAGE) < 6 and lightness < 1:
        lightness += 0.01
    return _hex(hue, lightness, saturation * 0.9)


def dark_tint(accent: str) -> str:
    """Darken a colour to the background of a box on a dark page, keeping its hue."""
    hue, _, saturation = colorsys.rgb_to_hls(*_rgb(accent))
    return _hex(hue, 0.19, min(saturation, 0.4))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (``#rrggbb``), from 1 to 21.

    Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in _rgb(colour))
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


def _rgb(colour: str) -> tuple[float, float, float]:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def _hex(hue: float, lightness: float, saturation: float) -> str:
    return "#" + "".join(
        f"{round(value * 255):02x}" for value in colorsys.hls_to_rgb(hue, min(lightness, 1), saturation)
    )
