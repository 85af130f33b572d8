"""The command ``keraviz``.

Each command is a module here with a ``command`` in it; :data:`COMMANDS` lists them.  They answer ``--help`` at once,
because what is slow to import (TensorFlow is never imported at all) is imported where it is used.

Exit status: 0 done, 1 some model failed and the others were written, 2 nothing could be done.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from keraviz_docs import __version__
from keraviz_docs.cli import build, cache, comment, diff, explain, extract, init, render, review, schema, snapshot
from keraviz_docs.errors import Code, UserError, more_about

COMMANDS: Sequence[click.Command] = (
    render.command,
    extract.command,
    init.command,
    build.command,
    snapshot.command,
    diff.command,
    review.command,
    comment.command,
    cache.command,
    schema.command,
    explain.command,
)

INTERRUPTED = 128 + signal.SIGINT


class _InOrder(click.Group):
    """Lists commands in the order of :data:`COMMANDS`, the most used first."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(self.commands)


@click.group(
    cls=_InOrder,
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
    epilog="Each command explains itself, with examples: keraviz render --help",
)
@click.version_option(__version__, prog_name="keraviz", message="%(prog)s %(version)s")
@click.pass_context
def program(context: click.Context) -> None:
    """Draw, describe and document Keras models."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit status."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; mistakes of the user are told on stderr, without a traceback."""
    try:
        result = program.main(args=arguments, prog_name="keraviz", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        click.echo(more_about([_code(error)]), err=True)
        return 2
    except UserError as error:
        click.echo(_told(error), err=True)
        return 2
    except BrokenPipeError:
        # The reader (`| head`) has seen enough.  Click ends quietly with 1 while a command writes; this is the same for
        # what was still in the buffer, which Python would otherwise complain about on its way out.
        _abandon_output()
        return 1
    except OSError as error:
        _abandon_output()
        what = error.filename or "the output"
        click.echo(_told(UserError(f"cannot use {what}: {error.strerror or error}", Code.CANNOT_WRITE)), err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _abandon_output() -> None:
    """Have what is still to be printed go nowhere: the terminal, pipe or disk that it was for takes no more."""
    with contextlib.suppress(OSError, ValueError):  # it is closed, or was never a file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _code(error: click.ClickException) -> Code:
    """Tell an option that is there, with a wrong value, from what Click cannot make sense of."""
    has_value = isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter)
    return Code.OPTION_VALUE if has_value else Code.COMMAND_LINE


def _told(error: UserError) -> str:
    """Return a mistake as a person, or an editor that looks for ``file:line:column``, reads it."""
    from keraviz_docs.manifest.mistakes import ManifestError

    placed = isinstance(error, ManifestError) and error.mistakes[0].position is not None
    return str(error) if placed else f"Error: {error}"
