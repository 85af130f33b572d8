"""The wheel holds everything that a user needs, and works from where it was unpacked."""

from __future__ import annotations

import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT

PACKAGES = ("keraviz_docs", "mkdocs_plugin")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that the wheel was unpacked into."""
    directory = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    return directory


def files(directory: Path) -> set[str]:
    return {
        path.relative_to(directory).as_posix()
        for package in PACKAGES
        for path in (directory / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def test_it_is_for_any_system(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")


def test_every_file_of_the_packages_is_in_it(unpacked: Path) -> None:
    assert files(unpacked) == files(ROOT)


def test_every_kind_of_asset_is_in_it(unpacked: Path) -> None:
    endings = {Path(name).suffix for name in files(unpacked)}
    assert endings >= {".py", ".pyi", ".typed", ".css", ".js", ".html", ".j2", ".json", ".ttf", ".txt"}


def test_nothing_but_the_packages_is_in_it(unpacked: Path) -> None:
    tops = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == set(PACKAGES)


def test_every_licence_is_named_and_there(unpacked: Path) -> None:
    (information,) = unpacked.glob("*.dist-info")
    metadata = Parser().parsestr((information / "METADATA").read_text(encoding="utf-8"))
    named = metadata.get_all("License-File") or []
    others = {name for name in files(ROOT) if "LICENSE" in name}
    assert len(others) >= 2
    assert set(named) >= {"LICENSE", *others}
    assert metadata["License-Expression"] == "Apache-2.0 AND MIT"
    assert all((information / "licenses" / name).read_text(encoding="utf-8").strip() for name in named)


def test_drawing_writes_nothing_into_it(unpacked: Path) -> None:
    # fontconfig does where this file is missing.
    assert (unpacked / "keraviz_docs/diagrams/fonts/.uuid").is_file()


def test_its_commands_and_its_plugin_are_registered(unpacked: Path) -> None:
    (information,) = unpacked.glob("*.dist-info")
    entries = (information / "entry_points.txt").read_text(encoding="utf-8")
    assert "keraviz = keraviz_docs.cli:main" in entries
    assert "keraviz = mkdocs_plugin.plugin:KeravizPlugin" in entries
