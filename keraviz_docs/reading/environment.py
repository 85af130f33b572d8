"""The process that models are read in."""

from __future__ import annotations

import functools
import os
import sys
import typing

_DEEPEST = 20_000


def use_tensorflow() -> None:
    """Make Keras use TensorFlow, whatever backend the zoo trains with, and let it walk deep models.

    Keras visits a chain of operations recursively, a few Python frames for each: 1,000 operations are too deep for
    Python's own limit.  Where the backend is chosen already, it stays.
    """
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEEPEST))


def hasten() -> None:
    """Let this process remember what Python and Keras would work out anew for every layer: a fifth of the time.

    Python before 3.12 looks up the members of a protocol at each `isinstance` (``_get_protocol_attrs`` in
    ``Lib/typing.py``), and TensorFlow checks everything against one (``is_tf_type`` in
    ``tensorflow/python/framework/tensor_util.py``).
    """
    from keraviz_docs.reading import keras_internals

    if sys.version_info < (3, 12):
        typing._get_protocol_attrs = functools.cache(typing._get_protocol_attrs)  # type: ignore[attr-defined]  # a private name is in no stub
    keras_internals.remember_signatures()
    keras_internals.remember_snake_case()
    keras_internals.set_plain_attributes_at_once()
