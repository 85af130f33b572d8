from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import msgspec

from keraviz_docs.architecture import Architecture, Input, Port
from keraviz_docs.diagrams import Renderer, figure
from keraviz_docs.pages.miniature import HEIGHT, WIDTH, miniature


def drawn(architecture: Architecture) -> str:
    with Renderer() as renderer:
        return renderer.svg(figure(architecture, "tb"))


def shapes(picture: str) -> list[ET.Element]:
    return ET.fromstring(picture).findall("path[@class]")  # noqa: S314 - our own


def corners(picture: str) -> list[tuple[float, float]]:
    found = []
    for path in shapes(picture):
        found += [(float(x), float(y)) for x, y in re.findall(r"M(-?[\d.]+) (-?[\d.]+)h", path.get("d", ""))]
    return found


def test_a_miniature_has_a_box_for_each_box_in_its_colour(siamese: Architecture) -> None:
    svg = drawn(siamese)
    picture = miniature(svg)
    assert len(corners(picture)) == svg.count('class="kv-node ')
    classes = {path.get("class") for path in shapes(picture)}
    assert classes == {"kv-input", "kv-dense", "kv-dropout", "kv-merge"}


def test_a_long_chain_is_cut_into_columns_that_fit(siamese: Architecture) -> None:
    link = siamese.nodes[2]
    links = (
        msgspec.structs.replace(link, number=number, path=f"dense_{number}", parent=None, inputs=(Input(number - 1),))
        for number in range(2, 62)
    )
    chain = msgspec.structs.replace(
        siamese,
        nodes=(siamese.nodes[0], *links),
        groups=(),
        inputs=siamese.inputs[:1],
        outputs=(Port("out", (None, 8), "float32", 61),),
    )
    found = corners(miniature(drawn(chain)))
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in found)
    assert len({x for x, _ in found}) > 3


def test_without_boxes_there_is_no_miniature() -> None:
    assert miniature('<svg xmlns="http://www.w3.org/2000/svg"></svg>') == ""
