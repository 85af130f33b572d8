"""``keraviz extract``: architectures as JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keraviz_docs.cli import options
from keraviz_docs.errors import Code, UserError

if TYPE_CHECKING:
    from keraviz_docs.production import Shard


@click.command("extract", short_help="Write the architecture of models as JSON.")
@options.targets
@options.directory(required=False, help="Write ID.json for each model here, instead of one model to the terminal.")
@options.shard("Read this share of the models, such as 2/8, into the cache; without -o, write nothing else.")
@options.reading
def command(
    targets: tuple[str, ...],
    directory: Path | None,
    arguments: tuple[str, ...],
    inputs: str | None,
    timeout: float | None,
    shard: Shard | None,
    execution: options.Execution,
) -> int:
    """Write the architecture of models as JSON: layers, connections, shapes, weights, costs.

    TARGET is package.module:function, a .keras file, a manifest (all its models), or manifest.yml#id. No weights are
    allocated or downloaded.

    \b
    Examples:
      keraviz extract keras.applications:MobileNetV2 --set alpha=1.4
      keraviz extract zoo.yml -o architectures
      keraviz extract zoo.yml#unet | jq .totals
      keraviz extract zoo.yml --shard 2/8 --cache share
    """  # noqa: D301  # click looks for the character \b itself
    from keraviz_docs.cli.targets import parse
    from keraviz_docs.manifest import DiscoverEntry

    selections = parse(targets, arguments, inputs, timeout)
    entries = [entry for selection in selections for entry in selection.entries]
    single = len(entries) == 1 and not isinstance(entries[0], DiscoverEntry)
    if shard is not None and execution.cache is None and not all(selection.target for selection in selections):
        raise UserError("a share is read into a cache: add --cache DIR, or name a manifest", Code.SHARD)
    if directory is None and shard is None and not single and not (len(selections) == 1 and selections[0].only):
        raise UserError("several models need a directory: add -o DIR", Code.DIRECTORY_NEEDED)

    from keraviz_docs.architecture import to_json
    from keraviz_docs.cli.files import write
    from keraviz_docs.cli.models import read, tell

    failed = False
    for _, models, failures in read(selections, execution, shard):
        for model in models:
            if directory is not None:
                write(directory / f"{model.entry.id}.json", to_json(model.architecture), quiet=execution.quiet)
            elif shard is None:
                sys.stdout.buffer.write(to_json(model.architecture))
        tell(failures)
        failed = failed or bool(failures)
    return int(failed)
