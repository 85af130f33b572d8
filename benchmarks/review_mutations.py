"""Edit Keras models in known ways: the ground truth against which the review of architecture changes is measured.

A model is read into a :class:`Plan` (layers as Keras serialises them, and who feeds whom), a plan is edited, and the
edited plan is built again as a real Keras model, Functional or subclassed.  Every edit says which changes a reviewer
must be told, no more and no less.
"""

from __future__ import annotations

import copy
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras

from keraviz_docs.review.comparison import ModelComparison

Item = tuple[str, str, tuple[str, ...]]
"""What a reviewer is told: kind, class, names of the settings that differ."""


@dataclass(frozen=True)
class Step:
    """One layer of a plan, and what feeds it."""

    serialised: dict[str, Any]
    inputs: tuple[int, ...] = ()
    shape: tuple[int | None, ...] = ()

    @property
    def class_name(self) -> str:
        """Class of the layer."""
        return str(self.serialised["class_name"])

    @property
    def config(self) -> dict[str, Any]:
        """Config of the layer, as Keras writes it."""
        found: dict[str, Any] = self.serialised["config"]
        return found

    @property
    def has_given_name(self) -> bool:
        """Whether the name is not Keras's own numbering."""
        return re.fullmatch(re.escape(snake_case(self.class_name)) + r"(_\d+)?", self.config["name"]) is None

    def with_config(self, **settings: Any) -> Step:
        """Return the step with other settings."""
        serialised = copy.deepcopy(self.serialised)
        serialised["config"].update(settings)
        return replace(self, serialised=serialised)


@dataclass(frozen=True)
class Plan:
    """A model as steps by identity; the order is topological."""

    steps: dict[int, Step]
    outputs: tuple[int, ...]
    wrapped: tuple[int, ...] = ()
    """Steps to be put into a nested model: a chain of blocks with one entry and one exit."""

    def consumers(self, identity: int) -> list[int]:
        """Return the steps that take a step's output."""
        return [other for other, step in self.steps.items() if identity in step.inputs]

    def fresh(self) -> int:
        """Return an identity that no step has."""
        return max(self.steps) + 1


@dataclass(frozen=True)
class Edit:
    """An edited plan and what a reviewer must be told about it."""

    name: str
    plan: Plan
    expected: Counter[Item] = field(default_factory=Counter)


def snake_case(name: str) -> str:
    """Return a class name as ``keras/src/utils/naming.py`` numbers it."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def plan_of(model: keras.Model) -> Plan:
    """Read a Functional model whose layers are called once and return one tensor."""
    numbers = {id(operation): number for number, operation in enumerate(model.operations)}
    steps = {}
    for operation, number in zip(model.operations, numbers.values(), strict=True):
        (node,) = operation._inbound_nodes
        serialised = keras.saving.serialize_keras_object(operation)
        serialised.pop("build_config", None)
        steps[number] = Step(
            serialised,
            tuple(numbers[id(tensor._keras_history.operation)] for tensor in node.input_tensors),
            tuple(node.outputs[0].shape),
        )
    return Plan(steps, tuple(numbers[id(tensor._keras_history.operation)] for tensor in model.outputs))


def build(
    plan: Plan,
    *,
    seed: int,
    given_names: bool,
    subclassed: bool = False,
    layers: dict[int, Any] | None = None,
) -> keras.Model:
    """Build a plan as a Keras model.

    Args:
        plan: what to build.
        seed: decides the numbers of the automatic names, so that no two builds share them.
        given_names: whether names that are not Keras's own numbering survive; otherwise every name is automatic.
        subclassed: whether to build a subclass of ``keras.Model`` instead of a Functional model.
        layers: filled with the layer of every step.
    """
    chance = random.Random(seed)  # noqa: S311  # repeatable, not secret
    offset = chance.randrange(1, 500)
    layers = layers if layers is not None else {}
    for identity in topological(plan):
        step = plan.steps[identity]
        offset += chance.randrange(1, 3)
        keep = given_names and step.has_given_name
        name = step.config["name"] if keep else f"{snake_case(step.class_name)}_{offset}"
        layers[identity] = keras.saving.deserialize_keras_object(step.with_config(name=name).serialised)
    if subclassed:
        return _subclassed(plan, layers)
    tensors: dict[int, Any] = {}
    inputs = []
    for identity, layer in layers.items():
        step = plan.steps[identity]
        if identity in plan.wrapped:
            if identity == plan.wrapped[-1]:
                tensors[identity] = _nested(plan, layers, tensors, f"functional_{offset}")
        elif step.class_name == "InputLayer":
            tensors[identity] = layer.output
            inputs.append(layer.output)
        else:
            tensors[identity] = _called(layer, [tensors[source] for source in step.inputs])
    outputs = [tensors[identity] for identity in plan.outputs]
    return keras.Model(_alone(inputs), _alone(outputs), name="model")


def _alone(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


class PlannedModel(keras.Model):  # type: ignore[misc]  # Keras is untyped
    """A subclassed model that runs a plan."""

    def __init__(self, plan: Plan, layers: dict[int, Any]) -> None:
        super().__init__(name="model")
        self.parts = [layer for identity, layer in layers.items() if plan.steps[identity].class_name != "InputLayer"]
        self.order = [
            (identity, plan.steps[identity].inputs)
            for identity in layers
            if plan.steps[identity].class_name != "InputLayer"
        ]
        self.start = [identity for identity, step in plan.steps.items() if step.class_name == "InputLayer"]
        self.results = list(plan.outputs)

    def call(self, inputs: Any) -> Any:
        """Run the plan."""
        values = dict(zip(self.start, [inputs], strict=True))
        for (identity, sources), layer in zip(self.order, self.parts, strict=True):
            values[identity] = _called(layer, [values[source] for source in sources])
        return values[self.results[0]]


def _called(layer: Any, operands: list[Any]) -> Any:
    if isinstance(layer, keras.layers.MultiHeadAttention):
        return layer(*operands)
    return layer(_alone(operands))


def _subclassed(plan: Plan, layers: dict[int, Any]) -> keras.Model:
    model = PlannedModel(plan, layers)
    (start,) = (step for step in plan.steps.values() if step.class_name == "InputLayer")
    model(keras.Input(batch_shape=start.config["batch_shape"], dtype=start.config["dtype"]))
    return model


def _nested(plan: Plan, layers: dict[int, Any], tensors: dict[int, Any], name: str) -> Any:
    (entry,) = {source for identity in plan.wrapped for source in plan.steps[identity].inputs} - set(plan.wrapped)
    start = keras.Input(batch_shape=tensors[entry].shape)
    inside = {entry: start}
    for identity in plan.wrapped:
        inside[identity] = _called(layers[identity], [inside[source] for source in plan.steps[identity].inputs])
    return keras.Model(start, inside[plan.wrapped[-1]], name=name)(tensors[entry])


def topological(plan: Plan) -> list[int]:
    """Return the steps depth-first from the inputs of the plan and then its outputs."""
    order: list[int] = []
    seen: set[int] = set()
    inputs = [identity for identity, step in plan.steps.items() if step.class_name == "InputLayer"]
    for root in (*inputs, *plan.outputs):
        stack = [(root, 0)]
        while stack:
            identity, slot = stack.pop()
            if identity in seen:
                continue
            sources = plan.steps[identity].inputs
            if slot < len(sources):
                stack += [(identity, slot + 1), (sources[slot], 0)]
            else:
                seen.add(identity)
                order.append(identity)
    return order


# ---------------------------------------------------------------------------------------------------- edits


def told(comparison: ModelComparison) -> Counter[Item]:
    """Reduce a comparison to what a reviewer is told, without ripples, sums and names of layers."""
    return Counter(
        (
            change.kind,
            change.class_name,
            tuple(sorted(change.settings)) if change.kind == "changed" else (),
        )
        for change in comparison.own_changes
    )


INSIDE: dict[str, Counter[str]] = {"MultiHeadAttention": Counter(EinsumDense=4, dot_product_attention=1)}
"""What a reviewer sees of composite layers: the layers and operations in them."""


def opened(expected: Counter[Item]) -> Counter[Item]:
    """Tell a composite layer that came or went by what is in it."""
    found: Counter[Item] = Counter()
    for (kind, class_name, settings), count in expected.items():
        parts = INSIDE.get(class_name) if kind in ("added", "removed") else None
        for part, number in (parts or Counter({class_name: 1})).items():
            found[kind, part, settings] += number * count
    return found


def insert(plan: Plan, chance: random.Random) -> Edit:
    """Put a layer behind another."""
    target = chance.choice([k for k, step in plan.steps.items() if k not in plan.outputs and len(step.shape) >= 2])
    kinds = [
        keras.layers.Dropout(0.37),
        keras.layers.LayerNormalization(epsilon=1e-4),
        keras.layers.Activation("gelu"),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
        keras.layers.Dense(plan.steps[target].shape[-1], activation="tanh"),
    ]
    if len(plan.steps[target].shape) == 4:
        kinds += [
            keras.layers.Conv2D(plan.steps[target].shape[-1], 3, padding="same"),
            keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False),
        ]
    layer = chance.choice(kinds)
    steps = dict(plan.steps)
    new = plan.fresh()
    for consumer in plan.consumers(target):
        steps[consumer] = _redirect(steps[consumer], target, new)
    steps[new] = Step(_serialised(layer), (target,), plan.steps[target].shape)
    return Edit("insert", replace(plan, steps=steps), Counter([("added", type(layer).__name__, ())]))


def delete(plan: Plan, chance: random.Random) -> Edit:
    """Take a layer out of a chain without changing shapes."""
    target = chance.choice(_removable(plan))
    return Edit("delete", _without(plan, target), Counter([("removed", plan.steps[target].class_name, ())]))


def _removable(plan: Plan) -> list[int]:
    return [
        k
        for k, step in plan.steps.items()
        if k not in plan.outputs and len(step.inputs) == 1 and step.shape == plan.steps[step.inputs[0]].shape
    ]


def _without(plan: Plan, target: int) -> Plan:
    (source,) = plan.steps[target].inputs
    steps = {k: _redirect(step, target, source) for k, step in plan.steps.items() if k != target}
    return replace(plan, steps=steps)


def reconfigure(plan: Plan, chance: random.Random) -> Edit:
    """Change one setting of a layer that keeps all shapes."""
    possible = [
        (identity, setting, value)
        for identity, step in plan.steps.items()
        for setting, values in SETTINGS.get(step.class_name, {}).items()
        for value in values
        if value != step.config[setting] and _keeps_shapes(step, setting)
    ]
    target, setting, value = chance.choice(possible)
    step = plan.steps[target]
    steps = {**plan.steps, target: step.with_config(**{setting: value})}
    return Edit("reconfigure", replace(plan, steps=steps), Counter([("changed", step.class_name, (setting,))]))


SETTINGS: dict[str, dict[str, tuple[Any, ...]]] = {
    "Conv2D": {"use_bias": (True, False), "dilation_rate": ((2, 2),), "kernel_size": ((3, 3), (5, 5))},
    "DepthwiseConv2D": {"use_bias": (True, False), "kernel_size": ((7, 7),)},
    "BatchNormalization": {"momentum": (0.5,), "epsilon": (0.02,), "scale": (True, False)},
    "LayerNormalization": {"epsilon": (0.02,)},
    "MultiHeadAttention": {"dropout": (0.15,)},
    "Dropout": {"rate": (0.77,)},
    "Dense": {"use_bias": (True, False)},
    "MaxPooling2D": {"pool_size": ((4, 4),)},
    "ReLU": {"negative_slope": (0.15,)},
}
"""Settings that :func:`reconfigure` may change, and to what."""


def _keeps_shapes(step: Step, setting: str) -> bool:
    if setting in ("kernel_size", "pool_size", "dilation_rate") and step.config["padding"] != "same":
        return False
    return setting != "dilation_rate" or (max(step.config["strides"]) == 1 and max(step.config["kernel_size"]) > 1)


def swap_activation(plan: Plan, chance: random.Random) -> Edit:
    """Give a layer another activation, or put a layer of another activation in place of one."""
    target = chance.choice(
        [k for k, step in plan.steps.items() if step.class_name == "ReLU" or "activation" in step.config]
    )
    step = plan.steps[target]
    if step.class_name == "ReLU":
        new = Step(_serialised(keras.layers.Activation("gelu")), step.inputs, step.shape)
        expected: Counter[Item] = Counter([("removed", "ReLU", ()), ("added", "Activation", ())])
    else:
        new = step.with_config(activation="elu" if step.config["activation"] != "elu" else "tanh")
        expected = Counter([("changed", step.class_name, ("activation",))])
    return Edit("swap activation", replace(plan, steps={**plan.steps, target: new}), expected)


def widen(plan: Plan, chance: random.Random) -> Edit:
    """Give a layer more channels, where what follows can bear it."""
    name = {"Conv2D": "filters", "Dense": "units"}
    target = chance.choice(
        [k for k, step in plan.steps.items() if step.class_name in name and step.config.get("groups", 1) == 1]
    )
    step = plan.steps[target]
    setting = name[step.class_name]
    wider = step.with_config(**{setting: step.config[setting] * 2})
    expected: Counter[Item] = Counter([("changed", step.class_name, (setting,))])
    if target in plan.outputs:
        expected["signature", "output", ()] += 1
    return Edit("widen", replace(plan, steps={**plan.steps, target: wider}), expected)


def widen_all(plan: Plan, chance: random.Random) -> Edit:
    """Widen every convolution by the same factor."""
    factor = chance.choice([1.25, 1.5, 2])
    steps = dict(plan.steps)
    expected: Counter[Item] = Counter()
    for k, step in plan.steps.items():
        if step.class_name == "Conv2D":
            steps[k] = step.with_config(filters=int(step.config["filters"] * factor))
            expected["changed", "Conv2D", ("filters",)] += 1
    if not expected:
        raise IndexError("no convolution")
    return Edit("widen all", replace(plan, steps=steps), expected)


def add_skip(plan: Plan, chance: random.Random) -> Edit:
    """Add an earlier tensor of the same shape to a later one."""
    order = topological(plan)
    possible = []
    for place, late in enumerate(order):
        shape = plan.steps[late].shape
        if late in plan.outputs or len(shape) < 2:
            continue
        possible += [
            (early, late) for early in order[max(0, place - 12) : max(0, place - 1)] if plan.steps[early].shape == shape
        ]
    early, late = chance.choice(possible)
    steps = dict(plan.steps)
    new = plan.fresh()
    for consumer in plan.consumers(late):
        steps[consumer] = _redirect(steps[consumer], late, new)
    steps[new] = Step(_serialised(keras.layers.Add()), (late, early), plan.steps[late].shape)
    return Edit("add skip", replace(plan, steps=steps), Counter([("added", "Add", ())]))


def delete_block(plan: Plan, chance: random.Random) -> Edit:
    """Take out a whole block."""
    entry, block = chance.choice(list(blocks(plan)))
    expected: Counter[Item] = Counter([("removed", plan.steps[k].class_name, ()) for k in block])
    return Edit("delete block", _without_block(plan, entry, block), expected)


def _without_block(plan: Plan, entry: int, block: list[int]) -> Plan:
    inside = set(block)
    steps = {k: _redirect(step, block[-1], entry) for k, step in plan.steps.items() if k not in inside}
    return replace(plan, steps=steps)


def repeat_block(plan: Plan, chance: random.Random) -> Edit:
    """Put a copy of a block behind it, once or twice."""
    entry, block = chance.choice(list(blocks(plan)))
    times = chance.choice([1, 1, 2])
    expected: Counter[Item] = Counter([("added", plan.steps[k].class_name, ()) for k in block] * times)
    return Edit("repeat block", _with_copies(plan, entry, block, times), expected)


def _with_copies(plan: Plan, entry: int, block: list[int], times: int) -> Plan:
    steps = dict(plan.steps)
    last = block[-1]
    readers = plan.consumers(block[-1])
    for copy_number in range(times):
        new = {k: max(steps) + 1 + place for place, k in enumerate(block)}
        new[entry] = last
        for k in block:
            step = plan.steps[k]
            step = step.with_config(name=f"{step.config['name']}_again{copy_number}") if step.has_given_name else step
            steps[new[k]] = replace(step, inputs=tuple(new[source] for source in plan.steps[k].inputs))
        last = new[block[-1]]
    for consumer in readers:
        steps[consumer] = _redirect(steps[consumer], block[-1], last)
    return replace(plan, steps=steps)


def histories(plan: Plan, edit: Callable[[Plan, random.Random], Edit]) -> Iterator[Plan]:
    """Yield every plan that an edit could have made of a plan, where it removes or repeats something.

    Without names, removing the second of two equal layers is the same as removing the first.
    """
    if edit is delete:
        yield from (_without(plan, target) for target in _removable(plan))
    elif edit is delete_block:
        yield from (_without_block(plan, entry, block) for entry, block in blocks(plan))
    elif edit is repeat_block:
        for entry, block in blocks(plan):
            for times in (1, 2):
                repeated = _with_copies(plan, entry, block, times)
                yield repeated
                for copy_number in range(times):
                    first = max(plan.steps) + 1 + copy_number * len(block)
                    yield _exchanged(repeated, dict(zip(block, range(first, first + len(block)), strict=True)))


def _exchanged(plan: Plan, partners: dict[int, int]) -> Plan:
    """Return the same plan, in which a block and its copy have exchanged their identities."""
    partners = {**partners, **{copied: k for k, copied in partners.items()}}
    steps = {
        partners.get(k, k): replace(step, inputs=tuple(partners.get(source, source) for source in step.inputs))
        for k, step in plan.steps.items()
    }
    return replace(plan, steps=steps, outputs=tuple(partners.get(k, k) for k in plan.outputs))


def rename_everything(plan: Plan, chance: random.Random) -> Edit:
    """Give every layer another name."""
    steps = {
        k: step.with_config(name=f"other_{chance.randrange(10**9)}") if step.class_name != "InputLayer" else step
        for k, step in plan.steps.items()
    }
    return Edit(
        "rename everything",
        replace(plan, steps=steps),
        Counter([("renamed", step.class_name, ()) for step in steps.values() if step.class_name != "InputLayer"]),
    )


def swap_operands(plan: Plan, chance: random.Random) -> Edit:
    """Exchange the first two operands of a merge: branches in another order."""
    target = chance.choice(
        [k for k, step in plan.steps.items() if len(step.inputs) >= 2 and not _are_twins(plan, *step.inputs[:2])]
    )
    step = plan.steps[target]
    steps = {**plan.steps, target: replace(step, inputs=(step.inputs[1], step.inputs[0], *step.inputs[2:]))}
    return Edit("swap operands", replace(plan, steps=steps), Counter([("rewired", step.class_name, ())]))


def _are_twins(plan: Plan, one: int, other: int) -> bool:
    """Whether two steps compute the same (but for their weights) from the same, so that nobody can tell them apart."""
    if one == other:
        return True
    first, second = plan.steps[one], plan.steps[other]
    same = first.with_config(name="").serialised == second.with_config(name="").serialised
    return same and all(_are_twins(plan, a, b) for a, b in zip(first.inputs, second.inputs, strict=False))


def reorder_branches(plan: Plan, chance: random.Random) -> Edit:
    """Turn the operands of a merge of three or more branches."""
    target = chance.choice([k for k, step in plan.steps.items() if len(set(step.inputs)) >= 3])
    step = plan.steps[target]
    turn = chance.randrange(1, len(step.inputs))
    steps = {**plan.steps, target: replace(step, inputs=step.inputs[turn:] + step.inputs[:turn])}
    return Edit("reorder branches", replace(plan, steps=steps), Counter([("rewired", step.class_name, ())]))


def wrap(plan: Plan, chance: random.Random) -> Edit:
    """Put a block into a nested model."""
    _, block = chance.choice(list(blocks(plan, same_shape=False)))
    return Edit("wrap", replace(plan, wrapped=tuple(block)), Counter([("added", "Functional", ())]))


def renumber(plan: Plan, _: random.Random) -> Edit:
    """Change nothing but the numbers in automatic names."""
    return Edit("renumber", plan)


EDITS: tuple[Callable[[Plan, random.Random], Edit], ...] = (
    insert,
    delete,
    reconfigure,
    swap_activation,
    widen,
    widen_all,
    add_skip,
    delete_block,
    repeat_block,
    rename_everything,
    swap_operands,
    reorder_branches,
    wrap,
    renumber,
)


def blocks(plan: Plan, *, same_shape: bool = True) -> Iterator[tuple[int, list[int]]]:
    """Yield stretches with one entry and one exit: the tensor that enters, and the steps in order, the exit last."""
    order = [k for k in topological(plan) if plan.steps[k].class_name != "InputLayer"]
    whole = topological(plan)
    place = {k: n for n, k in enumerate(whole)}
    reach = [0] * len(whole)
    for k, step in plan.steps.items():
        for source in step.inputs:
            reach[place[source]] = max(reach[place[source]], place[k])
    cuts = []
    furthest = 0
    for n, k in enumerate(whole):
        if furthest <= n and k not in plan.outputs:
            cuts.append(k)
        furthest = max(furthest, reach[n])
    for first, entry in enumerate(cuts):
        for leave in cuts[first + 1 : first + 12]:
            stretch = whole[place[entry] + 1 : place[leave] + 1]
            fits = not same_shape or plan.steps[entry].shape == plan.steps[leave].shape
            if fits and 2 <= len(stretch) <= 40 and set(stretch) <= set(order):
                yield entry, stretch


def _redirect(step: Step, old: int, new: int) -> Step:
    return replace(step, inputs=tuple(new if source == old else source for source in step.inputs))


def _serialised(layer: Any) -> dict[str, Any]:
    found: dict[str, Any] = keras.saving.serialize_keras_object(layer)
    return found


def applied(plan: Plan, edits: Sequence[Callable[[Plan, random.Random], Edit]], chance: random.Random) -> Edit | None:
    """Apply one edit, or ``None`` where the plan offers no place for it."""
    try:
        return chance.choice(edits)(plan, chance)
    except IndexError:
        return None
