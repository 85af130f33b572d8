"""What a manifest may say: one JSON Schema, used to validate and offered to editors.

Every rule that a single value can break on its own is here; rules between values (unique ids, files that exist)
are in :mod:`keraviz_docs.manifest.crosschecks`.
"""

from __future__ import annotations

from typing import Any

from keraviz_docs.manifest.entries import ChangesPage, Level, Limits, Policy
from keraviz_docs.manifest.identifiers import ID_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"

KINDS = ("builder", "discover", "file")
"""The keys of which each entry has exactly one."""

# `$(?!\n)` because in Python a mere `$` also matches before a final newline.
TARGET_PATTERN = r"^[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*$(?!\n)"
MODULE_PATTERN = r"^[^\W\d]\w*(?:\.[^\W\d]\w*)*$(?!\n)"
ARGUMENT_PATTERN = r"^[^\W\d]\w*$(?!\n)"
URL_PATTERN = r"^https?://[^\s/]\S*$(?!\n)"
SHARE_PATTERN = r"^\d{1,6}(?:\.\d{1,6})?\s?%$(?!\n)"
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
            "formats": {
                "description": "What diagrams can be downloaded as; SVG is always there. PNG takes most room by far.",
                "type": "array",
                "items": {"enum": ["svg", "png", "pdf", "dot"]},
                "default": ["svg", "png", "pdf", "dot"],
                "examples": [["svg", "pdf"]],
            },
            "executor": _text(
                "Where models are read: in processes of this machine (local), on a Dask cluster started on it (dask), "
                "or on the one whose scheduler has an address (dask:ADDRESS).",
                "dask:tcp://10.0.0.1:8786",
                pattern=EXECUTOR_PATTERN,
                default="local",
            ),
            "review": _review(),
            "compare": {
                "description": "Models that are compared on a page of their own, two by two: what differs, what it "
                "costs, and a diagram of both.",
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/$defs/pair"},
                "examples": [[["resnet50", "resnet101"]]],
            },
            "changes": _changes(),
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
            "pair": _pair(),
        },
    }


def _level(description: str, default: Level) -> Schema:
    return {"description": description, "enum": ["error", "warning", "notice"], "default": default}


def _growth(what: str) -> Schema:
    return {
        "title": "limit",
        "description": f"How far the {what} of a model may grow.",
        "type": "object",
        "additionalProperties": False,
        "required": ["max_increase"],
        "properties": {
            "max_increase": _text("The share that is still let through.", "5%", pattern=SHARE_PATTERN),
            "level": _level("How grave it is to go beyond.", "error"),
        },
        "examples": [{"max_increase": "5%"}],
    }


def _rules() -> Schema:
    """What a policy says about one model."""
    return {
        "checkpoint": _level(
            "How grave it is when existing weights no longer load, load in part, or load into the wrong layers.",
            Policy.checkpoint,
        ),
        "behaviour": _level(
            "How grave it is when existing weights load and the model computes something else, or when nobody can "
            "tell whether they load.",
            Policy.behaviour,
        ),
        "signature": _level("How grave it is when inputs or outputs differ.", Policy.signature),
        "removed": _level("How grave it is when a model is no longer there.", Policy.removed),
        "parameters": _growth("parameters"),
        "macs": _growth("multiply-accumulates"),
        "weight_bytes": _growth("bytes of weights"),
    }


def _review() -> Schema:
    return {
        "title": "review policy",
        "description": "Which changes `keraviz diff` and `keraviz snapshot --check` let through.",
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            "fail_on": {
                "description": "What is this grave, or more, makes `keraviz diff` exit with 1; every change is at "
                "least a notice.",
                "enum": ["notice", "warning", "error", "never"],
                "default": "error",
            },
            **_rules(),
        },
        "examples": [{"checkpoint": "error", "parameters": {"max_increase": "5%"}}],
    }


def _pair() -> Schema:
    ids: Schema = {
        "description": "Ids of the two, the one to start from first.",
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "items": {"type": "string", "pattern": ID_PATTERN, "examples": ["resnet50"]},
        "examples": [["resnet50", "resnet101"]],
    }
    return {
        "title": "pair",
        "type": ["array", "object"],
        "examples": [["resnet50", "resnet101"]],
        "if": {"type": "array"},
        "then": ids,
        "else": {
            "title": "pair",
            "additionalProperties": False,
            "required": ["models"],
            "properties": {
                "models": ids,
                "title": _text("Heading of the page.", "What depth buys"),
                "description": _text("Introduction on the page.", "The same blocks, more often."),
            },
        },
    }


def _changes() -> Schema:
    ref = _text("A git ref, or a directory of snapshots relative to the manifest.", "v1.2")
    return {
        "title": "page of changes",
        "description": "A page that says what changed in the architectures since earlier states, of which the "
        "repository keeps snapshots.",
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            "since": {
                "description": "The states to compare with, the latest first, each with the one before it: git refs "
                "(tags, branches, commits) or directories of snapshots, relative to the manifest.",
                "if": {"type": "array"},
                "then": {"minItems": 1, "items": ref},
                "else": ref,
                "examples": ["v1.2", ["v1.2", "v1.1"]],
            },
            "tags": _text("Instead of `since`: which tags are releases, as a pattern.", "v*", default=ChangesPage.tags),
            "last": {
                "description": "With `tags`: how many releases the page goes back.",
                "type": "integer",
                "minimum": 1,
                "maximum": 100,
                "default": ChangesPage.last,
                "examples": [3],
            },
            "build": {
                "description": "Whether the models of a ref without snapshots are built, with the code of that ref.",
                "type": "boolean",
                "default": ChangesPage.build,
            },
        },
        "examples": [{"since": "v1.2"}],
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
    return _entry("model", "builder", "kwargs", *_PRESENTATION, *_READING, "review", "variants", required=["builder"])


def _saved() -> Schema:
    return _entry("saved model", "file", *_PRESENTATION, *_READING, "review", required=["file"])


def _discovered() -> Schema:
    settings = ("section", "tags", "references", "batch", "expand", "timeout", "memory")
    return _entry("discovered module", "discover", *settings, required=["discover"])


def _variant() -> Schema:
    settings = ("id", "kwargs", "title", "description", "tags", "references", *_READING, "review")
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
        "https://example.org/our-zoo/residual.py",
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
    "review": {
        "title": "review policy of a model",
        "description": "Which changes of this model a review lets through, where not what `review` says for all.",
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": _rules(),
        "examples": [{"parameters": {"max_increase": "20%"}}],
    },
    "variants": {
        "description": "The same builder with other arguments: each is a model of its own, with the id ID-VARIANT.",
        "type": "array",
        "minItems": 1,
        "items": {"$ref": "#/$defs/variant"},
        "examples": [[{"id": "small", "kwargs": {"filters": 16}}]],
    },
}
