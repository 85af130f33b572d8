"""Candidates, built: each in a process of its own, without weights and with a limit, as a site would build it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from keraviz_docs import production
from keraviz_docs.manifest.entries import DiscoverEntry, Manifest, ModelEntry
from keraviz_docs.outcome import Failure
from keraviz_docs.starting.candidates import LeftOut
from keraviz_docs.starting.manifest_text import Line
from keraviz_docs.starting.open_inputs import inputs_for


def attempt(
    draft: Manifest,
    models: Sequence[Line],
    *,
    timeout: float,
    jobs: int | None = None,
    progress: production.Progress | None = None,
) -> tuple[tuple[Line, ...], tuple[LeftOut, ...]]:
    """Build every model of a manifest, and part those that could be read from those that could not.

    Models with open inputs get what closes them: tried, too, where the builder tells the size, a guess elsewhere.
    What was read is remembered in the project's cache, so that the first build of the site is quick.

    Args:
        draft: a manifest that lists ``models``, in the same order.
        models: the lines of that manifest.
        timeout: seconds that each may take.
        jobs: how many to build at once.
        progress: is told how it goes.

    Raises:
        UserError: Keras and TensorFlow cannot be imported.
    """
    entries = [_limited(entry, timeout) for entry in draft.entries]
    cache = production.Cache.of(draft.project)

    def tried(entries: Sequence[ModelEntry | DiscoverEntry]) -> Mapping[str, production.ModelReport]:
        report = production.produce(entries, draft.project, cache=cache, jobs=jobs, progress=progress)
        return {model.entry.id: model for model in report.models}

    reports = tried(entries)
    kept: list[Line] = []
    left_out: list[LeftOut] = []
    for model in models:
        outcome = reports[model.id].outcome
        if isinstance(outcome, Failure):
            left_out.append(_left_out(model, outcome, draft.project, timeout))
        else:
            kept.append(dataclasses.replace(model, inputs=inputs_for(outcome.architecture, model.size)))
    closed = {model.id: model.inputs for model in kept if model.inputs is not None and model.size is not None}
    if closed:
        told = [entry for entry in entries if isinstance(entry, ModelEntry) and entry.id in closed]
        reports = tried([dataclasses.replace(entry, inputs=closed[entry.id]) for entry in told])
        refused = {name for name, report in reports.items() if report.failure}
        kept = [dataclasses.replace(model, inputs=None) if model.id in refused else model for model in kept]
    return tuple(kept), tuple(left_out)


def _limited(entry: ModelEntry | DiscoverEntry, timeout: float) -> ModelEntry | DiscoverEntry:
    return dataclasses.replace(entry, limits=dataclasses.replace(entry.limits, timeout=timeout))


def _left_out(model: Line, failure: Failure, project: Path, timeout: float) -> LeftOut:
    settings: str | None
    if failure.kind == "timeout":
        reason, settings = f"took longer than {timeout:g} s", f"timeout: {max(600, round(timeout * 10))}"
    elif failure.kind == "unbuilt":
        reason, settings = "does not know its input: say what it is fed, without the batch", _ANY_INPUT
    else:
        reason = _one_line(failure.message, model.target, project)
        settings = f"kwargs: {model.guessed} # a guess: it has no default" if model.guessed else None
    return LeftOut(module=model.place, target=model.target, reason=reason, settings=settings)


_ANY_INPUT = "inputs: {shape: [224, 224, 3]}"
_LONGEST = 240


def _one_line(message: str, target: str, project: Path) -> str:
    """Return what a comment can hold of a message: one line of it, without this machine's directories."""
    text = " ".join(message.split()).removeprefix(f"`{target}` ")
    for place, shown in ((project.resolve(), "."), (Path.home(), "~")):
        text = text.replace(str(place), shown)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"
