"""What the charts are made of: SVG elements that stretch with the page.

Horizontal places are percentages of the chart's width, vertical ones pixels, so that a chart is as wide as the page
and its text keeps its size.  Colours are the business of the page's style, by class.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from keraviz_docs.diagrams import typeface

Element = ET.Element
TEXT = 11.0
"""Size of text in a chart, in pixels."""
LEVELS = {260: "", 520: "kv-from-wide", 820: "kv-from-widest"}
"""Widths of the plotting area for which charts are laid out (a page on a telephone, on a tablet, on a desktop), and the
class of what has room from there on; the style hides it on narrower pages."""
_WIDER = 1.12
"""How much wider than the vendored font the page's may be."""


def chart(identifier: str, height: float, title: str, description: str) -> Element:
    """Return an empty chart: an ``<svg>`` with the accessible title and description that it needs."""
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "xmlns:xlink": "http://www.w3.org/1999/xlink",
            "id": identifier,
            "class": "kv-chart",
            "height": digits(height),
            "role": "graphics-document document",
            "aria-labelledby": f"{identifier}-title",
            "aria-describedby": f"{identifier}-desc",
        },
    )
    child(root, "title", id=f"{identifier}-title").text = typeface.drawable(title)
    child(root, "desc", id=f"{identifier}-desc").text = typeface.drawable(description)
    return root


def child(parent: Element, tag: str, **attributes: str) -> Element:
    """Append an element; ``class_`` stands for ``class``, and an underscore for a hyphen."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    return ET.SubElement(parent, tag, named)


def words(parent: Element, text: str, x: str, y: float, **attributes: str) -> Element:
    """Append a line of text, its baseline at ``y``."""
    element = child(parent, "text", x=x, y=digits(y), **attributes)
    element.text = typeface.drawable(text)
    return element


def link(parent: Element, href: str, title: str) -> Element:
    """Append a link that says where it leads."""
    # Material's instant navigation takes a link with a plain `href` for one of HTML.
    element = ET.SubElement(parent, "a", {"xlink:href": href})
    child(element, "title").text = typeface.drawable(title)
    return element


def width_of(text: str) -> float:
    """Return the pixels that a label may need."""
    return typeface.width(typeface.drawable(text), TEXT) * _WIDER


def needs(pixels: float, share: float) -> str | None:
    """Return the class of a label that has ``share`` of a chart's width: it is hidden where it does not fit.

    Returns:
        ``""`` if it fits everywhere, ``None`` if nowhere.
    """
    return next((level for width, level in LEVELS.items() if pixels <= share * width), None)


def percent(share: float) -> str:
    """Write a share of the width.

    >>> percent(1 / 3), percent(0.5)
    ('33.33%', '50%')
    """
    return f"{digits(100 * share, 2)}%"


def digits(value: float, decimals: int = 1) -> str:
    """Write a number with nothing superfluous.

    >>> digits(3.0), digits(2.25), digits(-0.01)
    ('3', '2.2', '0')
    """
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def finished(root: Element) -> str:
    """Write a chart; the same chart always gives the same bytes."""
    return ET.tostring(root, encoding="unicode").replace(" />", "/>")
