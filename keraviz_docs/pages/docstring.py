"""Docstrings as paragraphs and sections, without interpreting their text."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

_SECTION = re.compile(r"^(?P<title>[A-Z][A-Za-z ]{1,30}):\s*$")
_ITEM = re.compile(r"^(?P<term>[*\w.]+(?:\s*\([^)]*\))?):\s+(?P<text>\S.*)$")


@dataclass(frozen=True)
class Item:
    """One entry of a section such as ``Args``."""

    term: str
    text: str


@dataclass(frozen=True)
class Block:
    """A paragraph, or text whose line breaks matter (code, lists, anything indented)."""

    text: str
    verbatim: bool = False


@dataclass(frozen=True)
class Section:
    """A Google-style section: items if all of it reads so, else blocks."""

    title: str
    items: tuple[Item, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Docstring:
    """Summary (the first paragraph), description (the paragraphs after it) and sections."""

    summary: str = ""
    description: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()


def parse(docstring: str | None) -> Docstring:
    """Split a docstring in Google style; any other text is all summary and description.

    Sources:
        https://google.github.io/styleguide/pyguide.html#383-functions-and-methods
    """
    if not docstring or not docstring.strip():
        return Docstring()
    body: list[str] = []
    sections: list[tuple[str, list[str]]] = []
    lines = inspect.cleandoc(docstring).splitlines()
    for number, line in enumerate(lines):
        heading = _SECTION.match(line)
        if heading and _indented(next((later for later in lines[number + 1 :] if later.strip()), "")):
            sections.append((heading["title"], []))
        elif sections and (_indented(line) or not line.strip()):
            sections[-1][1].append(line)
        elif sections:
            # Text at the margin after a section belongs to no section: Keras writes so between two of them.
            sections.append(("", [line])) if sections[-1][0] else sections[-1][1].append(line)
        else:
            body.append(line)
    blocks = _blocks(body)
    summary = blocks[0].text if blocks and not blocks[0].verbatim else ""
    return Docstring(
        summary=summary,
        description=blocks[1:] if summary else blocks,
        sections=tuple(_section(title, inspect.cleandoc("\n".join(["", *text]))) for title, text in sections),
    )


def _section(title: str, text: str) -> Section:
    items: list[Item] = []
    for line in text.splitlines():
        item = _ITEM.match(line)
        if item:
            items.append(Item(item["term"], item["text"].strip()))
        elif items and (_indented(line) or not line.strip()):
            items[-1] = Item(items[-1].term, f"{items[-1].text} {line.strip()}".strip())
        else:
            return Section(title, blocks=_blocks(text.splitlines()))
    return Section(title, items=tuple(items))


def _blocks(lines: list[str]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    paragraph: list[str] = []
    fenced = False
    for line in [*lines, ""]:
        fence = line.lstrip().startswith(("```", "~~~"))
        if fence:
            fenced = not fenced
            if fenced and paragraph:
                blocks.append(_block(paragraph))
                paragraph = []
        if line.strip() or fenced:
            paragraph.append(line)
        elif paragraph:
            blocks.append(_block(paragraph))
            paragraph = []
    if paragraph:
        blocks.append(_block(paragraph))
    return tuple(blocks)


def _block(lines: list[str]) -> Block:
    first = lines[0].lstrip()
    if first.startswith(("```", "~~~")):
        closed = lines[-1].lstrip().startswith(first[:3]) and len(lines) > 1
        return Block("\n".join(lines[1 : -1 if closed else None]), verbatim=True)
    listing = any(re.match(r"\s*([-*+]|\d+[.)])\s", line) for line in lines)
    if listing or first.startswith(">>>") or all(_indented(line) for line in lines):
        return Block(inspect.cleandoc("\n".join(["", *lines])), verbatim=True)
    return Block(" ".join(line.strip() for line in lines))


def _indented(line: str) -> bool:
    return line[:1] in {" ", "\t"} and bool(line.strip())
