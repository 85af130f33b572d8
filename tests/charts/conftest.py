"""Models of any shape, and real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import hypothesis.strategies as st
import pytest

from keraviz_docs import manifest, production
from keraviz_docs.architecture import (
    Architecture,
    Group,
    Input,
    ModelIdentity,
    Node,
    Port,
    Shape,
    Tensor,
    Totals,
    validate,
)
from keraviz_docs.charts import DepthSeries, depth_series
from keraviz_docs.cost import costs_of
from keraviz_docs.manifest.entries import ModelEntry
from keraviz_docs.outcome import Reading

ZOO = Path(__file__).parents[2] / "example_zoo"
REAL = {
    "keras_applications.yml": ("resnet50", "mobilenetv2"),
    "zoo.yml": ("unet", "tiny-language-model", "vision-transformer"),
}


def model_of(nodes: Sequence[Node], groups: Sequence[Group] = ()) -> Architecture:
    """An architecture that ends in its last node."""
    architecture = Architecture(
        id="model",
        builder="zoo:model",
        model=ModelIdentity("model", "Functional", "keras"),
        keras="3.15.1",
        detail="exact",
        inputs=(Port("in", nodes[0].outputs[0].shape, "float32", 1),),
        outputs=(Port("out", nodes[-1].outputs[0].shape, "float32", len(nodes)),),
        totals=Totals(layers=len(nodes) - 1, parameters=0, trainable=0, non_trainable=0, weight_bytes=0),
        groups=tuple(groups),
        nodes=tuple(nodes),
    )
    validate(architecture)
    return architecture


class Chain:
    """Writes a model node by node; the figures of its layers are given, since no rule knows them."""

    def __init__(self, shape: Shape = (None, 8, 8, 16)) -> None:
        self.nodes: list[Node] = []
        self.last = self.layer("InputLayer", shape=shape, macs=0)

    def layer(
        self,
        class_name: str = "Mystery",
        *sources: int,
        shape: Shape = (None, 8, 8, 16),
        parameters: int = 0,
        macs: int | None = 100,
        name: str | None = None,
        parent: str | None = None,
    ) -> int:
        number = len(self.nodes) + 1
        is_input = class_name == "InputLayer"
        self.nodes.append(
            Node(
                number=number,
                path=f"n{number}",
                name=name or f"{class_name.lower()}_{number}",
                kind="input" if is_input else "layer",
                class_name=class_name,
                module="zoo",
                parent=parent,
                inputs=() if is_input else tuple(Input(source) for source in sources or (self.last,)),
                outputs=(Tensor(shape, "float32"),),
                parameters=parameters,
                macs=macs,
                explicit_name=name is not None,
            )
        )
        self.last = number
        return number

    def model(self) -> Architecture:
        return model_of(self.nodes)


def series_of(architecture: Architecture) -> DepthSeries:
    """The series of a model that is large enough to have one."""
    series = depth_series(architecture, costs_of(architecture))
    assert series is not None
    return series


def parsed(svg: str) -> ET.Element:
    """A chart as XML."""
    return ET.fromstring(svg)  # noqa: S314 - our own drawing


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    """Any graph, with nested groups, shared names, unknown costs, and shapes of any rank."""
    paths = ["a", "a/b", "c"]
    groups = [
        Group(path=path, name=path[-1], class_name="Block", module="zoo", kind="layer", parent=path[:-2] or None)
        for path in paths
    ]
    sizes = st.sampled_from([None, 1, 4, 8, 16])
    shapes = st.one_of(st.none(), st.lists(sizes, min_size=1, max_size=5).map(tuple))
    count = draw(st.integers(4, 25))
    # A group runs as a whole before anything that comes after it.
    parents = sorted(draw(st.lists(st.integers(0, 4), min_size=count, max_size=count)))
    nodes: list[Node] = []
    for number in range(1, count + 1):
        first = number == 1
        sources = [] if first else draw(st.lists(st.integers(1, number - 1), min_size=1, max_size=3))
        nodes.append(
            Node(
                number=number,
                path=f"n{number}",
                name=draw(st.sampled_from(["x", f"conv{number % 3}_block{number % 5}", "<&>", ""])),
                kind="input" if first else "layer",
                class_name=draw(st.sampled_from(["Mystery", "BatchNormalization", "Add", "Embedding"])),
                module="zoo",
                parent=(None, *paths, None)[parents[number - 1]],
                inputs=tuple(Input(source) for source in sources),
                outputs=(Tensor(draw(shapes), "float32"),),
                parameters=draw(st.sampled_from([0, 0, 1, 1000, 10**9])),
                macs=draw(st.sampled_from([None, 0, 1, 10**6, 10**12])),
                explicit_name=draw(st.booleans()),
            )
        )
    used = {path for path in paths for node in nodes if f"{node.parent}/".startswith(f"{path}/")}
    return model_of(nodes, [group for group in groups if group.path in used])


@pytest.fixture(scope="session")
def real() -> Mapping[str, tuple[ModelEntry, Architecture]]:
    """Published models, read by Keras."""
    found = {}
    for name, wanted in REAL.items():
        loaded = manifest.load(ZOO / name)
        report = production.produce(
            [entry for entry in loaded.entries if isinstance(entry, ModelEntry) and entry.id in wanted], loaded.project
        )
        entries = {entry.id: entry for entry in loaded.entries if isinstance(entry, ModelEntry)}
        for identifier, outcome in report.outcomes.items():
            assert isinstance(outcome, Reading), outcome
            found[identifier] = entries[identifier], outcome.architecture
    return found


@pytest.fixture(scope="session")
def real_series(real: Mapping[str, tuple[ModelEntry, Architecture]]) -> Callable[[str], DepthSeries]:
    """The series of a published model."""

    def make(identifier: str) -> DepthSeries:
        entry, architecture = real[identifier]
        series = depth_series(architecture, costs_of(architecture, entry.inputs))
        assert series is not None
        return series

    return make
