"""The work of a process that reads one model and ends."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import traceback
from collections.abc import Callable

import msgspec

from keraviz_docs.manifest.entries import BuilderTarget, DiscoverEntry, ModelEntry
from keraviz_docs.outcome import Failure, Reading
from keraviz_docs.production.messages import Answer, Answered, Discovered, Discovery, FromChild, Request, frame
from keraviz_docs.production.observing import Observer


def serve(pickled: bytes, write: Callable[[bytes], object], observer: Observer) -> None:
    """Answer one request; whatever other people's code raises becomes part of the answer.

    Args:
        pickled: a pickled :class:`~keraviz_docs.production.messages.Request`.
        write: takes the frames of the answer.
        observer: sees what the answer depends on.
    """
    process = os.getpid()

    def tell(message: FromChild) -> None:
        if os.getpid() == process:  # a builder that forks must not answer twice
            with contextlib.suppress(OSError):
                write(frame(message))

    request: Request = pickle.loads(pickled)  # noqa: S301 - written by this program
    os.environ.clear()
    os.environ.update(request.environment)
    os.chdir(request.project)
    sys.argv[:] = ["keraviz"]
    observer.observe(tell)
    answer = _answer(request)
    observer.conclude()
    tell(Answered(answer))


def _answer(request: Request) -> Answer:
    try:
        if isinstance(request.entry, DiscoverEntry):
            return _discover(request.entry, request)
        return _read(request.entry, request)
    except BaseException as error:  # SystemExit and worse: the process ends either way, but not without an answer
        return request.failure("exception", _told(error))


def _read(entry: ModelEntry, request: Request) -> Reading | Failure:
    from keraviz_docs.cost import with_costs
    from keraviz_docs.reading import read

    outcome = read(entry, request.project)
    if isinstance(outcome, Failure):
        return outcome
    return msgspec.structs.replace(outcome, architecture=with_costs(outcome.architecture))


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


def _told(error: BaseException) -> str:
    traceback.print_exception(error)
    try:
        text = str(error)
    except Exception:  # an exception that cannot even be told
        text = ""
    return f"{type(error).__name__}: {text}".removesuffix(": ")
