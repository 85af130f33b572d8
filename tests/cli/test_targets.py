"""What a TARGET stands for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keraviz_docs.cli.targets import Selection, parse
from keraviz_docs.errors import UserError
from keraviz_docs.manifest import BuilderTarget, DiscoverEntry, Limits, ModelEntry, SavedModelTarget

ZOO = """
defaults: {timeout: 7}
models:
- {builder: "zoo:unet", variants: [{id: small}]}
- {builder: "zoo:vae"}
"""


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "zoo.yml").write_text(ZOO)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.YAML").write_text("graphviz: system\nmodels: [{builder: 'zoo:more'}, {discover: zoo.x}]")
    (tmp_path / "Old Net.keras").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ids(selection: Selection) -> list[str]:
    return [entry.id for entry in selection.entries if isinstance(entry, ModelEntry)]


def test_a_function_starts_from_the_current_directory(directory: Path) -> None:
    assert parse(["keras.applications:ResNet50"]) == [
        Selection(
            entries=(ModelEntry(id="resnet50", target=BuilderTarget("keras.applications", "ResNet50")),),
            project=directory,
        )
    ]


def test_a_saved_model(directory: Path) -> None:
    (selection,) = parse(["Old Net.keras"])
    assert selection.entries == (ModelEntry(id="old-net", target=SavedModelTarget(Path("Old Net.keras"))),)
    assert selection.project == directory


def test_a_manifest_is_all_its_models(directory: Path) -> None:
    (selection,) = parse(["zoo.yml"])
    assert ids(selection) == ["unet", "unet-small", "vae"]
    assert selection.project == directory
    (selection,) = parse(["sub/more.YAML"])
    assert selection.project == directory / "sub"
    assert selection.graphviz == "system"
    assert isinstance(selection.entries[1], DiscoverEntry)


def test_one_model_of_a_manifest() -> None:
    (selection,) = parse(["zoo.yml#unet-small"])
    assert ids(selection) == ["unet-small"]


def test_a_model_that_is_not_listed_may_yet_be_discovered() -> None:
    (selection,) = parse(["sub/more.YAML#vae"])
    assert selection.entries == tuple(entry for entry in selection.entries if isinstance(entry, DiscoverEntry))
    assert (selection.only, selection.known) == ("vae", ("more",))


def test_several_targets_keep_their_projects_apart(directory: Path) -> None:
    selections = parse(["zoo.yml#vae", "a:b", "sub/more.YAML", "Old Net.keras", "a:b"])
    assert [(ids(selection), selection.project) for selection in selections] == [
        (["b", "old-net"], directory),
        (["vae"], directory),
        (["more"], directory / "sub"),
    ]


def test_several_models_of_one_manifest_are_read_together() -> None:
    assert [ids(selection) for selection in parse(["zoo.yml#vae", "zoo.yml#unet"])] == [["vae", "unet"]]
    assert [ids(selection) for selection in parse(["zoo.yml", "zoo.yml#unet"])] == [["unet", "unet-small", "vae"]]


def test_arguments_are_yaml() -> None:
    settings = ["alpha=1.4", "weights=null", "shape=!tuple [1, 2]", "name=a=b", "empty=", "text='1'"]
    (selection,) = parse(["a:b"], settings)
    (entry,) = selection.entries
    assert isinstance(entry, ModelEntry)
    assert entry.kwargs == {
        "alpha": 1.4,
        "weights": None,
        "shape": (1, 2),
        "name": "a=b",
        "empty": None,
        "text": "1",
    }


def test_inputs_are_yaml() -> None:
    (selection,) = parse(["a:b"], inputs="{a: {shape: [null, 3]}, b: [{shape: [], dtype: bool}]}")
    (entry,) = selection.entries
    assert isinstance(entry, ModelEntry)
    assert entry.inputs == {"a": {"shape": [None, 3]}, "b": [{"shape": [], "dtype": "bool"}]}


def test_a_time_limit_replaces_that_of_the_manifest() -> None:
    assert {entry.limits for entry in parse(["zoo.yml"])[0].entries} == {Limits(timeout=7)}
    assert {entry.limits for entry in parse(["zoo.yml"], timeout=3)[0].entries} == {Limits(timeout=3)}


NO_PATH = "is not an import path like package.module:name"
FORMS = "; a target may also be a manifest (zoo.yml, zoo.yml#id) or a saved model (name.keras)"
NO_TAG = "is not allowed here: only plain values and !tuple [...] are"

MISTAKES = [
    (
        "keras.applications.ResNet50",
        f"'keras.applications.ResNet50' {NO_PATH}: did you mean 'keras.applications:ResNet50'?",
    ),
    ("zoo/unet.py:unet", f"'zoo/unet.py:unet' {NO_PATH}: did you mean 'zoo.unet:unet'?"),
    ("unet", f"'unet' {NO_PATH}{FORMS}"),
    ("", f"'' {NO_PATH}{FORMS}"),
    ("sub", "'sub' is a directory: name a manifest (.yml) in it"),
    (".", "'.' is a directory: did you mean zoo.yml?"),
    ("new.keras", "there is no file 'new.keras'"),
    ("zoo.yaml", "there is no manifest zoo.yaml: did you mean zoo.yml?"),
    ("zoo.yml#unnet", "zoo.yml has no model 'unnet': did you mean zoo.yml#unet?"),
    ("zoo.yml#transformer", "zoo.yml has no model 'transformer': it has unet, unet-small, vae"),
    ("zoo.yml#", "zoo.yml has no model '': it has unet, unet-small, vae"),
]


@pytest.mark.parametrize(("target", "sentence"), MISTAKES)
def test_a_wrong_target_is_told_in_one_sentence(target: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        parse([target])
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["alpha"], "--set 'alpha': write NAME=VALUE, such as --set alpha=1.4"),
        (["=1"], "--set '=1': '' cannot be the name of an argument"),
        (["a-b=1"], "--set 'a-b=1': 'a-b' cannot be the name of an argument"),
        (["a=1", "a=2"], "--set gives 'a' twice"),
        (["a=[1"], "--set 'a=[1': this list is not closed: a ',' or ']' is missing"),
        (
            ["a=2020-01-01"],
            "--set 'a=2020-01-01': YAML reads 2020-01-01 as a date: put it in quotes to make it text: '2020-01-01'",
        ),
        (
            ["a=!!python/name:os.system"],
            f"--set 'a=!!python/name:os.system': the tag '!!python/name:os.system' {NO_TAG}",
        ),
    ],
)
def test_a_malformed_argument_is_told_in_one_sentence(settings: list[str], sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(["a:b"], settings)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ("[32, 3]", "--inputs '[32, 3]': 'inputs' must say what its numbers are: write {shape: [32, 32, 3]}"),
        ("{shape: [0]}", "--inputs '{shape: [0]}': item 1 of 'shape' must be at least 1, not 0"),
        ("{a: {shpe: [3]}}", "--inputs '{a: {shpe: [3]}}': unknown key 'shpe' in this input: did you mean 'shape'?"),
        ("", "--inputs '': 'inputs' is empty: give it a mapping or a list such as {shape: [32, 32, 3]}"),
        ("{", "--inputs '{': something is missing: a bracket is opened and never closed"),
    ],
)
def test_malformed_inputs_are_told_in_one_sentence(inputs: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(["a:b"], inputs=inputs)
    assert caught.value.message == sentence


@pytest.mark.parametrize(
    ("target", "option", "sentence"),
    [
        ("zoo.yml", "--set", "'zoo.yml' is a manifest: write kwargs there"),
        ("zoo.yml", "--inputs", "'zoo.yml' is a manifest: write inputs there"),
        ("Old Net.keras", "--set", "'Old Net.keras' is a saved model, which has its arguments already"),
    ],
)
def test_arguments_are_for_functions(target: str, option: str, sentence: str) -> None:
    settings, inputs = (["a=1"], None) if option == "--set" else ([], "{shape: [1]}")
    with pytest.raises(UserError) as caught:
        parse([target], settings, inputs)
    assert caught.value.message == f"{option} is for a package.module:function; {sentence}"


def test_two_targets_that_would_write_the_same_files_are_refused() -> None:
    with pytest.raises(UserError, match=r"^a:unet and zoo.yml#unet would both write 'unet': run the command for each"):
        parse(["zoo.yml", "a:unet"])


@given(st.one_of(st.text(), st.from_regex(r"[a-z./:#()]{0,20}(\.yml|\.keras|#[a-z]*)?", fullmatch=True)))
@example("a" * 5000)
@example("a" * 5000 + ".keras")
@example("a" * 5000 + ".yml")
@example("\0")
@example("\0.keras")
@example("\0.yml#a")
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_target_is_a_selection_or_one_sentence(target: str) -> None:
    try:
        assert parse([target])
    except UserError as error:
        assert error.message
        assert len(error.message) < 10_000


@given(st.text(), st.text())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_argument_is_a_value_or_one_sentence(name: str, value: str) -> None:
    try:
        assert parse(["a:b"], [f"{name}={value}"])
    except UserError as error:
        assert "\n" not in error.message
