"""The comment lands once, on the pull request that was reviewed, and is kept up to date."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from keraviz_docs.errors import UserError
from keraviz_docs.github import events, posting
from keraviz_docs.github.artifact import COMPARISON, NUMBER
from keraviz_docs.github.comment import MARKER
from keraviz_docs.github.connection import Connection
from keraviz_docs.github.events import Repository, WorkflowRun
from keraviz_docs.review.comparison import to_json
from tests.github.reviews import UNCHANGED, archive
from tests.github.service import TOKEN, Service, serving

SHA = "1" * 40
RUN = 42


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(Service()) as served:
        yield served


def run(**more: Any) -> WorkflowRun:
    settings: dict[str, Any] = {
        "id": RUN,
        "event": "pull_request",
        "conclusion": "success",
        "head_sha": SHA,
        "head_branch": "topic",
        "head_repository": Repository(1, "octo/zoo"),
        "html_url": f"https://github.com/octo/zoo/actions/runs/{RUN}",
        "run_started_at": "2026-01-01T12:00:00Z",
    }
    return WorkflowRun(**(settings | more))


def post(service: Service, **more: Any) -> str:
    told: list[str] = []
    connection = Connection(repository="octo/zoo", token=TOKEN, api=service.address)
    posting.post(run(**more), connection, label="approved", tell=told.append)
    return "\n".join(told)


def numbered(number: str) -> bytes:
    return archive({COMPARISON: json.dumps(json.loads(to_json(UNCHANGED)) | {"models": []}), NUMBER: number})


def test_the_first_run_comments(service: Service) -> None:
    service.open(7, SHA)
    service.artifacts[5] = RUN, archive()
    assert post(service) == "Commented on #7."
    (body,) = service.bodies(7)
    assert body.startswith(f"{MARKER}\n## Architecture review\n\n`toy` → `toy`: 4 changed")


def test_the_next_run_edits_the_same_comment(service: Service) -> None:
    service.open(7, SHA)
    service.artifacts[5] = RUN, archive()
    post(service)
    service.artifacts[6] = RUN, archive({COMPARISON: to_json(UNCHANGED)})
    assert post(service) == "The comment on #7 is up to date."
    (body,) = service.bodies(7)
    assert "no architecture changed" in body


def test_where_nothing_changed_nobody_is_bothered(service: Service) -> None:
    service.open(7, SHA)
    service.artifacts[5] = RUN, archive({COMPARISON: to_json(UNCHANGED)})
    assert post(service) == "No architecture changed in #7: no comment is needed."
    assert service.bodies(7) == []


def test_a_hostile_artifact_gets_a_neutral_comment(service: Service) -> None:
    service.open(7, SHA)
    service.artifacts[5] = RUN, b"<script>"
    assert post(service) == "The report of the run is not used: it cannot be read (BadZipFile).\nCommented on #7."
    (body,) = service.bodies(7)
    assert "The report of this run cannot be read, so **nothing is known**" in body


def test_a_run_without_an_artifact_gets_a_neutral_comment(service: Service) -> None:
    service.open(7, SHA)
    service.artifacts[5] = 41, archive()
    assert post(service, conclusion="failure") == "The run has left no report.\nCommented on #7."
    assert "**nothing is known**" in service.bodies(7)[0]
    assert "**The check failed.**" in service.bodies(7)[0]


def test_what_an_earlier_attempt_left_says_nothing_about_this_one(service: Service) -> None:
    service.open(7, SHA)
    service.artifacts[5] = RUN, archive({COMPARISON: to_json(UNCHANGED)})
    assert post(service, run_started_at="2026-01-01T12:00:01Z").startswith("The run has left no report.")
    assert "**nothing is known**" in service.bodies(7)[0]


def test_an_artifact_without_end_is_not_read_to_its_end(service: Service) -> None:
    service.open(7, SHA)
    service.artifacts[5] = RUN, archive() + b"\0" * (20 << 20)
    assert post(service).startswith("The report of the run is not used: it is too large.")


def test_a_comment_of_somebody_else_is_left_alone(service: Service) -> None:
    service.open(7, SHA)
    service.artifacts[5] = RUN, archive()
    service.comment(7, f"{MARKER}\nall is fine", login="mallory")
    service.comment(7, f"> {MARKER}\nquoted by another workflow")
    post(service)
    assert [body.splitlines()[1] for body in service.bodies(7)] == [
        "all is fine",
        "quoted by another workflow",
        "## Architecture review",
    ]


def test_our_comment_is_found_among_hundreds(service: Service) -> None:
    service.open(7, SHA)
    service.artifacts[5] = RUN, archive()
    for _ in range(250):
        service.comment(7, "I have an opinion", login="somebody")
    service.comment(7, f"{MARKER}\nof old")
    assert post(service) == "The comment on #7 is up to date."
    assert len(service.bodies(7)) == 251


def test_the_number_in_the_artifact_is_not_believed(service: Service) -> None:
    service.open(7, SHA)
    service.open(8, "2" * 40, branch="other")
    service.artifacts[5] = RUN, numbered("8")
    assert post(service) == "Commented on #7."
    assert service.bodies(8) == []


@pytest.mark.parametrize(("claimed", "told"), [("9", "Commented on #9."), ("8", "No open pull request")])
def test_the_number_chooses_between_pull_requests_of_one_commit(service: Service, claimed: str, told: str) -> None:
    service.open(7, SHA)
    service.open(9, SHA, base={"sha": "0" * 40, "ref": "v1", "repo": None})
    service.open(8, "2" * 40, branch="other")
    service.artifacts[5] = RUN, numbered(claimed)
    assert post(service).startswith(told)


@pytest.mark.parametrize(
    "more",
    [
        {"state": "closed"},
        {"sha": "2" * 40},
        {"fork": 3},
        {"branch": "other"},
        {"owner": "mallory"},
    ],
    ids=str,
)
def test_another_pull_request_gets_no_comment(service: Service, more: Mapping[str, Any]) -> None:
    service.open(7, **{"sha": SHA, **more})
    service.artifacts[5] = RUN, archive()
    assert post(service) == "No open pull request is at the commit that was reviewed: it was closed, or has moved on."
    assert service.comments == []


def test_a_fork_gets_its_comment(service: Service) -> None:
    service.open(7, SHA, owner="mallory", fork=3)
    service.artifacts[5] = RUN, archive()
    assert post(service, head_repository=Repository(3, "mallory/zoo")) == "Commented on #7."


def test_a_fork_that_is_gone_gets_none(service: Service) -> None:
    service.artifacts[5] = RUN, archive()
    assert post(service, head_repository=None).startswith("No open pull request")


@pytest.mark.parametrize("more", [{"event": "push"}, {"conclusion": "cancelled"}, {"conclusion": None}], ids=str)
def test_other_runs_say_nothing_and_ask_nothing(service: Service, more: Mapping[str, Any]) -> None:
    assert post(service, **more).startswith("Nothing to say about a run")
    assert service.asked == []


def test_the_label_is_looked_up_and_not_believed(service: Service) -> None:
    service.open(7, SHA, labels=[{"name": "Approved", "color": "fff"}])
    service.artifacts[5] = RUN, archive()
    post(service)
    assert "approved by the label `approved`." in service.bodies(7)[0]


def test_a_refusal_is_told_with_what_was_refused(service: Service) -> None:
    service.open(7, SHA)
    service.artifacts[5] = RUN, archive()
    service.refuses = 403, "Resource not accessible by integration\n::error::"
    with pytest.raises(UserError) as refused:
        post(service)
    assert refused.value.message == (
        "GitHub refuses POST /repos/octo/zoo/issues/7/comments: 403 Resource not accessible by integration\\n::error::"
    )
    assert TOKEN not in str(refused.value)


def test_no_answer_is_told() -> None:
    with pytest.raises(UserError, match="GitHub does not answer GET /repos/octo/zoo/actions"):
        post(Service(address="http://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"GITHUB_EVENT_NAME": "push"}, "comments are written by a workflow `on: workflow_run`"),
        (
            {"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_EVENT_PATH": "nowhere"},
            "cannot read GITHUB_EVENT_PATH 'nowhere'",
        ),
        (
            {"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_EVENT_PATH": "event.json"},
            "event.json is no event as GitHub writes it",
        ),
    ],
)
def test_a_job_that_is_none_is_told(
    environment: dict[str, str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("event.json").write_text('{"workflow_run": {}}')
    with pytest.raises(UserError) as mistake:
        events.workflow_run_event(environment)
    assert told in mistake.value.message


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"GITHUB_REPOSITORY": "octo/zoo"}, "GITHUB_TOKEN must be set"),
        ({}, "GITHUB_TOKEN and GITHUB_REPOSITORY must be set"),
        (
            {"GITHUB_REPOSITORY": "octo/zoo", "GITHUB_TOKEN": "x", "GITHUB_API_URL": "file:///etc"},
            "must be an https address",
        ),
    ],
)
def test_a_connection_that_is_none_is_told(environment: dict[str, str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        events.connection(environment)
