"""``keraviz review``: the review of a pull request, in a job on GitHub that builds its models."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keraviz_docs.cli import options
from keraviz_docs.errors import Code, UserError
from keraviz_docs.github import LABEL

if TYPE_CHECKING:
    from keraviz_docs.cli.comparing import Compared
    from keraviz_docs.cli.states import Reading
    from keraviz_docs.github.events import PullRequest
    from keraviz_docs.manifest import FailOn

REPORT = "report.html"
"""The report for people, beside the files for `keraviz comment`."""
_SUMMARY = 250_000
"""Characters, none of which takes more than four bytes; GitHub takes 1 MiB."""


@click.command("review", short_help="Review a pull request, in a job on GitHub.")
@options.manifest("The manifest whose models to compare.")
@options.directory(required=False, help="Where the files for the comment go; without it, architecture-review/.")
@click.option("--base", metavar="REF", help="Compare with this, instead of what the pull request is merged into.")
@options.policy
@click.option(
    "--label",
    default=LABEL,
    show_default=True,
    help="With this label on the pull request, what --fail-on and --max-increase would not let through is a warning.",
)
@options.execution
def command(
    manifest: Path,
    directory: Path | None,
    base: str | None,
    fail_on: FailOn | None,
    increases: Mapping[str, float],
    label: str,
    execution: options.Execution,
) -> int:
    """Compare the models of a pull request with those of its base, and say so in every way that GitHub has.

    What changed is written into the summary of the job and beside the builders' lines; the directory gets the full
    report, and what `keraviz comment` needs. The pull request and its labels are taken from the job's event.

    Exit status: 0 let through, 1 something is as grave as --fail-on, 2 something could not be compared.

    \b
    Examples:
      keraviz review
      keraviz review --base main --fail-on warning
    """  # noqa: D301  # click looks for the character \b itself
    from keraviz_docs.cli.comparing import exit_status, judged, rules_for, tell_broken
    from keraviz_docs.cli.files import writing
    from keraviz_docs.cli.states import Reading
    from keraviz_docs.github import artifact, events
    from keraviz_docs.review import policy

    directory = directory or Path("architecture-review")
    pull_request = events.pull_request_event(os.environ)
    number = pull_request.number if pull_request else None
    try:
        rules = rules_for(manifest, (base, None), increases, fail_on)
        compared = _compared(base, pull_request, Reading(manifest, execution))
    except UserError as error:
        review = artifact.Review(error=str(error), pull_request=number)
        with writing():
            artifact.write(directory, review)
            _summarize(review)
        raise
    compared, found = judged(compared, rules)
    status = exit_status(compared, found, rules.fail_on)
    approved = status == 1 and pull_request is not None and pull_request.has_label(label)
    if approved:
        found, status = policy.let_through(found), 0
    tell_broken(found, rules)
    review = artifact.Review(comparison=compared.comparison, pull_request=number)
    with writing():
        artifact.write(directory, review)
        (directory / REPORT).write_text(_report(compared), "utf-8")
        _summarize(review)
    _annotate(compared, found, manifest)
    _conclude(status, approved=approved, label=label, may_be_approved=pull_request is not None)
    return status


def _compared(base: str | None, pull_request: PullRequest | None, reading: Reading) -> Compared:
    from keraviz_docs.cli import states
    from keraviz_docs.cli.comparing import compared
    from keraviz_docs.review.git import merged_into

    if base is not None:
        commit = name = base
    elif pull_request is not None:
        commit = merged_into(pull_request.head.sha, pull_request.base.sha, reading.manifest.parent)
        name = pull_request.base.ref
    else:
        raise UserError("this is no job `on: pull_request`: name what to compare with by --base", Code.GITHUB)
    after = states.working_tree(reading)
    if pull_request is not None:
        after = replace(after, name=f"pull request {pull_request.number}")
    try:
        before = replace(states.state_of(commit, reading), name=name)
    except UserError as error:
        if error.code is not Code.NOTHING_TO_COMPARE:
            raise
        before = states.State(name, {})  # it has no manifest yet, so that every model is new
    both = compared(before, after)
    if not both.comparison.models:
        raise UserError("neither side has any model to compare", Code.NOTHING_TO_COMPARE)
    return both


def _report(compared: Compared) -> str:
    from keraviz_docs.cli.comparing import diagrams
    from keraviz_docs.review.reports.html import html

    try:
        drawn = diagrams(compared, "tb")
    except UserError as error:  # the verdict does not depend on pictures
        click.echo(f"The report has no diagrams: {error.message}", err=True)
        drawn = {}
    return html(compared.comparison, drawn)


def _annotate(compared: Compared, found: Mapping[str, Any], manifest: Path) -> None:
    from keraviz_docs.cli.comparing import annotated
    from keraviz_docs.cli.diff import show

    if os.environ.get("GITHUB_ACTIONS") == "true":
        click.echo(annotated(compared, found, manifest), nl=False)
    else:
        show(compared.comparison)


def _summarize(review: Any) -> None:
    from keraviz_docs.github.comment import report

    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8", newline="\n") as summary:
            summary.write(report(review, limit=_SUMMARY))


def _conclude(status: int, *, approved: bool, label: str, may_be_approved: bool) -> None:
    if approved:
        click.echo(f"Let through: the pull request has the label {label}.", err=True)
    elif status == 1 and may_be_approved:
        click.echo(f"Not let through. If this is meant, give the pull request the label {label}.", err=True)
    elif status == 2:
        click.echo("Something could not be compared, so nobody can tell whether this is let through.", err=True)
