"""Addresses of the documentation of Keras classes and operations.

Sources:
    The page names of keras.io are those of ``scripts/api_master.py`` in https://github.com/keras-team/keras-io.
    What keras.io shows on pages of many entries (operations) has a page of its own in the API reference of
    TensorFlow, which is made from the same docstrings: https://www.tensorflow.org/api_docs/python/tf/keras.
"""

from __future__ import annotations

import re

_KERAS = "https://keras.io/api/layers"
_TENSORFLOW = "https://www.tensorflow.org/api_docs/python/tf/keras"

_LAYERS_OF_SECTION = {
    "core_layers": "Dense EinsumDense Activation Embedding Masking Lambda Identity",
    "convolution_layers": "Conv1D Conv2D Conv3D SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D "
    "Conv1DTranspose Conv2DTranspose Conv3DTranspose",
    "pooling_layers": "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D "
    "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D "
    "GlobalAveragePooling3D",
    "recurrent_layers": "LSTM LSTMCell GRU GRUCell SimpleRNN TimeDistributed Bidirectional ConvLSTM1D ConvLSTM2D "
    "ConvLSTM3D RNN SimpleRNNCell StackedRNNCells",
    "preprocessing_layers/text": "TextVectorization",
    "preprocessing_layers/numerical": "Normalization SpectralNormalization Discretization",
    "preprocessing_layers/categorical": "CategoryEncoding Hashing HashedCrossing StringLookup IntegerLookup",
    "preprocessing_layers/image_preprocessing": "Resizing Rescaling CenterCrop",
    "preprocessing_layers/image_augmentation": "RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation "
    "RandomTranslation RandomZoom",
    "normalization_layers": "BatchNormalization LayerNormalization UnitNormalization GroupNormalization "
    "RMSNormalization",
    "regularization_layers": "Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianDropout AlphaDropout "
    "GaussianNoise ActivityRegularization",
    "attention_layers": "MultiHeadAttention Attention AdditiveAttention",
    "reshaping_layers": "Reshape Flatten RepeatVector Permute Cropping1D Cropping2D Cropping3D UpSampling1D "
    "UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D",
    "merging_layers": "Concatenate Average Maximum Minimum Add Subtract Multiply Dot",
    "activation_layers": "ReLU Softmax LeakyReLU PReLU ELU",
}
_PAGE_NAMES = {"StackedRNNCells": "stacked_rnn_cell", "ReLU": "relu", "LeakyReLU": "leaky_relu", "PReLU": "prelu"}
_SECTION_OF_LAYER = {layer: section for section, layers in _LAYERS_OF_SECTION.items() for layer in layers.split()}
_ALIASES = {"GroupedQueryAttention": "GroupQueryAttention"}


def documentation(class_name: str, module: str) -> str | None:
    """Return the address of the page about a public Keras class or operation, or ``None``.

    Args:
        class_name: the name of the class, as in ``Conv2D`` or ``GetItem``.
        module: where it is public or defined, as in ``keras.layers`` or ``keras.src.layers.core.dense``.

    >>> documentation("Conv2D", "keras.layers")
    'https://keras.io/api/layers/convolution_layers/convolution2d/'
    >>> documentation("GetItem", "keras.ops")
    'https://www.tensorflow.org/api_docs/python/tf/keras/ops/get_item'
    """
    parts = module.split(".")
    if parts[0] != "keras" or not class_name.isidentifier():
        return None
    public = [part for part in parts[1:] if part != "src"]
    if not public:
        return f"{_TENSORFLOW}/{class_name}" if class_name in {"Sequential", "Model"} else None
    if class_name == "InputLayer":
        return f"{_KERAS}/core_layers/input/"
    if public[0] == "layers":
        name = _ALIASES.get(class_name, class_name)
        if name in _SECTION_OF_LAYER:
            return f"{_KERAS}/{_SECTION_OF_LAYER[name]}/{_page_name(name)}/"
        return f"{_TENSORFLOW}/layers/{name}"
    if public[0] == "ops":
        namespace = "ops/image" if public[1:2] == ["image"] else "ops"
        return f"{_TENSORFLOW}/{namespace}/{_snake(class_name)}"
    return None


def _page_name(layer: str) -> str:
    return _PAGE_NAMES.get(layer) or _snake(re.sub(r"Conv(\dD)", r"Convolution\1", layer))


def _snake(name: str) -> str:
    """Convert as Keras names its modules: ``GlobalAveragePooling2D`` to ``global_average_pooling2d``."""
    name = re.sub(r"(\d)D", r"\1d", name)
    name = re.sub(r"([a-z\d])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).lower()
