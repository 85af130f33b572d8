"""A manifest as a person would write it: a line or two for each model, and comments on what is not there."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from keraviz_docs.manifest.entries import Limits
from keraviz_docs.manifest.identifiers import RESERVED_IDS, derive_id
from keraviz_docs.starting.candidates import Candidate, LeftOut
from keraviz_docs.starting.open_inputs import Specification

_SAYS_NOTHING = re.compile(
    r"(_*(build|create|make|get|define|load|new|return|setup)?_*(the|my|a)?_*(keras)?_*"
    r"(model|models|network|networks|net|nets|architecture|builder|builders|main|build|create|make|get|init|zoo)?)",
    re.IGNORECASE,
)
"""Names that every zoo has, such as ``build_model``: what tells a model apart is then its module."""
_PLAIN = re.compile(r"[A-Za-z_](?:[\w./:-]*[\w/]| (?=[\w(]))*")
_NOT_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What YAML 1.1 reads as something else."""
_WIDTH = 110

INTRODUCTION = """\
# Written by `keraviz init`, once; from now on it is yours.
# Title, description, tags, variants: `keraviz schema` tells an editor all that can be said about a model."""

OPEN_INPUTS = """\
# Where sizes of an input are open, costs are lower bounds; take the `# ` from `inputs`, and they are exact."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One model of the manifest."""

    kind: str
    """``builder`` or ``file``."""
    target: str
    id: str
    derived: bool
    """Whether the id is what the manifest would derive from the target."""
    place: str
    """The module, or directory, under which it is listed."""
    section: str | None = None
    guessed: str | None = None
    """Arguments that were guessed, as a mapping on one line of YAML."""
    size: int | None = None
    """Of the inputs that the model is meant for, if its builder says so."""
    inputs: Specification | None = None
    """What closes its open inputs; a guess without ``size``."""


def lines(candidates: Sequence[Candidate], archives: Sequence[Path]) -> tuple[Line, ...]:
    """Give each model an id and a section, by its own name where that says something, else by its module."""
    wanted = [(_telling(each.target.name, each.target.module), each.target.module) for each in candidates]
    wanted += [(archive.stem, archive.parent.as_posix().replace("/", ".")) for archive in archives]
    own = [derive_id(each.target.name) for each in candidates] + [derive_id(archive.stem) for archive in archives]
    ids = _unique(wanted)
    names = [each.target.name for each in candidates]
    sections = _sections([each.target.module for each in candidates], names)
    several = len(set(sections.values())) + bool(archives) > 1
    found = [
        Line(
            kind="builder",
            target=str(each.target),
            id=identity,
            derived=identity == derived,
            place=each.target.module,
            section=sections[each.target.module] if several else None,
            guessed=each.guessed,
            size=each.size,
        )
        for each, identity, derived in zip(candidates, ids, own, strict=False)
    ]
    found += [
        Line(
            kind="file",
            target=archive.as_posix(),
            id=identity,
            derived=identity == derived,
            place="Saved models, of which only the configuration is read",
            section="Saved models" if several else None,
        )
        for archive, identity, derived in zip(archives, ids[len(candidates) :], own[len(candidates) :], strict=True)
    ]
    return tuple(found)


def manifest_text(
    title: str,
    models: Iterable[Line],
    left_out: Iterable[LeftOut] = (),
    *,
    timeout: float = Limits.timeout,
) -> str:
    """Write a manifest.

    Args:
        title: the name of the zoo.
        models: what it lists.
        left_out: what it does not list, and why: comments at its end.
        timeout: seconds that each model is given.
    """
    head = [f"title: {scalar(title)}"]
    if timeout > Limits.timeout:
        head.append(f"defaults: {{timeout: {timeout:g}}}")
    blocks = [
        "\n".join([f"  # {place}", *(line for model in group for line in _entry(model))])
        for place, group in groupby(models, key=lambda model: model.place)
    ]
    models = list(models)
    guesses = any(model.inputs is not None and model.size is None for model in models)
    introduction = f"{INTRODUCTION}\n{OPEN_INPUTS}" if guesses else INTRODUCTION
    parts = [introduction, "\n".join(head), "models:\n" + "\n\n".join(blocks), "\n".join(_left_out(left_out))]
    return "\n\n".join(filter(None, parts)) + "\n"


def scalar(text: str) -> str:
    """Write a text as YAML reads it: bare if it can be, else in quotes."""
    bare = _PLAIN.fullmatch(text) is not None and text.lower() not in _NOT_TEXT and not text.endswith(":")
    return text if bare else '"' + "".join(map(_escaped, text)) + '"'


def _escaped(letter: str) -> str:
    """Write a letter as it stands in a double-quoted text of YAML (YAML 1.2, 5.7)."""
    if letter in '"\\':
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"


def _entry(model: Line) -> Iterator[str]:
    yield f"  - {model.kind}: {scalar(model.target)}"
    if not model.derived:
        yield f"    id: {model.id}"
    if model.section is not None:
        yield f"    section: {scalar(model.section)}"
    if model.guessed is not None:
        yield f"    kwargs: {model.guessed} # a guess: it has no default"
    if model.inputs is not None:
        yield f"    {'# ' if model.size is None else ''}inputs: {_flow(model.inputs)}"


def _flow(value: Any) -> str:
    """Write mappings, lists, texts and whole numbers on one line of YAML."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{scalar(key)}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return scalar(value) if isinstance(value, str) else str(value)


def _left_out(left_out: Iterable[LeftOut]) -> Iterator[str]:
    ordered = sorted(left_out, key=lambda each: each.module)
    if not ordered:
        return
    yield "# Left out, and why. Where an entry stands below, it can be taken up: mend it, and remove the first `# `."
    for module, group in groupby(ordered, key=lambda each: each.module):
        yield f"#\n# {module}"
        for reason, same in groupby(group, key=lambda each: each.reason):
            members = list(same)
            targets = [each for each in members if each.is_target]
            names = ", ".join(f"`{each.target.rpartition(':')[2]}`" for each in members if not each.is_target)
            told = "".join(letter if letter.isprintable() else "�" for letter in f"{names} {reason}".strip())
            for line in textwrap.wrap(told, _WIDTH, break_long_words=False, break_on_hyphens=False):
                yield f"#   # {line}"
            for each in targets:
                yield f"#   - {'builder' if ':' in each.target else 'file'}: {scalar(each.target)}"
                if each.settings:
                    yield f"#     {each.settings}"


def _telling(name: str, module: str) -> str:
    """Return a name, or the nearest part of the module's that says more than ``build_model``."""
    for part in (name, *reversed(module.split("."))):
        if not _SAYS_NOTHING.fullmatch(part):
            return part
    return name


def _unique(wanted: Sequence[tuple[str, str]]) -> list[str]:
    """Make an id of each name; where several would be alike, with as much of the module as tells them apart."""
    depth = [0] * len(wanted)
    while True:
        ids = [_identity(name, module, parts) for (name, module), parts in zip(wanted, depth, strict=True)]
        counts = Counter(ids)
        deeper = [
            index
            for index, identity in enumerate(ids)
            if (counts[identity] > 1 or identity in RESERVED_IDS) and depth[index] < len(wanted[index][1].split("."))
        ]
        if not deeper:
            break
        for index in deeper:
            depth[index] += 1
    return list(_numbered(ids))


def _identity(name: str, module: str, parts: int) -> str:
    before = [part for part in (module.split(".")[-parts:] if parts else []) if part and part != name]
    return derive_id("-".join([*before, name])) or "model"


def _numbered(ids: Iterable[str]) -> Iterator[str]:
    given: set[str] = set()
    for identity in ids:
        number, chosen = 1, identity
        while chosen in given or chosen in RESERVED_IDS:
            number += 1
            chosen = f"{identity[:90]}-{number}"
        given.add(chosen)
        yield chosen


def _sections(modules: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Name a section after each module, spelled as its models are: ``VGG`` for ``vgg``, if it has ``VGG16``."""
    topics = {module: _topic(module) for module in modules}
    spelled: dict[str, str] = {}
    for module, name in zip(modules, names, strict=True):
        joined = topics[module].replace("_", "")
        begins = name[: len(joined)]
        if begins.lower() == joined.lower() and begins != begins.lower():
            spelled.setdefault(joined.lower(), begins)
    sections: dict[str, str] = {}
    for module, topic in topics.items():
        spaced = topic.replace("_", " ") or module
        sections[module] = spelled.get(topic.replace("_", "").lower(), spaced[:1].upper() + spaced[1:])
    return sections


def _topic(module: str) -> str:
    """Return the last part of a module's name that says what is in it."""
    parts = module.split(".")
    part = next((each for each in reversed(parts) if not _SAYS_NOTHING.fullmatch(each)), parts[-1])
    return re.sub(r"_(models?|networks?|nets?|builders?|architectures?)$", "", part.strip("_"))
