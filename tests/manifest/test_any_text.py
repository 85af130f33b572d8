"""Whatever the text: a manifest, or mistakes with positions inside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keraviz_docs import manifest
from keraviz_docs.manifest.document import read
from keraviz_docs.manifest.mistakes import ManifestError

KEYS = [
    *(
        "title",
        "models",
        "defaults",
        "on_error",
        "graphviz",
        "executor",
        "id",
        "builder",
        "discover",
        "file",
        "kwargs",
        "inputs",
    ),
    *("variants", "batch", "expand", "timeout", "memory", "tags", "section", "references", "shape", "dtype", "<<"),
]
WORDS = ["all", "zoo:f", "zoo.vae", "a.keras", "small", "https://a.org", "float32", "no", "1", "1.5", ".inf", "~", "="]
SCALARS = st.one_of(
    st.sampled_from(WORDS),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.binary(max_size=4),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), SCALARS), inner, max_size=5),
    ),
    max_leaves=20,
)
TOKENS = [
    *(f"{key}: " for key in KEYS),
    *WORDS,
    *("\n", "\n  ", "\n- ", "\n  - ", "{", "}", "[", "]", ", ", ": ", "? ", "- ", "'", '"', "|\n  ", ">-\n", "# "),
    *("&a ", "*a", "&b ", "*b", "<<: ", "!tuple ", "!!set ", "!!int ", "!!bool ", "!x!y ", "!", "---\n", "...\n"),
    *(
        "\t",
        "\r\n",
        "\x85",
        "\u2028",
        "é",
        "😀",
        "\\",
        "\x00",
        "\ufeff",
        "%YAML 1.1\n",
        "0x",
        "1_",
        "12:30:45",
        "\ud800",
    ),
]
YAML_LIKE = st.lists(st.sampled_from(TOKENS), max_size=40).map("".join)


def check(text: str) -> None:
    try:
        zoo = manifest.loads(text, Path("zoo.yml"))
    except ManifestError as error:
        lines = text.removeprefix("\ufeff").splitlines() or [""]
        assert error.mistakes
        assert "\n" not in "".join(str(mistake) for mistake in error.mistakes)
        for mistake in error.mistakes:
            assert mistake.position is not None
            assert 1 <= mistake.position.line <= len(lines)
            assert 1 <= mistake.position.column <= len(lines[mistake.position.line - 1]) + 1
    else:
        assert zoo.entries


@settings(max_examples=500)
@given(YAML_LIKE)
@example("models: [{builder: 'z:f', kwargs: {x: !!timestamp foo}}]")
@example("{? {a: 1} : 2}")
@example("!!int ''")
@example("a: !!float x")
@example("-99999999999999999999:99:99")
@example("{.nan: 1, .nan: 2}")
@example("? !tuple [a]\n: 1")
def test_anything_that_looks_like_yaml(text: str) -> None:
    check(text)


@settings(max_examples=200)
@given(st.text())
def test_any_text(text: str) -> None:
    check(text)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(VALUES, max_size=3), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3))
def test_any_values_where_a_manifest_has_its_own(models: list[Any], top: dict[str, Any]) -> None:
    check(yaml.dump({**top, "models": models}))


ENTRY_KEYS = ["id", "kwargs", "title", "tags", "references", "inputs", "batch", "expand", "timeout", "variants"]


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(ENTRY_KEYS), VALUES, max_size=4), st.sampled_from(["builder", "discover"]))
def test_any_values_where_an_entry_has_its_own(entry: dict[str, Any], kind: str) -> None:
    check(yaml.dump({"models": [{kind: "zoo:f" if kind == "builder" else "zoo", **entry}]}))


PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**64), 2**64), st.floats(allow_nan=False), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.text(max_size=5), st.integers(0, 9)), inner, max_size=4),
    ),
    max_leaves=15,
)


@settings(max_examples=300)
@given(PLAIN)
def test_plain_values_are_read_as_yaml_itself_reads_them(value: Any) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    try:
        document = read(text, "zoo.yml")
    except ManifestError:
        # PyYAML writes some exotic characters that it then refuses to read.
        return
    if document.mistakes:
        assert "\\0" in text
    else:
        assert document.value == yaml.safe_load(text)
