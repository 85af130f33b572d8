"""The per-layer table as data: rows of nodes, and headings of the groups that they are in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keraviz_docs.architecture import Architecture, Group, Node, Source, Uncalled, Weight
from keraviz_docs.cost import Costs, Sum
from keraviz_docs.diagrams import Family, family_of
from keraviz_docs.pages.api_links import documentation
from keraviz_docs.pages.figures import shape_text
from keraviz_docs.quantities import scaled

SourceLink = Callable[[Source], str | None]
"""Turns a place in the code into a web address, if the project's code is on the web."""


@dataclass(frozen=True)
class Operand:
    """A link in the column *connected to*."""

    number: int
    name: str
    output: int | None
    """Which output, when the producer has several."""
    inferred: bool


@dataclass(frozen=True)
class GroupRow:
    """The heading of a nested model or composite layer."""

    path: str
    name: str
    class_name: str
    href: str | None
    kind: str
    level: int
    layers: int
    parameters: int
    macs: str
    """The sum inside, with ``≥`` where some of it is unknown."""
    continued: bool
    """Whether the group was entered before: other nodes ran in between."""


@dataclass(frozen=True)
class NodeRow:
    """One numbered layer, operation or input."""

    number: int
    path: str
    prefix: str
    """The part of the path that the group headings above do not say already."""
    name: str
    class_name: str
    href: str | None
    family: Family
    shapes: tuple[str, ...]
    dtypes: tuple[str, ...]
    parameters: int
    macs: int | None
    shared: int | None
    frozen: bool
    activation: str | None
    operands: tuple[Operand, ...]
    level: int
    opaque: str | None


@dataclass(frozen=True)
class Detail:
    """What opening a row shows."""

    number: int
    path: str
    module: str
    source: str | None
    source_href: str | None
    macs: int | None
    settings: tuple[tuple[str, str], ...]
    unset: tuple[str, ...]
    """Names of settings that are ``None``."""
    weights: tuple[Weight, ...]
    opaque: str | None


Row = GroupRow | NodeRow


def rows(architecture: Architecture, source_link: SourceLink, costs: Costs) -> tuple[Row, ...]:
    """Return the rows in execution order, each group headed where it is entered."""
    return tuple(_rows(architecture, source_link, costs))


def macs_text(macs: Sum, write: Callable[[int], str] = scaled) -> str:
    """Return a sum of MACs; a lower bound has ``≥`` in front, nothing known is a dash."""
    if macs.known is None:
        return "–"
    return f"{'≥ ' if macs.unknown else ''}{write(macs.known)}"


def details(architecture: Architecture, source_link: SourceLink) -> Iterator[Detail]:
    """Yield what lies behind each node's row."""
    for node in architecture.nodes:
        yield Detail(
            number=node.number,
            path=node.path,
            module=node.module,
            source=f"{node.source.file}:{node.source.line}" if node.source else None,
            source_href=source_link(node.source) if node.source else None,
            macs=node.macs,
            settings=tuple(
                (name, setting_text(value)) for name, value in sorted(node.config.items()) if value is not None
            ),
            unset=tuple(name for name, value in sorted(node.config.items()) if value is None),
            weights=node.weights,
            opaque=node.opaque,
        )


def setting_text(value: Any) -> str:
    """Return a setting as compact JSON; a text stays a text in quotes."""
    return (_SORTED if isinstance(value, Mapping) else _AS_IT_IS).encode(value)


_AS_IT_IS = json.JSONEncoder(ensure_ascii=False)
_SORTED = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


def class_href(class_name: str, module: str, source: Source | None, source_link: SourceLink) -> str | None:
    """Return where a class is documented, or else where its code can be read."""
    return documentation(class_name, module) or (source_link(source) if source else None)


def uncalled_parameters(uncalled: tuple[Uncalled, ...]) -> int:
    """Return the parameters of layers that take no part in inference."""
    return sum(layer.parameters for layer in uncalled)


def _rows(architecture: Architecture, source_link: SourceLink, costs: Costs) -> Iterator[Row]:
    groups = {group.path: group for group in architecture.groups}
    chains = {path: _chain(path, groups) for path in groups}
    layers, parameters = _subtotals(architecture, chains)
    entered: set[str] = set()
    open_chain: tuple[str, ...] = ()
    for node in architecture.nodes:
        chain = chains.get(node.parent, ()) if node.parent is not None else ()
        common = _common(open_chain, chain)
        for level in range(common, len(chain)):
            group = groups[chain[level]]
            yield GroupRow(
                path=group.path,
                name=_below(group.path, group.parent),
                class_name=group.class_name,
                href=class_href(group.class_name, group.module, group.source, source_link),
                kind=group.kind,
                level=level,
                layers=layers[group.path],
                parameters=parameters[group.path],
                macs=macs_text(costs.groups[group.path].macs) if group.path in costs.groups else "–",
                continued=group.path in entered,
            )
            entered.add(group.path)
        open_chain = chain
        yield _node_row(node, architecture, len(chain), source_link, costs.nodes[node.number - 1].macs.known)


def _node_row(node: Node, architecture: Architecture, level: int, source_link: SourceLink, macs: int | None) -> NodeRow:
    below = _below(node.path, node.parent)
    prefix, slash, name = below.rpartition("/")
    return NodeRow(
        number=node.number,
        path=node.path,
        prefix=prefix + slash,
        name=name,
        class_name=node.class_name,
        href=class_href(node.class_name, node.module, node.source, source_link),
        family=family_of(node),
        shapes=tuple(shape_text(tensor.shape) for tensor in node.outputs),
        dtypes=tuple(dict.fromkeys(tensor.dtype for tensor in node.outputs)),
        parameters=node.parameters,
        macs=macs,
        shared=node.shared,
        frozen=bool(node.weights) and not node.trainable,
        activation=node.activation,
        operands=tuple(
            Operand(
                number=operand.node,
                name=(producer := architecture.node(operand.node)).name,
                output=operand.output if len(producer.outputs) > 1 else None,
                inferred=operand.inferred,
            )
            for operand in node.inputs
        ),
        level=level,
        opaque=node.opaque,
    )


def _chain(path: str, groups: Mapping[str, Group]) -> tuple[str, ...]:
    """Return the paths of a group and all that contain it, outermost first."""
    chain: list[str] = []
    current: str | None = path
    while current is not None:
        chain.append(current)
        current = groups[current].parent
    return tuple(reversed(chain))


def _subtotals(
    architecture: Architecture, chains: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, int], dict[str, int]]:
    """Count layers and parameters in each group; a layer that is called again counts once in each."""
    layers = dict.fromkeys(chains, 0)
    parameters = dict.fromkeys(chains, 0)
    seen: set[tuple[str, int]] = set()
    for node in architecture.nodes:
        owner = node.shared or node.number
        for path in chains.get(node.parent, ()) if node.parent is not None else ():
            if (path, owner) not in seen:
                seen.add((path, owner))
                layers[path] += node.kind == "layer"
                parameters[path] += architecture.node(owner).parameters
    return layers, parameters


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def _below(path: str, parent: str | None) -> str:
    return path[len(parent) + 1 :] if parent is not None and path.startswith(f"{parent}/") else path
