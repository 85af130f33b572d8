"""Layers are recognised whatever they are called, wherever they stand, and in time."""

from __future__ import annotations

import itertools

import pytest

from keraviz_docs.architecture import Architecture
from keraviz_docs.review.alignment import Bonus, align
from keraviz_docs.review.comparison import compare
from keraviz_docs.review.matching import match
from tests.review.sketches import sketch


def chain(layers: list[str]) -> Architecture:
    return sketch("x: InputLayer -> ?x8\n" + "\n".join(layers) + "\ny: Dense units=4 -> ?x4; 36 parameters")


def stages(count: int) -> list[str]:
    kinds = ("Dense units=8 -> ?x8; 72 parameters", "BatchNormalization -> ?x8; 32 parameters", "ReLU -> ?x8")
    return [kinds[number % 3] for number in range(count)]


def test_a_named_layer_wins_over_an_equal_neighbour() -> None:
    base = chain([f"fc{number}: Dense units=8 -> ?x8; 72 parameters" for number in (1, 2, 3, 4)])
    head = chain([f"fc{number}: Dense units=8 -> ?x8; 72 parameters" for number in (1, 3, 4)])
    assert [change.explain() for change in compare(base, head).own_changes] == ["− #3 fc2 Dense: removed (units 8)"]


def test_names_that_were_numbered_anew_mislead_nobody() -> None:
    base = chain([f"fc{number}: Dense units={8 + number} -> ?x{8 + number}" for number in (1, 2, 3, 4)])
    head = chain(
        [f"fc{place}: Dense units={8 + number} -> ?x{8 + number}" for place, number in ((1, 1), (2, 3), (3, 4))]
    )
    told = [change.explain() for change in compare(base, head).own_changes]
    assert "− #3 fc2 Dense: removed (units 10)" in told
    assert not any("~" in line for line in told)


def test_doubled_widths_do_not_make_a_stage_look_like_the_next() -> None:
    def pyramid(factor: int) -> Architecture:
        layers = []
        for size, width in ((32, 64), (16, 128), (8, 256)):
            shape = f"?x{size}x{size}x{width * factor}"
            layers += [f"Conv2D filters={width * factor} kernel_size=[3,3] padding=same -> {shape}", f"ReLU -> {shape}"]
        return chain(layers)

    base, head = pyramid(1), pyramid(2)
    assert match(base, head).nodes == {number: number for number in range(1, 9)}


def test_parallel_branches_that_begin_alike_are_told_apart_by_how_they_end() -> None:
    def branches(order: str) -> Architecture:
        return sketch(
            """
            x: InputLayer -> ?x8
            *a: Dense units=8 -> ?x8; 72 parameters
            *b: Dense(x) units=8 -> ?x8; 72 parameters
            *c: ReLU -> ?x8
            y: Concatenate(ORDER) -> ?x16
            """.replace("ORDER", order)
        )

    (change,) = compare(branches("*a, *c"), branches("*c, *a")).changes
    assert (change.kind, change.class_name, change.settings["order"]) == ("rewired", "Concatenate", ([1, 2], [2, 1]))


def test_the_alignment_takes_the_greatest_similarity_in_order() -> None:
    similarity = [[3.0, 1.0, 0.0], [1.0, 3.0, 0.0], [0.0, 0.0, 2.0]]
    assert align(similarity, [0, 1, 2], [1, 0, 2], []) in ([(0, 1), (2, 2)], [(1, 0), (2, 2)])
    favour = [Bonus([1, 2, 3], [4, 1, 5], 0.5)]
    assert align(similarity, [0, 1, 2], [1, 0, 2], favour) == [(0, 1), (2, 2)]
    assert align(similarity, [], [1], []) == []


def test_a_divided_table_gives_an_alignment_as_good(monkeypatch: pytest.MonkeyPatch) -> None:
    base, head = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0] * 4, [0, 2, 0, 1, 2, 2, 0, 1, 0] * 4
    similarity = [[2.0 if i == j else 0.0 for j in range(3)] for i in range(3)]
    whole = align(similarity, base, head, [])
    monkeypatch.setattr("keraviz_docs.review.alignment.CELLS", 50)
    divided = align(similarity, base, head, [])
    assert len(divided) == len(whole)
    assert all(i < k and j < m for (i, j), (k, m) in itertools.pairwise(divided))
    assert all(base[i] == head[j] for i, j in divided)


def test_five_thousand_layers_are_compared_whole() -> None:
    """An edit near the input and one near the output leave everything between them to the alignment."""
    layers = stages(5_000)
    edited = ["Dropout rate=0.5 -> ?x8", *layers[:4_990], "Dropout rate=0.1 -> ?x8", *layers[4_990:]]
    comparison = compare(chain(layers), chain(edited))
    assert sorted(change.kind for change in comparison.own_changes) == ["added", "added"]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")
def test_known_edits_of_real_models_are_told_exactly() -> None:
    from benchmarks.review_matching import results, score

    found = list(results(1, seed=11, applications=("MobileNetV2",)))
    f1, exact = score(found)
    assert len(found) > 50
    assert f1 >= 0.99
    assert exact >= 0.97
