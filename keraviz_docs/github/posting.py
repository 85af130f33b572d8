"""Posting the comment: which pull request a run was about, what the run left, and the one comment that is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from keraviz_docs.github import artifact, connection
from keraviz_docs.github.artifact import Review, SuspiciousError
from keraviz_docs.github.comment import MARKER, Run, comment, says_something
from keraviz_docs.github.connection import Connection
from keraviz_docs.github.events import PullRequest, WorkflowRun

AUTHOR = "github-actions[bot]"
"""Whose comments GitHub takes those for that are made with the token of a job."""


def post(
    run: WorkflowRun, to: Connection, *, label: str | None, author: str = AUTHOR, tell: Callable[[str], None]
) -> None:
    """Create the comment on the pull request that a run was about, or bring the one that is there up to date.

    Args:
        run: the run that has ended.
        to: the repository.
        label: the label that lets changes through.
        author: whose comments are ours.
        tell: is told what was done, in words that hold nothing of the pull request.

    Raises:
        UserError: GitHub refuses, or does not answer.
    """
    if run.event != "pull_request" or run.conclusion not in ("success", "failure"):
        tell(f"Nothing to say about a run on {run.event} that ended with {run.conclusion}.")
        return
    review = _fetched(run, to, tell)
    pull_request = pull_request_of(run, to, claimed=review.pull_request if review else None)
    if pull_request is None:
        tell("No open pull request is at the commit that was reviewed: it was closed, or has moved on.")
        return
    approved_by = label if label is not None and pull_request.has_label(label) else None
    failed = run.conclusion == "failure"
    text = comment(review, Run(address=run.html_url, commit=run.head_sha, failed=failed, approved_by=approved_by))
    earlier = _earlier(pull_request, to, author)
    if earlier is not None:
        connection.send(to, "PATCH", f"issues/comments/{earlier}", {"body": text})
        tell(f"The comment on #{pull_request.number} is up to date.")
    elif says_something(review):
        connection.send(to, "POST", f"issues/{pull_request.number}/comments", {"body": text})
        tell(f"Commented on #{pull_request.number}.")
    else:
        tell(f"No architecture changed in #{pull_request.number}: no comment is needed.")


def pull_request_of(run: WorkflowRun, to: Connection, *, claimed: int | None) -> PullRequest | None:
    """Find the open pull request that a run was about.

    The event says which commit of which branch of which fork was built; a pull request must have just that as its head.
    (``workflow_run.pull_requests`` is empty for forks.)  The number that the run itself claims only chooses between
    several such pull requests, which differ in their base.
    """
    if run.head_repository is None or run.head_branch is None:
        return None
    head = f"{run.head_repository.owner}:{run.head_branch}"
    found = [
        each
        for item in connection.pages(to, "pulls", state="open", head=head)
        if (each := msgspec.convert(item, PullRequest)).head.sha == run.head_sha
        and each.head.repo is not None
        and each.head.repo.id == run.head_repository.id
    ]
    if len(found) > 1:
        found = [each for each in found if each.number == claimed]
    return found[0] if found else None


def _fetched(run: WorkflowRun, to: Connection, tell: Callable[[str], None]) -> Review | None:
    answer = connection.get(to, f"actions/runs/{run.id}/artifacts", name=artifact.NAME, per_page=100)
    # A run that was started again still has those of earlier attempts, which say nothing about this one.
    identifiers = [
        int(each["id"])
        for each in answer["artifacts"]
        if not each["expired"] and each["created_at"] >= run.run_started_at
    ]
    if not identifiers:
        tell("The run has left no report.")
        return None
    data = connection.download(to, f"actions/artifacts/{max(identifiers)}/zip", artifact.LARGEST_ARCHIVE)
    try:
        return artifact.read(data)
    except SuspiciousError as error:
        tell(f"The report of the run is not used: {error}.")
        return None


def _earlier(pull_request: PullRequest, to: Connection, author: str) -> int | None:
    """Return the number of our comment; one that somebody else wrote, or made look like ours, is none."""
    for each in connection.pages(to, f"issues/{pull_request.number}/comments"):
        item: dict[str, Any] = each
        writer = item.get("user") or {}
        if writer.get("login") == author and str(item.get("body") or "").startswith(MARKER):
            return int(item["id"])
    return None
