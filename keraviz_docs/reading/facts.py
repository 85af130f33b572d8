"""What a page says about the code that builds a model."""

from __future__ import annotations

import inspect
import keyword
import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from keraviz_docs.manifest.entries import BuilderTarget, ModelEntry
from keraviz_docs.outcome import BuilderFacts
from keraviz_docs.reading.arguments import Arguments, signature_of
from keraviz_docs.reading.failures import printable
from keraviz_docs.reading.sources import source_of, undecorated

_WIDTH = 88


def builder_facts(
    entry: ModelEntry, target: BuilderTarget, builder: Callable[..., Any], arguments: Arguments, project: Path
) -> BuilderFacts:
    """Describe a builder and the call that gives this very model."""
    return BuilderFacts(
        target=str(target),
        docstring=_docstring(builder),
        signature=_signature(builder, target),
        usage=usage(target, arguments, entry.inputs),
        source=source_of(builder, project),
        source_url=entry.source,
    )


def archive_facts(entry: ModelEntry, shown: str) -> BuilderFacts:
    """Describe an archive; ``shown`` is its path as pages show it."""
    snippet = f"import keras\n\nmodel = keras.saving.load_model({_literal(shown)})"
    return BuilderFacts(target=shown, usage=snippet, source_url=entry.source)


def usage(target: BuilderTarget, arguments: Arguments, inputs: Any = None) -> str:
    """Write the call as Python: one line if it fits in 88 columns, else one argument a line.

    Args:
        target: what is called.
        arguments: with what.
        inputs: the manifest's ``inputs``, which such a model is then called on, since that is what builds it.
    """
    imported, _, _ = target.name.partition(".")
    call = [_literal(value) for value in arguments.positional]
    call += [f"{name}={_literal(value)}" for name, value in arguments.named.items() if _is_name(name)]
    others = {name: value for name, value in arguments.named.items() if not _is_name(name)}
    if others:
        call.append(f"**{_literal(others)}")
    line = f"model = {target.name}({', '.join(call)})"
    if len(line) > _WIDTH:
        line = f"model = {target.name}(\n" + "".join(f"    {argument},\n" for argument in call) + ")"
    imports = f"from {target.module} import {imported}"
    if "datetime." in line:
        imports = f"import datetime\n{imports}"
    if isinstance(inputs, Mapping) and isinstance(inputs.get("shape"), (list, tuple)):
        imports = f"import keras\n{imports}"
        dtype = f", dtype={_literal(inputs['dtype'])}" if "dtype" in inputs else ""
        line += f"\nmodel(keras.Input({_literal(tuple(inputs['shape']))}{dtype}))"
    return printable(f"{imports}\n\n{line}")


def _is_name(text: str) -> bool:
    """Whether Python reads a name as it stands: no keyword, and not another spelling of one name (``º`` is ``o``)."""
    return text.isidentifier() and not keyword.iskeyword(text) and unicodedata.normalize("NFKC", text) == text


def _literal(value: Any) -> str:
    """Write a value as Python code."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f'float("{value}")'
    if isinstance(value, str):
        single = repr(value)
        return '"' + single[1:-1] + '"' if single.startswith("'") and '"' not in value else single
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(_literal(item) for item in value) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, list):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return without_addresses(repr(value))


def _docstring(builder: Callable[..., Any]) -> str | None:
    definition = undecorated(builder)
    # A class that has none would inherit that of keras.Model; one that wrote none has none.
    own = definition.__dict__.get("__doc__") if inspect.isclass(definition) else getattr(definition, "__doc__", None)
    if not (inspect.isclass(definition) or inspect.isroutine(definition)):
        own = type(definition).__dict__.get("__doc__")
    if inspect.isclass(definition) and not own:
        own = getattr(definition.__dict__.get("__init__"), "__doc__", None)
    return printable(inspect.cleandoc(own)) or None if isinstance(own, str) else None


def _signature(builder: Callable[..., Any], target: BuilderTarget) -> str | None:
    signature = signature_of(builder)
    if signature is None:
        return None
    name = target.name.rpartition(".")[2]
    written = [_parameter(parameter) for parameter in signature.parameters.values()]
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    only = sum(kind is inspect.Parameter.POSITIONAL_ONLY for kind in kinds)
    starred = next(
        (index for index, kind in enumerate(kinds) if kind is inspect.Parameter.KEYWORD_ONLY),
        None,
    )
    if starred is not None and inspect.Parameter.VAR_POSITIONAL not in kinds:
        written.insert(starred, "*")
    if only:
        written.insert(only, "/")
    returned = (
        "" if signature.return_annotation is signature.empty else f" -> {_annotation(signature.return_annotation)}"
    )
    if inspect.isclass(undecorated(builder)):
        returned = ""
    return printable(f"{name}({', '.join(written)}){returned}")


def _parameter(parameter: inspect.Parameter) -> str:
    star = "*" * (parameter.kind is parameter.VAR_POSITIONAL) + "**" * (parameter.kind is parameter.VAR_KEYWORD)
    text = star + parameter.name
    annotated = parameter.annotation is not parameter.empty
    if annotated:
        text += f": {_annotation(parameter.annotation)}"
    if parameter.default is not parameter.empty:
        text += (" = " if annotated else "=") + _default(parameter.default)
    return text


def _annotation(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation
    return _with_public_names(without_addresses(inspect.formatannotation(annotation)))


def _with_public_names(text: str) -> str:
    """Name classes by where they are offered in public: ``keras.src.models.model.Model`` as ``keras.Model``.

    What is no class, or offered nowhere else, stays.
    """
    return _PRIVATE_PATH.sub(_public_path, text)


_PRIVATE_PATH = re.compile(r"\b[A-Za-z_]\w*(?:\.\w+)*\.(?:src|_\w+)(?:\.\w+)+")


def _public_path(match: re.Match[str]) -> str:
    from keraviz_docs.reading.describing import public_module

    module, _, name = match[0].rpartition(".")
    cls = getattr(sys.modules.get(module), name, None)
    if not isinstance(cls, type):
        return match[0]
    offering = public_module(cls)
    return f"{offering}.{name}" if getattr(sys.modules.get(offering), name, None) is cls else match[0]


def _default(value: Any) -> str:
    if inspect.isroutine(value) or inspect.isclass(value):
        return str(getattr(value, "__name__", type(value).__name__))
    if isinstance(value, (str, int, float, bool, bytes, list, tuple, dict, type(None))):
        return without_addresses(_literal(value))
    text = repr(value)
    return f"{type(value).__name__}(…)" if " at 0x" in text else text


def without_addresses(text: str) -> str:
    """Remove memory addresses, which differ on every run, from a ``repr``."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)
