"""One manifest entry, read: import, build, describe; and what went wrong, if something did."""

from __future__ import annotations

from pathlib import Path

import msgspec

from keraviz_docs.architecture import Architecture, Notice
from keraviz_docs.manifest.entries import BuilderTarget, ModelEntry, SavedModelTarget
from keraviz_docs.outcome import BuilderFacts, Failure, Outcome, Reading, to_json
from keraviz_docs.reading import arguments, building, facts, failures, saved, targets
from keraviz_docs.reading.environment import use_tensorflow
from keraviz_docs.reading.keras_internals import WeightsNeeded, whole_tracebacks
from keraviz_docs.reading.pretrained import no_pretrained_weights


def read(entry: ModelEntry, project: Path) -> Outcome:
    """Read one model; see :func:`keraviz_docs.reading.read`."""
    use_tensorflow()
    target = entry.target
    try:
        with targets.importable(project), no_pretrained_weights(), whole_tracebacks():
            if isinstance(target, SavedModelTarget):
                return _encodable(_read_archive(entry, target, project))
            return _encodable(_read_builder(entry, target, project))
    except failures.CannotRead as problem:
        return _failure(entry, problem)
    except Exception as error:  # a descriptor, a lazy module or a hook of the zoo: it has many ways to raise
        return _failure(entry, failures.from_exception(error, f"Reading `{target}`", project))


def _read_builder(entry: ModelEntry, target: BuilderTarget, project: Path) -> Reading:
    name = str(target)

    def work() -> tuple[Architecture, BuilderFacts]:
        builder = targets.resolve(target, project)
        fitted = arguments.fit(builder, entry.kwargs, name)
        model = building.call(builder, fitted, name, project)
        described = _architecture(model, entry, name, project)
        return described, facts.builder_facts(entry, target, builder, fitted, project)

    (architecture, about), reason = building.without_weights(work, project)
    return Reading(architecture=_announced(architecture, *_reason(reason)), builder=about)


def _read_archive(entry: ModelEntry, target: SavedModelTarget, project: Path) -> Reading:
    shown = saved.shown(target.path, project)

    def work() -> tuple[Architecture, tuple[str, ...]]:
        model, notices = saved.load(target.path, project)
        return _architecture(model, entry, shown, project), notices

    (architecture, notices), reason = building.without_weights(work, project)
    architecture = _announced(architecture, *notices, *_reason(reason))
    return Reading(architecture=architecture, builder=facts.archive_facts(entry, shown))


def _architecture(model: object, entry: ModelEntry, target: str, project: Path) -> Architecture:
    from keraviz_docs.reading import graph
    from keraviz_docs.reading.model_inputs import InvalidInputsError, UnknownInputsError

    try:
        return graph.architecture_of(
            model, id=entry.id, builder=target, inputs=entry.inputs, batch=entry.batch, project=project
        )
    except (KeyboardInterrupt, WeightsNeeded, failures.CannotRead):
        raise
    except UnknownInputsError as error:
        raise building.unbuilt(model, target) from error
    except InvalidInputsError as error:
        raise failures.CannotRead("inputs", f"{target}: {error.message}") from error
    except BaseException as error:
        doing = f"Reading the model that `{target}` returned"
        raise failures.from_exception(error, doing, project) from error


def _reason(reason: str | None) -> tuple[str, ...]:
    return () if reason is None else (f"Built with its weights: {reason}.",)


def _announced(architecture: Architecture, *texts: str) -> Architecture:
    notices = tuple(Notice(path="", text=text) for text in texts)
    return msgspec.structs.replace(architecture, notices=(*notices, *architecture.notices))


def _encodable(reading: Reading) -> Reading:
    """Make sure that a reading can travel: names and settings come from the zoo, and JSON carries Unicode only."""
    try:
        to_json(reading)
    except UnicodeEncodeError as error:
        message = f"`{reading.builder.target}` has a name or setting that is no Unicode text: {failures.told(error)}"
        raise failures.CannotRead("exception", message) from error
    return reading


def _failure(entry: ModelEntry, problem: failures.CannotRead) -> Failure:
    return Failure(
        id=entry.id, target=str(entry.target), kind=problem.kind, message=problem.message, frames=problem.frames
    )
