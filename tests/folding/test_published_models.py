"""The overviews of models that everybody knows show what their papers' figures show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from keraviz_docs import manifest, production
from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import overview
from keraviz_docs.folding import LIMIT, Block, blocks, fold, numbers
from keraviz_docs.folding.fold import SMALL
from keraviz_docs.outcome import Reading

ZOO = Path(__file__).parents[2] / "example_zoo"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("published models")]


@pytest.fixture(scope="module")
def models() -> Mapping[str, Architecture]:
    found = {}
    for name in ("keras_applications.yml", "zoo.yml"):
        loaded = manifest.load(ZOO / name)
        report = production.produce(loaded.entries, loaded.project)
        for identifier, outcome in report.outcomes.items():
            assert isinstance(outcome, Reading), outcome
            found[identifier] = outcome.architecture
    return found


def written(block: Block) -> str:
    return f"{block.title} ×{block.count}" if block.kind == "repeat" else block.title


def inside(architecture: Architecture, title: str) -> list[str]:
    (found,) = [block for block in blocks(fold(architecture)) if block.title == title and block.kind == "scope"]
    return [written(item) for item in found.items if isinstance(item, Block)]


def test_every_overview_fits_a_page(models: Mapping[str, Architecture]) -> None:
    assert len(models) == 53
    for name, architecture in models.items():
        seen = overview(architecture)
        if seen is None:
            assert len(architecture.nodes) <= SMALL, name
            continue
        assert len(seen.figure.boxes) <= LIMIT + len(architecture.outputs), name
        for block, drawn in seen.blocks.items():
            assert len(drawn.boxes) <= LIMIT + 10, (name, seen.titles[block])


def test_every_block_of_a_drawing_can_be_opened_from_it(models: Mapping[str, Architecture]) -> None:
    for architecture in models.values():
        seen = overview(architecture)
        if seen is not None:
            closed = {
                f"{drawn.prefix}-{box.key}"
                for drawn in (seen.figure, *seen.blocks.values())
                for box in drawn.boxes
                if box.closed
            }
            assert closed == set(seen.opens)
            assert set(seen.opens.values()) == set(seen.blocks)


def test_every_node_stays_in_the_hierarchy(models: Mapping[str, Architecture]) -> None:
    for architecture in models.values():
        assert sorted(numbers(fold(architecture))) == list(range(1, len(architecture.nodes) + 1))


@pytest.mark.parametrize(
    ("model", "stage", "expected"),
    [
        ("resnet50", "conv4", ["conv4_block1", "conv4_block2 ×5"]),
        ("resnet152", "conv3", ["conv3_block1", "conv3_block2 ×7"]),
        ("resnet152", "conv4", ["conv4_block1", "conv4_block2 ×35"]),
        ("densenet201", "conv4", ["conv4_block1 ×48"]),
        ("efficientnetv2l", "block5", ["block5a", "block5b ×18"]),
        ("efficientnetv2l", "block6", ["block6a", "block6b ×24"]),
        ("inceptionresnetv2", "block35", ["block35_1 ×10"]),
        ("inceptionresnetv2", "block17", ["block17_1 ×20"]),
    ],
)
def test_stages_have_the_papers_number_of_blocks(
    models: Mapping[str, Architecture], model: str, stage: str, expected: list[str]
) -> None:
    assert inside(models[model], stage) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("vgg19", ["block1", "block2", "block3", "block4", "block5"]),
        ("xception", ["block1", "block2", "block3", "block4", "block5 ×8", "block13", "block14"]),
        ("inceptionv3", ["mixed0 ×3", "mixed3", "mixed4 ×4", "mixed8", "mixed9 ×2"]),
    ],
)
def test_the_outermost_blocks_are_those_of_the_paper(
    models: Mapping[str, Architecture], model: str, expected: list[str]
) -> None:
    found = [item for item in fold(models[model]).items if isinstance(item, Block) and item.kind != "unit"]
    assert [written(item) for item in found] == expected


@pytest.mark.parametrize(
    ("model", "box", "expected"),
    [
        # Table 1 of arXiv:1512.03385
        ("resnet152", "conv4_block2 ×35", ["1×1 256 · 3×3 256 · 1×1 1024", "134–143, 144–153, …, 474–483"]),
        # Table 1 of arXiv:1608.06993, growth rate 32
        ("densenet201", "conv4_block1 ×48", ["1×1 128 · 3×3 32"]),
        # Figure 2 of arXiv:2104.00298
        ("efficientnetv2l", "block5b ×18", ["1×1 1344 · dw 3×3 · SE · 1×1 224"]),
        # Table 1 of arXiv:1905.02244
        ("mobilenetv3large", "expanded_conv_4 ×2", ["1×1 120 · dw 5×5 · SE · 1×1 40, relu"]),
        ("mobilenetv3large", "expanded_conv_7 ×3", ["1×1 200 · dw 3×3 · 1×1 80, hard_silu", "filters 184–200"]),
        # Figure 4 of arXiv:2201.03545
        ("convnextxlarge", "stage_2_block_0 ×27", ["dw 7×7 1024 · Dense 4096 · Dense 1024"]),
        # Figure 17 of arXiv:1602.07261
        ("inceptionresnetv2", "block17_1 ×20", ["(1×1 192 | 1×1 128 · 1×7 160 · 7×1 192) · 1×1 1088"]),
        # Figure 16, without widths, for which there is no room
        ("inceptionresnetv2", "block35_1 ×10", ["(1×1 | 1×1 · 3×3 | 1×1 · 3×3 · 3×3) · 1×1 320"]),
    ],
)
def test_a_repeat_says_what_the_papers_table_says(
    models: Mapping[str, Architecture], model: str, box: str, expected: list[str]
) -> None:
    seen = overview(models[model])
    assert seen is not None
    (found,) = [each for each in seen.figure.boxes if each.lines[0].text == box]
    assert set(expected) <= {line.text for line in found.lines}
    assert found.skip


def test_every_number_can_be_found_from_every_overview(models: Mapping[str, Architecture]) -> None:
    for name, architecture in models.items():
        seen = overview(architecture)
        if seen is not None:
            standing = [n for box in seen.figure.boxes for n in (box.numbers or ((box.number,) if box.number else ()))]
            assert sorted(standing) == [node.number for node in architecture.nodes], name


def test_nasnet_is_made_of_the_papers_cells(models: Mapping[str, Architecture]) -> None:
    # Figure 2 of arXiv:1707.07012 with N = 6; the first cell of each stage adapts what it takes.
    found = [item for item in fold(models["nasnetlarge"]).items if isinstance(item, Block) and item.kind != "unit"]
    assert [written(item) for item in found] == [
        "reduction_concat_stem_1",
        "reduction_concat_stem_2",
        "normal_concat_0",
        "normal_concat_1 ×5",
        "reduction_concat_reduce_6",
        "normal_concat_7",
        "normal_concat_8 ×5",
        "reduce_12",
        "normal_concat_13",
        "normal_concat_14 ×5",
    ]


def test_a_convnext_block_holds_its_own_addition(models: Mapping[str, Architecture]) -> None:
    # Table 9 of arXiv:2201.03545: 3, 3, 27, 3 blocks.
    repeats = [block for block in blocks(fold(models["convnextxlarge"])) if block.kind == "repeat"]
    assert [repeat.count for repeat in repeats] == [3, 3, 27, 3]


def test_a_transformer_is_one_block_many_times(models: Mapping[str, Architecture]) -> None:
    repeats = [block for block in blocks(fold(models["vision-transformer"])) if block.kind == "repeat"]
    assert [(repeat.title, repeat.count) for repeat in repeats if repeat.count == 12] == [("encoder1", 12)]
