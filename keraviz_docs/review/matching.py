"""Find for every layer of one architecture the same layer in another.

Names that Keras numbers change with every insertion, so they count for nothing; names that a person gave are
evidence.  First come *anchors*: layers whose whole ancestry, or everything that follows them, is the same on both
sides.  They are found by hashing, in linear time, and settle everything outside the edited region.  What is left is
aligned as a sequence, scored by class, settings, shape, names and surroundings.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from keraviz_docs.architecture import Architecture, Node
from keraviz_docs.review.alignment import Bonus, align
from keraviz_docs.review.graph import COMMUTATIVE, Graph, graph_of, signature

SURROUNDINGS = ((1, 0.3), (2, 0.2))
"""Hops and weight: equal settings within that many hops."""
CLASS_SURROUNDINGS = ((2, 0.4), (4, 0.3))
"""Hops and weight: equal classes within that many hops."""
ANCHORED_OPERANDS = 0.4
SAME_RESOLUTION = 1.0
"""Keeps a stage aligned with itself where every width doubles and the next stage would fit as well."""

RENAMING = 0.25
"""What a new name costs, measured in layers removed or changed; names are cheap, and often follow a scheme."""

REWIRING = 0.75
"""What another input costs; a layer that moved brings three of them."""


@dataclass(frozen=True)
class Matching:
    """Which node and which group of the head is which of the base; what is missing was removed or added."""

    nodes: Mapping[int, int]
    """Head number by base number."""
    groups: Mapping[str, str]
    """Head path by base path."""


def match(base: Architecture, head: Architecture) -> Matching:
    """Match the nodes and groups of two architectures."""
    return match_graphs(graph_of(base), graph_of(head))


def match_graphs(base: Graph, head: Graph) -> Matching:
    """Match two indexed architectures; see :func:`match`."""
    pairs = _match_positions(base, head)
    numbers = {base.nodes[i].number: head.nodes[j].number for i, j in sorted(pairs.items())}
    return Matching(numbers, _match_groups(base.architecture, head.architecture, numbers))


class _Codes:
    """Small integers for equal things, shared by both sides: hashes that cannot collide."""

    def __init__(self) -> None:
        self._codes: dict[Hashable, int] = {}

    def __call__(self, key: Hashable) -> int:
        return self._codes.setdefault(key, len(self._codes))


@dataclass(frozen=True)
class _Side:
    """One architecture with the codes of its nodes."""

    graph: Graph
    families: Sequence[int]
    exact: Sequence[int]
    named: Sequence[int]


class _Pairs(dict[int, int]):
    """Head position by base position; ``reverse`` is the same read the other way, and knows of every change."""

    reverse: _Pairs

    @classmethod
    def empty(cls) -> _Pairs:
        pairs, reverse = cls(), cls()
        pairs.reverse, reverse.reverse = reverse, pairs
        return pairs

    def pair(self, i: int, j: int) -> None:
        self[i] = j
        self.reverse[j] = i

    def exchange(self, i: int, k: int) -> None:
        j = self[i]
        self.pair(i, self[k])
        self.pair(k, j)

    def part(self, i: int) -> None:
        del self.reverse[self.pop(i)]


def _match_positions(base: Graph, head: Graph) -> _Pairs:
    codes = _Codes()
    sides = _side(base, codes), _side(head, codes)
    by_structure = _matched(*sides, codes, _Pairs.empty())
    if not any(_is_renamed(base, i, head, j) for i, j in by_structure.items()):
        return by_structure
    # Either names were changed, or structure alone took a copy for its neighbour: the simpler explanation is right.
    by_name = _matched(*sides, codes, _pairs_by_name(*sides))
    return min(by_structure, by_name, key=lambda pairs: _effort(pairs, *sides))


def _matched(base: _Side, head: _Side, codes: _Codes, pairs: _Pairs) -> _Pairs:
    """Match everything that is not paired yet."""
    sides = base, head
    for labels in ([side.named for side in sides], [side.exact for side in sides]):
        ancestry = [_ancestry(side.graph, label, codes) for side, label in zip(sides, labels, strict=True)]
        progeny = [_progeny(side.graph, label, codes) for side, label in zip(sides, labels, strict=True)]
        both = [list(zip(above, below, strict=True)) for above, below in zip(ancestry, progeny, strict=True)]
        for anchors in (both, ancestry, progeny):
            _pair_equal(pairs, *anchors)
        # A merge whose operands changed places changes every code around it; the order of operands may wait.
        for code in (_ancestry, _progeny):
            loose = [code(side.graph, label, codes, in_order=False) for side, label in zip(sides, labels, strict=True)]
            _pair_equal(pairs, *loose)
    if len(pairs) < min(len(base.exact), len(head.exact)):
        _pair_the_rest(pairs, *sides, codes)
    _shift(pairs, *sides)
    _shift(pairs.reverse, *reversed(sides))
    _untangle(pairs, *sides, codes)
    return pairs


def _pairs_by_name(base: _Side, head: _Side) -> _Pairs:
    """Pair the layers of the same class whose given name occurs once on either side."""
    pairs = _Pairs.empty()
    places = {name: j for j, name in enumerate(head.graph.names) if name is not None}
    often = Counter(base.graph.names) + Counter(head.graph.names)
    for i, name in enumerate(base.graph.names):
        if name in places and often[name] == 2 and base.families[i] == head.families[places[name]]:
            pairs.pair(i, places[name])
    return pairs


def _is_renamed(base: Graph, i: int, head: Graph, j: int) -> bool:
    return base.names[i] != head.names[j]


def _effort(pairs: _Pairs, base: _Side, head: _Side) -> float:
    """How much a person would have had to edit if a matching were right."""
    effort = float(len(base.exact) + len(head.exact) - 2 * len(pairs))
    for i, j in pairs.items():
        effort += base.exact[i] != head.exact[j]
        effort += RENAMING * _is_renamed(base.graph, i, head.graph, j)
        reached = _reached(head.graph, j, pairs.reverse)
        rewired = any(source in pairs and pairs[source] not in reached for source, _ in base.graph.operands[i])
        effort += REWIRING * rewired
    return effort


def _pair_the_rest(pairs: _Pairs, base: _Side, head: _Side, codes: _Codes) -> None:
    """Pair what no anchor settles: the edited region, and everything when something changed everywhere."""
    sides = base, head
    families = [side.families for side in sides]
    above = [_ancestry(side.graph, label, codes) for side, label in zip(sides, families, strict=True)]
    below = [_progeny(side.graph, label, codes) for side, label in zip(sides, families, strict=True)]
    _pair_equal(pairs, *[list(zip(a, b, strict=True)) for a, b in zip(above, below, strict=True)])
    _align_rest(pairs, *sides, codes)
    _part_strangers(pairs, *sides)
    _pair_leftovers(pairs, *sides)


def _side(graph: Graph, codes: _Codes) -> _Side:
    families = [codes((node.kind, node.class_name)) for node in graph.nodes]
    exact = [codes(signature(graph, index)) for index in range(len(graph.nodes))]
    named = [codes((code, name)) for code, name in zip(exact, graph.names, strict=True)]
    return _Side(graph, families, exact, named)


def _ancestry(graph: Graph, labels: Sequence[int], codes: _Codes, *, in_order: bool = True) -> list[int]:
    """A code per node for itself and everything it is computed from, the order of operands included or not."""
    found: list[int] = []
    for index, sources in enumerate(graph.operands):
        operands = tuple((found[source], output) for source, output in sources)
        if not in_order or graph.nodes[index].class_name in COMMUTATIVE:
            operands = tuple(sorted(operands))
        found.append(codes(("ancestry", in_order, labels[index], operands)))
    return found


def _progeny(graph: Graph, labels: Sequence[int], codes: _Codes, *, in_order: bool = True) -> list[int]:
    """A code per node for itself and everything that is computed from it, the order of operands included or not."""
    found = [0] * len(graph.nodes)
    for index in reversed(range(len(graph.nodes))):
        uses = []
        for consumer in graph.consumers[index]:
            slots = tuple((k, o) for k, (source, o) in enumerate(graph.operands[consumer]) if source == index)
            if not in_order or graph.nodes[consumer].class_name in COMMUTATIVE:
                slots = tuple((0, output) for _, output in slots)
            uses.append((found[consumer], slots))
        found[index] = codes(("progeny", in_order, labels[index], tuple(sorted(uses))))
    return found


def _surroundings(graph: Graph, labels: Sequence[int], hops: int, codes: _Codes) -> list[int]:
    """A code per node for the labels within so many hops (Weisfeiler and Leman, 1968)."""
    found = list(labels)
    for _ in range(hops):
        found = [
            codes(
                (
                    "around",
                    found[index],
                    tuple(found[source] for source, _ in graph.operands[index]),
                    tuple(sorted(found[consumer] for consumer in graph.consumers[index])),
                )
            )
            for index in range(len(found))
        ]
    return found


def _pair_equal(pairs: _Pairs, base: Sequence[Hashable], head: Sequence[Hashable]) -> None:
    """Pair in order what has equal codes and occurs equally often among what is left."""
    waiting: dict[Hashable, list[int]] = defaultdict(list)
    for j, code in enumerate(head):
        if j not in pairs.reverse:
            waiting[code].append(j)
    asking: dict[Hashable, list[int]] = defaultdict(list)
    for i, code in enumerate(base):
        if i not in pairs:
            asking[code].append(i)
    for code, found in asking.items():
        if len(found) == len(waiting.get(code, ())):
            for i, j in zip(found, waiting[code], strict=True):
                pairs.pair(i, j)


def _align_rest(pairs: _Pairs, base: _Side, head: _Side, codes: _Codes) -> None:
    rows = [i for i in range(len(base.graph.nodes)) if i not in pairs]
    columns = [j for j in range(len(head.graph.nodes)) if j not in pairs.reverse]
    if not rows or not columns:
        return
    profiles_base, examples_base = _profiles(base, rows)
    profiles_head, examples_head = _profiles(head, columns)
    similarity = [[_similarity(base, i, head, j) for j in examples_head] for i in examples_base]
    features: list[tuple[Sequence[int], Sequence[int], float]] = []
    for hops, weight in SURROUNDINGS:
        features.append((*(_surroundings(s.graph, s.exact, hops, codes) for s in (base, head)), weight))  # type: ignore[arg-type]  # one for each of two sides
    for hops, weight in CLASS_SURROUNDINGS:
        features.append((*(_surroundings(s.graph, s.families, hops, codes) for s in (base, head)), weight))  # type: ignore[arg-type]  # one for each of two sides
    features.append((_resolutions(base, codes), _resolutions(head, codes), SAME_RESOLUTION))
    anchored_base = [sorted(pairs[s] for s, _ in sources if s in pairs) for sources in base.graph.operands]
    anchored_head = [sorted(s for s, _ in sources if s in pairs.reverse) for sources in head.graph.operands]
    # An element without anchored operands must not look like any other: negative codes are its own.
    codes_base = [codes(("anchored", *found)) if found else -1 - 2 * i for i, found in enumerate(anchored_base)]
    codes_head = [codes(("anchored", *found)) if found else -2 - 2 * j for j, found in enumerate(anchored_head)]
    features.append((codes_base, codes_head, ANCHORED_OPERANDS))
    bonuses = [Bonus([a[i] for i in rows], [b[j] for j in columns], weight) for a, b, weight in features]
    for row, column in align(similarity, profiles_base, profiles_head, bonuses):
        pairs.pair(rows[row], columns[column])


def _profiles(side: _Side, positions: Sequence[int]) -> tuple[list[int], list[int]]:
    """Number the distinct profiles of some nodes; return the number of each node and an example of each profile."""
    numbers: dict[Hashable, int] = {}
    examples: list[int] = []
    found = []
    for index in positions:
        node = side.graph.nodes[index]
        key = (side.exact[index], side.graph.names[index], node.outputs, side.graph.parameters[index])
        if key not in numbers:
            numbers[key] = len(examples)
            examples.append(index)
        found.append(numbers[key])
    return found, examples


def _similarity(base: _Side, i: int, head: _Side, j: int) -> float:
    """What it is worth to call two nodes the same layer; 0 forbids it."""
    if base.families[i] != head.families[j]:
        return 0.0
    if base.exact[i] == head.exact[j]:
        worth = 4.0
    else:
        before, after = base.graph.settings[i], head.graph.settings[j]
        different = sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())
        worth = 1.0 + max(0.0, 1.0 - different / 4)
    old, new = base.graph.nodes[i], head.graph.nodes[j]
    worth += 0.3 * (old.outputs == new.outputs) + 0.3 * (base.graph.parameters[i] == head.graph.parameters[j])
    name, other = base.graph.names[i], head.graph.names[j]
    if name is not None and other is not None:
        worth += 2.0 if name == other else -0.5
    return worth


def _resolutions(side: _Side, codes: _Codes) -> list[int]:
    """A code per node for its first output without batch and channels: the height and width, or the length."""
    return [codes(("resolution", _resolution(node))) for node in side.graph.nodes]


def _resolution(node: Node) -> Hashable:
    shape = node.outputs[0].shape if node.outputs else None
    return shape[1:-1] if shape and len(shape) > 2 else None


def _part_strangers(pairs: _Pairs, base: _Side, head: _Side) -> None:
    """Undo pairs of layers that differ and have nothing around them in common: one was removed, one added."""
    for i, j in list(pairs.items()):
        if base.exact[i] == head.exact[j] or _same_name(base, i, head, j):
            continue
        if not _neighbours_agree(pairs, base.graph, i, head.graph, j):
            pairs.part(i)


def _pair_leftovers(pairs: _Pairs, base: _Side, head: _Side) -> None:
    """Pair what the order of the sequence kept apart: layers that moved."""
    by_name = {name: j for j, name in enumerate(head.graph.names) if name is not None and j not in pairs.reverse}
    occurrences = Counter(head.graph.names)
    for i, name in enumerate(base.graph.names):
        j = by_name.get(name) if name is not None and i not in pairs else None
        if j is not None and occurrences[name] == 1 and base.families[i] == head.families[j]:
            pairs.pair(i, j)
    waiting: dict[int, list[int]] = defaultdict(list)
    for j, code in enumerate(head.exact):
        if j not in pairs.reverse:
            waiting[code].append(j)
    for i, code in enumerate(base.exact):
        if i in pairs:
            continue
        for j in waiting[code]:
            if j not in pairs.reverse and _neighbours_agree(pairs, base.graph, i, head.graph, j):
                pairs.pair(i, j)
                break


def _shift(pairs: _Pairs, base: _Side, head: _Side) -> None:
    """Let what follows a layer overrule what precedes it, where that mends more edges than it breaks.

    A block may begin like the copy that was inserted before it; its first layers then look like the copy's.
    """
    for i in reversed(range(len(base.exact))):
        if i not in pairs:
            continue
        for (source, _), (wanted, _) in zip(base.graph.operands[i], head.graph.operands[pairs[i]], strict=False):
            if source in pairs and pairs[source] != wanted and wanted not in pairs.reverse:
                _shift_chain(pairs, base, head, source, wanted)


def _shift_chain(pairs: _Pairs, base: _Side, head: _Side, i: int, j: int) -> None:
    """Give a layer another partner, and so on up its operands as long as they fit; undo it if nothing is gained."""
    undo: dict[int, int] = {}
    pending = [(i, j)]
    steps: list[tuple[int, int]] = []
    taken: set[int] = set()
    while pending:
        i, j = pending.pop()
        if i in undo or j in taken or base.exact[i] != head.exact[j] or pairs.get(i, j) == j or j in pairs.reverse:
            continue
        if _same_name(base, i, head, pairs[i]) and not _same_name(base, i, head, j):
            continue
        undo[i] = pairs[i]
        taken.add(j)
        steps.append((i, j))
        operands = zip(base.graph.operands[i], head.graph.operands[j], strict=False)
        pending += [(source, wanted) for (source, _), (wanted, _) in operands if source in pairs]
    around = {neighbour for i in undo for neighbour in base.graph.consumers[i]} | undo.keys()

    def broken() -> int:
        found = 0
        for k in around & pairs.keys():
            reached = _reached(head.graph, pairs[k], pairs.reverse)
            found += sum(pairs.get(source, -1) not in reached for source, _ in base.graph.operands[k])
        return found

    before = broken()
    for i, j in steps:
        pairs.part(i)
        pairs.pair(i, j)
    if broken() >= before:
        for i in undo:
            pairs.part(i)
        for i, j in undo.items():
            pairs.pair(i, j)


def _reached(graph: Graph, index: int, kept: Container[int]) -> set[int]:
    """The nodes whose output a node uses, directly or through nodes that are not kept."""
    found: set[int] = set()
    pending = [source for source, _ in graph.operands[index]]
    seen = set(pending)
    while pending:
        source = pending.pop()
        if source in kept:
            found.add(source)
            continue
        for other, _ in graph.operands[source]:
            if other not in seen:
                seen.add(other)
                pending.append(other)
    return found


def _untangle(pairs: _Pairs, base: _Side, head: _Side, codes: _Codes) -> None:
    """Exchange the partners of layers that are alike, so that neighbours have neighbours as partners.

    Parallel branches often begin alike, and only what follows tells which is which; or they end alike.
    """
    sides = base, head
    above, above_head = (_ancestry(side.graph, side.exact, codes, in_order=False) for side in sides)
    backwards = reversed(range(len(base.exact)))
    _exchange(pairs, _uses(base.graph), _uses(head.graph), above, above_head, backwards)
    below, below_head = (_progeny(side.graph, side.exact, codes, in_order=False) for side in sides)
    operands, operands_head = (_slots(side.graph.operands) for side in sides)
    _exchange(pairs, operands, operands_head, below, below_head, iter(range(len(base.exact))))


_Edges = Sequence[Sequence[tuple[int, int]]]
"""For every node, its neighbours on one side and the operand slots that lead to them."""


def _slots(operands: Sequence[tuple[tuple[int, int], ...]]) -> _Edges:
    return [[(source, slot) for slot, (source, _) in enumerate(found)] for found in operands]


def _uses(graph: Graph) -> _Edges:
    uses: list[list[tuple[int, int]]] = [[] for _ in graph.nodes]
    for index, found in enumerate(graph.operands):
        for slot, (source, _) in enumerate(found):
            uses[source].append((index, slot))
    return uses


def _exchange(
    pairs: _Pairs,
    base: _Edges,
    head: _Edges,
    alike_base: Sequence[int],
    alike_head: Sequence[int],
    order: Iterator[int],
) -> None:
    """Let the neighbours on one side decide between layers whose codes for the other side are equal."""
    crowds = Counter(alike_base)
    members: dict[int, list[int]] = defaultdict(list)
    for i, code in enumerate(alike_base):
        if crowds[code] > 1:
            members[code].append(i)

    def agreement(i: int, j: int) -> int:
        neighbours = {neighbour for neighbour, _ in head[j]}
        return sum(
            2 * (pairs.get(neighbour) in neighbours) + ((pairs.get(neighbour), slot) in head[j])
            for neighbour, slot in base[i]
        )

    for i in order:
        j = pairs.get(i)
        if j is None or crowds[alike_base[i]] < 2 or agreement(i, j) == 3 * len(base[i]):
            continue
        for k in members[alike_base[i]]:
            other = pairs.get(k)
            if other is None or k == i or alike_head[other] != alike_head[j]:
                continue
            if agreement(i, other) + agreement(k, j) > agreement(i, j) + agreement(k, other):
                pairs.exchange(i, k)
                break


def _same_name(base: _Side, i: int, head: _Side, j: int) -> bool:
    return base.graph.names[i] is not None and base.graph.names[i] == head.graph.names[j]


def _neighbours_agree(pairs: _Pairs, base: Graph, i: int, head: Graph, j: int) -> bool:
    """Whether something within two hops of one is paired with something within two hops of the other."""
    near = _within_two_hops(head, j)
    return any(pairs.get(neighbour) in near for neighbour in _within_two_hops(base, i))


def _within_two_hops(graph: Graph, index: int) -> set[int]:
    found: set[int] = set()
    for neighbour in (*(source for source, _ in graph.operands[index]), *graph.consumers[index][:8]):
        found.add(neighbour)
        found.update(source for source, _ in graph.operands[neighbour])
        found.update(graph.consumers[neighbour][:8])
    found.discard(index)
    return found


def _match_groups(base: Architecture, head: Architecture, numbers: Mapping[int, int]) -> dict[str, str]:
    """Pair groups by what they contain: the greatest overlap first (Dice), then the same name."""
    inside_base, inside_head = _members(base), _members(head)
    holders: dict[int, list[str]] = defaultdict(list)
    for path, members in inside_head.items():
        for number in members:
            holders[number].append(path)
    classes = {group.path: group for group in (*head.groups,)}
    candidates = []
    for group in base.groups:
        if group.kind == "block":
            continue
        members = inside_base[group.path]
        common: Counter[str] = Counter()
        for number in members:
            if number in numbers:
                common.update(holders[numbers[number]])
        for path, count in common.items():
            other = classes[path]
            overlap = 2 * count / (len(members) + len(inside_head[path]))
            candidates.append(
                (
                    -round(overlap, 9),
                    group.class_name != other.class_name,
                    group.name != other.name,
                    abs(group.path.count("/") - path.count("/")),
                    group.path,
                    path,
                )
            )
    found: dict[str, str] = {}
    taken: set[str] = set()
    for _, _, _, _, path, other_path in sorted(candidates):
        if path not in found and other_path not in taken:
            found[path] = other_path
            taken.add(other_path)
    return found


def _members(architecture: Architecture) -> dict[str, set[int]]:
    """Numbers of all nodes inside each group, at any depth; folded blocks are nobody's design and left out."""
    parents = {group.path: group.parent for group in architecture.groups}
    members: dict[str, set[int]] = {group.path: set() for group in architecture.groups if group.kind != "block"}
    for node in architecture.nodes:
        path = node.parent
        while path is not None:
            if path in members:
                members[path].add(node.number)
            path = parents[path]
    return members
