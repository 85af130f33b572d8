"""Where code stands is told by file and line, from the byte code that Python keeps or, without any, the source."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from keraviz_docs.reading.sources import source_of

CODE = '''
import dataclasses
import sys


class Plain:
    """Its own line."""


@dataclasses.dataclass
class Decorated:
    class Inner:
        @staticmethod
        def made():
            class Local:
                pass

            return Local

    field: int = 0


if sys.version_info < (3, 0):

    class Conditional:
        pass

else:

    class Conditional:
        other = 1


def of_a_function(flag=True):
    """Make one."""
    try:

        class Made:
            pass

    except ValueError:
        pass
    return Made
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "places_of_classes.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("places_of_classes")
    del sys.modules["places_of_classes"]


def line_of(thing: type) -> int | None:
    found = source_of(thing)
    return found.line if found is not None else None


def test_a_class_begins_where_its_first_decorator_or_its_keyword_stands(module: ModuleType) -> None:
    lines = CODE.splitlines()
    for thing, begins in (
        (module.Plain, "class Plain:"),
        (module.Decorated, "@dataclasses.dataclass"),
        (module.Decorated.Inner, "    class Inner:"),
        (module.Decorated.Inner.made(), "            class Local:"),
        (module.of_a_function(), "        class Made:"),
    ):
        assert line_of(thing) == lines.index(begins) + 1


def test_of_two_classes_of_a_name_the_last_counts(module: ModuleType) -> None:
    assert line_of(module.Conditional) == CODE[: CODE.rindex("class Conditional")].count("\n") + 1


def test_without_byte_code_the_source_tells(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "__spec__", None)
    assert line_of(module.Plain) == CODE.splitlines().index("class Plain:") + 1


def test_a_class_that_is_in_no_file_has_no_place() -> None:
    namespace: dict[str, type] = {}
    exec("class Made: pass", namespace)  # noqa: S102  # that is the case
    assert source_of(namespace["Made"]) is None


@pytest.mark.parametrize("name", ["Dense", "LSTM", "MultiHeadAttention", "Layer", "Embedding", "Normalization"])
def test_layers_of_keras_stand_where_python_finds_them(name: str) -> None:
    layers = importlib.import_module("keras.layers")
    _, line = inspect.getsourcelines(getattr(layers, name))
    assert line_of(getattr(layers, name)) == line
