"""What a manifest may say: one JSON Schema, used to validate and offered to editors.

Every rule that a single value can break on its own is here; rules between values (unique ids, files that exist)
are in :mod:`keraviz_docs.manifest.crosschecks`.
"""

from __future__ import annotations

from typing import Any

from keraviz_docs.manifest.entries import Limits
from keraviz_docs.manifest.identifiers import ID_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"

KINDS = ("builder", "discover", "file")
"""The keys of which each entry has exactly one."""

# `$(?!\n)` because in Python a mere `$` also matches before a final newline.
TARGET_PATTERN = r"^[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*$(?!\n)"
MODULE_PATTERN = r"^[^\W\d]\w*(?:\.[^\W\d]\w*)*$(?!\n)"
ARGUMENT_PATTERN = r"^[^\W\d]\w*$(?!\n)"
URL_PATTERN = r"^https?://[^\s/]\S*$(?!\n)"
ARCHIVE_PATTERN = r"\.keras$(?!\n)"
EXECUTOR_PATTERN = r"^(?:local|dask(?::\S+)?)$(?!\n)"

DTYPES = (
    "bool",
    "string",
    *("int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"),
    *("complex64", "complex128"),
)
"""What Keras calls a dtype (``ALLOWED_DTYPES`` in ``keras/src/backend/common/dtypes.py``)."""

Schema = dict[str, Any]


def schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of ``zoo.yml``."""
    return {
        "$schema": DIALECT,
        "title": "manifest",
        "description": "A keraviz-docs manifest: the models of a zoo, and how to document them.",
        "type": "object",
        "additionalProperties": False,
        "required": ["models"],
        "properties": {
            "title": _text("Name of the zoo, shown on its index page.", "Example zoo", default="Model zoo"),
            "on_error": {
                "description": "What a model that cannot be read means: a warning (its page says why), or a failure.",
                "enum": ["warn", "fail"],
                "default": "warn",
            },
            "graphviz": {
                "description": "Which Graphviz draws: the one that comes with keraviz-docs, or the installed `dot`.",
                "enum": ["bundled", "system"],
                "default": "bundled",
            },
            "executor": _text(
                "Where models are read: in processes of this machine (local), on a Dask cluster started on it (dask), "
                "or on the one whose scheduler has an address (dask:ADDRESS).",
                "dask:tcp://10.0.0.1:8786",
                pattern=EXECUTOR_PATTERN,
                default="local",
            ),
            "defaults": {
                "title": "set of defaults",
                "description": "Settings for every model; what a model says itself wins.",
                "type": "object",
                "additionalProperties": False,
                "properties": _pick("section", "tags", "batch", "expand", "timeout", "memory"),
            },
            "models": {
                "description": "The models, in the order of the pages.",
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/$defs/model"},
                "examples": [[{"builder": "zoo.residual:residual_model", "kwargs": {"filters": 64}}]],
            },
        },
        "$defs": {
            "model": _model(),
            "built": _built(),
            "saved": _saved(),
            "discovered": _discovered(),
            "variant": _variant(),
            "inputs": _inputs(),
        },
    }


def _model() -> Schema:
    """Judge an entry by the kind it shows, so that its mistakes are those of this kind alone."""
    return {
        "title": "model",
        "description": "A function that builds a model, a module full of them, or a saved model.",
        "type": "object",
        "properties": {kind: {"description": _PROPERTIES[kind]["description"]} for kind in KINDS},
        "if": {
            "type": "object",
            "anyOf": [
                {"required": ["builder", "discover"]},
                {"required": ["builder", "file"]},
                {"required": ["discover", "file"]},
            ],
        },
        "then": {"title": "model", "oneOf": [{"required": [kind]} for kind in KINDS]},
        "else": {
            "if": {"required": ["discover"]},
            "then": {"$ref": "#/$defs/discovered"},
            "else": {
                "if": {"required": ["file"]},
                "then": {"$ref": "#/$defs/saved"},
                "else": {"$ref": "#/$defs/built"},
            },
        },
    }


_PRESENTATION = ("id", "title", "section", "description", "source", "tags", "references")
_READING = ("inputs", "batch", "expand", "timeout", "memory")


def _built() -> Schema:
    return _entry("model", "builder", "kwargs", *_PRESENTATION, *_READING, "variants", required=["builder"])


def _saved() -> Schema:
    return _entry("saved model", "file", *_PRESENTATION, *_READING, required=["file"])


def _discovered() -> Schema:
    settings = ("section", "tags", "references", "batch", "expand", "timeout", "memory")
    return _entry("discovered module", "discover", *settings, required=["discover"])


def _variant() -> Schema:
    settings = ("id", "kwargs", "title", "description", "tags", "references", *_READING)
    return {"type": "object", **_entry("variant", *settings, required=["id"])}


def _inputs() -> Schema:
    tensor: Schema = {
        "title": "input",
        "additionalProperties": False,
        "required": ["shape"],
        "properties": {
            "shape": {
                "description": "Dimensions without the batch; null where one is unknown.",
                "type": "array",
                "items": {"type": ["integer", "null"], "minimum": 1},
                "examples": [[32, 32, 3]],
            },
            "dtype": {"description": "Keras's name of a dtype.", "enum": list(DTYPES), "default": "float32"},
        },
    }
    named = {
        "propertyNames": {"type": "string"},
        "minProperties": 1,
        "additionalProperties": {"$ref": "#/$defs/inputs"},
    }
    listed = {"minItems": 1, "items": {"$ref": "#/$defs/inputs"}}
    bare_shape = {"type": "array", "items": {"type": ["integer", "null"]}, "minItems": 1}
    return {
        "description": (
            "What the model is called with, for a model that does not know its own input: "
            "{shape, dtype}, or a list or mapping of these."
        ),
        "examples": [{"shape": [32, 32, 3]}],
        "if": bare_shape,
        "then": {"type": "object", "examples": [{"shape": [32, 32, 3]}]},
        "else": {
            "type": ["object", "array"],
            "examples": [{"shape": [32, 32, 3]}],
            "if": {"type": "object", "anyOf": [{"required": ["shape"]}, {"required": ["dtype"]}]},
            "then": tensor,
            "else": {**named, **listed},
        },
    }


def _entry(title: str, *keys: str, required: list[str]) -> Schema:
    return {"title": title, "additionalProperties": False, "required": required, "properties": _pick(*keys)}


def _pick(*keys: str) -> Schema:
    return {key: _PROPERTIES[key] for key in keys}


def _text(description: str, *examples: str, **more: Any) -> Schema:
    return {"description": description, "type": "string", "minLength": 1, "examples": list(examples), **more}


_PROPERTIES: dict[str, Schema] = {
    "builder": _text(
        "Function (or class) that returns a Keras model, as package.module:name.",
        "zoo.residual:residual_model",
        "keras.applications:ResNet50",
        pattern=TARGET_PATTERN,
    ),
    "discover": _text(
        "Module whose public functions annotated `-> keras.Model` (or named in __all__) are all documented.",
        "zoo.autoencoders",
        pattern=MODULE_PATTERN,
    ),
    "file": _text(
        "Saved .keras model, relative to the manifest; only its configuration is read, no weights and no code.",
        "weights/legacy.keras",
        pattern=ARCHIVE_PATTERN,
    ),
    "id": _text(
        "Name in addresses and file names: a-z, 0-9 and '-'. If missing, it is the function's or file's name in "
        "lower case, with '-' for everything else.",
        "residual-model",
        pattern=ID_PATTERN,
    ),
    "kwargs": {
        "description": "Arguments of the builder. A list becomes a tuple where the parameter's default or annotation "
        "is one, and always if written !tuple [1, 2].",
        "type": "object",
        "propertyNames": {"type": "string", "pattern": ARGUMENT_PATTERN},
        "examples": [{"filters": 64}],
    },
    "title": _text("Heading of the page; otherwise it comes from the docstring.", "Residual model"),
    "section": _text("Group in the navigation and the gallery.", "Vision"),
    "description": _text("Introduction on the page; otherwise it comes from the docstring.", "A small ResNet."),
    "source": _text(
        "Web address of the source code, where it cannot be derived from the code itself.",
        "https://github.com/zoo/zoo/blob/main/zoo/residual.py",
        pattern=URL_PATTERN,
    ),
    "tags": {
        "description": "Words to filter the gallery by.",
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "examples": [["residual", "small"]],
    },
    "references": {
        "description": "Web addresses of papers and other sources.",
        "type": "array",
        "items": {"type": "string", "pattern": URL_PATTERN, "examples": ["https://arxiv.org/abs/1512.03385"]},
        "examples": [["https://arxiv.org/abs/1512.03385"]],
    },
    "inputs": {"$ref": "#/$defs/inputs"},
    "batch": {
        "description": "Batch size that the model is read with; null leaves it open.",
        "type": ["integer", "null"],
        "minimum": 1,
        "default": None,
        "examples": [8],
    },
    "expand": {
        "description": "How deep diagrams open layers made of layers: all, none, or a number of levels.",
        "if": {"type": "integer"},
        "then": {"minimum": 0},
        "else": {"enum": ["all", "none"]},
        "default": "all",
        "examples": ["all", "none", 2],
    },
    "timeout": {
        "description": "Seconds that reading the model may take.",
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 604_800,
        "default": Limits().timeout,
        "examples": [300],
    },
    "memory": {
        "description": "MiB of memory that reading the model may take; null sets no limit.",
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": 16_777_216,
        "default": None,
        "examples": [4096],
    },
    "variants": {
        "description": "The same builder with other arguments: each is a model of its own, with the id ID-VARIANT.",
        "type": "array",
        "minItems": 1,
        "items": {"$ref": "#/$defs/variant"},
        "examples": [[{"id": "small", "kwargs": {"filters": 16}}]],
    },
}
