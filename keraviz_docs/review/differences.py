"""Turn a matching into the list of what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from keraviz_docs.architecture import Group, Node, Port, Tensor
from keraviz_docs.review.changes import Change, Place
from keraviz_docs.review.graph import Graph
from keraviz_docs.review.matching import Matching
from keraviz_docs.review.repeats import repeated_blocks
from keraviz_docs.review.settings import defaults_of, settings_of


def changes_between(base: Graph, head: Graph, matching: Matching) -> Iterator[Change]:
    """Yield every difference: the signature, repeated blocks, then groups and layers in canonical order."""
    pairs = {base.position[old]: head.position[new] for old, new in matching.nodes.items()}
    versions = _with_moves(_Versions.of(base, head, pairs))
    found: list[tuple[tuple[int, ...], Change]] = list(_of_groups(versions, matching))
    latest: tuple[int, int] = (-1, 3)
    for i, node in enumerate(base.nodes):
        if i in pairs:
            latest = (pairs[i], 3)
        elif node.kind != "input":
            found.append(((*latest, i), _removal(node, base.settings[i])))
    for j, node in enumerate(head.nodes):
        if j in versions.reverse:
            found += [((j, 1, 0), change) for change in _of_layer(versions, versions.reverse[j], j)]
        elif node.kind != "input":
            found.append(((j, 1, 0), _addition(node, head.settings[j])))
    entries = [change for _, change in sorted(found, key=lambda item: item[0])]
    signature = list(_of_signature(versions))
    blocks = list(repeated_blocks(base, head, pairs))
    position = {
        (change.kind, change.place.number): k for k, change in enumerate(entries, start=len(signature) + len(blocks))
    }
    yield from signature
    for block in blocks:
        nodes = (base if block.kind == "removed" else head).nodes[block.start : block.stop]
        place = Place(nodes[0].number, nodes[0].path)
        yield Change(
            kind="repeated",
            class_name=block.class_name,
            base=place if block.kind == "removed" else None,
            head=None if block.kind == "removed" else place,
            settings={"times": block.times},
            entries=tuple(sorted(position[block.kind, node.number] for node in nodes)),
            label=block.label,
        )
    yield from entries


@dataclass(frozen=True)
class _Versions:
    """Two graphs and the pairs between them; a moved layer counts as removed here and added there."""

    base: Graph
    head: Graph
    pairs: Mapping[int, int]
    reverse: Mapping[int, int]
    moved: Set[int] = frozenset()
    moved_to: Set[int] = frozenset()

    @classmethod
    def of(cls, base: Graph, head: Graph, pairs: Mapping[int, int], moved: Set[int] = frozenset()) -> _Versions:
        return cls(base, head, pairs, {j: i for i, j in pairs.items()}, moved, {pairs[i] for i in moved})

    def is_first_call(self, i: int, j: int) -> bool:
        return self.base.first_call[i] == i and self.head.first_call[j] == j

    def stays_in_base(self, i: int) -> bool:
        return i in self.pairs and i not in self.moved

    def stays_in_head(self, j: int) -> bool:
        return j in self.reverse and j not in self.moved_to


def _sources(graph: Graph, start: tuple[int, int], stays: Callable[[int], bool]) -> set[tuple[int, int]]:
    """What an operand brings from layers that stay, through those that do not."""
    found: set[tuple[int, int]] = set()
    seen: set[tuple[int, int]] = set()
    pending = [start]
    while pending:
        operand = pending.pop()
        if operand in seen:
            continue
        seen.add(operand)
        if stays(operand[0]):
            found.add(operand)
        else:
            pending += graph.operands[operand[0]]
    return found


def _is_rewired(versions: _Versions, i: int, j: int) -> bool:
    """Whether a layer takes an operand from elsewhere, or in another order.

    What was inserted into an edge, or taken out of it, does not rewire the layer behind it.
    """
    pairs = versions.pairs
    before, after = versions.base.operands[i], versions.head.operands[j]
    if [(pairs.get(source), output) for source, output in before] == list(after):
        return False
    brought = [_sources(versions.head, operand, versions.stays_in_head) for operand in after]
    used = [_sources(versions.base, operand, versions.stays_in_base) for operand in before]
    everything = set().union(*brought)
    everything_before = {(pairs[source], output) for operand in used for source, output in operand}
    slots: list[int] = []
    for source, output in before:
        if versions.stays_in_base(source):
            image = (pairs[source], output)
            if image not in everything:
                return True
            slots.append(_slot(image, brought, slots))
    if any(versions.stays_in_head(source) and (source, output) not in everything_before for source, output in after):
        return True
    return slots != sorted(slots)


def _slot(operand: tuple[int, int], brought: Sequence[set[tuple[int, int]]], taken: Sequence[int]) -> int:
    """The first free slot of the head that brings an operand of the base, or the first slot that does."""
    slots = [slot for slot, found in enumerate(brought) if operand in found]
    return next((slot for slot in slots if slot not in taken), slots[0])


def _with_moves(versions: _Versions) -> _Versions:
    """Find layers that explain several rewired inputs at once by having moved."""
    rewired = {i for i, j in versions.pairs.items() if _is_rewired(versions, i, j)}
    for i in sorted(rewired):
        j = versions.pairs[i]
        if versions.base.nodes[i].kind == "input":
            continue
        near = {i, *versions.base.consumers[i]}
        near |= {versions.reverse[k] for k in versions.head.consumers[j] if k in versions.reverse}
        near &= versions.pairs.keys()
        without = _Versions.of(versions.base, versions.head, versions.pairs, versions.moved | {i})
        before = sum(_is_rewired(versions, k, versions.pairs[k]) for k in near if k not in versions.moved)
        after = sum(_is_rewired(without, k, without.pairs[k]) for k in near if k not in without.moved)
        if before - after >= 2:
            versions = without
    return versions


def _of_layer(versions: _Versions, i: int, j: int) -> Iterator[Change]:
    old, new = versions.base.nodes[i], versions.head.nodes[j]
    if new.kind == "input":
        return
    before, after = Place(old.number, old.path), Place(new.number, new.path)
    if versions.is_first_call(i, j):
        name = old.name if old.explicit_name else None, new.name if new.explicit_name else None
        if name[0] != name[1]:
            yield Change(kind="renamed", class_name=new.class_name, settings={"name": name}, base=before, head=after)
    if i in versions.moved:
        places = _operand_paths(versions.base, i), _operand_paths(versions.head, j)
        yield Change(kind="moved", class_name=new.class_name, settings={"after": places}, base=before, head=after)
        rewired = True
    else:
        rewired = _is_rewired(versions, i, j)
        if rewired:
            wiring = _wiring(versions, i, j)
            yield Change(kind="rewired", class_name=new.class_name, settings=wiring, base=before, head=after)
    settings = _own_settings(versions, i, j)
    if settings:
        yield Change(kind="changed", class_name=new.class_name, settings=settings, base=before, head=after)
        return
    settings = _shapes(versions, i, j)
    if settings:
        ripple = rewired or _operand_tensors(versions.base, i) != _operand_tensors(versions.head, j)
        yield Change(
            kind="changed", class_name=new.class_name, settings=settings, ripple=ripple, base=before, head=after
        )


def _wiring(versions: _Versions, i: int, j: int) -> dict[str, tuple[Any, Any]]:
    """The operands before and after; ``order`` says which slots they had, where only their order differs."""
    wiring: dict[str, tuple[Any, Any]] = {
        "inputs": (_operand_paths(versions.base, i), _operand_paths(versions.head, j))
    }
    before = [(versions.pairs.get(source, -1), output) for source, output in versions.base.operands[i]]
    after = list(versions.head.operands[j])
    if sorted(before) == sorted(after):
        slots = list(range(1, len(before) + 1))
        wiring["order"] = slots, [before.index(operand) + 1 for operand in after]
    return wiring


def _own_settings(versions: _Versions, i: int, j: int) -> dict[str, tuple[Any, Any]]:
    """What a person changed on the layer itself."""
    old, new = versions.base.nodes[i], versions.head.nodes[j]
    settings = setting_differences(new, versions.base.settings[i], versions.head.settings[j])
    if old.trainable != new.trainable:
        settings.setdefault("trainable", (old.trainable, new.trainable))
    sharing = _sharing(versions, i, j)
    if sharing is not None:
        settings["shares weights with"] = sharing
    return settings


def setting_differences(
    layer: Node | Group, before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Return the settings that differ, as (base, head); what is left out has its default."""
    defaults = defaults_of(layer.class_name, layer.module)
    return {
        key: (before.get(key, defaults.get(key)), after.get(key, defaults.get(key)))
        for key in sorted(before.keys() | after.keys())
        if before.get(key, defaults.get(key)) != after.get(key, defaults.get(key))
    }


def _sharing(versions: _Versions, i: int, j: int) -> tuple[list[str], list[str]] | None:
    """The other calls of the same layer, where they are not the same calls on both sides."""
    old, new = _calls(versions.base, i), _calls(versions.head, j)
    if len(old) == len(new) == 1:
        return None
    kept = {versions.pairs[k] for k in old if k in versions.pairs}
    if kept == {k for k in new if k in versions.reverse}:
        return None
    return (
        [versions.base.nodes[k].path for k in old if k != i],
        [versions.head.nodes[k].path for k in new if k != j],
    )


def _calls(graph: Graph, index: int) -> list[int]:
    """Positions of all calls of the layer, itself included."""
    return graph.calls.get(graph.nodes[index].shared or graph.nodes[index].number, [index])


def _shapes(versions: _Versions, i: int, j: int) -> dict[str, tuple[Any, Any]]:
    old, new = versions.base.nodes[i].outputs, versions.head.nodes[j].outputs
    settings: dict[str, tuple[Any, Any]] = {}
    if _tensors(old) != _tensors(new):
        settings["output"] = _tensors(old), _tensors(new)
    if _types(old) != _types(new):
        settings["output dtype"] = _types(old), _types(new)
    parameters = versions.base.parameters[i], versions.head.parameters[j]
    if versions.is_first_call(i, j) and parameters[0] != parameters[1]:
        settings["parameters"] = parameters
    return settings


def _operand_tensors(graph: Graph, index: int) -> list[Tensor]:
    return [graph.nodes[source].outputs[output] for source, output in graph.operands[index]]


def _operand_paths(graph: Graph, index: int) -> list[str]:
    return [
        graph.nodes[source].path + (f":{output}" if len(graph.nodes[source].outputs) > 1 else "")
        for source, output in graph.operands[index]
    ]


def _tensors(tensors: Sequence[Tensor]) -> Any:
    shapes = [None if tensor.shape is None else list(tensor.shape) for tensor in tensors]
    return shapes[0] if len(shapes) == 1 else shapes


def _types(tensors: Sequence[Tensor]) -> Any:
    types = [tensor.dtype for tensor in tensors]
    return types[0] if len(types) == 1 else types


def _removal(node: Node, settings: Mapping[str, Any]) -> Change:
    return Change(
        kind="removed",
        class_name=node.class_name,
        base=Place(node.number, node.path),
        head=None,
        settings={key: (value, None) for key, value in settings.items()},
    )


def _addition(node: Node, settings: Mapping[str, Any]) -> Change:
    return Change(
        kind="added",
        class_name=node.class_name,
        base=None,
        head=Place(node.number, node.path),
        settings={key: (None, value) for key, value in settings.items()},
    )


def _of_groups(versions: _Versions, matching: Matching) -> Iterator[tuple[tuple[int, ...], Change]]:
    """Yield what happened to groups whose layers are still there; the rest shows in the layers themselves."""
    before, after = versions.base.architecture, versions.head.architecture
    groups_before = {group.path: group for group in before.groups}
    groups_after = {group.path: group for group in after.groups}
    first_before, first_after = _first_members(versions.base), _first_members(versions.head)
    kept_before = {path for i in versions.pairs for path in _around(versions.base.nodes[i].parent, groups_before)}
    kept_after = {path for j in versions.reverse for path in _around(versions.head.nodes[j].parent, groups_after)}
    gone = {path for path in groups_before if path not in matching.groups}
    come = {path for path in groups_after if path not in set(matching.groups.values())}
    for path in sorted(gone & kept_before):
        group = groups_before[path]
        if group.kind != "block":
            yield (
                (versions.pairs.get(first_before[path], -1), 0, group.path.count("/")),
                Change(kind="removed", class_name=group.class_name, base=Place(None, path), head=None),
            )
    for path in sorted(come & kept_after):
        group = groups_after[path]
        if group.kind != "block":
            yield (
                (first_after[path], 0, group.path.count("/")),
                Change(kind="added", class_name=group.class_name, base=None, head=Place(None, path)),
            )
    for path, other in matching.groups.items():
        key = (first_after[other], 0, other.count("/"))
        for change in _of_group(groups_before[path], groups_after[other]):
            yield key, change


def _of_group(old: Group, new: Group) -> Iterator[Change]:
    before, after = Place(None, old.path), Place(None, new.path)
    name = old.name if old.explicit_name else None, new.name if new.explicit_name else None
    if name[0] != name[1] and old.call == new.call == 1:
        yield Change(kind="renamed", class_name=new.class_name, settings={"name": name}, base=before, head=after)
    settings = setting_differences(new, settings_of(old), settings_of(new)) if new.kind == "layer" else {}
    if old.class_name != new.class_name:
        settings = {"class": (old.class_name, new.class_name), **settings}
    if settings:
        yield Change(kind="changed", class_name=new.class_name, settings=settings, base=before, head=after)


def _around(path: str | None, groups: Mapping[str, Group]) -> Iterator[str]:
    while path is not None:
        yield path
        path = groups[path].parent


def _first_members(graph: Graph) -> dict[str, int]:
    groups = {group.path: group for group in graph.architecture.groups}
    first: dict[str, int] = dict.fromkeys(groups, -1)
    for index in reversed(range(len(graph.nodes))):
        for path in _around(graph.nodes[index].parent, groups):
            first[path] = index
    return first


def _of_signature(versions: _Versions) -> Iterator[Change]:
    before, after = versions.base.architecture, versions.head.architecture
    yield from _ports(versions, "input", before.inputs, after.inputs)
    yield from _ports(versions, "output", before.outputs, after.outputs)


def _ports(versions: _Versions, what: str, before: Sequence[Port], after: Sequence[Port]) -> Iterator[Change]:
    order = _paired_ports(versions, before, after)
    for old, new in order:
        settings: dict[str, tuple[Any, Any]] = {}
        if old is None or new is None:
            port = old or new
            assert port is not None  # noqa: S101  # one of the two is a port
            description = {"shape": None if port.shape is None else list(port.shape), "dtype": port.dtype}
            settings = {key: (value, None) if new is None else (None, value) for key, value in description.items()}
        else:
            if before.index(old) != after.index(new) and len(before) == len(after):
                settings["position"] = before.index(old) + 1, after.index(new) + 1
            if old.shape != new.shape:
                settings["shape"] = tuple(None if p.shape is None else list(p.shape) for p in (old, new))  # type: ignore[assignment]  # one for each of two
            if old.dtype != new.dtype:
                settings["dtype"] = old.dtype, new.dtype
            if what == "input":
                name = _port_name(versions.base, old), _port_name(versions.head, new)
                if name[0] != name[1]:
                    settings["name"] = name
            elif _port_moved(versions, old, new):
                settings["taken from"] = _port_path(versions.base, old), _port_path(versions.head, new)
        if settings:
            yield Change(
                kind="signature",
                class_name=what,
                base=_port_place(versions.base, old),
                head=_port_place(versions.head, new),
                settings=settings,
            )


def _paired_ports(
    versions: _Versions, before: Sequence[Port], after: Sequence[Port]
) -> list[tuple[Port | None, Port | None]]:
    """Pair ports by the layers behind them, the rest by position."""
    waiting = defaultdict(list)
    for port in after:
        waiting[versions.head.position[port.node], port.output].append(port)
    partner: dict[int, Port] = {}
    left = []
    for index, port in enumerate(before):
        image = (versions.pairs.get(versions.base.position[port.node], -1), port.output)
        if waiting.get(image):
            partner[index] = waiting[image].pop(0)
        else:
            left.append(index)
    rest = [port for port in after if any(port is found for ports in waiting.values() for found in ports)]
    for index in left:
        same = next((port for port in rest if after.index(port) == index), rest[0] if rest else None)
        if same is not None and len(rest) >= 1:
            partner[index] = same
            rest = [port for port in rest if port is not same]
    result: list[tuple[Port | None, Port | None]] = [(port, partner.get(index)) for index, port in enumerate(before)]
    return [*result, *((None, port) for port in rest)]


def _port_moved(versions: _Versions, old: Port, new: Port) -> bool:
    """Whether an output is taken from another place, other than through layers that were added or removed there."""
    before = _sources(versions.base, (versions.base.position[old.node], old.output), versions.stays_in_base)
    after = _sources(versions.head, (versions.head.position[new.node], new.output), versions.stays_in_head)
    image = {(versions.pairs[source], output) for source, output in before}
    i, j = versions.base.position[old.node], versions.head.position[new.node]
    if versions.stays_in_base(i) and not image <= after:
        return True
    return versions.stays_in_head(j) and not after <= image


def _port_name(graph: Graph, port: Port) -> str | None:
    node = graph.architecture.node(port.node)
    return port.name if node.explicit_name else None


def _port_path(graph: Graph, port: Port) -> str:
    return graph.architecture.node(port.node).path


def _port_place(graph: Graph, port: Port | None) -> Place | None:
    return None if port is None else Place(port.node, _port_path(graph, port))
