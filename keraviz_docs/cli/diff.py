"""``keraviz diff``: what changed between two states of the models."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keraviz_docs.cli import options
from keraviz_docs.errors import Code, UserError

if TYPE_CHECKING:
    from keraviz_docs.architecture import Architecture
    from keraviz_docs.review.comparison import Comparison

FORMATS = ("text", "markdown", "json", "html", "svg", "github")


def _increase(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Mapping[str, float]:
    found = {}
    for value in values:
        match = re.fullmatch(r"(parameters|macs|weight_bytes)=(\d+(?:\.\d+)?)%", value)
        if match is None:
            raise click.BadParameter(f"{value!r}: write parameters=5%, macs=5% or weight_bytes=5%", context, parameter)
        found[match[1]] = float(match[2]) / 100
    return found


@click.command("diff", short_help="Say what changed in the architectures, and whether old weights still load.")
@click.argument("base")
@click.argument("head", required=False)
@click.option(
    "-m",
    "--manifest",
    type=click.Path(path_type=Path),
    default=Path("zoo.yml"),
    show_default=True,
    metavar="FILE",
    help="The manifest whose models a git ref and the working tree have.",
)
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
@click.option(
    "--fail-on",
    type=click.Choice(["notice", "warning", "error", "never"]),
    default="error",
    show_default=True,
    help="Exit with 1 if something is this grave: a notice is any change, a warning is another behaviour, an error is "
    "weights that no longer load.",
)
@click.option(
    "--max-increase",
    "increases",
    metavar="COST=N%",
    multiple=True,
    callback=_increase,
    help="Make it an error if a model's parameters, macs or weight_bytes grow by more. Can be repeated.",
)
@click.option("--full-report", metavar="URL", help="Where a comment points to when not everything fits.")
@options.jobs
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but the result and what went wrong.")
def command(
    base: str,
    head: str | None,
    manifest: Path,
    form: str,
    output: Path | None,
    rankdir: str,
    fail_on: str,
    increases: Mapping[str, float],
    full_report: str | None,
    jobs: int | None,
    quiet: bool,
) -> int:
    """Compare the models of BASE with those of HEAD, by default the working tree.

    BASE and HEAD are each a git ref, a snapshot or a directory of them, what `keraviz extract` wrote, or a target:
    zoo.yml, zoo.yml#id, package.module:function, a .keras file. Two single models are compared under any names.

    Exit status: 0 let through, 1 something is as grave as --fail-on, 2 something could not be compared.

    \b
    Examples:
      keraviz diff main
      keraviz diff v1.0 v2.0 --format html -o changes.html
      keraviz diff keras.applications:VGG16 keras.applications:VGG19
    """  # noqa: D301  # click looks for the character \b itself
    from keraviz_docs.cli import states
    from keraviz_docs.review import policy
    from keraviz_docs.review.comparison import compare_zoos

    reading = states.Reading(manifest, jobs=jobs, quiet=quiet)
    before = states.state_of(base, reading)
    after = states.state_of(head, reading) if head is not None else states.working_tree(reading)
    old, new = dict(before.models), dict(after.models)
    if len(old) == len(new) == 1:
        # Two models named one by one are meant to be compared, under whatever names.
        old = dict(zip(new, old.values(), strict=True))
    comparison = compare_zoos(old, new, base_name=before.name, head_name=after.name)
    found = policy.findings(comparison, policy.Policy(increases=increases))
    both = {
        identifier: (earlier, later)
        for identifier, later in new.items()
        if not isinstance(later, str) and (earlier := old.get(identifier)) is not None and not isinstance(earlier, str)
    }
    if form == "text" and output is None:
        show(comparison)
    else:
        _write(_report(comparison, form, both, found, full_report, rankdir, manifest.parent), output)
    if not comparison.models or any(model.status == "failed" for model in comparison.models):
        if not comparison.models:
            click.echo("Error: neither side has any model to compare", err=True)
        return 2
    return int(fail_on != "never" and policy.is_broken(found, fail_on))  # type: ignore[arg-type]  # click has checked


def show(comparison: Comparison) -> None:
    """Print a comparison on the terminal, with colour where there is one."""
    from rich.console import Console

    from keraviz_docs.review.reports.text import text

    console = Console(soft_wrap=True, highlight=False, emoji=False, markup=False)
    for line in text(comparison):
        console.print(line)


def _report(
    comparison: Comparison,
    form: str,
    both: Mapping[str, tuple[Architecture, Architecture]],
    found: Mapping[str, Any],
    full_report: str | None,
    rankdir: str,
    project: Path,
) -> str:
    from keraviz_docs.review.reports import github, html, markdown, text

    if form == "json":
        from keraviz_docs.review.comparison import to_json

        return to_json(comparison).decode()
    if form == "markdown":
        return markdown.markdown(comparison, full_report=full_report)
    if form == "github":
        from keraviz_docs.cli.states import builder_source

        sources = {
            identifier: source
            for identifier, (_, head) in both.items()
            if (source := builder_source(head, project)) is not None
        }
        return "".join(f"{line}\n" for line in github.github(comparison, found, sources))
    if form == "text":
        return "".join(f"{line.plain}\n" for line in text.text(comparison))
    diagrams = _diagrams(comparison, both, rankdir)
    if form == "html":
        return html.html(comparison, diagrams)
    if len(diagrams) != 1:
        raise UserError(
            f"{len(diagrams) or 'no'} models changed, and --format svg draws one; "
            "name one, such as zoo.yml#id, or use --format html",
            Code.ONE_CHANGE_NEEDED,
        )
    return next(iter(diagrams.values()))


def _diagrams(
    comparison: Comparison, both: Mapping[str, tuple[Architecture, Architecture]], rankdir: str
) -> dict[str, str]:
    from keraviz_docs.diagrams import Renderer
    from keraviz_docs.review.reports.figure import change_figure

    changed = [model for model in comparison.models if model.status == "changed" and model.id in both]
    if not changed:
        return {}
    variant: Any = rankdir
    with Renderer() as renderer:
        return {model.id: renderer.svg(change_figure(*both[model.id], model, variant)) for model in changed}


def _write(report: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(report.encode())
        return
    from keraviz_docs.cli.files import write

    write(output, report.encode(), quiet=True)
