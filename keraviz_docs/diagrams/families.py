"""Families of layers, which share a colour, a border and an entry in the legend.

The colours are dark enough for white text (WCAG 2.2 contrast of at least 4.5 : 1) and spread over hue and lightness
so that they stay apart under the common colour blindnesses; since seven hues are about what anybody tells apart, and
print may be grey, each family has a border of its own besides, and every box says its class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from keraviz_docs.architecture import Node

Border = Literal["solid", "dashed", "dotted", "double"]


@dataclass(frozen=True)
class Family:
    """How the layers of one kind are drawn."""

    key: str
    """Short name, used as the CSS class ``kv-KEY``."""
    title: str
    accent: str
    """Strong colour (``#rrggbb``) of the number strip and the border; white text is legible on it."""
    tint: str
    """Light colour of the box; near-black and dark grey text is legible on it."""
    border: Border = "solid"


FAMILIES: tuple[Family, ...] = (
    Family("input", "Input and output", "#3d4852", "#eef0f2", "double"),
    Family("conv", "Convolution", "#0a5fa8", "#e6f0fa"),
    Family("dense", "Dense", "#5b3fa0", "#efeafa"),
    Family("recurrent", "Recurrent", "#00696b", "#e0f4f3"),
    Family("attention", "Attention", "#a02669", "#fbe8f2"),
    Family("embedding", "Embedding", "#7a4a00", "#fbf0dc"),
    Family("norm", "Normalisation", "#4a6b12", "#eef5e0"),
    Family("activation", "Activation", "#b3400b", "#fdece3"),
    Family("pool", "Pooling", "#00657f", "#e1f3f9"),
    Family("merge", "Merging", "#9a2c2c", "#fbe9e8"),
    Family("dropout", "Regularisation", "#6b6b6b", "#f3f3f3", "dashed"),
    Family("reshape", "Reshaping", "#6d5a3f", "#f5f0e8"),
    Family("operation", "Operation", "#555b66", "#f6f7f9", "dotted"),
    Family("custom", "Custom layer", "#86198f", "#faeafb", "double"),
    Family("other", "Other layer", "#475569", "#f1f4f8"),
)
BY_KEY = {family.key: family for family in FAMILIES}

_FAMILY_OF_CLASS: dict[str, str] = {
    name: key
    for key, names in {
        "input": "InputLayer",
        "dense": "Dense EinsumDense",
        "recurrent": "LSTM GRU SimpleRNN RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D Bidirectional StackedRNNCells "
        "LSTMCell GRUCell SimpleRNNCell",
        "attention": "Attention AdditiveAttention MultiHeadAttention GroupedQueryAttention GroupQueryAttention",
        "embedding": "Embedding Hashing HashedCrossing CategoryEncoding IntegerLookup StringLookup TextVectorization "
        "Discretization ReversibleEmbedding TokenAndPositionEmbedding PositionEmbedding SinePositionEncoding "
        "RotaryEmbedding",
        "norm": "BatchNormalization LayerNormalization GroupNormalization UnitNormalization RMSNormalization "
        "SpectralNormalization Normalization Rescaling",
        "activation": "Activation ReLU LeakyReLU PReLU ELU Softmax relu relu6 sigmoid tanh softmax gelu silu swish "
        "hard_sigmoid hard_silu hard_swish leaky_relu elu selu softplus softsign log_softmax mish celu glu",
        "merge": "Add Subtract Multiply Average Maximum Minimum Concatenate Dot add subtract multiply concatenate",
        "dropout": "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout GaussianNoise "
        "AlphaDropout ActivityRegularization DropPath StochasticDepth",
        "reshape": "Flatten Reshape Permute RepeatVector Cropping1D Cropping2D Cropping3D ZeroPadding1D ZeroPadding2D "
        "ZeroPadding3D UpSampling1D UpSampling2D UpSampling3D Resizing CenterCrop reshape transpose squeeze",
    }.items()
    for name in names.split()
}


def family_of(node: Node) -> Family:
    """Return the family of a node, from its class and the module that defines it."""
    if node.kind == "input":
        return BY_KEY["input"]
    return BY_KEY[_key(node.class_name, node.module, operation=node.kind == "operation")]


def family_of_group(class_name: str, module: str) -> Family:
    """Return the family of a composite layer or nested model that is drawn as one box."""
    return BY_KEY[_key(class_name, module, operation=False)]


def _key(class_name: str, module: str, *, operation: bool) -> str:
    # Quantised Keras classes carry a prefix (`QuantizedDense`); keras-hub and others prefix theirs too.
    known = _FAMILY_OF_CLASS.get(class_name) or _FAMILY_OF_CLASS.get(class_name.removeprefix("Quantized"))
    if known:
        return known
    if operation:
        return "operation"
    if "Pool" in class_name:
        return "pool"
    if "Attention" in class_name:
        return "attention"
    if "Embedding" in class_name:
        return "embedding"
    if "Norm" in class_name:
        return "norm"
    if "Conv" in class_name:
        return "conv"
    return "other" if module.split(".", 1)[0] in ("keras", "keras_hub", "kimm", "tf_keras") else "custom"
