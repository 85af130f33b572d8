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
            path=saved.addresses[0],
            class_name=describing.class_and_module(saved.owner)[0],
            variables=saved.shapes,
            layer=places.get(id(saved.owner)) if saved.shapes or saved.custom else None,
            custom=saved.custom,
            also=saved.addresses[1:],
        )
        for saved in keras_internals.saved_variables(model)
    )
