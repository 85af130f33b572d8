"""How the cost of reading grows with depth: decoders of 1 to 64 blocks, with the weights of a 7B model or without.

Usage: python benchmarks/reading_scaling.py [BLOCKS...]

Seconds depend on the machine; seconds per block should not depend on the number of blocks.
"""

from __future__ import annotations

import os
import resource
import sys
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import keras_hub

from keraviz_docs.reading import graph, keras_internals


def main(arguments: list[str] | None = None) -> None:
    """Print one line per depth."""
    depths = [int(item) for item in (sys.argv[1:] if arguments is None else arguments)] or [1, 2, 4, 8, 16, 32, 64]
    _measure(1)  # the first reading also pays for what Python and TensorFlow do once
    print(f"{'blocks':>6} {'parameters':>15} {'nodes':>6} {'build s':>8} {'read s':>8} {'s/block':>8} {'peak MiB':>9}")
    for blocks in depths:
        parameters, nodes, built, read = _measure(blocks)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{blocks:6} {parameters:15,} {nodes:6} {built:8.2f} {read:8.2f} {read / blocks:8.3f} {peak:9.0f}",
            flush=True,
        )


def _measure(blocks: int) -> tuple[int, int, float, float]:
    keras.backend.clear_session()
    start = time.perf_counter()
    with keras_internals.weightless():
        model = keras_hub.models.LlamaBackbone(
            vocabulary_size=32_000,
            num_layers=blocks,
            num_query_heads=32,
            num_key_value_heads=32,
            hidden_dim=4096,
            intermediate_dim=11_008,
        )
    built = time.perf_counter()
    architecture = graph.architecture_of(model, id="decoder", builder="keras_hub.models:LlamaBackbone")
    end = time.perf_counter()
    if architecture.detail != "exact":
        raise SystemExit(f"the decoder reads as {architecture.detail}")
    return architecture.totals.parameters, len(architecture.nodes), built - start, end - built


if __name__ == "__main__":
    main()
