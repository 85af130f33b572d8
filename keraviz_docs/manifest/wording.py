"""The validator's findings, said to somebody who wrote a manifest and never saw its schema."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keraviz_docs.errors import Code
from keraviz_docs.manifest.document import Document, Path, quoted
from keraviz_docs.manifest.identifiers import ID_PATTERN, derive_id
from keraviz_docs.manifest.mistakes import Mistake
from keraviz_docs.manifest.schema import (
    ARCHIVE_PATTERN,
    ARGUMENT_PATTERN,
    EXECUTOR_PATTERN,
    KINDS,
    MODULE_PATTERN,
    SHARE_PATTERN,
    TARGET_PATTERN,
    URL_PATTERN,
)


@dataclass(frozen=True)
class Finding:
    """A keyword of the schema that a value breaks."""

    path: Path
    """Where the value is; for ``of_key``, where the mapping is."""
    value: Any
    keyword: str
    rule: Any
    """What the schema says under this keyword."""
    schema: Mapping[str, Any]
    """The schema that the keyword belongs to."""
    of_key: bool = False
    """Whether the broken rule is one about the keys of a mapping, and ``value`` such a key."""


def explain(finding: Finding, document: Document) -> Iterator[Mistake]:
    """Yield what one finding of the validator means, at the place where it is to be mended."""
    if finding.of_key:
        place = document.place((*finding.path, finding.value))
        sentence = f"{_name(finding.path)}: {_argument_sentence(finding.value)}"
        yield Mistake(place.key, sentence, Code.ARGUMENT)
    else:
        yield from _SENTENCES[finding.keyword](finding, document)


def near_miss(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that was probably meant by a misspelt word, if there is one."""
    matches = difflib.get_close_matches(word.lower()[:80], sorted(candidates), n=1, cutoff=0.65)
    return matches[0] if matches else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown word: the near miss, or else all that is possible."""
    options = list(candidates)
    meant = near_miss(word, options)
    return f"did you mean {meant!r}?" if meant else f"there is {_either(options, 'and')}"


def target_sentence(text: str) -> str:
    """Say what is wrong with something that should have been ``package.module:name``."""
    start = f"{quoted(text)} is not an import path like package.module:name"
    bare = re.sub(r"\(.*\)?$", "", text.strip(), flags=re.DOTALL)
    if bare != text.strip() and re.search(TARGET_PATTERN, bare):
        return f"{start}: leave out the parentheses, arguments go into 'kwargs'"
    file = re.sub(r"[/\\]+", ".", bare.removesuffix(".py").strip("./\\"))
    if bare.endswith(".py") and re.search(MODULE_PATTERN, file) and len(file) < 100:
        return f"{start}: write '{file}:' and the name of a function in this file"
    module, _, name = bare.partition(":") if ":" in bare else bare.rpartition(".")
    if ":" in bare or "/" in bare or "\\" in bare:
        module = re.sub(r"\.py$", "", module).strip("./\\ ")
    suggestion = re.sub(r"[/\\]+", ".", module) + ":" + name.strip(". ").replace(":", ".")
    if re.search(TARGET_PATTERN, suggestion) and len(suggestion) < 100:
        return f"{start}: did you mean {suggestion!r}?"
    return start


def executor_sentence(text: str) -> str:
    """Say what is wrong with something that should have been ``local``, ``dask`` or ``dask:ADDRESS``."""
    start = f"{quoted(text)} is no executor"
    if re.match(r"\w+://\S+$|[\w.-]+:\d+$", text):
        return f"{start}: for the Dask scheduler at this address write {quoted(f'dask:{text}')}"
    meant = near_miss(text.partition(":")[0], ["local", "dask"])
    return f"{start}: did you mean {meant!r}?" if meant else f"{start}: there is local, dask and dask:ADDRESS"


def _type(finding: Finding, document: Document) -> Iterator[Mistake]:
    accepted = finding.rule if isinstance(finding.rule, list) else [finding.rule]
    place = document.place(finding.path)
    found = finding.value
    wanted = _kinds(accepted) + _such_as(finding.schema)
    if _is_bare_shape(finding):
        yield from _bare_shape(finding, document)
    elif found is None:
        yield Mistake(place.value, f"{_name(finding.path)} is empty: give it {wanted}", Code.MISSING)
    else:
        hint = _conversion(finding, accepted, place.written)
        wanted = _kinds(accepted) if hint else wanted
        sentence = f"{_name(finding.path)} must be {wanted}, not {_found(found, place.written)}{hint}"
        yield Mistake(place.value, sentence, Code.WRONG_TYPE)


def _conversion(finding: Finding, accepted: list[str], written: str | None) -> str:
    """Say how to turn a value of the wrong type into one of the right type, where that is plain to see."""
    found = finding.value
    if finding.path[-1:] == ("max_increase",) and isinstance(found, int | float):
        return f": write {written or found}%"
    if accepted == ["string"] and written:
        return f": put it in quotes: {quoted(written)}"
    if accepted == ["array"] and isinstance(found, str) and found.isprintable() and len(found) < 60:
        return f": write [{found}]"
    if finding.path == () and isinstance(found, list):
        return ": put 'models:' above the list of models"
    if len(finding.path) == 2 and finding.path[0] == "models" and isinstance(found, str):
        kind = "file" if re.search(ARCHIVE_PATTERN, found) else "builder"
        return f": write {kind}: {quoted(found)[1:-1]}"
    return ""


def _is_bare_shape(finding: Finding) -> bool:
    return finding.rule == "object" and isinstance(finding.value, list) and "inputs" in finding.path


def _bare_shape(finding: Finding, document: Document) -> Iterator[Mistake]:
    place = document.place(finding.path)
    key = finding.path[-1]
    if isinstance(key, str) and key != "inputs" and near_miss(key, ["shape"]):
        sentence = f"unknown key {quoted(key)} in this input: did you mean 'shape'?"
        yield Mistake(place.key, sentence, Code.UNKNOWN_KEY)
    else:
        sentence = f"{_name(finding.path)} must say what its numbers are: write {{shape: [32, 32, 3]}}"
        yield Mistake(place.value, sentence, Code.WRONG_TYPE)


def _additional(finding: Finding, document: Document) -> Iterator[Mistake]:
    allowed = finding.schema["properties"]
    where = finding.schema["title"]
    for key in finding.value:
        if key in allowed:
            continue
        place = document.place((*finding.path, key))
        word = str(key if place.written_key is None else place.written_key)
        # A misspelt kind makes an entry of another kind: `biulder` is judged among the keys beside `builder`.
        lacking = [] if any(kind in finding.value for kind in KINDS) or where != "model" else list(KINDS)
        meant = near_miss(word, [key for key in {*allowed, *lacking} if key not in finding.value])
        if key in _BUILT_ONLY and where == "set of defaults":
            hint = f"there is {_either(allowed, 'and')}"
        elif where != "model" and key in _BUILT_ONLY and finding.path[:1] == ("models",):
            kind = next((kind for kind in KINDS if kind in allowed), None)
            hint = f"only a model with 'builder' has it, not one with {kind!r}" if kind else "write it one level up"
        elif meant:
            hint = f"did you mean {meant!r}?"
        else:
            hint = f"there is {_either(allowed, 'and')}"
        sentence = f"unknown key {quoted(word)} in this {where}: {hint}"
        yield Mistake(place.key, sentence, Code.UNKNOWN_KEY)


_BUILT_ONLY = ("kwargs", "variants", "id", "title", "section", "description", "source", "inputs")
"""Keys that a built model has and another object may not."""


def _required(finding: Finding, document: Document) -> Iterator[Mistake]:
    missing = [key for key in finding.rule if key not in finding.value]
    unknown = [str(key) for key in finding.value if key not in finding.schema["properties"]]
    for key in missing:
        wanted = KINDS if key == "builder" else (key,)
        if any(near_miss(word, wanted) for word in unknown):
            continue  # the unknown key is the mistake, and reported as such
        sentence = _MISSING.get(f"{finding.schema.get('title')}: {key}") or _MISSING[key]
        yield Mistake(document.place(finding.path).value, sentence, Code.MISSING)


_MISSING = {
    "models": "the key 'models' is missing: it lists the models, each as - builder: package.module:function",
    "builder": "this model needs one of 'builder' (package.module:function), 'discover' (package.module) "
    "and 'file' (a .keras file)",
    "discover": "the key 'discover' is missing",
    "file": "the key 'file' is missing",
    "id": "this variant needs an 'id', such as small",
    "max_increase": "the key 'max_increase' is missing: say how much more is let through, such as 5%",
    "pair: models": "the key 'models' is missing: it names the two, such as [resnet50, resnet101]",
    "shape": "the key 'shape' is missing: give the dimensions without the batch, such as [32, 32, 3]",
}


def _one_of(finding: Finding, document: Document) -> Iterator[Mistake]:
    present = [key for key in finding.value if key in KINDS]
    sentence = f"this model has {_either(map(repr, present), 'and')}: keep one, or write an entry for each"
    yield Mistake(document.place((*finding.path, present[1])).key, sentence, Code.SEVERAL_KINDS)


def _enum(finding: Finding, document: Document) -> Iterator[Mistake]:
    place = document.place(finding.path)
    options = [str(option) for option in finding.rule]
    hint = f"it is {_either(options, 'or')}"
    if finding.path[-1] == "expand":
        hint += ", or a number of levels"
    if isinstance(finding.value, str):
        meant = near_miss(finding.value, options)
        hint = f"did you mean {meant!r}?" if meant else hint
        found = quoted(finding.value)
    else:
        found = _found(finding.value, place.written)
    yield Mistake(place.value, f"{_name(finding.path)} cannot be {found}: {hint}", Code.WRONG_VALUE)


def _pattern(finding: Finding, document: Document) -> Iterator[Mistake]:
    if finding.value:  # empty text is reported once, as such
        sentence, code = _PATTERNS[finding.rule]
        yield Mistake(document.place(finding.path).value, sentence(finding.value), code)


def _bound(finding: Finding, document: Document) -> Iterator[Mistake]:
    relation = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}[finding.keyword]
    place = document.place(finding.path)
    limit = f"{finding.rule:,}"
    sentence = f"{_name(finding.path)} must be {relation} {limit}, not {place.written or finding.value}"
    yield Mistake(place.value, sentence, Code.WRONG_VALUE)


def _size(finding: Finding, document: Document) -> Iterator[Mistake]:
    if finding.rule == 1:
        yield from _empty(finding, document)
        return
    what = f"{_name(finding.path)} must name {finding.rule} models, not {len(finding.value)}"
    sentence = f"{what}{_such_as(finding.schema, ',')}"
    yield Mistake(document.place(finding.path).value, sentence, Code.WRONG_VALUE)


def _empty(finding: Finding, document: Document) -> Iterator[Mistake]:
    place = document.place(finding.path)
    all_models = finding.path == ("models",)
    remedy = "list at least one" if all_models else "fill it or leave it out"
    sentence = f"{_name(finding.path)} is empty: {remedy}{_such_as(finding.schema, ',')}"
    yield Mistake(place.value, sentence, Code.NO_MODELS if all_models else Code.MISSING)


def _id_sentence(text: str) -> str:
    if len(text) > 100:
        return "an id has at most 100 characters"
    derived = derive_id(text)
    start = f"the id {quoted(text)} may only hold a-z, 0-9 and '-' (inside)"
    return f"{start}: write {derived!r}" if derived else start


def _module_sentence(text: str) -> str:
    start = f"{quoted(text)} is not a module like package.module"
    if re.search(TARGET_PATTERN, text):
        return f"{start}: write builder: {quoted(text)[1:-1]} for one function"
    suggestion = re.sub(r"[/\\]+", ".", re.sub(r"\.py$", "", text.strip())).strip(".")
    if re.search(MODULE_PATTERN, suggestion) and len(suggestion) < 100:
        return f"{start}: did you mean {suggestion!r}?"
    return start


def _archive_sentence(text: str) -> str:
    return f"{quoted(text)} is no .keras file: save the model with model.save('name.keras') to list it here"


def _share_sentence(text: str) -> str:
    return f"{quoted(text)} is no share: write a percentage, such as 5%"


def _url_sentence(text: str) -> str:
    return f"{quoted(text)} is not a web address: it starts with https://"


def _argument_sentence(name: object) -> str:
    if isinstance(name, str):
        return f"{quoted(name)} cannot be the name of an argument"
    return f"a name must be text, not {_found(name, None)}: put it in quotes"


_PATTERNS: Mapping[str, tuple[Callable[[str], str], Code]] = {
    TARGET_PATTERN: (target_sentence, Code.IMPORT_PATH),
    MODULE_PATTERN: (_module_sentence, Code.IMPORT_PATH),
    ARCHIVE_PATTERN: (_archive_sentence, Code.NO_ARCHIVE),
    ID_PATTERN: (_id_sentence, Code.MODEL_ID),
    SHARE_PATTERN: (_share_sentence, Code.WRONG_VALUE),
    URL_PATTERN: (_url_sentence, Code.WRONG_VALUE),
    ARGUMENT_PATTERN: (_argument_sentence, Code.ARGUMENT),
    EXECUTOR_PATTERN: (executor_sentence, Code.EXECUTOR),
}

_SENTENCES: Mapping[str, Callable[[Finding, Document], Iterator[Mistake]]] = {
    "type": _type,
    "additionalProperties": _additional,
    "required": _required,
    "oneOf": _one_of,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _bound,
    "exclusiveMinimum": _bound,
    "maximum": _bound,
    "minItems": _size,
    "maxItems": _size,
    "minLength": _empty,
    "minProperties": _empty,
}
"""Every keyword of the schema that can fail; a test holds the two together."""

_KIND_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def _kinds(accepted: list[str]) -> str:
    return _either([_KIND_NAMES[kind] for kind in accepted], "or")


def _found(value: object, written: str | None) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        plain = "true" if value else "false"
        return plain if written in (None, plain) else f"{written} (which YAML reads as {plain})"
    if isinstance(value, float) and not math.isfinite(value):
        return written or str(value)
    if isinstance(value, (int, float)):
        return f"the number {written or value}"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    if isinstance(value, tuple):
        return "a tuple"
    return "a mapping" if isinstance(value, dict) else "a list"


def _name(path: Path) -> str:
    """Name the value at a path by its key: ``'tags'``, ``item 2 of 'tags'``, ``model 3``."""
    if not path:
        return "the manifest"
    key = path[-1]
    if isinstance(key, str):
        return quoted(key)
    number = key + 1 if isinstance(key, int) else key
    if path[:-1] == ("models",):
        return f"model {number}"
    return f"item {number} of {_name(path[:-1])}"


def _flow(value: Any) -> str:
    """Write an example of the schema as one line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return str(value)


def _such_as(schema: Mapping[str, Any], comma: str = "") -> str:
    examples = schema.get("examples")
    return f"{comma} such as {_flow(examples[0])}" if examples else ""


def _either(options: Iterable[str], conjunction: str) -> str:
    *first, last = options
    return f"{', '.join(first)} {conjunction} {last}" if first else last
