"""Sentences, figures and marks that all reports share."""

from __future__ import annotations

from collections.abc import Mapping

from keraviz_docs.manifest.entries import Level
from keraviz_docs.review.comparison import ModelComparison, Status
from keraviz_docs.review.headlines import by_kind
from keraviz_docs.review.verdict import MEANING, Verdict

MARKS: Mapping[Verdict, str] = {
    "identical": "✓",
    "loads": "✓",
    "loads-changed": "✓",
    "loads-partly": "!",
    "misloads": "✗",
    "fails": "✗",
    "unknown": "?",
}
"""A sign beside every verdict, so that nothing depends on colour."""

LEVEL_MARKS: Mapping[Level, str] = {"error": "✗", "warning": "!", "notice": "·"}
"""A sign for how grave something is."""

STATUS: Mapping[Status, str] = {
    "identical": "unchanged",
    "changed": "changed",
    "added": "new model",
    "removed": "no longer there",
    "failed": "could not be compared",
}


def printable(text: str) -> str:
    """Return text without control and formatting characters: nothing can hide, reorder or colour what is shown."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def verdict_line(model: ModelComparison) -> str:
    """Say what happens to existing weights, or what else is to be said about the model."""
    if model.status == "failed":
        return f"✗ could not be compared: {model.error or 'no reason given'}"
    if model.status != "changed":
        return STATUS[model.status]
    return f"{MARKS[model.verdict]} {MEANING[model.verdict]}"


def objections(model: ModelComparison) -> list[tuple[Level, str]]:
    """What the project's policy has against the change, other than what the verdict says already."""
    reasons = model.finding.reasons if model.finding else ()
    said = verdict_line(model) if model.status != "removed" else "the model is no longer there"
    return [(each.level, f"{LEVEL_MARKS[each.level]} {each.sentence}") for each in reasons if each.sentence not in said]


def numbering(model: ModelComparison) -> str:
    """Say which numbers layers are told by."""
    removed = any(change.head is None for change in model.own_changes)
    return "numbered as in the diagram" + (", what was removed as in the one before" if removed else "")


def count_line(model: ModelComparison) -> str:
    """Count the changes by kind: ``3 added, 1 changed, 12 follow``."""
    counts = by_kind(model.changes)
    follow = {True: "follows", False: "follow"}
    words = [f"{count} {follow[count == 1] if kind == 'ripple' else kind}" for kind, count in counts.items()]
    return ", ".join(words) or "none"


def cost_line(values: tuple[int | None, int | None], status: Status = "changed") -> str:
    """Write a figure before and after: ``1,000 → 1,200 (+20%)``; of a model that came or went, the one that it has."""
    before, after = values
    if before is None and after is None:
        return "unknown"
    if status in ("added", "removed"):
        return f"{after if before is None else before:,}"
    if before is None or after is None or before == after:
        return " → ".join("unknown" if value is None else f"{value:,}" for value in values[before == after :])
    share = f" ({(after - before) / before:+.1%})".replace(".0%", "%") if before else ""
    return f"{before:,} → {after:,}{share}"


def is_missing(values: tuple[int | None, int | None]) -> bool:
    """Whether a figure is known on neither side."""
    return values == (None, None)
