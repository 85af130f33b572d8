"""Live Keras models, read in this process."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what Keras and TensorFlow do on import is theirs
    import keras
    import keras_hub  # noqa: F401 (imported here, where its warnings are ignored)
    import kimm  # noqa: F401

from keraviz_docs.architecture import Architecture, Node, validate
from keraviz_docs.reading import keras_internals
from keraviz_docs.reading.graph import architecture_of

Read = Callable[..., Architecture]


@pytest.fixture(autouse=True)
def fresh_names() -> Iterator[None]:
    """Keras numbers automatic names through the whole process."""
    keras.backend.clear_session()
    yield
    keras.backend.clear_session()


@pytest.fixture
def read() -> Read:
    """Build a model without weights, read it, and check that the result is consistent."""

    def read(build: Callable[[], Any], inputs: Any = None, project: Path | None = None) -> Architecture:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns of what some models here do on purpose
            with keras_internals.weightless():
                model = build()
            architecture = architecture_of(model, id="model", builder="tests:model", inputs=inputs, project=project)
        validate(architecture)
        return architecture

    return read


@pytest.fixture
def by_path() -> Callable[[Architecture], dict[str, Node]]:
    """Look nodes up by their paths."""
    return lambda architecture: {node.path: node for node in architecture.nodes}
