"""The process that models are read in."""

from __future__ import annotations

import os
import sys

_DEEPEST = 20_000


def use_tensorflow() -> None:
    """Make Keras use TensorFlow, whatever backend the zoo trains with, and let it walk deep models.

    Keras visits a chain of operations recursively, a few Python frames for each: 1,000 operations are too deep for
    Python's own limit.  Where the backend is chosen already, it stays.
    """
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEEPEST))
