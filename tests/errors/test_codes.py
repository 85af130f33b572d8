"""Codes are for ever, and no mistake is without one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import keraviz_docs
import mkdocs_plugin
from keraviz_docs.errors import Code
from keraviz_docs.errors.codes import GROUPS
from keraviz_docs.errors.explanations import EXPLANATIONS
from keraviz_docs.outcome import CODES

SOURCES = [
    path
    for package in (keraviz_docs, mkdocs_plugin)
    for path in sorted(Path(str(package.__file__)).parent.rglob("*.py"))
    if path.parent.name != "errors"
]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def test_a_code_keeps_its_meaning() -> None:
    published = Path(__file__).with_name("codes.txt").read_text(encoding="utf-8").splitlines()
    assert [f"{code.value} {code.title}" for code in Code] == published, "codes are added, never changed"


def test_codes_are_numbered_in_groups() -> None:
    values = [code.value for code in Code]
    assert values == sorted(set(values))
    assert all(re.fullmatch(r"KV\d{3}", value) for value in values)
    assert {code.group for code in Code} == set(GROUPS)


@pytest.mark.parametrize("code", Code, ids=lambda code: code.value)
def test_a_code_is_explained(code: Code) -> None:
    explanation = EXPLANATIONS[code]
    for prose in (explanation.why, re.sub(r"```.*?```", ".", explanation.remedy, flags=re.DOTALL)):
        assert re.search(r"[.:]$", prose.strip()), prose
    assert explanation.example.strip() == explanation.example != ""


def test_explanations_stand_in_the_order_of_the_codes() -> None:
    assert list(EXPLANATIONS) == list(Code)


def test_every_code_is_used() -> None:
    used = {
        node.attr
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Code"
    }
    assert used == {code.name for code in Code}


def test_every_kind_of_failure_has_a_code_of_its_own() -> None:
    assert len(set(CODES.values())) == len(CODES)


def user_errors() -> dict[str, ast.ClassDef]:
    """Return the classes of mistakes by name, :class:`UserError` itself aside."""
    found: dict[str, ast.ClassDef] = {}
    classes = [node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while more := {
        each.name: each
        for each in classes
        if each.name not in found and {ast.unparse(base) for base in each.bases} & {"UserError", *found}
    }:
        found |= more
    return found


def calls(names: set[str]) -> Iterator[tuple[str, ast.Call]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in names:
                yield f"{path.name}:{node.lineno}", node


def test_every_mistake_is_told_with_its_code() -> None:
    found = list(calls({"UserError"}))
    assert len(found) > 50
    without = [
        place for place, call in found if len(call.args) + sum(keyword.arg == "code" for keyword in call.keywords) != 2
    ]
    assert without == []


def test_a_class_of_mistakes_has_a_code() -> None:
    classes = user_errors()
    assert {"ManifestError", "SnapshotError", "GraphvizError"} <= set(classes)
    for name, each in classes.items():
        text = ast.unparse(each)
        inherits = {ast.unparse(base) for base in each.bases} & set(classes)
        assert inherits or re.search(r"super\(\).__init__\(.*(Code\.|\.code)", text), name


def test_what_click_and_mkdocs_raise_is_not_raised_past_the_codes() -> None:
    raised = {
        ast.unparse(node.exc.func)
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    }
    assert (
        raised & {"click.UsageError", "click.ClickException", "click.FileError", "PluginError", "SystemExit"} == set()
    )
