"""Recognise that a block is repeated more or less often: "conv4 block ×6 → ×23"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Literal, NamedTuple

from keraviz_docs.architecture import Group
from keraviz_docs.review.graph import Graph

_BLOCK = 5
"""So many layers make a block, even if nobody named it."""


class RepeatedBlock(NamedTuple):
    """A run of added or removed layers that are copies of what stands beside them."""

    kind: Literal["added", "removed"]
    start: int
    """Position of the first layer of the run, in the graph that has it."""
    stop: int
    period: int
    times: tuple[int, int]
    class_name: str
    label: str


def repeated_blocks(base: Graph, head: Graph, pairs: Mapping[int, int]) -> Iterator[RepeatedBlock]:
    """Yield the repetitions that came or went, in canonical order."""
    yield from _runs(base, set(pairs), "removed")
    yield from _runs(head, set(pairs.values()), "added")


def _runs(graph: Graph, kept: Set[int], kind: Literal["added", "removed"]) -> Iterator[RepeatedBlock]:
    labels = [_label(graph, index) for index in range(len(graph.nodes))]
    start = 0
    while start < len(labels):
        if start in kept:
            start += 1
            continue
        stop = start
        while stop < len(labels) and stop not in kept:
            stop += 1
        found = _repetition(labels, start, stop)
        if found is not None:
            period, times, stretch = found
            class_name, label, numbered = _called(graph, start, stop, period, stretch)
            times = max(times, numbered)
            fewer = times - (stop - start) // period
            # Three layers that happen to stand twice in a row are no block yet; what has a name or a class is.
            if fewer >= 2 or (fewer == 1 and (period >= _BLOCK or numbered or class_name != "block") and period > 1):
                counts = (fewer, times) if kind == "added" else (times, fewer)
                yield RepeatedBlock(kind, start, stop, period, counts, class_name, label)
        start = stop


def _repetition(labels: Sequence[str], start: int, stop: int) -> tuple[int, int, range] | None:
    """Return the period of a run, how often the block occurs there, and where; copies around the run included."""
    length = stop - start
    for period in _divisors(length):
        if labels[start : stop - period] != labels[start + period : stop]:
            continue
        first, last = start, stop
        while first > 0 and labels[first - 1] == labels[first - 1 + period]:
            first -= 1
        while last < len(labels) and labels[last] == labels[last - period]:
            last += 1
        # The first copy of a block often differs a little (a stride, a projection): most of a block counts as one.
        times = round((last - first) / period + 1e-9)
        return (period, times, range(first, last)) if times * period > length else None
    return None


def _divisors(length: int) -> list[int]:
    small = [period for period in range(1, int(length**0.5) + 1) if length % period == 0]
    return sorted({*small, *(length // period for period in small)})


def _label(graph: Graph, index: int) -> str:
    """What a layer has in common with its counterpart in another copy; rates often grow with depth."""
    settings = {key: value for key, value in graph.settings[index].items() if not isinstance(value, float)}
    return f"{graph.nodes[index].class_name} {settings}"


def _called(graph: Graph, start: int, stop: int, period: int, stretch: range) -> tuple[str, str, int]:
    """Return the class of a block, what a person calls it, and how many their names number, 0 where they do not."""
    class_name = _group_class(graph, start, stop, period)
    if class_name is None:
        class_name = graph.nodes[start].class_name if period == 1 else "block"
    places = stretch, range(max(0, start - period), stop), range(start, min(stop + period, len(graph.nodes)))
    stem = max((_stem([graph.names[index] for index in place]) for place in places), key=len)
    if len(stem) > 1:
        return class_name, re.sub(r"[_/.-]+", " ", stem), _numbered(graph, stem)
    return class_name, class_name if class_name != "block" else f"block of {period} layers", 0


def _numbered(graph: Graph, stem: str) -> int:
    """How many numbers, or single letters, stand behind a stem: 2 for ``block1_conv`` and ``block2_conv``.

    The first copy of a block may differ too much to be recognised, and has a number all the same.
    """
    found = (re.match(rf"{re.escape(stem)}[_/.-]*(\d+|[A-Za-z](?![A-Za-z0-9]))", name) for name in graph.names if name)
    return len({match[1] for match in found if match})


def _stem(given: Sequence[str | None]) -> str:
    """The words that names have in common, without the beginning of a number that goes on."""
    names = [name for name in given if name is not None]
    if len(names) < len(given) or not names:
        return ""
    stem = _common_start(names)
    if any(name[len(stem) : len(stem) + 1].isdigit() for name in names):
        stem = stem.rstrip("0123456789")
    return stem.rstrip("_/.-")


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    length = next((k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length]


def _group_class(graph: Graph, start: int, stop: int, period: int) -> str | None:
    """The class of the groups that hold exactly one copy each."""
    groups: dict[str, Group] = {group.path: group for group in graph.architecture.groups}
    classes: set[Any] = set()
    for first in range(start, stop, period):
        inside = set(range(first, first + period))
        path = graph.nodes[first].parent
        found = None
        while path is not None:
            members = {k for k in range(first, first + period) if _is_inside(graph.nodes[k].parent, path, groups)}
            outside = first > 0 and _is_inside(graph.nodes[first - 1].parent, path, groups)
            if members == inside and not outside:
                found = groups[path].class_name
            path = groups[path].parent
        classes.add(found)
    return classes.pop() if len(classes) == 1 else None


def _is_inside(parent: str | None, path: str, groups: Mapping[str, Group]) -> bool:
    while parent is not None:
        if parent == path:
            return True
        parent = groups[parent].parent
    return False
