"""Multiply-accumulates of convolutions, one to three dimensions, in either data format.

Padding counts as if it were data (every output element costs a full kernel), the convention of the papers and of the
profilers.  A bias is an element-wise addition and not counted here.
"""

from __future__ import annotations

import math

from keraviz_docs.cost.call import Call, Shaped, channels, elements


def convolution(call: Call) -> int | None:
    """``Conv1D``-``Conv3D``: every output element sums a kernel over the channels of its group.

    Dilation spreads the kernel and stride thins the output; neither adds anything else.
    """
    y = call.outputs[0]
    if call.kernel is not None:
        return elements(y) * math.prod(call.kernel[:-1])
    return elements(y) * call.kernel_volume * (channels(call.inputs[0], call.config) // int(call.config["groups"]))


def transposed(call: Call) -> int | None:
    """``Conv*DTranspose``: every input element is spread over a kernel of each filter.

    What ``padding="same"`` or a cropped border throws away is counted, as it is computed.
    """
    return elements(call.inputs[0]) * call.kernel_volume * int(call.config["filters"])


def depthwise(call: Call) -> int | None:
    """``DepthwiseConv1D/2D``: every output element sums the kernel of its own channel."""
    return elements(call.outputs[0]) * call.kernel_volume


def separable(call: Call) -> int | None:
    """``SeparableConv1D/2D``: a depthwise convolution, then a pointwise one at the same positions."""
    y = call.outputs[0]
    positions = elements(y) // channels(y, call.config)
    between = channels(call.inputs[0], call.config) * int(call.config["depth_multiplier"])
    return positions * between * (call.kernel_volume + channels(y, call.config))


def recurrent(call: Call) -> int | None:
    """``ConvLSTM1D``-``3D``: per step, four gates over the input and over the state, at the state's positions."""
    config = call.config
    x = call.inputs[0]
    first = config.get("data_format") == "channels_first"
    spatial = len(x.shape) - 3
    size = call.outputs[0].shape
    positions = math.prod(size[-spatial:] if first else size[-spatial - 1 : -1])
    incoming = x.shape[2 if first else -1]
    filters = int(config["filters"])
    per_step = positions * 4 * filters * call.kernel_volume * (incoming + filters)
    return x.shape[0] * x.shape[1] * per_step


def convolution_operation(call: Call) -> int | None:
    """``keras.ops.conv``, ``Conv2D``, ...: the kernel ``(…, channels / groups, filters)`` is an operand."""
    kernel = _kernel(call)
    return None if kernel is None else elements(call.outputs[0]) * math.prod(kernel.shape[:-1])


def transposed_operation(call: Call) -> int | None:
    """``keras.ops.conv_transpose``, ``Conv2DBackpropInput``: the kernel ``(…, filters, channels)`` is an operand."""
    kernel = _kernel(call)
    data = [operand for operand in call.floating if operand is not kernel]
    return None if kernel is None or not data else elements(data[0]) * math.prod(kernel.shape[:-1])


def depthwise_operation(call: Call) -> int | None:
    """``keras.ops.depthwise_conv``, ``DepthwiseConv2dNative``: the kernel is ``(…, channels, multiplier)``."""
    kernel = _kernel(call)
    return None if kernel is None else elements(call.outputs[0]) * math.prod(kernel.shape[:-2])


def separable_operation(call: Call) -> int | None:
    """``keras.ops.separable_conv``: depthwise kernel ``(…, channels, multiplier)``, pointwise ``(1, …, filters)``."""
    kernels: list[Shaped] = [*call.floating[1:], *call.weights]
    if len(kernels) != 2:
        return None
    spatial, pointwise = kernels
    between, filters = pointwise.shape[-2:]
    positions = elements(call.outputs[0]) // filters
    return positions * between * (math.prod(spatial.shape[:-2]) + filters)


def _kernel(call: Call) -> Shaped | None:
    """Find the kernel: the only weight, or else the second tensor."""
    rank = len(call.outputs[0].shape)
    operands: list[Shaped] = [*call.floating[1:], *call.weights]
    candidates = [operand for operand in operands if len(operand.shape) == rank]
    return candidates[0] if len(candidates) == 1 else None
