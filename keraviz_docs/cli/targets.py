"""What a TARGET on the command line stands for."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from keraviz_docs import manifest as manifests
from keraviz_docs.errors import Code, UserError
from keraviz_docs.manifest import (
    BuilderTarget,
    DiscoverEntry,
    ManifestError,
    ModelEntry,
    SavedModelTarget,
    derive_id,
)
from keraviz_docs.manifest.document import quoted
from keraviz_docs.manifest.schema import ARGUMENT_PATTERN, TARGET_PATTERN
from keraviz_docs.manifest.wording import near_miss, target_sentence

MANIFEST_SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Models to be read from one project."""

    entries: tuple[ModelEntry | DiscoverEntry, ...]
    project: Path
    graphviz: Literal["bundled", "system"] = "bundled"
    executor: str = "local"
    only: str | None = None
    """The id of the one model that is wanted of a manifest, when only reading its modules shows which one that is."""
    known: tuple[str, ...] = ()
    """Ids that the manifest has beside those still to be discovered."""
    target: str = ""
    """The manifest as the user named it."""


def parse(
    targets: Sequence[str], settings: Sequence[str] = (), inputs: str | None = None, timeout: float | None = None
) -> list[Selection]:
    """Resolve targets; those without a manifest start from the current directory, and are one selection.

    Args:
        targets: a manifest's path, ``manifest.yml#id``, ``package.module:function`` or the path of a ``.keras`` file.
        settings: ``NAME=YAML`` each, arguments for every ``package.module:function``.
        inputs: what every target without a manifest is called with, as YAML, for models that do not know.
        timeout: the seconds that each model gets, if not what the manifest says.

    Raises:
        UserError: a target is none of these, does not exist, or takes no arguments or inputs; or these are malformed.
        ManifestError: a manifest is wrong.
    """
    arguments = _arguments(settings)
    specification = _inputs(inputs)
    selections: list[Selection] = []
    single: list[ModelEntry] = []
    for target in dict.fromkeys(targets):
        if _is_manifest(target):
            _refuse("--set", arguments, f"{quoted(target)} is a manifest: write kwargs there")
            _refuse("--inputs", inputs, f"{quoted(target)} is a manifest: write inputs there")
            selections.append(_from_manifest(target))
        elif target.lower().endswith(".keras"):
            _refuse("--set", arguments, f"{quoted(target)} is a saved model, which has its arguments already")
            single.append(_from_archive(target, specification))
        else:
            single.append(_from_builder(target, arguments, specification))
    if single:
        selections.insert(0, Selection(entries=tuple(single), project=Path.cwd()))
    selections = _merged(selections)
    _check_ids(selections)
    return [_limited(selection, timeout) for selection in selections]


def _arguments(settings: Sequence[str]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip()
        if not equals:
            raise UserError(f"--set {quoted(setting)}: write NAME=VALUE, such as --set alpha=1.4", Code.ARGUMENT)
        if not re.search(ARGUMENT_PATTERN, name):
            raise UserError(f"--set {quoted(setting)}: {quoted(name)} cannot be the name of an argument", Code.ARGUMENT)
        if name in arguments:
            raise UserError(f"--set gives {name!r} twice", Code.ARGUMENT)
        try:
            arguments[name] = manifests.parse_value(text)
        except ManifestError as error:
            raise UserError(f"--set {quoted(setting)}: {error.mistakes[0].message}", Code.ARGUMENT) from error
    return arguments


def _inputs(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return manifests.parse_inputs(text)
    except ManifestError as error:
        raise UserError(f"--inputs {quoted(text)}: {error.mistakes[0].message}", Code.INPUTS_OPTION) from error


def _is_manifest(target: str) -> bool:
    path = target.rpartition("#")[0] or target
    return path.lower().endswith(MANIFEST_SUFFIXES) or target.lower().endswith(MANIFEST_SUFFIXES)


def _refuse(option: str, given: object, why: str) -> None:
    if given:
        raise UserError(f"{option} is for a package.module:function; {why}", Code.OPTION_WITHOUT_BUILDER)


def _from_manifest(target: str) -> Selection:
    path, wanted = target, None
    if not target.lower().endswith(MANIFEST_SUFFIXES):
        path, _, wanted = target.rpartition("#")
    manifest = manifests.load(Path(path))
    whole = Selection(
        entries=manifest.entries,
        project=manifest.project,
        graphviz=manifest.graphviz,
        executor=manifest.executor,
        target=path,
    )
    if wanted is None:
        return whole
    known = tuple(entry.id for entry in manifest.entries if isinstance(entry, ModelEntry))
    if wanted in known:
        entry = tuple(entry for entry in manifest.entries if isinstance(entry, ModelEntry) and entry.id == wanted)
        return dataclasses.replace(whole, entries=entry)
    modules = tuple(entry for entry in manifest.entries if isinstance(entry, DiscoverEntry))
    if not modules:
        raise UserError(unknown_id(path, wanted, known), Code.UNKNOWN_MODEL)
    return dataclasses.replace(whole, entries=modules, only=wanted, known=known)


def unknown_id(manifest: str, wanted: str, known: Sequence[str]) -> str:
    """Say that a manifest has no model of this id, and which it may be."""
    meant = near_miss(wanted, known)
    hint = f"did you mean {manifest}#{meant}?" if meant else f"it has {', '.join(known[:20]) or 'none at all'}"
    return f"{manifest} has no model {quoted(wanted)}: {hint}"


def _from_archive(target: str, inputs: Any) -> ModelEntry:
    path = Path(target)
    kind = _kind(path)
    if kind != "file":
        raise UserError(
            f"{quoted(target)} is a directory; a saved model is one file"
            if kind
            else f"there is no file {quoted(target)}",
            Code.UNKNOWN_TARGET,
        )
    return ModelEntry(id=derive_id(path.stem) or "model", target=SavedModelTarget(path), inputs=inputs)


def _from_builder(target: str, arguments: Mapping[str, Any], inputs: Any) -> ModelEntry:
    if re.search(TARGET_PATTERN, target):
        module, _, name = target.partition(":")
        built = BuilderTarget(module, name)
        return ModelEntry(id=derive_id(name) or "model", target=built, kwargs=arguments, inputs=inputs)
    path = Path(target)
    kind = _kind(path) if target else None
    if kind == "directory":
        inside = [path / f"zoo{suffix}" for suffix in MANIFEST_SUFFIXES if (path / f"zoo{suffix}").is_file()]
        hint = f"did you mean {inside[0].as_posix()}?" if inside else "name a manifest (.yml) in it"
        raise UserError(f"{quoted(target)} is a directory: {hint}", Code.UNKNOWN_TARGET)
    if kind == "file":
        raise UserError(
            f"{quoted(target)} is neither a manifest (.yml) nor a saved model (.keras)", Code.UNKNOWN_TARGET
        )
    sentence = target_sentence(target)
    raise UserError(sentence if sentence.endswith("?") else sentence + _FORMS, Code.UNKNOWN_TARGET)


def _kind(path: Path) -> Literal["file", "directory"] | None:
    """Say what is at a path; nothing is at one that the system refuses, because it is too long, say."""
    try:
        return "directory" if path.is_dir() else "file" if path.is_file() else None
    except (OSError, ValueError):
        return None


_FORMS = "; a target may also be a manifest (zoo.yml, zoo.yml#id) or a saved model (name.keras)"


def _merged(selections: Sequence[Selection]) -> list[Selection]:
    """Join what several targets choose from the same manifest."""
    merged: dict[tuple[str, str | None], Selection] = {}
    for selection in selections:
        key = (selection.target, selection.only)
        earlier = merged.get(key)
        if earlier is not None:
            more = tuple(entry for entry in selection.entries if entry not in earlier.entries)
            selection = dataclasses.replace(earlier, entries=(*earlier.entries, *more))
        merged[key] = selection
    return list(merged.values())


def _check_ids(selections: Sequence[Selection]) -> None:
    """Refuse targets that would write the same files."""
    named: dict[str, str] = {}
    for selection in selections:
        for entry in selection.entries:
            if isinstance(entry, ModelEntry) and (selection.only is None or entry.id == selection.only):
                label = f"{selection.target}#{entry.id}" if selection.target else str(entry.target)
                if entry.id in named:
                    raise UserError(
                        f"{named[entry.id]} and {label} would both write {entry.id!r}: "
                        "run the command for each, with different directories",
                        Code.SAME_FILES,
                    )
                named[entry.id] = label


def _limited(selection: Selection, timeout: float | None) -> Selection:
    if timeout is None:
        return selection
    entries = tuple(
        dataclasses.replace(entry, limits=dataclasses.replace(entry.limits, timeout=timeout))
        for entry in selection.entries
    )
    return dataclasses.replace(selection, entries=entries)
