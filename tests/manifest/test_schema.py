"""The schema for editors is the schema that loading uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from keraviz_docs import manifest
from keraviz_docs.manifest.document import read
from keraviz_docs.manifest.validation import violations
from keraviz_docs.manifest.wording import _SENTENCES


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            if key not in ("examples", "enum", "default", "required"):
                yield from subschemas(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from subschemas(item)


def test_it_is_a_valid_schema_of_its_dialect() -> None:
    jsonschema.Draft202012Validator.check_schema(manifest.schema())


def test_every_key_is_described_for_editors() -> None:
    definitions = manifest.schema()["$defs"]
    objects = [manifest.schema(), *(definitions[name] for name in ("built", "saved", "discovered", "variant"))]
    for schema in objects:
        for key, value in schema["properties"].items():
            described = definitions["inputs"] if "$ref" in value else value
            assert described.get("description") or key == "defaults", key


def test_examples_and_defaults_keep_the_rules_that_they_illustrate() -> None:
    root = manifest.schema()
    for schema in subschemas(root):
        for example in [*schema.get("examples", []), *([schema["default"]] if "default" in schema else [])]:
            jsonschema.Draft202012Validator({**schema, "$defs": root["$defs"]}).validate(example)


ASSERTIONS = {
    *("type", "additionalProperties", "required", "oneOf", "anyOf", "allOf", "not", "enum", "const", "pattern"),
    *("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems"),
    *("uniqueItems", "contains", "minLength", "maxLength", "minProperties", "maxProperties", "dependentRequired"),
    *("propertyNames", "unevaluatedProperties", "unevaluatedItems", "format", "dependentSchemas"),
}


def test_every_rule_has_a_sentence_of_its_own() -> None:
    root = manifest.schema()
    conditions = {id(part) for schema in subschemas(root) for part in subschemas(schema.get("if", {}))}
    rules = [schema.keys() & ASSERTIONS for schema in subschemas(root) if id(schema) not in conditions]
    used = set().union(*rules)
    assert {"type", "additionalProperties", "pattern"} <= used
    assert used - {"propertyNames"} <= set(_SENTENCES)


GOOD = [
    "models: [{builder: 'z:f'}]",
    "{title: Z, on_error: warn, graphviz: system, defaults: {tags: [a], batch: null}, models: [{discover: a.b}]}",
    "models: [{builder: 'z.a:f.g', id: a-1, kwargs: {a: [1, {2: 3}], b: null}, expand: 0, batch: 2, memory: 5}]",
    "models: [{builder: 'z:f', inputs: {shape: [null, 3]}}, {builder: 'z:g', inputs: [{shape: [], dtype: bool}]}]",
    "models: [{builder: 'z:f', inputs: {a: {b: [{shape: [1]}, {shape: [2]}]}}, variants: [{id: x, timeout: 0.5}]}]",
    "models: [{discover: a, section: S, references: ['http://a.b/c']}]",
    "{review: {fail_on: never, macs: {max_increase: 0.5%, level: notice}}, models: [{builder: 'z:f'}]}",
    "{compare: [[f, g], {models: [g, f], title: T}], models: [{builder: 'z:f'}, {builder: 'z:g'}]}",
    "{changes: {since: [v2, old/]}, models: [{builder: 'z:f', review: {removed: notice}}]}",
]
BAD = [
    "{}",
    "[]",
    "models: []",
    "models: [{}]",
    "models: [x]",
    "models: [{builder: zf}]",
    "models: [{builder: 'z:f', file: a.keras}]",
    "models: [{builder: 'z:f', id: A}]",
    "models: [{builder: 'z:f', more: 1}]",
    "models: [{builder: 'z:f', kwargs: {a-b: 1}}]",
    "models: [{builder: 'z:f', batch: 0}]",
    "models: [{builder: 'z:f', batch: true}]",
    "models: [{builder: 'z:f', expand: some}]",
    "models: [{builder: 'z:f', inputs: [3, 3]}]",
    "models: [{builder: 'z:f', inputs: {}}]",
    "models: [{builder: 'z:f', inputs: {shape: [0]}}]",
    "models: [{builder: 'z:f', inputs: {a: {shape: [1], dtype: float31}}}]",
    "models: [{builder: 'z:f', variants: [{}]}]",
    "models: [{builder: 'z:f', references: [arxiv]}]",
    "models: [{discover: 'z:f'}]",
    "models: [{discover: z, kwargs: {}}]",
    "models: [{file: a.h5}]",
    "{on_error: stop, models: [{builder: 'z:f'}]}",
    "{review: {fail_on: sometimes}, models: [{builder: 'z:f'}]}",
    "{compare: [[f, g, h]], models: [{builder: 'z:f'}]}",
    "{changes: {}, models: [{builder: 'z:f'}]}",
    "{defaults: {id: a}, models: [{builder: 'z:f'}]}",
]


@pytest.mark.parametrize(("text", "good"), [*((text, True) for text in GOOD), *((text, False) for text in BAD)])
def test_an_editor_and_the_loader_agree(text: str, good: bool) -> None:
    assert jsonschema.Draft202012Validator(manifest.schema()).is_valid(yaml.safe_load(text)) is good
    if good:
        assert manifest.loads(text, Path("zoo.yml")).entries
    else:
        with pytest.raises(manifest.ManifestError):
            manifest.loads(text, Path("zoo.yml"))


KEYS = [
    "id",
    "builder",
    "discover",
    "file",
    "kwargs",
    "inputs",
    "shape",
    "dtype",
    "batch",
    "expand",
    "tags",
    "variants",
]
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 3), st.sampled_from(["z:f", "z", "a.keras", "all", "int8", "small", ""])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=400)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3), st.sampled_from(["builder", "discover", "file"]))
def test_an_editor_and_the_loader_agree_on_any_entry(entry: dict[str, Any], kind: str) -> None:
    right = {"builder": "z:f", "discover": "z", "file": "a.keras"}[kind]
    value = {"models": [{kind: right, **{key: each for key, each in entry.items() if key != kind}}]}
    told = list(violations(read(yaml.safe_dump(value), "zoo.yml")))
    assert jsonschema.Draft202012Validator(manifest.schema()).is_valid(value) is (not told), told
