"""Multiply-accumulates of recurrent layers: one step of the cell, times the steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keraviz_docs.cost.call import Call

GATES = {"LSTM": 4, "LSTMCell": 4, "GRU": 3, "GRUCell": 3, "SimpleRNN": 1, "SimpleRNNCell": 1}
"""How many matrices of one kind the cell has; each is applied to the input and, a square one, to the state."""


def recurrent(call: Call) -> int | None:
    """``LSTM``, ``GRU``, ``SimpleRNN``: gates × units × (features + units) per step."""
    batch, steps, features = call.inputs[0].shape
    return batch * steps * _step(call.class_name, call.config, features)[0]


def any_cell(call: Call) -> int | None:
    """``RNN``: the step of the cell in its configuration, or of the cells stacked in it."""
    batch, steps, features = call.inputs[0].shape
    step = _cell(call.config["cell"], features)
    return None if step is None else batch * steps * step[0]


def one_step(call: Call) -> int | None:
    """``LSTMCell``, ``GRUCell``, ``SimpleRNNCell`` called on their own."""
    batch, features = call.inputs[0].shape
    return batch * _step(call.class_name, call.config, features)[0]


def stacked(call: Call) -> int | None:
    """``StackedRNNCells`` called on its own: one step of each cell."""
    batch, features = call.inputs[0].shape
    step = _cell({"class_name": call.class_name, "config": call.config}, features)
    return None if step is None else batch * step[0]


def _step(class_name: str, config: Mapping[str, Any], features: int) -> tuple[int, int]:
    """Count one step; also return how many features come out."""
    units = int(config["units"])
    return GATES[class_name] * units * (features + units), units


def _cell(serialized: Any, features: int) -> tuple[int, int] | None:
    """Count one step of a serialized cell, if it is one of Keras's."""
    if isinstance(serialized, list):
        serialized = {"class_name": "StackedRNNCells", "config": {"cells": serialized}}
    if not isinstance(serialized, Mapping) or not str(serialized.get("module", "keras.layers")).startswith("keras."):
        return None
    class_name, config = serialized.get("class_name"), serialized.get("config", {})
    if class_name in GATES:
        return _step(str(class_name), config, features)
    if class_name != "StackedRNNCells":
        return None
    total = 0
    for cell in config["cells"]:
        step = _cell(cell, features)
        if step is None:
            return None
        total, features = total + step[0], step[1]
    return total, features
