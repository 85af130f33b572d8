"""Families of layers, which share a colour, a border and an entry in the legend.

The strong colours are those of Okabe and Ito (*Color Universal Design*, 2008), which stay apart under the common colour
blindnesses, and a few more that differ from them in lightness.  Text meets WCAG 2.2 AA (4.5 : 1) on every fill, borders
meet 3 : 1 on the page.  No colour carries a meaning alone: every box says its class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from keraviz_docs.architecture import Node

Border = Literal["solid", "dashed", "dotted", "double"]


@dataclass(frozen=True)
class Family:
    """How the layers of one kind are drawn; colours are ``#rrggbb``."""

    key: str
    """Short name, used as the CSS class ``kv-KEY``."""
    title: str
    accent: str
    """Fill of the number strip."""
    on_accent: str
    """Colour of the number on it."""
    outline: str
    """Colour of the border."""
    tint: str
    """Fill of the box; near-black and dark grey text is legible on it."""
    border: Border = "solid"


_LIGHT = "#ffffff"
_DARK = "#101418"

FAMILIES: tuple[Family, ...] = (
    Family("input", "Input and output", "#2f3942", _LIGHT, "#2f3942", "#eceff1", "double"),
    Family("conv", "Convolution", "#0072b2", _LIGHT, "#0072b2", "#e3f0f9"),
    Family("dense", "Dense", "#5b3c9c", _LIGHT, "#5b3c9c", "#eee9f8"),
    Family("recurrent", "Recurrent", "#004d52", _LIGHT, "#004d52", "#dcefee"),
    Family("attention", "Attention", "#cc79a7", _DARK, "#a94f81", "#faebf3"),
    Family("embedding", "Embedding", "#e8dc3a", _DARK, "#877c00", "#fbf8d9"),
    Family("norm", "Normalisation", "#7cc4ee", _DARK, "#2f86b8", "#edf7fd"),
    Family("activation", "Activation", "#e69f00", _DARK, "#a87200", "#fdf3de"),
    Family("pool", "Pooling", "#009e73", _DARK, "#00805d", "#e0f4ed"),
    Family("merge", "Merging", "#d55e00", _DARK, "#b85100", "#fceadd"),
    Family("dropout", "Regularisation", "#b8bec6", _DARK, "#717982", "#f6f7f8", "dashed"),
    Family("reshape", "Reshaping", "#c3ab86", _DARK, "#86704a", "#f8f3eb"),
    Family("operation", "Operation", "#dfe3e8", _DARK, "#68717c", "#fbfcfd", "dotted"),
    Family("custom", "Custom layer", "#7d1c8c", _LIGHT, "#7d1c8c", "#f7e9f9", "double"),
    Family("other", "Other layer", "#5d6874", _LIGHT, "#5d6874", "#f0f2f5"),
)
BY_KEY = {family.key: family for family in FAMILIES}

_FAMILY_OF_CLASS: dict[str, str] = {
    name: key
    for key, names in {
        "input": "InputLayer",
        "dense": "Dense EinsumDense",
        "recurrent": "LSTM GRU SimpleRNN RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D Bidirectional StackedRNNCells "
        "LSTMCell GRUCell SimpleRNNCell",
        "attention": "Attention AdditiveAttention MultiHeadAttention GroupedQueryAttention GroupQueryAttention "
        "dot_product_attention",
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
