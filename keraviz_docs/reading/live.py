"""Models of this very process: what a script or a notebook holds in its hands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import msgspec

from keraviz_docs.architecture import Architecture, Notice
from keraviz_docs.errors import Code, UserError
from keraviz_docs.outcome import CODES
from keraviz_docs.reading import arguments, building, failures, graph
from keraviz_docs.reading.keras_internals import own_automatic_names
from keraviz_docs.reading.model_inputs import UnknownInputsError
from keraviz_docs.reading.pretrained import no_pretrained_weights


def read_live(thing: Any, *, id: str, kwargs: Mapping[str, Any], inputs: Any, project: Path) -> Architecture:  # noqa: A002  # what it is called everywhere
    """Read a model, or call a function that returns one and read that, built without weights.

    Args:
        thing: the model or function.
        id: the id of the architecture.
        kwargs: arguments for the function.
        inputs: what the model is fed, as the manifest says it, if it does not know.
        project: the directory to which source files are relative.

    Raises:
        UserError: it is neither, it does not know its inputs, the function failed, or Keras does not use TensorFlow.
    """
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise UserError(
            f"Keras uses {backend} in this process, and models are read with TensorFlow: set KERAS_BACKEND=tensorflow "
            "before Keras is imported, or name a builder (`package.module:function`), which is read in another process",
            Code.BACKEND,
        )
    name = _name(thing)
    try:
        if isinstance(thing, keras.Model):
            if kwargs:
                raise UserError(
                    f"{name} is a model already: arguments are for a function that returns one", Code.PYTHON_CALL
                )
            return _described(thing, name, id, inputs, project)
        if not callable(thing) or isinstance(thing, keras.Layer):
            raise UserError(f"{name} is neither a Keras model nor a function that returns one", Code.WRONG_RETURN)

        def work() -> Architecture:
            model = building.call(thing, arguments.fit(thing, kwargs, name), name, project)
            return _described(model, name, id, inputs, project)

        with own_automatic_names(), no_pretrained_weights():
            architecture, reason = building.without_weights(work, project)
    except failures.CannotRead as problem:
        raise UserError(problem.message, CODES[problem.kind]) from problem
    if reason is None:
        return architecture
    notice = Notice(path="", text=f"Built with its weights: {reason}.")
    return msgspec.structs.replace(architecture, notices=(notice, *architecture.notices))


def _described(model: Any, name: str, id: str, inputs: Any, project: Path) -> Architecture:  # noqa: A002  # what it is called everywhere
    try:
        return graph.architecture_of(model, id=id, builder=name, inputs=inputs, project=project)
    except UnknownInputsError as error:
        raise UserError(
            f"{name} does not know its input: call it once, or say what it is fed, without the batch: "
            "inputs={'shape': [224, 224, 3]}",
            Code.UNBUILT,
        ) from error


def _name(thing: Any) -> str:
    if isinstance(thing, keras.Model):
        return f"{type(thing).__name__} {thing.name!r}"
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    return f"{module}:{name}" if module and name else f"this {type(thing).__name__}"
