"""``keraviz cache``: what is kept between builds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from keraviz_docs.cli import options

if TYPE_CHECKING:
    from keraviz_docs.production import Cache


class _InfoFirst(click.Group):
    """Is the command ``info`` when no other is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asks_for_help = bool(args) and args[0] in ctx.help_option_names
        if not asks_for_help and (not args or args[0].startswith("-")):
            args = ["info", *args]
        return super().parse_args(ctx, args)


@click.group("cache", cls=_InfoFirst, short_help="Show or clear what is kept between builds.")
def command() -> None:
    """Show or clear what is kept between builds.

    The cache holds what was read and drawn, so that only models whose code has changed are built anew. It may be
    deleted at any time, also while a build runs; the next build is slower, nothing is lost.

    \b
    Examples:
      keraviz cache
      keraviz cache clear -m models/zoo.yml
    """  # noqa: D301  # click looks for the character \b itself


@command.command("info", short_help="Show where the cache is and what it holds (the default).")
@options.manifest("The manifest whose cache it is.")
@options.cache
def info(manifest: Path, cache: Path | None) -> int:
    """Show where the cache is, what it holds, and how large it may get."""
    usage = _cache(manifest, cache).usage()
    click.echo(click.format_filename(usage.directory))
    rows = [("readings", usage.readings), ("diagrams", usage.diagrams)]
    if usage.others.entries:
        rows.append(("of other versions", usage.others))
    for label, held in rows:
        count = f"{held.entries:,} {'entry' if held.entries == 1 else 'entries'}"
        click.echo(f"  {label:<18}{count:>14}{_amount(held.size):>13}")
    total = f"{_amount(usage.size)} of {_amount(usage.limit)}"
    click.echo(f"  {'in use':<18}{total:>27}")
    return 0


@command.command("clear", short_help="Empty the cache.")
@options.manifest("The manifest whose cache it is.")
@options.cache
@options.quiet
def clear(manifest: Path, cache: Path | None, quiet: bool) -> int:
    """Empty the cache, and say how much that freed. Builds that are under way go on."""
    from keraviz_docs.cli.files import writing

    found = _cache(manifest, cache)
    size = found.usage().size
    with writing():
        found.clear()
    if not quiet:
        directory = click.format_filename(found.directory)
        click.echo(f"{directory}: {_amount(size)} freed" if size else f"{directory} was empty")
    return 0


def _cache(manifest: Path, chosen: Path | None) -> Cache:
    """Return the cache that is meant; its manifest has to be there, but may have mistakes."""
    import os

    from keraviz_docs import manifest as manifests
    from keraviz_docs.manifest.entries import project_of
    from keraviz_docs.production import Cache

    if chosen is None and not os.environ.get("KERAVIZ_CACHE") and not manifest.is_file():
        manifests.load(manifest)  # which tells what is wrong
    return Cache.of(project_of(manifest), chosen)


def _amount(size: int) -> str:
    """Write bytes as a person reads them, in the unit of the limit."""
    if size < 1 << 20:
        return f"{size / (1 << 10):,.1f} KiB" if size else "0 MiB"
    return f"{size / (1 << 20):,.1f} MiB" if size < 1 << 30 else f"{size / (1 << 30):,.1f} GiB"
