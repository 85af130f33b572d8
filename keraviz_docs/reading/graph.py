"""A live Keras model as an architecture."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras

from keraviz_docs.architecture import Architecture
from keraviz_docs.reading import keras_internals, model_inputs
from keraviz_docs.reading.assembling import assemble, detail_of
from keraviz_docs.reading.draft import Draft
from keraviz_docs.reading.functional import output_names, parts_of, read_functional, read_parts
from keraviz_docs.reading.opening import GraphDisagreesError, Opener


def architecture_of(
    model: Any,
    *,
    id: str,  # noqa: A002 (the field of the architecture that it fills)
    builder: str,
    inputs: Any = None,
    batch: int | None = None,
    project: Path | None = None,
) -> Architecture:
    """Read a Keras model, which may have been built without values for its weights.

    Args:
        model: a Functional, Sequential or subclassed ``keras.Model``.
        id: the identifier of the entry.
        builder: the target of the entry, as text.
        inputs: the manifest's input specification, for a model that does not know its own: ``{shape, dtype}`` with
            the shape without the batch, nested in dicts and lists as the model takes it.
        batch: the batch size to read it with; open where the model leaves it open when not given.
        project: the directory to which source files are relative.

    Raises:
        UnknownInputsError: the model does not know its inputs, and ``inputs`` is ``None``.
        InvalidInputsError: ``inputs`` is no input specification.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return assemble(_read(model, inputs, batch), model, id=id, builder=builder, project=project)


def knows_inputs(model: Any) -> bool:
    """Whether a model can be read without an input specification."""
    if keras_internals.functional_graph(model) is not None or parts_of(model):
        return True
    try:
        model_inputs.symbolic(model, None)
    except model_inputs.UnknownInputsError:
        return False
    return True


def _read(model: Any, inputs: Any, batch: int | None) -> Draft:
    functional = keras_internals.functional_graph(model)
    if functional is None and isinstance(model, keras.Sequential) and inputs is not None:
        model(*model_inputs.symbolic(model, inputs).args)
        functional = keras_internals.functional_graph(model)
    if batch is not None:
        return run_model(model, inputs, None if functional is None else output_names(functional), batch)
    draft = Draft()
    parts = parts_of(model)
    if functional is None and parts:
        with Opener(draft) as opener:
            read_parts(parts, draft, opener.open_call)
        return draft
    if functional is None:
        return run_model(model, inputs)
    try:
        with Opener(draft) as opener:
            read_functional(functional, draft, opener.open_call)
    except GraphDisagreesError:
        return run_model(model, names=output_names(functional))
    if detail_of(draft) == "exact":
        return draft
    # The graph may claim other shapes than the layers meet when the model runs.
    try:
        run = run_model(model, names=output_names(functional))
    except Exception:  # whatever it is, the graph is known
        return draft
    return run if detail_of(run) == "exact" else draft


def run_model(model: Any, inputs: Any = None, names: list[str] | None = None, batch: int | None = None) -> Draft:
    """Read a model by running it, whatever graph it has.

    Args:
        model: any Keras model.
        inputs: the manifest's input specification.
        names: names of the outputs, where the model gives some.
        batch: the batch size, where the model leaves it open.
    """
    draft = Draft()
    call = model_inputs.symbolic(model, inputs)
    if batch is not None:
        call = model_inputs.at_batch(call, batch)
    with Opener(draft) as opener:
        opener.open_model(model, call.args, call.kwargs, call.names, names)
    return draft
