"""``keraviz build``: pages for any static site generator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from keraviz_docs.cli import options

if TYPE_CHECKING:
    from keraviz_docs.diagrams import EngineName


@click.command("build", short_help="Write the pages of a zoo, for any site generator.")
@click.option(
    "-m",
    "--manifest",
    type=click.Path(path_type=Path),
    default="zoo.yml",
    show_default=True,
    metavar="FILE",
    help="The manifest.",
)
@options.directory(required=True, help="Write the pages here; what is up to date is left alone.")
@options.graphviz
@options.jobs
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but what went wrong.")
def command(manifest: Path, directory: Path, graphviz: EngineName | None, jobs: int | None, quiet: bool) -> int:
    """Write a page for each model of a manifest, and one for all of them.

    The pages are Markdown with everything they need beside them, for any static site generator. With MkDocs the
    plugin `keraviz` does the same within `mkdocs build`.

    \b
    Examples:
      keraviz build -o docs/models
      keraviz build -m models/zoo.yml -o site-source/models --graphviz system
    """  # noqa: D301  # click looks for the character \b itself
    from keraviz_docs import production, site
    from keraviz_docs.cli import files
    from keraviz_docs.cli.models import tell

    with files.writing():
        built = site.build(manifest, directory, graphviz=graphviz, jobs=jobs, progress=production.choose(quiet=quiet))
    tell(built.failures)
    for sentence in built.undrawn:
        click.echo(f"\n{sentence}", err=True)
    files.tell(directory / built.pages.index.path, quiet=quiet)
    return int(bool(built.failures or built.undrawn))
