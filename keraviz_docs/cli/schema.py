"""``keraviz schema``: the JSON Schema of the manifest."""

from __future__ import annotations

import json

import click


@click.command("schema", short_help="Print the JSON Schema of the manifest, for editors.")
def command() -> int:
    """Print the JSON Schema of the manifest.

    Editors complete and check zoo.yml with it, once its first line names the schema.

    \b
    Example:
      keraviz schema > zoo.schema.json
    First line of zoo.yml:
      # yaml-language-server: $schema=zoo.schema.json
    """  # noqa: D301  # click looks for the character \b itself
    from keraviz_docs import manifest

    click.echo(json.dumps(manifest.schema(), indent=2))
    return 0
