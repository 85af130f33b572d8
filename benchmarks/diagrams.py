"""Diagrams against ``keras.utils.plot_model``: the same models, the same machine, ratios of time.

``python benchmarks/diagrams.py [MODEL ...]``: names from ``keras.applications``.  ``plot_model`` runs in a process of
its own, since it can abort; its time is counted without imports and without building the model.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

PLOT = """
import sys, time, keras
with keras.StatelessScope(initialize_variables=False):
    model = getattr(keras.applications, sys.argv[1])(weights=None)
start = time.perf_counter()
keras.utils.plot_model(
    model, sys.argv[2], show_shapes=True, show_layer_names=True, show_layer_activations=True, expand_nested=True
)
print("seconds", time.perf_counter() - start)
"""
LIMIT = 300


def main(names: list[str]) -> None:
    """Print a line per model and format."""
    import keras

    from keraviz_docs.diagrams import Format, Renderer, figure
    from keraviz_docs.reading.graph import architecture_of

    with tempfile.TemporaryDirectory() as directory, Renderer() as renderer:
        for name in names:
            with keras.StatelessScope(initialize_variables=False):
                model = getattr(keras.applications, name)(weights=None)
            architecture = architecture_of(model, id=name.lower(), builder=f"keras.applications:{name}")
            drawn = figure(architecture)
            forms: tuple[Format, ...] = ("svg", "png", "pdf")
            for form in forms:
                ours = Path(directory) / f"ours.{form}"
                start = time.perf_counter()
                renderer.render(drawn, {form: ours})
                seconds = time.perf_counter() - start
                theirs = Path(directory) / f"theirs.{form}"
                verdict = plot_model(name, theirs)
                ratio = f"{verdict / seconds:.1f} times faster" if isinstance(verdict, float) else verdict
                sizes = f"{ours.stat().st_size:,} bytes against {theirs.stat().st_size if theirs.exists() else 0:,}"
                print(f"{name} {form}: {seconds:.2f} s, plot_model {verdict}: {ratio}; {sizes}", flush=True)


def plot_model(name: str, path: Path) -> float | str:
    """Return the seconds that ``plot_model`` took, or what became of it."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", PLOT, name, str(path)], capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return f"gave up after {LIMIT} s"
    for line in done.stdout.splitlines():
        if line.startswith("seconds"):
            return float(line.split()[1])
    return f"failed with status {done.returncode}"


if __name__ == "__main__":
    main(sys.argv[1:] or ["ResNet50", "EfficientNetB7"])
