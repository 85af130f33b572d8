"""The wheel holds everything that a user needs, and works from where it was unpacked."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("keraviz_docs", "mkdocs_plugin")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    directory = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(directory)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = directory.glob("*.whl")
    return path


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
    named = Parser().parsestr((information / "METADATA").read_text(encoding="utf-8")).get_all("License-File") or []
    others = {name for name in files(ROOT) if "LICENSE" in name}
    assert len(others) >= 2
    assert set(named) >= {"LICENSE", *others}
    assert all((information / "licenses" / name).read_text(encoding="utf-8").strip() for name in named)


def test_its_commands_and_its_plugin_are_registered(unpacked: Path) -> None:
    (information,) = unpacked.glob("*.dist-info")
    entries = (information / "entry_points.txt").read_text(encoding="utf-8")
    assert "keraviz = keraviz_docs.cli:main" in entries
    assert "keraviz = mkdocs_plugin.plugin:KeravizPlugin" in entries


def test_the_first_five_minutes(unpacked: Path, tmp_path: Path) -> None:
    """Begin a site, change a builder, and see what that means: nothing is edited but the builder."""
    builder = (
        "import keras\n\n\ndef unet(filters=4) -> keras.Model:\n    image = keras.Input((8, 8, 3))\n"
        "    return keras.Model(image, keras.layers.Conv2D(filters, 3)(image))\n"
    )
    (tmp_path / "nets.py").write_text(builder)

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(unpacked)}
        return subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    where = python("-c", "import keraviz_docs, mkdocs_plugin; print(keraviz_docs.__file__, mkdocs_plugin.__file__)")
    assert where.stdout.count(str(unpacked)) == 2
    begun = python("-m", "keraviz_docs", "init", ".")
    assert begun.returncode == 0, begun.stderr
    built = python("-m", "mkdocs", "build", "--strict")
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site/models/unet/unet-tb.svg").is_file()
    kept = python("-m", "keraviz_docs", "snapshot")
    assert kept.returncode == 0, kept.stderr
    (tmp_path / "nets.py").write_text(builder.replace("filters=4", "filters=6"))
    (snapshots,) = [path.parent for path in tmp_path.rglob("unet.arch")]
    told = python("-m", "keraviz_docs", "diff", str(snapshots))
    assert told.returncode == 1, told.stderr
    assert "existing weights do not load" in told.stdout
    assert "filters 4 → 6" in told.stdout
