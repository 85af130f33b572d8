"""Paths that are no manifest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keraviz_docs import manifest


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(path: Path) -> str:
    with pytest.raises(manifest.ManifestError) as caught:
        manifest.load(path)
    return re.sub(r" \[KV\d{3}\]", "", caught.value.message)


def test_a_missing_file() -> None:
    assert told(Path("zoo.yml")) == "there is no manifest zoo.yml"


def test_a_missing_file_with_a_neighbour_of_another_ending(project: Path) -> None:
    (project / "zoo.yaml").touch()
    assert told(Path("zoo.yml")) == "there is no manifest zoo.yml: did you mean zoo.yaml?"


def test_a_missing_file_among_others(project: Path) -> None:
    (project / "mkdocs.yml").touch()
    assert told(Path("zoo.yml")) == "there is no manifest zoo.yml; its directory has mkdocs.yml"


def test_a_missing_directory() -> None:
    assert told(Path("docs/zoo.yml")) == "there is no manifest docs/zoo.yml: the directory docs does not exist"


def test_a_directory(project: Path) -> None:
    (project / "zoo").mkdir()
    assert told(Path("zoo")) == "zoo is a directory: name the manifest in it, such as zoo/zoo.yml"


def test_an_empty_file(project: Path) -> None:
    (project / "zoo.yml").touch()
    assert told(Path("zoo.yml")).startswith("zoo.yml:1:1: the manifest is empty")


def test_a_binary_file(project: Path) -> None:
    (project / "zoo.yml").write_bytes(b"\x89PNG\0\0")
    assert told(Path("zoo.yml")) == "zoo.yml is a binary file, not a manifest"


@pytest.mark.parametrize(
    ("data", "place"),
    [(b"\xff", "1:1"), (b"title: caf\xe9", "1:11"), (b"a: b\nt\xc3\xb6t\xe9", "2:4"), (b"a: b\n\xe9", "2:1")],
)
def test_another_encoding(project: Path, data: bytes, place: str) -> None:
    (project / "zoo.yml").write_bytes(data)
    assert told(Path("zoo.yml")) == f"zoo.yml:{place}: this is not UTF-8 text: save the file with the encoding UTF-8"


def test_a_huge_file(project: Path) -> None:
    (project / "zoo.yml").write_bytes(b"#" * 2_000_001)
    assert told(Path("zoo.yml")) == "zoo.yml is larger than 2,000,000 bytes: this is no manifest"


def test_a_path_that_no_system_has() -> None:
    assert "cannot be read" in told(Path("a" * 5000))


def test_paths_are_shown_relative_to_the_current_directory_only_below_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "zoo").mkdir()
    (project / "zoo" / "zoo.yml").write_text("- 1")
    assert told(project / "zoo" / "zoo.yml").startswith("zoo/zoo.yml:1:1: ")
    monkeypatch.chdir(project / "zoo")
    assert told(project / "zoo" / "zoo.yml").startswith("zoo.yml:1:1: ")
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    assert told(project / "zoo" / "zoo.yml").startswith(f"{(project / 'zoo' / 'zoo.yml').as_posix()}:1:1: ")


def test_a_saved_model_is_looked_for_beside_the_manifest(project: Path) -> None:
    (project / "zoo" / "weights.keras").mkdir(parents=True)
    (project / "old.keras").touch()
    path = project / "zoo" / "zoo.yml"
    path.write_text("models:\n- file: old.keras\n- file: weights.keras\n- file: ../old.keras\n  id: up\n")
    assert told(path).splitlines() == [
        "zoo/zoo.yml:2:9: there is no file 'old.keras' (a path is relative to the manifest)",
        "zoo/zoo.yml:3:9: 'weights.keras' is a directory, not a .keras file",
    ]


def test_a_saved_model_with_an_impossible_name(project: Path) -> None:
    (project / "zoo.yml").write_text(f"models: [{{file: {'a' * 500}.keras, id: a}}]")
    assert "cannot be looked up" in told(Path("zoo.yml"))
