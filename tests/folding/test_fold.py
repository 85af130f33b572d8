"""What folding promises for any graph, and what it finds in typical ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, given, settings
from msgspec import structs

from keraviz_docs.architecture import Architecture, Group, Input, ModelIdentity, Node, Port, Tensor, Totals, validate
from keraviz_docs.folding import Block, blocks, consumers, fold, level_of, numbers, opened


class Chain:
    """Writes an architecture node by node; `layer` returns the number of the node it adds."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def layer(
        self,
        class_name: str,
        *sources: int,
        name: str | None = None,
        shape: Sequence[int | None] = (None, 8, 8, 16),
        **config: Any,
    ) -> int:
        number = len(self.nodes) + 1
        self.nodes.append(
            Node(
                number=number,
                path=f"n{number}",
                name=name or f"{class_name.lower()}_{number}",
                kind="input" if class_name == "InputLayer" else "layer",
                class_name=class_name,
                module="keras.layers",
                inputs=tuple(Input(source) for source in sources),
                outputs=(Tensor(tuple(shape), "float32"),),
                config=config,
                explicit_name=name is not None,
            )
        )
        return number

    def done(self, *outputs: int) -> Architecture:
        architecture = Architecture(
            id="model",
            builder="zoo:model",
            model=ModelIdentity("model", "Functional", "keras"),
            keras="3",
            detail="exact",
            inputs=(),
            outputs=tuple(Port(f"out{number}", (None, 1), "float32", number) for number in outputs),
            totals=Totals(layers=len(self.nodes), parameters=0, trainable=0, non_trainable=0, weight_bytes=0),
            nodes=tuple(self.nodes),
        )
        validate(architecture)
        return architecture


@pytest.fixture
def chain() -> Chain:
    return Chain()


EXAMPLES = settings(max_examples=40, deadline=None, phases=set(Phase) - {Phase.shrink, Phase.explain})
"""Without shrinking: a graph that breaks a promise is small enough to read as it is."""


@st.composite
def graphs(draw: st.DrawFn) -> Architecture:
    """Any acyclic graph, with names that now and then share prefixes."""
    chain = Chain()
    chain.layer("InputLayer")
    names = st.none() | st.from_regex(r"[ab][0-9]?(_[cd][0-9]?){0,2}", fullmatch=True)
    for number in range(2, draw(st.integers(2, 90))):
        sources = draw(st.lists(st.integers(max(1, number - 12), number - 1), min_size=1, max_size=3))
        name = draw(names)
        chain.layer(
            draw(st.sampled_from(["Conv2D", "ReLU", "Add", "BatchNormalization"])),
            *sources,
            name=None if name is None else f"{name}_{number}" if draw(st.booleans()) else name,
            filters=draw(st.sampled_from([8, 16])),
        )
    return chain.done(len(chain.nodes))


@given(graphs())
@EXAMPLES
def test_every_node_is_in_exactly_one_place(architecture: Architecture) -> None:
    assert sorted(numbers(fold(architecture))) == [node.number for node in architecture.nodes]


@given(graphs(), st.data())
@EXAMPLES
def test_nodes_stay_however_groups_share_them(architecture: Architecture, data: st.DataObject) -> None:
    """Data may leave a group and enter it again, and a group may hold nothing but empty ones."""
    paths = ["a", "a/b", "a/b/c", "d"]
    groups = tuple(
        Group(
            path=path, name=path, class_name="Part", module="zoo", kind="layer", parent=path.rpartition("/")[0] or None
        )
        for path in paths
    )
    parents = st.sampled_from([None, *data.draw(st.lists(st.sampled_from(paths), unique=True))])
    nodes = tuple(structs.replace(node, parent=data.draw(parents)) for node in architecture.nodes)
    root = fold(structs.replace(architecture, groups=groups, nodes=nodes))
    assert sorted(numbers(root)) == [node.number for node in nodes]


@given(graphs(), st.integers(10, 60))
@EXAMPLES
def test_no_level_has_more_boxes_than_allowed(architecture: Architecture, limit: int) -> None:
    for block in blocks(fold(architecture, limit)):
        assert block.kind == "repeat" or len(block.items) <= limit


@given(graphs())
@EXAMPLES
def test_edges_of_a_level_lead_forward(architecture: Architecture) -> None:
    taken = consumers(architecture)
    for block in blocks(fold(architecture)):
        for edge in level_of(architecture, block.items, taken).edges:
            if edge.source is not None and edge.target is not None:
                assert edge.source < edge.target


@given(graphs())
@EXAMPLES
def test_ids_are_unique_and_the_result_is_repeatable(architecture: Architecture) -> None:
    root = fold(architecture)
    ids = [block.id for block in blocks(root)]
    assert len(set(ids)) == len(ids)
    assert fold(architecture) == root


def residual_stage(chain: Chain, x: int, stage: int, count: int, named: bool) -> int:
    """Blocks of two convolutions and a shortcut; every stage has half the resolution of the one before."""
    shape = (None, 256 >> stage, 256 >> stage, 64)
    for index in range(1, count + 1):
        prefix = f"conv{stage}_block{index}"
        y = x
        for part in (1, 2):
            y = chain.layer("Conv2D", y, name=f"{prefix}_{part}_conv" if named else None, shape=shape, filters=64)
            y = chain.layer("BatchNormalization", y, name=f"{prefix}_{part}_bn" if named else None, shape=shape)
            y = chain.layer("ReLU", y, name=f"{prefix}_{part}_relu" if named else None, shape=shape)
        x = chain.layer("Add", x, y, name=f"{prefix}_add" if named else None, shape=shape)
    return x


def summary(block: Block) -> list[str]:
    return [f"{item.title} ×{item.count}" for item in block.items if isinstance(item, Block)]


def test_blocks_that_names_tell_are_found_and_equal_ones_are_repeats(chain: Chain) -> None:
    x = chain.layer("InputLayer")
    for stage, count in ((2, 3), (3, 4)):
        x = chain.layer("MaxPooling2D", x)
        x = residual_stage(chain, x, stage, count, named=True)
    root = fold(chain.done(x))
    stages = [item for item in root.items if isinstance(item, Block)]
    assert [stage.title for stage in stages] == ["conv2", "conv3"]
    assert [summary(stage) for stage in stages] == [["conv2_block1 ×3"], ["conv3_block1 ×4"]]


def test_blocks_that_names_end_with_are_found(chain: Chain) -> None:
    x = chain.layer("InputLayer")
    for index in range(8):
        for part in ("conv_1", "bn_1", "conv_2", "bn_2"):
            x = chain.layer("Conv2D" if "conv" in part else "BatchNormalization", x, name=f"{part}_cell_{index}")
        x = chain.layer("ReLU", x)
    assert summary(fold(chain.done(x))) == ["cell_0 ×8"]


def test_an_addition_without_a_name_belongs_to_the_block_that_it_ends(chain: Chain) -> None:
    x = chain.layer("InputLayer")
    for index in range(1, 9):
        y = x
        for part in ("a", "b", "c"):
            y = chain.layer("Conv2D", y, name=f"block{index}_{part}")
        x = chain.layer("Add", x, y)
    root = fold(chain.done(x))
    assert summary(root) == ["block1 ×8"]
    assert not [item for item in root.items if item == x]


def test_blocks_are_found_without_any_names(chain: Chain) -> None:
    x = residual_stage(chain, chain.layer("InputLayer"), 2, 12, named=False)
    root = fold(chain.done(x))
    assert [item.count for item in root.items if isinstance(item, Block)] == [12]


def test_a_repeat_says_what_varies(chain: Chain) -> None:
    x = chain.layer("InputLayer")
    for index in range(1, 9):
        for part in ("a", "b", "c"):
            x = chain.layer("Conv2D", x, name=f"block{index}_{part}", filters=16 * index)
    root = fold(chain.done(x))
    (repeat,) = [item for item in root.items if isinstance(item, Block)]
    assert repeat.count == 8
    assert [(v.layer, v.setting, v.values) for v in repeat.variations] == [
        (f"block1_{part}", "filters", tuple(16 * index for index in range(1, 9))) for part in ("a", "b", "c")
    ]


def test_blocks_at_another_resolution_are_no_repeat(chain: Chain) -> None:
    x = chain.layer("InputLayer")
    for index in range(1, 9):
        for part in ("a", "b", "c"):
            side = 64 if index <= 4 else 32
            x = chain.layer("Conv2D", x, name=f"block{index}_{part}", shape=(None, side, side, 8))
    assert summary(fold(chain.done(x))) == ["block1 ×4", "block5 ×4"]


def test_cells_that_look_two_steps_back_are_found(chain: Chain) -> None:
    before = last = chain.layer("InputLayer")
    for _ in range(10):
        left = chain.layer("SeparableConv2D", chain.layer("ReLU", last))
        right = chain.layer("SeparableConv2D", chain.layer("ReLU", before))
        pooled = chain.layer("AveragePooling2D", last)
        first, second = chain.layer("Add", left, right), chain.layer("Add", pooled, before)
        before, last = last, chain.layer("Concatenate", first, second)
    root = fold(chain.done(last), limit=30)
    assert max(item.count for item in root.items if isinstance(item, Block)) >= 8


def test_a_mask_that_every_block_takes_hides_no_repeat(chain: Chain) -> None:
    x, mask = chain.layer("InputLayer"), chain.layer("InputLayer")
    for _ in range(30):
        y = chain.layer("Attention", x, mask)
        y = chain.layer("Dropout", y)
        x = chain.layer("Add", x, y)
    root = fold(chain.done(x))
    assert [item.count for item in root.items if isinstance(item, Block)] == [30]


def test_a_small_model_is_left_as_it_is(chain: Chain) -> None:
    x = chain.layer("InputLayer")
    for _ in range(10):
        x = chain.layer("Dense", x, units=4)
    assert all(isinstance(item, int) for item in fold(chain.done(x)).items)


@pytest.mark.parametrize("boxes", [20, 60])
def test_an_overview_opens_stages_but_not_blocks_of_single_layers(chain: Chain, boxes: int) -> None:
    x = chain.layer("InputLayer")
    for stage in (2, 3, 4):
        x = chain.layer("MaxPooling2D", x)
        x = residual_stage(chain, x, stage, 3, named=True)
    root = fold(chain.done(x))
    inside = {block.title for block in blocks(root) if block.id in opened(root, boxes)}
    assert {"conv2", "conv3", "conv4"} <= inside
    assert not any("block" in title for title in inside)
