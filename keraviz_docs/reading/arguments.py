"""The manifest's ``kwargs`` as the arguments that a builder wants."""

from __future__ import annotations

import ast
import difflib
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from keraviz_docs.reading.annotations import alternatives, base_name, evaluated
from keraviz_docs.reading.failures import CannotRead
from keraviz_docs.reading.sources import undecorated


@dataclass(frozen=True)
class Arguments:
    """What a builder is called with."""

    positional: tuple[Any, ...]
    named: Mapping[str, Any]


def signature_of(builder: Callable[..., Any]) -> inspect.Signature | None:
    """Return a builder's parameters, or ``None`` where Python cannot tell.

    A Keras class takes what its ``__init__`` takes: its ``__new__`` accepts anything
    (``keras/src/ops/operation.py``), and ``inspect.signature`` would believe that one.
    """
    try:
        if inspect.isclass(builder) and inspect.isfunction(vars_of(builder, "__init__")):
            signature = inspect.signature(builder.__init__)
            return signature.replace(parameters=list(signature.parameters.values())[1:])
        return inspect.signature(builder)
    except (TypeError, ValueError):
        return None


def vars_of(owner: type, name: str) -> Any:
    """Return a class attribute as it was defined, from the first class in the MRO that has it."""
    return next((vars(base)[name] for base in owner.__mro__ if name in vars(base)), None)


def fit(builder: Callable[..., Any], kwargs: Mapping[str, Any], target: str) -> Arguments:
    """Match ``kwargs`` with the builder's parameters; a list becomes a tuple where the parameter is one.

    Raises:
        CannotRead: naming an argument that the builder does not take, or one that it needs.
    """
    signature = signature_of(builder)
    if signature is None:
        return Arguments((), dict(kwargs))
    parameters = signature.parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    by_name = {
        name: parameter
        for name, parameter in parameters.items()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }
    unknown = [name for name in kwargs if name not in by_name]
    if unknown and not takes_any:
        raise CannotRead("arguments", _unknown(unknown, list(by_name), target))
    missing = [
        name for name, parameter in by_name.items() if parameter.default is parameter.empty and name not in kwargs
    ]
    if missing:
        raise CannotRead("arguments", _missing(missing, target))
    namespace = getattr(undecorated(builder), "__globals__", {})
    fitted = {
        name: _like(value, by_name[name], namespace) if name in by_name else value for name, value in kwargs.items()
    }
    return _split(fitted, by_name)


def _split(fitted: dict[str, Any], by_name: Mapping[str, inspect.Parameter]) -> Arguments:
    only = [name for name, parameter in by_name.items() if parameter.kind is parameter.POSITIONAL_ONLY]
    last = max((only.index(name) for name in only if name in fitted), default=-1)
    positional = tuple(fitted.pop(name, by_name[name].default) for name in only[: last + 1])
    return Arguments(positional, fitted)


def _unknown(unknown: list[str], known: list[str], target: str) -> str:
    named = " and ".join(f"`{name}`" for name in unknown)
    message = f"`{target}` takes no argument {named}."
    for name in unknown:
        near = difflib.get_close_matches(name, known, n=1)
        if near:
            message += f" Did you mean `{near[0]}`?"
    if not known:
        return f"{message} It takes none at all."
    return f"{message} It takes {', '.join(f'`{name}`' for name in known)}."


def _missing(missing: list[str], target: str) -> str:
    named = " and ".join(f"`{name}`" for name in missing)
    plural = "s" if len(missing) > 1 else ""
    return f"`{target}` needs the argument{plural} {named}: give a value under `kwargs`."


def _like(value: Any, parameter: inspect.Parameter, namespace: Mapping[str, Any]) -> Any:
    """Turn a list into a tuple where the parameter's default or annotation is one, at every depth that they show."""
    if not isinstance(value, list):
        return value
    if isinstance(parameter.default, tuple):
        return _like_default(value, parameter.default)
    annotation = evaluated(parameter.annotation, namespace)
    if isinstance(annotation, ast.expr):
        names = {base_name(choice) for choice in alternatives(annotation)}
        return tuple(value) if names & {"tuple", "Tuple"} and not names & {"list", "List"} else value
    return _like_annotation(value, annotation)


def _like_default(value: list[Any], default: tuple[Any, ...]) -> tuple[Any, ...]:
    deeper = next((item for item in default if isinstance(item, tuple)), None)
    if deeper is None:
        return tuple(value)
    return tuple(_like_default(item, deeper) if isinstance(item, list) else item for item in value)


def _like_annotation(value: Any, annotation: Any) -> Any:
    if not isinstance(value, list):
        return value
    choices = _choices(annotation)
    if any(_origin(choice) in _LIST_LIKE for choice in choices):
        inner = next((typing.get_args(choice) for choice in choices if _origin(choice) in _LIST_LIKE), ())
        return [_like_annotation(item, inner[0]) for item in value] if inner else value
    wanted = next((choice for choice in choices if _is_tuple(choice)), None)
    if wanted is None:
        return value
    inner = tuple(item for item in typing.get_args(wanted) if item is not Ellipsis)
    if not inner:
        return tuple(value)
    return tuple(_like_annotation(item, inner[min(index, len(inner) - 1)]) for index, item in enumerate(value))


def _choices(annotation: Any) -> list[Any]:
    """Name what a ``Union`` allows; anything else is its own only choice."""
    if typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if hasattr(annotation, "__supertype__"):  # a NewType
        return _choices(annotation.__supertype__)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [choice for item in typing.get_args(annotation) for choice in _choices(item)]
    return [annotation]


def _origin(annotation: Any) -> Any:
    return typing.get_origin(annotation) or annotation


def _is_tuple(annotation: Any) -> bool:
    origin = _origin(annotation)
    return inspect.isclass(origin) and issubclass(origin, tuple)


_LIST_LIKE = frozenset({list})
