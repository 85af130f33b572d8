"""Where the models appear in the navigation of a site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import InclusionLevel, file_sort_key
from mkdocs.utils import nest_paths

if TYPE_CHECKING:
    from mkdocs.structure.files import Files

    from keraviz_docs.site import Site


def with_models(nav: list[Any] | None, files: Files, site: Site, prefix: str) -> list[Any]:
    """Return a navigation that contains the models.

    - Without a ``nav``, the one that MkDocs would make of the other pages, and the models at its end.
    - In a ``nav``, the entry ``prefix/`` becomes the models, under the title that it has there if any.
    - A ``nav`` that lists some of our pages itself stays as it is.
    - Any other ``nav`` gets the models at its end.
    """
    title = site.pages.index.title
    if nav is None:
        others = [
            file
            for file in sorted(files.documentation_pages(inclusion=InclusionLevel.is_in_nav), key=file_sort_key)
            if not file.src_uri.startswith(f"{prefix}/")
        ]
        nested: list[Any] = nest_paths(file.src_uri for file in others)  # type: ignore[no-untyped-call]  # MkDocs's
        return [*nested, {title: models(site, prefix)}]
    placed: list[Any]
    placed, found = _placed(nav, site, prefix)
    if found or _mentions(nav, f"{prefix}/"):
        return placed
    return [*nav, {title: models(site, prefix)}]


def models(site: Site, prefix: str) -> list[Any]:
    """Return the navigation of the models: the overview, pages without a section, then the sections."""
    entries: list[Any] = [{"Overview": f"{prefix}/{site.pages.index.path}"}]
    for section in site.pages.sections:
        pages = [f"{prefix}/{page.path}" for page in section.pages]
        entries += [{section.title: pages}] if section.title else pages
    return entries


def _placed(nav: Any, site: Site, prefix: str) -> tuple[Any, bool]:
    """Replace the placeholder wherever it stands; also say whether it was there."""
    if isinstance(nav, list):
        entries: list[Any] = []
        found = False
        for item in nav:
            if item == f"{prefix}/":
                entries.append({site.pages.index.title: models(site, prefix)})
                found = True
            else:
                placed, there = _placed(item, site, prefix)
                entries.append(placed)
                found = found or there
        return entries, found
    if isinstance(nav, dict):
        placed_items = {
            title: (models(site, prefix), True) if item == f"{prefix}/" else _placed(item, site, prefix)
            for title, item in nav.items()
        }
        return {title: placed for title, (placed, _) in placed_items.items()}, any(
            there for _, there in placed_items.values()
        )
    return nav, False


def _mentions(nav: Any, prefix: str) -> bool:
    if isinstance(nav, dict):
        return any(_mentions(item, prefix) for item in nav.values())
    if isinstance(nav, list):
        return any(_mentions(item, prefix) for item in nav)
    return isinstance(nav, str) and nav.startswith(prefix)
