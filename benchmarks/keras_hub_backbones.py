"""Every backbone of keras-hub in a configuration small enough to build in a second."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from keras_hub import layers, models

_COMMON: dict[str, Any] = {
    "vocabulary_size": 64, "vocab_size": 64, "num_layers": 2, "num_heads": 2, "num_attention_heads": 2,
    "num_query_heads": 2, "num_key_value_heads": 1, "hidden_dim": 16, "embedding_dim": 16, "intermediate_dim": 32,
    "head_dim": 8, "head_size": 8, "num_experts": 2, "top_k": 1, "moe_intermediate_dim": 16,
    "shared_expert_intermediate_dim": 16, "shared_expert_intermediate_size": 16, "mlp_dim": 32, "patch_size": 8,
    "num_layers_enc": 2, "num_layers_dec": 2,
}  # fmt: skip
"""Values for parameters that many backbones share; those of a backbone below come first."""

_IMAGE = (64, 64, 3)


def _vision_encoder_clip() -> Any:
    return models.CLIPVisionEncoder(
        patch_size=8, hidden_dim=16, num_layers=2, num_heads=2, intermediate_dim=32, image_shape=_IMAGE
    )


def _text_encoder_clip(name: str | None = None) -> Any:
    return models.CLIPTextEncoder(
        vocabulary_size=64, embedding_dim=16, hidden_dim=16, num_layers=2, num_heads=2, intermediate_dim=32,
        intermediate_output_index=0 if name else None, name=name,
    )  # fmt: skip


def _resnet(image_shape: tuple[int | None, ...] = _IMAGE) -> Any:
    return models.ResNetBackbone(
        input_conv_filters=[64], input_conv_kernel_sizes=[7], stackwise_num_filters=[64, 64, 64, 64],
        stackwise_num_blocks=[1, 1, 1, 1], stackwise_num_strides=[1, 2, 2, 2], block_type="basic_block",
        image_shape=image_shape,
    )  # fmt: skip


def _hgnet() -> Any:
    return models.HGNetV2Backbone(
        stem_channels=[3, 8, 8], stackwise_stage_filters=[[8, 8, 16, 1, 2, 3], [16, 8, 32, 1, 2, 3],
        [32, 16, 64, 1, 2, 5], [64, 32, 128, 1, 2, 5]], apply_downsample=[False, True, True, True],
        use_lightweight_conv_block=[False, False, True, True], depths=[1, 1, 1, 1], hidden_sizes=[16, 32, 64, 128],
        embedding_size=8, use_learnable_affine_block=True, hidden_act="relu", image_shape=(256, 256, 3),
        out_features=["stage3", "stage4"],
    )  # fmt: skip


def _mit() -> Any:
    return models.MiTBackbone(
        layerwise_depths=[1, 1], num_layers=2, layerwise_num_heads=[1, 2], layerwise_sr_ratios=[2, 1],
        max_drop_path_rate=0.1, image_shape=_IMAGE, hidden_dims=[8, 16], layerwise_patch_sizes=[7, 3],
        layerwise_strides=[4, 2],
    )  # fmt: skip


def _dinov2() -> Any:
    return models.DINOV2Backbone(
        patch_size=8, num_layers=4, hidden_dim=16, num_heads=2, intermediate_dim=32, image_shape=_IMAGE,
        position_embedding_shape=_IMAGE,
    )  # fmt: skip


def _vitdet(size: int = 64) -> Any:
    return models.ViTDetBackbone(
        hidden_size=16, num_layers=2, intermediate_dim=32, num_heads=2, global_attention_layer_indices=[1],
        image_shape=(size, size, 3), patch_size=8, num_output_channels=8, window_size=2,
    )  # fmt: skip


def _sam() -> Any:
    return models.SAMBackbone(
        image_encoder=_vitdet(),
        prompt_encoder=layers.SAMPromptEncoder(
            hidden_size=8, image_embedding_size=(8, 8), input_image_size=(64, 64), mask_in_channels=8
        ),
        mask_decoder=layers.SAMMaskDecoder(
            num_layers=2, hidden_size=8, intermediate_dim=16, num_heads=2, embedding_dim=8, num_multimask_outputs=3,
            iou_head_depth=2, iou_head_hidden_dim=8,
        ),
    )  # fmt: skip


def _siglip_encoders() -> dict[str, Any]:
    return {
        "vision_encoder": models.SigLIPVisionEncoder(
            patch_size=8, hidden_dim=16, num_layers=2, num_heads=2, intermediate_dim=32, image_shape=_IMAGE
        ),
        "text_encoder": models.SigLIPTextEncoder(
            vocabulary_size=64, embedding_dim=16, hidden_dim=16, num_layers=2, num_heads=2, intermediate_dim=32
        ),
    }


def _vae() -> Any:
    from keras_hub.src.models.vae.vae_backbone import VAEBackbone  # not exported

    return VAEBackbone(
        encoder_num_filters=[32, 32, 32, 32], encoder_num_blocks=[1, 1, 1, 1],
        decoder_num_filters=[32, 32, 32, 32], decoder_num_blocks=[1, 1, 1, 1],
    )  # fmt: skip


_OWN: dict[str, Callable[[], dict[str, Any]]] = {
    "BASNetBackbone": lambda: {"image_encoder": _resnet((None, None, 3)), "num_classes": 1, "image_shape": _IMAGE,
                               "projection_filters": 64},
    "BLIP2Backbone": lambda: {
        "vision_encoder": models.BLIP2VisionEncoder(
            image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, intermediate_dim=32,
            use_patch_bias=True, use_class_token=True, use_mha_bias=True, use_mlp_bias=True, dropout_rate=0.0,
            layer_norm_epsilon=1e-6, initializer_range=0.02,
        ),
        "qformer": models.BLIP2QFormer(
            num_query_tokens=4, num_layers=2, num_heads=2, hidden_dim=16, intermediate_dim=32, vision_dim=16,
            cross_attention_frequency=2, dropout=0.0, layer_norm_epsilon=1e-6,
        ),
        "language_model": models.BLIP2CustomOPT(
            vocabulary_size=64, num_layers=2, num_heads=2, hidden_dim=16, intermediate_dim=32, num_query_tokens=4,
            qformer_hidden_dim=16, max_sequence_length=32, dropout=0.0, language_projection=None,
        ),
    },
    "CLIPBackbone": lambda: {"vision_encoder": _vision_encoder_clip(), "text_encoder": _text_encoder_clip(),
                             "projection_dim": 8},
    "MetaCLIP2Backbone": lambda: {
        "vision_encoder": models.MetaCLIP2VisionEncoder(
            patch_size=8, hidden_dim=16, num_layers=2, num_heads=2, intermediate_dim=32, image_shape=_IMAGE
        ),
        "text_encoder": models.MetaCLIP2TextEncoder(
            vocabulary_size=64, embedding_dim=16, hidden_dim=16, num_layers=2, num_heads=2, intermediate_dim=32
        ),
        "projection_dim": 8,
    },
    "CSPNetBackbone": lambda: {"stem_filters": 8, "stem_kernel_size": 3, "stem_strides": 1, "stackwise_depth": [1, 2],
                               "stackwise_strides": [1, 2], "stackwise_num_filters": [8, 16],
                               "block_type": "dark_block", "stage_type": "dark", "image_shape": _IMAGE},
    "DFineBackbone": lambda: {
        "backbone": _hgnet(), "decoder_in_channels": [16, 16], "encoder_hidden_dim": 16, "num_labels": 4,
        "num_denoising": 0, "learn_initial_query": False, "num_queries": 10, "anchor_image_size": (256, 256),
        "feat_strides": [16, 32], "num_feature_levels": 2, "encoder_in_channels": [64, 128],
        "encode_proj_layers": [1], "encoder_ffn_dim": 32, "num_encoder_layers": 1, "hidden_expansion": 0.5,
        "depth_multiplier": 0.5, "eval_idx": -1, "num_decoder_layers": 2, "decoder_attention_heads": 2,
        "decoder_ffn_dim": 32, "decoder_n_points": [2, 2], "lqe_hidden_dim": 8, "num_lqe_layers": 2,
        "image_shape": (256, 256, 3), "out_features": ["stage3", "stage4"],
    },
    "DINOV2Backbone": lambda: {"image_shape": _IMAGE, "position_embedding_shape": _IMAGE},
    "DINOV3Backbone": lambda: {"image_shape": _IMAGE},
    "DeepLabV3Backbone": lambda: {"image_encoder": _resnet(), "projection_filters": 4, "low_level_feature_key": "P2",
                                  "spatial_pyramid_pooling_key": "P4", "upsampling_size": 4,
                                  "dilation_rates": [2, 4], "image_shape": _IMAGE},
    "DeiTBackbone": lambda: {"image_shape": _IMAGE},
    "DenseNetBackbone": lambda: {"stackwise_num_repeats": [2, 2, 2, 2], "growth_rate": 4, "image_shape": _IMAGE},
    "DepthAnythingBackbone": lambda: {
        "image_encoder": _dinov2(), "reassemble_factors": [4, 2, 1, 0.5], "neck_hidden_dims": [8, 8, 8, 8],
        "fusion_hidden_dim": 8, "head_hidden_dim": 8, "head_in_index": -1,
        "feature_keys": ["stage1", "stage2", "stage3", "stage4"],
    },
    "EfficientNetBackbone": lambda: {
        "stackwise_width_coefficients": [1.0] * 6, "stackwise_depth_coefficients": [1.0] * 6,
        "stackwise_kernel_sizes": [3] * 6, "stackwise_num_repeats": [1, 2, 1, 1, 1, 1],
        "stackwise_input_filters": [8, 8, 16, 16, 16, 16], "stackwise_output_filters": [8, 16, 16, 16, 16, 16],
        "stackwise_expansion_ratios": [1, 2, 2, 2, 2, 2],
        "stackwise_squeeze_and_excite_ratios": [0.0, 0.0, 0, 0.25, 0.25, 0.25],
        "stackwise_strides": [1, 2, 2, 2, 1, 2], "stackwise_block_types": ["fused"] * 3 + ["unfused"] * 3,
        "input_shape": _IMAGE,
    },
    "FluxBackbone": lambda: {
        "input_channels": 16, "hidden_size": 32, "mlp_ratio": 2.0, "num_heads": 4, "depth": 1,
        "depth_single_blocks": 2, "axes_dim": [2, 2, 4], "theta": 10000, "use_bias": True,
        "image_shape": (8, 16), "text_shape": (8, 32), "image_ids_shape": (8, 3), "text_ids_shape": (8, 3),
        "y_shape": (16,),
    },
    "Gemma3Backbone": lambda: {"image_size": 16},
    "Gemma3nBackbone": lambda: {
        "text_vocab_size": 64, "text_hidden_size": 16, "num_hidden_layers": 2, "pad_token_id": 0,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "intermediate_size": [32, 32],
        "hidden_activation": "gelu_approximate", "layer_types": ["full_attention", "sliding_attention"],
        "sliding_window": 4, "rope_theta": 10000.0, "max_position_embeddings": 32, "vocab_size_per_layer_input": 64,
        "hidden_size_per_layer_input": 4, "altup_num_inputs": 2, "laurel_rank": 4,
    },
    "Gemma4Backbone": lambda: {"image_size": 16},
    "Qwen3MoeBackbone": lambda: {"top_k": 1},
    "QwenMoeBackbone": lambda: {"top_k": 1},
    "GptOssBackbone": dict,
    "MiTBackbone": lambda: {
        "layerwise_depths": [1, 1], "num_layers": 2, "layerwise_num_heads": [1, 2], "layerwise_sr_ratios": [2, 1],
        "max_drop_path_rate": 0.1, "image_shape": _IMAGE, "hidden_dims": [8, 16], "layerwise_patch_sizes": [7, 3],
        "layerwise_strides": [4, 2],
    },
    "MobileNetBackbone": lambda: {
        "stackwise_expansion": [[8], [16, 16]], "stackwise_num_blocks": [1, 2], "stackwise_num_filters": [[8], [8, 8]],
        "stackwise_kernel_size": [[3], [3, 5]], "stackwise_num_strides": [[2], [2, 1]],
        "stackwise_se_ratio": [[0.25], [None, 0.25]], "stackwise_activation": [["relu"], ["hard_swish", "hard_swish"]],
        "stackwise_padding": [[1], [1, 2]], "output_num_filters": 32, "depthwise_filters": 8, "depthwise_stride": 2,
        "depthwise_residual": False, "last_layer_filter": 32, "squeeze_and_excite": 0.5, "image_shape": _IMAGE,
    },
    "MobileNetV5Backbone": lambda: {
        "stackwise_block_types": [["er"], ["uir", "uir"]], "stackwise_num_blocks": [1, 2],
        "stackwise_num_filters": [[8], [16, 16]], "stackwise_strides": [[2], [2, 1]],
        "stackwise_act_layers": [["gelu"], ["gelu", "gelu"]], "stackwise_exp_ratios": [[4.0], [4.0, 4.0]],
        "stackwise_se_ratios": [[0.0], [0.0, 0.0]], "stackwise_dw_kernel_sizes": [[0], [5, 5]],
        "stackwise_dw_start_kernel_sizes": [[0], [0, 0]], "stackwise_dw_end_kernel_sizes": [[0], [0, 0]],
        "stackwise_exp_kernel_sizes": [[3], [0, 0]], "stackwise_pw_kernel_sizes": [[1], [0, 0]],
        "stackwise_num_heads": [[0], [0, 0]], "stackwise_key_dims": [[0], [0, 0]],
        "stackwise_value_dims": [[0], [0, 0]], "stackwise_kv_strides": [[0], [0, 0]],
        "stackwise_use_cpe": [[False], [False, False]], "use_msfa": False, "image_shape": _IMAGE,
    },
    "MoonshineBackbone": lambda: {"filter_dim": 16, "encoder_num_layers": 2, "decoder_num_layers": 2,
                                  "encoder_num_heads": 2, "decoder_num_heads": 2},
    "PARSeqBackbone": lambda: {
        "image_encoder": models.ViTBackbone(
            image_shape=(32, 64, 3), patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32,
            use_class_token=False, name="encoder",
        ),
        "max_label_length": 8, "decoder_hidden_dim": 16, "num_decoder_layers": 1, "num_decoder_heads": 2,
        "decoder_mlp_dim": 32,
    },
    "PaliGemmaBackbone": lambda: {"image_size": 16, "vit_patch_size": 4, "vit_num_heads": 2, "vit_hidden_dim": 8,
                                  "vit_num_layers": 2, "vit_intermediate_dim": 16},
    "Phi3Backbone": lambda: {"max_sequence_length": 32, "pretraining_sequence_length": 32},
    "Qwen3_5Backbone": lambda: {
        "num_layers": 4, "linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
    },
    "Qwen3_5MoeBackbone": lambda: {
        "num_layers": 4, "linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
    },
    "RWKV7Backbone": lambda: {"hidden_size": 16, "gate_lora": 4, "mv_lora": 4, "aaa_lora": 4, "decay_lora": 4},
    "ResNetBackbone": lambda: {
        "input_conv_filters": [64], "input_conv_kernel_sizes": [7], "stackwise_num_filters": [64, 64],
        "stackwise_num_blocks": [2, 2], "stackwise_num_strides": [1, 2], "block_type": "bottleneck_block",
    },
    "HGNetV2Backbone": lambda: {
        "stem_channels": [3, 8, 8], "stackwise_stage_filters": [[8, 8, 16, 1, 2, 3], [16, 8, 32, 1, 2, 3]],
        "apply_downsample": [False, True], "use_lightweight_conv_block": [False, True], "depths": [1, 1],
        "hidden_sizes": [16, 32], "embedding_size": 8, "use_learnable_affine_block": True, "hidden_act": "relu",
        "image_shape": _IMAGE,
    },
    "RetinaNetBackbone": lambda: {"image_encoder": _resnet((256, 256, 3)), "min_level": 3, "max_level": 6,
                                  "use_p5": False, "image_shape": (256, 256, 3)},
    "FeaturePyramidBackbone": dict,
    "SAMBackbone": dict,
    "SegFormerBackbone": lambda: {"image_encoder": _mit(), "projection_filters": 8},
    "SigLIPBackbone": _siglip_encoders,
    "SmolLM3Backbone": lambda: _smollm(),
    "SmolLMBackbone": lambda: _smollm(),
    "StableDiffusion3Backbone": lambda: {
        "mmdit_patch_size": 2, "mmdit_hidden_dim": 32, "mmdit_num_layers": 2, "mmdit_num_heads": 2,
        "mmdit_position_size": 16, "mmdit_qk_norm": None, "mmdit_dual_attention_indices": None, "vae": _vae(),
        "clip_l": _text_encoder_clip("clip_l"), "clip_g": _text_encoder_clip("clip_g"),
        "image_shape": _IMAGE,
    },
    "SwinTransformerBackbone": lambda: {"image_shape": _IMAGE, "embed_dim": 8, "depths": (1, 2), "num_heads": (1, 2),
                                        "window_size": 4},
    "T5GemmaBackbone": lambda: _encoder_decoder(),
    "T5Gemma2Backbone": lambda: _encoder_decoder(),
    "VGGBackbone": lambda: {"stackwise_num_repeats": [1, 2], "stackwise_num_filters": [8, 16], "image_shape": _IMAGE},
    "ViTBackbone": lambda: {"image_shape": _IMAGE},
    "ViTDetBackbone": lambda: {
        "hidden_size": 16, "global_attention_layer_indices": [1], "image_shape": _IMAGE, "num_output_channels": 8,
        "window_size": 2,
    },
    "VideoPrismBackbone": lambda: {"num_frames": 2, "num_spatial_layers": 1, "num_temporal_layers": 1,
                                   "num_auxiliary_layers": 1, "image_shape": _IMAGE},
    "WhisperBackbone": lambda: {"max_encoder_sequence_length": 32, "max_decoder_sequence_length": 32},
    "XceptionBackbone": lambda: {"stackwise_conv_filters": [[8, 8], [16, 16]], "stackwise_pooling": [True, False]},
}  # fmt: skip


def _smollm() -> dict[str, Any]:
    return {
        "attention_bias": False, "attention_dropout": 0.0, "rope_layer_enabled_list": [True, False],
        "layer_types": ["attention"] * 2, "mlp_bias": False, "layer_norm_epsilon": 1e-5,
        "max_position_embeddings": 32, "rope_theta": 10000.0, "partial_rotary_factor": 1.0,
    }  # fmt: skip


def _encoder_decoder() -> dict[str, Any]:
    sides = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in {
            "hidden_dim": 16, "intermediate_dim": 32, "num_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 1, "head_dim": 8, "layer_types": ["full_attention", "sliding_attention"],
        }.items()
    }  # fmt: skip
    return {**sides, "sliding_window": 4}


_ABSTRACT = {"Backbone", "FeaturePyramidBackbone"}


def builders() -> dict[str, Callable[[], Any]]:
    """Return a function for every concrete backbone class that keras-hub exports, by the name of the class."""
    names = [name for name in dir(models) if name.endswith("Backbone") and name not in _ABSTRACT]
    return {name: _builder(name) for name in names}


def _builder(name: str) -> Callable[[], Any]:
    def build() -> Any:
        if name == "SAMBackbone":
            return _sam()
        cls = getattr(models, name)
        own = _OWN.get(name, dict)()
        known = inspect.signature(cls.__init__).parameters
        needed = {
            key: _COMMON[key]
            for key, parameter in known.items()
            if key in _COMMON and key not in own and parameter.default is inspect.Parameter.empty
        }
        return cls(**needed, **own)

    return build
