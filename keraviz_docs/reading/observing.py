"""Layers that cannot be run on symbolic tensors: an eager run shows which calls they make, on what shapes.

Such a layer asks for the values of its inputs, so which calls it makes may depend on them; the edges between its parts
count as inferred.  The inputs are made up, and random weights are zeros, unless the model was built with its weights.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import tree

from keraviz_docs.reading.reasons import reason
from keraviz_docs.reading.tracing import Frame, Observation, Run, Tracer

BATCH = 2
STEPS = 16
PIXELS = 64


def observe(
    tracer: Tracer, frame: Frame, run: Run, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception
) -> Any:
    """Run a layer eagerly, record the calls that it makes, and return placeholders for what it returned.

    A layer that fails in this way too becomes opaque, if at least the shapes of its outputs can be had.

    Raises:
        Exception: ``error``, when nothing can be said about the outputs.
    """
    try:
        result, inputs = _run_eagerly(tracer, run, args, kwargs)
    except Exception:
        tracer.abandon(frame)
        return _closed(frame, args, kwargs, error)
    expected = _declared(frame.thing, args, kwargs)
    outputs: list[tuple[Any, Any]] = []
    open_batch = any(symbolic.shape.rank and symbolic.shape[0] is None for _, symbolic in inputs)

    def placeholder(item: Any, spec: Any) -> Any:
        if not isinstance(item, tf.Tensor):
            return item
        made = tf.compat.v1.placeholder(item.dtype, _shape(item, spec, open_batch))
        outputs.append((made, item))
        return made

    flat = tree.flatten(result)
    specs = expected if len(expected) == len(flat) else [None] * len(flat)
    made = [placeholder(item, spec) for item, spec in zip(flat, specs, strict=True)]
    frame.observation = Observation(inputs, outputs)
    return tree.pack_sequence_as(result, made)


def _run_eagerly(
    tracer: Tracer, run: Run, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, list[tuple[Any, Any]]]:
    inputs: list[tuple[Any, Any]] = []

    def concrete(item: Any) -> Any:
        if not (isinstance(item, tf.Tensor) and tf.is_symbolic_tensor(item)):
            return item
        value = _made_up(item)
        inputs.append((value, item))
        return value

    with tf.init_scope(), keras.StatelessScope(initialize_variables=False):
        eager_args, eager_kwargs = tree.map_structure(concrete, (args, kwargs))
        tracer.observing = True
        try:
            return run(*eager_args, **eager_kwargs), inputs
        finally:
            tracer.observing = False


def _made_up(tensor: Any) -> Any:
    known = tf.get_static_value(tensor)
    if known is not None:
        return tf.constant(known)
    sizes = tensor.shape.as_list() if tensor.shape.rank is not None else [None]
    fill = PIXELS if len(sizes) > 3 else STEPS
    shape = [(BATCH if axis == 0 else fill) if size is None else size for axis, size in enumerate(sizes)]
    return (
        tf.ones(shape, tensor.dtype)
        if tensor.dtype.is_floating or tensor.dtype.is_bool
        else tf.zeros(shape, tensor.dtype)
    )


def _declared(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """Return the output shapes that the layer states itself; nothing when it does not."""
    if (
        type(layer).compute_output_spec is keras.Layer.compute_output_spec
        and type(layer).compute_output_shape is keras.Layer.compute_output_shape
    ):
        return []

    def spec(item: Any) -> Any:
        if isinstance(item, tf.Tensor):
            shape = None if item.shape.rank is None else tuple(item.shape)
            return keras.KerasTensor(shape, keras.backend.standardize_dtype(item.dtype))
        return item

    try:
        arguments, keywords = tree.map_structure(spec, (args, {k: v for k, v in kwargs.items() if k != "training"}))
        return list(tree.flatten(layer.compute_output_spec(*arguments, **keywords)))
    except Exception:  # it is the layer's own code, and this is a last resort
        return []


def _shape(item: Any, spec: Any, open_batch: bool) -> Any:
    if isinstance(spec, keras.KerasTensor) and len(spec.shape) == item.shape.rank:
        return spec.shape
    shape = item.shape.as_list()
    if open_batch and shape and shape[0] == BATCH:
        shape[0] = None
    return shape


def _closed(frame: Frame, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception) -> Any:
    specs = _declared(frame.thing, args, kwargs)
    if not specs or not all(isinstance(spec, keras.KerasTensor) for spec in specs):
        raise error
    frame.opaque = reason(error)
    made = [tf.compat.v1.placeholder(spec.dtype, spec.shape) for spec in specs]
    frame.observation = Observation([], [(item, item) for item in made])
    return made[0] if len(made) == 1 else made
