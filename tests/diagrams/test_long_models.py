"""Long models: cut into pieces that are laid out one by one, and put together without a seam."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import VARIANTS, Renderer, Variant, figure
from keraviz_docs.diagrams.arranging import arrange
from keraviz_docs.diagrams.drawing import Drawing
from keraviz_docs.diagrams.engines import Bundled
from keraviz_docs.diagrams.figure import complete
from keraviz_docs.diagrams.layout import Spacing, geometry, place
from keraviz_docs.diagrams.pieces import LARGEST, SMALLEST, cut
from keraviz_docs.diagrams.shapes import Rect

Chain = Callable[[int], Architecture]


def boxes_of(drawing: Drawing) -> dict[str, Rect]:
    return {placed.box.key: Rect(placed.x, placed.y, placed.box.width, placed.box.height) for placed in drawing.boxes}


def test_a_chain_is_cut_behind_its_residual_blocks(chain_of_blocks: Chain) -> None:
    pieces = cut(figure(chain_of_blocks(20)))
    assert len(pieces) > 5
    for piece in pieces[:-1]:
        assert len(piece.exits) == 1
        assert piece.exit_box is not None
    for before, after in pairwise(pieces):
        assert before.exits == after.entries
        assert before.exit_box == after.entry_box


def test_pieces_hold_every_box_and_every_arrow_once(chain_of_blocks: Chain, several: Architecture) -> None:
    for architecture in (chain_of_blocks(30), several):
        drawn = figure(architecture)
        pieces = cut(drawn)
        assert sorted(box.key for piece in pieces for box in piece.boxes) == sorted(box.key for box in drawn.boxes)
        arrows = [arrow.key for piece in pieces for arrow in (*piece.inner, *piece.entering)]
        assert sorted(arrows) == sorted(arrow.key for arrow in drawn.arrows)


def tangle(sketch: Any, operands: list[list[int]]) -> Architecture:
    """A model in which layer i takes what lies so many layers before it."""
    sketch.add("InputLayer")
    for distances in operands:
        here = len(sketch.nodes) + 1
        sketch.add("Add", *(max(1, here - distance) for distance in distances))
    sketch.output(len(sketch.nodes))
    architecture: Architecture = sketch.finish()
    return architecture


@settings(max_examples=50, deadline=None)
@given(
    operands=st.lists(st.lists(st.integers(1, 60), min_size=1, max_size=3), min_size=1, max_size=700), data=st.data()
)
def test_any_graph_is_cut_into_pieces_of_bounded_size(operands: list[list[int]], data: st.DataObject) -> None:
    sketch_class = data.draw(st.just(_sketch_class()))
    drawn = figure(tangle(sketch_class(), operands))
    pieces = cut(drawn)
    assert sorted(box.key for piece in pieces for box in piece.boxes) == sorted(box.key for box in drawn.boxes)
    assert all(len(piece.boxes) <= LARGEST for piece in pieces)
    assert all(len(piece.boxes) >= SMALLEST for piece in pieces[:-1])
    for before, after in pairwise(pieces):
        assert before.exits == after.entries


def _sketch_class() -> Any:
    import sys

    return next(module.Sketch for name, module in sys.modules.items() if name.endswith("diagrams.conftest"))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("reach", [1, 70])
def test_every_arrow_runs_from_its_box_to_its_box(
    sketch: Any, renderer: Renderer, variant: Variant, reach: int
) -> None:
    architecture = tangle(sketch, [[1, 1 + (index * 7) % reach] for index in range(500)])
    drawing = renderer.draw(figure(architecture, variant))
    boxes = boxes_of(drawing)
    owners: set[tuple[str, int]] = set()
    for placed in drawing.arrows:
        head = boxes[placed.arrow.head]
        assert touches(head, placed.curve[-1])
        if touches(boxes[placed.arrow.tail], placed.curve[0]):
            owners.add((placed.arrow.tail, placed.arrow.tail_port))
    # Of the arrows that carry the same tensor far, one is drawn from its box; the others branch off it.
    assert owners == {(placed.arrow.tail, placed.arrow.tail_port) for placed in drawing.arrows}


def two_input_cells(sketch: Any, cells: int) -> Architecture:
    """Cells that take the outputs of the two cells before them, as in NASNet (arXiv:1707.07012)."""
    before = previous = sketch.add("InputLayer")
    for _ in range(cells):
        left = sketch.add("Conv2D", before)
        right = sketch.add("Conv2D", previous)
        branches = [
            sketch.add("Add", sketch.add("SeparableConv2D", one), sketch.add("AveragePooling2D", other))
            for one, other in ((left, right), (right, right), (left, left), (right, left), (left, right))
        ]
        before, previous = previous, sketch.add("Concatenate", left, *branches)
    sketch.output(previous)
    architecture: Architecture = sketch.finish()
    return architecture


def along(curve: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Sample a curve of cubic Bézier segments."""
    for start in range(0, len(curve) - 1, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve[start : start + 4]
        for step in range(25):
            t = step / 24
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            yield (
                sum(weight * x for weight, x in zip(weights, (ax, bx, cx, dx), strict=True)),
                sum(weight * y for weight, y in zip(weights, (ay, by, cy, dy), strict=True)),
            )


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_arrow_runs_through_a_box(
    sketch: Any, chain_of_blocks: Chain, several: Architecture, renderer: Renderer, variant: Variant
) -> None:
    for architecture in (several, chain_of_blocks(12), two_input_cells(sketch, 16)):
        drawing = renderer.draw(figure(architecture, variant))
        boxes = boxes_of(drawing)
        for placed in drawing.arrows:
            for x, y in along(placed.curve):
                for key, box in boxes.items():
                    # At its own boxes an arrow may graze a rounded corner.
                    inset = 4 if key in (placed.arrow.tail, placed.arrow.head) else 1.5
                    inside = box.x + inset < x < box.right - inset and box.y + inset < y < box.bottom - inset
                    assert not inside, f"{placed.arrow.key} runs through {key}"


def touches(rect: Rect, point: tuple[float, float]) -> bool:
    x, y = point
    on_side = min(abs(x - rect.x), abs(x - rect.right)) < 0.2 and rect.y - 0.2 < y < rect.bottom + 0.2
    on_end = min(abs(y - rect.y), abs(y - rect.bottom)) < 0.2 and rect.x - 0.2 < x < rect.right + 0.2
    return on_side or on_end


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("lines", [1, 4])
def test_no_two_boxes_meet_whatever_the_columns(chain_of_blocks: Chain, variant: Variant, lines: int) -> None:
    drawn = figure(chain_of_blocks(40), variant)
    engine = Bundled()
    try:
        pieces = [
            place(
                piece,
                Spacing(drawn.horizontal, 0.3, 0.36),
                lambda dot: geometry(engine.run(dot, "dot", "json0", 60)),
            )
            for piece in cut(drawn)
        ]
    finally:
        engine.close()
    drawing = arrange(drawn, pieces, lines=lines)
    rects = sorted(boxes_of(drawing).values(), key=lambda rect: rect.y)
    for index, one in enumerate(rects):
        for other in rects[index + 1 :]:
            if other.y >= one.bottom:
                break
            assert not one.overlaps(other)
    assert all(rect.x >= 0 and rect.right <= drawing.width for rect in rects)
    assert all(rect.y >= 0 and rect.bottom <= drawing.height for rect in rects)


def test_a_cluster_over_many_pieces_is_one_frame_around_its_boxes(sketch: Any, renderer: Renderer) -> None:
    backbone = sketch.group("backbone", "Functional")
    sketch.add("InputLayer")
    for index in range(200):
        sketch.add("Conv2D", index + 1, parent=backbone)
    sketch.add("Dense", 201)
    drawing = renderer.draw(figure(sketch.finish()))
    (cluster,) = drawing.clusters
    (frame,) = cluster.frames
    for key, rect in boxes_of(drawing).items():
        inside = key not in ("n1", "n202")
        assert frame.overlaps(rect) == inside
        if inside:
            assert frame.x <= rect.x and rect.right <= frame.right and frame.y <= rect.y and rect.bottom <= frame.bottom


def test_equal_pieces_are_laid_out_once(chain_of_blocks: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    run = Bundled.run

    def counted(self: Bundled, source: str, *rest: Any) -> bytes:
        calls.append(source)
        return run(self, source, *rest)

    monkeypatch.setattr(Bundled, "run", counted)
    with Renderer() as renderer:
        drawn = complete(chain_of_blocks(300))
        renderer.draw(drawn)
    assert len(calls) == len(set(calls))
    assert len(calls) < len(cut(drawn)) / 3


def test_arrows_that_go_in_a_circle_are_drawn_too(renderer: Renderer, several: Architecture) -> None:
    from dataclasses import replace

    from keraviz_docs.diagrams import Arrow

    drawn = figure(several)
    looped = replace(drawn, arrows=(*drawn.arrows, Arrow("e11-4", "n11", "n4")))
    assert "several-tb-e11-4" in renderer.svg(looped)


def test_twice_the_layers_are_twice_as_many_pieces_of_the_same_size(chain_of_blocks: Chain) -> None:
    once, twice = (cut(complete(chain_of_blocks(blocks))) for blocks in (500, 1000))
    assert max(len(piece.boxes) for piece in twice) == max(len(piece.boxes) for piece in once)
    assert len(twice) <= 2 * len(once)
