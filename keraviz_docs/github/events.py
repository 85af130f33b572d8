"""What GitHub tells a job about why it runs: the variables of its environment and the event's payload.

The forms are those of *Variables reference* and *Webhook events and payloads* in GitHub's documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from keraviz_docs.errors import Code, UserError
from keraviz_docs.github.connection import Connection


class Label(msgspec.Struct, frozen=True):
    """A label of a pull request."""

    name: str


class Repository(msgspec.Struct, frozen=True):
    """A repository, which may be a fork."""

    id: int
    full_name: str

    @property
    def owner(self) -> str:
        """The user or organisation that it belongs to."""
        return self.full_name.partition("/")[0]


class Side(msgspec.Struct, frozen=True):
    """One of the two sides of a pull request."""

    sha: str
    ref: str
    repo: Repository | None
    """``None`` if the fork is no longer there."""


class PullRequest(msgspec.Struct, frozen=True):
    """A pull request."""

    number: int
    base: Side
    head: Side
    labels: tuple[Label, ...] = ()

    def has_label(self, name: str) -> bool:
        """Whether it has a label; GitHub's labels know no case."""
        return any(label.name.casefold() == name.casefold() for label in self.labels)


class PullRequestEvent(msgspec.Struct, frozen=True):
    """Why a workflow ``on: pull_request`` runs."""

    pull_request: PullRequest


class WorkflowRun(msgspec.Struct, frozen=True):
    """A run of a workflow that has ended."""

    id: int
    event: str
    conclusion: str | None
    """``success``, ``failure``, ``cancelled`` and others."""
    head_sha: str
    head_branch: str | None
    head_repository: Repository | None
    html_url: str
    run_started_at: str
    """When its last attempt began, as ``2026-01-31T23:59:59Z``."""


class WorkflowRunEvent(msgspec.Struct, frozen=True):
    """Why a workflow ``on: workflow_run`` runs."""

    workflow_run: WorkflowRun


_Event = TypeVar("_Event", PullRequestEvent, WorkflowRunEvent)


def pull_request_event(environment: Mapping[str, str]) -> PullRequest | None:
    """Return the pull request that a job is about; ``None`` outside such a job.

    Raises:
        UserError: the payload cannot be read.
    """
    if environment.get("GITHUB_EVENT_NAME") != "pull_request":
        return None
    return _payload(environment, PullRequestEvent).pull_request


def workflow_run_event(environment: Mapping[str, str]) -> WorkflowRun:
    """Return the run whose end a job was started by.

    Raises:
        UserError: this is no such job, or the payload cannot be read.
    """
    if environment.get("GITHUB_EVENT_NAME") != "workflow_run":
        raise UserError(
            "comments are written by a workflow `on: workflow_run`; to see one here, give the directory or the archive "
            "that `keraviz review` has written",
            Code.GITHUB,
        )
    return _payload(environment, WorkflowRunEvent).workflow_run


def connection(environment: Mapping[str, str]) -> Connection:
    """Return the connection to the repository in which a job runs.

    Raises:
        UserError: something is missing.
    """
    missing = [name for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY") if not environment.get(name)]
    if missing:
        raise UserError(f"{' and '.join(missing)} must be set: `env: {{GITHUB_TOKEN: ...}}` of the step", Code.GITHUB)
    api = environment.get("GITHUB_API_URL", Connection.api)
    if not api.startswith(("https://", "http://127.0.0.1:")):
        raise UserError("GITHUB_API_URL must be an https address", Code.GITHUB)
    return Connection(repository=environment["GITHUB_REPOSITORY"], token=environment["GITHUB_TOKEN"], api=api)


def _payload(environment: Mapping[str, str], kind: type[_Event]) -> _Event:
    path = environment.get("GITHUB_EVENT_PATH", "")
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=kind)
    except OSError as error:
        raise UserError(f"cannot read GITHUB_EVENT_PATH {path!r}: {error.strerror or error}", Code.GITHUB) from error
    except msgspec.DecodeError as error:
        raise UserError(f"{path} is no event as GitHub writes it: {error}", Code.GITHUB) from error
