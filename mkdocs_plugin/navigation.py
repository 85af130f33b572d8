"""Where the models appear in the navigation of a site."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import yaml
from mkdocs.structure.files import File, InclusionLevel, file_sort_key
from mkdocs.utils import nest_paths

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

    from keraviz_docs.site import Site


def place(config: MkDocsConfig, files: Files, site: Site, prefix: str, prefixes: Sequence[str]) -> None:
    """Put the models into the navigation of a site, whoever makes it.

    The plugins ``awesome-nav`` and ``literate-nav`` make one from files in the directories of the site.  They get
    such a file for ours, unless there is one.

    Args:
        config: MkDocs's configuration, of which ``nav`` may be replaced.
        files: the files of the site, ours among them.
        site: what was built.
        prefix: where in the site that is.
        prefixes: where any models are: a site can have several zoos.
    """
    section_pages = "section-index" in config.plugins
    if "awesome-nav" in config.plugins:
        name, content = config.plugins["awesome-nav"].config["filename"], awesome_nav(site, section_pages=section_pages)
    elif "literate-nav" in config.plugins:
        name, content = config.plugins["literate-nav"].config["nav_file"], literate_nav(site)
        if config.nav is not None:
            config.nav, _ = _placed(config.nav, _ours(site, prefix, section_pages=section_pages), f"{prefix}/")
    else:
        pages = [
            file
            for file in sorted(files.documentation_pages(inclusion=InclusionLevel.is_in_nav), key=file_sort_key)
            if not file.src_uri.startswith(tuple(f"{each}/" for each in prefixes))
        ]
        others = [file.src_uri for file in pages]
        config.nav = with_models(config.nav, others, _ours(site, prefix, section_pages=section_pages), f"{prefix}/")
        return
    if f"{prefix}/{name}" not in files:
        files.append(File.generated(config, f"{prefix}/{name}", content=content, inclusion=InclusionLevel.EXCLUDED))


def with_models(nav: list[Any] | None, others: list[str], ours: dict[str, list[Any]], prefix: str) -> list[Any]:
    """Return a navigation that contains the models.

    - Without a ``nav``, the one that MkDocs would make of the other pages, and the models at its end.
    - In a ``nav``, the entry ``prefix`` becomes the models, under the title that it has there if any.
    - A ``nav`` that lists some of our pages itself stays as it is.
    - Any other ``nav`` gets the models at its end.
    """
    if nav is None:
        nested: list[Any] = nest_paths(others)  # type: ignore[no-untyped-call]  # MkDocs leaves it untyped
        return [*nested, ours]
    placed: list[Any]
    placed, found = _placed(nav, ours, prefix)
    return placed if found or _mentions(nav, prefix) else [*nav, ours]


def models(site: Site, base: str, *, section_pages: bool = False) -> list[Any]:
    """Return the navigation of the models: the overview, pages without a section, then the sections and what compares.

    Args:
        site: what was built.
        base: what the paths of pages begin with.
        section_pages: whether a section's first page without a title of its own is taken for that of the section, as
            the plugin ``section-index`` does.  Then only the overview has none: it is the page of all models.
    """
    overview = f"{base}{site.pages.index.path}"
    entries: list[Any] = [overview if section_pages else {"Overview": overview}]
    for section in site.pages.sections:
        pages: list[Any] = [
            {page.title: f"{base}{page.path}"} if section_pages else f"{base}{page.path}" for page in section.pages
        ]
        entries += [{section.title: pages}] if section.title else pages
    if site.pages.comparisons:
        compared: list[Any] = [
            {page.title: f"{base}{page.path}"} if section_pages else f"{base}{page.path}"
            for page in site.pages.comparisons
        ]
        entries.append({"Comparisons": compared})
    if site.pages.changes:
        entries.append({site.pages.changes.title: f"{base}{site.pages.changes.path}"})
    return entries


def awesome_nav(site: Site, *, section_pages: bool = False) -> str:
    """Return the ``.nav.yml`` from which the plugin ``awesome-nav`` takes the navigation of our directory."""
    nav = {"title": site.pages.index.title, "nav": models(site, "", section_pages=section_pages)}
    return yaml.safe_dump(nav, allow_unicode=True, sort_keys=False)


def literate_nav(site: Site) -> str:
    """Return the ``SUMMARY.md`` from which the plugin ``literate-nav`` takes the navigation of our directory."""
    titles = {page.path: page.title for page in site.pages.pages}
    return "".join(_listed(models(site, ""), titles, ""))


def _ours(site: Site, prefix: str, *, section_pages: bool) -> dict[str, list[Any]]:
    return {site.pages.index.title: models(site, f"{prefix}/", section_pages=section_pages)}


def _listed(entries: list[Any], titles: dict[str, str], indent: str) -> Iterable[str]:
    for entry in entries:
        [(title, content)] = entry.items() if isinstance(entry, dict) else [(titles[entry], entry)]
        if isinstance(content, list):
            yield f"{indent}* {_escaped(title)}\n"
            yield from _listed(content, titles, f"{indent}    ")
        else:
            yield f"{indent}* [{_escaped(title)}]({content})\n"


def _escaped(title: str) -> str:
    r"""Write an HTML-escaped title so that Markdown finds nothing in it; literate-nav has it leave references alone.

    Backslashes would do for pages, but literate-nav takes the titles of sections before they are resolved.
    """
    return re.sub(r"(?<!&)#|[\\`*_{}\[\]()+.!-]", lambda match: f"&#{ord(match[0])};", title)


def _placed(nav: Any, ours: dict[str, list[Any]], placeholder: str) -> tuple[Any, bool]:
    """Replace the placeholder wherever it stands; also say whether it was there."""
    if isinstance(nav, list):
        entries: list[Any] = []
        found = False
        for item in nav:
            if item == placeholder:
                entries.append(ours)
                found = True
            else:
                placed, there = _placed(item, ours, placeholder)
                entries.append(placed)
                found = found or there
        return entries, found
    if isinstance(nav, dict):
        [entries] = ours.values()
        placed_items = {
            title: (entries, True) if item == placeholder else _placed(item, ours, placeholder)
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
