"""Writes the references that follow from the code: the manifest's schema, the commands, the messages."""

from __future__ import annotations

import inspect
import json
import textwrap
from typing import TYPE_CHECKING, Any

import click
from mkdocs.structure.files import File, Files

from keraviz_docs import manifest
from keraviz_docs.cli import program
from keraviz_docs.errors import Code
from keraviz_docs.errors.codes import GROUPS
from keraviz_docs.errors.explanations import EXPLANATIONS

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

MANIFEST_INTRODUCTION = """\
The manifest is a YAML file, usually `zoo.yml`, that lists the models of a zoo. `keraviz schema` prints the JSON Schema
from which this page is made; editors that know it complete keys and mark mistakes.

Imports start from the directory of the manifest, or from the one above the package that it lies in. Relative paths
start from the manifest itself."""

LISTS_AND_TUPLES = """\
## Lists and tuples

YAML has no tuples. A list stays a list, but becomes a tuple where the builder's parameter has a tuple as its default or
annotation. `!tuple [32, 32, 3]` makes a tuple in any place."""

EXIT_STATUS = """\
The exit status is 0 when everything was done, 1 when some model failed (the others are still written), and 2 when
nothing could be done: a mistake in the call or in the manifest."""

SHELL_COMPLETION = """\
## Shell completion

A shell completes commands, options, their values and file names once a line in its start-up file says so:

```bash
eval "$(_KERAVIZ_COMPLETE=bash_source keraviz)"      # ~/.bashrc
eval "$(_KERAVIZ_COMPLETE=zsh_source keraviz)"       # ~/.zshrc
_KERAVIZ_COMPLETE=fish_source keraviz | source       # ~/.config/fish/config.fish
```"""

MESSAGES = """\
A message about a mistake ends with a code. `keraviz explain KV203` says in the terminal what this page says; without a
code, it lists them all. Codes stay what they are from version to version. The commands' exit status is 2 after such a
message, or 1 if only some models are concerned and the others are done."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    files.append(File.generated(config, "reference/manifest.md", content=manifest_page(manifest.schema())))
    files.append(File.generated(config, "reference/cli.md", content=cli_page(program)))
    files.append(File.generated(config, "reference/errors.md", content=errors_page()))
    return files


def manifest_page(schema: dict[str, Any]) -> str:
    """Describe every key of the manifest, in the schema's order."""
    parts = ["# Manifest", MANIFEST_INTRODUCTION]
    parts += _table("At the top level", schema)
    for key in ("defaults", "review", "changes"):
        parts += _table(f"`{key}`", schema["properties"][key])
    parts += _table("A limit in `review`", schema["properties"]["review"]["properties"]["parameters"])
    parts += _table("A pair in `compare`", schema["$defs"]["pair"]["else"])
    for variant in _entry_kinds(schema):
        parts += _table(f"An entry with `{variant['required'][0]}`", variant)
    parts.append(LISTS_AND_TUPLES)
    return "\n\n".join(parts) + "\n"


def cli_page(command: click.Command) -> str:
    """Describe every command by its own help text."""
    parts = ["# Command line", EXIT_STATUS]
    context = click.Context(command, info_name="keraviz")
    commands = command.commands if isinstance(command, click.Group) else {}
    for name, sub in commands.items():
        inner = click.Context(sub, parent=context, info_name=name, terminal_width=80, max_content_width=80)
        parts.append(f"## keraviz {name}\n\n```text\n{sub.get_help(inner)}\n```")
        for word, part in (sub.commands if isinstance(sub, click.Group) else {}).items():
            innermost = click.Context(part, parent=inner, info_name=word, terminal_width=80, max_content_width=80)
            parts.append(f"### keraviz {name} {word}\n\n```text\n{part.get_help(innermost)}\n```")
    parts.append(SHELL_COMPLETION)
    return "\n\n".join(parts) + "\n"


def errors_page() -> str:
    """Explain every kind of mistake, each under the anchor of its code: ``#kv203``."""
    parts = ["# Error messages", MESSAGES]
    for group in GROUPS:
        parts.append(f"## {group}")
        for code in Code:
            if code.group == group:
                told = EXPLANATIONS[code]
                parts.append(f"### {code.value}: {code.title} {{ #{code.value.lower()} }}")
                parts += [f"```text\n{textwrap.fill(told.example, 76)}\n```", told.why, told.remedy]
    return "\n\n".join(parts) + "\n"


def _entry_kinds(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            required = part.get("required", ())
            if "properties" in part and any(kind in required for kind in ("builder", "discover", "file")):
                found.append(part)
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    walk(schema)
    return found


def _table(title: str, part: dict[str, Any]) -> list[str]:
    rows = ["| key | meaning | default | example |", "|---|---|---|---|"]
    for key, about in part["properties"].items():
        required = " (required)" if key in part.get("required", ()) else ""
        default = f"`{json.dumps(about['default'])}`" if "default" in about else ""
        example = f"`{json.dumps(about['examples'][0], ensure_ascii=False)}`" if about.get("examples") else ""
        meaning = inspect.cleandoc(about.get("description", "")).replace("\n", " ")
        rows.append(
            " | ".join((f"| `{key}`{required}", *(cell.replace("|", "\\|") for cell in (meaning, default, example))))
            + " |"
        )
    return [f"## {title}", part.get("description", ""), "\n".join(rows)]
