"""From a manifest to pages on disk: reading, drawing and writing in one call.

The command ``keraviz build`` and the MkDocs plugin both call :func:`build`; neither Keras nor MkDocs is imported here.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from keraviz_docs import manifest as manifests
from keraviz_docs import production
from keraviz_docs.errors import Code, UserError
from keraviz_docs.manifest.entries import BuilderTarget, ModelEntry
from keraviz_docs.outcome import Failure
from keraviz_docs.pages.record import claimed
from keraviz_docs.production.pool import default_jobs
from keraviz_docs.workers import Workers

if TYPE_CHECKING:
    # What draws and composes is imported once it is known what is to be read: while Keras is being imported.
    from keraviz_docs import comparing
    from keraviz_docs.diagrams import EngineName, Format
    from keraviz_docs.drawings import Drawings
    from keraviz_docs.pages.comparison_page import ComparedPair
    from keraviz_docs.pages.model_page import Documented
    from keraviz_docs.pages.writing import WrittenPages
    from keraviz_docs.review.history import Missing


@dataclass(frozen=True)
class Site:
    """What :func:`build` made."""

    title: str
    pages: WrittenPages
    report: production.Report
    undrawn: tuple[str, ...]
    """One sentence for each diagram that Graphviz could not draw."""
    uncompared: tuple[Missing, ...]
    """Earlier states that the page of changes could not compare with."""
    watched: tuple[Path, ...]
    """The manifest, every file that a model was built from, and what says which earlier states there are."""
    on_error: Literal["warn", "fail"]
    """What the manifest says about models that cannot be read."""

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
    formats: Sequence[Format] | None = None,
    graphviz: EngineName | None = None,
    cache: Path | None = None,
    jobs: int | None = None,
    executor: str | None = None,
    pools: production.Pools | None = None,
    progress: production.BuildProgress | None = None,
) -> Site:
    """Read the models of a manifest, draw them, and write a page for each and one for all.

    Args:
        manifest: the path of a ``zoo.yml``.
        directory: where the pages go; up-to-date files in it are left alone.
        embed: whether pages are complete in themselves, for any static site generator.  Otherwise their heavy parts
            are kept aside, for :meth:`~keraviz_docs.pages.writing.WrittenPages.part`.
        directory_urls: whether links between pages end in ``/`` instead of ``/index.html``.
        formats: what diagrams can be downloaded as; what the manifest says when not given.  SVG is always written,
            since pages need it.
        graphviz: which Graphviz draws; what the manifest says when not given.
        cache: the directory in which readings and drawings are kept; the project's own when not given.
        jobs: how many models to read, and diagrams to draw, at once.
        executor: where models are read, as in a manifest; what the manifest says when not given.
        pools: where executors find the processes of earlier builds; they end with this call when not given.
        progress: is told how it goes.

    Raises:
        UserError: the manifest is wrong or names no model, Graphviz is missing, no model can be read at all, or the
            directory cannot be written.
    """
    with (
        claimed(directory) as earlier,
        _opened(manifest, directory, formats, graphviz, cache, jobs) as (loaded, kept, workers, drawings),
    ):
        report = _read(loaded, kept, jobs, executor, pools, progress, drawings)
        if not report.models and not report.undiscovered:
            raise UserError(f"{manifest} names no model: add one under `models:`", Code.NO_MODELS)
        from keraviz_docs.pages.model_page import Documented
        from keraviz_docs.pages.writing import write

        zoo = [_documented(model) for model in report.models]
        zoo += [Documented(entry=_entry(failure), outcome=failure) for failure in report.undiscovered]
        zoo, drawn = drawings().placed(zoo, progress or production.Silent())
        pairs, compiled, uncomparable = _compared(loaded, zoo, kept, graphviz, progress)
        pages = write(
            loaded.title,
            zoo,
            directory,
            pairs=pairs,
            changes=compiled.changes if compiled else None,
            embed=embed,
            directory_urls=directory_urls,
            drawn=drawn,
            workers=workers,
            earlier=earlier,
        )
    states = compiled.watched if compiled else ()
    dependencies = [path for model in report.models for path in model.dependencies]
    return Site(
        title=loaded.title,
        pages=pages,
        report=report,
        undrawn=(*(model.drawing_failure for model in zoo if model.drawing_failure), *uncomparable),
        uncompared=compiled.missing if compiled else (),
        watched=tuple(
            dict.fromkeys(path.absolute() for path in (loaded.path, *report.watched, *dependencies, *states))
        ),
        on_error=loaded.on_error,
    )


def _compared(
    loaded: manifests.Manifest,
    zoo: Sequence[Documented],
    cache: production.Cache,
    graphviz: EngineName | None,
    progress: production.Progress | None,
) -> tuple[Sequence[ComparedPair], comparing.Compiled | None, Sequence[str]]:
    """Return the comparisons that the manifest asks for, and a sentence for each drawing that failed."""
    if not loaded.pairs and loaded.changes is None:
        return (), None, ()
    from keraviz_docs import comparing  # a site without comparisons need not wait for what they import

    with comparing.Workshop(cache.diagrams, graphviz or loaded.graphviz, progress or production.Silent()) as workshop:
        pairs = comparing.pairs(loaded.pairs, zoo, workshop)
        return pairs, comparing.changes(loaded, zoo, workshop, cache), workshop.undrawn


@dataclass(frozen=True)
class Share:
    """What :func:`prepare` put into the cache."""

    report: production.Report
    undrawn: tuple[str, ...]
    """One sentence for each diagram that Graphviz could not draw."""


def prepare(
    manifest: Path,
    shard: production.Shard,
    *,
    formats: Sequence[Format] | None = None,
    graphviz: EngineName | None = None,
    cache: Path | None = None,
    jobs: int | None = None,
    executor: str | None = None,
    progress: production.BuildProgress | None = None,
) -> Share:
    """Read and draw one share of the models of a manifest into the cache, and write no page.

    When the caches of all shares are copied into one directory, :func:`build` with that cache has only pages to write.

    Args:
        manifest: the path of a ``zoo.yml``.
        shard: which share.
        formats: as for :func:`build`, and like all that follow, the same there.
        graphviz: which Graphviz draws.
        cache: the directory in which readings and drawings are kept.
        jobs: how many models to read, and diagrams to draw, at once.
        executor: where models are read.
        progress: is told how it goes.

    Raises:
        UserError: as for :func:`build`.
    """
    with _opened(manifest, None, formats, graphviz, cache, jobs) as (loaded, kept, _, drawings):
        report = _read(loaded, kept, jobs, executor, None, progress, drawings, shard)
        undrawn = drawings().finish(progress or production.Silent())
    return Share(report, undrawn)


@contextlib.contextmanager
def _opened(
    manifest: Path,
    directory: Path | None,
    formats: Sequence[Format] | None,
    graphviz: EngineName | None,
    cache: Path | None,
    jobs: int | None,
) -> Iterator[tuple[manifests.Manifest, production.Cache, Workers, Callable[[], Drawings]]]:
    """Load a manifest, and make ready what works for its build."""
    loaded = manifests.load(manifest)
    kept = production.Cache.of(loaded.project, cache)
    with Workers(jobs or default_jobs()) as workers:

        @functools.cache
        def drawings() -> Drawings:
            from keraviz_docs.drawings import Drawings

            shown = loaded.formats if formats is None else formats
            with_svg: tuple[Format, ...] = ("svg", *(form for form in shown if form != "svg"))
            return Drawings(with_svg, graphviz or loaded.graphviz, kept.diagrams, workers, directory)

        yield loaded, kept, workers, drawings


def _read(
    loaded: manifests.Manifest,
    cache: production.Cache,
    jobs: int | None,
    executor: str | None,
    pools: production.Pools | None,
    progress: production.Progress | None,
    drawings: Callable[[], Drawings],
    shard: production.Shard | None = None,
) -> production.Report:
    """Read the models, and have each drawn as soon as it is read."""

    def tell(report: production.ModelReport) -> None:
        drawings().begin(_documented(report))

    def begin(models: int) -> None:
        drawings().prepare(models)
        importlib.import_module("keraviz_docs.pages.writing")  # which will be needed

    with contextlib.nullcontext(pools) if pools is not None else production.Pools(jobs) as opened:
        pool = opened.of(executor or loaded.executor)
        return production.produce(
            loaded.entries,
            loaded.project,
            cache=cache,
            pool=pool,
            progress=progress,
            shard=shard,
            tell=tell,
            begin=begin,
        )


def _documented(model: production.ModelReport) -> Documented:
    from keraviz_docs.pages.model_page import Documented

    return Documented(entry=model.entry, outcome=model.held, digest=model.digest)


def _entry(failure: Failure) -> ModelEntry:
    """Return an entry for a module that could not be searched for models, so that it has a page, too."""
    return ModelEntry(id=failure.id, target=BuilderTarget(failure.target, ""), title=failure.target)
