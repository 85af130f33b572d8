"""The builders of a module, found by what their annotations promise."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from keraviz_docs.manifest.entries import BuilderTarget, DiscoverEntry, ModelEntry
from keraviz_docs.outcome import Failure
from keraviz_docs.reading import targets
from keraviz_docs.reading.annotations import base_name, evaluated
from keraviz_docs.reading.arguments import signature_of
from keraviz_docs.reading.building import without_weights
from keraviz_docs.reading.environment import use_tensorflow
from keraviz_docs.reading.failures import CannotRead
from keraviz_docs.reading.pretrained import no_pretrained_weights
from keraviz_docs.reading.sources import undecorated


def discover(entry: DiscoverEntry, project: Path) -> tuple[ModelEntry, ...] | Failure:
    """Find a module's builders; see :func:`keraviz_docs.reading.discover`."""
    use_tensorflow()
    try:
        with targets.importable(project), no_pretrained_weights():
            names, _ = without_weights(lambda: _builders(targets.module(entry.module, project)), project)
    except CannotRead as problem:
        return Failure(
            id=kebab(entry.module),
            target=entry.module,
            kind=problem.kind,
            message=problem.message,
            frames=problem.frames,
        )
    return tuple(
        entry.found(identity, BuilderTarget(entry.module, name))
        for name, identity in zip(names, _unique([kebab(name) for name in names]), strict=True)
    )


def kebab(name: str) -> str:
    """Turn a Python name into an id: ``residual_model`` and ``ResidualModel`` into ``residual-model``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "-", plain)
    return re.sub(r"[^a-z0-9]+", "-", parted.lower()).strip("-") or "model"


def _unique(identities: list[str]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for identity in identities:
        seen[identity] = seen.get(identity, 0) + 1
        yield identity if seen[identity] == 1 else f"{identity}-{seen[identity]}"


def _builders(module: ModuleType) -> list[str]:
    """Name the builders: those that the module defines in the order of the source, then what ``__all__`` adds."""
    declared = [name for name in getattr(module, "__all__", ()) if isinstance(name, str)]
    defined = [
        (_line(thing), thing.__name__ != name, name)
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and inspect.isroutine(thing)
        and getattr(thing, "__module__", None) == module.__name__
        and _promises_model(thing)
    ]
    names = [name for *_, name in sorted(defined)]
    names += [name for name in declared if name not in names and _is_builder(getattr(module, name, None))]
    # One function under two names is one model.
    first: dict[int, str] = {}
    for name in names:
        first.setdefault(id(getattr(module, name)), name)
    if not first:
        raise CannotRead("no-builders", _without_builders(module))
    return list(first.values())


def _without_builders(module: ModuleType) -> str:
    functions = [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and inspect.isroutine(thing)
        and getattr(thing, "__module__", None) == module.__name__
    ]
    message = f"`{module.__name__}` has no builder"
    if not functions:
        return f"{message}: it defines no public function, and names none in `__all__`."
    which = ", ".join(f"`{name}`" for name in functions[:8]) + (", …" if len(functions) > 8 else "")
    return (
        f"{message}: none of its functions ({which}) is annotated `-> keras.Model`. "
        "Annotate them, or name them in `__all__`."
    )


def _line(thing: Any) -> int:
    code = getattr(undecorated(thing), "__code__", None)
    return code.co_firstlineno if code is not None else 0


def _is_builder(thing: Any) -> bool:
    """Whether something named in ``__all__`` is a builder: it says so, or nothing speaks against calling it."""
    import keras

    if inspect.isclass(thing):
        return issubclass(thing, keras.Model) and _needs_nothing(thing)
    if not (inspect.isroutine(thing) or isinstance(thing, functools.partial)):
        return False
    annotation = _return_annotation(thing)
    return _promises_model(thing) or (annotation is inspect.Signature.empty and _needs_nothing(thing))


def _needs_nothing(thing: Any) -> bool:
    signature = signature_of(thing)
    return signature is not None and all(
        parameter.default is not parameter.empty or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        for parameter in signature.parameters.values()
    )


def _promises_model(thing: Any) -> bool:
    """Whether a function is annotated to return a Keras model, also where the annotation is text."""
    import keras

    annotation = evaluated(_return_annotation(thing), getattr(undecorated(thing), "__globals__", {}))
    if isinstance(annotation, ast.expr):
        return base_name(annotation) in {"Model", "Sequential", "Functional"}
    return inspect.isclass(annotation) and issubclass(annotation, keras.Model)


def _return_annotation(thing: Any) -> Any:
    try:
        return inspect.signature(thing).return_annotation
    except (TypeError, ValueError):
        return inspect.Signature.empty
