"""Builders that load pretrained weights are read without them, and without a network (the child has none)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keraviz_docs.outcome import Failure, Reading
from keraviz_docs.reading.pretrained import is_weight_file

Zoo = Callable[[dict[str, str]], Path]
Run = Callable[..., Any]

DENSE = """
import keras
from keras import layers, ops

def dense(units=4):
    inputs = keras.Input((3,))
    return keras.Model(inputs, layers.Dense(units)(inputs))
"""


def nets(body: str) -> dict[str, str]:
    return {"nets.py": DENSE + body}


def plain(reading: Reading) -> bool:
    return any("Built with its weights" in notice.text for notice in reading.architecture.notices)


@pytest.mark.parametrize("name", ["ResNet50", "MobileNetV2", "ConvNeXtTiny", "NASNetMobile"])
def test_pretrained_builders_of_keras_work_with_their_defaults(
    tmp_path: Path, reading_of: Callable[..., Reading], name: str
) -> None:
    reading = reading_of(tmp_path, f"keras.applications:{name}")
    assert reading.architecture.detail == "exact"
    assert not plain(reading)


def test_nothing_is_downloaded_or_written(tmp_path: Path, run: Run) -> None:
    home = tmp_path / "keras_home"
    kind = run(
        """
        from keras.src.backend import config
        config._KERAS_DIR = str(home)
        assert config.keras_home() == str(home)
        entry = ModelEntry(id="model", target=BuilderTarget("keras.applications", "ResNet50"))
        result = type(reading.read(entry, home.parent)).__name__
        """,
        home=home,
    )
    assert kind == "Reading"
    assert not home.exists()


@pytest.mark.parametrize(
    "fetching",
    [
        "keras.utils.get_file('resnet.weights.h5', 'https://example.invalid/resnet.weights.h5')",
        "keras.utils.get_file(origin='https://example.invalid/net.h5', file_hash='0' * 64, cache_subdir='models')",
        "get_file(fname='net.h5', origin='https://example.invalid/download?id=7')",
        "file_utils.get_file('net.weights.h5', 'https://example.invalid/net.weights.h5')",
        "tf.keras.utils.get_file('net.weights.h5', 'https://example.invalid/net.weights.h5')",
    ],
)
def test_weight_files_are_not_fetched_however_get_file_was_imported(
    zoo: Zoo, reading_of: Callable[..., Reading], fetching: str
) -> None:
    project = zoo(
        nets(
            f"""
import tensorflow as tf
from keras.utils import get_file
from keras.src.utils import file_utils

def pretrained():
    model = dense()
    path = {fetching}
    assert path.endswith(".h5")
    model.load_weights(path)
    return model
"""
        )
    )
    reading = reading_of(project, "nets:pretrained")
    assert reading.architecture.totals.parameters == 16
    assert not plain(reading)


@pytest.mark.parametrize(
    "loading",
    [
        "model.load_weights('nowhere.weights.h5')",
        "model.load_weights('nowhere.h5', skip_mismatch=True, by_name=True)",
        "keras.saving.load_weights(model, 'nowhere.weights.h5')",
        "load_weights(model, 'nowhere.weights.h5')",
        "tf.train.Checkpoint(model=model).restore('nowhere/ckpt-1').expect_partial()",
        "tf.train.Checkpoint(model).read('nowhere/ckpt-1').assert_existing_objects_matched()",
    ],
)
def test_weights_are_not_loaded(zoo: Zoo, reading_of: Callable[..., Reading], loading: str) -> None:
    project = zoo(
        nets(
            f"""
import tensorflow as tf
from keras.saving import load_weights

def pretrained():
    model = dense()
    {loading}
    return model
"""
        )
    )
    reading = reading_of(project, "nets:pretrained")
    assert reading.architecture.totals.parameters == 16
    assert not plain(reading)


def test_a_model_that_overrides_load_weights_is_read(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    project = zoo(
        nets(
            """
class Net(keras.Model):
    def load_weights(self, filepath, **options):
        return super().load_weights(filepath, **options)

def pretrained():
    inputs = keras.Input((3,))
    model = Net(inputs, layers.Dense(4)(inputs))
    model.load_weights("nowhere.weights.h5")
    return model
"""
        )
    )
    assert reading_of(project, "nets:pretrained").architecture.model.class_name == "Net"


@pytest.fixture
def saved_models(zoo: Zoo, run: Run) -> Path:
    """A project with a saved model in every format that Keras loads."""
    project = zoo(
        nets(
            """
from pathlib import Path
from keras.models import load_model

HERE = Path(__file__).parent

def archive(): return keras.saving.load_model(HERE / "net.keras")
def imported(): return load_model(str(HERE / "net.keras"))
def legacy(): return keras.models.load_model(HERE / "net.h5", compile=False)
def compiled_legacy(): return keras.models.load_model(HERE / "net.h5")
def from_weights_of_an_archive():
    model = dense()
    model.load_weights(HERE / "net.keras")
    return model
"""
        )
    )
    run(
        """
        import sys
        sys.path.insert(0, str(project))
        import keras, nets
        model = nets.dense()
        model.compile("adam", keras.losses.MeanSquaredError())
        model.optimizer.build(model.trainable_variables)
        model.save(project / "net.keras")
        model.save(project / "net.h5")
        result = None
        """,
        project=project,
    )
    return project


@pytest.mark.parametrize("name", ["archive", "imported", "legacy", "compiled_legacy", "from_weights_of_an_archive"])
def test_builders_that_load_a_model_read_its_configuration_only(saved_models: Path, run: Run, name: str) -> None:
    outcome, valued = run(
        """
        import keras
        from keraviz_docs.reading import graph
        models = []
        describe = graph.architecture_of
        graph.architecture_of = lambda model, **options: (models.append(model), describe(model, **options))[1]
        outcome = reading.read(ModelEntry(id="model", target=BuilderTarget("nets", name)), project)
        weights = [weight for model in models for weight in model.weights]
        result = outcome, [weight.path for weight in weights if weight._value is not None]
        """,
        project=saved_models,
        name=name,
    )
    assert isinstance(outcome, Reading), outcome
    assert outcome.architecture.totals.parameters == 16
    assert valued == []
    assert not plain(outcome)


def test_load_model_itself_is_a_builder(saved_models: Path, reading_of: Callable[..., Reading]) -> None:
    reading = reading_of(saved_models, "keras.saving:load_model", filepath=str(saved_models / "net.keras"))
    assert reading.architecture.totals.parameters == 16
    assert reading.builder.signature == "load_model(filepath, custom_objects=None, compile=True, safe_mode=True)"
    assert reading.builder.source is not None
    assert reading.builder.source.file == "keras/src/saving/saving_api.py"


def test_a_whole_model_that_would_have_to_be_fetched_is_reported(zoo: Zoo, failure_of: Callable[..., Failure]) -> None:
    project = zoo(
        nets(
            """
def pretrained():
    return keras.saving.load_model(keras.utils.get_file("net.keras", "https://example.invalid/net.keras"))
"""
        )
    )
    failure = failure_of(project, "nets:pretrained")
    assert failure.kind == "exception"
    assert "https://example.invalid/net.keras" in failure.message
    assert failure.frames[-1].function == "pretrained"


def test_other_files_are_fetched_as_ever_and_reported_if_that_fails(
    zoo: Zoo, failure_of: Callable[..., Failure]
) -> None:
    project = zoo(
        nets(
            """
def text_model():
    vocabulary = keras.utils.get_file("vocabulary.txt", "https://example.invalid/vocabulary.txt")
    return dense(len(open(vocabulary).read()))
"""
        )
    )
    failure = failure_of(project, "nets:text_model")
    assert failure.message.startswith(
        "`nets:text_model` raised Exception: URL fetch failure on https://example.invalid"
    )


def test_other_files_that_are_cached_are_read(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    project = zoo(
        nets(
            """
from pathlib import Path

HERE = Path(__file__).parent

def text_model():
    vocabulary = keras.utils.get_file(
        "vocabulary.txt", "https://example.invalid/vocabulary.txt", cache_dir=HERE, cache_subdir="."
    )
    return dense(len(open(vocabulary).read()))
"""
        )
        | {"vocabulary.txt": "abc"}
    )
    assert reading_of(project, "nets:text_model").architecture.totals.parameters == 12


def test_weights_that_were_not_loaded_never_replace_a_file(zoo: Zoo, reading_of: Callable[..., Reading]) -> None:
    project = zoo(
        nets(
            """
from pathlib import Path

HERE = Path(__file__).parent

def converted():
    model = dense()
    model.load_weights(HERE / "original.weights.h5")
    model.save(HERE / "converted.keras")
    keras.saving.save_model(model, HERE / "converted.keras")
    model.save_weights(HERE / "converted.weights.h5")
    return model
"""
        )
        | {"converted.keras": "precious", "converted.weights.h5": "precious"}
    )
    reading_of(project, "nets:converted")
    assert (project / "converted.keras").read_text() == "precious"
    assert (project / "converted.weights.h5").read_text() == "precious"


@pytest.mark.parametrize(
    ("name", "is_weights"),
    [
        ("https://storage.googleapis.com/x/resnet50_weights.h5", True),
        ("https://example.org/vit.WEIGHTS.H5?download=1", True),
        ("model.keras", True),
        ("model.safetensors", True),
        ("vocab.txt", False),
        ("imagenet_class_index.json", False),
        ("tokenizer.model", False),
        ("data.tar.gz", False),
    ],
)
def test_weight_files_are_known_by_their_names(name: str, is_weights: bool) -> None:
    assert is_weight_file(name) is is_weights
