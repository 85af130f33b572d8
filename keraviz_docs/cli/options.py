"""Options that several commands share."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from keraviz_docs.cli import completion

if TYPE_CHECKING:
    from keraviz_docs.production import Shard

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
    return click.argument("targets", metavar="TARGET...", nargs=-1, required=True, shell_complete=completion.files)(
        command
    )


@dataclass(frozen=True)
class Execution:
    """How a command goes about reading models."""

    jobs: int | None = None
    executor: str | None = None
    cache: Path | None = None
    quiet: bool = False


def execution(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options of an :class:`Execution`, which the command gets as ``execution``."""

    @functools.wraps(command)
    def with_execution(
        *, jobs: int | None, executor: str | None, cache: Path | None, quiet: bool, **others: Any
    ) -> int:
        return command(execution=Execution(jobs, executor, cache, quiet), **others)

    executors = click.option(
        "--executor",
        metavar="local|dask|dask:ADDRESS",
        callback=_executor,
        help="Read models in processes of this machine, on a Dask cluster started on it, or on the one with this "
        "scheduler; without it, the manifest decides.",
    )
    for option in (quiet, cache, executors, jobs):
        with_execution = option(with_execution)
    return with_execution


def _executor(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        from keraviz_docs.production.pool import open_pool

        open_pool(value)  # which connects to nothing yet
    return value


def reading(command: Callable[..., int]) -> Callable[..., int]:
    """Add what concerns the reading of targets; see also :func:`execution`."""
    for option in (
        execution,
        timeout(default=None, help="Give each model this long, instead of 120 s or what the manifest says."),
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


def manifest(help: str) -> Callable[[Decorated], Decorated]:  # noqa: A002  # click's own word
    """Add the option ``-m FILE``."""
    return click.option(
        "-m",
        "--manifest",
        type=click.Path(path_type=Path),
        default=Path("zoo.yml"),
        show_default=True,
        metavar="FILE",
        help=help,
    )


def cache(command: Decorated) -> Decorated:
    """Add the choice of a cache."""
    option = click.option(
        "--cache",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Keep what was read and drawn here; without it, where $KERAVIZ_CACHE says, or beside the manifest in "
        ".keraviz/cache.",
    )
    return option(command)


def shard(help: str) -> Callable[[Decorated], Decorated]:  # noqa: A002  # click's own word
    """Add the option ``--shard NUMBER/COUNT``, which the command gets as a shard."""

    def parsed(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Shard | None:
        if value is None:
            return None
        from keraviz_docs.production.sharding import parse

        return parse(value)

    return click.option("--shard", metavar="NUMBER/COUNT", callback=parsed, help=help)


def timeout(*, default: float | None, help: str) -> Callable[[Decorated], Decorated]:  # noqa: A002  # click's own word
    """Add the option that bounds how long a model may take."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True, max=604_800),
        default=default,
        show_default=default is not None,
        metavar="SECONDS",
        help=help,
    )


def quiet(command: Decorated) -> Decorated:
    """Add the option for silence."""
    return click.option("-q", "--quiet", is_flag=True, help="Say nothing but what went wrong.")(command)


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


def policy(command: Decorated) -> Decorated:
    """Add what says which changes are let through."""
    for option in (
        click.option(
            "--max-increase",
            "increases",
            metavar="COST=N%",
            multiple=True,
            callback=_increase,
            help="Make it an error if a model's parameters, macs or weight_bytes grow by more, whatever the manifest "
            "says. Can be repeated.",
        ),
        click.option(
            "--fail-on",
            type=click.Choice(["notice", "warning", "error", "never"]),
            help="Exit with 1 if something is this grave: a notice is any change, a warning is another behaviour, an "
            "error is weights that no longer load. Without it, what the manifest says, or error.",
        ),
    ):
        command = option(command)
    return command


def _increase(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Mapping[str, float]:
    found = {}
    for value in values:
        match = re.fullmatch(r"(parameters|macs|weight_bytes)=(\d+(?:\.\d+)?)%", value)
        if match is None:
            raise click.BadParameter(f"{value!r}: write parameters=5%, macs=5% or weight_bytes=5%", context, parameter)
        found[match[1]] = float(match[2]) / 100
    return found
