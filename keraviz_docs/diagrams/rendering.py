"""From architectures to files."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Literal

import msgspec

from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import xdot
from keraviz_docs.diagrams.arranging import arrange, in_columns, lines_for
from keraviz_docs.diagrams.dot import figure_source
from keraviz_docs.diagrams.drawing import Drawing
from keraviz_docs.diagrams.engines import Engine, EngineName, GraphvizError, engine
from keraviz_docs.diagrams.figure import SHEETS, Figure, Sheet
from keraviz_docs.diagrams.layout import Geometry, PlacedPiece, Spacing, geometry, place
from keraviz_docs.diagrams.overview import Overview, overview
from keraviz_docs.diagrams.pieces import cut
from keraviz_docs.diagrams.posters import poster
from keraviz_docs.diagrams.svg import svg
from keraviz_docs.diagrams.variants import figure, figures
from keraviz_docs.files import write_whole
from keraviz_docs.folding import fold

Format = Literal["svg", "png", "pdf", "dot"]
FORMATS: tuple[Format, ...] = ("svg", "png", "pdf", "dot")

_FINEST = 200 / 72
"""Pixels per point of a small PNG: what ``keras.utils.plot_model`` uses."""
_LEGIBLE = 1.25
"""Pixels per point at which the smallest text is still easy to read."""
_PIXELS = 8_000_000
"""What a PNG may have at most while it is legible."""
_MOST_PIXELS = 24_000_000
"""What a PNG may have at most in order to be legible."""
_LONGEST_SIDE = 32_000
"""Cairo refuses images of more than 32,767 pixels a side."""
_LONGEST_PAGE = 14_400
"""Points a side; common viewers show no larger page (ISO 32000-1, annex C)."""
_REMEMBERED = 1024
"""Pieces whose layout is remembered: some thirty kilobytes each."""


@dataclass(frozen=True)
class Job:
    """One diagram to draw, and the files to write."""

    architecture: Architecture
    variant: Sheet
    """``overview`` is what :meth:`Renderer.overview` draws."""
    files: Mapping[Format, Path]
    depth: int | None = None


@dataclass(frozen=True)
class ModelDrawings:
    """All drawings of a model."""

    files: Mapping[Sheet, Mapping[Format, bytes]]
    """What was asked for, without what could not be drawn; a model that has no blocks has no overview."""
    parts: bytes
    """JSON for a page: ``svg`` of the overview alone, and ``blocks``, each with its ``id``, ``title`` and ``svg``;
    ``null`` without an overview."""
    errors: tuple[str, ...]
    """One sentence for each sheet that could not be drawn."""


@dataclass(frozen=True)
class Result:
    """A job that is done; ``error`` says in one sentence why its files could not be written."""

    job: Job
    error: str | None


class Renderer:
    """Draws figures with one Graphviz, which it keeps running until it is closed; a context manager.

    Args:
        engine_name: ``bundled`` (in the ``pygraphviz`` wheel) or ``system`` (an installed ``dot``).
        workers: how many diagrams are drawn at the same time.
        timeout: seconds that Graphviz may take for one graph.

    Raises:
        GraphvizMissingError: the engine does not exist.
    """

    def __init__(self, engine_name: EngineName = "bundled", *, workers: int = 1, timeout: float = 120.0) -> None:
        self._engine: Engine = engine(engine_name)
        self._workers = workers
        self._timeout = timeout
        self._known_dialect: xdot.Dialect | None = None
        # Equal pieces have equal sources, and are laid out once: those of one model, and of models of one family.
        self._lay_out = lru_cache(_REMEMBERED)(self._run_dot)

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the Graphviz processes."""
        self._engine.close()

    def draw(self, figure: Figure) -> Drawing:
        """Lay a figure out: along one line, or in columns if it wants to be.

        Raises:
            GraphvizError: Graphviz failed on this figure.
            GraphvizMissingError: Graphviz does not work at all.
        """
        pieces = self._place(figure)
        return in_columns(figure, pieces) if figure.columns else arrange(figure, pieces)

    def overview(self, architecture: Architecture) -> Drawing:
        """Lay out the overview of a model with its blocks below it; a model without blocks as it is.

        Raises as :meth:`draw` does.
        """
        seen = overview(architecture)
        if seen is None:
            return self.draw(figure(architecture))
        return poster(seen, self.draw(seen.figure), {key: self.draw(shown) for key, shown in seen.blocks.items()})

    def svg(self, figure: Figure) -> str:
        """Lay a figure out and return it as SVG; raises as :meth:`draw` does."""
        return svg(self.draw(figure))

    def render(self, figure: Figure, files: Mapping[Format, Path]) -> None:
        """Lay a figure out once and write it in every format that is asked for.

        A long figure is broken into columns or rows where it must fit a page: in PNG and PDF.  Each file appears
        complete or not at all.  Raises as :meth:`draw` does.
        """
        for form, data in self._rendered(figure, files):
            write_whole(files[form], data)

    def write(self, drawing: Drawing, files: Mapping[Format, Path]) -> None:
        """Write a drawing as it is in every format that is asked for; raises as :meth:`draw` does."""
        for form, path in files.items():
            write_whole(path, self._written(drawing, form))

    def model(
        self, architecture: Architecture, formats: Collection[Format], *, depth: int | None = None
    ) -> ModelDrawings:
        """Draw all sheets of a model; what they have in common is found once.

        Args:
            architecture: the model.
            formats: what is written of each sheet.
            depth: how many levels of nested models and composite layers are opened; ``None`` opens all.

        Raises:
            GraphvizMissingError: Graphviz does not work at all.
        """
        root = fold(architecture)
        shown = figures(architecture, depth=depth, root=root)
        files: dict[Sheet, Mapping[Format, bytes]] = {}
        parts = b"null"
        errors: list[str] = []
        for sheet in SHEETS:
            try:
                if sheet != "overview":
                    files[sheet] = dict(self._rendered(shown[sheet], formats))
                elif (seen := overview(architecture, root)) is not None:
                    files[sheet], parts = self._overview(seen, formats)
            except GraphvizError as error:  # noqa: PERF203  # each sheet may fail on its own
                errors.append(_sentence(architecture, sheet, error))
        return ModelDrawings(files, parts, tuple(errors))

    def render_all(self, jobs: Iterable[Job]) -> Iterator[Result]:
        """Carry out many jobs, several at a time, and report each in the order given.

        A diagram that Graphviz cannot draw is reported and the others go on.

        Raises:
            GraphvizMissingError: Graphviz does not work at all.
        """
        with ThreadPoolExecutor(self._workers, thread_name_prefix="keraviz-diagrams") as pool:
            yield from pool.map(self.carry_out, jobs)

    def carry_out(self, job: Job) -> Result:
        """Draw what a job asks for, and write its files; what Graphviz cannot draw is told in the result.

        Raises:
            GraphvizMissingError: Graphviz does not work at all.
        """
        try:
            if job.variant == "overview":
                self.write(self.overview(job.architecture), job.files)
            else:
                self.render(figure(job.architecture, job.variant, depth=job.depth), job.files)
        except GraphvizError as error:
            return Result(job, _sentence(job.architecture, job.variant, error))
        return Result(job, None)

    def _rendered(self, figure: Figure, formats: Collection[Format]) -> Iterator[tuple[Format, bytes]]:
        pieces = self._place(figure) if set(formats) - {"dot"} else ()
        for form in formats:
            if form == "dot":
                yield form, figure_source(figure).encode()
                continue
            drawing = arrange(figure, pieces)
            if form != "svg":
                drawing = arrange(figure, pieces, lines=lines_for(drawing))
            yield form, self._written(drawing, form)

    def _written(self, drawing: Drawing, form: Format) -> bytes:
        if form == "dot":
            return figure_source(drawing.figure).encode()
        return svg(drawing).encode() if form == "svg" else self._image(drawing, form)

    def _overview(self, seen: Overview, formats: Collection[Format]) -> tuple[dict[Format, bytes], bytes]:
        whole = self.draw(seen.figure)
        blocks = {key: self.draw(shown) for key, shown in seen.blocks.items()}
        sheet = poster(seen, whole, blocks)
        shown = [
            {"id": block.figure.prefix, "title": seen.titles[key], "svg": svg(block)} for key, block in blocks.items()
        ]
        parts = msgspec.json.encode({"svg": svg(whole), "blocks": shown})
        return {form: self._written(sheet, form) for form in formats}, parts

    def _place(self, figure: Figure) -> tuple[PlacedPiece, ...]:
        compact = figure.variant == "numbered"
        spacing = Spacing(figure.horizontal, nodes=0.2 if compact else 0.3, ranks=0.28 if compact else 0.36)
        return tuple(place(piece, spacing, self._lay_out) for piece in cut(figure, between_frames=figure.columns))

    def _run_dot(self, source: str) -> Geometry:
        return geometry(self._engine.run(source, "dot", "json0", self._timeout))

    def _image(self, drawing: Drawing, form: Format) -> bytes:
        width, height, dialect = drawing.width, drawing.height, self._dialect()
        if form == "png":
            source = xdot.source(drawing, dialect, pixels_per_point=png_scale(width, height))
        else:
            source = xdot.source(drawing, dialect, scale=min(1.0, _LONGEST_PAGE / max(width, height)))
        data = self._engine.run(source, "nop2", form, self._timeout)
        return _without_date(data) if form == "pdf" else data

    def _dialect(self) -> xdot.Dialect:
        if self._known_dialect is None:
            sample = self._engine.run(xdot.SAMPLE, "nop2", "svg", self._timeout)
            self._known_dialect = xdot.dialect(sample.decode())
        return self._known_dialect


def _sentence(architecture: Architecture, sheet: Sheet, error: GraphvizError) -> str:
    return f"{architecture.id}, {sheet} diagram: {error.message} [{error.code.value}]"


def _without_date(pdf: bytes) -> bytes:
    """Blank Cairo's creation date; the length stays, since a PDF is read by byte offsets."""
    return re.sub(rb"/CreationDate \([^)]*\)", lambda match: b" " * len(match[0]), pdf)


def png_scale(width: float, height: float) -> float:
    """Choose pixels per point, so that a PNG is fine enough to read and neither huge nor beyond Cairo's limit."""
    comfortable = math.sqrt(_PIXELS / (width * height))
    needed = min(_LEGIBLE, math.sqrt(_MOST_PIXELS / (width * height)))
    return min(_FINEST, max(comfortable, needed), _LONGEST_SIDE / max(width, height))
