"""Mistakes end with status 2 and a sentence on stderr; nothing is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from keraviz_docs import cli


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("rendr", "No such command 'rendr'."),
        ("render", "Missing argument 'TARGET...'."),
        ("render a:b", "Missing option '-o'"),
        ("render a:b -o o --format svgg", "unknown format 'svgg': did you mean 'svg'?"),
        ("render a:b -o o --format jpeg", "unknown format 'jpeg': there is svg, png, pdf and dot"),
        ("render a:b -o o --format svg,", "unknown format '': there is svg, png, pdf and dot"),
        ("render a:b -o o --variant nubmered", "unknown variant 'nubmered': did you mean 'numbered'?"),
        ("render a:b -o o --expand some", "'some' is neither 'all' nor 'none' nor a number of levels"),
        ("render a:b -o o --graphviz dot", "'dot' is not one of 'bundled', 'system'."),
        ("render a:b -o o --timeout 0", "0.0 is not in the range"),
        ("render a:b -o o -j 0", "0 is not in the range"),
        ("render a.b -o o", "Error: 'a.b' is not an import path like package.module:name: did you mean 'a:b'?"),
        ("extract a:b c:d", "Error: several models need a directory: add -o DIR"),
        ("extract zoo.yml", "Error: there is no manifest zoo.yml"),
        ("build -o o", "Error: there is no manifest zoo.yml"),
        ("build", "it is not said where the pages go: add -o DIR"),
        ("build --shard 1/2 -o o", "a share has no pages: leave out -o, or --shard"),
        ("build --shard 3/2", "there is no shard 3 of 2; the first is 1/2, the last 2/2"),
        ("build -o o --executor ray", "'ray' is no executor: there is local, dask and dask:ADDRESS"),
        ("extract a:b --shard 1/2", "a share is read into a cache: add --cache DIR, or name a manifest"),
        ("cache", "Error: there is no manifest zoo.yml"),
        ("cache clear -m z.yml", "Error: there is no manifest z.yml"),
        ("cache cleer", "No such command 'cleer'."),
    ],
)
def test_a_mistake(arguments: str, sentence: str, capsys: pytest.CaptureFixture[str], directory: Path) -> None:
    assert cli.run(arguments.split()) == 2
    told = capsys.readouterr()
    assert sentence in told.err
    assert told.out == ""
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("arguments", ["render bad.yml -o o", "extract bad.yml", "build -m bad.yml -o o"])
def test_a_wrong_manifest_is_told_line_by_line(
    arguments: str, capsys: pytest.CaptureFixture[str], directory: Path
) -> None:
    (directory / "bad.yml").write_text("models:\n- {bilder: 'z:f'}\n- {builder: z.f}\n")
    assert cli.run(arguments.split()) == 2
    assert capsys.readouterr().err.splitlines() == [
        "bad.yml:2:4: unknown key 'bilder' in this model: did you mean 'builder'? [KV103]",
        "bad.yml:3:13: 'z.f' is not an import path like package.module:name: did you mean 'z:f'? [KV108]",
        "More about this: keraviz explain KV103 KV108",
    ]


def test_the_output_may_not_be_a_file(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (directory / "o").touch()
    assert cli.run(["render", "a:b", "-o", "o"]) == 2
    assert "Directory 'o' is a file." in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device here that is always full")
@pytest.mark.parametrize("command", ["schema", "explain", "diff --help"])
def test_a_full_disk_is_told_without_a_traceback(command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "keraviz_docs", *command.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == (
        "Error: cannot use the output: No space left on device\nMore about this: keraviz explain KV501\n"
    )


@pytest.mark.parametrize(
    ("head", "sentence"), [("gone.keras", "there is no file 'gone.keras'"), ("mian", "'mian' is no git ref here")]
)
def test_a_head_that_is_not_there_is_told_before_the_base_is_built(
    head: str, sentence: str, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (directory / "zoo.yml").write_text("models: [{builder: 'zoo:unet'}]\n")
    assert cli.run(["diff", "zoo.yml", head]) == 2
    assert capsys.readouterr().err.startswith(f"Error: {sentence}")
