"""What an overview says about blocks."""

from __future__ import annotations

import pytest

from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import Overview, overview
from tests.folding.test_fold import residual_stage
from tests.folding.test_shortcuts import Weighted


@pytest.fixture
def chain() -> Weighted:
    return Weighted()


def seen(architecture: Architecture) -> Overview:
    found = overview(architecture)
    assert found is not None
    return found


def said(found: Overview) -> dict[str, list[str]]:
    return {box.lines[0].text: [line.text for line in box.lines[1:]] for box in found.figure.boxes}


def frames(found: Overview) -> list[str]:
    return [cluster.label.partition(" · ")[0] for cluster in found.figure.clusters]


def test_a_frame_around_a_single_repeat_is_left_out(chain: Weighted) -> None:
    x = residual_stage(chain, chain.layer("InputLayer"), 2, 3, named=True)
    x = residual_stage(chain, chain.layer("MaxPooling2D", x), 3, 4, named=True)
    found = seen(chain.done(x))
    assert {"conv2_block1 ×3", "conv3_block1 ×4"} <= said(found).keys()
    assert frames(found) == []


def test_a_frame_around_more_than_that_stays(chain: Weighted) -> None:
    x = residual_stage(chain, chain.layer("InputLayer"), 2, 3, named=True)
    x = chain.layer("Conv2D", x, name="conv3_block0_conv", filters=32, shape=(None, 32, 32, 64))
    x = chain.layer("ReLU", x, name="conv3_block0_relu", shape=(None, 32, 32, 64))
    x = residual_stage(chain, x, 3, 4, named=True)
    assert frames(seen(chain.done(x))) == ["conv3"]


def bottlenecks(chain: Weighted, activations: list[str]) -> Architecture:
    """One block for each activation, all of another width, behind a head with an activation of its own."""
    x = chain.layer("Conv2D", chain.layer("InputLayer"), name="stem_conv", filters=16, activation="tanh")
    for index, activation in enumerate(activations, start=1):
        y = x
        for part in ("expand", "project"):
            name = f"block{index}_{part}"
            shape = (None, 64 >> index, 64 >> index, 16)
            y = chain.layer("Conv2D", y, name=f"{name}_conv", kernel_size=[1, 1], filters=8 * index, shape=shape)
            y = chain.layer("BatchNormalization", y, name=f"{name}_bn", shape=shape)
            y = chain.layer("Activation", y, name=f"{name}_activation", activation=activation, shape=shape)
        x = y
    return chain.done(chain.layer("Dense", chain.layer("GlobalAveragePooling2D", x)))


def test_blocks_say_their_activation_where_not_all_have_the_same(chain: Weighted) -> None:
    blocks = said(seen(bottlenecks(chain, ["relu", "relu", "hard_silu"])))
    assert [blocks[f"block{number}"][0] for number in (1, 2, 3)] == [
        "1×1 8 · 1×1 8, relu",
        "1×1 16 · 1×1 16, relu",
        "1×1 24 · 1×1 24, hard_silu",
    ]


def test_an_activation_that_all_blocks_have_is_not_worth_saying(chain: Weighted) -> None:
    blocks = said(seen(bottlenecks(chain, ["relu", "relu", "relu"])))
    assert [blocks[f"block{number}"][0] for number in (1, 2, 3)] == [
        "1×1 8 · 1×1 8",
        "1×1 16 · 1×1 16",
        "1×1 24 · 1×1 24",
    ]
