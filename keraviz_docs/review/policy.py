"""Which changes are let through: what a project allows, and what of a comparison it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from keraviz_docs.manifest.entries import FailOn, Growth, Level, Manifest, Policy
from keraviz_docs.review.comparison import Comparison, Finding, ModelComparison, Reason
from keraviz_docs.review.verdict import MEANING

__all__ = ["LEVELS", "Finding", "Level", "Policy", "Rules", "broken", "findings", "is_broken", "judged", "let_through"]

LEVELS: tuple[Level, ...] = ("notice", "warning", "error")
"""From the least grave to the gravest."""

COSTS: Mapping[str, str] = {"parameters": "parameters", "macs": "MACs", "weight_bytes": "weight bytes"}
"""The figures that a policy can bound, and what a person calls them."""


@dataclass(frozen=True)
class Rules:
    """Everything that a project says about what is let through."""

    policy: Policy = field(default_factory=Policy)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    """For models that have a policy of their own, by id."""
    fail_on: FailOn = "error"

    @classmethod
    def of(cls, manifest: Manifest) -> Rules:
        """Return what a manifest says."""
        return cls(manifest.policy, manifest.policies, manifest.fail_on)

    def overridden(self, increases: Mapping[str, float], fail_on: FailOn | None) -> Rules:
        """Return rules in which these limits, and this least grave failure, replace what was said before."""
        limits = {name: Growth(share) for name, share in increases.items()}
        policy, *own = (
            replace(policy, growth={**policy.growth, **limits}) for policy in (self.policy, *self.policies.values())
        )
        return Rules(policy, dict(zip(self.policies, own, strict=True)), fail_on or self.fail_on)


def findings(comparison: Comparison, rules: Rules = Rules()) -> dict[str, Finding]:
    """Judge every model that differs; a model that could not be compared is always an error."""
    found = {}
    for model in comparison.models:
        if model.status != "identical":
            policy = rules.policies.get(model.id, rules.policy)
            reasons = tuple(Reason(level, sentence) for level, sentence in _judged(model, policy))
            levels: list[Level] = ["notice", *(reason.level for reason in reasons)]
            found[model.id] = Finding(max(levels, key=LEVELS.index), reasons)
    return found


def judged(comparison: Comparison, found: Mapping[str, Finding]) -> Comparison:
    """Let the models of a comparison say what was found, for reports."""
    models = (msgspec.structs.replace(model, finding=found.get(model.id)) for model in comparison.models)
    return msgspec.structs.replace(comparison, models=tuple(models))


def let_through(found: Mapping[str, Finding]) -> dict[str, Finding]:
    """Return the findings of changes that somebody approved: what was an error is a warning."""

    def lowered(level: Level) -> Level:
        return "warning" if level == "error" else level

    return {
        identifier: Finding(
            lowered(finding.level), tuple(Reason(lowered(each.level), each.sentence) for each in finding.reasons)
        )
        for identifier, finding in found.items()
    }


def is_broken(found: Mapping[str, Finding], fail_on: FailOn) -> bool:
    """Whether something is as grave as ``fail_on``, or more."""
    return any(broken(found, fail_on))


def broken(found: Mapping[str, Finding], fail_on: FailOn) -> Iterator[str]:
    """Yield one sentence for everything that is as grave as ``fail_on``, or more, the model in front."""
    grave = set() if fail_on == "never" else set(LEVELS[LEVELS.index(fail_on) :])
    for identifier, finding in found.items():
        reasons = finding.reasons or (Reason(finding.level, "its architecture changed"),)
        yield from (f"{identifier}: {reason.sentence}" for reason in reasons if reason.level in grave)


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
    for name, limit in policy.growth.items():
        before, after = getattr(model.costs, name)
        if before is not None and after is not None and after - before > before * (limit.max_increase + 1e-12):
            yield limit.level, _grown(COSTS[name], before, after, limit.max_increase)
        elif (before is None) != (after is None):
            when = "before" if before is None else "after"
            yield "warning", f"whether {COSTS[name]} grew cannot be told, they were not known {when} the change"


def _grown(what: str, before: int, after: int, allowed: float) -> str:
    more = f"{what} grew from {before:,} to {after:,}"
    if before:
        # As many digits as it takes to see that it is more than what is allowed.
        digits = next((n for n in range(1, 6) if round((after - before) / before, n + 2) > allowed), 6)
        more += f", by {(after - before) / before:.{digits}%}".replace(".0%", "%")
    return f"{more}; {_share(allowed)} is allowed"


def _share(share: float) -> str:
    return f"{share * 100:.6f}".rstrip("0").rstrip(".") + "%"
