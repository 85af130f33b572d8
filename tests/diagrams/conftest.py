"""Architectures written by hand, and what the tests of diagrams share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import pytest

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
from keraviz_docs.diagrams import Figure, Renderer

Source = int | tuple[int, int]


class Sketch:
    """Builds an architecture node by node."""

    def __init__(self, identifier: str = "sketch") -> None:
        self.id = identifier
        self.nodes: list[Node] = []
        self.groups: list[Group] = []
        self.outputs: list[Port] = []

    def group(self, path: str, class_name: str = "Block", parent: str | None = None) -> str:
        self.groups.append(
            Group(path=path, name=path, class_name=class_name, module="zoo", kind="layer", parent=parent)
        )
        return path

    def add(
        self,
        class_name: str,
        *sources: Source,
        name: str | None = None,
        shapes: Sequence[Shape] = ((None, 8),),
        module: str = "keras.layers",
        inferred: bool = False,
        **more: Any,
    ) -> int:
        """Add a node and return its number."""
        number = len(self.nodes) + 1
        operands = tuple(
            Input(*(source if isinstance(source, tuple) else (source, 0)), inferred=inferred) for source in sources
        )
        name = f"{class_name.lower()}_{number}" if name is None else name
        self.nodes.append(
            Node(
                number=number,
                path=f"{number}/{name}",
                name=name,
                kind="input" if class_name == "InputLayer" else "layer",
                class_name=class_name,
                module=module,
                inputs=operands,
                outputs=tuple(Tensor(shape, "float32") for shape in shapes),
                **more,
            )
        )
        return number

    def output(self, number: int, name: str = "output") -> None:
        self.outputs.append(Port(name, (None, 8), "float32", number))

    def finish(self) -> Architecture:
        architecture = Architecture(
            id=self.id,
            builder="tests:sketch",
            model=ModelIdentity("sketch", "Functional", "keras"),
            keras="3.15.1",
            detail="exact",
            inputs=tuple(
                Port(node.name, node.outputs[0].shape, "float32", node.number)
                for node in self.nodes
                if node.kind == "input"
            ),
            outputs=tuple(self.outputs),
            totals=Totals(layers=len(self.nodes), parameters=1234, trainable=1234, non_trainable=0, weight_bytes=4936),
            groups=tuple(self.groups),
            nodes=tuple(self.nodes),
        )
        validate(architecture)
        return architecture


def residual(blocks: int, identifier: str = "residual") -> Architecture:
    """Residual blocks in a row, ten layers each, named as ``keras.applications.ResNet50`` names them."""
    sketch = Sketch(identifier)
    shape = (None, 56, 56, 256)

    def layer(class_name: str, *sources: int, name: str, activation: str | None = None) -> int:
        return sketch.add(class_name, *sources, name=name, shapes=(shape,), activation=activation, parameters=16448)

    x = sketch.add("InputLayer", name="image", shapes=((None, 224, 224, 3),))
    x = layer("Conv2D", x, name="conv1_conv")
    for index in range(1, blocks + 1):
        skip, prefix = x, f"conv{2 + index // 4}_block{index}"
        for part in (1, 2, 3):
            x = layer("Conv2D", x, name=f"{prefix}_{part}_conv")
            x = layer("BatchNormalization", x, name=f"{prefix}_{part}_bn")
            if part < 3:
                x = layer("Activation", x, name=f"{prefix}_{part}_relu", activation="relu")
        x = layer("Add", skip, x, name=f"{prefix}_add")
        x = layer("Activation", x, name=f"{prefix}_out", activation="relu")
    sketch.output(layer("Dense", x, name="predictions", activation="softmax"), "predictions")
    return sketch.finish()


def several_of_everything() -> Architecture:
    """Nested clusters, a shared name, a recurrent layer with states, a doubled operand, two outputs."""
    sketch = Sketch("several")
    outer = sketch.group("encoder", "Encoder")
    inner = sketch.group("encoder/attention", "Attention", parent=outer)
    image = sketch.add("InputLayer", name="image", shapes=((None, 32, 32, 3),))
    text = sketch.add("InputLayer", name="text", shapes=((None, None),))
    conv = sketch.add("Conv2D", image, shapes=((None, 30, 30, 8),), activation="relu", parent=outer)
    pool = sketch.add("GlobalAveragePooling2D", conv, parent=outer)
    query = sketch.add("EinsumDense", pool, name="query", parent=inner)
    embedded = sketch.add("Embedding", text, shapes=((None, None, 8),))
    lstm = sketch.add("LSTM", embedded, shapes=((None, 8), (None, 8), (None, 8)), activation="tanh")
    doubled = sketch.add("Add", pool, pool, parent=outer)
    custom = sketch.add("Sampler", doubled, module="zoo.vae", inferred=True)
    joined = sketch.add("Concatenate", (lstm, 2), query, (lstm, 0), custom, (lstm, 1), shapes=((None, 40),))
    sketch.output(sketch.add("Dense", joined, name="score", activation="sigmoid"), "score")
    sketch.output(query, "features")
    return sketch.finish()


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    with Renderer() as renderer:
        yield renderer


@pytest.fixture(scope="session")
def several() -> Architecture:
    return several_of_everything()


@pytest.fixture(scope="session")
def chain_of_blocks() -> Callable[[int], Architecture]:
    return residual


@pytest.fixture
def sketch() -> Sketch:
    return Sketch()


SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Area:
    """A rectangle on the page, with what it stands for."""

    what: str
    x: float
    y: float
    right: float
    bottom: float

    def holds(self, other: Area, slack: float = 0.11) -> bool:
        return (
            self.x - slack <= other.x
            and self.y - slack <= other.y
            and other.right <= self.right + slack
            and other.bottom <= self.bottom + slack
        )

    def meets(self, other: Area, slack: float = 0.11) -> bool:
        return (
            self.x + slack < other.right
            and other.x + slack < self.right
            and self.y + slack < other.bottom
            and other.y + slack < self.bottom
        )


class Picture:
    """An SVG, read back."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.root = ET.fromstring(source)  # noqa: S314  # our own SVG

    def by_class(self, name: str) -> list[ET.Element]:
        return [element for element in self.root.iter() if name in element.get("class", "").split()]

    def titles(self, class_name: str = "kv-node") -> list[str]:
        return [element.findtext(f"{SVG}title") or "" for element in self.by_class(class_name)]

    def texts(self, role: str) -> list[str]:
        return [element.text or "" for element in self.by_class(f"kv-{role}") if element.tag == f"{SVG}text"]

    def boxes(self) -> list[tuple[Area, list[Area]]]:
        """Return every box with its texts, which are measured as the vendored font draws them."""
        return [(_box(node), _texts(node)) for node in self.by_class("kv-node")]


def _box(node: ET.Element) -> Area:
    x, y = _origin(node)
    rect = node.find(f"{SVG}rect")
    assert rect is not None
    width, height = float(rect.get("width", "nan")), float(rect.get("height", "nan"))
    return Area(node.get("id", ""), x, y, x + width, y + height)


def _texts(node: ET.Element) -> list[Area]:
    from keraviz_docs.diagrams import typeface

    sizes = {"kv-class": 12.0, "kv-detail": 10.0, "kv-shape": 9.5, "kv-number": 9.5, "kv-port": 8.0}
    x, y = _origin(node)
    areas = []
    for text in node.iter(f"{SVG}text"):
        role, content = text.get("class", ""), text.text or ""
        size = sizes[role]
        width = typeface.width(content, size, bold=role in ("kv-class", "kv-number"))
        middle, baseline = x + float(text.get("x", "nan")), y + float(text.get("y", "nan"))
        # Capitals and digits; descenders reach 0.21 em lower.
        areas.append(
            Area(content, middle - width / 2, baseline - 0.72 * size, middle + width / 2, baseline + 0.21 * size)
        )
    return areas


def _origin(node: ET.Element) -> tuple[float, float]:
    match = re.fullmatch(r"translate\((\S+) (\S+)\)", node.get("transform", ""))
    assert match is not None
    return float(match[1]), float(match[2])


@pytest.fixture(scope="session")
def picture(renderer: Renderer) -> Callable[[Figure], Picture]:
    return lambda figure: Picture(renderer.svg(figure))
