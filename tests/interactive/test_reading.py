"""Models of this process, builders, and names of builders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import pytest

import keraviz_docs
from keraviz_docs import Architecture, UserError


def classifier(filters: int = 4) -> keras.Model:
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(filters, 3)(image)
    return keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(x)), name="classifier")


class Unbuilt(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(2)

    def call(self, x: Any) -> Any:
        return self.dense(x)


def test_a_live_model() -> None:
    model = classifier()
    read = keraviz_docs.read(model)
    assert read.id == "classifier"
    assert read.totals.parameters == model.count_params()
    assert read.nodes[1].macs == 6 * 6 * 3 * 3 * 3 * 4


def test_a_live_model_keeps_its_weights() -> None:
    model = classifier()
    before = [weight.copy() for weight in model.get_weights()]
    keraviz_docs.read(model)
    assert all((old == new).all() for old, new in zip(before, model.get_weights(), strict=True))


def test_a_builder_and_its_arguments() -> None:
    assert keraviz_docs.read(classifier, kwargs={"filters": 7}).nodes[1].config["filters"] == 7


def test_a_builder_gives_the_same_architecture_whatever_was_built_before() -> None:
    first = keraviz_docs.read(classifier)
    classifier()
    assert keraviz_docs.read(classifier) == first


def test_reading_a_builder_does_not_number_the_layers_of_this_process() -> None:
    layer = keras.layers.Dense(1).name
    number = int(layer.rpartition("_")[2]) if "_" in layer else 0
    keraviz_docs.read(classifier)
    assert keras.layers.Dense(1).name == f"dense_{number + 1}"


def test_layers_can_still_be_built_and_trained_afterwards() -> None:
    keraviz_docs.read(classifier)
    model = classifier()
    model.compile(loss="mse")
    assert model.evaluate(keras.ops.zeros((1, 8, 8, 3)), keras.ops.zeros((1, 2)), verbose=0) == pytest.approx(0)


def test_a_model_that_does_not_know_its_input_is_told() -> None:
    with pytest.raises(UserError, match=r"Unbuilt 'unbuilt\w*' does not know its input: call it once, or say"):
        keraviz_docs.read(Unbuilt())
    assert keraviz_docs.read(Unbuilt(), inputs={"shape": [3]}).totals.parameters == 8
    assert keraviz_docs.read(Unbuilt, inputs={"shape": [3]}, id="two").id == "two"


def test_an_architecture_is_taken_as_it_is() -> None:
    read = keraviz_docs.read(classifier)
    assert keraviz_docs.read(read) is read


def test_files_that_the_commands_wrote(tmp_path: Path) -> None:
    from keraviz_docs.architecture import to_json

    read = keraviz_docs.read(classifier)
    (tmp_path / "c.json").write_bytes(to_json(read))
    (tmp_path / "c.arch").write_text(keraviz_docs.snapshot(read), encoding="utf-8")
    assert keraviz_docs.read(tmp_path / "c.json") == read
    assert keraviz_docs.compare(tmp_path / "c.arch", read).verdict == "identical"


def test_names_are_read_in_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nets.py").write_text(
        "import keras, os\n\n\ndef net(units=2):\n"
        "    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)])\n\n\n"
        "def leaves():\n    os._exit(3)\n"
    )
    (tmp_path / "zoo.yml").write_text("models:\n- {builder: 'nets:net', id: wide, kwargs: {units: 5}}\n")
    monkeypatch.chdir(tmp_path)
    named: Architecture = keraviz_docs.read("nets:net", kwargs={"units": 3})
    assert (named.id, named.totals.parameters) == ("net", 15)
    assert keraviz_docs.read("zoo.yml#wide").totals.parameters == 25
    with pytest.raises(UserError, match="ended with exit status 3"):
        keraviz_docs.read("nets:leaves")


@pytest.mark.parametrize(
    ("model", "settings", "sentence"),
    [
        (3, {}, "this int is neither a Keras model nor a function that returns one"),
        (keras.layers.Dense(2), {}, "this Dense is neither a Keras model nor a function"),
        (lambda: 4, {}, "returned an int instead of a keras.Model"),
        (classifier, {"kwargs": {"filter": 3}}, "takes no argument `filter`. Did you mean `filters`?"),
        ("a b", {}, "'a b' is no model: name package.module:function, zoo.yml#id, or a file (.keras, .json, .arch)"),
        ("no.json", {}, "no.json cannot be read: No such file or directory"),
        ("no.yml#x", {}, "there is no manifest no.yml"),
    ],
)
def test_a_mistake_is_told(model: Any, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as told:
        keraviz_docs.read(model, **settings)
    assert sentence in told.value.message


def test_a_process_that_uses_another_backend_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(UserError, match="Keras uses jax in this process, and models are read with TensorFlow: set"):
        keraviz_docs.read(classifier)


def test_a_builder_may_be_the_first_to_import_keras() -> None:
    code = (
        "import keraviz_docs\ndef net():\n  import keras\n"
        "  return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\n"
        "print(keraviz_docs.read(net).totals.parameters)"
    )
    environment = {**os.environ, "KERAS_BACKEND": "numpy"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "8\n", done.stderr


def test_arguments_are_for_builders() -> None:
    with pytest.raises(UserError, match="is a model already"):
        keraviz_docs.read(classifier(), kwargs={"filters": 3})
