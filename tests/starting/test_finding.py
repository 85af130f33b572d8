"""What is taken for a builder, by its source alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from keraviz_docs.starting.candidates import Found, find
from keraviz_docs.starting.scope import locate

Write = Callable[[Mapping[str, str]], Path]
KERAS = "import keras\nfrom keras import layers, Model\nfrom typing import Optional\n"


def found(write: Write, code: str, **others: str) -> Found:
    directory = write({"zoo.py": KERAS + code, **{f"{name}.py": text for name, text in others.items()}})
    return find(locate(str(directory)))


def names(found: Found) -> list[str]:
    return [str(each.target) for each in found.candidates]


@pytest.mark.parametrize(
    ("code", "size"),
    [
        ("def f(image_size=96) -> keras.Model: ...", 96),
        ("def f(*, img_size=96) -> keras.Model: ...", 96),
        ("def f(classes, other=96) -> keras.Model: ...", None),
        ("def f(image_size=None) -> keras.Model: ...", None),
        ("class f(Model):\n  def __init__(self, name='x', default_size=160): ...", 160),
        ("class f(Model):\n  default_size = 160", 160),
        ("class _Base(Model):\n  default_size: int = 160\nclass f(_Base): pass", 160),
        ("class _Base(Model):\n  default_size = None\nclass f(_Base):\n  default_size = 192", 192),
    ],
)
def test_the_size_that_a_model_is_meant_for(write: Write, code: str, size: int | None) -> None:
    (candidate,) = found(write, code).candidates
    assert candidate.size == size


@pytest.mark.parametrize(
    "code",
    [
        "def f() -> keras.Model: ...",
        "def f() -> 'keras.Sequential': ...",
        "def f() -> Optional[Model]: ...",
        "def f() -> Model | None: ...",
        "def f(): return keras.Model(1, 2)",
        "def f(): return keras.models.Model(1, 2)",
        "def f(size=3):\n  if size:\n    return None\n  return keras.Sequential([])",
        "def f():\n  model: Model = Model(1, 2)\n  return model",
        "def f():\n  if (model := Model(1, 2)):\n    return model",
        "def f(a=1): return Model(1, 2) if a else None",
        "def f(): return keras.applications.ResNet50()",
        "def f(): return keras.models.load_model('x.keras')",
        "def _inner(): return Model(1, 2)\ndef f(): return _inner()",
        "class _Net(keras.Model): pass\ndef f() -> _Net: ...",
        "class _Net(keras.Model): pass\ndef f(): return _Net()",
        "class _Net(keras.Model): pass\ndef f(): return _Net.from_config({})",
        "class _Base(Model): pass\nclass f(_Base): pass",
        "try:\n  pass\nfinally:\n  def f(): return Model(1, 2)",
        "Net = keras.Model\nclass f(Net): pass",
    ],
)
def test_a_builder(write: Write, code: str) -> None:
    assert names(found(write, code)) == ["zoo:f"]


@pytest.mark.parametrize(
    "code",
    [
        "def f(): return layers.Dense(3)",
        "def f() -> str: return Model(1, 2)",
        "def f() -> layers.Layer: ...",
        "def f(model): return model",
        "def f(): return f()",
        "def f():\n  def g(): return Model(1, 2)\n  return g",
        "def f(): return lambda: Model(1, 2)",
        "async def f() -> keras.Model: ...",
        "def _f() -> keras.Model: ...",
        "class f(layers.Layer): pass",
        "import torch\nclass f(torch.nn.Sequential): pass",
        "from pydantic import BaseModel\nclass f(BaseModel): pass",
        "if __name__ == '__main__':\n  def f() -> keras.Model: ...",
        "class Outer:\n  def f(self) -> keras.Model: ...",
    ],
)
def test_no_builder(write: Write, code: str) -> None:
    assert names(found(write, code)) == []


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("def f(a, b=1) -> Model: ...", "a"),
        ("def f(a, /, b, c=1, *, d, e=2) -> Model: ...", "a, b, d"),
        ("class f(Model):\n  def __init__(self, a, b=2): ...", "a"),
        ("class _B(Model):\n  def __init__(self, a): ...\nclass f(_B): pass", "a"),
    ],
)
def test_what_needs_arguments_is_not_tried(write: Write, code: str, needed: str) -> None:
    told = found(write, code)
    assert names(told) == []
    (left,) = told.left_out
    assert left.reason == f"needs {needed}"
    assert left.settings is not None
    assert left.settings.startswith("kwargs: {a: null")


def test_arguments_that_may_be_left_out_are_not_needed(write: Write) -> None:
    assert names(found(write, "def f(a=1, *more, b=2, **others) -> Model: ...")) == ["zoo:f"]


def test_builders_refer_to_other_modules(write: Write) -> None:
    told = found(
        write,
        "from base import Net as Base, make\nimport base\nclass A(Base): pass\ndef b(): return make()\n"
        "def c(): return base.make()",
        base="from keras import *\nfrom keras import Model\nclass Net(Model): pass\ndef make(): return Net()",
    )
    assert names(told) == ["base:Net", "base:make", "zoo:A", "zoo:b", "zoo:c"]


def test_modules_may_import_each_other_in_a_circle(write: Write) -> None:
    told = found(write, "from other import *\nfrom other import f", other="from zoo import *\nfrom zoo import f")
    assert told == Found(modules=2)


PACKAGE = {
    "zoo/__init__.py": "from zoo._src.nets import VGG\nfrom zoo import vgg\n",
    "zoo/vgg.py": "from zoo._src.nets import VGG\n",
    "zoo/_src/__init__.py": "",
    "zoo/_src/nets.py": KERAS + "class Hidden(Model): pass\nclass VGG(Hidden): pass\n",
}


def test_what_a_private_module_defines_is_named_as_its_users_import_it(write: Write) -> None:
    assert names(find(locate(str(write(PACKAGE) / "zoo")))) == ["zoo.vgg:VGG"]


def test_a_part_of_a_package_can_be_searched(write: Write) -> None:
    write(PACKAGE)
    assert names(find(locate("zoo.vgg"))) == ["zoo.vgg:VGG"]
    assert names(find(locate("zoo/_src/nets.py"))) == []


def test_names_that_a_package_declares_are_its_public_ones(write: Write) -> None:
    code = "__all__ = ['g']\ndef f() -> Model: ...\ndef g() -> Model: ..."
    assert names(found(write, code)) == ["zoo:g"]


def test_no_code_is_run(write: Write) -> None:
    found(write, "raise SystemExit('imported')\n", keras="raise SystemExit('imported')\n")


def test_a_module_that_cannot_be_parsed_is_left_out_and_the_others_are_searched(write: Write) -> None:
    told = found(write, "def f() -> Model: ...", broken="x = (\n")
    assert names(told) == ["zoo:f"]
    assert [(each.target, each.reason) for each in told.left_out] == [
        ("broken", "cannot be parsed: line 1: '(' was never closed")
    ]


def test_every_model_of_keras_applications_is_found() -> None:
    told = find(locate("keras.applications"))
    assert len(told.candidates) == 40
    assert {"keras.applications.vgg16:VGG16", "keras.applications.nasnet:NASNetLarge"} <= set(names(told))
    assert told.left_out == ()


@pytest.mark.slow
def test_every_model_that_kimm_lists_is_found() -> None:
    code = "import kimm; print(*kimm.list_models())"
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    told = find(locate("kimm"))
    assert sorted(each.target.name for each in told.candidates) == sorted(listed)
    assert [each.target for each in told.left_out] == ["kimm.models.base_model:BaseModel"]


def test_the_search_does_not_depend_on_where_the_files_lie(write: Write, tmp_path: Path) -> None:
    first = find(locate(str(write(PACKAGE) / "zoo")))
    elsewhere = tmp_path / "elsewhere"
    for name, text in PACKAGE.items():
        (elsewhere / name).parent.mkdir(parents=True, exist_ok=True)
        (elsewhere / name).write_text(text)
    assert find(locate(str(elsewhere / "zoo"))) == first


def test_arguments_that_most_zoos_would_give_the_same_value_are_guessed(write: Write) -> None:
    told = found(write, "def f(input_shape, num_classes) -> Model: ...\ndef g(input_shape, width) -> Model: ...")
    assert [(each.target.name, each.guessed) for each in told.candidates] == [
        ("f", "{input_shape: [224, 224, 3], num_classes: 10}")
    ]
    assert [each.reason for each in told.left_out] == ["needs input_shape, width"]
