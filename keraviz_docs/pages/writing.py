"""Pages on disk: written only where something changed, and without what is no longer there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from keraviz_docs.architecture import to_json
from keraviz_docs.errors import UserError
from keraviz_docs.pages import palette, text
from keraviz_docs.pages.index_page import index_page, sections
from keraviz_docs.pages.model_page import Documented, model_page
from keraviz_docs.pages.page import Page, fill

_ASSETS = Path(__file__).parent / "assets"
_PARTS = ".parts"
_RECORD = ".keraviz-files.json"
STYLE = "keraviz.css"
SCRIPT = "keraviz.js"
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
    anchors: frozenset[str]


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
    files: tuple[str, ...]
    """All files to be published, pages included: POSIX paths below the directory, sorted."""

    @property
    def pages(self) -> tuple[WrittenPage, ...]:
        """All pages, the index first."""
        return (self.index, *(page for section in self.sections for page in section.pages))

    def part(self, page: str, name: str) -> str:
        """Return a part that was kept aside, of the page with this path.

        Raises:
            OSError: it was embedded, or there is none of this name.
        """
        return (self.directory / PurePosixPath(page).parent / _PARTS / f"{name}.html").read_text(encoding="utf-8")


def write(
    title: str,
    zoo: Sequence[Documented],
    directory: Path,
    *,
    embed: bool = True,
    directory_urls: bool = False,
    drawn: Sequence[str] = (),
) -> WrittenPages:
    """Write the pages of a zoo.

    Files that are up to date are left alone, so that a server that watches them has nothing to do; files of an
    earlier call that this one did not write are removed.

    Args:
        title: the manifest's.
        zoo: the models in the manifest's order.
        directory: where to; made if need be.
        embed: whether diagrams and tables go into the Markdown, for generators without our plugin.  Otherwise they
            are kept aside for :meth:`WrittenPages.part`.
        directory_urls: whether links to other pages end in ``/`` instead of ``/index.html``.
        drawn: files that are in the directory already and belong to it, such as diagrams.

    Raises:
        UserError: the directory cannot be written, or holds files that this function did not write.
    """
    index = index_page(title, zoo, directory_urls=directory_urls)
    written: dict[str, WrittenPage] = {}
    files = set(drawn)
    kept_aside: set[str] = set()
    try:
        earlier = _earlier(directory)
        style = (_ASSETS / "keraviz.css").read_text(encoding="utf-8") + palette.stylesheet()
        write_if_changed(directory / STYLE, style.encode())
        files.add(STYLE)
        for name, source in SHARED.items():
            write_if_changed(directory / name, source.read_bytes())
            files.add(name)
        for page in (index, *_model_pages(zoo, directory_urls)):
            folder = PurePosixPath(page.path).parent
            markdown = page.markdown
            if embed:
                markdown = _standalone(fill(markdown, page.parts.__getitem__), depth=len(folder.parts))
            else:
                for name, part in page.parts.items():
                    aside = (folder / _PARTS / f"{name}.html").as_posix()
                    write_if_changed(directory / aside, part.encode())
                    kept_aside.add(aside)
            write_if_changed(directory / page.path, markdown.encode())
            for name, content in page.assets.items():
                asset = (folder / name).as_posix()
                write_if_changed(directory / asset, content.encode())
                files.add(asset)
            files.add(page.path)
            written[page.path] = WrittenPage(page.path, page.title, page.anchors)
        for model in zoo:
            if model.reading is not None:
                write_if_changed(directory / model.id / f"{model.id}.json", to_json(model.reading.architecture))
                files.add(f"{model.id}/{model.id}.json")
        record = sorted(files | kept_aside)
        _remove(directory, earlier - set(record))
        write_if_changed(directory / _RECORD, json.dumps(record, indent=0).encode())
    except OSError as error:
        raise UserError(f"{directory} cannot be written: {error.strerror or error}") from error
    return WrittenPages(
        directory=directory,
        index=written["index.md"],
        sections=tuple(
            NavigationSection(text.as_title(name), tuple(written[f"{model.id}/index.md"] for model in models))
            for name, models in sections(zoo)
        ),
        files=tuple(sorted(files)),
    )


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write a file unless it has this content already; return whether it was written."""
    try:
        if path.read_bytes() == content:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return True


def _model_pages(zoo: Sequence[Documented], directory_urls: bool) -> Iterable[Page]:
    return (model_page(model, zoo=zoo, directory_urls=directory_urls) for model in zoo)


def _standalone(markdown: str, *, depth: int) -> str:
    """Let a page bring its style and script itself, where no plugin adds them to the site."""
    up = "../" * depth
    return (
        f'{markdown}\n<div class="kv-standalone"><link rel="stylesheet" href="{up}{STYLE}">'
        f'<script src="{up}{SCRIPT}" defer></script></div>\n'
    )


def _earlier(directory: Path) -> set[str]:
    """Return the files of an earlier call; refuse a directory that holds somebody else's ``index.md``."""
    try:
        record = json.loads((directory / _RECORD).read_bytes())
    except FileNotFoundError:
        if (directory / "index.md").exists():
            raise UserError(
                f"{directory} holds an index.md that keraviz did not write: choose a directory of its own for the pages"
            ) from None
        return set()
    except ValueError:
        return set()
    return {name for name in record if isinstance(name, str)} if isinstance(record, list) else set()


def _remove(directory: Path, names: Iterable[str]) -> None:
    root = directory.resolve()
    folders: set[Path] = set()
    for name in names:
        path = directory / name
        if root in path.resolve().parents:
            path.unlink(missing_ok=True)
            folders.add(path.parent)
    for folder in sorted(folders, reverse=True):
        if folder.is_dir() and folder.resolve() != root and not any(child.is_file() for child in folder.rglob("*")):
            shutil.rmtree(folder)
