"""The models of a zoo compared, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FEWEST_MODELS = 3
"""Two models are compared in a table, not in a chart."""


@dataclass(frozen=True)
class Model:
    """What a chart of a zoo says about one model."""

    title: str
    section: str
    href: str
    """The address of its page, relative to the chart's."""
    parameters: int
    macs: int | None
    """``None`` where not all of them are known: a lower bound has no place among exact figures."""


def comparable(models: Iterable[Model]) -> tuple[Model, ...]:
    """Return the models that have a place between logarithmic axes: those with parameters and known MACs."""
    return tuple(model for model in models if model.parameters and model.macs)
