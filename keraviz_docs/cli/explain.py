"""``keraviz explain``: what a code in a message means."""

from __future__ import annotations

import re
import shutil
import textwrap

import click
from click.shell_completion import CompletionItem

from keraviz_docs.errors import Code
from keraviz_docs.errors.codes import GROUPS

_WIDTH = 80
"""Columns at most: longer lines of prose are hard to read."""


def _codes(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[Code, ...]:
    found = []
    for value in values:
        number = re.fullmatch(r"(?:KV)?(\d{1,3})", value.strip(" []:"), re.IGNORECASE)
        code = next((code for code in Code if number and int(number[1]) == int(code.value[2:])), None)
        if code is None:
            message = f"{value!r} is no code: `keraviz explain` lists them all"
            raise click.BadParameter(message, context, parameter)
        found.append(code)
    return tuple(dict.fromkeys(found))


def _complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    matching = [code for code in Code if code.value.startswith(incomplete.upper())]
    return [CompletionItem(code.value, help=_plain(code.title)) for code in matching]


@click.command("explain", short_help="Say more about a mistake, by the code in its message.")
@click.argument("codes", metavar="[CODE]...", nargs=-1, callback=_codes, shell_complete=_complete)
def command(codes: tuple[Code, ...]) -> int:
    """Say what a mistake means and how it is mended; without a CODE, list all kinds of mistakes.

    \b
    Examples:
      keraviz explain KV203
      keraviz explain
    """  # noqa: D301  # click looks for the character \b itself
    text = "\n\n\n".join(map(_section, codes)) if codes else _list()
    click.echo(text)
    return 0


def _list() -> str:
    groups = [
        "\n".join([f"{group}:", *(f"  {code.value}  {_plain(code.title)}" for code in Code if code.group == group)])
        for group in GROUPS
    ]
    return "\n\n".join(groups)


def _section(code: Code) -> str:
    from keraviz_docs.errors.explanations import EXPLANATIONS

    explanation = EXPLANATIONS[code]
    title = f"{code.value}: {_plain(code.title)}"
    prose = [_wrapped(explanation.why), _wrapped(explanation.remedy)]
    return "\n\n".join([f"{title}\n{'=' * len(title)}", _example(explanation.example), *prose])


def _example(message: str) -> str:
    width = min(_WIDTH, shutil.get_terminal_size().columns)
    return textwrap.indent(textwrap.fill(message, width - 4, break_long_words=False, break_on_hyphens=False), "    ")


def _wrapped(markdown: str) -> str:
    """Wrap paragraphs to the terminal, and indent code instead of fencing it."""
    width = min(_WIDTH, shutil.get_terminal_size().columns)
    parts = []
    for part in re.split("\n\n", markdown):
        code = re.fullmatch(r"```\w+\n(.*)\n```", part, flags=re.DOTALL)
        words = " ".join(_plain(part).split())
        parts.append(
            textwrap.indent(code[1], "    ")
            if code
            else textwrap.fill(words, width, break_long_words=False, break_on_hyphens=False)
        )
    return "\n\n".join(parts)


def _plain(markdown: str) -> str:
    """Leave only the text of links."""
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", markdown)
