"""``keraviz init``: a manifest and a site for a package that has neither."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keraviz_docs.cli import options

if TYPE_CHECKING:
    from keraviz_docs.production import ModelReport, Report
    from keraviz_docs.starting import Started


@click.command("init", short_help="Write a manifest and a site for a package.")
@click.argument("target", metavar="PACKAGE|PATH")
@options.directory(required=False, help="Write the files here, instead of where the models are imported from.")
@click.option(
    "--github",
    is_flag=True,
    help="Also write workflows that publish the site and review pull requests, and a hook that checks snapshots.",
)
@options.timeout(default=60.0, help="Give each function this long.")
@options.jobs
@options.quiet
def command(target: str, directory: Path | None, github: bool, timeout: float, jobs: int | None, quiet: bool) -> int:
    """Find the models of a package, a directory or a Python file, and write what a site needs.

    Functions that return a Keras model, classes that are models and .keras files are found in the source. Each is tried
    with its defaults, in a process of its own, without weights. What works is listed in zoo.yml; the rest stands there
    as comments that say why. mkdocs.yml and docs/index.md are written if there are none. Nothing is overwritten.

    \b
    Examples:
      keraviz init our_package
      keraviz init . --github
      keraviz init kimm -o kimm-site
    """  # noqa: D301  # click looks for the character \b itself
    from keraviz_docs.cli import files
    from keraviz_docs.starting import start

    with files.writing():
        started = start(
            target, directory, github=github, timeout=timeout, jobs=jobs, progress=None if quiet else _Attempts()
        )
    for path in started.written:
        files.tell(_near(path), quiet=quiet)
    if not quiet:
        for line in _advice(started, github=github):
            click.echo(line, err=True)
    return 0


def _advice(started: Started, *, github: bool) -> list[str]:
    lines = [f"\n{started.models} model{'' if started.models == 1 else 's'} found"]
    if started.left_out:
        lines[0] += f", {len(started.left_out)} left out: zoo.yml says why"
    lines += [f"{click.format_filename(_near(path))} was there already and stays as it is" for path in started.kept]
    for path, text in started.to_add:
        lines.append(f"Add to {click.format_filename(_near(path))}:\n{textwrap.indent(textwrap.dedent(text), '  ')}")
    place = _near(started.written[0]).parent
    where = "" if place == Path() else f"cd {click.format_filename(place)} && "
    lines.append(f"Next: {where}mkdocs serve")
    if github:
        lines.append(
            f"Then: {where}keraviz snapshot, commit what is new, and choose GitHub Actions under Settings → Pages"
        )
    return lines


def _near(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


class _Attempts:
    """Counts candidates on stderr: in place on a terminal, now and then in a log."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._total = 0
        self._done = 0
        self._read = 0

    def expect(self, total: int) -> None:
        self._total = total
        self._tell()

    def begin(self, id: str) -> None:  # noqa: A002  # the protocol's word
        if self._live:
            self._tell(id)

    def finish(self, model: ModelReport) -> None:
        self._done += 1
        self._read += model.failure is None
        if self._live or self._done % 25 == 0:
            self._tell(model.entry.id)

    def close(self, report: Report | None) -> None:  # noqa: ARG002  # the protocol's signature
        if self._live:
            click.echo("\r\033[K", nl=False, err=True)

    def note(self, text: str) -> None:
        click.echo(text, err=True)

    def _tell(self, id: str = "") -> None:  # noqa: A002  # what it is called everywhere
        line = f"trying {self._total} candidate{'' if self._total == 1 else 's'}"
        if self._done:
            line += f": {self._done} done, {self._read} can be built"
        click.echo(f"\r\033[K{line}  {id}"[:110] if self._live else line, nl=not self._live, err=True)
