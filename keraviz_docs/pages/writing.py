"""Pages on disk: written only where something changed, and without what is no longer there."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath

import msgspec

from keraviz_docs import __version__
from keraviz_docs.digests import digest
from keraviz_docs.manifest.entries import BuilderTarget, Limits
from keraviz_docs.pages import changes_page, comparison_page, palette, text
from keraviz_docs.pages.changes_page import Changes
from keraviz_docs.pages.comparison_page import ComparedPair
from keraviz_docs.pages.figures import Figures
from keraviz_docs.pages.index_page import index_page, sections
from keraviz_docs.pages.model_page import Documented, model_page, with_relatives
from keraviz_docs.pages.page import Page, fill
from keraviz_docs.pages.record import (
    KEPT_ASIDE,
    SCRIPT,
    STYLE,
    Earlier,
    Piece,
    Record,
    claimed,
    keep,
    published,
    refusing,
    write_if_changed,
)
from keraviz_docs.workers import Workers

_ASSETS = Path(__file__).parent / "assets"
_MINIATURE = "miniature"
SHARED = {
    SCRIPT: _ASSETS / "keraviz.js",
    "panzoom.min.js": _ASSETS / "vendor" / "panzoom-4.6.2.min.js",
    "panzoom.LICENSE.txt": _ASSETS / "vendor" / "panzoom.LICENSE.txt",
}
"""Files that all pages share, beside the style.  No model id has a dot, so they cannot meet a model's directory."""


@dataclass(frozen=True)
class WrittenPage:
    """A page that lies on disk."""

    path: str
    """POSIX path below the directory."""
    title: str
    """HTML-escaped."""
    layers: int = 0
    """How many rows of the layer table can be linked to."""
    others: frozenset[str] = frozenset()
    """Further anchors."""

    @property
    def anchors(self) -> frozenset[str]:
        """What other pages may link to."""
        return self.others.union(map(_row, range(1, self.layers + 1)))


@cache  # MkDocs keeps the anchors of all pages
def _row(number: int) -> str:
    return f"layer-{number}"


@dataclass(frozen=True)
class NavigationSection:
    """Pages under one heading of the navigation."""

    title: str
    """HTML-escaped; empty for pages without a section."""
    pages: tuple[WrittenPage, ...]


@dataclass(frozen=True)
class WrittenPages:
    """Everything that :func:`write` left in a directory."""

    directory: Path
    index: WrittenPage
    sections: tuple[NavigationSection, ...]
    comparisons: tuple[WrittenPage, ...]
    changes: WrittenPage | None
    files: tuple[str, ...]
    """All files to be published, pages included: POSIX paths below the directory, sorted."""

    @property
    def pages(self) -> tuple[WrittenPage, ...]:
        """All pages, the index first."""
        models = (page for section in self.sections for page in section.pages)
        return (self.index, *models, *self.comparisons, *([self.changes] if self.changes else []))

    def part(self, page: str, name: str) -> str:
        """Return a part that was kept aside, of the page with this path.

        Raises:
            OSError: it was embedded, or there is none of this name.
        """
        return (self.directory / PurePosixPath(page).parent / KEPT_ASIDE / f"{name}.html").read_text(encoding="utf-8")


def write(
    title: str,
    zoo: Sequence[Documented],
    directory: Path,
    *,
    pairs: Sequence[ComparedPair] = (),
    changes: Changes | None = None,
    embed: bool = True,
    directory_urls: bool = False,
    drawn: Sequence[str] = (),
    workers: Workers | None = None,
    earlier: Earlier | None = None,
) -> WrittenPages:
    """Write the pages of a zoo.

    Files that are up to date are left alone, so that a server that watches them has nothing to do; files of an
    earlier call that this one did not write are removed.

    Args:
        title: the manifest's.
        zoo: the models in the manifest's order.
        directory: where to; made if need be.
        pairs: the comparisons that get a page.
        changes: what the page of changes says; there is none without it.
        embed: whether diagrams and tables go into the Markdown, for generators without our plugin.  Otherwise they
            are kept aside for :meth:`WrittenPages.part`.
        directory_urls: whether links to other pages end in ``/`` instead of ``/index.html``.
        drawn: files that are in the directory already and belong to it, such as diagrams; those kept aside, too.
        workers: who composes the models' pages, when not this process.
        earlier: what :func:`claimed` gave for this directory, if it was asked.

    Raises:
        UserError: the directory cannot be written, or holds files that this function did not write.
    """
    written: dict[str, WrittenPage] = {}
    files = {*published(drawn), STYLE, *SHARED}
    pieces: dict[str, Piece] = {}
    with contextlib.ExitStack() as opened, refusing(directory):
        earlier = earlier or opened.enter_context(claimed(directory))
        style = (_ASSETS / "keraviz.css").read_text(encoding="utf-8") + palette.stylesheet()
        write_if_changed(directory / STYLE, style.encode())
        for name, source in SHARED.items():
            write_if_changed(directory / name, source.read_bytes())
        settings = f"{_fingerprint()} {embed} {directory_urls}"
        zoo = [
            replace(model, comparisons=comparison_page.links(model, pairs), changes=changes_page.links(model, changes))
            for model in with_relatives(zoo)
        ]
        begun: list[tuple[Documented, Piece | Future[Piece]]] = []
        for model in zoo:
            key = digest(settings, _essence(model))
            piece = earlier.piece(model.id, key)
            if piece is not None:
                begun.append((model, piece))
            elif workers is None:
                begun.append((model, _write_model(directory, model, key, embed, directory_urls)))
            else:
                # Workers have a current directory of their own.
                place = directory.absolute()
                begun.append((model, workers.submit(_write_model, place, model, key, embed, directory_urls)))
        for model, done in begun:
            pieces[model.id] = done.result() if isinstance(done, Future) else done
            path = f"{model.id}/index.md"
            written[path] = WrittenPage(path, text.as_title(model.title), layers=model.nodes)
        for pair in pairs:
            essences = map(_essence, (pair.base, pair.head))
            key = digest(settings, pair.heading, pair.summary, *essences, repr(pair.compared))
            folder = f"{comparison_page.FOLDER}/{pair.id}"
            piece = earlier.piece(folder, key)
            if piece is None:
                page = comparison_page.comparison_page(pair, directory_urls=directory_urls)
                piece = _write_page(directory, page, key, embed=embed)
            pieces[folder] = piece
            written[pair.path] = WrittenPage(pair.path, text.as_title(pair.heading))
        if changes is not None:
            titles = repr([(model.id, model.title) for model in zoo])
            key = digest(settings, titles, repr(changes))
            piece = earlier.piece(changes_page.FOLDER, key)
            if piece is None:
                page = changes_page.changes_page(changes, zoo, directory_urls=directory_urls)
                piece = _write_page(directory, page, key, embed=embed)
            pieces[changes_page.FOLDER] = piece
            path = f"{changes_page.FOLDER}/index.md"
            written[path] = WrittenPage(path, "Changes", others=changes.anchors)
        key = digest(settings, title, *(piece.key for piece in pieces.values()))
        piece = earlier.piece("", key)
        if piece is None:
            thumbnails = {model.id: _aside(directory, model.id, _MINIATURE).read_text("utf-8") for model in zoo}
            zoo = [replace(model, known_figures=_figures(pieces[model.id])) for model in zoo]
            index = index_page(
                title, zoo, thumbnails=thumbnails, pairs=pairs, changes=changes, directory_urls=directory_urls
            )
            piece = _write_page(directory, index, key, embed=embed)
        pieces[""] = piece
        written["index.md"] = WrittenPage("index.md", text.as_title(title))
        files.update(name for piece in pieces.values() for name in piece.published)
        record = Record(sorted(files.union(drawn, *(piece.files for piece in pieces.values()))), pieces)
        _remove(directory, set(earlier.files) - set(record.files))
        keep(directory, record)
    return WrittenPages(
        directory=directory,
        index=written["index.md"],
        sections=tuple(
            NavigationSection(text.as_title(name), tuple(written[f"{model.id}/index.md"] for model in models))
            for name, models in sections(zoo)
        ),
        comparisons=tuple(written[pair.path] for pair in pairs),
        changes=written.get(f"{changes_page.FOLDER}/index.md"),
        files=tuple(sorted(files)),
    )


def _figures(piece: Piece) -> Figures | None:
    return msgspec.convert(piece.figures, Figures | None)


def _write_model(directory: Path, model: Documented, key: str, embed: bool, directory_urls: bool) -> Piece:
    model = model.loaded()
    page = model_page(model, directory_urls=directory_urls)
    piece = _write_page(directory, page, key, embed=embed, aside={_MINIATURE: model.thumbnail or ""})
    return msgspec.structs.replace(piece, figures=msgspec.to_builtins(model.figures))


def _write_page(directory: Path, page: Page, key: str, *, embed: bool, aside: Mapping[str, str] | None = None) -> Piece:
    folder = PurePosixPath(page.path).parent
    shown = {page.path: page.markdown} | {(folder / name).as_posix(): text for name, text in page.assets.items()}
    kept = dict(aside or {})
    if embed:
        shown[page.path] = _standalone(fill(page.markdown, page.parts.__getitem__), depth=len(folder.parts))
    else:
        kept |= page.parts
    hidden = {(folder / KEPT_ASIDE / f"{name}.html").as_posix(): content for name, content in kept.items()}
    files = {name: content.encode() for name, content in sorted((shown | hidden).items())}
    for name, content in files.items():
        write_if_changed(directory / name, content)
    return Piece(key, {name: digest(content) for name, content in files.items()})


def _aside(directory: Path, folder: str, name: str) -> Path:
    return directory / folder / KEPT_ASIDE / f"{name}.html"


def _essence(model: Documented) -> str:
    """Return everything that a page says about a model, for comparison with what it said before."""
    # Where an entry stands, where its archive lies and what reading it may use are on no page.
    entry = replace(model.entry, target=BuilderTarget("", model.title), position=None, limits=Limits())
    drawings = [
        (drawing.svg, drawing.blocks, drawing.variant, sorted(drawing.files.items()), drawing.condensed)
        for drawing in model.drawings
    ]
    sheets = (model.sheets.digest, model.sheets.files) if model.sheets else None
    links = model.relatives, model.comparisons, model.changes
    outcome = model.digest or msgspec.json.encode(model.outcome, order="deterministic")
    return repr((entry, outcome, drawings, sheets, model.drawing_failure, links))


@cache
def _fingerprint() -> str:
    """Identify the code and the templates that make pages, so that another version makes them anew."""
    here = Path(__file__).parent
    packages = [here, *(here.parent / name for name in ("charts", "cost", "folding"))]
    sources = [*(source for package in packages for source in sorted(package.glob("*.py")))]
    sources += sorted((here / "templates").iterdir())
    return digest(__version__, *(source.read_text(encoding="utf-8") for source in sources if source.is_file()))


def _standalone(markdown: str, *, depth: int) -> str:
    """Let a page bring its style and script itself, where no plugin adds them to the site."""
    up = "../" * depth
    return (
        f'{markdown}\n<div class="kv-standalone"><link rel="stylesheet" href="{up}{STYLE}">'
        f'<script src="{up}{SCRIPT}" defer></script></div>\n'
    )


def _remove(directory: Path, names: Iterable[str]) -> None:
    root = directory.resolve()
    folders: set[Path] = set()
    for name in names:
        path = directory / name
        if root in path.resolve().parents:
            path.unlink(missing_ok=True)
            folders.update(directory / parent for parent in PurePosixPath(name).parents)
    for folder in sorted(folders, reverse=True):
        if folder.is_dir() and folder.resolve() != root and not any(child.is_file() for child in folder.rglob("*")):
            shutil.rmtree(folder)
