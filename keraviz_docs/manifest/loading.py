"""From the text of ``zoo.yml`` to a :class:`Manifest`, or to all of its mistakes at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keraviz_docs.errors import Code
from keraviz_docs.manifest import document as documents
from keraviz_docs.manifest.crosschecks import crosscheck, entry_id
from keraviz_docs.manifest.document import Document
from keraviz_docs.manifest.entries import (
    BuilderTarget,
    ChangesPage,
    DiscoverEntry,
    Growth,
    Limits,
    Manifest,
    ModelEntry,
    Pair,
    Policy,
    Position,
    SavedModelTarget,
    project_of,
)
from keraviz_docs.manifest.mistakes import ManifestError, Mistake, shown
from keraviz_docs.manifest.validation import violations

MAX_BYTES = 2_000_000


def load(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestError: there is no such file, or what it says is wrong; all mistakes, each with its position.
    """
    name = shown(path)
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except IsADirectoryError as error:
        raise _unplaced(f"{name} is a directory: name the manifest in it, such as {name}/zoo.yml") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _unplaced(f"there is no manifest {name}{_neighbour(path)}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unplaced(f"the manifest {name} cannot be read: {reason}") from error
    if data is None:
        raise _unplaced(f"{name} is larger than {MAX_BYTES:,} bytes: this is no manifest")
    if b"\0" in data:
        raise _unplaced(f"{name} is a binary file, not a manifest")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode().splitlines(keepends=True)
        complete = bool(before) and before[-1].endswith(("\n", "\r"))
        line, column = (len(before) + 1, 1) if complete or not before else (len(before), len(before[-1]) + 1)
        message = "this is not UTF-8 text: save the file with the encoding UTF-8"
        raise ManifestError([Mistake(Position(name, line, column), message, Code.NO_MANIFEST)]) from error
    return loads(text, path)


def loads(text: str, path: Path) -> Manifest:
    """Read the text of a manifest; ``path`` is where it stands, or would.

    Raises:
        ManifestError: what the text says is wrong; all mistakes, each with its position.
    """
    document = documents.read(text, shown(path))
    if document.empty:
        message = "the manifest is empty: it needs 'models:' with a list, such as - builder: package.module:function"
        raise ManifestError([Mistake(document.place(()).value, message, Code.NO_MODELS)])
    path = path.absolute()
    mistakes = [*document.mistakes, *violations(document), *crosscheck(document, path.parent)]
    if mistakes:
        raise ManifestError(mistakes)
    return _manifest(document, path)


def parse_value(text: str) -> Any:
    """Read one YAML value, as ``kwargs`` could hold it: what a command line gives for an argument.

    Raises:
        ManifestError: it is no YAML, or a value that ``kwargs`` cannot hold; positions are those in the text.
    """
    document = documents.read(text, "")
    if document.mistakes:
        raise ManifestError(document.mistakes)
    return document.value


def parse_inputs(text: str) -> Any:
    """Read the value of ``inputs`` from one line of YAML, such as ``{shape: [32, 32, 3]}``.

    Raises:
        ManifestError: it is no YAML, or nothing that ``inputs`` can be; positions are those in the text.
    """
    document = documents.read(text, "")
    around: documents.Path = ("models", 0, "inputs")
    # A whole manifest around it, so that the schema and its sentences apply as they are.
    whole = Document(
        value={"models": [{"builder": "package.module:function", "inputs": document.value}]},
        places={(*around[:length],): document.place(()) for length in range(len(around))}
        | {(*around, *path): place for path, place in document.places.items()},
        mistakes=document.mistakes,
        unreadable=frozenset((*around, *path) for path in document.unreadable),
        empty=False,
    )
    mistakes = [*whole.mistakes, *violations(whole)]
    if mistakes:
        raise ManifestError(mistakes)
    return document.value


def _manifest(document: Document, path: Path) -> Manifest:
    value: Mapping[str, Any] = document.value
    # Files are written relative to the manifest, and known by their path in the project that imports start from.
    directory = path.parent.resolve().relative_to(project_of(path))
    defaults: Mapping[str, Any] = value.get("defaults", {})
    entries: list[ModelEntry | DiscoverEntry] = []
    review: Mapping[str, Any] = value.get("review", {})
    policies: dict[str, Policy] = {}
    for index, own in enumerate(value["models"]):
        position = document.place(("models", index)).value
        entry = {**defaults, **own}
        if "discover" in own:
            entries.append(DiscoverEntry(module=own["discover"], position=position, **_shared(entry)))
            continue
        model = _model(entry, position, directory)
        entries.append(model)
        rules = {**review, **own.get("review", {})}
        if "review" in own:
            policies[model.id] = _policy(rules)
        for number, variant in enumerate(own.get("variants", ())):
            place = document.place(("models", index, "variants", number)).value
            derived = _variant(model, entry, variant, place, directory)
            entries.append(derived)
            if "review" in own or "review" in variant:
                policies[derived.id] = _policy({**rules, **variant.get("review", {})})
    return Manifest(
        path=path,
        title=value.get("title", Manifest.title),
        entries=tuple(entries),
        on_error=value.get("on_error", Manifest.on_error),
        graphviz=value.get("graphviz", Manifest.graphviz),
        formats=tuple(dict.fromkeys(value.get("formats", Manifest.formats))),
        executor=value.get("executor", Manifest.executor),
        fail_on=review.get("fail_on", Manifest.fail_on),
        policy=_policy(review),
        policies=policies,
        pairs=tuple(_pair(document, number) for number in range(len(value.get("compare", ())))),
        changes=_changes(value["changes"]) if "changes" in value else None,
    )


def _model(entry: Mapping[str, Any], position: Position, directory: Path) -> ModelEntry:
    target: BuilderTarget | SavedModelTarget
    if "builder" in entry:
        module, _, name = entry["builder"].partition(":")
        target = BuilderTarget(module, name)
    else:
        target = SavedModelTarget(directory / entry["file"])
    return ModelEntry(
        id=entry_id(entry) or "",  # never empty: the cross-checks have passed
        target=target,
        kwargs=entry.get("kwargs", {}),
        inputs=entry.get("inputs"),
        title=entry.get("title"),
        description=entry.get("description"),
        source=entry.get("source"),
        position=position,
        **_shared(entry),
    )


def _variant(
    base: ModelEntry, entry: Mapping[str, Any], variant: Mapping[str, Any], position: Position, directory: Path
) -> ModelEntry:
    """Derive a variant: what it says itself wins over its base; its arguments are merged over the base's."""
    title = f"{base.title} ({variant['id']})" if base.title else None
    own = _model({**entry, "title": title, **variant}, position, directory)
    return dataclasses.replace(
        own,
        id=f"{base.id}-{variant['id']}",
        kwargs={**base.kwargs, **variant.get("kwargs", {})},
        variant_of=base.id,
    )


def _shared(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the settings that models and discovered modules have in common."""
    return {
        "section": entry.get("section"),
        "tags": tuple(entry.get("tags", ())),
        "references": tuple(entry.get("references", ())),
        "batch": entry.get("batch"),
        "expand": entry.get("expand", "all"),
        "limits": Limits(timeout=float(entry.get("timeout", Limits.timeout)), memory=entry.get("memory")),
    }


def _policy(rules: Mapping[str, Any]) -> Policy:
    levels = {name: rules[name] for name in ("checkpoint", "behaviour", "signature", "removed") if name in rules}
    limits = {name: rules[name] for name in ("parameters", "macs", "weight_bytes") if name in rules}
    growth = {
        name: Growth(float(limit["max_increase"].rstrip("% ")) / 100, limit.get("level", Growth.level))
        for name, limit in limits.items()
    }
    return Policy(**levels, growth=growth)


def _pair(document: Document, number: int) -> Pair:
    value = document.value["compare"][number]
    path: documents.Path = ("compare", number) if isinstance(value, list) else ("compare", number, "models")
    about: Mapping[str, Any] = {"models": value} if isinstance(value, list) else value
    first, second = about["models"]
    return Pair(
        models=(first, second),
        title=about.get("title"),
        description=about.get("description"),
        positions=(document.place((*path, 0)).value, document.place((*path, 1)).value),
    )


def _changes(value: Mapping[str, Any]) -> ChangesPage:
    since = value.get("since", ())
    return ChangesPage(
        since=(since,) if isinstance(since, str) else tuple(since),
        tags=value.get("tags", ChangesPage.tags),
        last=value.get("last", ChangesPage.last),
        build=value.get("build", ChangesPage.build),
    )


def _unplaced(message: str) -> ManifestError:
    return ManifestError([Mistake(None, message, Code.NO_MANIFEST)])


def _neighbour(path: Path) -> str:
    """Point to a manifest that is there under another ending or spelling."""
    if not path.parent.is_dir():
        return f": the directory {shown(path.parent)} does not exist"
    names = sorted(file.name for file in path.parent.iterdir() if file.suffix in (".yml", ".yaml"))
    same = [name for name in names if Path(name).stem.lower() == path.stem.lower()]
    return f": did you mean {same[0]}?" if same else f"; its directory has {', '.join(names[:5])}" if names else ""
