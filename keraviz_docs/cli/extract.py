"""``keraviz extract``: architectures as JSON."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from keraviz_docs.cli import options


@click.command("extract", short_help="Write the architecture of models as JSON.")
@options.targets
@options.directory(required=False, help="Write ID.json for each model here, instead of one model to the terminal.")
@options.reading
def command(
    targets: tuple[str, ...],
    directory: Path | None,
    arguments: tuple[str, ...],
    inputs: str | None,
    timeout: float | None,
    jobs: int | None,
    quiet: bool,
) -> int:
    """Write the architecture of models as JSON: layers, connections, shapes, weights, costs.

    TARGET is package.module:function, a .keras file, a manifest (all its models), or manifest.yml#id. No weights are
    allocated or downloaded.

    \b
    Examples:
      keraviz extract keras.applications:MobileNetV2 --set alpha=1.4
      keraviz extract zoo.yml -o architectures
      keraviz extract zoo.yml#unet | jq .totals
    """  # noqa: D301  # click looks for the character \b itself
    from keraviz_docs.cli.targets import parse
    from keraviz_docs.manifest import DiscoverEntry

    selections = parse(targets, arguments, inputs, timeout)
    entries = [entry for selection in selections for entry in selection.entries]
    single = len(entries) == 1 and not isinstance(entries[0], DiscoverEntry)
    if directory is None and not single and not (len(selections) == 1 and selections[0].only):
        raise click.UsageError("Several models need a directory: add -o DIR.")

    from keraviz_docs.architecture import to_json
    from keraviz_docs.cli.files import write
    from keraviz_docs.cli.models import read, tell

    failed = False
    for _, models, failures in read(selections, jobs=jobs, quiet=quiet):
        for model in models:
            data = to_json(model.architecture)
            if directory is None:
                sys.stdout.buffer.write(data)
            else:
                write(directory / f"{model.entry.id}.json", data, quiet=quiet)
        tell(failures)
        failed = failed or bool(failures)
    return int(failed)
