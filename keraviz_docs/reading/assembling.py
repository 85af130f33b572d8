"""From a draft to an architecture: numbers, paths, ports, weights and totals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keraviz_docs.architecture import (
    Architecture,
    Detail,
    Group,
    Input,
    ModelIdentity,
    Node,
    Notice,
    Port,
    Tensor,
    Totals,
    Uncalled,
    Weight,
)
from keraviz_docs.reading import checkpoint, describing, keras_internals
from keraviz_docs.reading.draft import Call, Draft, Scope, Value


def assemble(draft: Draft, model: Any, *, id: str, builder: str, project: Path | None) -> Architecture:  # noqa: A002 (a field's name)
    """Number, name and describe what was read of ``model``."""
    numbers = {call: number for number, call in enumerate(draft.calls, start=1)}
    naming = _Naming(draft)
    ownership = _Ownership(draft, numbers)
    nodes = tuple(_node(call, numbers, naming, ownership, draft.idle, project) for call in draft.calls)
    places = _places(draft, naming)
    uncalled = _uncalled(model, ownership, places)
    notices = [Notice(path=naming.path(where), text=text) for where, text in draft.notices]
    notices.extend(_untracked(draft, model, numbers, nodes))
    return Architecture(
        id=id,
        builder=builder,
        model=_identity(model, project),
        keras=keras.__version__,
        detail=detail_of(draft),
        inputs=_ports(draft.inputs, numbers),
        outputs=_ports(draft.outputs, numbers),
        totals=_totals(model, nodes),
        groups=tuple(_group(scope, naming, project) for scope in naming.scopes),
        nodes=nodes,
        uncalled=uncalled,
        notices=tuple(notices),
        checkpoint=checkpoint.entries(model, places),
    )


def _identity(model: Any, project: Path | None) -> ModelIdentity:
    class_name, module = describing.class_and_module(model)
    own_class = module.partition(".")[0] != "keras"
    return ModelIdentity(
        name=model.name,
        class_name=class_name,
        module=module,
        registered_name=describing.registered_name(model),
        source=describing.source(model, project) if own_class else None,
    )


def detail_of(draft: Draft) -> Detail:
    """Say how much of a model could be read."""
    if any(call.opaque is not None for call in draft.calls):
        return "opaque"
    return "calls" if draft.in_parts or any(call.inferred for call in draft.calls) else "exact"


def _ports(ports: Sequence[tuple[str, Value]], numbers: dict[Call, int]) -> tuple[Port, ...]:
    return tuple(
        Port(name=name, shape=value.shape, dtype=value.dtype, node=numbers[value.producer], output=value.index)
        for name, value in ports
    )


class _Naming:
    """Unique paths, and which call of its layer each one is."""

    def __init__(self, draft: Draft) -> None:
        self.scopes: list[Scope] = []
        self._paths: dict[Scope | Call, str] = {}
        self._calls: dict[Scope | Call, int] = {}
        self._taken: set[str] = set()
        self._things: dict[tuple[str, str], list[Any]] = {}
        calls_so_far: Counter[int] = Counter()
        for call in draft.calls:
            for scope in _outermost_first(call.scope):
                if scope not in self._paths:
                    self.scopes.append(scope)
                    self._place(scope, scope.parent, calls_so_far)
            self._place(call, call.scope, calls_so_far)

    def path(self, where: Scope | Call | None) -> str:
        """The path of a group or node; empty for the model itself, or for what is drawn nowhere."""
        return "" if where is None else self._paths.get(where, "")

    def call(self, where: Scope | Call) -> int:
        """How many times its layer had been called by then, this time included."""
        return self._calls[where]

    def _place(self, item: Scope | Call, scope: Scope | None, calls_so_far: Counter[int]) -> None:
        is_shared = isinstance(item.thing, keras.Operation)
        if is_shared:
            calls_so_far[id(item.thing)] += 1
        self._calls[item] = calls_so_far[id(item.thing)] if is_shared else 1
        directory = f"{self._paths[scope]}/" if scope is not None else ""
        same_name = self._things.setdefault((directory, item.name), [])
        earlier = sum(other is item.thing for other in same_name) if is_shared else 0
        same_name.append(item.thing)
        stem = f"{directory}{item.name}"
        path = stem if earlier == 0 else f"{stem}@{earlier + 1}"
        counter = 1
        while path in self._taken:
            counter += 1
            path = f"{stem}~{counter}"
        self._taken.add(path)
        self._paths[item] = path


def _outermost_first(scope: Scope | None) -> list[Scope]:
    chain: list[Scope] = []
    while scope is not None:
        chain.append(scope)
        scope = scope.parent
    return chain[::-1]


@dataclass(slots=True)
class _Share:
    """What one node owns, and the earlier node that owns what it shares."""

    variables: list[Any] = field(default_factory=list)
    shared: int | None = None


class _Ownership:
    """Every variable belongs to exactly one node: the first call of its layer, or the first operation to use it."""

    def __init__(self, draft: Draft, numbers: dict[Call, int]) -> None:
        self.owner: dict[int, Call] = {}
        self._shares: dict[Call, _Share] = {call: _Share() for call in draft.calls}
        self._numbers = numbers
        first: dict[int, Call] = {}
        for call in draft.calls:
            if call.kind == "layer":
                earlier = first.setdefault(id(call.thing), call)
                if earlier is call:
                    self._claim(call, call.thing.weights)
                else:
                    self._shares[call].shared = numbers[earlier]
        for call in draft.calls:
            self._claim(call, call.variables)
            if call.kind == "operation":
                self._shares[call].shared = self._shared_operation(call)

    def of(self, call: Call) -> _Share:
        """What a node owns."""
        return self._shares[call]

    def _claim(self, call: Call, variables: Sequence[Any]) -> None:
        for variable in variables:
            if id(variable) not in self.owner:
                self.owner[id(variable)] = call
                self._shares[call].variables.append(variable)

    def _shared_operation(self, call: Call) -> int | None:
        """An operation that uses again what the same operation of an earlier call of its layer used."""
        if self._shares[call].variables or not call.variables:
            return None
        owners = {self.owner[id(variable)] for variable in call.variables}
        if len(owners) != 1:
            return None
        (owner,) = owners
        same = owner.kind == "operation" and owner.thing == call.thing
        return self._numbers[owner] if same and self._numbers[owner] < self._numbers[call] else None


def _node(
    call: Call,
    numbers: dict[Call, int],
    naming: _Naming,
    ownership: _Ownership,
    idle: Collection[int],
    project: Path | None,
) -> Node:
    thing = call.thing
    share = ownership.of(call)
    class_name, module = ("InputLayer", "keras.layers") if call.kind == "input" else describing.class_and_module(thing)
    config = describing.layer_config(thing, project) if isinstance(thing, keras.Operation) else {}
    config |= describing.plain_data(call.config, project)
    own = {id(variable) for variable in thing.weights} if call.kind == "layer" and call.variables else set()
    elsewhere = [
        variable for variable in call.variables if ownership.owner[id(variable)] is not call and id(variable) not in own
    ]
    if elsewhere and share.shared is None:
        config["weights"] = sorted({f"{naming.path(ownership.owner[id(v)])}/{v.name}" for v in elsewhere})
    weights = describing.weights(share.variables)
    return Node(
        number=numbers[call],
        path=naming.path(call),
        name=call.name,
        kind=call.kind,
        class_name=class_name,
        module=module,
        parent=naming.path(call.scope) or None,
        call=naming.call(call),
        shared=share.shared,
        inputs=tuple(
            Input(node=numbers[value.producer], output=value.index, inferred=call.inferred) for value in call.inputs
        ),
        outputs=tuple(Tensor(shape=value.shape, dtype=value.dtype) for value in call.outputs),
        activation=describing.activation(thing),
        parameters=_parameters(weights),
        trainable=bool(getattr(thing, "trainable", True)),
        macs=0 if call.kind == "layer" and id(thing) in idle else None,
        config=config,
        explicit_name=describing.has_explicit_name(thing),
        registered_name=describing.registered_name(thing),
        weights=weights,
        source=describing.source(thing, project),
        opaque=call.opaque,
    )


def _group(scope: Scope, naming: _Naming, project: Path | None) -> Group:
    thing = scope.thing
    class_name, module = describing.class_and_module(thing)
    config = describing.layer_config(thing, project, opened=True) if isinstance(thing, keras.Operation) else {}
    config |= describing.plain_data(scope.config, project)
    return Group(
        path=naming.path(scope),
        name=scope.name,
        class_name=class_name,
        module=module,
        kind="model" if isinstance(thing, keras.Model) else "layer",
        parent=naming.path(scope.parent) or None,
        call=naming.call(scope),
        explicit_name=describing.has_explicit_name(thing),
        registered_name=describing.registered_name(thing),
        config=config,
        source=describing.source(thing, project),
    )


def _parameters(weights: Iterable[Weight]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def _places(draft: Draft, naming: _Naming) -> dict[int, str]:
    """The path of every layer that was called: of its first call; a layer inside a leaf is where the leaf is."""
    places: dict[int, str] = {}
    items: list[Scope | Call] = [*naming.scopes, *draft.calls]
    for item in items:
        if isinstance(item.thing, keras.Operation):
            places.setdefault(id(item.thing), naming.path(item))
    for call in draft.calls:
        if call.kind == "layer":
            for layer in keras_internals.all_sublayers(call.thing):
                places.setdefault(id(layer), naming.path(call))
    return places


def _uncalled(model: Any, ownership: _Ownership, places: dict[int, str]) -> tuple[Uncalled, ...]:
    """The layers that hold a variable which no node uses, in the order in which the model tracks them."""
    entries: list[Uncalled] = []
    seen: set[int] = set()
    pending: list[tuple[Any, str]] = [(model, "")]
    while pending:
        layer, path = pending.pop()
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        path = places.get(id(layer), path)
        unused = [variable for variable in keras_internals.own_variables(layer) if id(variable) not in ownership.owner]
        if unused:
            class_name, module = describing.class_and_module(layer)
            weights = describing.weights(unused)
            entries.append(
                Uncalled(
                    path=path or model.name,
                    class_name=class_name,
                    module=module,
                    parameters=_parameters(weights),
                    weights=weights,
                )
            )
        inner = keras_internals.sublayers(layer)
        pending.extend((child, f"{path}/{child.name}" if path else child.name) for child in reversed(inner))
    return tuple(entries)


def _untracked(draft: Draft, model: Any, numbers: dict[Call, int], nodes: Sequence[Node]) -> list[Notice]:
    """Say which layers take part although the model does not know them: nobody trains or saves their weights."""
    tracked = {id(variable) for variable in model.weights}
    notices = []
    for call in draft.calls:
        node = nodes[numbers[call] - 1]
        if call.kind == "layer" and node.weights and not all(id(v) in tracked for v in call.thing.weights):
            notices.append(
                Notice(
                    path=node.path,
                    text=f"The model does not track this layer: its {node.parameters:,} parameters are neither counted"
                    " in the totals, nor trained, nor saved.",
                )
            )
    return notices


def _totals(model: Any, nodes: Sequence[Node]) -> Totals:
    weights = describing.weights({id(variable): variable for variable in model.weights}.values())
    parameters = _parameters(weights)
    trainable = _parameters(weight for weight in weights if weight.trainable)
    return Totals(
        layers=sum(node.kind == "layer" and node.shared is None for node in nodes),
        parameters=parameters,
        trainable=trainable,
        non_trainable=parameters - trainable,
        weight_bytes=sum(map(_bytes, weights)),
    )


def _bytes(weight: Weight) -> int:
    """Size in memory; Keras packs sub-byte integers into int8 by itself (``keras/src/quantizers``)."""
    width = (
        2 if weight.dtype == "bfloat16" else 1 if weight.dtype.startswith("float8") else np.dtype(weight.dtype).itemsize
    )
    return math.prod(weight.shape) * width
