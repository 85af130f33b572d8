"""Depth, receptive field and resolutions, against what the papers say and what an impulse shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keraviz_docs.architecture import Architecture
from keraviz_docs.cost.structure import depth, longest_path, receptive_field, resolution_ladder
from keraviz_docs.reading.graph import architecture_of

Build = Callable[[str], tuple[Any, Architecture]]
layers = keras.layers
slow = pytest.mark.slow


def read(inputs: Any, outputs: Any) -> Architecture:
    return architecture_of(keras.Model(inputs, outputs), id="model", builder="zoo:model")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("VGG16", 16),
        ("VGG19", 19),
        ("ResNet50", 50),
        ("ResNet101", 101),
        ("ResNet152", 152),
        ("DenseNet121", 121),
        ("DenseNet169", 169),
        ("DenseNet201", 201),
        ("MobileNet", 28),
    ],
)
def test_the_number_in_a_models_name_is_its_depth(application: Build, name: str, number: int) -> None:
    """The convention of He et al. (and 28 for MobileNet, Howard et al., table 1: depthwise layers count)."""
    assert depth(application(name)[1]).products == number


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("VGG16", 212),
        ("MobileNet", 315),
        ("ResNet50V2", 483),
        pytest.param("ResNet101V2", 1027, marks=slow),
        pytest.param("ResNet152V2", 1507, marks=slow),
        ("InceptionV3", 1311),
        pytest.param("InceptionResNetV2", 3039, marks=slow),
    ],
)
def test_a_receptive_field_is_the_published_one(application: Build, name: str, size: int) -> None:
    """The figures of TensorFlow's ``contrib/receptive_field/RECEPTIVE_FIELD_TABLE.md``."""
    field = receptive_field(application(name)[1])
    assert field is not None
    assert field.size == (size, size)
    assert field.stride == (Fraction(32), Fraction(32))
    assert not field.global_context


def test_squeeze_and_excitation_brings_in_the_whole_image(application: Build) -> None:
    field = receptive_field(application("EfficientNetB0")[1])
    assert field is not None
    assert field.size == (851, 851)
    assert field.global_context


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["conv", "pool", "up", "transposed"]),
            st.integers(1, 4),
            st.integers(1, 2),
            st.integers(1, 2),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_receptive_field_is_what_an_impulse_shows(chain: Sequence[tuple[str, int, int, int]]) -> None:
    """The impulses that reach the middle of the output span the field, if nothing enlarges."""
    inputs = keras.Input((192, 1))
    hidden = inputs
    enlarges = False
    for kind, kernel, stride, dilation in chain:
        if kind == "conv":
            rate = dilation if stride == 1 else 1
            layer = layers.Conv1D(1, kernel, stride, dilation_rate=rate, kernel_initializer="ones", padding="same")
        elif kind == "pool":
            layer = layers.AveragePooling1D(kernel, stride, padding="same")
        elif kind == "up":
            layer, enlarges = layers.UpSampling1D(stride), True
        else:
            layer = layers.Conv1DTranspose(1, kernel, stride, kernel_initializer="ones", padding="same")
            enlarges = True
        hidden = layer(hidden)
    impulses = np.eye(192, dtype="float32")[:, :, np.newaxis]
    outputs = keras.ops.convert_to_numpy(keras.Model(inputs, hidden)(impulses))
    reached = np.flatnonzero(outputs[:, outputs.shape[1] // 2, 0])
    extent = int(reached.max() - reached.min() + 1) if len(reached) else 1
    field = receptive_field(read(inputs, hidden))
    told = field.size[0] if field is not None else 1
    assert extent <= told
    # Where an output is finer than its input, only some of its elements hear from the most inputs.
    if not enlarges:
        assert extent == told


def test_a_u_net_goes_down_and_up_again() -> None:
    inputs = keras.Input((64, 64, 3))
    high = layers.Conv2D(8, 3, padding="same")(inputs)
    middle = layers.Conv2D(16, 3, padding="same")(layers.MaxPooling2D()(high))
    low = layers.Conv2D(32, 3, padding="same")(layers.MaxPooling2D()(middle))
    up = layers.Concatenate()([layers.UpSampling2D()(low), middle])
    up = layers.Conv2D(16, 3, padding="same")(up)
    up = layers.Concatenate()([layers.Conv2DTranspose(8, 2, strides=2)(up), high])
    architecture = read(inputs, layers.Conv2D(1, 1)(up))
    ladder = resolution_ladder(architecture)
    assert [(rung.size, rung.channels) for rung in ladder] == [
        ((64, 64), 8),
        ((32, 32), 16),
        ((16, 16), 32),
        ((32, 32), 16),
        ((64, 64), 1),
    ]
    field = receptive_field(architecture)
    assert field is not None
    # Back from one element: 1 → (1 + 2 - 2) // 2 + 1 = 1 before the transposed convolution; 3 before the convolution;
    # (3 + 2 - 2) // 2 + 1 = 2 before the enlargement; 4; 8 before pooling; 10; 20 before pooling; 22.
    assert field.size == (22, 22)
    assert field.stride == (Fraction(1), Fraction(1))


def test_padding_for_the_next_layer_is_no_resolution_of_its_own(application: Build) -> None:
    sizes = [rung.size[0] for rung in resolution_ladder(application("ResNet50V2")[1])]
    assert sizes == [224, 112, 56, 28, 14, 7]


def test_a_format_with_channels_first_has_the_same_ladder() -> None:
    inputs = keras.Input((3, 32, 32))
    hidden = layers.Conv2D(8, 3, strides=2, padding="same", data_format="channels_first")(inputs)
    ladder = resolution_ladder(read(inputs, hidden))
    assert [(rung.size, rung.channels) for rung in ladder] == [((32, 32), 3), ((16, 16), 8)]


def test_a_model_without_space_has_neither_field_nor_ladder() -> None:
    inputs = keras.Input((10,))
    architecture = read(inputs, layers.Dense(5)(layers.Dense(7)(inputs)))
    assert receptive_field(architecture) is None
    assert resolution_ladder(architecture) == ()
    assert depth(architecture).products == 2


def test_the_longest_way_leads_through_the_deeper_branch() -> None:
    inputs = keras.Input((4,))
    short = layers.Dense(4, name="short")(inputs)
    deep = layers.Dense(4, name="second")(layers.Dense(4, name="first")(inputs))
    architecture = read(inputs, layers.Add(name="sum")([short, deep]))
    names = [architecture.node(number).name for number in longest_path(architecture)]
    assert names[1:] == ["first", "second", "sum"]
    assert depth(architecture).nodes == 3


def test_text_is_seen_by_a_convolution_through_its_embedding() -> None:
    inputs = keras.Input((50,), dtype="int32")
    hidden = layers.Conv1D(8, 3)(layers.Conv1D(8, 5)(layers.Embedding(100, 16)(inputs)))
    field = receptive_field(read(inputs, hidden))
    assert field is not None
    assert field.size == (7,)


def test_a_field_beyond_a_reshape_that_mixes_axes_is_unknown() -> None:
    inputs = keras.Input((8, 8, 4))
    hidden = layers.Permute((2, 3, 1))(layers.Conv2D(8, 3, padding="same")(inputs))
    assert receptive_field(read(inputs, layers.Conv2D(8, 3, padding="same")(hidden))) is None
    assert receptive_field(read(inputs, hidden)) is not None, "nothing looks at what was mixed"


def test_conditioning_on_another_input_brings_in_all_of_it() -> None:
    image, time = keras.Input((16, 16, 3)), keras.Input((5,))
    scale = layers.Reshape((1, 1, 8))(layers.Dense(8)(time))
    hidden = layers.Multiply()([layers.Conv2D(8, 5)(image), scale])
    architecture = read([image, time], hidden)
    field = receptive_field(architecture)
    assert field is not None
    assert field.size == (5, 5)
    assert field.global_context
