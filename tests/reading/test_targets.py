"""``package.module:name`` finds the callable that its author means, or says why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from keraviz_docs.outcome import Failure, Reading

Zoo = Callable[[dict[str, str]], Path]

DENSE = """
    import keras

    def dense(units=4):
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])
"""


def test_a_module_of_the_project_need_not_be_installed(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    project = zoo({"nets/__init__.py": "", "nets/small.py": DENSE})
    assert reading_of(project, "nets.small:dense").architecture.totals.parameters == 16


def test_a_src_layout_is_found(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    project = zoo({"src/nets/__init__.py": "", "src/nets/small.py": DENSE})
    reading = reading_of(project, "nets.small:dense")
    assert reading.builder.source is not None
    assert reading.builder.source.file == "src/nets/small.py"


def test_a_manifest_beside_the_modules_of_a_package_names_them_in_full(
    zoo: Zoo, reading_of: Callable[..., Reading]
) -> None:
    project = zoo({"nets/__init__.py": "", "nets/small.py": DENSE})
    reading = reading_of(project / "nets", "nets.small:dense")
    assert reading.builder.source is not None
    assert reading.builder.source.file == "nets/small.py"


def test_a_manifest_in_docs_reaches_the_modules_of_its_repository(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    project = zoo({"pyproject.toml": "", "docs/zoo.yml": "", "src/nets/__init__.py": DENSE})
    assert reading_of(project / "docs", "nets:dense").architecture.totals.parameters == 16


def test_a_project_wins_over_an_installed_package_of_the_same_name(
    zoo: Zoo, reading_of: Callable[..., Reading]
) -> None:
    project = zoo({"kimm.py": DENSE})
    assert reading_of(project, "kimm:dense").architecture.totals.parameters == 16


@pytest.mark.parametrize("target", ["nets:Nets.classy", "nets:Nets.static", "nets:nets.bound", "nets:partial"])
def test_names_may_be_dotted_and_callables_of_any_kind(
    zoo: Zoo, reading_of: Callable[..., Reading], target: str
) -> None:
    project = zoo(
        {
            "nets.py": DENSE
            + """
    import functools

    class Nets:
        @classmethod
        def classy(cls): return dense()

        @staticmethod
        def static(): return dense()

        def bound(self): return dense()

    nets = Nets()
    partial = functools.partial(dense, units=4)
"""
        }
    )
    assert reading_of(project, target).architecture.totals.parameters == 16


def test_a_model_class_is_a_builder(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    project = zoo(
        {
            "nets.py": """
            import keras

            class Net(keras.Model):
                def __init__(self, units=2, **kwargs):
                    inputs = keras.Input((3,))
                    super().__init__(inputs, keras.layers.Dense(units)(inputs), **kwargs)
            """
        }
    )
    reading = reading_of(project, "nets:Net", units=5)
    assert reading.architecture.totals.parameters == 20
    assert reading.architecture.builder == "nets:Net"


def test_a_missing_module_is_reported_with_the_near_miss(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo({"nets/__init__.py": "", "nets/small.py": DENSE})
    failure = failure_of(project, "nets.smal:dense")
    assert failure.kind == "import"
    assert failure.message == "There is no module `nets.smal`. Did you mean `nets.small`?"


def test_a_misspelt_package_is_named_with_its_module(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo({"nets/__init__.py": "", "nets/small.py": DENSE})
    assert failure_of(project, "netz.small:dense").message == (
        "There is no module `netz.small`, because there is no `netz`. Did you mean `nets.small`?"
    )


def test_a_module_that_is_no_package_has_no_modules(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo({"nets.py": DENSE})
    assert failure_of(project, "nets.small:dense").message == (
        "There is no module `nets.small`: `nets` is a module, not a package."
    )


def test_a_module_without_any_likeness_says_where_was_looked(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo({"nets.py": DENSE})
    assert failure_of(project, "quite_other:dense").message == (
        "There is no module `quite_other`: looked in the manifest's directory (zoo_project/) and what is installed."
    )


def test_a_module_that_raises_is_present_but_broken(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo({"nets.py": "import json\n\njson.loads('{')\n"})
    failure = failure_of(project, "nets:dense")
    assert failure.kind == "import"
    assert failure.message.startswith("Importing `nets` raised JSONDecodeError: ")
    assert [(frame.file, frame.line, frame.code) for frame in failure.frames] == [("nets.py", 3, "json.loads('{')")]


def test_a_module_that_imports_a_missing_one_is_present_too(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo({"nets.py": "import not_installed_anywhere\n"})
    failure = failure_of(project, "nets:dense")
    assert failure.message == ("Importing `nets` raised ModuleNotFoundError: No module named 'not_installed_anywhere'")
    assert failure.frames[-1].line == 1


def test_a_syntax_error_is_shown_where_it_is(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo({"nets.py": "x = 1\ndef dense(:\n"})
    failure = failure_of(project, "nets:dense")
    assert failure.message.startswith("Importing `nets` raised SyntaxError: ")
    assert (failure.frames[-1].file, failure.frames[-1].line) == ("nets.py", 2)
    assert failure.frames[-1].code == "def dense(:"


def test_a_module_that_ends_the_program_is_a_crash(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    failure = failure_of(zoo({"nets.py": "raise SystemExit(3)\n"}), "nets:dense")
    assert failure.kind == "crash"
    assert failure.message.startswith("Importing `nets` called sys.exit with exit status 3")


def test_a_missing_name_is_reported_with_the_near_miss(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    failure = failure_of(zoo({"nets.py": DENSE}), "nets:denze")
    assert failure.message == "There is no `denze` in module `nets`. Did you mean `dense`?"


def test_a_missing_name_without_likeness_lists_what_there_is(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    failure = failure_of(zoo({"nets.py": DENSE}), "nets:transformer")
    assert failure.message == "There is no `transformer` in module `nets`. It has `dense`."


def test_a_constant_is_no_builder(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    failure = failure_of(zoo({"nets.py": "units = 4\n"}), "nets:units")
    assert failure.message == "`nets:units` is an int, not a function that returns a keras.Model."


def test_a_model_made_on_import_is_no_builder(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    failure = failure_of(zoo({"nets.py": DENSE + "\n    net = dense()\n"}), "nets:net")
    assert failure.message == (
        "`nets:net` is a Sequential, not a function that returns a keras.Model. Name a function that returns it."
    )


def test_a_module_named_like_one_of_python_says_so(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    failure = failure_of(zoo({"types.py": DENSE}), "types:dense")
    assert failure.kind == "import"
    assert failure.message == (
        "types.py cannot be imported as `types`: Python itself has a module of that name, which is in use. "
        "Rename yours."
    )
