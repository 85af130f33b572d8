"""A user's first five minutes: from the wheel and a published zoo, in an empty directory, without a manual edit.

The zoo is kimm.  Of its 144 models the small VGG family stands for all, to keep this test short; ``keraviz init kimm``
does the same for the whole of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

from tests.packaging.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
FAMILY = "kimm.models.vgg"
MODELS = ("vgg11", "vgg13", "vgg16", "vgg19")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def place(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty directory, beside an environment that has nothing but the wheel and the zoo."""
    place = tmp_path_factory.mktemp("five-minutes")
    environment = place / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    command = [environment / _PROGRAMS / "python", "-m", "pip", "install", "--quiet", str(wheel), "kimm"]
    done = subprocess.run([*map(str, command)], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (place / "empty").mkdir()
    return place


_PROGRAMS = "Scripts" if sys.platform == "win32" else "bin"


@pytest.fixture(scope="module")
def run(place: Path) -> Run:
    """Run one of the environment's programs in the directory."""
    programs = place / "venv" / _PROGRAMS
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "KERAVIZ_CACHE")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["PATH"] = os.pathsep.join([str(programs), environment["PATH"]])

    def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(programs / program), *arguments]
        return subprocess.run(
            command, cwd=place / "empty", env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_importing_it_imports_neither_keras_nor_tensorflow(run: Run) -> None:
    program = "import sys, keraviz_docs; print(keraviz_docs.__file__, len(sys.modules), *sys.modules)"
    said = run("python", "-c", program)
    assert said.returncode == 0, said.stderr
    file, count, *modules = said.stdout.split()
    assert not Path(file).is_relative_to(ROOT)
    assert not {"keras", "tensorflow", "numpy", "mkdocs", "jinja2", "pygraphviz", "rich"} & set(modules)
    # Python itself starts with some fifty; what takes long to import brings hundreds.
    assert int(count) < 150


def test_the_dependencies_agree_with_one_another(run: Run) -> None:
    said = run("python", "-m", "pip", "check")
    assert said.returncode == 0, said.stdout


def test_from_nothing_to_a_site_and_a_reviewed_change(
    place: Path, run: Run, broken_links: Callable[[Path], list[str]]
) -> None:
    empty = place / "empty"

    begun = run("keraviz", "init", FAMILY)
    assert begun.returncode == 0, begun.stderr
    assert "4 models found" in begun.stderr
    listed = yaml.safe_load((empty / "zoo.yml").read_text(encoding="utf-8"))["models"]
    assert [entry["builder"] for entry in listed] == [f"{FAMILY}:{name.upper()}" for name in MODELS]

    built = run("mkdocs", "build", "--strict")
    assert built.returncode == 0, built.stderr
    assert broken_links(empty / "site") == []
    for name in MODELS:
        page = BeautifulSoup((empty / f"site/models/{name}/index.html").read_text(encoding="utf-8"), "html.parser")
        assert len(page.select(".kv-layers tbody tr[id]")) > 30
        assert page.select_one(".kv-stage svg .kv-node")
        assert (empty / f"site/models/{name}/{name}-lr.pdf").read_bytes().startswith(b"%PDF")

    kept = run("keraviz", "snapshot")
    assert kept.returncode == 0, kept.stderr
    assert sorted(path.stem for path in (empty / "architectures").iterdir()) == sorted(MODELS)
    assert run("keraviz", "snapshot", "--check").returncode == 0
    same = run("keraviz", "diff", "architectures")
    assert (same.returncode, same.stdout) == (0, "Architectures architectures → working tree: 4 unchanged\n")

    # The zoo is forked: a copy beside the manifest is imported in place of the installed package.
    [installed] = (place / "venv").rglob("site-packages/kimm")
    shutil.copytree(installed, empty / "kimm", ignore=shutil.ignore_patterns("__pycache__"))
    assert run("keraviz", "snapshot", "--check").returncode == 0
    source = empty / "kimm/_src/models/vgg.py"
    changed = source.read_text(encoding="utf-8").replace("    512,\n", "    384,\n")
    source.write_text(changed, encoding="utf-8")

    told = run("keraviz", "diff", "architectures")
    assert told.returncode == 1, told.stderr
    assert "filters 512 → 384" in told.stdout
    assert told.stdout.count("existing weights do not load") == len(MODELS)
    assert run("keraviz", "snapshot", "--check").returncode == 1
    assert run("keraviz", "diff", "nowhere").returncode == 2

    again = run("mkdocs", "build", "--strict")
    assert again.returncode == 0, again.stderr
    assert run("keraviz", "snapshot").returncode == 0
    assert run("keraviz", "snapshot", "--check").returncode == 0
