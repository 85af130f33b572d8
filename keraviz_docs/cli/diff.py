"""``keraviz diff``: what changed between two states of the models."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keraviz_docs.cli import completion, options
from keraviz_docs.errors import Code, UserError

if TYPE_CHECKING:
    from keraviz_docs.cli.comparing import Compared
    from keraviz_docs.manifest import FailOn
    from keraviz_docs.review.comparison import Comparison
    from keraviz_docs.review.policy import Finding

FORMATS = ("text", "markdown", "json", "html", "svg", "github")


@click.command("diff", short_help="Say what changed, and whether old weights still load.")
@click.argument("base", shell_complete=completion.files)
@click.argument("head", required=False, shell_complete=completion.files)
@options.manifest("The manifest whose models a git ref and the working tree have.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How the report is written.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write here, not to the terminal."
)
@click.option("--rankdir", type=click.Choice(["tb", "lr"]), default="tb", show_default=True, help="How diagrams flow.")
@options.policy
@click.option("--full-report", metavar="URL", help="Where a comment points to when not everything fits.")
@options.execution
def command(
    base: str,
    head: str | None,
    manifest: Path,
    form: str,
    output: Path | None,
    rankdir: str,
    fail_on: FailOn | None,
    increases: Mapping[str, float],
    full_report: str | None,
    execution: options.Execution,
) -> int:
    """Compare the models of BASE with those of HEAD, by default the working tree.

    BASE and HEAD are each a git ref, a snapshot or a directory of them, what `keraviz extract` wrote, or a target:
    zoo.yml, zoo.yml#id, package.module:function, a .keras file. Two single models are compared under any names.

    Exit status: 0 let through, 1 something is as grave as --fail-on or the manifest's
    `review` says, 2 something could not be compared.

    \b
    Examples:
      keraviz diff main
      keraviz diff v1.0 v2.0 --format html -o changes.html
      keraviz diff keras.applications:VGG16 keras.applications:VGG19
    """  # noqa: D301  # click looks for the character \b itself
    from keraviz_docs.cli import states
    from keraviz_docs.cli.comparing import compared, exit_status, judged, rules_for, tell_broken

    rules = rules_for(manifest, (base, head), increases, fail_on)
    reading = states.Reading(manifest, execution)
    if head is not None:
        states.check(head, reading)  # before the time that building the base may take
    before = states.state_of(base, reading)
    after = states.state_of(head, reading) if head is not None else states.working_tree(reading)
    both, found = judged(compared(before, after), rules)
    if form == "text" and output is None:
        show(both.comparison)
    else:
        _write(_report(both, form, found, full_report, rankdir, manifest), output)
    if not both.comparison.models:
        raise UserError("neither side has any model to compare", Code.NOTHING_TO_COMPARE)
    tell_broken(found, rules)
    return exit_status(both, found, rules.fail_on)


def show(comparison: Comparison) -> None:
    """Print a comparison on the terminal, with colour where there is one."""
    from rich.console import Console

    from keraviz_docs.review.reports.text import text

    console = Console(soft_wrap=True, highlight=False, emoji=False, markup=False)
    for line in text(comparison):
        console.print(line)


def _report(
    both: Compared, form: str, found: Mapping[str, Finding], full_report: str | None, rankdir: str, manifest: Path
) -> str:
    from keraviz_docs.cli.comparing import annotated, diagrams, one_diagram
    from keraviz_docs.review.comparison import to_json
    from keraviz_docs.review.reports import html, markdown, text

    if form == "json":
        return to_json(both.comparison).decode()
    if form == "markdown":
        return markdown.markdown(both.comparison, full_report=full_report)
    if form == "github":
        return annotated(both, found, manifest)
    if form == "text":
        return "".join(f"{line.plain}\n" for line in text.text(both.comparison))
    return html.html(both.comparison, diagrams(both, rankdir)) if form == "html" else one_diagram(both, rankdir)


def _write(report: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(report.encode())
        return
    from keraviz_docs.cli.files import write

    write(output, report.encode(), quiet=True)
