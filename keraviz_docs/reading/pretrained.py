"""Builders that load pretrained weights, without the weights: a drawing needs none."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from keraviz_docs.reading.keras_internals import diverted, skipping_weights, undiverted

_WEIGHT_FILES = (
    ".h5",
    ".hdf5",
    ".keras",
    ".weights.json",
    ".npz",
    ".ckpt",
    ".safetensors",
    ".bin",
    ".pt",
    ".pth",
    ".msgpack",
)


def is_weight_file(name: str) -> bool:
    """Whether a file name or URL says that weights are inside."""
    return PurePosixPath(urlsplit(name).path).name.lower().endswith(_WEIGHT_FILES)


@contextlib.contextmanager
def no_pretrained_weights() -> Iterator[None]:
    """Neither download nor load weights inside this scope.

    ``load_weights`` does nothing; ``load_model`` reads the configuration alone; ``get_file`` of a weight file answers
    with the path where the file would be.  A whole model is fetched after all when ``load_model`` asks for it, since
    then the file is the architecture.  Any other download goes ahead.
    """
    with skipping_weights(is_weight_file):
        yield


@contextlib.contextmanager
def presets_without_weights() -> Iterator[None]:
    """Read the configuration of KerasHub presets, and do not fetch the weights beside it, inside this scope.

    ``from_preset`` has an argument for it, ``load_weights``, whatever the format of the preset
    (``keras_hub/src/models/backbone.py`` and ``task.py``).
    """
    hub = sys.modules.get("keras_hub")
    with contextlib.ExitStack() as patches:
        for base in (hub.models.Backbone, hub.models.Task) if hub is not None else ():
            from_preset = base.from_preset.__func__
            patches.enter_context(diverted(from_preset, _configuration_only(undiverted(from_preset))))
        yield


def _configuration_only(from_preset: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(from_preset)
    def described(cls: Any, preset: Any, _load_weights: bool = True, **kwargs: Any) -> Any:
        kwargs["load_weights"] = False
        return from_preset(cls, preset, **kwargs)

    return described
