"""Blocks that names tell: ``conv2_block1_1_conv`` lies in ``conv2_block1``, which lies in ``conv2``.

Where nothing begins alike, names may end alike: ``normal_conv_1_6`` and ``normal_add_2_6`` lie in cell 6 of a NASNet.
Only names that a person chose count; Keras's own numbering says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_BOUNDARY = re.compile(r"[_/.\-]+|(?<=\d)(?=[A-Za-z])")
_SEPARATOR = re.compile(r"[_/.\-]+")
_NUMBERED = re.compile(r"[_/.\-]*\d")
_SUFFIX_PARTS = 3
_DOMINANT = 0.75
"""A prefix shared by more than this part of a level distinguishes nothing."""


def scope_names(name: str) -> list[str]:
    """Return the prefixes of a name that could name a block, shortest first.

    >>> scope_names("conv2_block1_1_conv")
    ['conv2', 'conv2_block1', 'conv2_block1_1']
    >>> scope_names("block3a_se_reduce")
    ['block3', 'block3a', 'block3a_se']
    """
    return [name[: boundary.start()] for boundary in _BOUNDARY.finditer(name) if boundary.start()]


def suffix_names(name: str) -> list[str]:
    """Return the ends of a name that could number a block, shortest first.

    >>> suffix_names("separable_conv_1_normal_left1_0")
    ['0', 'left1_0', 'normal_left1_0']
    """
    if not name[-1:].isdigit():
        return []
    starts = [separator.end() for separator in _SEPARATOR.finditer(name)]
    return [name[start:] for start in reversed(starts[-_SUFFIX_PARTS:])]


def find_suffix_scopes(
    names: Sequence[str | None],
    sources: Sequence[Sequence[int]],
    followers: Sequence[bool],
    leaders: Sequence[bool],
) -> list[tuple[str, list[int]]]:
    """Find disjoint sets of items whose names end alike, by the rules of :func:`find_scopes`, the largest first.

    Returns:
        Suffix and positions of each, in order of their first member.
    """
    members: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        for suffix in suffix_names(name or ""):
            members.setdefault(suffix, []).append(position)
    nameless = [name is None for name in names]
    taken: set[int] = set()
    result: list[tuple[str, list[int]]] = []
    for suffix in _halves_first({suffix: len(found) for suffix, found in members.items() if len(found) >= 3}):
        rest = [position for position in members[suffix] if position not in taken]
        closed = _closure(rest, sources, nameless) if len(rest) >= 3 else None
        if (
            closed is not None
            and len(closed) <= _DOMINANT * len(names)
            and taken.isdisjoint(closed)
            and _connected(closed, sources)
        ):
            result.append((suffix, closed))
            taken.update(closed)
    nobody = [False] * len(names)
    grown = _grown(result, sources, nobody, leaders)
    if grown == result:
        # Where blocks begin with what has no name, what follows the last one is no part of it.
        grown = _grown(result, sources, followers, nobody)
    return sorted(_without_cycles(grown, sources), key=lambda scope: scope[1][0])


def _halves_first(counts: Mapping[str, int]) -> list[str]:
    """Order suffixes by how many names have them; what ends in ``_stem_1`` is about half of what ends in ``_1``."""
    order = sorted(counts, key=lambda suffix: (-counts[suffix], -len(suffix), suffix))
    longer: dict[str, list[str]] = {}
    for suffix in order:
        for shorter in suffix_names(suffix):
            if 0.25 < counts[suffix] / counts.get(shorter, counts[suffix]) < _DOMINANT:
                longer.setdefault(shorter, []).append(suffix)
    return list(dict.fromkeys(each for suffix in order for each in (*longer.get(suffix, ()), suffix)))


def find_scopes(
    names: Sequence[str | None],
    sources: Sequence[Sequence[int]],
    followers: Sequence[bool],
    leaders: Sequence[bool],
) -> list[tuple[str, list[int]]]:
    """Find disjoint sets of items that share a prefix and can be drawn as one block.

    A set is accepted when it has at least three members that are not merely numbered siblings, does not dominate the
    level, hangs together, and is convex: what lies on a path between two members is a member too (items without a name
    are taken in).

    Args:
        names: For each item of a level, in topological order, the name that a person chose, ``None`` where nobody did.
        sources: For each item the positions of the items it takes input from.
        followers: For each item whether it may be taken in because everything it takes comes from the scope (the
            nameless activation after a named convolution, say).
        leaders: For each item whether it may be taken in because everything that takes from it is in the scope (the
            nameless branches that a named concatenation joins, say).

    Returns:
        Prefix and positions of each scope, outermost scopes only, in order of their first member.
    """
    members: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        for prefix in (*scope_names(name or ""), *([name] if name else [])):
            members.setdefault(prefix, []).append(position)
    candidates = {
        prefix: found
        for prefix, found in members.items()
        if len(found) >= 3
        and not _merely_numbered(prefix, [name for name in (names[position] for position in found) if name])
    }
    nameless = [name is None for name in names]
    taken: set[int] = set()
    result: list[tuple[str, list[int]]] = []
    largest = _DOMINANT * len(names)
    for prefix in sorted(candidates, key=lambda prefix: (len(prefix), prefix)):
        found = candidates[prefix]
        # A first block often has no number beside numbered ones: expanded_conv_project, expanded_conv_1_project.
        unnumbered = [position for position in found if not _NUMBERED.match((names[position] or "")[len(prefix) :])]
        for attempt in (found, unnumbered):
            sensible = 3 <= len(attempt) <= largest and taken.isdisjoint(attempt)
            closed = _closure(attempt, sources, nameless) if sensible else None
            if (
                closed is not None
                and len(closed) <= largest
                and taken.isdisjoint(closed)
                and _connected(closed, sources)
            ):
                result.append((_longest_common(prefix, candidates), closed))
                taken.update(closed)
                break
    grown = _grown(result, sources, followers, leaders)
    return sorted(_without_cycles(grown, sources), key=lambda scope: scope[1][0])


def _grown(
    scopes: list[tuple[str, list[int]]],
    sources: Sequence[Sequence[int]],
    followers: Sequence[bool],
    leaders: Sequence[bool],
) -> list[tuple[str, list[int]]]:
    owner = {position: index for index, (_, found) in enumerate(scopes) for position in found}
    feeds: list[list[int]] = [[] for _ in sources]
    for position, row in enumerate(sources):
        for source in row:
            feeds[source].append(position)
    entering: dict[int, set[int]] = {}
    for position, index in owner.items():
        entering.setdefault(index, set()).update(sources[position])
    for position in range(len(sources)):
        if position not in owner and followers[position]:
            found = _leads_to(sources[position], owner, entering)
            if found is not None:
                owner[position] = found
    for position in reversed(range(len(sources))):
        owners = {owner.get(neighbour) for neighbour in feeds[position]}
        if position not in owner and leaders[position] and len(owners) == 1 and None not in owners:
            owner[position] = owners.pop() or 0
    grown: list[list[int]] = [[] for _ in scopes]
    for position, index in sorted(owner.items()):
        grown[index].append(position)
    return [
        (prefix, more if len(more) <= _DOMINANT * len(sources) else found)
        for (prefix, found), more in zip(scopes, grown, strict=True)
    ]


def _leads_to(sources: Sequence[int], owner: Mapping[int, int], entering: Mapping[int, set[int]]) -> int | None:
    """Return the one scope that everything a step takes comes from; a shortcut may come from where the scope begins."""
    indices = {owner[source] for source in sources if source in owner}
    for index in sorted(indices, reverse=True):
        if all(owner.get(source) == index or source in entering[index] for source in sources):
            return index
    return None


def _longest_common(prefix: str, candidates: Mapping[str, list[int]]) -> str:
    same = [other for other in candidates if other.startswith(prefix) and candidates[other] == candidates[prefix]]
    return max(same, key=len)


def _merely_numbered(prefix: str, names: Sequence[str]) -> bool:
    return all(re.fullmatch(r"[_/.\-]*\d*", name[len(prefix) :]) for name in names)


def _closure(found: Sequence[int], sources: Sequence[Sequence[int]], absorbable: Sequence[bool]) -> list[int] | None:
    """Add what lies on paths between members; ``None`` when something on such a path must not be taken in."""
    first, last, chosen = found[0], found[-1], set(found)
    below = {first}
    for position in range(first + 1, last + 1):
        if position in chosen or not below.isdisjoint(sources[position]):
            below.add(position)
    above = set(chosen)
    for position in range(last, first - 1, -1):
        if position in above:
            above.update(source for source in sources[position] if source >= first)
    between = (below & above) - chosen
    if not all(absorbable[position] for position in between):
        return None
    return sorted(chosen | between)


def _connected(found: Sequence[int], sources: Sequence[Sequence[int]]) -> bool:
    root = {position: position for position in found}

    def find(position: int) -> int:
        while root[position] != position:
            root[position] = root[root[position]]
            position = root[position]
        return position

    for position in found:
        for source in sources[position]:
            if source in root:
                root[find(source)] = find(position)
    return len({find(position) for position in found}) == 1


def _without_cycles(
    scopes: list[tuple[str, list[int]]], sources: Sequence[Sequence[int]]
) -> list[tuple[str, list[int]]]:
    """Drop scopes that depend on each other mutually, which two convex sets still can."""
    owner = {position: index for index, (_, found) in enumerate(scopes) for position in found}

    def unit(position: int) -> int:
        return owner.get(position, len(scopes) + position)

    needs: dict[int, set[int]] = {}
    for position, row in enumerate(sources):
        needs.setdefault(unit(position), set()).update(unit(source) for source in row)
    waiting = {one: others - {one} for one, others in needs.items()}
    feeds: dict[int, list[int]] = {}
    for one, others in waiting.items():
        for other in others:
            feeds.setdefault(other, []).append(one)
    ready = [one for one, others in waiting.items() if not others]
    while ready:
        done = ready.pop()
        del waiting[done]
        for one in feeds.get(done, ()):
            waiting[one].discard(done)
            if not waiting[one]:
                ready.append(one)
    return [scope for index, scope in enumerate(scopes) if index not in waiting]


def common_scope(names: Sequence[str]) -> str:
    """Return the longest prefix that could name a block and that two names or more all share; or nothing.

    >>> common_scope(["block8_10_conv", "block8_10_mixed"])
    'block8_10'
    """
    if len(names) < 2:
        return ""
    shared = set(scope_names(names[0])).intersection(*(scope_names(name) for name in names[1:]))
    return max(shared, key=len, default="")
