"""The manifest `zoo.yml`: reading, validation, schema.

:func:`load` gives a :class:`Manifest` or raises a :class:`ManifestError` with every mistake and its position;
:func:`schema` is the JSON Schema for editors; :func:`parse_value` and :func:`parse_inputs` read
what a command line gives.
"""

from __future__ import annotations

from keraviz_docs.manifest.entries import (
    BuilderTarget,
    ChangesPage,
    DiscoverEntry,
    FailOn,
    Growth,
    Level,
    Limits,
    Manifest,
    ModelEntry,
    Pair,
    Policy,
    Position,
    SavedModelTarget,
)
from keraviz_docs.manifest.identifiers import derive_id
from keraviz_docs.manifest.loading import load, loads, parse_inputs, parse_value
from keraviz_docs.manifest.mistakes import ManifestError, Mistake
from keraviz_docs.manifest.schema import schema

__all__ = [
    "BuilderTarget",
    "ChangesPage",
    "DiscoverEntry",
    "FailOn",
    "Growth",
    "Level",
    "Limits",
    "Manifest",
    "ManifestError",
    "Mistake",
    "ModelEntry",
    "Pair",
    "Policy",
    "Position",
    "SavedModelTarget",
    "derive_id",
    "load",
    "loads",
    "parse_inputs",
    "parse_value",
    "schema",
]
