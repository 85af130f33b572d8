"""Whatever a builder does wrong is told in a sentence, with the zoo's own lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import keraviz_docs
from keraviz_docs.outcome import Failure, from_json, to_json

Zoo = Callable[[dict[str, str]], Path]


def nets(body: str) -> dict[str, str]:
    return {"nets.py": "import keras\nfrom keras import layers, ops\n\n" + body}


def places(failure: Failure) -> list[tuple[str, int, str]]:
    return [(frame.file, frame.line, frame.function) for frame in failure.frames]


def test_the_frames_are_the_zoos_own_outermost_first(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo(
        {
            "nets.py": """
            import keras
            from parts.blocks import block

            def net():
                return keras.Model(*block(keras.Input((8, 8, 3))))
            """,
            "parts/__init__.py": "",
            "parts/blocks.py": """
            from keras import layers

            def block(x):
                return x, layers.Reshape((7, 7))(x)
            """,
        }
    )
    failure = failure_of(project, "nets:net")
    assert failure.kind == "exception"
    assert failure.id == "model"
    assert failure.target == "nets:net"
    assert failure.message.startswith("`nets:net` raised ValueError: ")
    assert places(failure) == [("nets.py", 6, "net"), ("parts/blocks.py", 5, "block")]
    assert failure.frames[1].code == "return x, layers.Reshape((7, 7))(x)"


def test_this_package_is_never_the_zoos_own_even_when_it_lies_in_the_project(
    failure_of: Callable[..., Failure],
) -> None:
    repository = Path(__file__).parents[2]
    assert failure_of(repository, "keras.applications:MobileNet", alpha=0.3, weights="imagenet").frames == ()


def test_a_layer_that_fails_when_it_is_called_is_the_zoos_own(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo(
        nets(
            """
class Odd(layers.Layer):
    def call(self, inputs):
        return inputs.no_such_attribute

def net():
    return keras.Sequential([keras.Input((3,)), Odd()])
"""
        )
    )
    failure = failure_of(project, "nets:net")
    assert places(failure)[-1] == ("nets.py", 7, "call")
    assert "no_such_attribute" in failure.message


OURS = """
from keraviz_docs.reading import assembling, keras_internals

def net():
    assembling._identity = None
    return keras.Sequential([keras.Input((3,)), layers.Dense(2)])

def hooked():
    keras_internals._Value = None
    return keras.Variable(1.0)
"""


@pytest.mark.parametrize(
    ("name", "doing", "last"),
    [
        ("net", "Reading the model that `nets:net` returned", "keraviz_docs/reading/assembling.py"),
        ("hooked", "`nets:hooked`", "keraviz_docs/reading/keras_internals.py"),
    ],
)
def test_our_own_mistake_is_not_blamed_on_the_builder(
    name: str, doing: str, last: str, zoo: Zoo, failure_of: Callable[..., Failure]
) -> None:
    failure = failure_of(zoo(nets(OURS)), f"nets:{name}")
    assert failure.kind == "internal"
    assert failure.message.startswith(
        f"{doing} failed because of a bug in keraviz-docs, not in your code: TypeError: 'NoneType' object is not "
    )
    assert f"keraviz-docs {keraviz_docs.__version__}, Keras 3." in failure.message
    assert failure.frames[-1].file == last
    assert failure.frames[-1].code


@pytest.mark.parametrize(
    "statement",
    [
        "layers.EinsumDense('ab,bc->ac', (-2,))(keras.Input((3,)))",  # through a hook, with Keras's frames left out
        "keras.Sequential([layers.Dense(2)]).quantize('int8')",
        "keras.Variable('text')",
        "keras.Variable({}.missing)",
        "keras.Sequential([keras.Input((3,)), layers.Reshape((7,))])",
    ],
)
def test_what_keras_raises_on_behalf_of_a_builder_is_the_builders(
    statement: str, zoo: Zoo, failure_of: Callable[..., Failure]
) -> None:
    failure = failure_of(zoo(nets(f"\ndef net():\n    return {statement}\n")), "nets:net")
    assert failure.kind == "exception", failure.message
    assert places(failure)[-1] == ("nets.py", 6, "net")


def test_a_virtual_environment_in_the_project_is_not_the_zoos_own(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo(
        {
            ".venv/lib/python3.11/site-packages/thirdparty.py": "def fail():\n    raise KeyError('missing')\n",
            "nets.py": """
            import sys
            from pathlib import Path
            sys.path.append(str(Path(__file__).parent / ".venv/lib/python3.11/site-packages"))
            import thirdparty

            def net():
                thirdparty.fail()
            """,
        }
    )
    failure = failure_of(project, "nets:net")
    assert places(failure) == [("nets.py", 8, "net")]
    assert failure.message == "`nets:net` raised KeyError: 'missing'"


def test_a_builder_of_an_installed_package_shows_that_packages_lines(
    tmp_path: Path, failure_of: Callable[..., Failure]
) -> None:
    failure = failure_of(tmp_path, "keras.applications:MobileNet", alpha=0.3, weights="imagenet")
    assert failure.kind == "exception"
    assert "alpha" in failure.message
    assert failure.frames == ()


@pytest.mark.parametrize(
    ("statement", "kind", "message"),
    [
        ("import sys; sys.exit()", "crash", "`nets:net` called sys.exit; a builder must return a model"),
        ("import sys; sys.exit(4)", "crash", "`nets:net` called sys.exit with exit status 4; a builder"),
        ("raise MemoryError('8 GiB')", "memory", "`nets:net` ran out of memory. MemoryError: 8 GiB"),
        ("net()", "exception", "`nets:net` raised RecursionError: it calls itself without an end."),
        ("raise ValueError", "exception", "`nets:net` raised ValueError"),
        ("raise ValueError('a\\x1b[31mb\\x1b[0m')", "exception", "`nets:net` raised ValueError: ab"),
        ("raise ValueError(object())", "exception", "`nets:net` raised ValueError: <object object>"),
        ("assert False", "exception", "`nets:net` raised AssertionError"),
        ("raise GeneratorExit", "exception", "`nets:net` raised GeneratorExit"),
    ],
)
def test_every_way_out_is_told(
    zoo: Zoo, failure_of: Callable[..., Failure], statement: str, kind: str, message: str
) -> None:
    failure = failure_of(zoo(nets(f"\ndef net():\n    {statement}\n")), "nets:net")
    assert failure.kind == kind
    assert failure.message.startswith(message)
    assert places(failure)[0] == ("nets.py", 6, "net")


def test_an_exception_without_a_message_of_its_own_is_told(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo(
        nets(
            """
class Hostile(Exception):
    def __str__(self):
        raise RuntimeError

def net():
    raise Hostile
"""
        )
    )
    assert failure_of(project, "nets:net").message == "`nets:net` raised Hostile"


def test_a_message_of_any_length_is_cut(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    failure = failure_of(zoo(nets("\ndef net():\n    raise ValueError('long ' * 100_000)\n")), "nets:net")
    assert len(failure.message) < 2_100
    assert failure.message.endswith("…")


def test_a_traceback_of_any_depth_is_cut_in_the_middle(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    failure = failure_of(zoo(nets("\ndef net(depth=0):\n    return net(depth + 1)\n")), "nets:net")
    assert len(failure.frames) <= 20


def test_a_failure_is_the_same_on_every_run_and_crosses_processes(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo(nets("\ndef net():\n    return layers.Dense(object())\n"))
    first, second = failure_of(project, "nets:net"), failure_of(project, "nets:net")
    assert to_json(first) == to_json(second)
    assert from_json(to_json(first)) == first


def test_text_that_is_not_unicode_does_not_break_a_failure(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    failure = failure_of(zoo(nets("\ndef net():\n    raise ValueError('\\udc80')\n")), "nets:net")
    assert from_json(to_json(failure)) == failure


def test_ctrl_c_is_not_swallowed(zoo: Zoo, run: Callable[..., Any]) -> None:
    interrupted = run(
        """
        try:
            reading.read(ModelEntry(id="net", target=BuilderTarget("nets", "net")), project)
            result = False
        except KeyboardInterrupt:
            result = True
        """,
        project=zoo(nets("\ndef net():\n    raise KeyboardInterrupt\n")),
    )
    assert interrupted


def test_a_module_whose_attributes_raise_is_told(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo({"nets.py": "def __getattr__(name):\n    raise ImportError('install zoo-extras')\n"})
    failure = failure_of(project, "nets:net")
    assert failure.message == "Reading `nets:net` raised ImportError: install zoo-extras"
    assert places(failure) == [("nets.py", 2, "__getattr__")]


def test_a_name_that_json_cannot_carry_is_told(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo(
        nets("\ndef net():\n    return keras.Sequential([keras.Input((3,)), layers.Dense(4)], name='a\\udc80')\n")
    )
    assert "no Unicode text" in failure_of(project, "nets:net").message
