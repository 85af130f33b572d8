"""Write keraviz_docs/review/keras_defaults.json: what Keras's classes have when nobody says otherwise.

Run it with a new Keras: ``python -m benchmarks.review_keras_defaults``.  A test compares the file with what this
finds.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from keraviz_docs.review.settings import EVERY_LAYER, NOISE, canonical

TABLE = Path(__file__).parents[1] / "keraviz_docs" / "review" / "keras_defaults.json"

REQUIRED: dict[str, Any] = {
    "activation": "linear", "axes": 1, "axis": 1, "batch_shape": (None, 3), "bin_boundaries": [0.0],
    "cropping": 1, "dims": (1,), "equation": "ab,bc->ac", "factor": 0.1, "filters": 3, "head_dim": 2,
    "height": 8, "height_factor": 0.1, "input_dim": 3, "kernel_size": 3, "key_dim": 2, "l1": 0.1,
    "mask_value": 0.0, "max_tokens": 9, "max_value": 1.0, "mean": 0.0, "min_value": 0.0, "mode": "fan_in",
    "n": 2, "num_bins": 2, "num_heads": 2, "num_key_value_heads": 2, "num_query_heads": 2, "num_tokens": 3,
    "output_dim": 3, "output_shape": 3, "pool_size": 2, "rate": 0.5, "scale": 1.0, "shape": (2, 2), "size": 2,
    "stddev": 0.1, "target_shape": (1,), "units": 3, "value": 1.0, "width": 8,
}  # fmt: skip
"""Arguments without a default; what stands here is not recorded."""

DEMANDED: dict[str, tuple[str, ...]] = {
    "InputLayer": ("batch_shape",),
    "CategoryEncoding": ("num_tokens",),
    "Discretization": ("num_bins",),
}
"""Arguments that have a default and must be given all the same."""


def defaults() -> dict[str, dict[str, Any]]:
    """Return the default settings of every class of Keras that can be built from simple arguments."""
    return {
        name: settings
        for name, cls in sorted(_classes(), key=lambda item: item[0])
        if (settings := _defaults_of(cls)) is not None
    }


def _classes() -> Iterator[tuple[str, type]]:
    for module in (keras.layers, keras.initializers, keras.regularizers, keras.constraints):
        for name, cls in inspect.getmembers(module, inspect.isclass):
            if cls.__name__ == name and hasattr(cls, "get_config"):
                yield name, cls


def _defaults_of(cls: type) -> dict[str, Any] | None:
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    required = [name for name, parameter in parameters.items() if parameter.default is parameter.empty]
    required += DEMANDED.get(cls.__name__, ())
    if not all(name in REQUIRED for name in required):
        return None
    try:
        instance: Any = cls(**{name: REQUIRED[name] for name in required})
        config = canonical(instance.get_config())
    except Exception as error:
        print(f"left out {cls.__name__}: {error}", file=sys.stderr)
        return None
    found = {
        key: value
        for key, value in config.items()
        if key not in NOISE and (key in EVERY_LAYER or (key in parameters and key not in required))
    }
    if isinstance(found.get("seed"), int):
        found["seed"] = None  # drawn by chance when nobody gives one
    if issubclass(cls, keras.layers.Layer):
        found = {**EVERY_LAYER, **found}
    return {key: found[key] for key in sorted(found)}


if __name__ == "__main__":
    TABLE.write_text(json.dumps(defaults(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
