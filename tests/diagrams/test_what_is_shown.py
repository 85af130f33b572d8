"""What a diagram says about a model."""

from __future__ import annotations

from typing import Any

import pytest

from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import Box, Figure, Variant, figure


def box(drawn: Figure, number: int) -> Box:
    return next(box for box in drawn.boxes if box.key == f"n{number}")


def lines(box: Box) -> list[str]:
    return [line.text for line in box.lines]


def test_a_layer_shows_number_class_activation_name_and_output_shape(several: Architecture) -> None:
    conv = box(figure(several), 3)
    assert conv.badge == "3"
    assert lines(conv) == ["Conv2D · relu", "conv2d_3", "(None, 30, 30, 8)"]


def test_a_linear_activation_is_not_worth_showing(sketch: Any) -> None:
    sketch.add("Dense", sketch.add("InputLayer"), activation="linear")
    assert lines(box(figure(sketch.finish()), 2))[0] == "Dense"


def test_the_numbered_variant_shows_number_and_class_only(several: Architecture) -> None:
    for drawn in figure(several, "numbered").boxes:
        assert [line.role for line in drawn.lines] == ["class"]
    assert lines(box(figure(several, "numbered"), 3)) == ["Conv2D"]


def test_the_clusters_of_the_numbered_variant_have_no_names_either(several: Architecture) -> None:
    assert [cluster.label for cluster in figure(several, "numbered").clusters] == ["Encoder", "Attention"]


def test_the_numbered_variant_is_smaller(several: Architecture) -> None:
    for full, compact in zip(figure(several).boxes, figure(several, "numbered").boxes, strict=True):
        assert compact.height < full.height


@pytest.mark.parametrize("variant", ["tb", "lr", "numbered"])
def test_a_doubled_operand_is_two_arrows(several: Architecture, variant: Variant) -> None:
    arrows = [arrow for arrow in figure(several, variant).arrows if arrow.head == "n8"]
    assert [(arrow.key, arrow.tail, arrow.head_port) for arrow in arrows] == [("e4-8", "n4", 0), ("e4-8-2", "n4", 1)]


def test_the_states_of_an_lstm_leave_by_their_own_doors(several: Architecture) -> None:
    drawn = figure(several)
    assert box(drawn, 7).outputs == ("y", "h", "c")
    assert [arrow.tail_port for arrow in drawn.arrows if arrow.tail == "n7"] == [2, 0, 1]


def test_several_outputs_of_other_layers_are_numbered(sketch: Any) -> None:
    sketch.add("Split", sketch.add("InputLayer"), shapes=((None, 4), (None, 4)))
    assert box(figure(sketch.finish()), 2).outputs == ("0", "1")


def test_operands_enter_in_order(several: Architecture) -> None:
    operands = [arrow.head_port for arrow in figure(several).arrows if arrow.head == "n10"]
    assert operands == [0, 1, 2, 3, 4]


def test_inferred_edges_are_told_apart(several: Architecture) -> None:
    assert [arrow.key for arrow in figure(several).arrows if arrow.inferred] == ["e8-9"]


def test_inputs_and_outputs_of_the_model_are_told_apart(several: Architecture) -> None:
    drawn = figure(several)
    assert [box.key for box in drawn.boxes if box.model_input] == ["n1", "n2"]
    outputs = [box for box in drawn.boxes if box.model_output]
    assert [lines(box)[:2] for box in outputs] == [["Output", "score"], ["Output", "features"]]


def test_composite_layers_are_clusters_within_clusters(several: Architecture) -> None:
    drawn = figure(several)
    assert [(cluster.key, cluster.label, cluster.parent) for cluster in drawn.clusters] == [
        ("c1", "encoder · Encoder", None),
        ("c2", "encoder/attention · Attention", "c1"),
    ]
    assert box(drawn, 5).cluster == "c2"


def test_closed_groups_are_one_box_each(several: Architecture) -> None:
    drawn = figure(several, depth=0)
    assert not drawn.clusters
    (encoder,) = (box for box in drawn.boxes if box.closed)
    assert encoder.badge == "3–5, 8"
    assert lines(encoder) == ["Encoder", "encoder", "(None, 8), (None, 8)", "4 layers, 0 parameters"]
    assert [arrow.key for arrow in drawn.arrows if arrow.head == encoder.key] == ["e1-g1"]


def test_depth_one_opens_the_outer_groups(several: Architecture) -> None:
    drawn = figure(several, depth=1)
    assert [cluster.key for cluster in drawn.clusters] == ["c1"]
    (attention,) = (box for box in drawn.boxes if box.closed)
    assert (attention.badge, attention.cluster) == ("5", "c1")


def test_a_shared_layer_says_whose_weights_it_has(sketch: Any) -> None:
    first = sketch.add("Dense", sketch.add("InputLayer"), name="tower")
    sketch.add("Dense", first, name="tower", call=2, shared=first)
    assert "call 2 of layer 2, whose weights it shares" in box(figure(sketch.finish()), 3).title


def test_families_come_from_class_and_module(several: Architecture) -> None:
    families = {number: box(figure(several), number).family.key for number in range(1, 12)}
    assert families == {
        1: "input", 2: "input", 3: "conv", 4: "pool", 5: "dense", 6: "embedding", 7: "recurrent", 8: "merge",
        9: "custom", 10: "merge", 11: "dense",
    }  # fmt: skip


def test_the_legend_lists_the_families_that_occur(several: Architecture) -> None:
    assert [family.key for family in figure(several).legend] == [
        "input", "conv", "dense", "recurrent", "embedding", "pool", "merge", "custom",
    ]  # fmt: skip


def test_an_unknown_rank_is_shown_as_unknown(sketch: Any) -> None:
    sketch.add("InputLayer", shapes=(None,))
    assert lines(box(figure(sketch.finish()), 1))[-1] == "(?)"
