"""``keraviz build``: pages for any static site generator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keraviz_docs.cli import options
from keraviz_docs.errors import Code, UserError, more_about

if TYPE_CHECKING:
    from keraviz_docs.diagrams import EngineName
    from keraviz_docs.production import Shard


@click.command("build", short_help="Write the pages of a zoo, for any site generator.")
@options.manifest("The manifest.")
@options.directory(required=False, help="Write the pages here; what is up to date is left alone.")
@options.shard("Read and draw this share of the models, such as 2/8, into the cache; write no page.")
@options.graphviz
@options.execution
def command(
    manifest: Path,
    directory: Path | None,
    shard: Shard | None,
    graphviz: EngineName | None,
    execution: options.Execution,
) -> int:
    """Write a page for each model of a manifest, and one for all of them.

    The pages are Markdown with everything they need beside them, for any static site generator. With MkDocs the
    plugin `keraviz` does the same within `mkdocs build`.

    With --shard, several machines share the work: each fills a cache, the caches are copied into one directory, and a
    build with that cache has only pages to write.

    \b
    Examples:
      keraviz build -o docs/models
      keraviz build -m models/zoo.yml -o site-source/models --graphviz system
      keraviz build --shard 2/8 --cache share
    """  # noqa: D301  # click looks for the character \b itself
    from keraviz_docs import production, site
    from keraviz_docs.cli import files
    from keraviz_docs.cli.models import tell

    progress = production.choose(quiet=execution.quiet)
    how: Any = {"cache": execution.cache, "jobs": execution.jobs, "executor": execution.executor, "graphviz": graphviz}
    made: site.Share | site.Site
    with files.writing():
        if shard is not None:
            if directory is not None:
                raise UserError("a share has no pages: leave out -o, or --shard", Code.COMMAND_LINE)
            made = site.prepare(manifest, shard, progress=progress, **how)
        elif directory is not None:
            made = site.build(manifest, directory, progress=progress, **how)
        else:
            raise UserError("it is not said where the pages go: add -o DIR", Code.COMMAND_LINE)
    tell(made.report.failures)
    for sentence in made.undrawn:
        click.echo(f"\n{sentence}", err=True)
    if made.undrawn:
        click.echo(f"\n{more_about([Code.GRAPHVIZ_FAILED])}", err=True)
    if isinstance(made, site.Site):
        for state in made.uncompared:
            click.echo(f"\n{state}", err=True)
        files.tell(made.pages.directory / made.pages.index.path, quiet=execution.quiet)
    return int(bool(made.report.failures or made.undrawn))
