"""From a manifest to pages on disk: reading, drawing and writing in one call.

The command ``keraviz build`` and the MkDocs plugin both call :func:`build`; neither Keras nor MkDocs is imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keraviz_docs import manifest as manifests
from keraviz_docs import production
from keraviz_docs.cost import with_costs
from keraviz_docs.errors import UserError
from keraviz_docs.outcome import Failure, Outcome, Reading
from keraviz_docs.pages.model_page import Documented
from keraviz_docs.pages.writing import WrittenPages, write


@dataclass(frozen=True)
class Site:
    """What :func:`build` made."""

    title: str
    pages: WrittenPages
    report: production.Report
    watched: tuple[Path, ...]
    """The manifest, and every file that a model was built from."""

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every model that could not be read, and every module that could not be searched for models."""
        return self.report.failures


def build(
    manifest: Path,
    directory: Path,
    *,
    embed: bool = True,
    directory_urls: bool = False,
    jobs: int | None = None,
    pool: production.Pool | None = None,
    progress: production.Progress | None = None,
) -> Site:
    """Read the models of a manifest, draw them, and write a page for each and one for all.

    Args:
        manifest: the path of a ``zoo.yml``.
        directory: where the pages go; up-to-date files in it are left alone.
        embed: whether pages are complete in themselves, for any static site generator.  Otherwise their heavy parts
            are kept aside, for :meth:`~keraviz_docs.pages.writing.WrittenPages.part`.
        directory_urls: whether links between pages end in ``/`` instead of ``/index.html``.
        jobs: how many models to read at once.
        pool: where to read them, if not in processes that live as long as this call.
        progress: is told how it goes.

    Raises:
        UserError: the manifest is wrong, names no model, or the directory cannot be written.
    """
    loaded = manifests.load(manifest)
    report = production.produce(loaded.entries, loaded.project, jobs=jobs, pool=pool, progress=progress)
    if not report.models and not report.undiscovered:
        raise UserError(f"{manifest} names no model: add one under `models:`")
    zoo = [Documented(entry=model.entry, outcome=_costed(model.outcome)) for model in report.models]
    pages = write(loaded.title, zoo, directory, embed=embed, directory_urls=directory_urls)
    return Site(
        title=loaded.title,
        pages=pages,
        report=report,
        watched=_unique(
            [loaded.path, *report.watched, *(path for model in report.models for path in model.dependencies)]
        ),
    )


def _costed(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Failure) or outcome.architecture.totals.macs is not None:
        return outcome
    return Reading(architecture=with_costs(outcome.architecture), builder=outcome.builder)


def _unique(paths: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path.absolute() for path in paths))
