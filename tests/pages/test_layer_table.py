from __future__ import annotations

import msgspec

from keraviz_docs.architecture import Architecture, Input, Source, Tensor
from keraviz_docs.cost import costs_of
from keraviz_docs.pages.layer_table import GroupRow, NodeRow, Row, details, rows


def nowhere(_: Source) -> str | None:
    return None


def tabulated(architecture: Architecture) -> tuple[Row, ...]:
    return rows(architecture, nowhere, costs_of(architecture))


def somewhere(source: Source) -> str | None:
    return f"https://example.org/{source.file}#L{source.line}"


def test_rows_are_in_order_and_groups_are_headed_where_they_are_entered(siamese: Architecture) -> None:
    found = [row.number if isinstance(row, NodeRow) else row.path for row in tabulated(siamese)]
    assert found == [1, 2, "encoder", 3, 4, "encoder@2", 5, 6, 7]


def test_a_group_says_its_layers_and_parameters_and_shared_weights_count_in_each(siamese: Architecture) -> None:
    first, second = (row for row in tabulated(siamese) if isinstance(row, GroupRow))
    assert (first.layers, first.parameters) == (2, 72)
    assert (second.layers, second.parameters) == (2, 72)


def test_a_layer_called_twice_in_one_group_counts_once(siamese: Architecture) -> None:
    nodes = tuple(
        msgspec.structs.replace(node, parent="encoder") if node.parent == "encoder@2" else node
        for node in siamese.nodes
    )
    row = next(row for row in tabulated(msgspec.structs.replace(siamese, nodes=nodes)) if isinstance(row, GroupRow))
    assert row.parameters == 72


def test_a_group_that_is_entered_again_is_marked_as_continued(siamese: Architecture) -> None:
    nodes = (
        *siamese.nodes[:4],
        msgspec.structs.replace(siamese.nodes[4], parent=None),
        msgspec.structs.replace(siamese.nodes[5], parent="encoder"),
        siamese.nodes[6],
    )
    found = [row for row in tabulated(msgspec.structs.replace(siamese, nodes=nodes)) if isinstance(row, GroupRow)]
    assert [(row.path, row.continued) for row in found] == [("encoder", False), ("encoder", True)]


def test_a_row_links_its_operands_and_its_class(siamese: Architecture) -> None:
    *_, score = rows(siamese, somewhere, costs_of(siamese))
    assert isinstance(score, NodeRow)
    assert [operand.number for operand in score.operands] == [4, 6]
    assert score.href == "https://example.org/zoo/towers.py#L12"
    dense = next(row for row in tabulated(siamese) if isinstance(row, NodeRow) and row.number == 3)
    assert dense.href == "https://keras.io/api/layers/core_layers/dense/"


def test_an_operand_of_a_layer_with_several_outputs_says_which(siamese: Architecture) -> None:
    two = (Tensor((None, 8), "float32"), Tensor((None, 4), "int32"))
    nodes = (
        *siamese.nodes[:3],
        msgspec.structs.replace(siamese.nodes[3], outputs=two),
        *siamese.nodes[4:6],
        msgspec.structs.replace(siamese.nodes[6], inputs=(Input(4, 1), Input(6, inferred=True))),
    )
    *_, score = tabulated(msgspec.structs.replace(siamese, nodes=nodes))
    assert isinstance(score, NodeRow)
    assert [(operand.output, operand.inferred) for operand in score.operands] == [(1, False), (None, True)]


def test_details_tell_set_settings_apart_from_unset_ones(siamese: Architecture) -> None:
    dense = list(details(siamese, nowhere))[2]
    assert dense.settings == (("units", "8"), ("use_bias", "true"))
    assert dense.unset == ("kernel_regularizer",)
    assert [weight.name for weight in dense.weights] == ["kernel", "bias"]


def test_groups_add_up_what_their_layers_multiply(siamese: Architecture) -> None:
    first, second = (row for row in tabulated(siamese) if isinstance(row, GroupRow))
    assert (first.macs, second.macs) == ("64", "64")


def test_the_sum_of_a_group_is_a_lower_bound_when_a_layer_in_it_is_unknown(siamese: Architecture) -> None:
    strange = msgspec.structs.replace(siamese.nodes[3], class_name="Strange", module="zoo.layers", weights=())
    nodes = (*siamese.nodes[:3], strange, *siamese.nodes[4:])
    first = next(row for row in tabulated(msgspec.structs.replace(siamese, nodes=nodes)) if isinstance(row, GroupRow))
    assert first.macs == "≥ 64"
