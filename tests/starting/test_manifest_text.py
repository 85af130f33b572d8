"""The manifest that is written is valid, whatever the models are called."""

from __future__ import annotations

import keyword
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from keraviz_docs import manifest
from keraviz_docs.manifest.entries import BuilderTarget, ModelEntry
from keraviz_docs.starting.candidates import Candidate, LeftOut
from keraviz_docs.starting.code import Definition
from keraviz_docs.starting.manifest_text import lines, manifest_text, scalar

identifiers = st.from_regex(r"[A-Za-z_][A-Za-z0-9_é]{0,12}", fullmatch=True).filter(
    lambda text: not keyword.iskeyword(text)
)
modules = st.lists(identifiers, min_size=1, max_size=4).map(".".join)

titles = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


def candidate(module: str, name: str) -> Candidate:
    return Candidate(target=BuilderTarget(module, name), definition=Definition(module, name, None))  # type: ignore[arg-type]  # its node is not looked at


@given(st.text())
def test_any_text_is_read_back(text: str) -> None:
    assert yaml.safe_load(f"key: {scalar(text)}") == {"key": text}


@given(st.lists(st.tuples(modules, identifiers), min_size=1, max_size=8, unique=True), titles)
def test_any_names_give_a_valid_manifest(names: list[tuple[str, str]], title: str) -> None:
    models = lines([candidate(*each) for each in names], [])
    loaded = manifest.loads(manifest_text(title, models), Path("zoo.yml"))
    assert [(entry.target, entry.id) for entry in loaded.entries if isinstance(entry, ModelEntry)] == [
        (BuilderTarget(*name), model.id) for name, model in zip(names, models, strict=True)
    ]


@given(modules, identifiers, st.text(), st.sampled_from([None, "inputs: {shape: [2]}", "kwargs: {a: null}"]))
def test_what_is_left_out_changes_nothing(module: str, name: str, reason: str, settings: str | None) -> None:
    models = lines([candidate("zoo", "vgg")], [])
    left_out = LeftOut(module=module, target=f"{module}:{name}", reason=reason, settings=settings)
    with_comments = manifest_text("Zoo", models, [left_out])
    assert yaml.safe_load(with_comments) == yaml.safe_load(manifest_text("Zoo", models))


def test_an_entry_is_taken_up_by_removing_the_comment_sign() -> None:
    models = lines([candidate("zoo", "vgg")], [])
    left_out = LeftOut(module="zoo", target="zoo:resnet", reason="needs depth", settings="kwargs: {depth: null}")
    text = manifest_text("Zoo", models, [left_out])
    begin = text.index("#   # needs depth")
    uncommented = text[:begin] + text[begin:].replace("\n# ", "\n")
    assert yaml.safe_load(uncommented)["models"][-1] == {"builder": "zoo:resnet", "kwargs": {"depth": None}}


@pytest.mark.parametrize(
    ("targets", "ids"),
    [
        (["zoo.vgg:VGG16", "zoo.resnet:residual_model"], ["vgg16", "residual-model"]),
        (["unet:build_model", "lab.mlp:create_model"], ["unet", "mlp"]),
        (["a.unet:build_model", "b.unet:build_model"], ["a-unet", "b-unet"]),
        (["a.unet:small", "b.unet:small"], ["a-unet-small", "b-unet-small"]),
        (["a.b:small", "c.d:small", "e:large"], ["b-small", "d-small", "large"]),
        (["model:build_model"], ["build-model"]),
        (["zoo:index"], ["zoo-index"]),
    ],
)
def test_ids(targets: list[str], ids: list[str]) -> None:
    candidates = [candidate(*target.split(":")) for target in targets]
    assert [model.id for model in lines(candidates, [])] == ids


@pytest.mark.parametrize(
    ("targets", "sections"),
    [
        (["zoo.vgg:VGG16", "zoo.vision_transformer:tiny"], ["VGG", "Vision transformer"]),
        (["zoo.yolo8:tiny", "zoo.yolo8.yolo8_model:YOLO8", "zoo.a:b"], ["YOLO8", "YOLO8", "A"]),
        (["zoo.text.models:tiny", "zoo.image.models:tiny"], ["Text", "Image"]),
        (["zoo.vgg:VGG16", "zoo.vgg:VGG19"], [None, None]),
    ],
)
def test_sections(targets: list[str], sections: list[str | None]) -> None:
    candidates = [candidate(*target.split(":")) for target in targets]
    assert [model.section for model in lines(candidates, [])] == sections
