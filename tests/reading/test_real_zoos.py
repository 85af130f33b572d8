"""Published zoos, as they are: default arguments, pretrained weights and all, and no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keraviz_docs.outcome import Failure, Reading

pytestmark = pytest.mark.slow

APPLICATIONS = [
    "ConvNeXtBase",
    "ConvNeXtLarge",
    "ConvNeXtSmall",
    "ConvNeXtTiny",
    "ConvNeXtXLarge",
    "DenseNet121",
    "DenseNet169",
    "DenseNet201",
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "EfficientNetV2B0",
    "EfficientNetV2B1",
    "EfficientNetV2B2",
    "EfficientNetV2B3",
    "EfficientNetV2L",
    "EfficientNetV2M",
    "EfficientNetV2S",
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Large",
    "MobileNetV3Small",
    "NASNetLarge",
    "NASNetMobile",
    "ResNet101",
    "ResNet101V2",
    "ResNet152",
    "ResNet152V2",
    "ResNet50",
    "ResNet50V2",
    "VGG16",
    "VGG19",
    "Xception",
]


def built_without_weights(reading: Reading) -> bool:
    return not any("Built with its weights" in notice.text for notice in reading.architecture.notices)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_keras_applications_with_their_defaults(tmp_path: Path, reading_of: Callable[..., Reading], name: str) -> None:
    reading = reading_of(tmp_path, f"keras.applications:{name}")
    assert reading.architecture.detail == "exact"
    assert reading.architecture.totals.parameters > 2_000_000
    assert built_without_weights(reading)


TEXT = {"vocabulary_size": 1000, "num_layers": 2, "hidden_dim": 32, "intermediate_dim": 64}
GROUPED = {**TEXT, "num_query_heads": 4, "num_key_value_heads": 2}
BACKBONES: dict[str, dict[str, Any]] = {
    "AlbertBackbone": {**TEXT, "num_heads": 2, "embedding_dim": 16},
    "BertBackbone": {**TEXT, "num_heads": 2},
    "BloomBackbone": {**TEXT, "num_heads": 2},
    "DenseNetBackbone": {"stackwise_num_repeats": [2, 2], "image_shape": [64, 64, 3]},
    "GPT2Backbone": {**TEXT, "num_heads": 2},
    "GemmaBackbone": {**GROUPED, "head_dim": 8},
    "LlamaBackbone": GROUPED,
    "MistralBackbone": GROUPED,
    "MixtralBackbone": {**GROUPED, "num_experts": 4},
    "ResNetBackbone": {
        "input_conv_filters": [64],
        "input_conv_kernel_sizes": [7],
        "stackwise_num_filters": [64, 64],
        "stackwise_num_blocks": [2, 2],
        "stackwise_num_strides": [1, 2],
        "block_type": "basic_block",
    },
    "T5Backbone": {**TEXT, "num_heads": 2},
    "ViTBackbone": {
        "image_shape": (64, 64, 3),
        "patch_size": (16, 16),
        "num_layers": 2,
        "num_heads": 2,
        "hidden_dim": 32,
        "mlp_dim": 64,
    },
    "WhisperBackbone": {**TEXT, "num_heads": 2},
}


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_keras_hub_backbones(tmp_path: Path, reading_of: Callable[..., Reading], name: str) -> None:
    reading = reading_of(tmp_path, f"keras_hub.models:{name}", **BACKBONES[name])
    assert reading.architecture.totals.parameters > 10_000
    assert built_without_weights(reading)


@pytest.mark.parametrize(
    "name", ["ConvNeXtAtto", "HGNetBase", "MobileViTS", "RegNetY002", "ResNet18", "VisionTransformerTiny16"]
)
def test_kimm_models_with_their_pretrained_weights(
    tmp_path: Path, reading_of: Callable[..., Reading], name: str
) -> None:
    reading = reading_of(tmp_path, f"kimm.models:{name}", weights="imagenet")
    assert reading.architecture.totals.parameters > 1_000_000
    assert built_without_weights(reading)


def test_a_preset_that_is_not_here_fails_clearly(tmp_path: Path, failure_of: Callable[..., Failure]) -> None:
    failure = failure_of(tmp_path, "keras_hub.models:BertBackbone.from_preset", preset="bert_tiny_en_uncased")
    assert failure.kind == "exception"
    assert failure.message.startswith("`keras_hub.models:BertBackbone.from_preset` raised ")


def test_a_preset_in_a_directory_is_read_without_its_weights(
    tmp_path: Path, run: Callable[..., Any], reading_of: Callable[..., Reading]
) -> None:
    parameters = run(
        """
        import keras_hub
        model = keras_hub.models.BertBackbone(
            vocabulary_size=100, num_layers=1, num_heads=2, hidden_dim=16, intermediate_dim=32
        )
        model.save_to_preset(str(preset))
        (preset / "model.weights.h5").unlink()
        result = model.count_params()
        """,
        preset=tmp_path / "preset",
    )
    reading = reading_of(tmp_path, "keras_hub.models:BertBackbone.from_preset", preset=str(tmp_path / "preset"))
    assert reading.architecture.totals.parameters == parameters
    assert built_without_weights(reading)
