"""What a page says about a builder is what its author wrote, and its snippet builds this very model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keraviz_docs.architecture import Source
from keraviz_docs.manifest.entries import BuilderTarget
from keraviz_docs.outcome import BuilderFacts, Reading
from keraviz_docs.reading.arguments import Arguments
from keraviz_docs.reading.facts import usage

Zoo = Callable[[dict[str, str]], Path]
TARGET = BuilderTarget("zoo.nets", "unet")

NETS = '''
from __future__ import annotations

import functools
from typing import Any

import keras
from keras import layers


def logged(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        return function(*args, **kwargs)

    return call


@logged
def dense(
    units: int = 4,
    shape: tuple[int, ...] = (3,),
    *,
    activation: Any = keras.activations.relu,
    marker=object(),
    **rest: Any,
) -> keras.Model:
    """A dense model.

    Args:
        units: how many.
    """
    return keras.Sequential([keras.Input(shape), layers.Dense(units, activation)])


class Net(keras.Model):
    def __init__(self, units=2, /, rate: float = 0.5):
        inputs = keras.Input((3,))
        super().__init__(inputs, layers.Dense(units)(inputs))


class Documented(Net):
    """A net."""

    @classmethod
    def small(cls, rate=0.1):
        """A small one."""
        return cls(1)


shortcut = functools.partial(dense, units=7)
'''


@pytest.fixture
def facts_of(zoo: Zoo, reading_of: Callable[..., Reading]) -> Callable[..., BuilderFacts]:
    project = zoo({"nets.py": NETS})
    return lambda name, **kwargs: reading_of(project, f"nets:{name}", **kwargs).builder


def test_a_function_seen_through_its_decorator(facts_of: Callable[..., BuilderFacts]) -> None:
    facts = facts_of("dense")
    assert facts.target == "nets:dense"
    assert facts.docstring == "A dense model.\n\nArgs:\n    units: how many."
    assert facts.signature == (
        "dense(units: int = 4, shape: tuple[int, ...] = (3,), *, activation: Any = relu, marker=object(…), "
        "**rest: Any) -> keras.Model"
    )
    assert facts.source == Source("nets.py", NETS.splitlines().index("@logged") + 1)
    assert facts.source_url is None


def test_a_class(facts_of: Callable[..., BuilderFacts]) -> None:
    facts = facts_of("Net")
    assert facts.docstring is None
    assert facts.signature == "Net(units=2, /, rate: float = 0.5)"
    assert facts.usage == "from nets import Net\n\nmodel = Net()"
    assert facts.source == Source("nets.py", NETS.splitlines().index("class Net(keras.Model):") + 1)


@pytest.mark.parametrize(
    ("annotation", "shown"),
    [
        ("keras.Model", "keras.Model"),
        ("keras.Model | None", "keras.Model | None"),
        ("dict[str, list[keras.Sequential]]", "dict[str, list[keras.Sequential]]"),
        ("Callable[[keras.KerasTensor], keras.layers.Dense]", "Callable[[keras.KerasTensor], keras.layers.Dense]"),
        ("keras.src.Functional", "keras.src.models.functional.Functional"),  # offered nowhere else
        ("'keras.src.models.model.Model'", "keras.src.models.model.Model"),  # as it was written
    ],
)
def test_classes_are_named_as_they_are_imported(
    annotation: str, shown: str, zoo: Zoo, reading_of: Callable[..., Reading]
) -> None:
    head = f"from collections.abc import Callable\nimport keras\n\ndef net(given: {annotation} = None):"
    project = zoo({"nets.py": f"{head}\n    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\n"})
    signature = reading_of(project, "nets:net").builder.signature
    assert signature is not None
    assert signature.replace("collections.abc.", "") == f"net(given: {shown} = None)"


def test_a_method(facts_of: Callable[..., BuilderFacts]) -> None:
    facts = facts_of("Documented.small")
    assert facts.docstring == "A small one."
    assert facts.signature == "small(rate=0.1)"
    assert facts.usage == "from nets import Documented\n\nmodel = Documented.small()"


def test_a_partial(facts_of: Callable[..., BuilderFacts]) -> None:
    facts = facts_of("shortcut")
    assert facts.docstring == "A dense model.\n\nArgs:\n    units: how many."
    assert facts.signature is not None
    assert facts.signature.startswith("shortcut(*, units: int = 7, shape: ")
    assert facts.source == Source("nets.py", NETS.splitlines().index("@logged") + 1)


def test_arguments_appear_as_the_builder_gets_them(facts_of: Callable[..., BuilderFacts]) -> None:
    assert facts_of("dense", units=5, shape=[6]).usage == "from nets import dense\n\nmodel = dense(units=5, shape=(6,))"
    assert facts_of("Net", units=5).usage == "from nets import Net\n\nmodel = Net(5)"


def test_a_builder_of_keras(tmp_path: Path, reading_of: Callable[..., Reading]) -> None:
    facts = reading_of(tmp_path, "keras.applications:MobileNet", alpha=0.5, weights=None).builder
    assert facts.usage == ("from keras.applications import MobileNet\n\nmodel = MobileNet(alpha=0.5, weights=None)")
    assert facts.source is not None
    assert facts.source.file == "keras/src/applications/mobilenet.py"
    assert facts.docstring is not None
    assert facts.docstring.startswith("Instantiates the MobileNet architecture.")


def test_the_snippet_builds_this_very_model(zoo: Zoo, reading_of: Callable[..., Reading], run: Any) -> None:
    project = zoo({"nets.py": NETS})
    reading = reading_of(project, "nets:dense", units=5, shape=[6], activation="tanh")
    parameters, activation = run(
        """
        import sys
        sys.path.insert(0, str(project))
        names = {}
        exec(snippet, names)
        model = names["model"]
        result = model.count_params(), model.layers[-1].activation.__name__
        """,
        project=project,
        snippet=reading.builder.usage,
    )
    assert parameters == reading.architecture.totals.parameters == 35
    assert activation == "tanh"


def test_a_long_call_has_one_argument_a_line() -> None:
    named = {"filters": [64, 128, 256], "input_shape": (224, 224, 3), "activation": "relu", "name": "unet", "rate": 0.5}
    assert usage(TARGET, Arguments((), named)) == (
        "from zoo.nets import unet\n\n"
        "model = unet(\n"
        "    filters=[64, 128, 256],\n"
        "    input_shape=(224, 224, 3),\n"
        '    activation="relu",\n'
        '    name="unet",\n'
        "    rate=0.5,\n"
        ")"
    )


def test_a_model_that_does_not_know_its_input_is_called_on_one() -> None:
    assert usage(TARGET, Arguments((), {}), {"shape": [64], "dtype": "int32"}) == (
        'import keras\nfrom zoo.nets import unet\n\nmodel = unet()\nmodel(keras.Input((64,), dtype="int32"))'
    )


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(named=st.dictionaries(st.text(min_size=1), DATA, max_size=4), positional=st.lists(DATA, max_size=2))
def test_the_snippet_passes_the_values_it_was_made_from(named: dict[str, Any], positional: list[Any]) -> None:
    got: list[Any] = []
    snippet = usage(BuilderTarget("builtins", "print"), Arguments(tuple(positional), named))
    body = snippet.replace("from builtins import print\n", "", 1)
    names = {"print": lambda *args, **kwargs: got.append((args, kwargs))}
    exec(body, names)  # noqa: S102 -- that it runs is the point
    assert got == [(tuple(positional), named)]
