"""This repository's own zoo keeps its snapshots, and compares."""

from __future__ import annotations

from pathlib import Path

import pytest

from keraviz_docs.cli import main

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_every_model_is_as_its_snapshot_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["snapshot", "--check", "-q", "-m", str(ROOT / "example_zoo/zoo.yml"), "--cache", str(tmp_path)])
    told = capsys.readouterr()
    assert (done.value.code, told.out) == (0, ""), told.err
