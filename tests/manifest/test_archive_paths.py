"""Where the manifest lies decides what a relative path means; imports start from the package's parent."""

from __future__ import annotations

from pathlib import Path

from keraviz_docs import manifest
from keraviz_docs.manifest.entries import ModelEntry, SavedModelTarget


def only_target(path: Path) -> SavedModelTarget:
    (entry,) = manifest.load(path).entries
    assert isinstance(entry, ModelEntry)
    assert isinstance(entry.target, SavedModelTarget)
    return entry.target


def test_a_file_beside_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "old.keras").touch()
    (tmp_path / "zoo.yml").write_text("models: [{file: old.keras}]")
    assert only_target(tmp_path / "zoo.yml").path == Path("old.keras")


def test_a_manifest_inside_a_package_names_files_beside_itself(tmp_path: Path) -> None:
    package = tmp_path / "zoo"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "old.keras").touch()
    (package / "zoo.yml").write_text("models: [{file: old.keras}]")
    assert manifest.load(package / "zoo.yml").project == tmp_path.resolve()
    assert only_target(package / "zoo.yml").path == Path("zoo/old.keras")
