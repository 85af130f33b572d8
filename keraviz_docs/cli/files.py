"""Files that commands write."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from keraviz_docs.errors import Code, UserError
from keraviz_docs.files import write_whole


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """Turn what a disk or a directory refuses into the user's mistake."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        raise UserError(f"cannot write{where}: {error.strerror or error}", Code.CANNOT_WRITE) from error


def write(path: Path, data: bytes, *, quiet: bool) -> None:
    """Write a file, as :func:`~keraviz_docs.files.write_whole` does, and tell its path on stdout.

    Raises:
        UserError: it cannot be written.
    """
    with writing():
        write_whole(path, data)
    tell(path, quiet=quiet)


def tell(path: Path, *, quiet: bool) -> None:
    """Print the path of a file that was written on stdout."""
    if not quiet:
        click.echo(click.format_filename(path))
