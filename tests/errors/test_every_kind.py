"""Every kind of mistake is made, and told by its code, as its section shows it, and without a traceback."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

import keraviz_docs
from keraviz_docs import Architecture
from keraviz_docs.errors import Code, UserError
from keraviz_docs.errors.explanations import EXPLANATIONS
from tests.errors.conftest import Told, run

ONE = "models: [{builder: 'zoo:unet'}]\n"

AT_ONCE: list[tuple[str, str, Mapping[str, str]]] = [
    ("KV001", "render", {}),
    ("KV002", "render zoo:unet -o drawings --format svgg", {}),
    ("KV003", "render zoo.unet -o drawings", {}),
    ("KV004", "render zoo.yml#unett -o drawings", {"zoo.yml": ONE}),
    ("KV005", "render zoo:unet -o drawings --set filters", {}),
    ("KV006", "render zoo:unet -o drawings --inputs '[32, 32, 3]'", {}),
    ("KV007", "render zoo.yml -o drawings --set filters=16", {"zoo.yml": ONE}),
    ("KV008", "render zoo.vision:unet zoo.audio:unet -o drawings", {}),
    ("KV009", "extract zoo:unet zoo:vae", {}),
    ("KV101", "build -o pages", {"zoo.yaml": ONE}),
    ("KV102", "build -o pages", {"zoo.yml": "models:\n- builder: zoo:unet\n  tags: [vision\n"}),
    ("KV103", "build -o pages", {"zoo.yml": "models:\n- bilder: zoo:unet\n"}),
    ("KV104", "build -o pages", {"zoo.yml": "models:\n- title: U-Net\n"}),
    ("KV105", "build -o pages", {"zoo.yml": "models:\n- builder: zoo:unet\n  tags: vision\n"}),
    ("KV106", "build -o pages", {"zoo.yml": "models:\n- builder: zoo:unet\n  timeout: 0\n"}),
    ("KV107", "build -o pages", {"zoo.yml": "models:\n- builder: zoo:unet\n  file: unet.keras\n", "unet.keras": ""}),
    ("KV108", "build -o pages", {"zoo.yml": "models:\n- builder: zoo.unet\n"}),
    ("KV109", "build -o pages", {"zoo.yml": "models:\n- builder: zoo:unet\n  id: U-Net\n"}),
    ("KV110", "build -o pages", {"zoo.yml": "models:\n- builder: zoo.vision:unet\n- builder: zoo.audio:unet\n"}),
    ("KV111", "build -o pages", {"zoo.yml": "models:\n- builder: zoo:unet\n  builder: zoo:vae\n"}),
    ("KV112", "build -o pages", {"zoo.yml": "models:\n- builder: zoo:unet\n  kwargs: {since: 2024-05-01}\n"}),
    ("KV113", "build -o pages", {"zoo.yml": "models:\n- file: weights/unet.keras\n"}),
    ("KV114", "build -o pages", {"zoo.yml": "models: []\n"}),
    ("KV401", "diff mian", {"zoo.yml": ONE}),
    ("KV402", "diff architectures", {"architectures/notes.txt": ""}),
    ("KV403", "diff old.arch old.arch", {"old.arch": "architecture: unet\nformat: 99\n"}),
    ("KV404", "diff old.json old.json", {"old.json": '{"schema": 99}'}),
    ("KV407", "comment --post", {}),
    ("KV408", "comment review", {"review/other.txt": ""}),
    ("KV602", "build -o pages", {"zoo.yml": f"executor: dusk\n{ONE}"}),
    ("KV605", "extract zoo.yml -o out --shard 9/8", {"zoo.yml": ONE}),
    ("KV701", "init zooo", {"zoo/__init__.py": ""}),
    ("KV702", "init train-v2.py", {"train-v2.py": ""}),
    ("KV703", "init zoo", {"zoo/__init__.py": "def scale(image):\n    return image / 255\n"}),
    ("KV704", "init zoo", {"zoo/__init__.py": "", "zoo.yml": ONE}),
]
"""Code, command, and the files that are there."""

READING = ["KV201", "KV202", "KV203", "KV204", "KV205", "KV207", "KV208", "KV209", "KV210", "KV211", "KV213", "KV214"]
"""What models of one manifest fail with."""

ELSEWHERE = {
    *("KV010", "KV206", "KV212", "KV301", "KV302", "KV405", "KV406"),
    *("KV501", "KV502", "KV503", "KV504", "KV601", "KV603", "KV604", "KV606"),
}
"""What the other tests here are about."""


def _code(value: str) -> Code:
    return next(code for code in Code if code.value == value)


def is_told(code: str, told: str) -> None:
    """Assert that a message is the one that the section of a code shows, and leads there."""
    assert EXPLANATIONS[_code(code)].example.strip("… ") in told
    (pointer,) = re.findall(r"^ *More about this: keraviz explain (.*)$", told, flags=re.MULTILINE)
    assert code in pointer.split()
    assert "Traceback" not in told


def test_no_kind_is_left_out() -> None:
    tested = {code for code, _, _ in AT_ONCE} | set(READING) | ELSEWHERE
    assert tested == {code.value for code in Code}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty directory, the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("code", "command", "files"), AT_ONCE, ids=[code for code, _, _ in AT_ONCE])
def test_a_mistake_that_shows_at_once(code: str, command: str, files: Mapping[str, str], here: Path) -> None:
    for name, content in files.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(content)
    told = run(*shlex.split(command))
    assert (told.status, told.out) == (2, "")
    is_told(code, told.err)
    assert {str(path.relative_to(here)) for path in here.rglob("*") if path.is_file()} == set(files)


@pytest.mark.parametrize("code", READING)
def test_a_model_that_cannot_be_read(code: str, bad: Told) -> None:
    assert (bad.status, bad.out) == (1, "")
    is_told(code, bad.err)


def test_a_command_that_needs_git_without_git(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(good)
    monkeypatch.setenv("PATH", str(good / "nothing"))
    told = run("diff", "main")
    assert told.status == 2
    is_told("KV405", told.err)


def test_a_drawing_of_no_change(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(good)
    told = run("diff", "architectures", "extracts", "--format", "svg")
    assert told.status == 2
    is_told("KV406", told.err)


def test_a_directory_that_is_none(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(good)
    told = run("extract", "zoo.yml", "-o", "zoo.yml/out")
    assert told.status == 2
    is_told("KV501", told.err)


def test_a_directory_with_a_page_of_somebody_else(good: Path, here: Path) -> None:
    (here / "pages").mkdir()
    (here / "pages" / "index.md").write_text("# Ours\n")
    told = run("build", "-m", str(good / "zoo.yml"), "-o", "pages", "--quiet")
    assert told.status == 2
    is_told("KV502", told.err)
    assert (here / "pages" / "index.md").read_text() == "# Ours\n"


def test_a_graphviz_that_is_not_installed(good: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(here))
    told = run("render", str(good / "zoo.yml"), "-o", "drawings", "--graphviz", "system", "--quiet")
    assert told.status == 2
    is_told("KV301", told.err)


def test_a_graphviz_that_crashes(good: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dot = here / "bin" / "dot"
    dot.parent.mkdir()
    dot.write_text("#!/bin/sh\nkill -SEGV $$\n")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", f"{dot.parent}:{os.environ['PATH']}")
    told = run("render", str(good / "zoo.yml"), "-o", "drawings", "--graphviz", "system", "--variant", "tb", "--quiet")
    assert told.status == 1
    is_told("KV302", told.err)


def test_an_installation_without_tensorflow(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "broken").mkdir()
    (here / "broken" / "tensorflow.py").write_text("raise ImportError('no TensorFlow in this test')\n")
    monkeypatch.setenv("PYTHONPATH", str(here / "broken"))
    told = run("extract", "zoo:unet", "--quiet")
    assert told.status == 2
    is_told("KV601", told.err)


def test_a_cluster_without_dask(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(good)
    monkeypatch.delitem(sys.modules, "keraviz_docs.production.clusters", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    told = run("extract", "zoo.yml#unet", "--executor", "dask", "--cache", "empty", "--quiet")
    assert told.status == 2
    is_told("KV603", told.err)


def test_a_cluster_that_is_not_there(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")  # first: what it adds to Dask's settings would be undone with ours
    import dask

    monkeypatch.chdir(good)
    with dask.config.set({"distributed.comm.timeouts.connect": "200ms"}):
        told = run("extract", "zoo.yml#unet", "--executor", "dask:tcp://127.0.0.1:9", "--cache", "empty", "--quiet")
    assert told.status == 2
    is_told("KV604", told.err)


def test_a_cluster_without_the_project() -> None:
    pytest.importorskip("distributed")  # the extra `dask`
    done = subprocess.run([sys.executable, "-c", CLUSTER_ELSEWHERE], capture_output=True, text=True, check=False)
    is_told("KV606", done.stdout)


CLUSTER_ELSEWHERE = """
import distributed
from pathlib import Path
from keraviz_docs.errors import UserError
from keraviz_docs.manifest.entries import BuilderTarget, Limits, ModelEntry
from keraviz_docs.production.messages import Request
from keraviz_docs.production.pool import open_pool

entry = ModelEntry(id="unet", target=BuilderTarget("zoo", "unet"))
request = Request(entry=entry, project=Path("/elsewhere/zoo"), limits=Limits())
with distributed.LocalCluster(
    n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
) as cluster:
    pool = open_pool(f"dask:{cluster.scheduler_address}")
    try:
        pool.submit(request).result()
    except UserError as error:
        print(error)
    pool.shutdown()
"""


def test_a_python_call_with_a_file_of_another_kind(siamese: Architecture, here: Path) -> None:
    with pytest.raises(UserError) as told:
        keraviz_docs.render(siamese, "model.jpg")
    is_told("KV010", str(told.value))


def test_inputs_that_are_none() -> None:
    import keras

    with pytest.raises(UserError) as told:
        keraviz_docs.read(keras.Sequential([keras.layers.Dense(2)]), inputs={"shape": [32], "dtype": "flot32"})
    is_told("KV206", str(told.value))


def test_a_process_with_another_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(UserError) as told:
        keraviz_docs.read(keras.Sequential([keras.Input((2,))]))
    is_told("KV212", str(told.value))


@pytest.mark.parametrize(
    ("code", "options"), [("KV503", "path: .."), ("KV504", "manifest: failing.yml, on_error: fail")]
)
def test_a_site_with_a_mistake(
    code: str, options: str, here: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    (here / "docs").mkdir()
    (here / "docs" / "index.md").write_text("# Home\n")
    (here / "failing.yml").write_text("models: [{builder: 'nowhere:unet'}]\n")
    (here / "mkdocs.yml").write_text(f"site_name: Test\nplugins: [{{keraviz: {{{options}}}}}]\n")
    with pytest.raises(Abort):
        build(load_config(str(here / "mkdocs.yml")))
    (error,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    is_told(code, error)
