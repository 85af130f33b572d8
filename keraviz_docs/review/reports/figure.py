"""One diagram of two versions: what came, what went, what changed, and where nothing happened, folded.

Every mark is a sign in the strip of its box and a colour; neither is needed to read the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from keraviz_docs.architecture import Architecture, Node
from keraviz_docs.diagrams import Arrow, Box, Family, Figure, Variant, box
from keraviz_docs.diagrams.figure import Role, shape_text
from keraviz_docs.review.changes import Change
from keraviz_docs.review.comparison import ModelComparison
from keraviz_docs.review.graph import Graph, graph_of
from keraviz_docs.review.matching import match_graphs
from keraviz_docs.review.settings import shown

Mark = Literal["added", "removed", "changed", "moved", "ripple", "same"]

FAMILIES: Mapping[Mark, Family] = {
    "added": Family("added", "+ added", "#00805d", "#ffffff", "#00805d", "#e0f4ed"),
    "removed": Family("removed", "− removed", "#b3261e", "#ffffff", "#b3261e", "#fbe9e7", "dashed"),
    "changed": Family("changed", "~ changed", "#a87200", "#ffffff", "#a87200", "#fdf3de"),
    "moved": Family("moved", "↕ moved or rewired", "#7d1c8c", "#ffffff", "#7d1c8c", "#f7e9f9"),
    "ripple": Family("ripple", "≈ follows from a change", "#5d6874", "#ffffff", "#5d6874", "#f0f2f5", "dotted"),
    "same": Family("same", "unchanged", "#dfe3e8", "#101418", "#8a94a1", "#fbfcfd"),
}
"""Strong colours of Okabe and Ito, as in the other diagrams; text on each meets WCAG 2.2 AA."""

SIGNS: Mapping[Mark, str] = {"added": "+", "removed": "−", "changed": "~", "moved": "↕", "ripple": "≈", "same": ""}
_RANK: Mapping[str, int] = {"renamed": 1, "rewired": 2, "moved": 3, "changed": 4}
_DETAILS = 4


@dataclass(frozen=True)
class ChangeFigure(Figure):
    """A figure whose legend explains marks instead of families of layers."""

    @property
    def legend(self) -> tuple[Family, ...]:
        """The marks that occur, in their usual order."""
        present = {box.family.key for box in self.boxes}
        return tuple(family for family in FAMILIES.values() if family.key in present)


def change_figure(
    base: Architecture, head: Architecture, comparison: ModelComparison, variant: Variant = "tb"
) -> ChangeFigure:
    """Say what the diagram of two versions shows.

    Args:
        base: the version before.
        head: the version after.
        comparison: what differs between them.
        variant: ``tb`` or ``lr``.
    """
    union = _union(graph_of(base), graph_of(head), comparison)
    stretches = list(_stretches(union))
    where = {place: key for key, stretch in stretches for place in stretch}
    boxes = tuple(_box(union, key, stretch, variant) for key, stretch in stretches)
    arrows: dict[tuple[str, str], bool] = {}
    for tail, end, gone in union.edges:
        a, b = where[tail], where[end]
        if a != b:
            arrows.setdefault((a, b), gone)
            arrows[a, b] = arrows[a, b] and gone
    return ChangeFigure(
        id=f"{comparison.id}-changes",
        variant=variant,
        title=f"{comparison.id}: what changed",
        description="; ".join(comparison.headlines[:8]) or "Nothing changed.",
        boxes=boxes,
        arrows=tuple(
            Arrow(f"e{number}", tail, end, inferred=gone, title="removed" if gone else "")
            for number, ((tail, end), gone) in enumerate(sorted(arrows.items()), start=1)
        ),
        clusters=(),
    )


@dataclass(frozen=True)
class _Item:
    """A layer of either version."""

    node: Node
    mark: Mark
    badge: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class _Union:
    items: Sequence[_Item]
    edges: Sequence[tuple[int, int, bool]]
    """Places of tail and head in order, and whether only the base has the edge."""
    copies: Mapping[int, str]
    """Places of layers in all but the first copy of a block that was repeated or removed, and what to call them."""


def _union(base: Graph, head: Graph, comparison: ModelComparison) -> _Union:
    matching = match_graphs(base, head)
    pairs = {base.position[old]: head.position[new] for old, new in matching.nodes.items()}
    of_head: dict[int, list[Change]] = {}
    moved = set()
    for change in comparison.changes:
        if not change.entries and change.head is not None and change.head.number is not None:
            of_head.setdefault(head.position[change.head.number], []).append(change)
            if change.kind == "moved" and change.base is not None and change.base.number is not None:
                moved.add(base.position[change.base.number])
    order: list[tuple[tuple[int, ...], str, int]] = [((j, 0), "head", j) for j in range(len(head.nodes))]
    latest: tuple[int, ...] = (-1, 1)
    for i in range(len(base.nodes)):
        if i in pairs and i not in moved:
            latest = (pairs[i], 1)
        else:
            order.append(((*latest, i), "base", i))
    order.sort(key=lambda item: item[0])
    place = {(side, index): n for n, (_, side, index) in enumerate(order)}
    for i, j in pairs.items():
        if i not in moved:
            place["base", i] = place["head", j]
    reverse = {j: i for i, j in pairs.items()}
    items = []
    for _, side, index in order:
        if side == "base":
            mark: Mark = "moved" if index in moved else "removed"
            items.append(_Item(base.nodes[index], mark, f"{SIGNS[mark]} {base.nodes[index].number}", ()))
            continue
        changes = tuple(of_head.get(index, ()))
        mark = "added" if index not in reverse else _mark(changes)
        sign = f"{SIGNS[mark]} " if SIGNS[mark] else ""
        items.append(_Item(head.nodes[index], mark, f"{sign}{head.nodes[index].number}", changes))
    edges = {
        (place["head", source], place["head", j]): False
        for j, operands in enumerate(head.operands)
        for source, _ in operands
    }
    for i, operands in enumerate(base.operands):
        for source, _ in operands:
            edge = place["base", source], place["base", i]
            # What would lead backwards belongs to a layer that moved; its old place shows it well enough.
            if edge[0] < edge[1]:
                edges.setdefault(edge, True)
    copies = {
        place[side, graph.position[number]]: text
        for side, graph, number, text in _copies(base, head, comparison.changes)
    }
    return _Union(items, [(tail, end, gone) for (tail, end), gone in edges.items()], copies)


def _copies(base: Graph, head: Graph, changes: Sequence[Change]) -> Iterator[tuple[str, Graph, int, str]]:
    for change in changes:
        if change.kind == "repeated":
            before, after = change.settings["times"]
            more = abs(after - before) - 1
            for entry in change.entries[len(change.entries) // (more + 1) :]:
                number = changes[entry].place.number
                side, graph = ("head", head) if after > before else ("base", base)
                if number is not None:
                    yield side, graph, number, f"{change.label}, {more} more {'time' if more == 1 else 'times'}"


def _mark(changes: Sequence[Change]) -> Mark:
    own = [change for change in changes if not change.ripple]
    if not own:
        return "ripple" if changes else "same"
    kind = max((change.kind for change in own), key=lambda kind: _RANK.get(kind, 0))
    return "moved" if kind in ("moved", "rewired") else "changed"


def _stretches(union: _Union) -> Iterator[tuple[str, list[int]]]:
    """Yield what becomes a box: a layer near a change, or a run of layers far from any.

    A run is consecutive in an order in which all edges lead forward, so folding it makes no cycle.
    """
    quiet: set[Mark] = {"same", "ripple"}
    near = {n for n, item in enumerate(union.items) if item.mark not in quiet and n not in union.copies}
    beside = {end for tail, ends, _ in union.edges for end in (tail, ends) if {tail, ends} & near}
    near |= beside - union.copies.keys()
    run: list[int] = []
    for n, item in enumerate(union.items):
        alone = n in near
        sort = item.mark, union.copies.get(n)
        if run and (alone or (union.items[run[0]].mark, union.copies.get(run[0])) != sort):
            yield f"s{run[0]}", run
            run = []
        if alone:
            yield f"s{n}", [n]
        else:
            run.append(n)
    if run:
        yield f"s{run[0]}", run


def _box(union: _Union, key: str, stretch: list[int], variant: Variant) -> Box:
    first = union.items[stretch[0]]
    horizontal = variant == "lr"
    family = FAMILIES[first.mark]
    if len(stretch) > 1:
        what = {"same": "unchanged layers", "ripple": "layers that follow"}.get(first.mark, f"layers {first.mark}")
        numbers = [union.items[n].node.number for n in stretch]
        title = f"{len(stretch)} {what}, #{min(numbers)} to #{max(numbers)}"
        folded: list[tuple[str, Role]] = [(union.copies.get(stretch[0], ""), "class")]
        folded.append((f"{len(stretch)} {what}", "detail"))
        return box(key, family, badge=SIGNS[first.mark], lines=folded, title=title, horizontal=horizontal, closed=True)
    node = first.node
    lines: list[tuple[str, Role]] = [(node.class_name, "class")]
    if node.explicit_name:
        lines.append((node.name, "detail"))
    for change in first.changes:
        lines += [(line, "detail") for line in _details(change)]
    outputs = ", ".join(shape_text(tensor.shape) for tensor in node.outputs)
    lines.append((outputs, "shape"))
    title = "\n".join([f"#{node.number} {node.path}", *(change.explain() for change in first.changes), outputs])
    return box(key, family, badge=first.badge, lines=lines, title=title, horizontal=horizontal, number=node.number)


def _details(change: Change) -> list[str]:
    if change.kind == "changed":
        lines = [f"{key} {shown(old)} → {shown(new)}" for key, (old, new) in change.settings.items()]
        return lines[:_DETAILS] + (["…"] if len(lines) > _DETAILS else [])
    if change.kind in ("moved", "rewired", "renamed"):
        return [change.explain("sentence").partition(": ")[2]]
    return []
