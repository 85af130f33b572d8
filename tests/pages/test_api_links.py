from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from keraviz_docs.pages.api_links import _SECTION_OF_LAYER, documentation


@pytest.fixture(scope="module")
def public_layers() -> set[str]:
    """The names in ``keras.layers``, read from its source, since importing Keras takes seconds."""
    spec = importlib.util.find_spec("keras")
    assert spec is not None and spec.submodule_search_locations is not None
    source = Path(spec.submodule_search_locations[0]) / "layers" / "__init__.py"
    return set(
        re.findall(r"import (\w+) as \1|import (\w+)$", source.read_text(), re.MULTILINE)
        and re.findall(r"as (\w+)", source.read_text())
    )


def test_every_layer_in_the_table_exists_in_keras(public_layers: set[str]) -> None:
    assert set(_SECTION_OF_LAYER) <= public_layers


@pytest.mark.parametrize(
    ("class_name", "page"),
    [
        ("InputLayer", "core_layers/input"),
        ("Conv2DTranspose", "convolution_layers/convolution2d_transpose"),
        ("ConvLSTM2D", "recurrent_layers/conv_lstm2d"),
        ("GlobalAveragePooling2D", "pooling_layers/global_average_pooling2d"),
        ("PReLU", "activation_layers/prelu"),
        ("LSTM", "recurrent_layers/lstm"),
        ("StackedRNNCells", "recurrent_layers/stacked_rnn_cell"),
        ("RMSNormalization", "normalization_layers/rms_normalization"),
    ],
)
def test_layers_lead_to_their_page_on_keras_io(class_name: str, page: str) -> None:
    assert documentation(class_name, "keras.layers") == f"https://keras.io/api/layers/{page}/"
    assert documentation(class_name, "keras.src.layers.core.any") == f"https://keras.io/api/layers/{page}/"


def test_what_keras_io_has_no_page_for_leads_to_the_same_docstring_elsewhere() -> None:
    base = "https://www.tensorflow.org/api_docs/python/tf/keras"
    assert documentation("RandomGrayscale", "keras.layers") == f"{base}/layers/RandomGrayscale"
    assert documentation("get_item", "keras.ops") == f"{base}/ops/get_item"
    assert documentation("Sequential", "keras") == f"{base}/Sequential"


@pytest.mark.parametrize(
    ("class_name", "module"),
    [("Conv2D", "zoo.layers"), ("Functional", "keras"), ("X", "keras_hub.layers"), ("X", ""), ("<b>", "keras.layers")],
)
def test_what_is_not_public_in_keras_has_no_page(class_name: str, module: str) -> None:
    assert documentation(class_name, module) is None
