"""What closes the inputs of a model that leaves their sizes open, so that all its costs can be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keraviz_docs.architecture import Architecture, Port
from keraviz_docs.cost import with_costs

_USUAL = {1: 128, 2: 224, 3: 64}
"""By how many dimensions are open: a sequence, an image, a volume."""

Specification = Mapping[str, Any]
"""``inputs`` of a manifest."""


def inputs_for(architecture: Architecture, size: int | None) -> Specification | None:
    """Return ``inputs`` that let more of a model be counted; ``None`` if there are none, or nothing is missing.

    Args:
        architecture: a model with its costs.
        size: what the open dimensions are meant to be, where the builder tells; else what is usual.
    """
    unknown = len(architecture.totals.macs_unknown)
    if not unknown or any(port.shape is None for port in architecture.inputs):
        return None
    if not any(_open(port) for port in architecture.inputs):
        return None
    named = {port.name: _closed(port, size) for port in architecture.inputs}
    inputs = next(iter(named.values())) if len(named) == 1 else named
    return inputs if len(with_costs(architecture, inputs).totals.macs_unknown) < unknown else None


def _open(port: Port) -> int:
    return (port.shape or ())[1:].count(None)


def _closed(port: Port, size: int | None) -> Specification:
    usual = size or _USUAL.get(_open(port), 32)
    shape = [usual if dimension is None else dimension for dimension in (port.shape or ())[1:]]
    return {"shape": shape} if port.dtype == "float32" else {"shape": shape, "dtype": port.dtype}
