"""The work of a process that reads one model and ends."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pkgutil
import sys

import msgspec

import keraviz_docs.cost
import keraviz_docs.reading
from keraviz_docs.errors import UserError
from keraviz_docs.manifest.entries import BuilderTarget, DiscoverEntry, ModelEntry
from keraviz_docs.outcome import Failure, Reading
from keraviz_docs.production.importing import import_from_source
from keraviz_docs.production.messages import Answer, Answered, Discovered, Discovery, FromChild, Request, frame
from keraviz_docs.production.observing import Observer
from keraviz_docs.reading import environment
from keraviz_docs.reading.failures import from_exception

_COLLECTED_AFTER = 100_000
"""Objects; a process that lives for a second has little to gain from looking for garbage all the time."""


def prepare() -> None:
    """Import all that reading needs, and nothing of the zoo.

    The garbage collector does not look for garbage in what stays until the end: that would be a quarter of the time
    now, and would copy the shared pages of every process that is forked later.

    Raises:
        Exception: whatever an installation in pieces raises.
    """
    gc.disable()
    try:
        _import_all()
    finally:
        gc.freeze()
        gc.enable()


def _import_all() -> None:
    if sys.path and sys.path[0] == os.getcwd():  # noqa: PTH109 - as text, as `python -m` put it there
        del sys.path[0]  # the zoo's code is found relative to its project only
    for module in ("keras", "tensorflow"):
        importlib.import_module(module)
    for package in (keraviz_docs.reading, keraviz_docs.cost):
        for submodule in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(submodule.name)
    environment.hasten()


def serve(request: Request, answer: int, observer: Observer) -> None:
    """Answer one request; whatever other people's code raises becomes part of the answer.

    Args:
        request: what to read.
        answer: descriptor of the file that takes the frames of the answer.
        observer: sees what the answer depends on.
    """
    process = os.getpid()

    def tell(message: FromChild) -> None:
        if os.getpid() == process:  # a builder that forks must not answer twice
            with contextlib.suppress(OSError):
                _write(answer, frame(message))

    os.environ.clear()
    os.environ.update(request.environment)
    os.chdir(request.project)
    sys.argv[:] = ["keraviz"]
    import_from_source()
    gc.set_threshold(_COLLECTED_AFTER)
    observer.observe(tell)
    answered = Answered(_answer(request))
    observer.conclude()
    tell(answered)


def _answer(request: Request) -> Answer:
    try:
        if isinstance(request.entry, DiscoverEntry):
            return _discover(request.entry, request)
        return _read(request.entry, request)
    except BaseException as error:  # SystemExit and worse: the process ends either way, but not without an answer
        problem = from_exception(error, f"Reading `{request.target}`", request.project)
        return request.failure(problem.kind, problem.message, problem.frames)


def _read(entry: ModelEntry, request: Request) -> Reading | Failure:
    from keraviz_docs.cost import with_costs
    from keraviz_docs.reading import read

    outcome = read(entry, request.project)
    if isinstance(outcome, Failure):
        return outcome
    try:
        return msgspec.structs.replace(outcome, architecture=with_costs(outcome.architecture, entry.inputs))
    except UserError as error:
        return request.failure("cost-rule", error.message)


def _discover(entry: DiscoverEntry, request: Request) -> Discovery | Failure:
    from keraviz_docs.reading import discover

    found = discover(entry, request.project)
    if isinstance(found, Failure):
        return found
    return Discovery(
        tuple(
            Discovered(model.id, model.target.module, model.target.name)
            for model in found
            if isinstance(model.target, BuilderTarget)
        )
    )


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
