"""One manifest entry, read: import, build, describe; and what went wrong, if something did."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from keraviz_docs.architecture import Architecture, Notice
from keraviz_docs.manifest.entries import BuilderTarget, ModelEntry, SavedModelTarget
from keraviz_docs.outcome import BuilderFacts, Failure, Outcome, Reading
from keraviz_docs.reading import arguments, building, facts, failures, saved, targets
from keraviz_docs.reading.pretrained import no_pretrained_weights

_DEEPEST_MODEL = 20_000
"""Python's recursion limit while reading: Keras visits a chain of operations recursively, a few frames for each."""


def read(entry: ModelEntry, project: Path) -> Outcome:
    """Read one model; see :func:`keraviz_docs.reading.read`."""
    _choose_backend()
    target = entry.target
    try:
        with targets.importable(project), no_pretrained_weights():
            if isinstance(target, SavedModelTarget):
                return _read_archive(entry, target, project)
            return _read_builder(entry, target, project)
    except failures.CannotRead as problem:
        return _failure(entry, problem)


def _read_builder(entry: ModelEntry, target: BuilderTarget, project: Path) -> Reading:
    name = str(target)

    def work() -> tuple[Architecture, BuilderFacts]:
        builder = targets.resolve(target, project)
        fitted = arguments.fit(builder, entry.kwargs, name)
        model = building.call(builder, fitted, name, project)
        described = _architecture(model, entry, name, project)
        return described, facts.builder_facts(entry, target, builder, fitted, project)

    (architecture, about), reason = building.without_weights(work)
    return Reading(architecture=_announced(architecture, reason), builder=about)


def _read_archive(entry: ModelEntry, target: SavedModelTarget, project: Path) -> Reading:
    shown = saved.shown(target.path, project)

    def work() -> Architecture:
        return _architecture(saved.load(target.path, project), entry, shown, project)

    architecture, reason = building.without_weights(work)
    return Reading(architecture=_announced(architecture, reason), builder=facts.archive_facts(entry, target, shown))


def _architecture(model: object, entry: ModelEntry, target: str, project: Path) -> Architecture:
    from keraviz_docs.reading import graph
    from keraviz_docs.reading.keras_internals import WeightsNeeded

    building.require_inputs(model, entry.inputs, target)
    try:
        return graph.architecture_of(model, id=entry.id, builder=target, inputs=entry.inputs, project=project)
    except (KeyboardInterrupt, WeightsNeeded, failures.CannotRead):
        raise
    except BaseException as error:
        doing = f"Reading the model that `{target}` returned"
        raise failures.from_exception(error, doing, project) from error


def _announced(architecture: Architecture, reason: str | None) -> Architecture:
    if reason is None:
        return architecture
    notice = Notice(path="", text=f"Built with its weights: {reason}.")
    return msgspec.structs.replace(architecture, notices=(notice, *architecture.notices))


def _failure(entry: ModelEntry, problem: failures.CannotRead) -> Failure:
    return Failure(
        id=entry.id, target=str(entry.target), kind=problem.kind, message=problem.message, frames=problem.frames
    )


def _choose_backend() -> None:
    """Read with TensorFlow, whatever backend the zoo trains with; and let Keras walk deep models."""
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEEPEST_MODEL))
