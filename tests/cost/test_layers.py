"""What one call of each of Keras's layers costs, against numbers that a loop or a formula gives."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keraviz_docs.architecture import Architecture
from keraviz_docs.cost import costs_of, node_costs, with_costs
from keraviz_docs.cost.rules import LAYERS
from keraviz_docs.reading.graph import architecture_of

layers = keras.layers
Count = Callable[..., "int | None"]


def looped(positions: tuple[int, ...], kernel: tuple[int, ...], incoming: int, filters: int) -> int:
    """Count the innermost statement of the loops that compute a convolution."""
    count = 0
    for _position in itertools.product(*map(range, positions)):
        for _filter in range(filters):
            for _offset in itertools.product(*map(range, kernel)):
                for _channel in range(incoming):
                    count += 1
    return count


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(3, 7),
    width=st.integers(3, 7),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 2),
    channels=st.integers(1, 3),
    filters=st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]),
)
def test_a_convolution_counts_what_its_loops_do(
    macs: Count,
    height: int,
    width: int,
    kernel: tuple[int, int],
    stride: int,
    channels: int,
    filters: int,
    padding: str,
) -> None:
    layer = layers.Conv2D(filters, kernel, strides=stride, padding=padding)
    out = layer.compute_output_shape((1, height, width, channels))
    assert macs(layer, (None, height, width, channels)) == looped(out[1:3], kernel, channels, filters)


@settings(max_examples=20, deadline=None)
@given(groups=st.integers(1, 6), per_group=st.integers(1, 4), size=st.integers(3, 9))
def test_a_grouped_convolution_costs_a_dense_one_divided_by_its_groups(
    macs: Count, groups: int, per_group: int, size: int
) -> None:
    width = groups * per_group
    grouped = macs(layers.Conv2D(width, 3, padding="same", groups=groups), (None, size, size, width))
    dense = macs(layers.Conv2D(width, 3, padding="same"), (None, size, size, width))
    assert grouped is not None
    assert grouped * groups == dense


def test_one_group_per_channel_costs_what_a_depthwise_convolution_costs(macs: Count) -> None:
    grouped = macs(layers.Conv2D(12, 3, groups=12), (None, 9, 9, 12))
    assert grouped == macs(layers.DepthwiseConv2D(3), (None, 9, 9, 12)) == 7 * 7 * 12 * 9


def test_a_separable_convolution_costs_its_two_halves(macs: Count) -> None:
    for strides in (1, 2):
        whole = macs(layers.SeparableConv2D(20, 3, strides=strides, depth_multiplier=2), (None, 9, 9, 8))
        spatial = layers.DepthwiseConv2D(3, strides=strides, depth_multiplier=2)
        between = spatial.compute_output_shape((None, 9, 9, 8))
        halves = [macs(spatial, (None, 9, 9, 8)), macs(layers.Conv2D(20, 1), between)]
        assert None not in halves
        assert whole == sum(count for count in halves if count is not None)


def test_dilation_costs_nothing_where_the_output_stays_the_same(macs: Count) -> None:
    plain, dilated = (macs(layers.Conv2D(8, 3, padding="same", dilation_rate=rate), (None, 9, 9, 4)) for rate in (1, 2))
    assert plain == dilated == 9 * 9 * 9 * 4 * 8


def test_the_format_of_the_data_does_not_change_what_a_convolution_costs(macs: Count) -> None:
    for rank, cls in ((1, layers.Conv1D), (2, layers.Conv2D), (3, layers.Conv3D)):
        size = (7, 6, 5)[:rank]
        last = macs(cls(4, 3, groups=2, data_format="channels_last"), (None, *size, 6))
        first = macs(cls(4, 3, groups=2, data_format="channels_first"), (None, 6, *size))
        positions = [dim - 2 for dim in size]
        expected = 3 * 4 * 3**rank
        for dim in positions:
            expected *= dim
        assert first == last == expected


def test_a_transposed_convolution_spreads_every_input_element(macs: Count) -> None:
    same = macs(layers.Conv2DTranspose(5, 4, strides=2, padding="same"), (None, 8, 8, 3))
    assert same == looped((8, 8), (4, 4), 3, 5)
    assert macs(layers.Conv1DTranspose(5, 4, strides=3), (None, 10, 2)) == 10 * 4 * 2 * 5
    assert macs(layers.Conv3DTranspose(2, 2, data_format="channels_first"), (None, 3, 4, 4, 4)) == 64 * 8 * 3 * 2


def test_a_dense_layer_applies_its_kernel_at_every_position(macs: Count) -> None:
    assert macs(layers.Dense(7), (None, 5)) == 35
    assert macs(layers.Dense(7), (None, 3, 4, 5)) == 3 * 4 * 35


@pytest.mark.parametrize(
    ("equation", "output_shape", "shape", "expected"),
    [
        ("abc,cd->abd", (None, 64), (None, 10, 32), 10 * 32 * 64),
        ("abc,cde->abde", (None, 4, 16), (None, 10, 32), 10 * 32 * 4 * 16),
        ("abcd,cde->abe", (None, 32), (None, 10, 4, 16), 10 * 4 * 16 * 32),
        ("...x,xy->...y", 64, (None, 3, 10, 32), 3 * 10 * 32 * 64),
        ("ab,b->a", (), (None, 32), 32),
    ],
)
def test_an_einsum_dense_layer_costs_the_product_of_its_labels(
    macs: Count, equation: str, output_shape: Any, shape: tuple[int | None, ...], expected: int
) -> None:
    assert macs(layers.EinsumDense(equation, output_shape), shape) == expected


@pytest.mark.parametrize(("cls", "gates"), [(layers.LSTM, 4), (layers.GRU, 3), (layers.SimpleRNN, 1)])
def test_a_recurrent_layer_costs_its_gates_at_every_step(macs: Count, cls: Any, gates: int) -> None:
    for sequences in (False, True):
        assert macs(cls(16, return_sequences=sequences), (None, 12, 8)) == 12 * gates * 16 * (8 + 16)


def test_a_bidirectional_layer_costs_both_directions(macs: Count) -> None:
    once = macs(layers.LSTM(16), (None, 12, 8))
    assert once is not None
    for mode in ("concat", "sum"):
        assert macs(layers.Bidirectional(layers.LSTM(16), merge_mode=mode), (None, 12, 8)) == 2 * once
    other = layers.Bidirectional(layers.LSTM(16), backward_layer=layers.GRU(16, go_backwards=True))
    assert macs(other, (None, 12, 8)) == once + 12 * 3 * 16 * 24


def test_stacked_cells_feed_each_other(macs: Count) -> None:
    stacked = layers.RNN([layers.LSTMCell(16), layers.GRUCell(4)])
    assert macs(stacked, (None, 12, 8)) == 12 * (4 * 16 * (8 + 16) + 3 * 4 * (16 + 4))


def test_a_convolutional_lstm_convolves_input_and_state_at_every_step(macs: Count) -> None:
    expected = 5 * 4 * looped((6, 6), (3, 3), 2 + 7, 7)
    assert macs(layers.ConvLSTM2D(7, 3), (None, 5, 8, 8, 2)) == expected
    assert macs(layers.ConvLSTM2D(7, 3, return_sequences=True), (None, 5, 8, 8, 2)) == expected
    assert macs(layers.ConvLSTM2D(7, 3, data_format="channels_first"), (None, 5, 2, 8, 8)) == expected
    assert macs(layers.ConvLSTM1D(7, 3), (None, 5, 8, 2)) == 5 * 4 * looped((6,), (3,), 9, 7)


def test_a_distributed_layer_costs_its_layer_at_every_step(macs: Count) -> None:
    assert macs(layers.TimeDistributed(layers.Dense(7)), (None, 6, 5)) == 6 * 35
    frames = layers.TimeDistributed(layers.Conv2D(4, 3))
    assert macs(frames, (None, 6, 8, 8, 3)) == 6 * looped((6, 6), (3, 3), 3, 4)


def test_spectral_normalisation_costs_what_the_wrapped_layer_costs(macs: Count) -> None:
    assert macs(layers.SpectralNormalization(layers.Dense(7)), (None, 5)) == 35


def test_closed_multi_head_attention_costs_four_projections_and_two_products(macs: Count) -> None:
    n, d, h, k = 10, 24, 3, 8
    query = (None, n, d)
    expected = 4 * n * d * h * k + 2 * h * n * n * k
    assert macs(layers.MultiHeadAttention(h, k), query, query) == expected


def test_cross_attention_projects_what_it_attends_to(macs: Count) -> None:
    n, s, d, e, h, k, v, out = 10, 7, 24, 20, 3, 8, 6, 30
    layer = layers.MultiHeadAttention(h, k, value_dim=v, output_shape=out)
    expected = n * d * h * k + s * e * h * k + s * e * h * v + h * n * s * (k + v) + n * h * v * out
    assert macs(layer, (None, n, d), (None, s, e)) == expected


def test_attention_over_one_axis_treats_the_others_as_batch(macs: Count) -> None:
    rows, columns, d, h, k = 4, 5, 8, 2, 4
    shape = (None, rows, columns, d)
    along_rows = 4 * rows * columns * d * h * k + 2 * h * columns * rows * rows * k
    assert macs(layers.MultiHeadAttention(h, k, attention_axes=(1,)), shape, shape) == along_rows
    everywhere = 4 * rows * columns * d * h * k + 2 * h * (rows * columns) ** 2 * k
    assert macs(layers.MultiHeadAttention(h, k), shape, shape) == everywhere


def test_grouped_query_attention_projects_fewer_keys_and_values(macs: Count) -> None:
    n, d, k, heads, shared = 10, 24, 8, 6, 2
    query = (None, n, d)
    expected = 2 * n * d * heads * k + 2 * n * d * shared * k + 2 * heads * n * n * k
    assert macs(layers.GroupQueryAttention(k, heads, shared), query, query) == expected


def test_luong_and_bahdanau_attention(macs: Count) -> None:
    query, value = (None, 10, 24), (None, 7, 24)
    assert macs(layers.Attention(), query, value) == 2 * 10 * 7 * 24
    assert macs(layers.Attention(score_mode="concat"), query, value) == 10 * 7 * 24
    assert macs(layers.AdditiveAttention(), query, value) == 2 * 10 * 7 * 24


def test_dot_sums_over_the_axes_it_names(macs: Count) -> None:
    assert macs(layers.Dot(axes=1), (None, 24), (None, 24)) == 24
    assert macs(layers.Dot(axes=(2, 1)), (None, 5, 24), (None, 24, 7)) == 5 * 24 * 7


def test_looking_up_an_embedding_costs_nothing_and_reversing_it_costs_the_vocabulary(macs: Count) -> None:
    assert macs(layers.Embedding(1000, 16), (None, 12), dtypes=["int32"]) == 0
    tokens = keras.Input((12,), dtype="int32")
    embedding = layers.ReversibleEmbedding(1000, 16)
    hidden = embedding(tokens)
    model = keras.Model(tokens, embedding(hidden * 2.0, reverse=True))
    nodes = costs_of(architecture_of(model, id="m", builder="zoo:m")).nodes
    assert [share.macs.known for share in nodes] == [0, 0, 0, 12 * 16 * 1000]


def test_an_open_length_does_not_make_a_lookup_unknown(called: Callable[..., Architecture]) -> None:
    counted = with_costs(called(layers.Embedding(1000, 16), (None, None), dtypes=["int32"]))
    assert counted.totals.macs == 0
    assert counted.totals.macs_unknown == ()


def test_an_unknown_dimension_makes_the_cost_unknown_and_not_zero(called: Callable[..., Architecture]) -> None:
    counted = with_costs(called(layers.Dense(7), (None, None, 5)))
    assert counted.nodes[-1].macs is None
    assert counted.totals.macs is None
    assert counted.totals.macs_unknown == (counted.nodes[-1].path,)


def test_a_cost_in_proportion_to_the_unknown_positions_is_told_per_position(
    called: Callable[..., Architecture],
) -> None:
    def per_position(layer: Any, *shapes: tuple[int | None, ...]) -> int | None:
        return node_costs(called(layer, *shapes))[-1].macs_per_position

    assert per_position(layers.Dense(7), (None, None, 5)) == 35
    assert per_position(layers.LSTM(16, return_sequences=True), (None, None, 8)) == 4 * 16 * 24
    assert per_position(layers.MultiHeadAttention(2, 4), (None, None, 8), (None, None, 8)) is None, "quadratic"
    assert per_position(layers.Conv2D(4, 3), (None, None, None, 3)) == 9 * 3 * 4, "a place of the output"
    assert per_position(layers.Dense(7), (None, 4, 5)) is None, "nothing unknown"


def test_every_layer_of_keras_is_counted_or_left_out_for_a_reason() -> None:
    left_out = {
        "Layer": "is no layer by itself",
        "Wrapper": "is no layer by itself",
        "InputSpec": "is no layer",
        "Pipeline": "contains layers, which are counted",
        "Lambda": "runs someone's code",
        "TFSMLayer": "runs a saved graph",
        "JaxLayer": "runs a JAX function",
        "FlaxLayer": "runs a Flax module",
        "TorchModuleWrapper": "runs a PyTorch module",
        "MelSpectrogram": "is a Fourier transform",
        "STFTSpectrogram": "is a Fourier transform",
    }
    public = {cls.__name__ for _, cls in inspect.getmembers(layers, inspect.isclass)}
    assert public - set(LAYERS) == set(left_out)
    defined_by_applications = {"LayerScale", "CustomScaleLayer"}
    assert set(LAYERS) - public == defined_by_applications, "a rule for a layer that Keras does not have"


# Keras warns of each layer that it does not quantise, and converts variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_quantisation_changes_the_bytes_and_not_the_products(mode: str) -> None:
    """Keras packs two four-bit numbers into a byte, so a kernel's stored shape is not that of its matrix."""
    inputs = keras.Input((6, 32))
    projected = layers.EinsumDense("abc,cde->abde", output_shape=(None, 4, 8))(inputs)
    model = keras.Model(inputs, layers.Dense(20)(layers.Reshape((6, 32))(projected)))
    plain = costs_of(architecture_of(model, id="m", builder="zoo:m"))
    model.quantize(mode)
    quantised = costs_of(architecture_of(model, id="m", builder="zoo:m"))
    assert quantised.total.macs == plain.total.macs
    assert plain.total.macs.known == 6 * 32 * 32 + 6 * 32 * 20
    kernels = 32 * 32 + 32 * 20
    zero_points = 32 + 20
    assert quantised.weights.by_dtype["int8"] == (kernels if mode == "int8" else kernels // 2 + zero_points)
    assert quantised.weights.total < plain.weights.total / 2
