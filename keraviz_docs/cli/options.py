"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def words(what: str, choices: Sequence[str]) -> Callable[[click.Context, click.Parameter, Any], tuple[str, ...]]:
    """Return the callback of a repeatable option that takes words of a fixed choice, separated by commas.

    The command gets them all in one tuple, each once, in the order given.
    """

    def split(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
        given = [word.strip().lower() for value in values for word in value.split(",")]
        for word in given:
            if word not in choices:
                from keraviz_docs.manifest.wording import did_you_mean

                message = f"unknown {what} {word!r}: {did_you_mean(word, choices)}"
                raise click.BadParameter(message, context, parameter)
        return tuple(dict.fromkeys(given))

    return split


def depth(context: click.Context, parameter: click.Parameter, value: str | None) -> str | int | None:
    """Be the callback of an option that is ``all``, ``none`` or a number of levels."""
    if value is None or value in ("all", "none"):
        return value
    if not value.isdecimal():
        message = f"{value!r} is neither 'all' nor 'none' nor a number of levels"
        raise click.BadParameter(message, context, parameter)
    return int(value)


def targets(command: Decorated) -> Decorated:
    """Add the argument ``TARGET...``."""
    return click.argument("targets", metavar="TARGET...", nargs=-1, required=True)(command)


def reading(command: Decorated) -> Decorated:
    """Add what concerns the reading of models."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but what went wrong."),
        jobs,
        click.option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True, max=604_800),
            metavar="SECONDS",
            help="Give each model this long, instead of 120 s or what the manifest says.",
        ),
        click.option(
            "--inputs",
            metavar="YAML",
            help="What the model is called with, if it does not know: {shape: [32, 32, 3]}, or a list or mapping of "
            "these.",
        ),
        click.option(
            "--set",
            "arguments",
            metavar="NAME=VALUE",
            multiple=True,
            help="Pass an argument to a package.module:function; the value is YAML. Can be repeated.",
        ),
    ):
        command = option(command)
    return command


def jobs(command: Decorated) -> Decorated:
    """Add the option that bounds how much is done at the same time."""
    option = click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Do so many things at once; without it, as many as cores and memory allow.",
    )
    return option(command)


def graphviz(command: Decorated) -> Decorated:
    """Add the choice of a Graphviz."""
    option = click.option(
        "--graphviz",
        type=click.Choice(["bundled", "system"]),
        help="Draw with the Graphviz that comes along, or with the installed `dot`; without it, the manifest decides.",
    )
    return option(command)


def directory(*, required: bool, help: str) -> Callable[[Decorated], Decorated]:  # noqa: A002  # click's own word
    """Add the option ``-o DIR``."""
    return click.option(
        "-o",
        "--output",
        "directory",
        type=click.Path(file_okay=False, writable=True, path_type=Path),
        metavar="DIR",
        required=required,
        help=help,
    )
