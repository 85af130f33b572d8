"""Models from ``.keras`` archives: the configuration alone, in safe mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keraviz_docs.reading.failures import CannotRead
from keraviz_docs.reading.sources import portable


def shown(path: Path, project: Path) -> str:
    """Write an archive's path as reports show it: relative to the project."""
    return portable(project / path, project)


def load(path: Path, project: Path) -> Any:
    raise CannotRead("saved-file", f"`{shown(path, project)}`")
