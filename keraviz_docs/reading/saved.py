"""Models from ``.keras`` archives: the configuration alone, in safe mode, without a weight being read."""

from __future__ import annotations

import difflib
import importlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keraviz_docs.reading.failures import CannotRead, from_exception, told
from keraviz_docs.reading.keras_internals import WeightsNeeded, deserialize_model, find_registered
from keraviz_docs.reading.redaction import Redacted, redacted
from keraviz_docs.reading.sources import portable
from keraviz_docs.reading.targets import import_roots

_LARGEST_CONFIGURATION = 64 * 2**20
"""Bytes of ``config.json``; that of Llama3-70B has less than one megabyte."""

_LEGACY = (".h5", ".hdf5")
_HDF5 = b"\x89HDF\r\n\x1a\n"


def shown(path: Path, project: Path) -> str:
    """Write an archive's path as reports show it: relative to the project."""
    path = (project / path).resolve()
    root = project.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else portable(path, project)


def load(path: Path, project: Path) -> tuple[Any, tuple[str, ...]]:
    """Build the model that an archive describes.

    Custom classes are found in the project's own modules, registered or not.  Nothing that the archive itself carries
    is executed: a lambda becomes a box of the recorded output shape.

    Returns:
        The model, and what its reader must know.

    Raises:
        CannotRead: the archive is missing, damaged, of another format, or needs code that is not there.
        WeightsNeeded: see :func:`keraviz_docs.reading.building.without_weights`.
    """
    import keras

    name = shown(path, project)
    configuration = redacted(_configuration(project / path, name))
    custom = _custom_objects(configuration, name, project)
    try:
        model = deserialize_model(configuration.config, {**custom, **configuration.functions})
    except (KeyboardInterrupt, WeightsNeeded):
        raise
    except BaseException as error:
        raise from_exception(error, f"Building the model of `{name}`", project, kind="saved-file") from error
    if not isinstance(model, keras.Model):
        kind = "layer" if isinstance(model, keras.Layer) else "object"
        raise CannotRead("saved-file", f"`{name}` holds the {kind} {type(model).__name__}, not a model.")
    return model, configuration.notices


def _configuration(file: Path, name: str) -> dict[str, Any]:
    _check_format(file, name)
    try:
        with zipfile.ZipFile(file) as archive:
            try:
                member = archive.getinfo("config.json")
            except KeyError:
                raise CannotRead(
                    "saved-file", f"`{name}` has no config.json inside, so it is no Keras archive (`model.save(…)`)."
                ) from None
            if member.file_size > _LARGEST_CONFIGURATION:
                raise CannotRead(
                    "saved-file",
                    f"The config.json in `{name}` unpacks to {member.file_size / 2**20:,.0f} MiB; no real model needs "
                    f"more than {_LARGEST_CONFIGURATION // 2**20}, so it is not read.",
                )
            with archive.open(member) as stream:
                text = stream.read(_LARGEST_CONFIGURATION + 1)
    # `zipfile` raises NotImplementedError for a compression it does not know, RuntimeError for an encrypted member.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise CannotRead("saved-file", f"`{name}` is damaged: {told(error)}") from error
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CannotRead("saved-file", f"The config.json in `{name}` is no JSON: {told(error)}") from error
    if not (isinstance(config, dict) and "class_name" in config and isinstance(config.get("config"), dict)):
        raise CannotRead("saved-file", f"The config.json in `{name}` describes no Keras model.")
    return config


def _check_format(file: Path, name: str) -> None:
    if not file.exists():
        siblings = sorted(path.name for path in file.parent.glob("*.keras")) if file.parent.is_dir() else []
        near = difflib.get_close_matches(file.name, siblings, n=1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        raise CannotRead("saved-file", f"There is no file `{name}`.{hint}")
    if file.is_dir():
        raise CannotRead(
            "saved-file", f"`{name}` is a directory; a .keras archive is one file (`model.save('x.keras')`)."
        )
    with file.open("rb") as stream:
        start = stream.read(len(_HDF5))
    if start == _HDF5 or file.suffix.lower() in _LEGACY:
        raise CannotRead(
            "saved-file",
            f"`{name}` is a legacy HDF5 file, which does not say everything about its layers. Load it with "
            "keras.saving.load_model and save it again as .keras.",
        )
    if not zipfile.is_zipfile(file):
        what = "is empty" if not start else "is no .keras archive, or was cut short: it is not a zip file"
        raise CannotRead("saved-file", f"`{name}` {what}.")


def _custom_objects(configuration: Redacted, name: str, project: Path) -> dict[str, Any]:
    """Import the project's modules that the archive's classes come from, and say what is not there."""
    found: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for module, cls, registered in sorted(set(_custom(configuration.config))):
        if find_registered(registered) is not None:
            continue
        thing = _from_project(module, cls, project)
        if find_registered(registered) is not None:
            continue
        if thing is not None:
            found[registered] = thing
        elif registered not in configuration.functions:
            missing[f"{module}:{cls}" if module else registered] = module
    if missing:
        several = "s" if len(missing) > 1 else ""
        which = ", ".join(f"`{one}`" for one in missing)
        modules = sorted({f"`{module}`" for module in missing.values() if module})
        wanted = ", ".join(modules) or "the module that defines it"
        raise CannotRead(
            "saved-file",
            f"`{name}` needs the custom class{several and 'es'} {which}, which the archive does not contain. Put "
            f"{wanted} where the manifest can import it, or name a `builder` that imports it and returns "
            "keras.saving.load_model(…).",
        )
    return found


def _custom(config: Any) -> Iterator[tuple[str, str, str]]:
    """Yield module, class and registered name of whatever is not Keras's own (``serialization_lib.py``)."""
    if isinstance(config, list):
        for item in config:
            yield from _custom(item)
    elif isinstance(config, dict):
        cls, registered = config.get("class_name"), config.get("registered_name")
        module = config.get("module")
        if isinstance(cls, str) and "config" in config and "module" in config:
            name = config["config"] if cls == "function" else cls
            ours = isinstance(module, str) and module.partition(".")[0] in {
                "keras",
                "builtins",
                "keras_hub",
                "keras_nlp",
            }
            if not ours and isinstance(name, str):
                yield (
                    module if isinstance(module, str) else "",
                    name,
                    registered if isinstance(registered, str) else name,
                )
        for item in config.values():
            yield from _custom(item)


def _from_project(module: str, name: str, project: Path) -> Any:
    """Import a module that lies in the project, and no other: an archive must not choose what else is imported."""
    parts = module.split(".")
    if not module or not all(part.isidentifier() for part in parts):
        return None
    places = [root.joinpath(*parts) for root in import_roots(project)]
    if not any(place.with_suffix(".py").is_file() or (place / "__init__.py").is_file() for place in places):
        return None
    try:
        return getattr(importlib.import_module(module), name, None)
    except (KeyboardInterrupt, WeightsNeeded):
        raise
    except BaseException as error:
        raise from_exception(error, f"Importing `{module}`", project, kind="import") from error
