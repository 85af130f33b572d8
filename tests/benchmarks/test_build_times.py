"""The benchmark of build times, and what the documentation shows of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks.build_times import Results, report

ROOT = Path(__file__).parents[2]


def measured(folder: Path) -> Results:
    return msgspec.json.decode((folder / "build_times.json").read_bytes(), type=Results)


def test_the_documentation_shows_what_was_measured() -> None:
    results = measured(ROOT / "benchmarks")
    assert {1, 10, 40, 100, 1000} <= {row.models for row in results.rows}
    assert (ROOT / "benchmarks" / "build_times.md").read_text("utf-8") == report(results)
    assert '--8<-- "build_times.md"' in (ROOT / "docs" / "explanation" / "speed.md").read_text("utf-8").splitlines()


@pytest.mark.slow
def test_it_measures_a_zoo_of_one_model(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "build_times.py"), "--sizes", "1", "--output", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    (row,) = measured(tmp_path).rows
    assert row.models == 1
    assert row.script is not None and row.mkdocs_complete is not None
    assert (tmp_path / "build_times.md").read_text("utf-8") == report(measured(tmp_path))
