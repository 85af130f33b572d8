"""From a manifest to pages on disk: reading, drawing and writing in one call.

The command ``keraviz build`` and the MkDocs plugin both call :func:`build`; neither Keras nor MkDocs is imported here.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from keraviz_docs import __version__, diagrams, production
from keraviz_docs import manifest as manifests
from keraviz_docs.architecture import to_json
from keraviz_docs.cost import with_costs
from keraviz_docs.diagrams import FORMATS, VARIANTS, EngineName, Format, Job, Renderer, Variant
from keraviz_docs.errors import UserError
from keraviz_docs.manifest.entries import Expand
from keraviz_docs.outcome import Failure, Outcome, Reading
from keraviz_docs.pages.model_page import Documented, Drawing
from keraviz_docs.pages.writing import WrittenPages, write, write_if_changed

_DRAWN = ".keraviz-drawn.json"


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
    graphviz: EngineName = "bundled",
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
        graphviz: which Graphviz draws.
        jobs: how many models to read, and diagrams to draw, at once.
        pool: where to read them, if not in processes that live as long as this call.
        progress: is told how it goes.

    Raises:
        UserError: the manifest is wrong or names no model, Graphviz is missing, or the directory cannot be written.
    """
    loaded = manifests.load(manifest)
    report = production.produce(loaded.entries, loaded.project, jobs=jobs, pool=pool, progress=progress)
    if not report.models and not report.undiscovered:
        raise UserError(f"{manifest} names no model: add one under `models:`")
    zoo = [Documented(entry=model.entry, outcome=_costed(model.outcome)) for model in report.models]
    zoo, drawn = _drawn(zoo, directory, ("svg", *(form for form in formats if form != "svg")), graphviz, jobs)
    pages = write(loaded.title, zoo, directory, embed=embed, directory_urls=directory_urls, drawn=drawn)
    dependencies = [path for model in report.models for path in model.dependencies]
    return Site(
        title=loaded.title,
        pages=pages,
        report=report,
        undrawn=tuple(model.drawing_failure for model in zoo if model.drawing_failure),
        watched=tuple(dict.fromkeys(path.absolute() for path in (loaded.path, *report.watched, *dependencies))),
    )


def _costed(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Failure) or outcome.architecture.totals.macs is not None:
        return outcome
    return Reading(architecture=with_costs(outcome.architecture), builder=outcome.builder)


def _drawn(
    zoo: Sequence[Documented], directory: Path, formats: Sequence[Format], graphviz: EngineName, jobs: int | None
) -> tuple[list[Documented], list[str]]:
    """Draw what is not drawn yet; return the models with their drawings, and the files by their names."""
    keys: dict[str, str] = {}
    asked: list[Job] = []
    earlier = _record(directory)
    printer = _fingerprint(graphviz)
    for model in zoo:
        if model.reading is None:
            continue
        architecture = model.reading.architecture
        model_key = hashlib.sha256(to_json(architecture) + repr((printer, formats, model.entry.expand)).encode())
        for variant in VARIANTS:
            files = {form: directory / name for form, name in _names(model.id, variant, formats)}
            keys[f"{model.id}-{variant}"] = model_key.hexdigest()
            if earlier.get(f"{model.id}-{variant}") != model_key.hexdigest() or not all(
                path.is_file() for path in files.values()
            ):
                asked.append(Job(architecture, variant, files, _depth(model.entry.expand)))
    errors: dict[tuple[str, Variant], str] = {}
    if asked:
        with Renderer(graphviz, workers=jobs or os.cpu_count() or 1) as renderer:
            for result in renderer.render_all(asked):
                if result.error:
                    errors[result.job.architecture.id, result.job.variant] = result.error
                    keys.pop(f"{result.job.architecture.id}-{result.job.variant}")
        write_if_changed(directory / _DRAWN, json.dumps(keys, indent=0).encode())
    names: list[str] = []
    models: list[Documented] = []
    for model in zoo:
        drawings: list[Drawing] = []
        for variant in VARIANTS if model.reading else ():
            if (model.id, variant) in errors:
                continue
            named = dict(_names(model.id, variant, formats))
            names += named.values()
            svg = (directory / named["svg"]).read_text(encoding="utf-8")
            drawings.append(Drawing(variant, svg, {form: Path(name).name for form, name in named.items()}))
        failure = next((error for (id_, _), error in errors.items() if id_ == model.id), None)
        models.append(replace(model, drawings=tuple(drawings), drawing_failure=failure))
    return models, names


def _names(id_: str, variant: Variant, formats: Iterable[Format]) -> list[tuple[Format, str]]:
    return [(form, f"{id_}/{id_}-{variant}.{form}") for form in formats]


def _depth(expand: Expand) -> int | None:
    if isinstance(expand, int):
        return expand
    return 0 if expand == "none" else None


def _record(directory: Path) -> dict[str, str]:
    try:
        record = json.loads((directory / _DRAWN).read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _fingerprint(graphviz: EngineName) -> str:
    """Identify what draws, so that another version of it draws anew."""
    digest = hashlib.sha256(f"{__version__} {graphviz}".encode())
    for source in sorted(Path(diagrams.__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()
