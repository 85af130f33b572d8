"""Builders that load pretrained weights, without the weights: a drawing needs none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from keraviz_docs.reading.keras_internals import skipping_weights

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
