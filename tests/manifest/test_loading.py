"""What a correct manifest gives."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from keraviz_docs import manifest
from keraviz_docs.manifest import (
    BuilderTarget,
    DiscoverEntry,
    Growth,
    Limits,
    Manifest,
    ModelEntry,
    Policy,
    Position,
    SavedModelTarget,
)


def loads(text: str) -> Manifest:
    return manifest.loads(text, Path("zoo.yml"))


def model(text: str) -> ModelEntry:
    (entry,) = loads(text).entries
    assert isinstance(entry, ModelEntry)
    return entry


def test_everything_that_a_model_can_say() -> None:
    text = """
title: Example zoo
on_error: fail
graphviz: system
formats: [pdf, svg, pdf]
executor: dask:tcp://10.0.0.1:8786
models:
  - id: resnet-block
    builder: example_zoo.residual:residual_model
    kwargs: {filters: 64, name: null, strides: [1, 2]}
    title: Residual model
    section: Vision
    description: A model.
    source: https://example.org/residual.py
    tags: [residual, small]
    references: [https://arxiv.org/abs/1512.03385]
    inputs: {image: {shape: [32, 32, 3]}, mask: [{shape: [null], dtype: bool}]}
    batch: 8
    expand: 2
    timeout: 30
    memory: 2048
"""
    zoo = loads(text)
    assert (zoo.title, zoo.on_error, zoo.graphviz) == ("Example zoo", "fail", "system")
    assert zoo.executor == "dask:tcp://10.0.0.1:8786"
    assert zoo.formats == ("pdf", "svg")
    assert zoo.entries == (
        ModelEntry(
            id="resnet-block",
            target=BuilderTarget("example_zoo.residual", "residual_model"),
            kwargs={"filters": 64, "name": None, "strides": [1, 2]},
            inputs={"image": {"shape": [32, 32, 3]}, "mask": [{"shape": [None], "dtype": "bool"}]},
            batch=8,
            title="Residual model",
            section="Vision",
            description="A model.",
            source="https://example.org/residual.py",
            tags=("residual", "small"),
            references=("https://arxiv.org/abs/1512.03385",),
            expand=2,
            limits=Limits(timeout=30.0, memory=2048),
            position=Position("zoo.yml", 8, 5),
        ),
    )


def test_a_manifest_that_says_as_little_as_possible() -> None:
    zoo = loads("models: [{builder: 'zoo:unet'}]")
    assert (zoo.title, zoo.on_error, zoo.graphviz, zoo.executor) == ("Model zoo", "warn", "bundled", "local")
    assert zoo.entries == (
        ModelEntry(id="unet", target=BuilderTarget("zoo", "unet"), position=Position("zoo.yml", 1, 10)),
    )


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("zoo:residual_model", "residual-model"),
        ("keras.applications:ResNet50", "resnet50"),
        ("zoo:Vae.small", "vae-small"),
        ("zoo:_private__name", "private-name"),
        ("zoo:modèle", "modele"),
    ],
)
def test_an_id_is_derived_from_the_name_of_the_builder(target: str, expected: str) -> None:
    assert model(f"models: [{{builder: '{target}'}}]").id == expected


def test_a_saved_model_has_the_id_of_its_file_and_a_path_relative_to_the_project(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "Old Model.keras").write_bytes(b"")
    path = tmp_path / "zoo.yml"
    path.write_text("models: [{file: weights/Old Model.keras}]")
    zoo = manifest.load(path)
    (entry,) = zoo.entries
    assert isinstance(entry, ModelEntry)
    assert entry.id == "old-model"
    assert entry.target == SavedModelTarget(Path("weights/Old Model.keras"))
    assert zoo.project == tmp_path


def test_the_project_is_absolute_so_that_a_change_of_directory_does_not_move_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("zoo.yml").write_text("models: [{builder: 'zoo:unet'}]")
    assert manifest.load(Path("zoo.yml")).project == tmp_path


def test_a_discovered_module_passes_its_settings_on() -> None:
    zoo = loads(
        "models: [{discover: zoo.vae, section: Generative, tags: [vae], references: ['https://a.org'], "
        "batch: 2, expand: none, timeout: 5, memory: 99}]"
    )
    assert zoo.entries == (
        DiscoverEntry(
            module="zoo.vae",
            section="Generative",
            tags=("vae",),
            references=("https://a.org",),
            batch=2,
            expand="none",
            limits=Limits(5.0, 99),
            position=Position("zoo.yml", 1, 10),
        ),
    )


def test_defaults_hold_unless_a_model_says_otherwise() -> None:
    zoo = loads(
        "defaults: {batch: 4, timeout: 9, memory: 100, section: A, tags: [x], expand: 1}\n"
        "models:\n"
        "- builder: zoo:plain\n"
        "- {builder: zoo:own, batch: null, timeout: 1, memory: null, section: B, tags: [], expand: all}\n"
        "- discover: zoo.more\n"
    )
    plain, own, more = zoo.entries
    assert (plain.batch, plain.limits, plain.section, plain.tags, plain.expand) == (4, Limits(9, 100), "A", ("x",), 1)
    assert (own.batch, own.limits, own.section, own.tags, own.expand) == (None, Limits(1, None), "B", (), "all")
    assert (more.batch, more.limits, more.section, more.tags, more.expand) == (4, Limits(9, 100), "A", ("x",), 1)


def test_variants_are_models_of_their_own_with_merged_arguments() -> None:
    zoo = loads(
        """
models:
  - builder: zoo:unet
    title: U-Net
    section: Vision
    tags: [unet]
    timeout: 9
    kwargs: {filters: 64, depth: 4}
    variants:
      - {id: small, kwargs: {filters: 16}}
      - {id: deep, kwargs: {depth: 6, norm: batch}, title: Deep, tags: [deep], timeout: 99}
  - builder: zoo:vae
    variants: [{id: big}]
"""
    )
    unet, small, deep, _, big = zoo.entries
    assert all(isinstance(entry, ModelEntry) for entry in zoo.entries)
    assert isinstance(small, ModelEntry)
    assert isinstance(deep, ModelEntry)
    assert isinstance(big, ModelEntry)
    assert [entry.id for entry in zoo.entries if isinstance(entry, ModelEntry)] == [
        "unet",
        "unet-small",
        "unet-deep",
        "vae",
        "vae-big",
    ]
    assert (small.variant_of, small.kwargs, small.title) == ("unet", {"filters": 16, "depth": 4}, "U-Net (small)")
    assert (small.section, small.tags, small.limits.timeout) == ("Vision", ("unet",), 9)
    assert (deep.kwargs, deep.title) == ({"filters": 64, "depth": 6, "norm": "batch"}, "Deep")
    assert (deep.tags, deep.limits.timeout) == (("deep",), 99)
    assert (big.title, big.variant_of) == (None, "vae")
    assert (small.position, unet.position) == (Position("zoo.yml", 10, 9), Position("zoo.yml", 3, 5))


def test_a_list_stays_a_list_and_tuples_are_said_so() -> None:
    kwargs = model("models: [{builder: 'zoo:f', kwargs: {a: [1, [2]], b: !tuple [1, !tuple [2], [3]], c: !tuple []}}]")
    assert kwargs.kwargs == {"a": [1, [2]], "b": (1, (2,), [3]), "c": ()}


def test_arguments_are_what_yaml_makes_of_them() -> None:
    text = (
        "models: [{builder: 'zoo:f', kwargs: {i: 0x10, f: 1e-3, g: 1.0e-3, n: ~, y: yes, s: '1', t: !!str 2, "
        'inf: .inf, nested: {1: one, x: {y: [null]}}, text: "two\\nlines"}}]'
    )
    assert model(text).kwargs == {
        "i": 16,
        "f": "1e-3",  # YAML 1.1 wants a point in a float
        "g": 0.001,
        "n": None,
        "y": True,
        "s": "1",
        "t": "2",
        "inf": float("inf"),
        "nested": {1: "one", "x": {"y": [None]}},
        "text": "two\nlines",
    }


def test_anchors_aliases_and_merge_keys_work() -> None:
    zoo = loads(
        """
models:
  - &base
    builder: zoo:f
    id: one
    kwargs: &args {a: 1, b: 2}
  - {<<: *base, id: two}
  - builder: zoo:g
    kwargs: {<<: [{b: 3}, *args], c: 4}
  - {builder: zoo:h, kwargs: *args}
"""
    )
    one, two, three, four = (entry for entry in zoo.entries if isinstance(entry, ModelEntry))
    assert (one.id, two.id) == ("one", "two")
    assert two.target == one.target
    assert three.kwargs == {"a": 1, "b": 3, "c": 4}
    assert four.kwargs == one.kwargs == two.kwargs == {"a": 1, "b": 2}


def test_a_model_has_the_manifests_policy_and_what_it_says_itself() -> None:
    zoo = loads(
        """
review: {removed: notice, parameters: {max_increase: 5%}}
models:
  - {builder: zoo:plain}
  - builder: zoo:big
    review: {parameters: {max_increase: 20%, level: warning}}
    variants: [{id: small}, {id: large, review: {removed: error}}]
"""
    )
    assert zoo.policy == Policy(removed="notice", growth={"parameters": Growth(0.05)})
    own = Policy(removed="notice", growth={"parameters": Growth(0.2, "warning")})
    assert zoo.policies == {"big": own, "big-small": own, "big-large": dataclasses.replace(own, removed="error")}


def test_what_is_compared_keeps_its_place() -> None:
    zoo = loads("compare: [{models: [one, two], title: Both}]\nmodels: [{builder: 'z:one'}, {builder: 'z:two'}]\n")
    (pair,) = zoo.pairs
    assert (pair.models, pair.title) == (("one", "two"), "Both")
    assert [str(position) for position in pair.positions] == ["zoo.yml:1:21", "zoo.yml:1:26"]


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "zoo.yml"
    path.write_bytes("\ufefftitle: Zoo\r\nmodels:\r\n- builder: zoo:f\r\n".encode())
    zoo = manifest.load(path)
    assert zoo.title == "Zoo"
    assert zoo.entries[0].position is not None
    assert (zoo.entries[0].position.line, zoo.entries[0].position.column) == (3, 3)


def test_a_thousand_models_load(tmp_path: Path) -> None:
    path = tmp_path / "zoo.yml"
    path.write_text("models:\n" + "".join(f"- {{builder: 'zoo.m{i}:f', id: m{i}}}\n" for i in range(1000)))
    assert len(manifest.load(path).entries) == 1000


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[2].glob("example_zoo/*.yml")), ids=lambda path: path.name
)
def test_the_examples_load(path: Path) -> None:
    assert manifest.load(path).entries
