"""Calling a builder, so that it gives a model without weights."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from keraviz_docs.reading.arguments import Arguments
from keraviz_docs.reading.failures import CannotRead, from_exception, told
from keraviz_docs.reading.keras_internals import WeightsNeeded, forget_automatic_names, weightless
from keraviz_docs.reading.pretrained import presets_without_weights
from keraviz_docs.reading.sources import is_within

T = TypeVar("T")


def without_weights(work: Callable[[], T], project: Path) -> tuple[T, str | None]:
    """Build something without allocating weights; with them only where a weight's value is needed.

    Args:
        work: what to do, from the import on.
        project: the directory whose modules are imported again for the second attempt, since they may hold variables
            of the first.

    Returns:
        What ``work`` returned, and why it had to be done with weights (``None``: it had not).

    Raises:
        Exception: whatever ``work`` raised, the second time if it ran twice.
    """
    known = set(sys.modules)
    try:
        with weightless() as build:
            return work(), None
    except WeightsNeeded as needed:
        reason = f"{needed} was asked for while building, so the weights were allocated"
    except Exception as error:
        if not (build.values_read or _is_about_statelessness(error)):
            raise
        reason = "a weight's value was used while building, so the weights were allocated"
    for name in set(sys.modules) - known:
        file = getattr(sys.modules[name], "__file__", None)
        if file is not None and is_within(Path(file), project):
            del sys.modules[name]
    forget_automatic_names()
    return work(), reason


def call(builder: Callable[..., Any], arguments: Arguments, target: str, project: Path) -> Any:
    """Call a builder and return the Keras model that it gives.

    Raises:
        CannotRead: it raised, ended the program, or returned something else.
        WeightsNeeded: see :func:`without_weights`.
    """
    try:
        with presets_without_weights():
            model = builder(*arguments.positional, **arguments.named)
    except (KeyboardInterrupt, WeightsNeeded, CannotRead):
        raise
    except BaseException as error:
        raise from_exception(error, f"`{target}`", project) from error
    return checked(model, target)


def checked(model: Any, target: str) -> Any:
    """Return the model, or say what else a builder returned.

    Raises:
        CannotRead: it is no Keras model.
    """
    import keras

    if isinstance(model, keras.Model):
        return model
    raise CannotRead(
        "wrong-return", f"`{target}` returned {_description(model)} instead of a keras.Model.{_advice(model)}"
    )


def unbuilt(model: Any, target: str) -> CannotRead:
    """Say how to tell what a model is fed that neither knows it nor has ``inputs`` in the manifest."""
    import keras

    how = (
        "Start it with keras.Input(shape), or add"
        if isinstance(model, keras.Sequential)
        else "Call it once in the builder (`model(keras.Input(shape))`), or add"
    )
    return CannotRead(
        "unbuilt",
        f"`{target}` returned a {type(model).__name__} that does not know its input. {how} `inputs` to the entry, "
        "without the batch: `inputs: {shape: [224, 224, 3]}`.",
    )


def _is_about_statelessness(error: BaseException) -> bool:
    """Whether Keras refuses something only because no values are kept (``keras/src/backend/common/variables.py``)."""
    cause: BaseException | None = error
    while cause is not None:
        if "in a stateless scope" in told(cause):
            return True
        cause = cause.__cause__
    return False


def _description(thing: Any) -> str:
    import keras

    from keraviz_docs.reading.describing import public_module

    if thing is None:
        return "nothing (None)"
    kind = type(thing)
    module = kind.__module__.partition(".")[0]
    if isinstance(thing, type):
        return f"the class {thing.__name__}"
    if isinstance(thing, (tuple, list)) and len(thing) <= 6:
        return f"a {kind.__name__} of {', '.join(type(item).__name__ for item in thing) or 'nothing'}"
    if isinstance(thing, keras.Layer):
        return f"the layer {kind.__name__}"
    if isinstance(thing, keras.KerasTensor):
        return "a KerasTensor"
    name = kind.__name__ if module == "builtins" else f"{public_module(kind)}.{kind.__qualname__}"
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _advice(thing: Any) -> str:
    import keras

    if thing is None:
        return " Is a `return model` missing at its end?"
    if isinstance(thing, type) and issubclass(thing, keras.Model):
        return " Return an instance of it."
    if isinstance(thing, (tuple, list, dict)):
        parts = list(thing.values()) if isinstance(thing, dict) else thing
        if any(isinstance(part, keras.Model) for part in parts):
            return " Name a function that returns one of them."
        return ""
    if isinstance(thing, keras.KerasTensor):
        return " Wrap it: `keras.Model(inputs, outputs)`."
    if isinstance(thing, keras.Layer):
        return " Wrap it: `keras.Sequential([keras.Input(shape), layer])`."
    bases = {f"{base.__module__}.{base.__qualname__}" for base in type(thing).__mro__}
    if any(base.startswith("tf_keras.") for base in bases):
        return " It comes from tf_keras (Keras 2); only Keras 3 can be read."
    if "torch.nn.modules.module.Module" in bases:
        return " It is a PyTorch module; only Keras 3 can be read."
    if "tensorflow.python.module.module.Module" in bases:
        return " It is a tf.Module; only Keras 3 can be read."
    return ""
