"""Bytes of weights, and of activations while the model runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keraviz_docs.architecture import Architecture, CheckpointEntry, Node, Uncalled, Weight
from keraviz_docs.cost.memory import activation_bytes, weight_bytes

FLOAT = 4
Build = Callable[[str], tuple[Any, Architecture]]
Make = Callable[..., Any]


def test_vgg16_peaks_where_two_full_size_maps_of_64_channels_meet(application: Build) -> None:
    """block1_conv2 reads 224 × 224 × 64 and writes as much; the image (224 × 224 × 3) is no longer needed."""
    _, architecture = application("VGG16")
    activations = activation_bytes(architecture)
    assert activations.peak == 2 * 224 * 224 * 64 * FLOAT == 25_690_112
    assert activations.peak_node is not None
    assert architecture.node(activations.peak_node).name == "block1_conv2"


def test_mobilenet_v2_peaks_where_the_first_expansion_is_padded(application: Build) -> None:
    """block_1_pad reads 112 × 112 × 96 and writes 113 × 113 × 96; nothing else waits, as block 1 has no shortcut."""
    _, architecture = application("MobileNetV2")
    activations = activation_bytes(architecture)
    assert activations.peak == (112 * 112 + 113 * 113) * 96 * FLOAT == 9_720_192
    assert activations.peak_node is not None
    assert architecture.node(activations.peak_node).name == "block_1_pad"


def test_resnet50_peaks_while_a_wide_branch_waits_for_the_other(application: Build) -> None:
    """Three maps of 56 × 56 × 256 meet in the first block of stage 2.

    One branch has finished (the shortcut or the third convolution) and waits for the sum; the other one's batch
    normalisation reads a map of that size and writes another.
    """
    _, architecture = application("ResNet50")
    activations = activation_bytes(architecture)
    assert activations.peak == 3 * 56 * 56 * 256 * FLOAT == 9_633_792
    assert activations.peak_node is not None
    assert architecture.node(activations.peak_node).name.startswith("conv2_block1_")


def test_a_skip_connection_stays_alive_until_it_is_read(leaf: Make, entry: Make, model_of: Make) -> None:
    architecture = model_of(
        entry(1, (None, 10)),
        leaf(2, "Dense", (None, 100), inputs=[1]),
        leaf(3, "Dense", (None, 20), inputs=[2]),
        leaf(4, "Dense", (None, 30), inputs=[3]),
        leaf(5, "Concatenate", (None, 40), inputs=[1, 4]),
    )
    activations = activation_bytes(architecture)
    #         what is alive: the input (10) waits for node 5 throughout
    assert [moment.bytes for moment in activations.timeline] == [
        10 * FLOAT,
        (10 + 100) * FLOAT,
        (10 + 100 + 20) * FLOAT,
        (10 + 20 + 30) * FLOAT,
        (10 + 30 + 40) * FLOAT,
    ]
    assert (activations.peak, activations.peak_node) == (130 * FLOAT, 3)
    assert activations.total == (10 + 100 + 20 + 30 + 40) * FLOAT


def test_an_output_of_the_model_stays_until_the_end(leaf: Make, entry: Make, model_of: Make) -> None:
    from msgspec.structs import replace

    from keraviz_docs.architecture import Port

    architecture = model_of(
        entry(1, (None, 10)), leaf(2, "Dense", (None, 7), inputs=[1]), leaf(3, "Dense", (None, 5), inputs=[1])
    )
    both = replace(architecture, outputs=(Port("a", (None, 7), "float32", 2), Port("b", (None, 5), "float32", 3)))
    assert activation_bytes(both).timeline[-1].bytes == (10 + 7 + 5) * FLOAT
    assert activation_bytes(architecture).timeline[-1].bytes == (10 + 5) * FLOAT, "nobody reads node 2"


def test_reshaping_takes_no_memory_of_its_own(leaf: Make, entry: Make, model_of: Make) -> None:
    architecture = model_of(
        entry(1, (None, 4, 5)),
        leaf(2, "Reshape", (None, 20), inputs=[1]),
        leaf(3, "Dropout", (None, 20), inputs=[2]),
        leaf(4, "Dense", (None, 6), inputs=[3]),
    )
    activations = activation_bytes(architecture)
    assert activations.total == (20 + 6) * FLOAT
    assert activations.peak == (20 + 6) * FLOAT
    assert [moment.bytes for moment in activations.timeline[:3]] == [80, 80, 80]


def test_half_precision_takes_half(leaf: Make, entry: Make, model_of: Make) -> None:
    architecture = model_of(entry(1, (None, 10), "float16"), leaf(2, "Dense", (None, 10), inputs=[1], dtype="float16"))
    assert activation_bytes(architecture).total == 20 * 2


def test_an_output_of_unknown_size_makes_the_figures_lower_bounds(leaf: Make, entry: Make, model_of: Make) -> None:
    architecture = model_of(entry(1, (None, None, 4)), leaf(2, "GlobalAveragePooling1D", (None, 4), inputs=[1]))
    activations = activation_bytes(architecture)
    assert activations.unknown == ("inputlayer_1",)
    assert activations.total == 16


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=12))
def test_a_chain_peaks_at_its_largest_neighbours(widths: list[int]) -> None:
    architecture = _chain(widths)
    neighbours = [one + two for one, two in itertools.pairwise(widths)] or widths
    activations = activation_bytes(architecture)
    assert activations.peak == max(neighbours) * FLOAT
    assert activations.peak <= activations.total == sum(widths) * FLOAT


def _chain(widths: list[int]) -> Architecture:
    from keraviz_docs.architecture import Input, ModelIdentity, Port, Tensor, Totals

    nodes = tuple(
        Node(
            number=number,
            path=f"n{number}",
            name=f"n{number}",
            kind="input" if number == 1 else "layer",
            class_name="InputLayer" if number == 1 else "Dense",
            module="keras.layers",
            inputs=(Input(number - 1),) if number > 1 else (),
            outputs=(Tensor((None, width), "float32"),),
        )
        for number, width in enumerate(widths, start=1)
    )
    return Architecture(
        id="chain",
        builder="zoo:chain",
        model=ModelIdentity("chain", "Sequential", "keras"),
        keras="3",
        detail="exact",
        inputs=(),
        outputs=(Port("out", (None, widths[-1]), "float32", len(widths)),),
        totals=Totals(layers=len(widths), parameters=0, trainable=0, non_trainable=0, weight_bytes=0),
        nodes=nodes,
    )


def test_weights_are_added_up_by_stored_type(leaf: Make, entry: Make, model_of: Make) -> None:
    quantised = (
        Weight("kernel", (8, 4), "int8", False),
        Weight("scale", (4,), "float32", False),
        Weight("bias", (4,), "float16", True),
    )
    architecture = model_of(entry(1, (None, 8)), leaf(2, "Dense", (None, 4), inputs=[1], weights=quantised))
    assert weight_bytes(architecture).by_dtype == {"float16": 8, "float32": 16, "int8": 32}
    assert weight_bytes(architecture).total == 56


def test_layers_that_are_never_called_weigh_too(leaf: Make, entry: Make, model_of: Make) -> None:
    head = Uncalled("head", "Dense", "keras.layers", 12, (Weight("kernel", (3, 4), "float32", True),))
    architecture = model_of(entry(1, (None, 8)), uncalled=(head,))
    assert weight_bytes(architecture).total == 48


def test_a_checkpoint_holds_weights_and_seeds(leaf: Make, entry: Make, model_of: Make) -> None:
    weights = (Weight("kernel", (8, 4), "bfloat16", True),)
    architecture = model_of(
        entry(1, (None, 8)),
        leaf(2, "Dense", (None, 4), inputs=[1], weights=weights),
        checkpoint=(
            CheckpointEntry("layers/dense", "Dense", ((8, 4),)),
            CheckpointEntry("layers/dropout/seed_generator", "SeedGenerator", ((2,),)),
        ),
    )
    assert weight_bytes(architecture).checkpoint == 8 * 4 * 2 + 2 * 4
    assert weight_bytes(model_of(entry(1, (None, 8)))).checkpoint is None


# Keras 3.15 converts variables in a way that NumPy 2 deprecates (keras/src/backend/tensorflow/core.py).
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", ["float32", "mixed_float16"])
def test_a_real_checkpoint_is_as_large_as_told(tmp_path: Path, name: str) -> None:
    from keraviz_docs.reading.graph import architecture_of

    policy = keras.DTypePolicy(name)
    inputs = keras.Input((32,))
    hidden = keras.layers.Dense(700, dtype=policy)(inputs)
    hidden = keras.layers.BatchNormalization(dtype=policy)(hidden)
    hidden = keras.layers.Dropout(0.5)(hidden)
    model = keras.Model(inputs, keras.layers.Dense(300, dtype=policy)(hidden))
    told = weight_bytes(architecture_of(model, id="m", builder="zoo:m"))
    file = tmp_path / "model.weights.h5"
    model.save_weights(file)
    assert told.checkpoint is not None
    bookkeeping = file.stat().st_size - told.checkpoint
    assert 0 < bookkeeping < 5_000 * len(model.layers)
