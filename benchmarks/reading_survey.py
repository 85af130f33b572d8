"""Reads every model of keras.applications, kimm and keras-hub, and says how exactly.

Usage: python -m benchmarks.reading_survey [applications] [kimm] [keras-hub] [NAME...]

For each model: the detail, the nodes and groups, the seconds for building and for reading, and whether the
parameters add up.  At the end the share of models that read exactly.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from keraviz_docs import architecture as architectures
from keraviz_docs.reading import graph, keras_internals


def applications() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every builder of ``keras.applications``."""
    for name in sorted(dir(keras.applications)):
        builder = getattr(keras.applications, name)
        if inspect.isfunction(builder):
            yield name, functools.partial(builder, weights=None)


def kimm_models() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every model class of kimm."""
    import kimm

    for name in sorted(dir(kimm.models)):
        cls: Any = getattr(kimm.models, name)
        if isinstance(cls, type) and name != "BaseModel":
            builder: Callable[..., Any] = cls
            yield name, functools.partial(builder, weights=None)


def keras_hub_backbones() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every backbone of keras-hub, small."""
    from benchmarks import keras_hub_backbones as backbones

    yield from sorted(backbones.builders().items())


SETS = {"applications": applications, "kimm": kimm_models, "keras-hub": keras_hub_backbones}


def main(arguments: list[str] | None = None) -> int:
    """Run the survey and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="sets or models; everything without")
    wanted = parser.parse_args(arguments).names
    sets = [name for name in SETS if name in wanted] or ([] if wanted else list(SETS))
    models = {name for name in wanted if name not in SETS}
    worst = 0
    for name in sets or SETS:
        chosen = [(model, build) for model, build in SETS[name]() if not models or model in models]
        if chosen:
            worst = max(worst, _survey(name, chosen))
    return worst


def _survey(title: str, chosen: list[tuple[str, Callable[[], Any]]]) -> int:
    details: list[str] = []
    for name, build in chosen:
        detail, line = _read(name, build)
        details.append(detail)
        print(f"{title:12} {name:32} {detail:8} {line}", flush=True)
    exact = details.count("exact")
    print(f"{title}: {exact} of {len(details)} exact ({exact / len(details):.1%})", flush=True)
    return int(exact < len(details))


def _read(name: str, build: Callable[[], Any]) -> tuple[str, str]:
    keras.backend.clear_session()
    keras.config.enable_traceback_filtering()
    start = time.perf_counter()
    try:
        with keras_internals.weightless():
            model = build()
    except Exception as error:
        return "unbuilt", f"{type(error).__name__}: {str(error).strip().splitlines()[0][:150]}"
    built = time.perf_counter()
    try:
        read = graph.architecture_of(model, id=name.lower(), builder=name)
        architectures.validate(read)
    except Exception as error:
        return "failed", f"{type(error).__name__}: {str(error).strip().splitlines()[0][:150]}"
    seconds = time.perf_counter() - built
    held = sum(node.parameters for node in read.nodes) + sum(layer.parameters for layer in read.uncalled)
    sums = "" if held == read.totals.parameters == model.count_params() else "  PARAMETERS DO NOT ADD UP"
    closed = "".join(f"\n    closed: {node.path}: {node.opaque}" for node in read.nodes if node.opaque)
    notices = "".join(f"\n    {notice.path}: {notice.text}" for notice in read.notices)
    figures = f"{len(read.nodes):5} nodes {len(read.groups):4} groups {built - start:6.2f} s {seconds:6.2f} s"
    return read.detail, f"{figures}{sums}{closed}{notices}"


if __name__ == "__main__":
    sys.exit(main())
