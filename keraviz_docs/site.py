"""From a manifest to pages on disk: reading, drawing and writing in one call.

The command ``keraviz build`` and the MkDocs plugin both call :func:`build`; neither Keras nor MkDocs is imported here.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from keraviz_docs import __version__, diagrams, production
from keraviz_docs import manifest as manifests
from keraviz_docs.architecture import to_json
from keraviz_docs.diagrams import FORMATS, VARIANTS, EngineName, Format, Job, Renderer, Variant
from keraviz_docs.errors import UserError
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
    cache: production.Cache | None = None,
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
        formats: what diagrams can be downloaded as; SVG is always written, since pages need it.
        graphviz: which Graphviz draws; what the manifest says when not given.
        cache: where readings and drawings are kept; the project's own when not given.
        jobs: how many models to read, and diagrams to draw, at once.
        pool: where to read them, if not in processes that live as long as this call.
        progress: is told how it goes.

    Raises:
        UserError: the manifest is wrong or names no model, Graphviz is missing, or the directory cannot be written.
    """
    loaded = manifests.load(manifest)
    cache = cache or production.Cache.of(loaded.project)
    report = production.produce(loaded.entries, loaded.project, cache=cache, jobs=jobs, pool=pool, progress=progress)
    if not report.models and not report.undiscovered:
        raise UserError(f"{manifest} names no model: add one under `models:`")
    zoo = [Documented(entry=model.entry, outcome=model.outcome) for model in report.models]
    zoo += [Documented(entry=_entry(failure), outcome=failure) for failure in report.undiscovered]
    forms: tuple[Format, ...] = ("svg", *(form for form in formats if form != "svg"))
    zoo, drawn = _drawn(zoo, directory, forms, graphviz or loaded.graphviz, jobs, cache.diagrams)
    pages = write(loaded.title, zoo, directory, embed=embed, directory_urls=directory_urls, drawn=drawn)
    dependencies = [path for model in report.models for path in model.dependencies]
    return Site(
        title=loaded.title,
        pages=pages,
        report=report,
        undrawn=tuple(model.drawing_failure for model in zoo if model.drawing_failure),
        watched=tuple(dict.fromkeys(path.absolute() for path in (loaded.path, *report.watched, *dependencies))),
    )


def _entry(failure: Failure) -> ModelEntry:
    """Return an entry for a module that could not be searched for models, so that it has a page, too."""
    return ModelEntry(id=failure.id, target=BuilderTarget(failure.target, ""), title=failure.target)


def _drawn(
    zoo: Sequence[Documented],
    directory: Path,
    formats: Sequence[Format],
    graphviz: EngineName,
    jobs: int | None,
    store: production.Store,
) -> tuple[list[Documented], list[str]]:
    """Draw what is not in the store; return the models with their drawings, and the files that are now in place."""
    printer = _fingerprint(graphviz, formats)
    keys: dict[tuple[str, Variant], str] = {}
    bundles: dict[tuple[str, Variant], Mapping[str, Path]] = {}
    missing: list[Documented] = []
    for model in zoo:
        if model.reading is None:
            continue
        essence = to_json(model.reading.architecture) + repr((printer, model.entry.expand)).encode()
        for variant in VARIANTS:
            keys[model.id, variant] = digest(essence + variant.encode())
            stored = store.get_files(keys[model.id, variant])
            if stored is not None:
                bundles[model.id, variant] = stored
            elif model not in missing:
                missing.append(model)
    errors: dict[tuple[str, Variant], str] = {}
    if missing:
        wanted = [(model, variant) for model in missing for variant in VARIANTS if (model.id, variant) not in bundles]
        with tempfile.TemporaryDirectory(prefix="keraviz-") as draft:
            for key, error, files in _render(wanted, Path(draft), formats, graphviz, jobs):
                if error:
                    errors[key] = error
                else:
                    bundles[key] = store.put_files(keys[key], {path.name: path.read_bytes() for path in files})
    names: list[str] = []
    models: list[Documented] = []
    for model in zoo:
        drawings: list[Drawing] = []
        for variant in VARIANTS:
            if (model.id, variant) not in bundles:
                continue
            bundle = bundles[model.id, variant]
            named: dict[str, str] = {form: f"{model.id}-{variant}.{form}" for form in formats}
            for name in named.values():
                write_if_changed(directory / model.id / name, bundle[name].read_bytes())
                names.append(f"{model.id}/{name}")
            svg = bundle[named["svg"]].read_text(encoding="utf-8")
            drawings.append(Drawing(variant, svg, named))
        sentences = [errors[model.id, variant] for variant in VARIANTS if (model.id, variant) in errors]
        models.append(replace(model, drawings=tuple(drawings), drawing_failure=" ".join(sentences) or None))
    return models, names


def _render(
    wanted: Iterable[tuple[Documented, Variant]],
    draft: Path,
    formats: Sequence[Format],
    graphviz: EngineName,
    jobs: int | None,
) -> Iterator[tuple[tuple[str, Variant], str | None, Iterable[Path]]]:
    asked = [
        Job(
            model.reading.architecture,
            variant,
            {form: draft / f"{model.id}-{variant}.{form}" for form in formats},
            _depth(model.entry.expand),
        )
        for model, variant in wanted
        if model.reading is not None
    ]
    with Renderer(graphviz, workers=jobs or os.cpu_count() or 1) as renderer:
        for result in renderer.render_all(asked):
            yield (result.job.architecture.id, result.job.variant), result.error, result.job.files.values()
            for path in result.job.files.values():
                path.unlink(missing_ok=True)


def _depth(expand: Expand) -> int | None:
    if isinstance(expand, int):
        return expand
    return 0 if expand == "none" else None


def _fingerprint(graphviz: EngineName, formats: Sequence[Format]) -> str:
    """Identify what draws, so that another version of it draws anew."""
    sources = [source.read_bytes() for source in sorted(Path(diagrams.__file__).parent.glob("*.py"))]
    return digest(b"\0".join([f"{__version__} {graphviz} {formats}".encode(), *sources]))
