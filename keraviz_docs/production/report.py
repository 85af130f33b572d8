"""What came of reading many models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keraviz_docs.manifest.entries import ModelEntry
from keraviz_docs.outcome import Failure, Outcome, Packed


@dataclass(frozen=True, kw_only=True)
class ModelReport:
    """What came of one model."""

    entry: ModelEntry
    held: Packed | Failure
    digest: str = ""
    """Of the outcome: equal in every process for equal outcomes; what is made from one can be stored under it."""
    from_cache: bool = False
    seconds: float = 0.0
    """How long reading it took, in its own process; 0 when it came from the cache."""
    dependencies: tuple[Path, ...] = ()
    """The files that it was built from and a person may edit, absolute; a change of one asks for a new build."""

    @property
    def outcome(self) -> Outcome:
        """What was read, unpacked anew every time; or why that failed."""
        return self.held.reading() if isinstance(self.held, Packed) else self.held

    @property
    def failure(self) -> Failure | None:
        """Why it could not be read."""
        return self.held if isinstance(self.held, Failure) else None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of all models, in the order of the manifest."""

    models: tuple[ModelReport, ...]
    undiscovered: tuple[Failure, ...] = ()
    """For each ``discover`` entry whose module could not be searched: why."""
    watched: tuple[Path, ...] = ()
    """All files that any of it depends on."""
    listed: tuple[Path, ...] = ()
    """The project's directories whose contents were listed: what is added or removed there asks for a new build."""
    missing: tuple[Path, ...] = ()
    """Paths in the project that were looked for in vain, such as modules: when one appears, it asks for a new build."""
    seconds: float = 0.0

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """The outcomes by model id, in the order of the manifest."""
        return {model.entry.id: model.outcome for model in self.models}

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that went wrong."""
        failed = (model.failure for model in self.models)
        return (*(failure for failure in failed if failure is not None), *self.undiscovered)
