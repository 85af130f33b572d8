"""``keraviz render``: diagrams as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from keraviz_docs.cli import completion, options
from keraviz_docs.errors import Code, more_about

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keraviz_docs.cli.models import Model
    from keraviz_docs.diagrams import EngineName, Format, Sheet
    from keraviz_docs.manifest.entries import Expand

# The words of keraviz_docs.diagrams, which is not imported for --help; a test compares them.
FORMATS = ("svg", "png", "pdf", "dot")
SHEETS = ("overview", "tb", "lr", "numbered")
VARIANTS = ("tb", "lr", "numbered")


@click.command("render", short_help="Draw models: top-down, left-to-right and numbered.")
@options.targets
@options.directory(required=True, help="Write the diagrams here, as ID-VARIANT.FORMAT.")
@click.option(
    "-f",
    "--format",
    "formats",
    multiple=True,
    default=["svg,png,pdf"],
    callback=options.words("format", FORMATS),
    shell_complete=completion.words(FORMATS),
    metavar="FORMAT,...",
    help="Write these files: svg, png, pdf, dot; without it, the first three.",
)
@click.option(
    "--variant",
    "variants",
    multiple=True,
    default=[",".join(VARIANTS)],
    callback=options.words("variant", SHEETS),
    shell_complete=completion.words(SHEETS),
    metavar="VARIANT,...",
    help="Draw these: tb (top to bottom), lr (left to right), numbered (compact, with the numbers of the layer "
    "table), overview (stages and repeats, and each block on its own); without it, all but the overview.",
)
@click.option(
    "--expand",
    "--depth",
    "expand",
    callback=options.depth,
    metavar="all|none|N",
    help="Open layers made of layers: all of them, none, or N levels; without it, all or what the manifest says.",
)
@options.graphviz
@options.reading
def command(
    targets: tuple[str, ...],
    directory: Path,
    formats: tuple[Format, ...],
    variants: tuple[Sheet, ...],
    expand: Expand | None,
    graphviz: EngineName | None,
    arguments: tuple[str, ...],
    inputs: str | None,
    timeout: float | None,
    execution: options.Execution,
) -> int:
    """Draw models: what keras.utils.plot_model does, for models of any size, in three variants.

    TARGET is package.module:function, a .keras file, a manifest (all its models), or manifest.yml#id. No weights are
    allocated or downloaded, and Graphviz need not be installed.

    \b
    Examples:
      keraviz render keras.applications:ResNet50 -o diagrams
      keraviz render zoo.vision:unet --set filters=16 --set depth=3 -o diagrams
      keraviz render zoo.yml#unet model.keras -o diagrams --format svg
    """  # noqa: D301  # click looks for the character \b itself
    from keraviz_docs.cli.targets import parse

    selections = parse(targets, arguments, inputs, timeout)

    from keraviz_docs.cli.models import read, tell

    failed = False
    for selection, models, failures in read(selections, execution):
        undrawn = _draw(
            models,
            directory,
            formats,
            variants,
            expand,
            graphviz or selection.graphviz,
            execution,
        )
        tell(failures)
        failed = failed or undrawn or bool(failures)
    return int(failed)


def _draw(
    models: Sequence[Model],
    directory: Path,
    formats: Sequence[Format],
    variants: Sequence[Sheet],
    expand: Expand | None,
    graphviz: EngineName,
    execution: options.Execution,
) -> bool:
    """Draw models and tell the files; return whether a diagram could not be drawn."""
    from keraviz_docs.cli import files
    from keraviz_docs.diagrams import Job, Renderer, is_condensed
    from keraviz_docs.production import pool

    drawings = [
        Job(
            model.architecture,
            variant,
            {form: directory / f"{model.entry.id}-{variant}.{form}" for form in formats},
            _depth(model.entry.expand if expand is None else expand),
        )
        for model in models
        for variant in variants
    ]
    if not execution.quiet:
        for model in models:
            depth = _depth(model.entry.expand if expand is None else expand)
            if set(variants) != {"overview"} and is_condensed(model.architecture, depth=depth):
                count = len(model.architecture.nodes)
                click.echo(f"{model.entry.id}: of {count:,} layers, each distinct block is drawn once", err=True)
    undrawn = False
    with Renderer(graphviz, workers=execution.jobs or pool.default_jobs()) as renderer, files.writing():
        for result in renderer.render_all(drawings):
            if result.error:
                undrawn = True
                click.echo(f"\n{result.error}", err=True)
            else:
                for path in result.job.files.values():
                    files.tell(path, quiet=execution.quiet)
    if undrawn:
        click.echo(f"\n{more_about([Code.GRAPHVIZ_FAILED])}", err=True)
    return undrawn


def _depth(expand: Expand) -> int | None:
    """Return the levels to open, ``None`` for all."""
    if isinstance(expand, int):
        return expand
    return 0 if expand == "none" else None
