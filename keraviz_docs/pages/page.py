"""A page: Markdown with a placeholder for each part that must not pass through a Markdown parser.

Headings and the summary are Markdown, so that contents, search and anchors work as on any other page.  Diagrams and
tables are HTML: a parser would take minutes over them, and could change their text.  A placeholder is one line of
HTML that every Markdown parser passes through; :func:`fill` puts the part in its place, before the parser (where
nothing can be done after it) or in the finished page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from keraviz_docs import quantities
from keraviz_docs.pages import figures, text
from keraviz_docs.templating import environment

# Without quotes where another plugin minified the page.
_PLACEHOLDER = re.compile(r'<div data-keraviz="?([a-z0-9-]+)"?></div>')


@dataclass(frozen=True)
class Page:
    """A page that is ready to be written."""

    path: str
    """POSIX path below the directory of all models; always ends in ``index.md``."""
    title: str
    """For navigation: HTML-escaped, one line."""
    markdown: str
    parts: Mapping[str, str]
    """HTML by the name of its placeholder."""
    anchors: frozenset[str] = frozenset()
    """Ids in the parts that other pages may link to."""
    assets: Mapping[str, str] = field(default_factory=dict)
    """Text of files that the page needs, by their names beside it."""


def fill(content: str, part: Callable[[str], str]) -> str:
    """Replace each placeholder in Markdown or HTML by its part.

    The part stands in one ``div`` without blank lines, which Python-Markdown and CommonMark take for one raw block.
    """
    return _PLACEHOLDER.sub(lambda match: _block(part(match[1])), content)


def placeholder(name: str) -> str:
    """Return the line that stands for a part in Markdown."""
    return f'<div data-keraviz="{name}"></div>'


def front_matter(**settings: object) -> str:
    """Return a YAML header; JSON is YAML, and needs no thought about quoting."""
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in settings.items() if value]
    return "\n".join(["---", *lines, "---", "", ""])


def render(template: str, **values: Any) -> str:
    """Render one of this package's templates; every value is escaped unless it is :class:`~markupsafe.Markup`."""
    return _environment().get_template(template).render(**values)


def _block(part: str) -> str:
    lines = (line.strip() for line in part.splitlines())
    return '<section class="kv" data-search-exclude>' + "\n".join(line for line in lines if line) + "</section>"


@cache
def _environment() -> Environment:
    templates = environment("keraviz_docs.pages", "templates")
    templates.filters |= {
        "line": text.one_line,
        "prose": text.prose,
        "pre": text.preformatted,
        "address": text.web_address,
        "scaled": quantities.scaled,
        "bytes": quantities.byte_size,
        "shape": figures.shape_text,
        "count": lambda number: f"{number:,}",
        "trusted": Markup,
    }
    return templates
