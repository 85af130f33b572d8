"""Element-wise work: everything that is no multiply-accumulate, counted apart.

The unit is one scalar result: an addition, a product, a comparison, an activation.

- What maps elements (activations, additions, comparisons) counts one per output element.
- What reduces (sum, mean, maximum, global pooling) counts one per input element; pooling one per output element and
  element of its window.
- Softmax counts 3 per element (exponential, sum, division).
- Normalisation with stored statistics counts 2 per element (scale and shift), with statistics of the data 5 (mean,
  variance, centring, scale, shift), the figures of fvcore (``fvcore/nn/jit_handles.py``).
- A layer of products counts its bias additions and its activation; a recurrent layer what its gates do.
- What only moves, selects or renames data counts 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from keraviz_docs.cost.call import Call, elements, whole
from keraviz_docs.cost.products import attended_pairs


def per_output(call: Call) -> int:
    """One for each output element."""
    return sum(map(elements, call.outputs))


def per_input(call: Call) -> int:
    """One for each element that goes into a reduction."""
    return elements(call.inputs[0]) if call.inputs else 0


def merging(call: Call) -> int:
    """One less than the number of operands for each output element: ``Add`` of three is two additions."""
    return per_output(call) * max(len(call.inputs) - 1, 1)


def softmax(call: Call) -> int:
    """Three for each output element."""
    return 3 * per_output(call)


def affine(call: Call) -> int:
    """Two for each output element: a scale and a shift that are known beforehand."""
    return 2 * per_output(call)


def statistics(call: Call) -> int:
    """Five for each output element: the statistics are those of the data."""
    return 5 * per_output(call)


def pooling(call: Call) -> int:
    """The window for each output element."""
    window = whole(call.config["pool_size"])
    spatial = len(call.outputs[0].shape) - 2
    return per_output(call) * math.prod(window if len(window) > 1 else window * spatial)


def activation(config: Any) -> int:
    """Return what an activation costs per element: 0 for none, 3 for softmax, 1 otherwise."""
    name = config.get("class_name", config.get("config")) if isinstance(config, Mapping) else config
    if name in (None, "linear"):
        return 0
    return 3 if isinstance(name, str) and "softmax" in name.lower() else 1


def activating(call: Call) -> int:
    """``Activation``: what the function costs for each output element."""
    return per_output(call) * activation(call.config.get("activation"))


def after_products(call: Call) -> int:
    """The bias and the activation of a layer of products; ``SeparableConv`` has them once, at the end."""
    config = call.config
    bias = bool(config.get("bias_axes") if "equation" in config else config.get("use_bias", True))
    return per_output(call) * (bias + activation(config.get("activation")))


def scores(call: Call) -> int:
    """Closed attention layers: a scale and a softmax for every pair of positions and head, and the biases."""
    pairs = attended_pairs(call)
    biased = call.config.get("use_bias", False)
    return 4 * pairs + (per_output(call) if biased else 0)


BIASES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
GATES = {"LSTM": 13, "GRU": 11, "SimpleRNN": 2}
"""Scalar results per unit and step besides products and biases.

LSTM: 4 sums of input and state, 5 activations, 3 products, 1 sum.  GRU: 3 sums, 3 activations, the reset product, and
2 products, a difference and a sum to mix old and new state.  SimpleRNN: a sum and an activation.
"""


def gates(call: Call) -> int:
    """Recurrent layers and cells of Keras: what their gates do per unit, times units, times steps.

    A ``GRU`` with ``reset_after`` has a second set of biases.
    """
    kind = call.class_name.removesuffix("Cell")
    shape = call.inputs[0].shape
    steps = shape[0] * (shape[1] if len(shape) == 3 else 1)
    biases = BIASES[kind] * (2 if call.config.get("reset_after") else 1) if call.config.get("use_bias", True) else 0
    return steps * int(call.config["units"]) * (GATES[kind] + biases)


def convolutional_gates(call: Call) -> int:
    """``ConvLSTM``: the gates of an LSTM for every position of the state."""
    config = call.config
    steps = call.inputs[0].shape[1]
    size = call.outputs[0]
    state = elements(size) // (size.shape[1] if config.get("return_sequences") else 1)
    return steps * state * (GATES["LSTM"] + (BIASES["LSTM"] if config.get("use_bias", True) else 0))


def operation_scores(call: Call) -> int:
    """``dot_product_attention``: a scale and a softmax for every pair of positions and head."""
    query, key = call.floating[:2]
    batch, target, heads, _ = query.shape
    return 4 * batch * heads * target * key.shape[1]


def pooling_operation(call: Call) -> int | None:
    """``max_pool``, ``AvgPool``: the window (an argument) for each output element."""
    window = next((call.config[key] for key in ("pool_size", "ksize") if key in call.config), None)
    if window is None:
        return None
    window = whole(window)
    spatial = len(call.outputs[0].shape) - 2
    return per_output(call) * math.prod(window if len(window) > 1 else window * spatial)
