"""Reading needs a process of its own: one that imported Keras is kept warm and forks a child for every reading."""

from __future__ import annotations

import multiprocessing
import os
import textwrap
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest

from keraviz_docs.manifest.entries import BuilderTarget, DiscoverEntry, ModelEntry, SavedModelTarget
from keraviz_docs.outcome import Failure, Outcome, Reading

Run = Callable[..., Any]

_CHILD = """
import resource, socket, sys
from pathlib import Path
from keraviz_docs import reading
from keraviz_docs.manifest.entries import BuilderTarget, DiscoverEntry, ModelEntry, SavedModelTarget

def _no_network(*_, **__):
    raise OSError("the network was used")

socket.socket.connect = socket.socket.connect_ex = socket.create_connection = socket.getaddrinfo = _no_network
"""


@pytest.fixture(scope="session")
def keras_process() -> Iterator[ForkServerContext]:
    """A server that has imported Keras and nothing else, and forks."""
    settings = {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["keras", "keraviz_docs.reading.reader", "keraviz_docs.reading.graph"])
    yield context
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
def run(keras_process: ForkServerContext) -> Run:
    """Run Python code in a fresh child that cannot reach the network; return what it binds to ``result``."""

    def run(code: str, **names: Any) -> Any:
        ours, theirs = keras_process.Pipe(duplex=False)
        source = _CHILD + textwrap.dedent(code) + "\nchannel.send(result)\n"
        child = keras_process.Process(target=exec, args=(source, {**names, "channel": theirs, "__name__": "child"}))
        child.start()
        theirs.close()
        try:
            return ours.recv()
        except EOFError:
            child.join()
            raise AssertionError(f"the child ended with exit code {child.exitcode}") from None
        finally:
            child.join()
            child.close()
            ours.close()

    return run


@pytest.fixture
def zoo(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Write a zoo project: file names and their text."""

    def write(files: dict[str, str]) -> Path:
        project = tmp_path / "zoo_project"
        for name, text in files.items():
            file = project / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text), encoding="utf-8")
        return project

    return write


@pytest.fixture
def outcome_of(run: Run) -> Callable[..., Outcome]:
    """Read one model of a project, in a fresh child."""

    def read(project: Path, target: str | Path, *, inputs: Any = None, **kwargs: Any) -> Outcome:
        if isinstance(target, Path):
            entry = ModelEntry(id="model", target=SavedModelTarget(target), inputs=inputs)
        else:
            module, _, name = target.partition(":")
            entry = ModelEntry(id="model", target=BuilderTarget(module, name), kwargs=kwargs, inputs=inputs)
        outcome: Outcome = run("result = reading.read(entry, project)", entry=entry, project=project)
        return outcome

    return read


@pytest.fixture
def reading_of(outcome_of: Callable[..., Outcome]) -> Callable[..., Reading]:
    """Read one model, which must succeed."""

    def read(*args: Any, **kwargs: Any) -> Reading:
        outcome = outcome_of(*args, **kwargs)
        assert isinstance(outcome, Reading), outcome
        return outcome

    return read


@pytest.fixture
def failure_of(outcome_of: Callable[..., Outcome]) -> Callable[..., Failure]:
    """Read one model, which must fail."""

    def read(*args: Any, **kwargs: Any) -> Failure:
        outcome = outcome_of(*args, **kwargs)
        assert isinstance(outcome, Failure), outcome
        return outcome

    return read


@pytest.fixture
def discovered(run: Run) -> Callable[..., tuple[ModelEntry, ...] | Failure]:
    """Discover the builders of a module, in a fresh child."""

    def discover(project: Path, module: str, **settings: Any) -> Any:
        entry = DiscoverEntry(module=module, **settings)
        return run("result = reading.discover(entry, project)", entry=entry, project=project)

    return discover
