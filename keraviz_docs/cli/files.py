"""Files that commands write."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import click

from keraviz_docs.errors import Code, UserError


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
    """Write a file, its directory included, and tell its path on stdout; it appears complete or not at all.

    What is there and no file, such as ``/dev/null`` or a pipe, is written to, and never replaced.

    Raises:
        UserError: it cannot be written.
    """
    with writing():
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            tell(path, quiet=quiet)
            return
        unfinished = path.with_name(f".{path.name}-{os.getpid()}")
        try:
            unfinished.write_bytes(data)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    tell(path, quiet=quiet)


def tell(path: Path, *, quiet: bool) -> None:
    """Print the path of a file that was written on stdout."""
    if not quiet:
        click.echo(click.format_filename(path))
