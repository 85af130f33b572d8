"""Rules between the values of a manifest, and between a manifest and the files beside it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from keraviz_docs.errors import Code
from keraviz_docs.manifest.document import Document, quoted
from keraviz_docs.manifest.entries import Position
from keraviz_docs.manifest.identifiers import RESERVED_IDS, derive_id
from keraviz_docs.manifest.mistakes import Mistake
from keraviz_docs.manifest.wording import did_you_mean


def crosscheck(document: Document, project: Path) -> Iterator[Mistake]:
    """Yield the mistakes that no value shows alone: ids used twice, words listed twice, files that do not exist.

    The document may break the schema at the same time; what has the wrong type is passed over here.
    """
    yield from _pairs(document, set((yield from _ids(document))))
    changes = document.value.get("changes") if isinstance(document.value, dict) else None
    if isinstance(changes, dict) and "since" in changes and "tags" in changes:
        sentence = "'changes' has 'since' and 'tags': keep one, they both say what to compare with"
        yield Mistake(document.place(("changes", "tags")).key, sentence, Code.WRITTEN_TWICE)
    for path, place in document.places.items():
        if path[-1:] in {("tags",), ("references",)} and (path[0] == "defaults" or len(path) in (3, 5)):
            yield from _repetitions(document, path)
        if len(path) == 3 and path[0] == "models" and path[2] == "file" and place.written:
            yield from _archive(place.written, project, place.value)


def entry_id(entry: Mapping[Any, Any]) -> str | None:
    """Return the id of a built or saved model: its own, or else the one derived from the function or file name.

    ``None`` if neither can be told, because the entry is of another kind or broken.
    """
    own = entry.get("id")
    if own is not None:
        return own if isinstance(own, str) else None
    builder, file = entry.get("builder"), entry.get("file")
    if isinstance(builder, str) and ":" in builder:
        return derive_id(builder.partition(":")[2])
    if isinstance(file, str):
        return derive_id(Path(file).stem)
    return None


def unknown_model(identifier: str, known: Iterable[str]) -> str:
    """Say that a comparison names a model that is not there."""
    return f"there is no model {quoted(identifier)} to compare: {did_you_mean(identifier, known)}"


def _ids(document: Document) -> Generator[Mistake, None, Iterable[str]]:
    """Yield the mistakes in ids, and return all ids that can be told without importing anything."""
    models = document.value.get("models") if isinstance(document.value, dict) else None
    used: dict[str, Position] = {}
    for index, entry in enumerate(models if isinstance(models, list) else []):
        if not isinstance(entry, dict):
            continue
        base = entry_id(entry)
        if base is None:
            continue
        own = "id" in entry
        place = document.place(("models", index, "id") if own else ("models", index))
        if not base:
            yield Mistake(place.value, "this model needs an 'id': none can be derived from its name", Code.MODEL_ID)
            continue
        origin = "" if own else " (derived from the name, as there is no 'id')"
        yield from _claim(base, place.value, origin, used)
        variants = entry.get("variants")
        for number, variant in enumerate(variants if isinstance(variants, list) else []):
            if isinstance(variant, dict) and isinstance(variant.get("id"), str):
                position = document.place(("models", index, "variants", number, "id")).value
                yield from _claim(f"{base}-{variant['id']}", position, " (model and variant)", used)
    return used


def _pairs(document: Document, known: Set[str]) -> Iterator[Mistake]:
    """Yield the mistakes in pairs of models; what discovery will find cannot be judged yet."""
    value = document.value if isinstance(document.value, dict) else {}
    models, pairs = value.get("models"), value.get("compare")
    listed = [entry for entry in (models if isinstance(models, list) else []) if isinstance(entry, dict)]
    is_complete = not any("discover" in entry for entry in listed)
    used: dict[tuple[str, ...], Position] = {}
    for number, pair in enumerate(pairs if isinstance(pairs, list) else []):
        path: tuple[Any, ...] = ("compare", number) if isinstance(pair, list) else ("compare", number, "models")
        ids = pair.get("models") if isinstance(pair, dict) else pair
        if not isinstance(ids, list) or len(ids) != 2 or not all(isinstance(each, str) for each in ids):
            continue
        for index, identifier in enumerate(ids):
            if is_complete and identifier not in known and known:
                position = document.place((*path, index)).value
                yield Mistake(position, unknown_model(identifier, sorted(known)), Code.UNKNOWN_MODEL)
        position = document.place(path).value
        if ids[0] == ids[1]:
            sentence = f"{quoted(ids[0])} cannot be compared with itself: name two models"
            yield Mistake(position, sentence, Code.WRONG_VALUE)
        elif tuple(ids) in used:
            sentence = f"these two are already compared at {used[tuple(ids)]}: keep one"
            yield Mistake(position, sentence, Code.WRITTEN_TWICE)
        used.setdefault(tuple(ids), position)


def _claim(identifier: str, position: Position, origin: str, used: dict[str, Position]) -> Iterator[Mistake]:
    if identifier in RESERVED_IDS:
        sentence = f"the id {quoted(identifier)}{origin} is taken by {RESERVED_IDS[identifier]}: choose another"
        yield Mistake(position, sentence, Code.MODEL_ID)
    elif identifier in used:
        sentence = f"the id {quoted(identifier)}{origin} is already used at {used[identifier]}: give this one another"
        yield Mistake(position, sentence, Code.SAME_ID)
    else:
        used[identifier] = position


def _repetitions(document: Document, path: tuple[Any, ...]) -> Iterator[Mistake]:
    index = 0
    seen: dict[str, Position] = {}
    while (*path, index) in document.places:
        place = document.places[(*path, index)]
        if place.written is not None:
            if place.written in seen:
                yield Mistake(
                    place.value, f"{quoted(place.written)} is in {quoted(path[-1])} twice: keep one", Code.WRITTEN_TWICE
                )
            seen[place.written] = place.value
        index += 1


def _archive(written: str, project: Path, position: Position) -> Iterator[Mistake]:
    path = project / written
    try:
        if path.is_dir():
            yield Mistake(position, f"{quoted(written)} is a directory, not a .keras file", Code.NO_ARCHIVE)
        elif written.endswith(".keras") and not path.is_file():
            sentence = f"there is no file {quoted(written)} (a path is relative to the manifest)"
            yield Mistake(position, sentence, Code.NO_ARCHIVE)
    except OSError as error:
        yield Mistake(position, f"{quoted(written)} cannot be looked up: {error.strerror}", Code.NO_ARCHIVE)
