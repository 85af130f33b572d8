from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from keraviz_docs.architecture import Architecture, Input, ModelIdentity, Node, Port, Tensor, Totals, Weight

Shape = tuple[int | None, ...]


def leaf(number: int, class_name: str, *shapes: Shape, inputs: Sequence[int] = (), **settings: Any) -> Node:
    """A node with outputs of these shapes; its path is its class and number."""
    module = settings.pop("module", "keras.layers")
    dtype = settings.pop("dtype", "float32")
    return Node(
        number=number,
        path=f"{class_name.lower()}_{number}",
        name=f"{class_name.lower()}_{number}",
        kind=settings.pop("kind", "layer"),
        class_name=class_name,
        module=module,
        inputs=tuple(Input(node) for node in inputs),
        outputs=tuple(Tensor(shape, dtype) for shape in shapes),
        **settings,
    )


def entry(number: int, shape: Shape, dtype: str = "float32") -> Node:
    return leaf(number, "InputLayer", shape, kind="input", dtype=dtype)


def model_of(*nodes: Node, **settings: Any) -> Architecture:
    last = nodes[-1]
    return Architecture(
        id="model",
        builder="zoo:model",
        model=ModelIdentity("model", "Functional", "keras"),
        keras="3",
        detail="exact",
        inputs=tuple(
            Port(n.name, n.outputs[0].shape, n.outputs[0].dtype, n.number) for n in nodes if n.kind == "input"
        ),
        outputs=(Port("out", last.outputs[0].shape, last.outputs[0].dtype, last.number),),
        totals=Totals(layers=len(nodes), parameters=0, trainable=0, non_trainable=0, weight_bytes=0),
        nodes=nodes,
        **settings,
    )


def called(layer: Any, *shapes: Shape, dtypes: Sequence[str] = ()) -> Architecture:
    """A real Keras layer, called on inputs of these shapes, as an architecture."""
    import keras

    with keras.StatelessScope(initialize_variables=False):
        tensors = [
            keras.KerasTensor(shape, dtypes[place] if dtypes else "float32") for place, shape in enumerate(shapes)
        ]
        merging = isinstance(layer, (keras.layers.Attention, keras.layers.AdditiveAttention, keras.layers.Dot))
        result = layer(tensors) if merging else layer(*tensors)
    entries = [entry(place, tensor.shape, tensor.dtype) for place, tensor in enumerate(tensors, start=1)]
    output = result[0] if isinstance(result, (list, tuple)) else result
    config: Mapping[str, Any] = plain(layer.get_config())
    node = leaf(
        len(entries) + 1,
        type(layer).__name__,
        tuple(output.shape),
        inputs=[n.number for n in entries],
        config=config,
        weights=tuple(Weight(w.name, tuple(w.shape), w.dtype, w.trainable) for w in layer.weights),
    )
    return model_of(*entries, node)


def plain(value: Any) -> Any:
    """As JSON would have it: tuples are lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


@pytest.fixture(scope="session")
def macs() -> Callable[..., int | None]:
    """Count the MACs of one call of a real Keras layer."""
    from keraviz_docs.cost import with_costs

    def count(layer: Any, *shapes: Shape, dtypes: Sequence[str] = ()) -> int | None:
        return with_costs(called(layer, *shapes, dtypes=dtypes)).totals.macs

    return count


@pytest.fixture(name="leaf")
def _leaf() -> Callable[..., Node]:
    return leaf


@pytest.fixture(name="entry")
def _entry() -> Callable[..., Node]:
    return entry


@pytest.fixture(name="model_of")
def _model_of() -> Callable[..., Architecture]:
    return model_of


@pytest.fixture(name="called")
def _called() -> Callable[..., Architecture]:
    return called


@pytest.fixture(scope="session")
def application() -> Callable[[str], tuple[Any, Architecture]]:
    """A model of ``keras.applications`` at its own resolution, built without weights, and its counted architecture."""
    import functools

    import keras

    from keraviz_docs.cost import with_costs
    from keraviz_docs.reading.graph import architecture_of

    @functools.lru_cache(maxsize=4)
    def build(name: str) -> tuple[Any, Architecture]:
        # MobileNetV3 does not fix its own resolution; its paper reports 224.
        settings = {"input_shape": (224, 224, 3)} if name.startswith("MobileNetV3") else {}
        with keras.StatelessScope(initialize_variables=False):
            model = getattr(keras.applications, name)(weights=None, **settings)
            architecture = architecture_of(model, id=name.lower(), builder=f"keras.applications:{name}")
        return model, with_costs(architecture)

    return build
