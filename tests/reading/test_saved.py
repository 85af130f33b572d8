"""A ``.keras`` archive is read by its configuration alone, and nothing in it is run."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keraviz_docs.outcome import Failure, Reading

Zoo = Callable[[dict[str, str]], Path]
Run = Callable[..., Any]


@pytest.fixture
def save(tmp_path: Path, run: Run) -> Callable[[str], Path]:
    """Save the model that some code binds to ``model``; return the project directory, with ``net.keras`` inside."""

    def save(code: str) -> Path:
        project = tmp_path / "zoo_project"
        project.mkdir(exist_ok=True)
        run(
            "import keras, sys\nfrom keras import layers, ops\nsys.path.insert(0, str(project))\n"
            "exec(building)\nmodel.save(project / 'net.keras')\nresult = None",
            project=project,
            building=code,
        )
        return project

    return save


def rewrite(archive: Path, member: str, content: bytes | None, compression: int = zipfile.ZIP_STORED) -> None:
    """Replace or remove a member of an archive."""
    with zipfile.ZipFile(archive) as before:
        members = {name: before.read(name) for name in before.namelist()}
    if content is None:
        del members[member]
    else:
        members[member] = content
    with zipfile.ZipFile(archive, "w", compression) as after:
        for name, data in members.items():
            after.writestr(name, data)


NET = Path("net.keras")
DENSE = """
inputs = keras.Input((3,), name="image")
model = keras.Model(inputs, layers.Dense(4, name="head")(inputs), name="saved")
model.compile("adam", "mse")
"""


def test_an_archive_is_read(save: Callable[[str], Path], reading_of: Callable[..., Reading]) -> None:
    reading = reading_of(save(DENSE), NET)
    assert reading.architecture.builder == "net.keras"
    assert reading.architecture.model.name == "saved"
    assert [node.name for node in reading.architecture.nodes] == ["image", "head"]
    assert reading.architecture.totals.parameters == 16
    assert reading.architecture.notices == ()


def test_it_says_how_to_load_it(save: Callable[[str], Path], reading_of: Callable[..., Reading]) -> None:
    builder = reading_of(save(DENSE), NET).builder
    assert builder.target == "net.keras"
    assert builder.usage == 'import keras\n\nmodel = keras.saving.load_model("net.keras")'
    assert (builder.signature, builder.docstring, builder.source) == (None, None, None)


def test_an_absolute_path_is_shown_relative_to_the_project(
    save: Callable[[str], Path], reading_of: Callable[..., Reading]
) -> None:
    project = save(DENSE)
    assert reading_of(project, project / "net.keras").architecture.builder == "net.keras"


def test_no_weights_are_read_even_if_there_are_none(
    save: Callable[[str], Path], reading_of: Callable[..., Reading]
) -> None:
    project = save(DENSE)
    rewrite(project / NET, "model.weights.h5", None)
    assert reading_of(project, NET).architecture.totals.parameters == 16


def test_a_sequential_and_a_nested_model_are_read(
    save: Callable[[str], Path], reading_of: Callable[..., Reading]
) -> None:
    project = save(
        "inner = keras.Sequential([keras.Input((8,)), layers.Dense(4), layers.Dense(2)])\n"
        "model = keras.Sequential([keras.Input((8,)), inner, layers.Dense(1)])"
    )
    assert reading_of(project, NET).architecture.totals.parameters == 36 + 10 + 3


# What can be wrong with a file


def test_a_missing_file_is_reported_with_the_near_miss(
    save: Callable[[str], Path], failure_of: Callable[..., Failure]
) -> None:
    failure = failure_of(save(DENSE), Path("nett.keras"))
    assert failure.kind == "saved-file"
    assert failure.message == "There is no file `nett.keras`. Did you mean `net.keras`?"


def test_a_missing_directory_is_a_missing_file(tmp_path: Path, failure_of: Callable[..., Failure]) -> None:
    assert failure_of(tmp_path, Path("weights/net.keras")).message == "There is no file `weights/net.keras`."


def test_a_directory_is_no_archive(tmp_path: Path, failure_of: Callable[..., Failure]) -> None:
    (tmp_path / "net.keras").mkdir()
    assert failure_of(tmp_path, NET).message.startswith("`net.keras` is a directory; a .keras archive is one file")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "`net.keras` is empty."),
        (b"PK\x03\x04 and no more", "`net.keras` is no .keras archive, or was cut short: it is not a zip file."),
    ],
)
def test_something_else_is_no_archive(
    tmp_path: Path, failure_of: Callable[..., Failure], content: bytes, message: str
) -> None:
    (tmp_path / NET).write_bytes(content)
    assert failure_of(tmp_path, NET).message == message


def test_a_zip_file_of_something_else_is_no_archive(tmp_path: Path, failure_of: Callable[..., Failure]) -> None:
    with zipfile.ZipFile(tmp_path / NET, "w") as archive:
        archive.writestr("notes.txt", "hello")
    assert failure_of(tmp_path, NET).message.startswith("`net.keras` has no config.json inside")


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_legacy_hdf5_is_refused_under_any_name(tmp_path: Path, failure_of: Callable[..., Failure], name: str) -> None:
    import h5py  # type: ignore[import-untyped]  # it has no stubs

    with h5py.File(tmp_path / name, "w") as file:
        file.attrs["model_config"] = "{}"
    failure = failure_of(tmp_path, Path(name))
    assert failure.kind == "saved-file"
    assert failure.message == (
        f"`{name}` is a legacy HDF5 file, which does not say everything about its layers. Load it with "
        "keras.saving.load_model and save it again as .keras."
    )


def test_an_archive_cut_short_is_damaged(save: Callable[[str], Path], failure_of: Callable[..., Failure]) -> None:
    project = save(DENSE)
    data = (project / NET).read_bytes()
    (project / NET).write_bytes(data[: len(data) // 2])
    assert "cut short" in failure_of(project, NET).message


def test_a_flipped_byte_in_the_configuration_is_damage(
    save: Callable[[str], Path], failure_of: Callable[..., Failure]
) -> None:
    project = save(DENSE)
    data = bytearray((project / NET).read_bytes())
    data[data.index(b'"class_name"') + 3] ^= 1
    (project / NET).write_bytes(data)
    failure = failure_of(project, NET)
    assert failure.kind == "saved-file"
    assert failure.message.startswith("`net.keras` is damaged: BadZipFile")


@pytest.mark.parametrize(
    "config",
    [b"{", b"\xff\xfe", b"[" * 100_000, b"[]", b"{}", b'"model"', b'{"class_name": "Functional", "config": 3}'],
)
def test_a_configuration_that_is_none_is_reported(
    save: Callable[[str], Path], failure_of: Callable[..., Failure], config: bytes
) -> None:
    project = save(DENSE)
    rewrite(project / NET, "config.json", config)
    failure = failure_of(project, NET)
    assert failure.kind == "saved-file"
    assert failure.message.startswith("The config.json in `net.keras`")


def test_a_configuration_that_is_no_model_is_reported(
    save: Callable[[str], Path], failure_of: Callable[..., Failure]
) -> None:
    project = save(DENSE)
    layer = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}, "registered_name": None}
    rewrite(project / NET, "config.json", json.dumps(layer).encode())
    failure = failure_of(project, NET)
    assert failure.kind == "saved-file"
    assert failure.message == "`net.keras` holds the layer Dense, not a model."


def test_a_zip_bomb_is_not_unpacked(save: Callable[[str], Path], run: Run) -> None:
    project = save(DENSE)
    rewrite(project / NET, "config.json", b" " * (200 * 2**20), zipfile.ZIP_DEFLATED)
    assert (project / NET).stat().st_size < 2**20
    failure, megabytes = run(
        """
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        failure = reading.read(ModelEntry(id="net", target=SavedModelTarget(Path("net.keras"))), project)
        result = failure, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        """,
        project=project,
    )
    assert isinstance(failure, Failure)
    assert failure.message == (
        "The config.json in `net.keras` unpacks to 200 MiB; no real model needs more than 64, so it is not read."
    )
    assert megabytes < 100


# Custom code

SCALE = """
import keras

class Scale(keras.layers.Layer):
    def __init__(self, factor=2, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}
"""
REGISTERED = SCALE.replace("class Scale", '@keras.saving.register_keras_serializable("zoo")\nclass Scale')
SCALED = """
from parts.scaling import Scale
model = keras.Sequential([keras.Input((3,)), Scale(5, name="scale")])
"""


@pytest.mark.parametrize("source", [SCALE, REGISTERED], ids=["unregistered", "registered"])
def test_custom_classes_of_the_project_are_found(
    zoo: Zoo, save: Callable[[str], Path], reading_of: Callable[..., Reading], source: str
) -> None:
    zoo({"parts/__init__.py": "", "parts/scaling.py": source})
    reading = reading_of(save(SCALED), NET)
    node = reading.architecture.nodes[-1]
    assert (node.class_name, node.module) == ("Scale", "parts.scaling")
    assert node.config["factor"] == 5


@pytest.mark.parametrize(
    ("source", "name"),
    [(SCALE, "parts.scaling:Scale"), (REGISTERED, "parts.scaling:Scale")],
    ids=["plain", "registered"],
)
def test_custom_classes_that_are_not_there_are_named(
    zoo: Zoo, save: Callable[[str], Path], failure_of: Callable[..., Failure], source: str, name: str
) -> None:
    zoo({"parts/__init__.py": "", "parts/scaling.py": source})
    project = save(SCALED)
    (project / "parts" / "scaling.py").unlink()
    failure = failure_of(project, NET)
    assert failure.kind == "saved-file"
    assert failure.message == (
        f"`net.keras` needs the custom class `{name}`, which the archive does not contain. Put `parts.scaling` where "
        "the manifest can import it, or name a `builder` that imports it and returns keras.saving.load_model(…)."
    )


def test_an_archive_imports_nothing_outside_the_project(save: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    project = save(DENSE)
    with zipfile.ZipFile(project / NET) as archive:
        config = archive.read("config.json")
    rewrite(project / NET, "config.json", config.replace(b'"module": "keras.layers"', b'"module": "antigravity"'))
    imported = run(
        """
        outcome = reading.read(ModelEntry(id="net", target=SavedModelTarget(Path("net.keras"))), project)
        result = "antigravity" in sys.modules, type(outcome).__name__
        """,
        project=project,
    )
    assert imported == (False, "Failure")


# Lambdas


def lambda_of(reading: Reading) -> Any:
    return next(node for node in reading.architecture.nodes if node.class_name == "Lambda")


def test_a_lambda_is_drawn_with_the_shape_that_its_consumers_recorded(
    save: Callable[[str], Path], reading_of: Callable[..., Reading]
) -> None:
    project = save(
        """
x = inputs = keras.Input((8, 8, 3))
x = layers.Lambda(lambda t: t[..., :2] * 2, name="half")(x)
model = keras.Model(inputs, layers.Dense(4)(layers.Flatten()(x)))
"""
    )
    reading = reading_of(project, NET)
    assert lambda_of(reading).outputs[0].shape == (None, 8, 8, 2)
    assert [node.class_name for node in reading.architecture.nodes] == ["InputLayer", "Lambda", "Flatten", "Dense"]
    assert reading.architecture.notices[0].text == (
        "The function of the Lambda layer `half` is saved bytecode, which is not run."
    )


def test_bytecode_is_never_run(save: Callable[[str], Path], outcome_of: Callable[..., Any], tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    project = save(
        f"""
inputs = keras.Input((3,))
model = keras.Model(inputs, layers.Dense(2)(layers.Lambda(lambda t: t + open({str(trap)!r}, "a").write("x"))(inputs)))
"""
    )
    trap.unlink()
    outcome_of(project, NET)
    assert not trap.exists()


def test_a_lambda_in_a_sequential_has_the_shape_that_the_next_layer_takes(
    save: Callable[[str], Path], reading_of: Callable[..., Reading]
) -> None:
    project = save(
        """
half = layers.Lambda(lambda t: t[:, :2], output_shape=(2,))
model = keras.Sequential([keras.Input((4,)), half, layers.Dense(5)])
"""
    )
    reading = reading_of(project, NET)
    assert lambda_of(reading).outputs[0].shape == (None, 2)
    assert reading.architecture.totals.parameters == 15


def test_a_lambda_with_two_operands_and_two_results_keeps_them(
    save: Callable[[str], Path], reading_of: Callable[..., Reading]
) -> None:
    project = save(
        """
a, b = keras.Input((4,)), keras.Input((6,))
c, d = layers.Lambda(lambda pair: (pair[0][:, :1], pair[1][:, :3]))([a, b])
model = keras.Model([a, b], layers.Concatenate()([d, c]))
"""
    )
    reading = reading_of(project, NET)
    node = lambda_of(reading)
    assert [output.shape for output in node.outputs] == [(None, 1), (None, 3)]
    assert len(node.inputs) == 2


def test_a_lambda_at_the_end_is_said_to_be_unknown(
    save: Callable[[str], Path], reading_of: Callable[..., Reading]
) -> None:
    project = save(
        "inputs = keras.Input((4,))\nmodel = keras.Model(inputs, layers.Lambda(lambda t: t[:, :2], name='end')(inputs))"
    )
    assert "does not record its output shape" in reading_of(project, NET).architecture.notices[0].text


def test_a_lambda_as_activation_is_not_run_either(save: Callable[[str], Path], outcome_of: Callable[..., Any]) -> None:
    project = save("model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation='relu')])")
    with zipfile.ZipFile(project / NET) as archive:
        config = json.loads(archive.read("config.json"))
    dense = config["config"]["layers"][1]["config"]
    dense["activation"] = {"class_name": "__lambda__", "config": {"value": "bm90IGNvZGU="}}
    rewrite(project / NET, "config.json", json.dumps(config).encode())
    outcome = outcome_of(project, NET)
    assert isinstance(outcome, Reading), outcome
    assert outcome.architecture.notices[0].text.startswith("A lambda among the settings is saved bytecode")


def test_an_archive_is_not_changed_by_reading_it(
    save: Callable[[str], Path], reading_of: Callable[..., Reading]
) -> None:
    project = save(DENSE)
    before = io.BytesIO((project / NET).read_bytes()).getvalue()
    reading_of(project, NET)
    assert (project / NET).read_bytes() == before
