"""Models of thousands of layers: each distinct block is drawn once, and every layer can still be found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import LONGEST, VARIANTS, Figure, Renderer, Variant, figure, is_condensed
from keraviz_docs.diagrams.figure import complete
from keraviz_docs.diagrams.pieces import cut
from keraviz_docs.diagrams.svg import progressions

Chain = Callable[[int], Architecture]
TEN_THOUSAND = 1000
"""Residual blocks of about ten layers."""


def numbers_in(drawn: Figure) -> list[int]:
    """All numbers that boxes stand for."""
    return sorted(
        number for box in drawn.boxes for number in (box.numbers or (() if box.number is None else (box.number,)))
    )


def test_up_to_the_limit_every_layer_has_its_box(chain_of_blocks: Chain) -> None:
    architecture = chain_of_blocks(LONGEST // 10 - 1)
    assert not is_condensed(architecture)
    assert figure(architecture) == complete(architecture)


@pytest.mark.parametrize("variant", VARIANTS)
def test_above_the_limit_a_block_is_drawn_once_and_says_so(chain_of_blocks: Chain, variant: Variant) -> None:
    architecture = chain_of_blocks(TEN_THOUSAND)
    assert is_condensed(architecture)
    drawn = figure(architecture, variant)
    assert len(drawn.boxes) < 20
    (frame,) = drawn.clusters
    assert "×1000 · 3–12, 13–22, …, 9993–10002" in frame.label
    assert "Each distinct block is drawn once" in drawn.description


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_number_is_found_in_exactly_one_box(chain_of_blocks: Chain, variant: Variant) -> None:
    architecture = chain_of_blocks(400)
    assert numbers_in(figure(architecture, variant)) == [node.number for node in architecture.nodes]


def test_a_box_knows_which_repetition_a_number_belongs_to(chain_of_blocks: Chain) -> None:
    drawn = figure(chain_of_blocks(TEN_THOUSAND))
    box = next(box for box in drawn.boxes if 137 in box.numbers)
    # The block repeats a convolution with normalisation and activation, twice.
    assert box.number == 4
    assert box.times == (TEN_THOUSAND, 2)
    assert divmod(box.numbers.index(137), 2) == (13, 1)
    assert "also 7, 14, …, 9997" in box.title


def test_repeats_in_repeats_lead_their_arrows_forward(sketch: Any) -> None:
    sketch.add("InputLayer")
    last = 1
    for _ in range(250):
        last = sketch.add("MaxPooling2D", last)
        for _ in range(4):
            last = sketch.add("ReLU", sketch.add("Dense", sketch.add("Dropout", last)))
    sketch.output(last)
    drawn = figure(sketch.finish())
    position = {box.key: index for index, box in enumerate(drawn.boxes)}
    assert all(position[arrow.tail] < position[arrow.head] for arrow in drawn.arrows)
    assert len({(arrow.tail, arrow.head) for arrow in drawn.arrows}) == len(drawn.arrows)


def test_a_block_like_one_before_is_one_box_that_leads_there(sketch: Any) -> None:
    sketch.add("InputLayer")
    last = 1
    for pooling in ("MaxPooling2D", "AveragePooling2D"):
        for _ in range(200):
            entered = last
            for _ in range(3):
                last = sketch.add("ReLU", sketch.add("BatchNormalization", sketch.add("Conv2D", last)))
            last = sketch.add("Add", last, entered)
        last = sketch.add(pooling, last)
    sketch.output(last)
    drawn = figure(sketch.finish())
    (again,) = [box for box in drawn.boxes if box.drawn_as]
    (frame,) = drawn.clusters
    assert again.target == f"{drawn.prefix}-{frame.key}"
    assert any("like 2–11" in line.text for line in again.lines)
    assert again.drawn_as == tuple(range(2, 12))
    assert again.times == (200,)


def test_twice_the_layers_are_as_many_pieces_and_hardly_more_bytes(chain_of_blocks: Chain, tmp_path: Path) -> None:
    sizes = []
    pieces = []
    with Renderer() as renderer:
        for blocks in (TEN_THOUSAND // 2, TEN_THOUSAND):
            architecture = chain_of_blocks(blocks)
            pieces.append(sum(len(cut(figure(architecture, variant))) for variant in VARIANTS))
            sizes.append([len(renderer.svg(figure(architecture, variant))) for variant in VARIANTS])
    assert pieces[0] == pieces[1]
    for once, twice in zip(*sizes, strict=True):
        assert twice < 1.1 * once
        assert twice < 40_000


def test_the_overview_of_ten_thousand_layers_is_small(chain_of_blocks: Chain) -> None:
    with Renderer() as renderer:
        drawn = renderer.model(chain_of_blocks(TEN_THOUSAND), ["svg"])
    assert not drawn.errors
    assert len(drawn.files["overview"]["svg"]) < 40_000
    assert json.loads(drawn.parts) is not None


@pytest.mark.parametrize("found", [[5], [1, 2, 3], [2, 5, 9, 12, 16, 19], [3, 1, 2], [1, 3, 4, 6, 8]])
def test_numbers_can_be_read_back(found: list[int]) -> None:
    assert expanded(progressions(found)) == found


def expanded(text: str) -> list[int]:
    """What the page's script makes of progressions."""
    body, _, again = text.partition("+")
    numbers: list[int] = []
    for part in body.split():
        start, step, count = [*map(int, part.split(":")), 0, 1][:3]
        numbers += [start + step * index for index in range(count)]
    farther, times = map(int, again.split("x")) if again else (0, 1)
    return [number + farther * index for index in range(times) for number in numbers]
