"""What a page gets to show, and the rules that zoos register."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import pytest

from keraviz_docs.architecture import Architecture, Group, from_json, to_json
from keraviz_docs.cost import Call, costs_of, elements, register, with_costs
from keraviz_docs.cost import rules as registry
from keraviz_docs.errors import UserError
from keraviz_docs.reading.graph import architecture_of

Make = Callable[..., Any]
layers = keras.layers


@pytest.fixture
def forgetting() -> Iterator[None]:
    """Leave no rule behind."""
    before = dict(registry._REGISTERED)
    yield
    registry._REGISTERED.clear()
    registry._REGISTERED.update(before)


def small() -> Architecture:
    inputs = keras.Input((8, 8, 3))
    inner_input = keras.Input((8, 8, 3))
    inner = keras.Model(inner_input, layers.ReLU()(layers.Conv2D(4, 3)(inner_input)), name="stem")
    hidden = layers.GlobalAveragePooling2D()(inner(inputs))
    return architecture_of(keras.Model(inputs, layers.Dense(5)(hidden)), id="small", builder="zoo:small")


def test_figures_add_up_over_groups_and_nodes() -> None:
    costs = costs_of(small())
    convolution, dense = 6 * 6 * 4 * 27, 4 * 5
    stem = costs.groups["stem"]
    assert stem.macs.known == convolution
    assert stem.parameters == 27 * 4 + 4
    assert stem.weight_bytes == 4 * stem.parameters
    assert stem.activation_bytes == 2 * 6 * 6 * 4 * 4
    assert costs.total.macs.known == convolution + dense == sum(share.macs.known or 0 for share in costs.nodes)
    assert costs.flops == 2 * (convolution + dense)


def test_element_wise_work_is_counted_apart() -> None:
    costs = costs_of(small())
    bias, relu, mean, dense_bias = 6 * 6 * 4, 6 * 6 * 4, 6 * 6 * 4, 5
    assert costs.total.elementwise.known == bias + relu + mean + dense_bias
    assert costs.total.elementwise.unknown == ()


def test_counting_twice_changes_nothing() -> None:
    once = with_costs(small())
    assert to_json(with_costs(once)) == to_json(once)
    assert from_json(to_json(once)) == once


def test_a_shared_layer_is_stored_once_and_computed_twice() -> None:
    one, two = keras.Input((10,)), keras.Input((10,))
    shared = layers.Dense(4)
    model = keras.Model([one, two], layers.Add()([shared(one), shared(two)]))
    costs = costs_of(architecture_of(model, id="m", builder="zoo:m"))
    assert costs.total.macs.known == 2 * 40
    assert costs.total.parameters == 44


def test_a_total_without_an_unknown_part_is_a_lower_bound(leaf: Make, entry: Make, model_of: Make) -> None:
    architecture = model_of(
        entry(1, (None, 8)),
        leaf(2, "Dense", (None, 4), inputs=[1], config={"use_bias": False}),
        leaf(3, "Riddle", (None, 4), inputs=[2], module="zoo.layers"),
    )
    total = costs_of(architecture).total
    assert total.macs.known == 32
    assert total.macs.unknown == ("riddle_3",)


def test_a_manifests_inputs_give_a_model_of_open_size_its_cost() -> None:
    inputs = keras.Input((None, None, 3), name="image")
    model = keras.Model(inputs, layers.Conv2D(4, 3, padding="same")(inputs))
    architecture = architecture_of(model, id="m", builder="zoo:m")
    assert with_costs(architecture).totals.macs is None
    for given in ({"shape": [16, 16, 3]}, {"image": {"shape": [16, 16, 3]}}, [{"shape": [16, 16, 3]}]):
        counted = with_costs(architecture, given)
        assert counted.totals.macs == 16 * 16 * 27 * 4
        assert counted.nodes[-1].outputs == architecture.nodes[-1].outputs, "the drawing still says that sizes are open"
    assert with_costs(architecture, {"shape": [7]}).totals.macs is None, "does not fit"


def test_a_registered_rule_counts_a_custom_layer(forgetting: None, leaf: Make, entry: Make, model_of: Make) -> None:
    def low_rank(call: Call) -> int:
        return int(call.config["rank"]) * (call.inputs[0].shape[-1] + elements(call.outputs[0]))

    architecture = model_of(
        entry(1, (None, 8)), leaf(2, "LowRank", (None, 4), inputs=[1], module="zoo.layers", config={"rank": 3})
    )
    register("zoo.layers:LowRank", low_rank)
    counted = with_costs(architecture)
    assert counted.totals.macs == 3 * (8 + 4)
    assert counted.totals.macs_unknown == ()


def test_a_figure_survives_where_its_rule_is_not_registered(
    forgetting: None, leaf: Make, entry: Make, model_of: Make
) -> None:
    architecture = model_of(entry(1, (None, 8)), leaf(2, "LowRank", (None, 4), inputs=[1], module="zoo.layers"))
    register("zoo.layers:LowRank", lambda _: 99)
    counted = with_costs(architecture)
    registry._REGISTERED.clear()
    assert with_costs(counted).totals.macs == 99


def test_a_class_is_registered_by_itself(forgetting: None) -> None:
    class Doubling(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x + x

    inputs = keras.Input((6,))
    model = keras.Model(inputs, Doubling()(inputs))
    register(Doubling, lambda _: 7)
    assert with_costs(architecture_of(model, id="m", builder="zoo:m")).totals.macs == 7


def test_a_registered_rule_comes_before_ours(forgetting: None) -> None:
    register("keras.layers:Dense", lambda _: 1)
    assert with_costs(small()).totals.macs == 6 * 6 * 4 * 27 + 1


def test_a_rule_is_not_asked_about_unknown_sizes(forgetting: None, leaf: Make, entry: Make, model_of: Make) -> None:
    architecture = model_of(entry(1, (None, None)), leaf(2, "Odd", (None, None), inputs=[1], module="zoo.layers"))
    register("zoo.layers:Odd", lambda call: call.inputs[0].shape[1] ** 2)
    assert with_costs(architecture).totals.macs_unknown == ("odd_2",)


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (lambda call: call.config["missing"], "raised KeyError"),
        (lambda _: 1.5, r"returned 1\.5"),
        (lambda _: -1, "returned -1"),
        (lambda _: True, "returned True"),
    ],
)
def test_a_rule_that_fails_is_its_authors_to_mend(
    forgetting: None, leaf: Make, entry: Make, model_of: Make, rule: Any, complaint: str
) -> None:
    architecture = model_of(entry(1, (None, 8)), leaf(2, "Odd", (None, 4), inputs=[1], module="zoo.layers"))
    register("zoo.layers:Odd", rule)
    with pytest.raises(UserError, match=complaint) as raised:
        with_costs(architecture)
    assert "odd_2" in str(raised.value)
    assert "zoo.layers:Odd" in str(raised.value)


def test_a_rule_needs_a_module_and_a_class() -> None:
    with pytest.raises(ValueError, match=r"package\.module:Class"):
        register("LowRank", lambda _: 1)


def test_a_group_without_nodes_costs_nothing(entry: Make, model_of: Make) -> None:
    empty = Group(path="empty", name="empty", class_name="Block", module="zoo", kind="layer")
    assert costs_of(model_of(entry(1, (None, 8)), groups=(empty,))).groups["empty"].macs.known == 0
