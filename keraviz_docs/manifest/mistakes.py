"""What is wrong with a manifest, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from keraviz_docs.errors import Code, UserError, more_about
from keraviz_docs.manifest.entries import Position

_SHOWN = 50
"""Mistakes that a message lists; a file with more of them is better mended from the top."""


@dataclass(frozen=True)
class Mistake:
    """One thing to mend.  ``position`` is ``None`` when there is no text to point into (no such file, say)."""

    position: Position | None
    message: str
    code: Code

    def __str__(self) -> str:
        return self.message if self.position is None else f"{self.position}: {self.message} [{self.code.value}]"


class ManifestError(UserError):
    """All the mistakes of one manifest, in the order of the file; as text, a line for each, and where to read more."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        unique = dict.fromkeys(mistakes)
        self.mistakes: tuple[Mistake, ...] = tuple(sorted(unique, key=_place))
        lines = [str(mistake) for mistake in self.mistakes[:_SHOWN]]
        if len(self.mistakes) > _SHOWN:
            lines.append(f"and {len(self.mistakes) - _SHOWN} more mistakes")
        super().__init__("\n".join(lines), self.mistakes[0].code)

    def __str__(self) -> str:
        return f"{self.message}\n{more_about(mistake.code for mistake in self.mistakes)}"


def shown(path: Path) -> str:
    """Return a path as messages show it: relative to the current directory if it lies below, POSIX slashes."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def _place(mistake: Mistake) -> tuple[int, int]:
    position = mistake.position
    return (0, 0) if position is None else (position.line, position.column)
