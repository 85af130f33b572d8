"""The same model gives the same bytes in every process, whatever the seed of Python's hashes and the directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys, warnings
warnings.simplefilter("ignore")
import keras_hub
from keraviz_docs.architecture import to_json
from keraviz_docs.reading import keras_internals
from keraviz_docs.reading.graph import architecture_of
with keras_internals.weightless():
    model = keras_hub.models.T5Backbone(
        vocabulary_size=20, num_layers=2, num_heads=2, hidden_dim=16, intermediate_dim=32
    )
sys.stdout.buffer.write(to_json(architecture_of(model, id="model", builder="keras_hub.models:T5Backbone")))
"""


@pytest.mark.slow
def test_two_processes_agree(tmp_path: Path) -> None:
    written = []
    for seed in ("1", "2"):
        directory = tmp_path / seed
        directory.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        child = subprocess.run([sys.executable, "-c", SCRIPT], cwd=directory, env=environment, capture_output=True)
        assert child.returncode == 0, child.stderr.decode()
        written.append(child.stdout)
    assert written[0] == written[1]
    assert b'"detail": "exact"' in written[0]
