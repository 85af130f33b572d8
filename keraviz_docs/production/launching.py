"""What every way to start the process of a model has in common."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import keraviz_docs
from keraviz_docs.production import places
from keraviz_docs.production.fingerprints import configuration
from keraviz_docs.production.messages import Ended, Request

HERE = Path(keraviz_docs.__file__).parent
"""Where this package lies; from the directory above it, any interpreter can import it."""

TAIL = 32 << 10
"""Bytes that are kept of what a process prints."""

GRACE = 0.3
"""Seconds between writing down the stack of a process that takes too long and ending it."""

FIXED_VARIABLES: Mapping[str, str] = {
    "KERAS_BACKEND": "tensorflow",  # models are traced with its graphs
    "CUDA_VISIBLE_DEVICES": "-1",  # reading computes nothing, and opening a GPU costs seconds and gigabytes
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OPENBLAS_NUM_THREADS": "1",  # its threads would be there before the fork
    "OMP_NUM_THREADS": "1",
}
"""Environment variables that every process which reads models gets."""


class NeverReady(Exception):  # noqa: N818 - it reads as the sentence it stands for
    """A process ended before it had imported what it needs."""


class Launcher(Protocol):
    """Starts processes that read models, and tells of their ends."""

    def start(self, ticket: int, request: Request, /) -> None:
        """Start a process for a request.

        Raises:
            Closed: this launcher is at its end.
        """

    def endings(self) -> Iterator[Ended]:
        """Yield how each process ended, until this launcher is at its end.

        Raises:
            NeverReady: processes cannot import what they need.
        """

    def is_outdated(self) -> bool:
        """Tell whether a launcher that was made now might start other processes."""

    def complaint(self) -> str:
        """Return what was printed while it was started."""

    def hang_up(self) -> None:
        """Stop soon; do not wait for it."""

    def end(self) -> None:
        """End all processes, and wait for it."""


def environment() -> dict[str, str]:
    """Return the variables that builders see: this process's own, and the fixed ones."""
    return {**os.environ, **FIXED_VARIABLES}


def world() -> list[str]:
    """Return what a warm parent depends on: Keras's configuration, which packages are installed, and our own code."""
    folders = [Path(folder) for folder in places.package_folders()]
    imported = [*(folder for folder in folders if folder.is_dir()), *sorted(HERE.rglob("*.py"))]
    return [*configuration(environment()), *(f"{path} {path.stat().st_mtime_ns}" for path in imported)]
