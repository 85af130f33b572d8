"""The shape of a model: how deep it is, what it sees, and at which resolutions it works."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from keraviz_docs.architecture import Architecture, Node, Shape
from keraviz_docs.cost.call import whole
from keraviz_docs.cost.rules import is_keras, work_of
from keraviz_docs.cost.shapes import Tensors, at_batch_one


@dataclass(frozen=True)
class Depth:
    """The longest way from an input to an output, counted in nodes and in layers of products.

    The second is the number in a name: ResNet50 has 50 convolutional and dense layers on its longest way.
    """

    nodes: int
    products: int


@dataclass(frozen=True)
class ReceptiveField:
    """How much of the input the widest-looking element of the model depends on, along each spatial axis.

    It follows convolutions and poolings as Araujo et al. do ("Computing Receptive Fields of Convolutional Neural
    Networks", Distill 2019): padding is part of it, so it can exceed the image, and normalisation has no part in it.
    Ways through global pooling, attention and recurrence see the whole input; they are left out.  A layer of unknown
    kind that keeps the shape is taken to work element by element; after any other one the field is unknown.
    """

    node: int
    """Number of the first node that sees so much."""
    size: tuple[int, ...]
    stride: tuple[Fraction, ...]
    """How far apart in the input neighbouring elements of the node's output look."""
    global_context: bool
    """Whether the whole input also reaches spatial features: by squeeze-and-excitation or attention."""


@dataclass(frozen=True)
class Rung:
    """A run of nodes on the longest way that work at the same spatial size."""

    size: tuple[int, ...]
    channels: int | None
    """Of the last node of the run."""
    first: int
    last: int
    """Numbers of the first and the last node of the run."""


@dataclass(frozen=True)
class _Field:
    """A receptive field on its way through the graph."""

    size: tuple[Fraction, ...]
    stride: tuple[Fraction, ...]
    global_context: bool = False


class _NoField(Enum):
    """What has no place in the input that it looks at."""

    EVERYTHING = "the whole input"
    NOTHING = "weights only"


_View = _Field | _NoField | None
"""``None``: nobody knows (a reshape mixed the axes, or the layer is a stranger)."""

_EVERYTHING, _NOTHING = _NoField.EVERYTHING, _NoField.NOTHING


@dataclass(frozen=True)
class Views:
    """What each node's output has seen of the input, in the order of the nodes."""

    tensors: Tensors
    """The outputs at batch 1."""
    of: tuple[_View, ...]


def depth(architecture: Architecture) -> Depth:
    """Measure the longest way through the model."""
    nodes = _longest(architecture, lambda node: node.kind != "input")
    products = _longest(architecture, _multiplies)
    return Depth(nodes=max(nodes, default=0), products=max(products, default=0))


def longest_path(architecture: Architecture) -> tuple[int, ...]:
    """Return the numbers of the nodes on the longest way to an output.

    Of ways with equally many nodes it is one with the most layers of products, then the one that comes first.
    """
    nodes = _longest(architecture, lambda node: node.kind != "input")
    products = _longest(architecture, _multiplies)

    def rank(number: int) -> tuple[int, int, int]:
        return nodes[number - 1], products[number - 1], -number

    ends = [port.node for port in architecture.outputs]
    if not ends:
        return ()
    path = [max(ends, key=rank)]
    while inputs := architecture.node(path[-1]).inputs:
        path.append(max((operand.node for operand in inputs), key=rank))
    return tuple(reversed(path))


def look(architecture: Architecture, tensors: Tensors | None = None) -> Views:
    """Follow what is seen of the input through all nodes.

    Args:
        architecture: the model.
        tensors: what :func:`~keraviz_docs.cost.shapes.at_batch_one` gives for it, if that is known already.
    """
    tensors = tensors or at_batch_one(architecture)
    return Views(tensors, tuple(_views(architecture, tensors)))


def resolution_ladder(architecture: Architecture, seen: Views | None = None) -> tuple[Rung, ...]:
    """Return the spatial sizes along the longest way: down a classifier, down and up a U-Net.

    A model without convolution or pooling has no rungs; a size that is not known has none either.  A border that is
    padded on or cropped off for the next layer is no rung.

    Args:
        architecture: the model.
        seen: what :func:`look` gives for it, if that is known already.
    """
    if not any(_window(node) for node in architecture.nodes):
        return ()
    seen = seen or look(architecture)
    tensors, views = seen.tensors, seen.of
    channels_first = any(node.config.get("data_format") == "channels_first" for node in architecture.nodes)
    rungs: list[Rung] = []
    for number in longest_path(architecture):
        view = views[number - 1]
        shape = tensors[number - 1][0].shape if tensors[number - 1] else None
        if not isinstance(view, _Field) or shape is None or len(shape) != len(view.size) + 2:
            continue
        if architecture.node(number).class_name.startswith(_BORDERS):
            continue
        spatial, channels = (shape[2:], shape[1]) if channels_first else (shape[1:-1], shape[-1])
        size = tuple(length for length in spatial if length is not None)
        if len(size) < len(spatial):
            continue
        first = rungs.pop().first if rungs and rungs[-1].size == size else number
        rungs.append(Rung(size=size, channels=channels, first=first, last=number))
    return tuple(rungs)


def receptive_field(architecture: Architecture, seen: Views | None = None) -> ReceptiveField | None:
    """Return the largest receptive field in the model; ``None`` without convolution or pooling, or if it is unknown.

    Args:
        architecture: the model.
        seen: what :func:`look` gives for it, if that is known already.
    """
    views = (seen or look(architecture)).of
    best: tuple[Node, _Field] | None = None
    for node, view in zip(architecture.nodes, views, strict=True):
        if isinstance(view, _Field) and (best is None or math.prod(view.size) > math.prod(best[1].size)):
            best = node, view
    hidden = any(view is None and _window(node) for node, view in zip(architecture.nodes, views, strict=True))
    if best is None or hidden:
        return None
    node, field = best
    size = _seen(architecture, views, node.number, len(field.size))
    if all(length == 1 for length in size):
        return None
    mixing = any(isinstance(view, _Field) and view.global_context for view in views)
    return ReceptiveField(
        node=node.number,
        size=size,
        stride=field.stride,
        global_context=mixing or any(map(_attends, architecture.nodes)),
    )


def _seen(architecture: Architecture, views: Sequence[_View], target: int, axes: int) -> tuple[int, ...]:
    """Go back from one element of a node's output, and return how much of the inputs it needs along each axis."""
    needed: dict[int, tuple[int, ...]] = {target: (1,) * axes}
    largest = (1,) * axes
    for node in reversed(architecture.nodes[:target]):
        here = needed.get(node.number)
        if here is None:
            continue
        if _begins(node):
            largest = _widest(largest, here)
            continue
        before = _needs(node, here)
        for operand in node.inputs:
            view = views[operand.node - 1]
            if isinstance(view, _Field) and len(view.size) == axes:
                needed[operand.node] = _widest(needed.get(operand.node, before), before)
    return largest


def _widest(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    return tuple(map(max, one, other))


def _needs(node: Node, places: Sequence[int]) -> tuple[int, ...]:
    """Return how many neighbouring places of the input a node needs for so many of its output."""
    window, enlargement = _window(node), _enlargement(node)
    if window is not None:
        return tuple((length - 1) * step + extent for length, extent, step in zip(places, *window.axes, strict=True))
    if enlargement is not None:
        # An input reaches `extent` outputs, and the next one begins `step` further on.
        return tuple(
            (length + extent - 2) // step + 1 for length, extent, step in zip(places, *enlargement.axes, strict=True)
        )
    return tuple(places)


def _longest(architecture: Architecture, counts: Callable[[Node], bool]) -> list[int]:
    """Return, for every node, how many nodes that count lie on the longest way to it, itself included."""
    lengths: list[int] = []
    for node in architecture.nodes:
        before = max((lengths[operand.node - 1] for operand in node.inputs), default=0)
        lengths.append(before + counts(node))
    return lengths


def _multiplies(node: Node) -> bool:
    work = work_of(node)
    return work is not None and work.multiplies


def _attends(node: Node) -> bool:
    """Tell whether a node multiplies activations with each other: attention, or the products it is made of."""
    if node.kind == "operation":
        return _multiplies(node) and len({operand.node for operand in node.inputs}) > 1
    return is_keras(node.module) and node.class_name.endswith("Attention")


def _views(architecture: Architecture, tensors: Tensors) -> list[_View]:
    """Follow the receptive field through all nodes."""
    views: list[_View] = []
    for node in architecture.nodes:
        shapes = [tensors[operand.node - 1][operand.output].shape for operand in node.inputs]
        shape = tensors[node.number - 1][0].shape if node.outputs else None
        views.append(_view(node, [views[operand.node - 1] for operand in node.inputs], shapes, shape))
    return views


def _view(node: Node, before: Sequence[_View], shapes: Sequence[Shape], shape: Shape) -> _View:
    """Tell what a node's output has seen."""
    if shape is None:
        return None
    if _begins(node):
        axes = max(len(shape) - 2, 0)
        return _Field((Fraction(1),) * axes, (Fraction(1),) * axes) if axes else _EVERYTHING
    if not before:
        return _NOTHING
    field = _merge(before)
    if not isinstance(field, _Field):
        return field
    if _sees_everything(node):
        return _EVERYTHING
    window = _window(node)
    if window is not None:
        return _through(field, window)
    if work_of(node) is None:
        return field if shape in shapes else None
    if len(shape) != len(field.size) + 2:
        reduces = any(given is not None and len(given) > len(shape) for given in shapes)
        return _EVERYTHING if reduces and node.kind == "operation" else None
    if node.class_name in _MIXING:
        return None
    if node.class_name in {"Reshape", "reshape"} and shapes[0] is not None:
        return field if shapes[0][1:-1] == shape[1:-1] else None
    enlargement = _enlargement(node)
    return _finer(field, enlargement) if enlargement is not None else field


_MIXING = frozenset({"Permute", "transpose", "swapaxes", "moveaxis", "Resizing", "resize", "rot90", "matmul", "einsum"})
"""Layers and operations after which the axes are others, or by a factor that need not be whole."""


def _begins(node: Node) -> bool:
    """Tell whether looking begins here: at an input, or where a text gets its embeddings."""
    return node.kind == "input" or (node.class_name == "Embedding" and is_keras(node.module))


def _merge(before: Sequence[_View]) -> _View:
    """Combine what several operands have seen: the widest of each axis."""
    if len(before) == 1:
        return before[0]
    seeing = [view for view in before if view is not _NOTHING]
    fields = [view for view in seeing if isinstance(view, _Field)]
    if None in seeing or not fields:
        return None if None in seeing else (seeing[0] if seeing else _NOTHING)
    widest = max(fields, key=lambda field: (len(field.size), math.prod(field.size)))
    alike = [field for field in fields if len(field.size) == len(widest.size)]
    return _Field(
        size=tuple(max(lengths) for lengths in zip(*(field.size for field in alike), strict=True)),
        stride=widest.stride,
        global_context=len(fields) < len(seeing) or any(field.global_context for field in fields),
    )


def _sees_everything(node: Node) -> bool:
    name = node.class_name
    recurrent = name in {"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional"} or name.startswith("ConvLSTM")
    return is_keras(node.module) and (recurrent or name.startswith(("Global", "Adaptive")) or _attends(node))


@dataclass(frozen=True)
class _Window:
    """What slides over the input: its extent (dilation included) and its step along each axis."""

    extent: tuple[int, ...]
    step: tuple[int, ...]

    @property
    def axes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Both, to be taken axis by axis."""
        return self.extent, self.step


def _window(node: Node) -> _Window | None:
    """Return the window of a convolution or pooling layer, or of the operations that take one; ``None`` for others."""
    config, name = node.config, node.class_name
    if node.kind != "layer" or not is_keras(node.module):
        return None
    if name.startswith(("MaxPooling", "AveragePooling")):
        size = whole(config["pool_size"])
        return _Window(size, whole(config.get("strides") or size))
    sliding = name.startswith(("Conv", "DepthwiseConv", "SeparableConv"))
    if not sliding or name.endswith("Transpose") or name.startswith("ConvLSTM") or "kernel_size" not in config:
        return None
    size = whole(config["kernel_size"])
    dilation = _per_axis(config.get("dilation_rate", 1), len(size))
    extent = tuple((length - 1) * rate + 1 for length, rate in zip(size, dilation, strict=True))
    return _Window(extent, _per_axis(config.get("strides", 1), len(size)))


def _per_axis(value: int | Sequence[int], axes: int) -> tuple[int, ...]:
    values = whole(value)
    return values * axes if len(values) == 1 else values


def _through(field: _Field, window: _Window) -> _View:
    """Look through a window: it widens the field by its extent, and its step spreads the outputs."""
    if len(window.extent) != len(field.size):
        return None
    return _Field(
        size=tuple(
            size + (extent - 1) * stride
            for size, extent, stride in zip(field.size, window.extent, field.stride, strict=True)
        ),
        stride=tuple(stride * step for stride, step in zip(field.stride, window.step, strict=True)),
        global_context=field.global_context,
    )


def _enlargement(node: Node) -> _Window | None:
    """Return how many outputs an input reaches, and how far apart the inputs come to lie, or ``None`` for others."""
    config, name = node.config, node.class_name
    if node.kind != "layer" or not is_keras(node.module):
        return None
    if name in {"Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"}:
        size = whole(config["kernel_size"])
        return _Window(size, _per_axis(config["strides"], len(size)))
    if name in {"UpSampling1D", "UpSampling2D", "UpSampling3D"}:
        step = _per_axis(config["size"], int(name[-2]))
        taps = _TAPS.get(str(config.get("interpolation", "nearest")), 2)
        return _Window(tuple(taps * factor for factor in step), step)
    return None


def _finer(field: _Field, enlargement: _Window) -> _View:
    """Look through an enlargement, at most as far as this: it depends on where between two inputs an output lies."""
    if len(enlargement.step) != len(field.size):
        return None
    return _Field(
        size=tuple(
            size + stride * Fraction(extent - 1, step)
            for size, stride, extent, step in zip(field.size, field.stride, *enlargement.axes, strict=True)
        ),
        stride=tuple(stride / step for stride, step in zip(field.stride, enlargement.step, strict=True)),
        global_context=field.global_context,
    )


_BORDERS = ("ZeroPadding", "Cropping", "pad", "CenterCrop")
"""Beginnings of the names of layers and operations that only add or remove a border."""

_TAPS = {"nearest": 1, "bilinear": 2, "bicubic": 4, "lanczos3": 6, "lanczos5": 10, "area": 2}
"""How many inputs per axis an interpolation reads."""
