"""``discover: module`` finds the builders of a module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keraviz_docs.manifest.entries import BuilderTarget, Limits, ModelEntry, Position
from keraviz_docs.outcome import Failure, Reading
from keraviz_docs.reading.discovery import kebab

Zoo = Callable[[dict[str, str]], Path]
Discover = Callable[..., Any]


def names(entries: Any) -> list[str]:
    assert not isinstance(entries, Failure), entries
    return [entry.target.name for entry in entries]


MANY = """
import functools
from typing import TYPE_CHECKING
import keras
import tensorflow as tf
from keras import Model, layers

if TYPE_CHECKING:
    from elsewhere import Sequential

def zebra() -> keras.Model: ...
def apple(units: int) -> Model: ...
def text() -> "keras.models.Model": ...
def unresolvable() -> "elsewhere.Model": ...
def sequential() -> keras.Sequential: ...
def under_type_checking() -> "Sequential": ...
def in_tensorflow() -> tf.keras.Model: ...

class Net(keras.Model): ...

def own_class() -> Net: ...

def logged(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        return function(*args, **kwargs)
    return call

@logged
def decorated() -> keras.Model: ...

alias = zebra

def _private() -> keras.Model: ...
def unannotated(): ...
def number() -> int: ...
def layer() -> layers.Layer: ...
def maybe() -> "keras.Model | None": ...
"""


def test_public_functions_that_promise_a_model_are_found_in_source_order(zoo: Zoo, discovered: Discover) -> None:
    entries = discovered(zoo({"nets.py": MANY}), "nets")
    assert names(entries) == [
        "zebra",
        "apple",
        "text",
        "unresolvable",
        "sequential",
        "under_type_checking",
        "in_tensorflow",
        "own_class",
        "decorated",
    ]


def test_postponed_annotations_are_understood(zoo: Zoo, discovered: Discover) -> None:
    entries = discovered(zoo({"nets.py": "from __future__ import annotations\n" + MANY}), "nets")
    assert len(names(entries)) == 9


def test_imported_builders_belong_to_their_own_module(zoo: Zoo, discovered: Discover) -> None:
    project = zoo(
        {
            "nets.py": "import keras\ndef net() -> keras.Model: ...\n",
            "more.py": "import keras\nfrom nets import net\ndef other() -> keras.Model: ...\n",
        }
    )
    assert names(discovered(project, "more")) == ["other"]


def test_all_adds_what_it_names(zoo: Zoo, discovered: Discover) -> None:
    project = zoo(
        {
            "nets/__init__.py": """
                import functools
                import keras
                from nets.parts import Net, Part, block, imported, needy

                __all__ = ["Net", "Needy", "Part", "block", "constant", "imported", "made", "nowhere", "number", "open"]

                constant = 3

                class Needy(keras.Model):
                    def __init__(self, units): ...

                def own() -> keras.Model: ...
                def open(units=3): ...
                def number() -> int: ...

                made = functools.partial(needy, units=3)
                """,
            "nets/parts.py": """
                import keras

                class Net(keras.Model):
                    def __init__(self, units=3): ...

                class Part(keras.layers.Layer): ...

                def block(x, filters): ...
                def imported() -> keras.Model: ...
                def needy(units) -> keras.Model: ...
                """,
        }
    )
    assert names(discovered(project, "nets")) == ["own", "Net", "imported", "made", "open"]


def test_every_entry_has_an_id_and_the_settings_of_the_manifest(zoo: Zoo, discovered: Discover) -> None:
    project = zoo({"nets.py": "import keras\ndef residual_model() -> keras.Model: ...\n"})
    position = Position("zoo.yml", 3, 5)
    settings: dict[str, Any] = {
        "section": "Vision",
        "tags": ("residual",),
        "references": ("https://arxiv.org/abs/1512.03385",),
        "batch": 2,
        "expand": 1,
        "limits": Limits(timeout=5),
        "position": position,
    }
    assert discovered(project, "nets", **settings) == (
        ModelEntry(id="residual-model", target=BuilderTarget("nets", "residual_model"), **settings),
    )


def test_ids_differ_where_names_differ_only_in_case(zoo: Zoo, discovered: Discover) -> None:
    project = zoo({"nets.py": "import keras\ndef vae() -> keras.Model: ...\ndef VAE() -> keras.Model: ...\n"})
    assert [entry.id for entry in discovered(project, "nets")] == ["vae", "vae-2"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("residual_model", "residual-model"),
        ("ResidualModel", "residual-model"),
        ("VAE", "vae"),
        ("unet3d", "unet3d"),
        ("zoo.nets", "zoo-nets"),
        ("réseau", "reseau"),
        ("模型", "model"),
    ],
)
def test_ids_are_made_from_names(name: str, expected: str) -> None:
    assert kebab(name) == expected


def test_a_discovered_builder_can_be_read(zoo: Zoo, discovered: Discover, reading_of: Callable[..., Reading]) -> None:
    project = zoo(
        {
            "nets.py": """
            import keras
            def net() -> keras.Model:
                return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
            """
        }
    )
    (entry,) = discovered(project, "nets")
    assert reading_of(project, str(entry.target)).architecture.totals.parameters == 16


def test_a_discovered_builder_with_required_arguments_says_so(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo({"nets.py": MANY})
    failure = failure_of(project, "nets:apple")
    assert failure.kind == "arguments"
    assert failure.message == "`nets:apple` needs the argument `units`: give a value under `kwargs`."


def test_a_module_without_builders_says_what_makes_one(zoo: Zoo, discovered: Discover) -> None:
    failure = discovered(zoo({"nets.py": "def net(): ...\ndef other(): ...\n"}), "nets")
    assert isinstance(failure, Failure)
    assert (failure.id, failure.target, failure.kind) == ("nets", "nets", "no-builders")
    assert failure.message == (
        "`nets` has no builder: none of its functions (`net`, `other`) is annotated `-> keras.Model`. "
        "Annotate them, or name them in `__all__`."
    )


def test_a_module_that_fails_is_reported_like_a_builder_that_does(zoo: Zoo, discovered: Discover) -> None:
    failure = discovered(zoo({"nets.py": "1 / 0\n"}), "nets")
    assert isinstance(failure, Failure)
    assert failure.message == "Importing `nets` raised ZeroDivisionError: division by zero"
    assert failure.frames[-1].line == 1


def test_a_module_that_builds_models_on_import_allocates_nothing(zoo: Zoo, discovered: Discover, run: Any) -> None:
    project = zoo(
        {
            "nets.py": """
            import keras
            backbone = keras.applications.VGG16()
            def net() -> keras.Model: ...
            """
        }
    )
    values = run(
        """
        import sys
        from keraviz_docs.manifest.entries import DiscoverEntry
        reading.discover(DiscoverEntry(module="nets"), project)
        result = [variable.path for variable in sys.modules["nets"].backbone.weights if variable._value is not None]
        """,
        project=project,
    )
    assert values == []
