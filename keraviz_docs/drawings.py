"""The drawings of a zoo's models: taken from a store, or drawn while other models are still being read."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import msgspec

from keraviz_docs import __version__, diagrams, folding
from keraviz_docs.diagrams import SHEETS, EngineName, Format, Renderer, is_condensed
from keraviz_docs.digests import digest
from keraviz_docs.manifest.entries import Expand
from keraviz_docs.outcome import Failure, Packed, Reading
from keraviz_docs.pages.model_page import BlockDrawing, Documented, Drawing, Sheets
from keraviz_docs.pages.record import KEPT_ASIDE, write_if_changed
from keraviz_docs.production import BuildProgress, Store
from keraviz_docs.workers import Workers

_PARTS = "overview.json"
_log = logging.getLogger(__name__)


class Drawings:
    """Draws models as they come, each by one call of a worker."""

    def __init__(
        self,
        formats: Sequence[Format],
        graphviz: EngineName,
        store: Store,
        workers: Workers,
        directory: Path | None = None,
    ) -> None:
        """Draw nothing yet.

        Args:
            formats: what is drawn; ``svg`` is among them.
            graphviz: which Graphviz draws.
            store: where drawings are kept from one build to the next.
            workers: who draws.
            directory: where the models' pages are; without it, drawings are only stored.
        """
        self._formats = tuple(formats)
        self._graphviz = graphviz
        self._store = store
        self._workers = workers
        self._directory = directory.absolute() if directory else None  # workers have a current directory of their own
        self._printer = _fingerprint(graphviz, self._formats)
        self._keys: dict[str, str] = {}
        self._begun: dict[str, Future[_Drawn]] = {}
        self._drawn: dict[str, _Drawn] = {}

    def prepare(self, models: int) -> None:
        """Start workers for so many models: they import what draws while the process that reads imports Keras."""
        self._workers.start(_nothing, models)

    def begin(self, model: Documented) -> None:
        """Take the drawings of a model from the store, or have them drawn."""
        if isinstance(model.outcome, Failure):
            return
        shown = model.outcome if isinstance(model.outcome, Packed) else Packed.of(model.outcome)
        key = self._keys[model.id] = digest(repr((self._printer, shown.digest, model.entry.expand)).encode())
        stored = self._store.get_files(key)
        folder = self._directory / model.id if self._directory else None
        try:
            if stored is not None and folder is not None:
                for name, path in stored.items():
                    write_if_changed(folder / _place(name), path.read_bytes())
        except FileNotFoundError:  # somebody cleared the store meanwhile
            stored = None
        if stored is not None:
            self._drawn[model.id] = _Drawn(tuple(map(_place, stored)), (), None)
        else:
            self._begun[model.id] = self._workers.submit(
                _draw, shown, _depth(model.entry.expand), self._formats, self._graphviz, self._store, key, folder
            )

    def finish(self, progress: BuildProgress) -> tuple[str, ...]:
        """Wait for all drawings; return a sentence for each that could not be made.

        Raises:
            GraphvizMissingError: Graphviz does not work at all.
            OSError: there is no directory for the pages, and the store cannot be written.
        """
        with progress.drawing(len(self._begun)) as drew:
            while self._begun:
                identifier = next(iter(self._begun))
                drawn = self._drawn[identifier] = self._begun.pop(identifier).result()
                if drawn.unstored is not None:
                    if self._directory is None:
                        raise drawn.unstored
                    _log.warning("%s: nothing can be cached there: %s", self._store.directory, drawn.unstored)
                drew()
        return tuple(error for drawn in self._drawn.values() for error in drawn.errors)

    def placed(self, zoo: Sequence[Documented], progress: BuildProgress) -> tuple[list[Documented], list[str]]:
        """Wait until all drawings lie beside their pages; return the models with them, and the files' names.

        Raises:
            GraphvizMissingError: as :meth:`finish`.
            OSError: the directory cannot be written.
        """
        self.finish(progress)
        assert self._directory is not None  # noqa: S101  # who wants them placed says where
        names: list[str] = []
        models: list[Documented] = []
        for model in zoo:
            drawn = self._drawn.get(model.id)
            if drawn is not None:
                names += (f"{model.id}/{name}" for name in drawn.names)
                load = partial(
                    _load, self._directory / model.id, drawn.names, self._formats, _depth(model.entry.expand)
                )
                sheets = Sheets(self._keys[model.id], drawn.names, load)
                model = replace(model, sheets=sheets, drawing_failure=" ".join(drawn.errors) or None)
            models.append(model)
        return models, names


@dataclass(frozen=True)
class _Drawn:
    """What became of one model's drawings."""

    names: tuple[str, ...]
    errors: tuple[str, ...]
    """One sentence for each that Graphviz could not draw."""
    unstored: OSError | None
    """Why they could not be kept for the next build."""


class _Parts(msgspec.Struct):
    """What a page shows of an overview, whose files hold all of it on one sheet."""

    svg: str
    blocks: tuple[BlockDrawing, ...]


def _place(name: str) -> str:
    """Return where a stored file lies below a model's directory."""
    return f"{KEPT_ASIDE}/{name}" if name == _PARTS else name


def _load(
    folder: Path, names: Sequence[str], formats: Sequence[Format], depth: int | None, reading: Reading
) -> tuple[Drawing, ...]:
    """Load the drawings that lie beside a model's page."""
    architecture = reading.architecture
    drawings: list[Drawing] = []
    for sheet in SHEETS:
        files: dict[str, str] = {form: f"{architecture.id}-{sheet}.{form}" for form in formats}
        if files["svg"] not in names:
            continue
        if sheet == "overview":
            parts = msgspec.json.decode((folder / _place(_PARTS)).read_bytes(), type=_Parts)
            drawings.append(Drawing(sheet, parts.svg, files, parts.blocks))
        else:
            svg = (folder / files["svg"]).read_text(encoding="utf-8")
            drawings.append(Drawing(sheet, svg, files, condensed=is_condensed(architecture, depth=depth)))
    return tuple(drawings)


def _nothing() -> None:
    """Do nothing: that this module has been imported is all that counts."""


def _draw(
    packed: Packed,
    depth: int | None,
    formats: Sequence[Format],
    graphviz: EngineName,
    store: Store,
    key: str,
    folder: Path | None,
) -> _Drawn:
    """Draw all sheets of a model into a folder, and into the store unless one failed."""
    architecture = packed.reading().architecture
    drawn = _renderer(graphviz).model(architecture, formats, depth=depth)
    contents = {
        f"{architecture.id}-{sheet}.{form}": content
        for sheet, files in drawn.files.items()
        for form, content in files.items()
    }
    contents[_PARTS] = drawn.parts
    if folder is not None:
        for name, content in contents.items():
            write_if_changed(folder / _place(name), content)
    unstored = None
    if not drawn.errors:
        try:
            store.put_files(key, contents)
        except OSError as error:
            unstored = error
    return _Drawn(tuple(map(_place, contents)), drawn.errors, unstored)


@cache
def _renderer(graphviz: EngineName) -> Renderer:
    """Return the one Graphviz that a worker keeps running."""
    renderer = Renderer(graphviz)
    atexit.register(renderer.close)
    return renderer


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
