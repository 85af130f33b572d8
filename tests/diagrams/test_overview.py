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
