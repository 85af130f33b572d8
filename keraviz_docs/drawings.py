"""The drawings of a zoo's models: taken from a store, or drawn while other models are still being read."""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec

from keraviz_docs import __version__, diagrams, folding
from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import SHEETS, EngineName, Format, Job, OverviewJob, Renderer, Sheet, is_condensed
from keraviz_docs.manifest.entries import Expand
from keraviz_docs.pages.model_page import BlockDrawing, Documented, Drawing
from keraviz_docs.pages.writing import write_if_changed
from keraviz_docs.production import BuildProgress, Store
from keraviz_docs.production.store import digest
from keraviz_docs.workers import Workers

_Key = tuple[str, Sheet]


class Drawings:
    """Draws models as they come, each drawing by one call of a worker."""

    def __init__(self, formats: Sequence[Format], graphviz: EngineName, store: Store, workers: Workers) -> None:
        self._formats = formats
        self._graphviz = graphviz
        self._store = store
        self._workers = workers
        self._printer = _fingerprint(graphviz, formats)
        self._stored: dict[_Key, tuple[str, Mapping[str, Path]]] = {}
        self._begun: dict[_Key, tuple[str, Future[str | None]]] = {}

    def prepare(self) -> None:
        """Start the workers: they import what draws while the process that reads still imports Keras."""
        self._workers.start(_nothing)

    def begin(self, model: Documented) -> None:
        """Look for the drawings of a model, and have those drawn that are missing."""
        if model.reading is None:
            return
        architecture = model.reading.architecture
        shown = digest(msgspec.json.encode(architecture, order="deterministic"))
        for sheet in SHEETS:
            key = digest(repr((self._printer, shown, model.entry.expand, sheet)).encode())
            stored = self._store.get_files(key)
            if stored is not None:
                self._stored[model.id, sheet] = key, stored
            else:
                done = self._workers.submit(
                    _draw, self._store, key, sheet, architecture, model.entry.expand, self._formats, self._graphviz
                )
                self._begun[model.id, sheet] = key, done

    def finish(self, progress: BuildProgress) -> dict[_Key, str]:
        """Wait for all drawings; return why some could not be made.

        Raises:
            GraphvizMissingError: Graphviz does not work at all.
            FileNotFoundError: somebody cleared the store meanwhile.
        """
        errors: dict[_Key, str] = {}
        with progress.drawing(len(self._begun)) as drew:
            while self._begun:
                place = next(iter(self._begun))
                key, done = self._begun.pop(place)
                if (error := done.result()) is not None:
                    errors[place] = error
                elif (stored := self._store.get_files(key)) is not None:
                    self._stored[place] = key, stored
                else:
                    raise FileNotFoundError(key)
                drew()
        return errors

    def placed(
        self, zoo: Sequence[Documented], directory: Path, progress: BuildProgress
    ) -> tuple[list[Documented], list[str]]:
        """Wait for all drawings, and copy them to their pages; return the models with them, and the files' names.

        Raises:
            GraphvizMissingError: as :meth:`finish`.
            FileNotFoundError: likewise.
        """
        errors = self.finish(progress)
        names: list[str] = []
        models: list[Documented] = []
        for model in zoo:
            drawings: list[Drawing] = []
            for sheet in SHEETS:
                key, bundle = self._stored.get((model.id, sheet), ("", {}))
                named: dict[str, str] = {form: f"{model.id}-{sheet}.{form}" for form in self._formats}
                if named["svg"] not in bundle:
                    continue
                for name in named.values():
                    write_if_changed(directory / model.id / name, bundle[name].read_bytes())
                    names.append(f"{model.id}/{name}")
                drawings.append(replace(_drawing(model, sheet, bundle, named), digest=key))
            sentences = [errors[model.id, sheet] for sheet in SHEETS if (model.id, sheet) in errors]
            models.append(replace(model, drawings=tuple(drawings), drawing_failure=" ".join(sentences) or None))
        return models, names


class _Parts(msgspec.Struct):
    """What a page shows of an overview, whose files hold all of it on one sheet."""

    svg: str
    blocks: tuple[BlockDrawing, ...]


def _drawing(model: Documented, sheet: Sheet, bundle: Mapping[str, Path], files: Mapping[str, str]) -> Drawing:
    if sheet == "overview":
        parts = msgspec.json.decode(bundle[_parts_name(model.id)].read_bytes(), type=_Parts)
        return Drawing(sheet, parts.svg, files, parts.blocks)
    svg = bundle[files["svg"]].read_text(encoding="utf-8")
    condensed = model.reading is not None and is_condensed(model.reading.architecture, depth=_depth(model.entry.expand))
    return Drawing(sheet, svg, files, condensed=condensed)


def _nothing() -> None:
    """Do nothing: that this module has been imported is all that counts."""


def _draw(
    store: Store,
    key: str,
    sheet: Sheet,
    architecture: Architecture,
    expand: Expand,
    formats: Sequence[Format],
    graphviz: EngineName,
) -> str | None:
    """Draw one sheet into the store; return why that could not be done."""
    with tempfile.TemporaryDirectory(prefix="keraviz-") as draft:
        files = {form: Path(draft, f"{architecture.id}-{sheet}.{form}") for form in formats}
        job: Job | OverviewJob
        if sheet == "overview":
            job = OverviewJob(architecture, files, Path(draft, _parts_name(architecture.id)))
        else:
            job = Job(architecture, sheet, files, _depth(expand))
        error = _renderer(graphviz).carry_out(job).error
        if error is None:
            store.put_files(key, {path.name: path.read_bytes() for path in sorted(Path(draft).iterdir())})
        return error


@cache
def _renderer(graphviz: EngineName) -> Renderer:
    """Return the one Graphviz that a worker keeps running."""
    renderer = Renderer(graphviz)
    atexit.register(renderer.close)
    return renderer


def _parts_name(identifier: str) -> str:
    return f"{identifier}-parts.json"


def _depth(expand: Expand) -> int | None:
    if isinstance(expand, int):
        return expand
    return 0 if expand == "none" else None


@cache
def _fingerprint(graphviz: EngineName, formats: Sequence[Format]) -> str:
    """Identify what draws, so that another version of it draws anew."""
    folders = [Path(folder) for package in (diagrams, folding) for folder in package.__path__]
    sources = [source.read_bytes() for folder in folders for source in sorted(folder.glob("*.py"))]
    return digest(b"\0".join([f"{__version__} {graphviz} {formats}".encode(), *sources]))
