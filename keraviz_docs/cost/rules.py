"""Which rule counts which layer or operation: tables of Keras's own, and the hook for a zoo's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from keraviz_docs.architecture import Node
from keraviz_docs.cost import convolutions, elementwise, products, recurrence
from keraviz_docs.cost.call import Call, Operand, Rule, nothing


@dataclass(frozen=True)
class Work:
    """How one kind of leaf is counted: its multiply-accumulates, and its element-wise work."""

    macs: Rule
    elementwise: Rule
    registered: bool = False
    """Whether the rule for the multiply-accumulates is a zoo's."""

    @property
    def multiplies(self) -> bool:
        """Whether this is a layer or operation of products, whatever their number turns out to be."""
        return self.macs is not nothing


def canonical(operation: str) -> str:
    """Return an operation's name without capitals, underscores and TensorFlow's version: ``AddV2`` is ``add``."""
    return re.sub(r"(?<=[a-z0-9])v\d+$", "", operation.replace("_", "").lower())


def _all(work: Work, names: str) -> dict[str, Work]:
    return dict.fromkeys(names.split(), work)


def _ranks(names: str, work: Work, ranks: Iterable[int] = (1, 2, 3)) -> dict[str, Work]:
    return {name.replace("#", str(rank)): work for name in names.split() for rank in ranks}


def _no_idea(_: Call) -> None:
    return None


MOVES = Work(nothing, nothing)
MAPS = Work(nothing, elementwise.per_output)
MERGES = Work(nothing, elementwise.merging)
REDUCES = Work(nothing, elementwise.per_input)
POOLS = Work(nothing, elementwise.pooling)
SCALES = Work(nothing, elementwise.affine)
NORMALISES = Work(nothing, elementwise.statistics)
SOFTMAX = Work(nothing, elementwise.softmax)


def _time_distributed(call: Call) -> int | None:
    return _distributed(call, "macs")


def _time_distributed_elementwise(call: Call) -> int | None:
    return _distributed(call, "elementwise")


def _distributed(call: Call, figure: str) -> int | None:
    """Count the inner layer on one step, times the steps (and the batch)."""
    x, y = call.inputs[0], call.outputs[0]
    step = replace(
        call,
        inputs=(Operand((1, *x.shape[2:]), x.dtype),),
        outputs=(Operand((1, *y.shape[2:]), y.dtype),),
    )
    count = _inner(step, call.config.get("layer"), figure)
    return None if count is None else count * x.shape[0] * x.shape[1]


def _bidirectional(call: Call) -> int | None:
    return _both_directions(call, "macs")


def _bidirectional_elementwise(call: Call) -> int | None:
    return _both_directions(call, "elementwise")


def _both_directions(call: Call, figure: str) -> int | None:
    """Count both layers on the same sequence; the backward one is a copy unless it is given."""
    forward = _inner(call, call.config.get("layer"), figure)
    backward = _inner(call, call.config.get("backward_layer") or call.config.get("layer"), figure)
    return None if forward is None or backward is None else forward + backward


def _spectral(call: Call) -> int | None:
    return _inner(call, call.config.get("layer"), "macs")


def _spectral_elementwise(call: Call) -> int | None:
    return _inner(call, call.config.get("layer"), "elementwise")


def _inner(call: Call, serialized: Any, figure: str) -> int | None:
    """Count the layer that a wrapper's configuration holds, on the wrapper's tensors."""
    if not isinstance(serialized, Mapping) or not is_keras(str(serialized.get("module", "keras.layers"))):
        return None
    class_name = str(serialized.get("class_name"))
    work = LAYERS.get(class_name)
    if work is None:
        return None
    rule: Rule = getattr(work, figure)
    return rule(replace(call, class_name=class_name, config=serialized.get("config", {})))


LAYERS: Mapping[str, Work] = {
    **_ranks("Conv#D", Work(convolutions.convolution, elementwise.after_products)),
    **_ranks("Conv#DTranspose", Work(convolutions.transposed, elementwise.after_products)),
    **_ranks("DepthwiseConv#D", Work(convolutions.depthwise, elementwise.after_products), (1, 2)),
    **_ranks("SeparableConv#D", Work(convolutions.separable, elementwise.after_products), (1, 2)),
    **_ranks("ConvLSTM#D", Work(convolutions.recurrent, elementwise.convolutional_gates)),
    "Dense": Work(products.dense, elementwise.after_products),
    "EinsumDense": Work(products.einsum_dense, elementwise.after_products),
    "Dot": Work(products.dot_layer, nothing),
    "Attention": Work(products.attention, elementwise.scores),
    "AdditiveAttention": Work(products.additive_attention, elementwise.scores),
    "MultiHeadAttention": Work(products.multi_head_attention, elementwise.scores),
    "GroupedQueryAttention": Work(products.grouped_query_attention, elementwise.scores),
    "ReversibleEmbedding": Work(products.reversible_embedding, nothing),
    **_all(Work(recurrence.recurrent, elementwise.gates), "LSTM GRU SimpleRNN"),
    **_all(Work(recurrence.one_step, elementwise.gates), "LSTMCell GRUCell SimpleRNNCell"),
    "RNN": Work(recurrence.any_cell, _no_idea),
    "StackedRNNCells": Work(recurrence.stacked, _no_idea),
    "Bidirectional": Work(_bidirectional, _bidirectional_elementwise),
    "TimeDistributed": Work(_time_distributed, _time_distributed_elementwise),
    "SpectralNormalization": Work(_spectral, _spectral_elementwise),
    **_all(
        MOVES,
        "InputLayer Identity Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D AlphaDropout GaussianDropout"
        " GaussianNoise ActivityRegularization Reshape Flatten Permute RepeatVector Concatenate Embedding"
        " CategoryEncoding CenterCrop",
    ),
    **_ranks("ZeroPadding#D Cropping#D", MOVES),
    "Activation": Work(nothing, elementwise.activating),
    "Softmax": SOFTMAX,
    **_all(MAPS, "ReLU LeakyReLU PReLU ELU Masking Discretization Hashing"),
    **_ranks("UpSampling#D", MAPS),
    **_all(MERGES, "Add Subtract Multiply Average Maximum Minimum"),
    **_ranks("AveragePooling#D MaxPooling#D", POOLS),
    **_ranks("GlobalAveragePooling#D GlobalMaxPooling#D AdaptiveAveragePooling#D AdaptiveMaxPooling#D", REDUCES),
    **_all(SCALES, "BatchNormalization Normalization Rescaling"),
    **_all(NORMALISES, "LayerNormalization GroupNormalization RMSNormalization UnitNormalization"),
    # Random augmentation does nothing at inference; MixUp and CutMix mix samples only in training.
    **_all(
        MOVES,
        "RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform"
        " RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective"
        " RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom"
        " RandAugment AugMix MixUp CutMix MaxNumBoundingBoxes",
    ),
    **_all(MAPS, "Resizing Solarization AutoContrast Equalization ContrastLimitedAdaptiveHistogramEqualization"),
    # Layers that keras.applications defines for itself: ConvNeXt's scale per channel, Inception-ResNet's scaled sum.
    **_all(MAPS, "LayerScale"),
    **_all(SCALES, "CustomScaleLayer"),
    # Strings and categories are looked up, not multiplied.
    **_all(MOVES, "StringLookup IntegerLookup TextVectorization HashedCrossing"),
}
"""Keras's own layers by class name.

Left out, hence unknown: layers that run someone else's code (``Lambda``, ``TFSMLayer``, ``JaxLayer``, ``FlaxLayer``,
``TorchModuleWrapper``), and spectrograms, which transform by a Fourier transform of their own.
"""

OPERATIONS: Mapping[str, Work] = {
    canonical(key): work
    for key, work in {
        **_all(Work(products.matmul, nothing), "matmul batch_mat_mul batch_mat_mul_v2 batch_mat_mul_v3"),
        **_all(Work(products.einsum, nothing), "einsum xla_einsum"),
        **_all(Work(products.contraction, nothing), "dot tensordot inner outer vdot"),
        "cross": Work(products.cross_product, elementwise.per_output),
        "cdist": Work(products.distances, elementwise.per_output),
        "dot_product_attention": Work(products.fused_attention, elementwise.operation_scores),
        **_all(Work(convolutions.convolution_operation, nothing), "conv conv2d conv3d"),
        **_all(
            Work(convolutions.transposed_operation, nothing),
            "conv_transpose conv2d_backprop_input conv3d_backprop_input_v2",
        ),
        **_all(Work(convolutions.depthwise_operation, nothing), "depthwise_conv depthwise_conv2d_native"),
        "separable_conv": Work(convolutions.separable_operation, nothing),
        **_all(
            MAPS,
            "abs absolute add add_v2 addn angle arccos acos arccosh acosh arcsin asin arcsinh asinh arctan atan arctan2"
            " atan2 arctanh atanh bias_add bitwise_and bitwise_invert bitwise_left_shift bitwise_not bitwise_or"
            " bitwise_right_shift bitwise_xor cbrt ceil celu clip clip_by_value conj conjugate cos cosh cumprod cumsum"
            " deg2rad diff digitize div div_no_nan divide divide_no_nan elu equal erf erfc erfinv exp exp2 expm1 fabs"
            " floor floor_div floor_divide floor_mod fmax fmin fmod gcd gelu glu greater greater_equal hard_shrink"
            " hard_sigmoid hard_silu hard_swish hard_tanh heaviside hypot i0 invert is_finite is_inf is_nan isclose"
            " isfinite isinf isnan isneginf isposinf isreal kron lcm ldexp leaky_relu left_shift less less_equal log"
            " log10 log1p log2 log_sigmoid logaddexp logaddexp2 logical_and logical_not logical_or logical_xor maximum"
            " minimum mod mul mul_no_nan multiply nan_to_num nancumprod nancumsum neg negative nextafter not_equal pow"
            " power rad2deg real_div reciprocal relu relu6 right_shift rint round rsqrt select select_v2 selu"
            " sigmoid sign signbit silu sin sinc sinh soft_shrink softplus softsign sparse_plus sparse_sigmoid sqrt"
            " square squared_difference squareplus sub subtract swish tan tanh tanh_shrink threshold true_divide trunc"
            " truncate_div truncate_mod where xdivy xlogy resize resize_bilinear resize_nearest_neighbor"
            " resize_bicubic resize_area scale_and_translate affine_transform perspective_transform map_coordinates"
            " elastic_transform crop_and_resize rgb_to_grayscale rgb_to_hsv hsv_to_rgb cast_like scatter"
            " scatter_update slice_update polar multi_hot one_hot in_top_k isin logical_negate zeta",
        ),
        **_all(
            REDUCES,
            "all allclose amax amin any argmax arg_max argmin arg_min average binary_crossentropy bincount"
            " categorical_crossentropy count_nonzero euclidean_norm histogram logsumexp max mean median min"
            " moments nanargmax nanargmin nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd"
            " nansum nanvar norm percentile prod psnr ptp quantile segment_max segment_min segment_prod segment_sum"
            " unsorted_segment_sum sparse_categorical_crossentropy std sum trace trapezoid var adaptive_average_pool"
            " adaptive_max_pool",
        ),
        **_all(SOFTMAX, "softmax log_softmax sparsemax"),
        **_all(SCALES, "batch_norm batch_normalization fused_batch_norm fused_batch_norm_v2 fused_batch_norm_v3"),
        **_all(NORMALISES, "layer_norm layer_normalization rms_norm rms_normalization normalize l2_normalize"),
        **_all(Work(nothing, elementwise.pooling_operation), "average_pool max_pool avg_pool"),
        **_all(
            MOVES,
            "append arange range argpartition argsort array array_split bartlett blackman broadcast_to broadcast_args"
            " bitcast cast concat concat_v2 concatenate const convert_to_tensor convert_to_numpy copy crop_images"
            " depth_to_space diag diag_part diagflat diagonal dsplit dstack dtype dynamic_partition dynamic_stitch"
            " empty empty_like ensure_shape expand_dims extract_patches extract_image_patches extract_sequences eye"
            " fill flip fliplr flipud fold full full_like gather gather_nd gather_v2 geomspace get_item hamming"
            " hanning hsplit hstack identity identity_n imag is_tensor kaiser linspace lin_space logspace"
            " matrix_band_part matrix_diag matrix_diag_v3 matrix_diag_part matrix_diag_part_v3 matrix_set_diag"
            " matrix_set_diag_v3 meshgrid mirror_pad moveaxis ndim nonzero ones ones_like pack pad pad_v2 pad_images"
            " parallel_concat placeholder placeholder_with_default prevent_gradient rank ravel real rearrange"
            " read_variable_op"
            " repeat reshape resource_gather reverse_sequence reverse_v2 roll rot90 saturate_cast scatter_nd"
            " searchsorted"
            " shape shape_n size slice sort space_to_batch_nd batch_to_space_nd space_to_depth split split_v squeeze"
            " stack stop_gradient strided_slice swapaxes take take_along_axis tensor_scatter_add"
            " tensor_scatter_update tile top_k top_kv2 transpose tri tril triu unfold unique unpack unravel_index"
            " unstack vander vectorize view view_as_complex view_as_real vsplit vstack zeros zeros_like assert no_op"
            " passthrough stateless_random_uniform_v2 stateless_random_normal_v2 random_uniform"
            " random_standard_normal",
        ),
    }.items()
}
"""Operations by name, whether ``keras.ops`` calls it ``batch_normalization``, Keras's graph ``BatchNorm`` or TensorFlow
``FusedBatchNormV3``: underscores and capitals do not count.

Left out, hence unknown: loops and branches, Fourier transforms, decompositions and solvers.
"""


LIBRARIES: Mapping[str, Mapping[str, Work]] = {
    "keras_hub": {
        **_all(
            NORMALISES,
            "RMSNormalization LlamaLayerNorm MistralLayerNormalization MixtralLayerNormalization Phi3LayerNorm"
            " QwenLayerNorm Qwen3LayerNorm Qwen3MoeLayerNorm QwenMoeLayerNorm T5LayerNorm GptOssLayerNormalization"
            " Gemma3nRMSNorm Gemma4VNorm RoformerNorm RmsNorm2d",
        ),
        **_all(
            SCALES,
            "RotaryEmbedding LlamaRotaryEmbedding Phi3SuScaledRotaryEmbedding MoonshineRotaryEmbedding"
            " DINOV2LayerScale DINOV3LayerScale LayerScale2d HGNetV2LearnableAffineBlock",
        ),
        **_all(MOVES, "PositionEmbedding SinePositionEncoding DropPath DINOV2DropPath DINOV3DropPath"),
    },
    "kimm": {**_all(SCALES, "LayerScale LearnableAffine"), **_all(MAPS, "PositionEmbedding")},
}
"""Layers of well-known libraries that contain no other layer, multiply no matrices and keep their input's shape."""


def is_keras(module: str) -> bool:
    """Tell whether a module is Keras itself, and not a package whose name begins alike."""
    return module == "keras" or module.startswith("keras.")


_REGISTERED: dict[tuple[str, str], Rule] = {}


def register(layer: type | str, rule: Rule) -> None:
    """Let ``rule`` count the multiply-accumulates of a layer that contains no other layers.

    Composite layers need no rule: what they contain is counted.  The rule gets one :class:`~keraviz_docs.cost.Call`
    per call of the layer, at batch 1 with every dimension known, and returns a number, or ``None`` for "unknown".
    What it counts is taken to keep the samples of a batch apart.
    It must be registered where the layer is defined, so that it is there when the model is read::

        keraviz_docs.cost.register(MyLayer, lambda call: call.config["rank"] * elements(call.outputs[0]))

    Args:
        layer: the class, or ``"package.module:Class"``.
        rule: what counts a call.

    Raises:
        ValueError: ``layer`` is a string without a module.
    """
    if isinstance(layer, str):
        module, colon, name = layer.partition(":")
        if not (module and colon and name):
            raise ValueError(f"expected 'package.module:Class', not {layer!r}")
    else:
        module, name = layer.__module__, layer.__name__
    _REGISTERED[module, name] = rule


def registered(node: Node) -> Rule | None:
    """Return the rule that a zoo registered for this node's class."""
    return _REGISTERED.get((node.module, node.class_name))


def work_of(node: Node) -> Work | None:
    """Return how a node is counted, or ``None`` where nobody knows: a custom layer without a rule, a Fourier transform.

    A registered rule comes first; it says nothing about element-wise work.
    """
    known = _known(node)
    rule = registered(node)
    if rule is None:
        return known
    return Work(rule, known.elementwise if known else _no_idea, registered=True)


def _known(node: Node) -> Work | None:
    if node.kind == "input":
        return MOVES
    if node.opaque is not None and node.class_name not in LAYERS:
        return None
    if node.kind == "layer":
        if is_keras(node.module):
            return LAYERS.get(node.class_name)
        return LIBRARIES.get(node.module.partition(".")[0], {}).get(node.class_name)
    ours = is_keras(node.module) or node.module.partition(".")[0] in ("tf", "tensorflow")
    return OPERATIONS.get(canonical(node.class_name)) if ours else None


def multiplies_nothing(operations: Iterable[str]) -> bool:
    """Tell whether operations, by name or TensorFlow type, contain no product of matrices and no convolution.

    An operation that is not known makes the answer ``False``.
    """
    known = [OPERATIONS.get(canonical(operation)) for operation in operations]
    return all(work is not None and not work.multiplies for work in known)
