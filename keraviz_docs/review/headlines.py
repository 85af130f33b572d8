"""Say in a few lines what a person would say of many changes: "conv4 block ×6 → ×23", "all widths ×1.4"."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from keraviz_docs.review.changes import SIGNS, Change
from keraviz_docs.review.graph import Graph
from keraviz_docs.review.settings import shown

WIDTHS = frozenset({"filters", "units", "output_dim", "hidden_dim", "intermediate_dim", "num_heads", "key_dim"})
"""Settings that are widths."""
ORDER = ("changed", "added", "removed", "moved", "rewired", "renamed")
"""What is told first: what somebody wrote, then what that did to the wiring, and names, which change nothing, last."""
FEW = 3
"""So many changes of one sort are told one by one."""
MOST = 6
"""So many classes are named in one line."""


def headlines(head: Graph, changes: Sequence[Change]) -> tuple[str, ...]:
    """Sum up changes, each line beginning with the sign of its kind."""
    summed = {entry for change in changes for entry in change.entries}
    lines = [change.explain() for change in changes if change.kind == "signature"]
    lines += [_block(change) for change in changes if change.kind == "repeated"]
    rest = [
        change
        for place, change in enumerate(changes)
        if place not in summed and not change.ripple and change.kind not in ("signature", "repeated")
    ]
    widths = [change for change in rest if change.kind == "changed" and change.settings.keys() <= WIDTHS]
    if len(widths) > FEW and _are_all_widths(head, widths):
        lines.append(f"~ all widths {_factor(widths)}")
        rest = [change for change in rest if change not in widths]
    groups: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for change in rest:
        # What happened to many layers is told by class for settings, and in one line for everything else.
        groups[change.kind, change.class_name if change.kind == "changed" else ""].append(change)
    for group in sorted(groups.values(), key=lambda group: ORDER.index(group[0].kind)):
        lines += [change.explain() for change in group] if len(group) <= FEW else [_together(group)]
    ripples = sum(change.ripple for change in changes)
    if ripples:
        lines.append(f"≈ {ripples} {'layer follows' if ripples == 1 else 'layers follow'} from these changes")
    return tuple(lines)


def _block(change: Change) -> str:
    before, after = change.settings["times"]
    layers = len(change.entries) // abs(after - before)
    return f"{change.explain()} ({layers} {'layer' if layers == 1 else 'layers'} each)"


def _together(group: Sequence[Change]) -> str:
    first = group[0]
    sign, count = SIGNS[first.kind], len(group)
    if first.kind == "renamed":
        return f"{sign} {count} layers renamed"
    if first.kind == "changed":
        values: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
        for change in group:
            for key, pair in change.settings.items():
                values[key].append(pair)
        return f"{sign} {count} × {first.class_name}: " + "; ".join(_setting(key, values[key], count) for key in values)
    classes = Counter(change.class_name for change in group).most_common()
    what = "take other inputs" if first.kind == "rewired" else first.kind
    if len(classes) == 1:
        return f"{sign} {count} × {first.class_name} {what}"
    shown_classes = ", ".join(f"{number} × {name}" for name, number in classes[:MOST])
    more = f" and {len(classes) - MOST} more classes" if len(classes) > MOST else ""
    return f"{sign} {count} layers {what}: {shown_classes}{more}"


def _setting(key: str, values: Sequence[tuple[Any, Any]], of: int) -> str:
    ways = Counter((shown(old), shown(new)) for old, new in values).most_common()
    factors = _ratios(values)
    if len(ways) > 2 and factors:
        return f"{key} {_range(factors)}" + (f" ({len(values)})" if len(values) < of else "")
    told = [f"{old} → {new}" + (f" ({number})" if number < of else "") for (old, new), number in ways[:2]]
    return f"{key} {', '.join(told)}" + (f" and {len(ways) - 2} other ways" if len(ways) > 2 else "")


def _are_all_widths(head: Graph, widths: Sequence[Change]) -> bool:
    """Whether nearly all layers that have the setting were given another: the last one keeps its classes."""
    keys = {key for change in widths for key in change.settings}
    places = {change.place.number for change in widths}
    classes = {change.class_name for change in widths}
    having = [
        node.number
        for node, settings in zip(head.nodes, head.settings, strict=True)
        if keys & settings.keys() and node.class_name in classes
    ]
    return len(places) >= 0.85 * len(having)


def _factor(widths: Sequence[Change]) -> str:
    factors = _ratios([pair for change in widths for pair in change.settings.values()])
    if not factors:
        return f"changed ({len(widths)} layers)"
    low, high, middle = min(factors), max(factors), statistics.median(factors)
    if high - low < 0.005:
        return f"×{high:.3g} ({len(widths)} layers)"
    return f"×{middle:.2g} ({len(widths)} layers, from ×{low:.3g} to ×{high:.3g})"


def _ratios(values: Sequence[tuple[Any, Any]]) -> list[float]:
    numbers = [(old, new) for old, new in values if _is_count(old) and _is_count(new)]
    return [new / old for old, new in numbers] if len(numbers) == len(values) else []


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _range(factors: Sequence[float]) -> str:
    low, high = min(factors), max(factors)
    if high - low < 0.005:
        return f"×{high:.3g}"
    return f"×{statistics.median(factors):.2g} (×{low:.3g} to ×{high:.3g})"


def by_kind(changes: Sequence[Change]) -> Mapping[str, int]:
    """Count the changes of each kind, ripples apart, sums not."""
    counts: dict[str, int] = defaultdict(int)
    for change in changes:
        if not change.entries:
            counts["ripple" if change.ripple else change.kind] += 1
    return dict(counts)
