"""What a weights file of the model holds, and under which addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keraviz_docs.architecture import CheckpointEntry
from keraviz_docs.reading import describing, keras_internals


def entries(model: Any, places: Mapping[int, str]) -> tuple[CheckpointEntry, ...]:
    """List the groups of a ``.weights.h5`` file in the order in which Keras writes them.

    Args:
        model: the model that would be saved; its weights need no values.
        places: for the ``id`` of each layer, the path of the node or group that shows it.
    """
    return tuple(
        CheckpointEntry(
            path=path,
            class_name=describing.class_and_module(owner)[0],
            variables=shapes,
            layer=places.get(id(owner)),
            custom=custom,
        )
        for path, owner, shapes, custom in keras_internals.saved_variables(model)
    )
