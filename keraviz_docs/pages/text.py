"""Text that a user controls, made safe for each place where a page shows it.

A title, a docstring or a layer name may contain anything: markup, Jinja, front matter, bidirectional overrides.
It is always shown as text.  Jinja's autoescape covers the HTML that we write ourselves; this module covers the
places beyond it: Markdown, front matter, navigation titles and addresses.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from markupsafe import Markup

TITLE_LIMIT = 160
"""Characters of a title in headings, navigation and cards; the rest is cut with an ellipsis."""

_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def showable(text: str) -> str:
    """Replace what neither HTML, XML nor YAML may contain (control characters, lone surrogates) by U+FFFD."""
    return _UNSHOWABLE.sub("\ufffd", text)


@lru_cache(4096)  # a page says the same names and settings over and over
def one_line(text: str, limit: int | None = None) -> str:
    r"""Collapse all white space to single spaces, drop what cannot be shown, and cut after ``limit`` characters.

    A text with bidirectional formatting is isolated, so that it cannot reorder what stands around it
    (Unicode Standard Annex 9, section 2.4.2).

    >>> one_line("a\n  b")
    'a b'
    >>> one_line("abcdef", limit=4)
    'abc…'
    """
    line = showable(" ".join(text.split()))
    if limit is not None and len(line) > limit:
        cut = limit - 1
        while cut > 0 and unicodedata.combining(line[cut]):
            cut -= 1
        line = line[:cut].rstrip() + "…"
    if not _BIDI.search(line) or _is_isolated(line):
        return line
    return f"{_ISOLATE}{line}{_POP_ISOLATE * _open_isolates(line)}{_POP_ISOLATE}"


def as_markdown(text: str) -> str:
    """Return one line of Markdown that renders as exactly this text.

    Every ASCII character that is neither a letter, a digit nor a space becomes a numeric character reference, so
    nothing is left that Markdown, one of its extensions or a template language could take for its own.

    >>> as_markdown("*a* <b>")
    '&#42;a&#42; &#60;b&#62;'
    """
    return "".join(
        character if character.isalnum() or character == " " or ord(character) > 127 else f"&#{ord(character)};"
        for character in one_line(text)
    )


def as_title(text: str) -> str:
    """Return a title for front matter and navigation, which MkDocs themes insert into HTML without escaping it."""
    return html.escape(one_line(text, TITLE_LIMIT))


def web_address(text: str) -> str | None:
    """Return ``text`` if it is an absolute ``http`` or ``https`` address, else ``None``.

    Whatever else a reference says (``javascript:``, ``data:``, a bare citation) is shown as text, not linked.
    """
    candidate = text.strip()
    if re.search(r"[\s\x00-\x20\x7f-\x9f\\]", candidate) or _BIDI.search(candidate):
        return None
    try:
        parts = urlsplit(candidate)
        host = parts.hostname
    except ValueError:
        return None
    return candidate if parts.scheme in {"http", "https"} and host else None


def preformatted(text: str) -> Markup:
    """Escape for the inside of ``<pre>``; line ends become references, since a blank line would end a raw block."""
    return Markup(html.escape(showable(text)).replace("\r\n", "\n").replace("\n", "&#10;"))  # noqa: S704 - escaped


def prose(text: str) -> Markup:
    """Escape a paragraph; what stands between backticks is shown as code, and web addresses are linked."""
    pieces = re.split(r"(``.+?``|`[^`\n]+`)", one_line(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(piece.strip("`")) if position % 2 else _linked(piece)
        for position, piece in enumerate(pieces)
    )


def _linked(text: str) -> Markup:
    pieces = re.split(r"(https?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]])", text)
    return Markup("").join(
        Markup('<a href="{0}">{0}</a>').format(piece)
        if position % 2 and web_address(piece)
        else Markup("{}").format(piece)
        for position, piece in enumerate(pieces)
    )


def _open_isolates(line: str) -> int:
    """Count the isolates that are opened in ``line`` and left open."""
    return list(_isolate_depths(line))[-1] if line else 0


def _is_isolated(line: str) -> bool:
    """Tell whether ``line`` is one isolate from its first character to its last."""
    *within, last = _isolate_depths(line)
    return line.startswith(_ISOLATE) and all(within) and last == 0


def _isolate_depths(line: str) -> Iterator[int]:
    depth = 0
    for character in line:
        if character in "\u2066\u2067\u2068":
            depth += 1
        elif character == _POP_ISOLATE:
            depth = max(0, depth - 1)
        yield depth
