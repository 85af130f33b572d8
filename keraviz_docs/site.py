"""From a manifest to pages on disk: reading, drawing and writing in one call.

The command ``keraviz build`` and the MkDocs plugin both call :func:`build`; neither Keras nor MkDocs is imported here.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from keraviz_docs import __version__, diagrams, production
from keraviz_docs import manifest as manifests
from keraviz_docs.architecture import to_json
from keraviz_docs.diagrams import FORMATS, VARIANTS, EngineName, Format, Job, OverviewJob, Renderer, Variant
from keraviz_docs.errors import Code, UserError
from keraviz_docs.manifest.entries import BuilderTarget, Expand, ModelEntry
from keraviz_docs.outcome import Failure
from keraviz_docs.pages.model_page import Documented, Drawing
from keraviz_docs.pages.writing import WrittenPages, write, write_if_changed
from keraviz_docs.production.store import digest


@dataclass(frozen=True)
class Site:
    """What :func:`build` made."""

    title: str
    pages: WrittenPages
    report: production.Report
    undrawn: tuple[str, ...]
    """One sentence for each diagram that Graphviz could not draw."""
    watched: tuple[Path, ...]
    """The manifest, and every file that a model was built from."""
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
    formats: Sequence[Format] = FORMATS,
    graphviz: EngineName | None = None,
    cache: Path | None = None,
    jobs: int | None = None,
    executor: str | None = None,
    pools: production.Pools | None = None,
    progress: production.Progress | None = None,
) -> Site:
    """Read the models of a manifest, draw them, and write a page for each and one for all.

    Args:
        manifest: the path of a ``zoo.yml``.
        directory: where the pages go; up-to-date files in it are left alone.
        embed: whether pages are complete in themselves, for any static site generator.  Otherwise their heavy parts
            are kept aside, for :meth:`~keraviz_docs.pages.writing.WrittenPages.part`.
        directory_urls: whether links between pages end in ``/`` instead of ``/index.html``.
        formats: what diagrams can be downloaded as; SVG is always written, since pages need it.
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
    loaded = manifests.load(manifest)
    kept = production.Cache.of(loaded.project, cache)
    report = _read(loaded, kept, jobs, executor, pools, progress)
    if not report.models and not report.undiscovered:
        raise UserError(f"{manifest} names no model: add one under `models:`", Code.NO_MODELS)
    zoo = [Documented(entry=model.entry, outcome=model.outcome) for model in report.models]
    zoo += [Documented(entry=_entry(failure), outcome=failure) for failure in report.undiscovered]
    forms = _with_svg(formats)
    zoo, drawn = _drawn(zoo, directory, forms, graphviz or loaded.graphviz, jobs, kept.diagrams)
    pages = write(loaded.title, zoo, directory, embed=embed, directory_urls=directory_urls, drawn=drawn)
    dependencies = [path for model in report.models for path in model.dependencies]
    return Site(
        title=loaded.title,
        pages=pages,
        report=report,
        undrawn=tuple(model.drawing_failure for model in zoo if model.drawing_failure),
        watched=tuple(dict.fromkeys(path.absolute() for path in (loaded.path, *report.watched, *dependencies))),
        on_error=loaded.on_error,
    )


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
    formats: Sequence[Format] = FORMATS,
    graphviz: EngineName | None = None,
    cache: Path | None = None,
    jobs: int | None = None,
    executor: str | None = None,
    progress: production.Progress | None = None,
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
    loaded = manifests.load(manifest)
    kept = production.Cache.of(loaded.project, cache)
    report = _read(loaded, kept, jobs, executor, None, progress, shard)
    zoo = [Documented(entry=model.entry, outcome=model.outcome) for model in report.models]
    _, errors = _bundles(zoo, _with_svg(formats), graphviz or loaded.graphviz, jobs, kept.diagrams)
    return Share(report, tuple(errors.values()))


def _read(
    loaded: manifests.Manifest,
    cache: production.Cache,
    jobs: int | None,
    executor: str | None,
    pools: production.Pools | None,
    progress: production.Progress | None,
    shard: production.Shard | None = None,
) -> production.Report:
    with contextlib.nullcontext(pools) if pools is not None else production.Pools(jobs) as opened:
        pool = opened.of(executor or loaded.executor)
        return production.produce(
            loaded.entries, loaded.project, cache=cache, pool=pool, progress=progress, shard=shard
        )


def _with_svg(formats: Sequence[Format]) -> tuple[Format, ...]:
    return ("svg", *(form for form in formats if form != "svg"))


def _entry(failure: Failure) -> ModelEntry:
    """Return an entry for a module that could not be searched for models, so that it has a page, too."""
    return ModelEntry(id=failure.id, target=BuilderTarget(failure.target, ""), title=failure.target)


Sheet = Variant | Literal["overview"]
_SHEETS: tuple[Sheet, ...] = ("overview", *VARIANTS)
"""The drawings of a model, in the order of the page's tabs."""

_Key = tuple[str, Sheet]

_ATTEMPTS = 3
"""How often drawings are looked for anew when somebody clears the cache between finding and taking them."""


def _drawn(
    zoo: Sequence[Documented],
    directory: Path,
    formats: Sequence[Format],
    graphviz: EngineName,
    jobs: int | None,
    store: production.Store,
) -> tuple[list[Documented], list[str]]:
    """Return the models with their drawings, and the files that are now in place."""
    for left in reversed(range(_ATTEMPTS)):
        bundles, errors = _bundles(zoo, formats, graphviz, jobs, store)
        try:
            return _placed(zoo, directory, formats, bundles, errors)
        except FileNotFoundError:
            if not left:
                raise
    raise AssertionError("the last attempt returns or raises")


def _bundles(
    zoo: Sequence[Documented],
    formats: Sequence[Format],
    graphviz: EngineName,
    jobs: int | None,
    store: production.Store,
) -> tuple[dict[_Key, Mapping[str, Path]], dict[_Key, str]]:
    """Draw what is not in the store; return where the files of each drawing are, and why others could not be drawn."""
    printer = _fingerprint(graphviz, formats)
    keys: dict[_Key, str] = {}
    bundles: dict[_Key, Mapping[str, Path]] = {}
    missing: list[tuple[Documented, Sheet]] = []
    for model in zoo:
        if model.reading is None:
            continue
        essence = to_json(model.reading.architecture) + repr((printer, model.entry.expand)).encode()
        for sheet in _SHEETS:
            keys[model.id, sheet] = digest(essence + sheet.encode())
            stored = store.get_files(keys[model.id, sheet])
            if stored is not None:
                bundles[model.id, sheet] = stored
            else:
                missing.append((model, sheet))
    errors: dict[_Key, str] = {}
    if missing:
        with tempfile.TemporaryDirectory(prefix="keraviz-") as draft:
            for key, error, files in _render(missing, Path(draft), formats, graphviz, jobs):
                if error:
                    errors[key] = error
                else:
                    written = {path.name: path.read_bytes() for path in files if path.exists()}
                    bundles[key] = store.put_files(keys[key], written)
    return bundles, errors


def _placed(
    zoo: Sequence[Documented],
    directory: Path,
    formats: Sequence[Format],
    bundles: Mapping[_Key, Mapping[str, Path]],
    errors: Mapping[_Key, str],
) -> tuple[list[Documented], list[str]]:
    """Copy drawings to their pages; return the models with them, and the names of the files."""
    names: list[str] = []
    models: list[Documented] = []
    for model in zoo:
        drawings: list[Drawing] = []
        for sheet in _SHEETS:
            bundle = bundles.get((model.id, sheet), {})
            named: dict[str, str] = {form: f"{model.id}-{sheet}.{form}" for form in formats}
            if named["svg"] not in bundle:
                continue
            for name in named.values():
                write_if_changed(directory / model.id / name, bundle[name].read_bytes())
                names.append(f"{model.id}/{name}")
            svg = bundle[named["svg"]].read_text(encoding="utf-8")
            blocks = bundle.get(_blocks_name(model.id))
            drawings.append(Drawing(sheet, svg, named, blocks.read_text(encoding="utf-8") if blocks else None))
        sentences = [errors[model.id, sheet] for sheet in _SHEETS if (model.id, sheet) in errors]
        models.append(replace(model, drawings=tuple(drawings), drawing_failure=" ".join(sentences) or None))
    return models, names


def _render(
    wanted: Iterable[tuple[Documented, Sheet]],
    draft: Path,
    formats: Sequence[Format],
    graphviz: EngineName,
    jobs: int | None,
) -> Iterator[tuple[_Key, str | None, Iterable[Path]]]:
    asked = [_job(model, sheet, draft, formats) for model, sheet in wanted]
    with Renderer(graphviz, workers=jobs or os.cpu_count() or 1) as renderer:
        for result in renderer.render_all(asked):
            job = result.job
            sheet: Sheet = job.variant if isinstance(job, Job) else "overview"
            files = [*job.files.values(), *([job.blocks] if isinstance(job, OverviewJob) else [])]
            yield (job.architecture.id, sheet), result.error, files
            for path in files:
                path.unlink(missing_ok=True)


def _job(model: Documented, sheet: Sheet, draft: Path, formats: Sequence[Format]) -> Job | OverviewJob:
    assert model.reading is not None  # noqa: S101  # only readings are drawn
    architecture = model.reading.architecture
    files = {form: draft / f"{model.id}-{sheet}.{form}" for form in formats}
    if sheet == "overview":
        return OverviewJob(architecture, files, draft / _blocks_name(model.id))
    return Job(architecture, sheet, files, _depth(model.entry.expand))


def _blocks_name(identifier: str) -> str:
    return f"{identifier}-blocks.json"


def _depth(expand: Expand) -> int | None:
    if isinstance(expand, int):
        return expand
    return 0 if expand == "none" else None


def _fingerprint(graphviz: EngineName, formats: Sequence[Format]) -> str:
    """Identify what draws, so that another version of it draws anew."""
    sources = [source.read_bytes() for source in sorted(Path(diagrams.__file__).parent.glob("*.py"))]
    return digest(b"\0".join([f"{__version__} {graphviz} {formats}".encode(), *sources]))
