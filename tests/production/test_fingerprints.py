"""What an answer depends on outside the project: packages, configuration, and the machine's memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keraviz_docs.production import memory, places
from keraviz_docs.production.fingerprints import Dependency, Fingerprints, configuration
from keraviz_docs.production.messages import Observed


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site-packages"
    install(folder, "demo_layers", "1.0")
    monkeypatch.setattr(places, "package_folders", lambda: (f"{folder}/",))
    return folder


def install(folder: Path, name: str, version: str, **metadata: str) -> None:
    for old in folder.glob(f"{name}-*.dist-info"):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    path = folder / f"{name}-{version}.dist-info"
    path.mkdir(parents=True)
    for key, content in metadata.items():
        (path / key.replace("_json", ".json")).write_text(content)


def version(project: Path, name: str = "demo-layers") -> str | None:
    return Fingerprints(project, {}).of("distribution", name)


def test_another_version_of_a_package_is_another_package(tmp_path: Path, packages: Path) -> None:
    assert version(tmp_path) == "1.0"
    install(packages, "demo_layers", "1.1")
    assert version(tmp_path) == "1.1"


def test_a_package_is_found_however_its_name_is_spelled(tmp_path: Path, packages: Path) -> None:
    assert version(tmp_path, "Demo.Layers") == "1.0"
    assert version(tmp_path, "demo") is None


def test_a_package_installed_from_a_directory_changes_with_its_files(tmp_path: Path, packages: Path) -> None:
    seen = set()
    for record in ("a.py,sha256=1,1", "a.py,sha256=2,1"):
        install(packages, "demo_layers", "1.0", direct_url_json="{}", RECORD=record)
        seen.add(version(tmp_path))
    assert len(seen) == 2


def test_a_package_from_an_index_does_not_change_with_where_it_is_installed(tmp_path: Path, packages: Path) -> None:
    seen = set()
    for record in ("../../bin/x,sha256=1,1", "../../bin/x,sha256=2,1"):
        install(packages, "demo_layers", "1.0", RECORD=record)
        seen.add(version(tmp_path))
    assert len(seen) == 1


def test_a_package_that_was_missing_and_is_installed_counts(tmp_path: Path, packages: Path) -> None:
    missing = (Dependency("absent-package", "torch", None),)
    assert Fingerprints(tmp_path, {}).hold(missing)
    (packages / "torch").mkdir()
    assert not Fingerprints(tmp_path, {}).hold(missing)


def test_a_module_that_no_package_owns_up_to_changes_with_its_file(tmp_path: Path, packages: Path) -> None:
    (packages / "dropped.py").write_text("a")
    before = Fingerprints(tmp_path, {}).settle([Observed("package", "dropped.py")])
    assert before is not None
    assert Fingerprints(tmp_path, {}).hold(before)
    (packages / "dropped.py").write_text("ab")
    assert not Fingerprints(tmp_path, {}).hold(before)


def test_variables_are_remembered_by_digest_only(tmp_path: Path) -> None:
    settled = Fingerprints(tmp_path, {"TOKEN": "secret"}).settle([Observed("variable", "TOKEN")])
    assert settled is not None
    assert "secret" not in repr(settled)
    assert not Fingerprints(tmp_path, {"TOKEN": "other"}).hold(settled)
    assert not Fingerprints(tmp_path, {}).hold(settled)


@pytest.mark.parametrize("change", ["changed", "touched", "gone"])
def test_a_file_that_is_not_what_was_read_gives_no_dependency(tmp_path: Path, change: str) -> None:
    file = tmp_path / "data"
    file.write_text("one")
    stamp = (file.stat().st_mtime_ns, file.stat().st_size)
    seen = [Observed("file", str(file), stamp)]
    assert Fingerprints(tmp_path, {}).settle(seen) is not None
    if change == "gone":
        file.unlink()
    elif change == "changed":
        file.write_text("another")
    else:
        os.utime(file, ns=(stamp[0] + 1, stamp[0] + 1))
    assert Fingerprints(tmp_path, {}).settle(seen) is None


def test_kerass_configuration_counts(tmp_path: Path) -> None:
    environment = {"KERAS_HOME": str(tmp_path)}
    seen = [configuration(environment)]
    (tmp_path / "keras.json").write_text('{"floatx": "float16"}')
    seen.append(configuration(environment))
    seen.append(configuration({**environment, "TF_USE_LEGACY_KERAS": "1"}))
    assert len({tuple(each) for each in seen}) == 3


def cgroup(folder: Path, limit: str, current: int, inactive: int) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{current}\n")
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {inactive}\n")
    return folder


def test_a_container_has_no_more_memory_than_its_limit(tmp_path: Path) -> None:
    mebibyte = memory.MEBIBYTE
    limited = cgroup(tmp_path / "group", str(100 * mebibyte), 60 * mebibyte, 10 * mebibyte)
    assert memory.available(limited) == 50 * mebibyte


@pytest.mark.parametrize("limit", ["max", "nonsense"])
def test_without_a_limit_a_container_has_the_machines_memory(tmp_path: Path, limit: str) -> None:
    mine = memory.available(tmp_path / "none")
    assert mine > 0
    assert memory.available(cgroup(tmp_path / "group", limit, 0, 0)) == pytest.approx(mine, rel=0.5)
