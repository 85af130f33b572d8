"""How the time for all diagrams of a model grows with its layers: ``python -m benchmarks.diagrams_growth``.

A chain of residual blocks is drawn as overview, top to bottom, left to right and numbered, each as SVG, PNG and PDF;
once with equal blocks, as deep networks have them, and once with blocks that all differ, where nothing can be folded.
The result is written beside this file.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keraviz_docs.architecture import Architecture, Input, ModelIdentity, Node, Port, Tensor, Totals, Weight
from keraviz_docs.diagrams import SHEETS, Format, Job, Renderer

RESULT = Path(__file__).with_suffix(".md")
FORMATS: tuple[Format, ...] = ("svg", "png", "pdf")
EQUAL = (5_000, 10_000, 20_000)
DIFFERENT = (5_000, 10_000)
HEAD = """# How long do all diagrams of a very long model take?

Written by `python -m benchmarks.diagrams_growth`. A chain of residual blocks (three convolutions with normalisation
and activation, and an addition) is drawn as overview, top to bottom, left to right and numbered, each as SVG, PNG and
PDF, on a machine with two processors. Seconds by the clock depend on what else it does; those of its processors,
Graphviz's included, hardly do.

| blocks | layers | seconds | processor seconds | times the row above | bytes of SVG | bytes of all files |
|---|---:|---:|---:|---:|---:|---:|
"""


def main() -> None:
    """Measure, print and write the table."""
    lines = []
    for blocks, lengths in (("equal", EQUAL), ("all different", DIFFERENT)):
        before = None
        for length in lengths:
            architecture = residual_chain(length, different=blocks != "equal")
            seconds, busy, svg, all_files = drawn(architecture)
            ratio = f"{busy / before:.2f}" if before else ""
            layers = architecture.totals.layers
            lines.append(f"| {blocks} | {layers:,} | {seconds:.1f} | {busy:.1f} | {ratio} | {svg:,} | {all_files:,} |")
            print(lines[-1], flush=True)
            before = busy
    RESULT.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def drawn(architecture: Architecture) -> tuple[float, float, int, int]:
    """Draw everything; return the seconds it took by the clock and of processors, and the bytes written."""
    with tempfile.TemporaryDirectory() as directory:
        jobs = [
            Job(architecture, sheet, {form: Path(directory, f"{sheet}.{form}") for form in FORMATS}) for sheet in SHEETS
        ]
        start, busy = time.perf_counter(), _processor_seconds()
        with Renderer(workers=os.cpu_count() or 1) as renderer:
            failed = [result.error for result in renderer.render_all(jobs) if result.error]
        seconds, busy = time.perf_counter() - start, _processor_seconds() - busy
        if failed:
            raise SystemExit("\n".join(failed))
        sizes = {path: path.stat().st_size for path in Path(directory).iterdir()}
    return seconds, busy, sum(size for path, size in sizes.items() if path.suffix == ".svg"), sum(sizes.values())


def _processor_seconds() -> float:
    """Return what this process and its ended children have used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def residual_chain(length: int, *, different: bool) -> Architecture:
    """Return a chain of residual blocks of about so many layers.

    Args:
        length: at least so many nodes.
        different: whether each block has a setting that no other has.
    """
    tensor = Tensor((None, 56, 56, 64), "float32")
    nodes = [layer(1, "InputLayer", (), tensor)]

    def add(class_name: str, *sources: int) -> int:
        number = len(nodes) + 1
        weights = (Weight("kernel", (3, 3, 64, 64), "float32", True),) if class_name == "Conv2D" else ()
        config = {"padding": f"kind {entered}"} if different else {"filters": 64, "kernel_size": [3, 3]}
        nodes.append(layer(number, class_name, sources, tensor, weights=weights, config=config if weights else {}))
        return number

    last = 1
    while len(nodes) < length:
        entered = last
        for _ in range(3):
            last = add("ReLU", add("BatchNormalization", add("Conv2D", last)))
        last = add("Add", last, entered)
    parameters = sum(node.parameters for node in nodes)
    return Architecture(
        id="chain",
        builder="benchmarks:residual_chain",
        model=ModelIdentity("chain", "Functional", "keras"),
        keras="3",
        detail="exact",
        inputs=(Port("input", tensor.shape, tensor.dtype, 1),),
        outputs=(Port("output", tensor.shape, tensor.dtype, last),),
        totals=Totals(
            layers=len(nodes) - 1,
            parameters=parameters,
            trainable=parameters,
            non_trainable=0,
            weight_bytes=4 * parameters,
        ),
        nodes=tuple(nodes),
    )


def layer(
    number: int,
    class_name: str,
    sources: tuple[int, ...],
    tensor: Tensor,
    *,
    weights: tuple[Weight, ...] = (),
    config: Mapping[str, Any] | None = None,
) -> Node:
    """Return a layer with a name of Keras's making."""
    name = f"{class_name.lower()}_{number}"
    return Node(
        number=number,
        path=name,
        name=name,
        kind="layer" if sources else "input",
        class_name=class_name,
        module="keras.layers",
        inputs=tuple(map(Input, sources)),
        outputs=(tensor,),
        parameters=36_864 * bool(weights),
        weights=weights,
        config=config or {},
    )


if __name__ == "__main__":
    main()
