"""Widths of text, read from the fonts that this package carries.

A diagram must come out the same on every machine, so nothing here asks the system for a font: boxes are sized from
the advance widths in the vendored Roboto files (TrueType tables ``cmap`` and ``hmtx``, OpenType specification 1.9).
"""

from __future__ import annotations

import struct
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
"""Directory of the vendored fonts; the rendering process sees these and no others."""

FAMILY = "Roboto"
ELLIPSIS = "…"

_FILES = {False: "Roboto-Regular.ttf", True: "Roboto-Bold.ttf"}
_WIDEST = 1.25
"""Advance, in ems, granted to a character that the vendored font lacks: a fallback font's widest (emoji), with room."""

_MARKS = 2
_JOINERS = frozenset("\u200c\u200d")
"""Invisible, but scripts and emoji are misspelt without them."""
_UNDRAWABLE = frozenset(("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"))


@lru_cache(maxsize=65536)
def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of one line of text in points at a font size in points.

    Characters that the vendored font lacks count as wider than any usual font draws them.
    """
    advances = _advances(bold)
    return size * sum(advances.get(character) or _unknown_advance(character) for character in text)


def elide(text: str, size: float, limit: float, *, bold: bool = False) -> str:
    """Return the text, shortened in the middle with an ellipsis if it is wider than ``limit`` points."""
    # No character but a combining mark is narrower than a tenth of an em: a far longer text need not be measured.
    if len(text) * size * 0.1 <= limit and width(text, size, bold=bold) <= limit:
        return text
    room = limit - width(ELLIPSIS, size, bold=bold)
    head, tail = 0, 0
    while True:
        grow_head = head <= tail
        character = text[head] if grow_head else text[len(text) - 1 - tail]
        room -= width(character, size, bold=bold)
        if room < 0 or head + tail >= len(text):
            break
        head, tail = (head + 1, tail) if grow_head else (head, tail + 1)
    return text[:head] + ELLIPSIS + text[len(text) - tail :]


def drawable(text: str) -> str:
    r"""Return the text on one line, as it may be drawn: nothing is invisible, reorders or breaks its surroundings.

    Control characters, bidirectional controls, line separators, surrogates and unassigned characters are spelled as in
    a Python string (``\n``, ``\x1b``, ``\u202e``); of stacked combining marks the first two are kept.
    """
    if text.isascii() and text.isprintable():
        return text
    drawn: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MARKS:
            drawn.append(character if _is_drawable(character) else repr(character)[1:-1])
    return "".join(drawn)


def covers(character: str) -> bool:
    """Whether the vendored font draws this character."""
    return character in _advances(False)


def _is_drawable(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _UNDRAWABLE


def _unknown_advance(character: str) -> float:
    return 0.0 if unicodedata.combining(character) or character in _JOINERS else _WIDEST


@cache
def _advances(bold: bool) -> dict[str, float]:
    """Advance widths in ems by character."""
    data = (FONTS / _FILES[bold]).read_bytes()
    tables = _tables(data)
    (units_per_em,) = struct.unpack_from(">H", data, tables["head"] + 18)
    (metric_count,) = struct.unpack_from(">H", data, tables["hhea"] + 34)
    metrics = struct.unpack_from(f">{2 * metric_count}H", data, tables["hmtx"])[::2]
    return {
        chr(code): metrics[min(glyph, metric_count - 1)] / units_per_em
        for code, glyph in _glyphs(data, tables["cmap"]).items()
    }


def _tables(data: bytes) -> dict[str, int]:
    (count,) = struct.unpack_from(">H", data, 4)
    records = (struct.unpack_from(">4sLLL", data, 12 + 16 * index) for index in range(count))
    return {tag.decode("ascii"): offset for tag, _, offset, _ in records}


def _glyphs(data: bytes, cmap: int) -> dict[int, int]:
    """Read the first subtable of format 4 (segment mapping of the Basic Multilingual Plane)."""
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    offsets = (struct.unpack_from(">HHL", data, cmap + 4 + 8 * index)[2] for index in range(count))
    start = next(cmap + offset for offset in offsets if struct.unpack_from(">H", data, cmap + offset) == (4,))
    segments = struct.unpack_from(">H", data, start + 6)[0] // 2
    ends = struct.unpack_from(f">{segments}H", data, start + 14)
    starts = struct.unpack_from(f">{segments}H", data, start + 16 + 2 * segments)
    deltas = struct.unpack_from(f">{segments}H", data, start + 16 + 4 * segments)
    range_offsets_at = start + 16 + 6 * segments
    range_offsets = struct.unpack_from(f">{segments}H", data, range_offsets_at)
    glyphs: dict[int, int] = {}
    for index, (first, last) in enumerate(zip(starts, ends, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if range_offsets[index]:
                at = range_offsets_at + 2 * index + range_offsets[index] + 2 * (code - first)
                (glyph,) = struct.unpack_from(">H", data, at)
                if glyph == 0:
                    continue
            glyph = (glyph + deltas[index]) & 0xFFFF
            if glyph:
                glyphs[code] = glyph
    return glyphs
