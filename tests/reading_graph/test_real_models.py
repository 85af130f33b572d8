"""Models that nobody here wrote, checked node by node."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import kimm
import pytest

from keraviz_docs.architecture import Architecture, Node, validate
from keraviz_docs.reading import graph, keras_internals
from keraviz_docs.reading.assembling import assemble

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import keras_hub_backbones  # type: ignore[import-not-found]  # found through the line above

BACKBONES = keras_hub_backbones.builders()

MODELS: dict[str, Callable[[], Any]] = {
    **{
        name: functools.partial(getattr(keras.applications, name), weights=None)
        for name in ("ResNet50V2", "DenseNet121", "EfficientNetV2B0", "MobileNetV3Large", "ConvNeXtTiny", "Xception")
    },
    **{
        name: functools.partial(getattr(kimm.models, name), weights=None)
        for name in ("GhostNetW100", "VisionTransformerTiny16", "RegNetY002", "InceptionNeXtTiny", "MobileOneS0")
    },
    **{
        name: BACKBONES[name]
        for name in (
            "AlbertBackbone",
            "BartBackbone",
            "BloomBackbone",
            "DebertaV3Backbone",
            "DINOV2Backbone",
            "FNetBackbone",
            "GptOssBackbone",
            "MiTBackbone",
            "MixtralBackbone",
            "PaliGemmaBackbone",
            "Phi3Backbone",
            "SAMBackbone",
            "SegFormerBackbone",
            "SwinTransformerBackbone",
            "T5Backbone",
            "ViTDetBackbone",
            "WhisperBackbone",
            "XLNetBackbone",
        )
    },
}


UNUSED = {
    "DebertaV3Backbone": {("embeddings_dropout", "rel_embedding")},
    "SAMBackbone": {("images", "sam_prompt_encoder")},
    "T5Backbone": {
        ("get_item", "transformer_encoder_layer_1"),
        ("get_item_1", "transformer_decoder_layer_1"),
    },
}
"""Tensors of which a layer uses at most the shape, and (T5) position biases, which depend on weights alone."""

FROM_WEIGHTS_ALONE = {("SAMBackbone", "prompt_dense_positional_embeddings")}
"""Outputs that no input feeds: here, the positional embeddings of a fixed grid."""


def built(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with keras_internals.weightless():
            return MODELS[name]()


def read(model: Any) -> Architecture:
    architecture = graph.architecture_of(model, id="model", builder="tests:model")
    validate(architecture)
    return architecture


def ancestors(architecture: Architecture, number: int) -> set[int]:
    found: set[int] = set()
    pending = [number]
    while pending:
        current = pending.pop()
        if current not in found:
            found.add(current)
            pending.extend(operand.node for operand in architecture.node(current).inputs)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_node_is_as_keras_has_it(name: str) -> None:
    model = built(name)
    architecture = read(model)

    assert architecture.detail == "exact"
    assert [node.path for node in architecture.nodes if node.opaque] == []
    assert not any(operand.inferred for node in architecture.nodes for operand in node.inputs)

    held = sum(node.parameters for node in architecture.nodes) + sum(item.parameters for item in architecture.uncalled)
    assert held == architecture.totals.parameters == model.count_params()
    assert architecture.totals.trainable == sum(variable.shape.num_elements() for variable in model.trainable_weights)

    # Each variable is on exactly one node.
    weights = [weight for node in architecture.nodes for weight in node.weights]
    weights += [weight for layer in architecture.uncalled for weight in layer.weights]
    described = sorted((weight.shape, weight.dtype, weight.trainable) for weight in weights)
    assert described == sorted((tuple(v.shape), str(v.dtype), v.trainable) for v in model.weights)

    # Each leaf layer of the model that owns weights is there as a first call, once.
    owners = [node for node in architecture.nodes if node.kind == "layer" and node.weights]
    assert len({node.path for node in owners}) == len(owners)
    assert all(node.call == 1 and node.shared is None for node in owners)

    # Outputs are what Keras says, and depend on inputs.
    expected = [tuple(tensor.shape) for tensor in model.outputs]
    assert [_compatible(port.shape, shape) for port, shape in zip(architecture.outputs, expected, strict=True)]
    inputs = {port.node for port in architecture.inputs}
    for port in architecture.outputs:
        assert ancestors(architecture, port.node) & inputs or (name, port.name) in FROM_WEIGHTS_ALONE


def _compatible(ours: Any, theirs: tuple[int | None, ...]) -> bool:
    assert ours is not None and len(ours) == len(theirs)
    assert all(a == b or a is None or b is None for a, b in zip(ours, theirs, strict=True)), (ours, theirs)
    return True


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MODELS if name != "XLNetBackbone"])
def test_the_expansion_of_a_run_has_the_edges_of_the_layer_graph(name: str) -> None:
    """The graph that Keras keeps and the data flow of a run are found independently; their edges must be the same.

    XLNet's layers return ``None`` where its graph has a tensor.
    """
    model = built(name)
    functional = keras_internals.functional_graph(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = assemble(graph.run_model(model), model, id="model", builder="tests:model", project=None)
    assert run.detail == "exact"

    declared: set[tuple[str, str]] = set()
    for node in keras_internals.graph_calls(functional):
        for tensor in node.input_tensors:
            declared |= {(source, node.operation.name) for source in _sources(tensor)}
    found: set[tuple[str, str]] = set()
    for node in run.nodes:
        for operand in node.inputs:
            source, target = _top(run.node(operand.node)), _top(node)
            if source != target:
                found.add((source, target))
    shown = {name for edge in found for name in edge}
    declared = {(a, b) for a, b in declared if a != b and not _is_cast(functional, b)} - UNUSED.get(name, set())
    assert found - declared == set(), "edges that Keras does not know"
    assert {edge for edge in declared - found if shown.issuperset(edge)} == set(), "edges that are missing"


def _sources(tensor: Any) -> list[str]:
    node = keras_internals.producer(tensor)
    if node is not None and type(node.operation).__name__ == "Cast":
        return [name for operand in node.input_tensors for name in _sources(operand)]
    return [node.operation.name] if node is not None else []


def _is_cast(functional: Any, name: str) -> bool:
    return any(operation.name == name and type(operation).__name__ == "Cast" for operation in functional.operations)


def _top(node: Node) -> str:
    return node.path.partition("/")[0].partition("@")[0]


@pytest.mark.slow
def test_a_decoder_of_seven_billion_parameters_is_read_without_allocating_it() -> None:
    import resource

    import keras_hub

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with keras_internals.weightless():
        model = keras_hub.models.LlamaBackbone(
            vocabulary_size=32_000,
            num_layers=32,
            num_query_heads=32,
            num_key_value_heads=32,
            hidden_dim=4096,
            intermediate_dim=11_008,
        )
    architecture = read(model)
    assert architecture.detail == "exact"
    assert architecture.totals.parameters > 6.5e9
    assert len(architecture.groups) == 64
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (after - before) / 1024 < 1000, "MiB more than before"
