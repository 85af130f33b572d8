"""Compare two architectures: which layers differ, how, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from keraviz_docs.architecture import Architecture
from keraviz_docs.manifest.entries import Level
from keraviz_docs.review.changes import NEEDED, Change
from keraviz_docs.review.differences import changes_between
from keraviz_docs.review.graph import graph_of
from keraviz_docs.review.headlines import headlines
from keraviz_docs.review.matching import match_graphs
from keraviz_docs.review.verdict import Mismatch, Verdict, verdict_on

SCHEMA = 1
"""Version of the JSON form."""

_LARGEST = 10**30
"""No model has more of anything; what is larger cannot be divided as floating point either."""

_DEEPEST = 100
"""Levels of lists and mappings in the settings of a change."""

Status = Literal["identical", "changed", "added", "removed", "failed"]


class Costs(msgspec.Struct, frozen=True):
    """What a model costs, each as (base, head); ``None`` is unknown or absent."""

    parameters: tuple[int | None, int | None]
    macs: tuple[int | None, int | None]
    weight_bytes: tuple[int | None, int | None]


class Reason(msgspec.Struct, frozen=True):
    """One thing that a policy has against a change."""

    level: Level
    sentence: str


class Finding(msgspec.Struct, frozen=True):
    """What a policy says about one model."""

    level: Level
    """The gravest of the reasons; a change that nothing is said against is a notice."""
    reasons: tuple[Reason, ...]


class ModelComparison(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Everything that differs between two versions of one model."""

    id: str
    status: Status
    verdict: Verdict = "unknown"
    mismatches: tuple[Mismatch, ...] = ()
    changes: tuple[Change, ...] = ()
    headlines: tuple[str, ...] = ()
    """The changes summed up, a line each."""
    costs: Costs
    error: str | None = None
    """Why the model could not be compared, when ``status`` is ``failed``."""
    finding: Finding | None = None
    """What the project's policy says; ``None`` where nobody asked it, or nothing differs."""

    @property
    def own_changes(self) -> tuple[Change, ...]:
        """The changes that somebody made: without ripples, and without sums of other entries."""
        return tuple(change for change in self.changes if not change.ripple and not change.entries)

    @property
    def ripples(self) -> tuple[Change, ...]:
        """The changes that follow from others."""
        return tuple(change for change in self.changes if change.ripple)


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two states of a zoo, model by model."""

    schema: int = SCHEMA
    base: str
    head: str
    models: tuple[ModelComparison, ...]


def compare(base: Architecture, head: Architecture) -> ModelComparison:
    """Compare two versions of a model, or two models.

    Names that Keras numbers and the order in which layers were created make no difference.
    """
    graphs = graph_of(base), graph_of(head)
    matching = match_graphs(*graphs)
    changes = tuple(changes_between(*graphs, matching))
    verdict, mismatches = verdict_on(base, head, matching, changes)
    return ModelComparison(
        id=head.id,
        status="changed" if changes or verdict != "identical" else "identical",
        verdict=verdict,
        mismatches=mismatches,
        changes=changes,
        headlines=headlines(graphs[1], changes),
        costs=costs_of(base, head),
    )


def compare_zoos(
    base: Mapping[str, Architecture | str], head: Mapping[str, Architecture | str], *, base_name: str, head_name: str
) -> Comparison:
    """Compare all models of two states.

    Args:
        base: the models before, by id; a text instead of a model says why it could not be read.
        head: the models after.
        base_name: what to call the state before, such as ``origin/main``.
        head_name: what to call the state after.
    """
    models = []
    for identifier in sorted(base.keys() | head.keys()):
        before, after = base.get(identifier), head.get(identifier)
        if isinstance(before, str) or isinstance(after, str):
            reason = f"after: {after}" if isinstance(after, str) else f"before: {before}"
            known = [None if isinstance(side, str) else side for side in (before, after)]
            models.append(ModelComparison(id=identifier, status="failed", costs=costs_of(*known), error=reason))
        elif before is not None and after is not None:
            models.append(msgspec.structs.replace(compare(before, after), id=identifier))
        else:
            models.append(
                ModelComparison(
                    id=identifier, status="removed" if after is None else "added", costs=costs_of(before, after)
                )
            )
    return Comparison(base=base_name, head=head_name, models=tuple(models))


def to_json(comparison: Comparison) -> bytes:
    """Encode as indented UTF-8 JSON that ends in a newline; equal comparisons give equal bytes."""
    return msgspec.json.format(msgspec.json.encode(comparison, order="deterministic"), indent=1) + b"\n"


def from_json(data: bytes | str) -> Comparison:
    """Decode what :func:`to_json` wrote, believing nothing.

    Raises:
        msgspec.DecodeError: the data is no comparison, or one of another schema version.
    """
    comparison = msgspec.json.decode(data, type=Comparison)
    if comparison.schema != SCHEMA:
        raise msgspec.ValidationError(f"comparison schema {comparison.schema}; this version reads schema {SCHEMA}")
    for model in comparison.models:
        _check(model)
    return comparison


def _check(model: ModelComparison) -> None:
    """Make sure that the figures are some, and that every change says what a report will ask of it."""
    figures = (*model.costs.parameters, *model.costs.macs, *model.costs.weight_bytes)
    if any(figure is not None and not 0 <= figure <= _LARGEST for figure in figures):
        raise msgspec.ValidationError(f"{model.id!r} costs what no model does")
    for change in model.changes:
        what = f"{model.id!r}: a change of kind {change.kind!r}"
        if any(not 0 <= entry < len(model.changes) for entry in change.entries):
            raise msgspec.ValidationError(f"{what} sums up entries that do not exist")
        if not _is_shallow(change.settings):
            raise msgspec.ValidationError(f"{what} has settings nested deeper than any layer's")
        missing = NEEDED.get(change.kind, set()) - change.settings.keys()
        if missing or (change.base is None and change.head is None):
            raise msgspec.ValidationError(f"{what} lacks {', '.join(sorted(missing)) or 'its place'}")


def _is_shallow(value: object) -> bool:
    """Whether lists and mappings lie in each other no deeper than a report, which follows them, may go."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | tuple | Mapping)
            for inner in (outer.values() if isinstance(outer, Mapping) else outer)
        ]
        if not level:
            return True
    return False


def costs_of(base: Architecture | None, head: Architecture | None) -> Costs:
    """Return the totals of both sides."""
    before, after = (None if side is None else side.totals for side in (base, head))
    return Costs(
        parameters=(before.parameters if before else None, after.parameters if after else None),
        macs=(before.macs if before else None, after.macs if after else None),
        weight_bytes=(before.weight_bytes if before else None, after.weight_bytes if after else None),
    )
