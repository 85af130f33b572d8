"""The commands as a user runs them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from keraviz_docs import manifest
from keraviz_docs.architecture import from_json

Keraviz = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.slow

MANIFEST = """
title: Small zoo
models:
  - {builder: "zoo_models:small", section: Dense, variants: [{id: wide, kwargs: {units: 64}}]}
  - {builder: "zoo_models:broken"}
  - {discover: found}
"""
FOUND = '''
import keras


def tiny() -> keras.Model:
    """A tiny model."""
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
'''


def test_schema_prints_what_editors_need(keraviz: Keraviz) -> None:
    done = keraviz("schema")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == manifest.schema()


def test_extract_prints_one_architecture(keraviz: Keraviz) -> None:
    done = keraviz("extract", "zoo_models:small", "--set", "units=5", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    architecture = from_json(done.stdout)
    assert (architecture.id, architecture.builder) == ("small", "zoo_models:small")
    assert [(node.name, node.parameters) for node in architecture.nodes] == [("features", 0), ("head", 45)]
    assert architecture.totals.macs == 40


def test_extract_writes_what_it_can_and_says_what_it_cannot(keraviz: Keraviz, project: Path) -> None:
    (project / "zoo.yml").write_text(MANIFEST)
    (project / "found.py").write_text(FOUND)
    done = keraviz("extract", "zoo.yml", "-o", "out")
    assert done.returncode == 1
    assert sorted(path.name for path in (project / "out").iterdir()) == ["small-wide.json", "small.json", "tiny.json"]
    assert sorted(done.stdout.split()) == [
        str(Path("out", name)) for name in ("small-wide.json", "small.json", "tiny.json")
    ]
    wide = from_json((project / "out" / "small-wide.json").read_bytes())
    assert wide.totals.parameters == 8 * 64 + 64
    assert "broken failed (exception)" in done.stderr
    assert "the head is missing" in done.stderr
    assert 'zoo_models.py:19 in broken\n    raise ValueError("the head is missing")' in done.stderr
    assert "It printed last:\n    about to break" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_manifest_is_read_from_the_cache_the_second_time(keraviz: Keraviz, project: Path) -> None:
    (project / "zoo.yml").write_text("models: [{builder: 'zoo_models:small'}]")
    first = keraviz("extract", "zoo.yml")
    second = keraviz("extract", "zoo.yml")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == second.stdout
    assert "from the cache" in second.stderr
    assert "from the cache" not in first.stderr


def test_a_function_named_in_passing_leaves_nothing_behind(keraviz: Keraviz, project: Path) -> None:
    before = set(project.iterdir())
    assert keraviz("extract", "zoo_models:small", "-q").returncode == 0
    assert {path for path in project.iterdir() if path.name != "__pycache__"} == before


def test_one_discovered_model_of_a_manifest(keraviz: Keraviz, project: Path) -> None:
    (project / "zoo.yml").write_text(MANIFEST)
    (project / "found.py").write_text(FOUND)
    done = keraviz("extract", "zoo.yml#tiny", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert from_json(done.stdout).id == "tiny"
    done = keraviz("extract", "zoo.yml#tinny", "-q")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == "Error: zoo.yml has no model 'tinny': did you mean zoo.yml#tiny?\nMore about this: keraviz explain KV004\n"
    )


def test_the_same_model_gives_the_same_bytes_in_another_directory(keraviz: Keraviz, project: Path) -> None:
    first = keraviz("extract", "zoo_models:small", "-q").stdout
    (project / "elsewhere").mkdir()
    (project / "elsewhere" / "zoo_models.py").write_bytes((project / "zoo_models.py").read_bytes())
    command = [sys.executable, "-m", "keraviz_docs", "extract", "zoo_models:small", "-q"]
    second = subprocess.run(command, cwd=project / "elsewhere", capture_output=True, text=True, check=True).stdout
    assert first == second
    assert str(project) not in first


def test_render_writes_three_diagrams_in_three_formats(keraviz: Keraviz, project: Path) -> None:
    done = keraviz("render", "zoo_models:square", "--set", "shape=!tuple [4, 4, 1]", "-o", "out")
    assert done.returncode == 0, done.stderr
    names = [f"square-{variant}.{form}" for variant in ("tb", "lr", "numbered") for form in ("svg", "png", "pdf")]
    assert done.stdout.split() == [str(Path("out", name)) for name in names]
    for name in names:
        data = (project / "out" / name).read_bytes()
        if name.endswith("svg"):
            assert ET.fromstring(data).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  # our own file
            assert b"Flatten" in data
        else:
            assert data.startswith(b"\x89PNG" if name.endswith("png") else b"%PDF")


def test_render_writes_only_what_is_asked_for(keraviz: Keraviz, project: Path) -> None:
    arguments = ["--format", "svg,dot", "--variant", "lr", "--variant", "tb,lr", "--expand", "1", "-q"]
    done = keraviz(
        "render", "zoo_models:small", "zoo_models:Unbuilt", "--inputs", "{shape: [3]}", "-o", "o", *arguments
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(path.name for path in (project / "o").iterdir()) == [
        f"{model}-{variant}.{form}"
        for model in ("small", "unbuilt")
        for variant in ("lr", "tb")
        for form in ("dot", "svg")
    ]


def test_an_argument_that_the_function_does_not_take(keraviz: Keraviz, project: Path) -> None:
    done = keraviz("render", "zoo_models:small", "--set", "unitz=3", "-o", "out", "-q")
    assert done.returncode == 1
    assert "takes no argument `unitz`. Did you mean `units`?" in done.stderr
    assert not (project / "out").exists()


def test_a_saved_model_needs_no_code_and_no_weights(keraviz: Keraviz, project: Path) -> None:
    build = "import zoo_models; zoo_models.small().save('saved.keras')"
    subprocess.run([sys.executable, "-c", build], cwd=project, check=True, capture_output=True)
    (project / "zoo_models.py").unlink()
    with zipfile.ZipFile(project / "saved.keras") as archive:
        assert "model.weights.h5" in archive.namelist()
    done = keraviz("extract", "saved.keras", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert from_json(done.stdout).totals.parameters == 36


def test_build_writes_pages_even_when_a_model_fails(keraviz: Keraviz, project: Path) -> None:
    (project / "zoo.yml").write_text(MANIFEST)
    (project / "found.py").write_text(FOUND)
    done = keraviz("build", "-o", "pages")
    assert done.returncode == 1
    index = project / done.stdout.strip()
    assert index.is_file()
    assert "Small zoo" in index.read_text()
    assert "the head is missing" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["schema"], ["extract", "zoo_models:small", "-q"]])
def test_a_reader_who_has_seen_enough_hears_no_complaint(project: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "keraviz_docs", *arguments]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_an_interrupt_ends_quietly(project: Path) -> None:
    (project / "endless.py").write_text(
        "import time\nfrom pathlib import Path\n\n\n"
        "def model():\n    Path(__file__).with_name('begun').touch()\n    time.sleep(600)\n"
    )
    command = [sys.executable, "-m", "keraviz_docs", "extract", "endless:model"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        end = time.monotonic() + 180
        while not (project / "begun").exists():
            assert time.monotonic() < end
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert out == b""
