"""What is counted along the depth of a model, and where."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from hypothesis import given, settings

from keraviz_docs.architecture import Architecture, Group
from keraviz_docs.charts import DepthSeries, depth_series
from keraviz_docs.charts.positions import MOST, positions
from keraviz_docs.cost import costs_of
from keraviz_docs.folding import fold
from tests.charts.conftest import Chain, architectures, model_of, series_of


@given(architectures())
@settings(deadline=None)
def test_every_node_belongs_to_exactly_one_position(architecture: Architecture) -> None:
    for most in (1, 5, MOST):
        found = positions(architecture, fold(architecture), most)
        assert sorted(number for position in found for number in position.numbers) == [
            node.number for node in architecture.nodes
        ]
        assert len(found) <= most
        assert [position.numbers[0] for position in found] == sorted(position.numbers[0] for position in found)


@given(architectures())
@settings(deadline=None)
def test_the_figures_of_all_positions_add_up_to_those_of_the_model(architecture: Architecture) -> None:
    costs = costs_of(architecture)
    series = depth_series(architecture, costs, most=6)
    if series is not None:
        assert sum(mark.parameters for mark in series.marks) == costs.total.parameters
        assert sum(mark.macs.known or 0 for mark in series.marks) == (costs.total.macs.known or 0)
        unknown = [path for mark in series.marks for path in mark.macs.unknown]
        assert sorted(unknown) == sorted(costs.total.macs.unknown)


def test_a_normalisation_and_an_activation_belong_to_the_layer_before_them() -> None:
    chain = Chain()
    for _ in range(4):
        chain.layer("Conv2D", parameters=1000)
        chain.layer("BatchNormalization", parameters=64, macs=0)
        chain.layer("ReLU", macs=0)
    assert [(mark.first, mark.last, mark.parameters) for mark in series_of(chain.model()).marks] == [
        (1, 4, 1064),  # the input stands with the first layer
        (5, 7, 1064),
        (8, 10, 1064),
        (11, 13, 1064),
    ]


def test_a_long_model_is_counted_by_blocks() -> None:
    chain = Chain()
    for block in range(60):
        entered = chain.last
        for part in range(6):
            chain.layer(name=f"stage_block{block}_part{part}", parameters=10)
        chain.layer("Add", entered, chain.last, name=f"stage_block{block}_add", macs=0)
    marks = series_of(chain.model()).marks
    assert len(marks) == 60
    assert {mark.parameters for mark in marks} == {60}
    assert [mark.last for mark in marks] == [1 + 7 * block for block in range(1, 61)]


def test_layers_of_a_block_that_is_left_and_entered_again_are_counted() -> None:
    chain = Chain()
    for parent in ("block", None, "block", None, None):
        chain.layer(parent=parent, parameters=1)
    block = Group(path="block", name="block", class_name="Block", module="zoo", kind="layer")
    assert sum(mark.parameters for mark in series_of(model_of(chain.nodes, [block])).marks) == 5


def test_a_model_of_three_layers_has_no_chart() -> None:
    chain = Chain()
    for _ in range(3):
        chain.layer()
    assert depth_series(chain.model(), costs_of(chain.model())) is None


def test_what_is_unknown_is_not_zero() -> None:
    chain = Chain()
    for macs in (10, None, 0, 10):
        chain.layer(macs=macs, parameters=1)
    marks = series_of(chain.model()).marks
    assert [(mark.macs.known, bool(mark.macs.unknown)) for mark in marks] == [
        (10, False),
        (None, True),
        (0, False),
        (10, False),
    ]


def test_resolution_and_width_of_a_published_network(real_series: Callable[[str], DepthSeries]) -> None:
    assert sizes(real_series("resnet50")) == [(56, 56), (28, 28), (14, 14), (7, 7), None]
    assert widths(real_series("resnet50")) == [64, 256, 512, 1024, 2048, 1000]
    assert widths(real_series("mobilenetv2"))[-8:] == [384, 96, 576, 160, 960, 320, 1280, 1000]


def test_a_network_that_goes_down_and_up_again(real_series: Callable[[str], DepthSeries]) -> None:
    lengths = [128, 64, 32, 16, 8, 16, 32, 64, 128]
    assert sizes(real_series("unet")) == [(length, length) for length in lengths]
    assert widths(real_series("unet")) == [32, 64, 128, 256, 512, 256, 128, 64, 32, 3]


def test_a_transformer_has_a_length_and_the_width_of_its_residual_stream(
    real_series: Callable[[str], DepthSeries],
) -> None:
    assert sizes(real_series("vision-transformer")) == [(196,), (197,), None]  # the class token is added
    assert widths(real_series("vision-transformer")) == [192, 1000]


def test_a_length_that_is_not_known_is_kept_apart_from_no_length() -> None:
    text = Chain(shape=(None, None, 16))
    for _ in range(5):
        text.layer(shape=(None, None, 16))
    assert sizes(series_of(text.model())) == [(None,)]
    dense = Chain(shape=(None, 8))
    for _ in range(5):
        dense.layer(shape=(None, 32))
    assert sizes(series_of(dense.model())) == [None]
    assert widths(series_of(dense.model())) == [32]


def test_stages_are_called_what_tells_them_apart(real_series: Callable[[str], DepthSeries]) -> None:
    assert [stage.title for stage in real_series("resnet50").stages] == ["conv1", "conv2", "conv3", "conv4", "conv5"]
    titles = [stage.title for stage in real_series("tiny-language-model").stages]
    assert titles == ["embedding", "block1", "block2", "block3", "block4"]


@given(architectures())
@settings(deadline=None)
def test_stages_lie_side_by_side(architecture: Architecture) -> None:
    series = depth_series(architecture, costs_of(architecture))
    if series is not None:
        ends = [0, *(stage.end for stage in series.stages)]
        assert all(before <= stage.begin < stage.end for before, stage in zip(ends, series.stages, strict=False))
        assert ends[-1] <= len(series.marks)


def sizes(series: DepthSeries) -> list[tuple[int | None, ...] | None]:
    return [size for size, _ in groupby(mark.size for mark in series.marks)]


def widths(series: DepthSeries) -> list[int | None]:
    return [width for width, _ in groupby(mark.width for mark in series.marks)]
