"""Comparing two states, and the reports on it: what ``keraviz diff`` and ``keraviz review`` share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keraviz_docs.errors import Code, UserError

if TYPE_CHECKING:
    from keraviz_docs.architecture import Architecture, Source
    from keraviz_docs.cli.states import State
    from keraviz_docs.manifest import FailOn
    from keraviz_docs.review.comparison import Comparison
    from keraviz_docs.review.policy import Finding, Rules


@dataclass(frozen=True)
class Compared:
    """A comparison, and the models that it is about."""

    comparison: Comparison
    both: Mapping[str, tuple[Architecture, Architecture]]
    """The models that both sides have."""
    known: Mapping[str, Architecture]
    """All models that could be read: those of the head, and those of the base that the head has not."""

    @property
    def is_whole(self) -> bool:
        """Whether there was something to compare, and all of it could be compared."""
        models = self.comparison.models
        return bool(models) and all(model.status != "failed" for model in models)


def compared(before: State, after: State) -> Compared:
    """Compare the models of two states; two single models are compared under any names."""
    from keraviz_docs.review.comparison import compare_zoos

    old, new = dict(before.models), dict(after.models)
    if len(old) == len(new) == 1:
        # Two models named one by one are meant to be compared, under whatever names.
        old = dict(zip(new, old.values(), strict=True))
    heads = {identifier: model for identifier, model in new.items() if not isinstance(model, str)}
    both = {
        identifier: (earlier, later)
        for identifier, later in heads.items()
        if (earlier := old.get(identifier)) is not None and not isinstance(earlier, str)
    }
    known = {identifier: model for identifier, model in old.items() if not isinstance(model, str)} | heads
    return Compared(compare_zoos(old, new, base_name=before.name, head_name=after.name), both, known)


def annotated(compared: Compared, found: Mapping[str, Finding], manifest: Path) -> str:
    """Return a line for each model that differs, which GitHub shows beside its builder."""
    from keraviz_docs.cli.states import builder_source
    from keraviz_docs.manifest.entries import project_of
    from keraviz_docs.reading.targets import import_roots
    from keraviz_docs.review.reports.github import github

    roots = import_roots(project_of(manifest))
    sources: dict[str, Source] = {
        identifier: source
        for identifier, model in compared.known.items()
        if (source := builder_source(model, roots)) is not None
    }
    return "".join(f"{line}\n" for line in github(compared.comparison, found, sources))


def diagrams(compared: Compared, rankdir: str) -> dict[str, str]:
    """Draw both versions of every model that changed, as SVG.

    Raises:
        UserError: Graphviz does not work.
    """
    from keraviz_docs.diagrams import Renderer
    from keraviz_docs.review.reports.figure import change_figure

    changed = [model for model in compared.comparison.models if model.status == "changed" and model.id in compared.both]
    if not changed:
        return {}
    variant: Any = rankdir
    with Renderer() as renderer:
        return {model.id: renderer.svg(change_figure(*compared.both[model.id], model, variant)) for model in changed}


def one_diagram(compared: Compared, rankdir: str) -> str:
    """Draw the one model that changed.

    Raises:
        UserError: none has changed, or several, or Graphviz does not work.
    """
    drawn = diagrams(compared, rankdir)
    if len(drawn) != 1:
        raise UserError(
            f"{len(drawn) or 'no'} models changed, and --format svg draws one; "
            "name one, such as zoo.yml#id, or use --format html",
            Code.ONE_CHANGE_NEEDED,
        )
    return next(iter(drawn.values()))


def rules_for(manifest: Path, sides: Sequence[str | None], increases: Mapping[str, float], fail_on: Any) -> Rules:
    """Return what decides about a comparison: the manifest's policy, and over it what the command line says.

    Two models that are named one by one are no two states of a zoo, so that the manifest says nothing about them.

    Raises:
        ManifestError: the manifest is wrong.
    """
    from keraviz_docs import manifest as manifests
    from keraviz_docs.cli.states import is_one_model
    from keraviz_docs.review.policy import Rules

    own = [Path(side) for side in sides if side is not None and side.lower().endswith((".yml", ".yaml"))]
    source = own[-1] if own else manifest
    applies = source.is_file() and not all(side is not None and is_one_model(side) for side in sides)
    rules = Rules.of(manifests.load(source)) if applies else Rules()
    return rules.overridden(increases, fail_on)


def judged(compared: Compared, rules: Rules) -> tuple[Compared, dict[str, Finding]]:
    """Return a comparison that says what the rules have against it, and the same by model."""
    from keraviz_docs.review import policy

    found = policy.findings(compared.comparison, rules)
    return replace(compared, comparison=policy.judged(compared.comparison, found)), found


def tell_broken(found: Mapping[str, Finding], rules: Rules) -> None:
    """Print on stderr, a sentence each, why changes are not let through."""
    from keraviz_docs.review.policy import broken
    from keraviz_docs.review.reports.wording import printable

    sentences = list(broken(found, rules.fail_on))
    if sentences:
        click.echo("\nNot let through:", err=True)
    for sentence in sentences:
        click.echo(f"  {printable(sentence)}", err=True)


def exit_status(compared: Compared, found: Mapping[str, Finding], fail_on: FailOn) -> int:
    """Return 0 if the changes are let through, 1 if something is as grave as ``fail_on``, 2 if nobody can tell."""
    from keraviz_docs.review.policy import is_broken

    return int(is_broken(found, fail_on)) if compared.is_whole else 2
