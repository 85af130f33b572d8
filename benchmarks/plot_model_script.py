"""The script that people write today: build each model, draw it three times with `plot_model`, save its summary.

Usage: python benchmarks/plot_model_script.py ZOO OUTPUT

ZOO is a directory of modules, each with a function `model`.  Orthogonal edges, the default of `plot_model`, abort
Graphviz on six models of `keras.applications`, so it draws splines here.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

# Where IPython is installed, `plot_model` tries to show what it drew, and raises a ValueError for every SVG.
sys.modules["IPython"] = None  # type: ignore[assignment]  # the documented way to have an import fail

import keras  # noqa: E402 - after what keeps it from importing IPython


def main() -> None:
    """Draw every model of a directory."""
    zoo, output = Path(sys.argv[1]), Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(zoo))
    for module in sorted(path.stem for path in zoo.glob("model_*.py")):
        model = importlib.import_module(module).model()
        for variant, direction, names in (("tb", "TB", True), ("lr", "LR", True), ("plain", "TB", False)):
            keras.utils.plot_model(
                model,
                to_file=str(output / f"{module}-{variant}.svg"),
                show_shapes=True,
                show_layer_names=names,
                rankdir=direction,
                splines="spline",
            )
        with (output / f"{module}.txt").open("w", encoding="utf-8") as file:
            model.summary(print_fn=lambda line, file=file: file.write(line + "\n"))


if __name__ == "__main__":
    main()
