"""Which changes are let through: what a project allows, and what of a comparison it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from keraviz_docs.review.comparison import Comparison, ModelComparison
from keraviz_docs.review.verdict import MEANING

Level = Literal["notice", "warning", "error"]
LEVELS: tuple[Level, ...] = ("notice", "warning", "error")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How grave is what; increases are shares, such as 0.05 for 5%."""

    checkpoint: Level = "error"
    """Existing weights no longer load, load into the wrong layers, or load in part."""
    behaviour: Level = "warning"
    """The model computes something else, or nobody can tell whether existing weights load."""
    signature: Level = "warning"
    """Inputs or outputs differ."""
    removed: Level = "error"
    """A model is no longer there."""
    increases: Mapping[str, float] = {}
    """By ``parameters``, ``macs`` or ``weight_bytes``, how much more is allowed; beyond it is an error."""


class Finding(msgspec.Struct, frozen=True):
    """What the policy says about one model."""

    level: Level
    reasons: tuple[str, ...]


def findings(comparison: Comparison, policy: Policy) -> dict[str, Finding]:
    """Judge every model that differs; a model that could not be compared is always an error."""
    found = {}
    for model in comparison.models:
        reasons = list(_judged(model, policy))
        if reasons:
            level = max((level for level, _ in reasons), key=LEVELS.index)
            found[model.id] = Finding(level, tuple(reason for _, reason in reasons))
        elif model.status != "identical":
            found[model.id] = Finding("notice", ())
    return found


def is_broken(found: Mapping[str, Finding], fail_on: Level) -> bool:
    """Whether something is as grave as ``fail_on``, or more."""
    return any(LEVELS.index(finding.level) >= LEVELS.index(fail_on) for finding in found.values())


def _judged(model: ModelComparison, policy: Policy) -> Iterator[tuple[Level, str]]:
    if model.status == "failed":
        yield "error", f"could not be compared: {model.error or 'no reason given'}"
        return
    if model.status == "removed":
        yield policy.removed, "the model is no longer there"
        return
    if model.status != "changed":
        return
    if model.verdict in ("loads-partly", "misloads", "fails"):
        yield policy.checkpoint, MEANING[model.verdict]
    elif model.verdict in ("loads-changed", "unknown"):
        yield policy.behaviour, MEANING[model.verdict]
    if any(change.kind == "signature" for change in model.changes):
        yield policy.signature, "inputs or outputs differ"
    for name, allowed in policy.increases.items():
        before, after = getattr(model.costs, name)
        if before and after and after > before * (1 + allowed):
            share = f"{(after - before) / before:.1%}"
            yield "error", f"{name.replace('_', ' ')} grew by {share}, and {allowed:.1%} is allowed"
