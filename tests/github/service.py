"""As much of GitHub as the comment asks: a server on this machine that keeps pull requests, artifacts and comments."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "token-of-the-job"  # noqa: S105  # opens nothing
BOT = "github-actions[bot]"


@dataclass
class Service:
    """What GitHub knows about the repository ``octo/zoo``, and what it was asked."""

    address: str = ""
    pull_requests: list[dict[str, Any]] = field(default_factory=list)
    artifacts: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    """By number, the run that left it and its archive."""
    left_at: str = "2026-01-01T12:00:00Z"
    """When artifacts were left."""
    comments: list[dict[str, Any]] = field(default_factory=list)
    """Of all pull requests, each with its ``number``."""
    refuses: tuple[int, str] | None = None
    asked: list[str] = field(default_factory=list)

    def open(
        self, number: int, sha: str, *, owner: str = "octo", fork: int = 1, branch: str = "topic", **more: Any
    ) -> None:
        """Open a pull request."""
        base = {"sha": "0" * 40, "ref": "main", "repo": {"id": 1, "full_name": "octo/zoo"}}
        head = {"sha": sha, "ref": branch, "repo": {"id": fork, "full_name": f"{owner}/zoo"}}
        self.pull_requests.append({"number": number, "base": base, "head": head, "labels": [], "state": "open", **more})

    def comment(self, number: int, body: str, login: str = BOT) -> None:
        """Let somebody comment."""
        self.comments.append(
            {"id": 1000 + len(self.comments), "number": number, "body": body, "user": {"login": login}}
        )

    def bodies(self, number: int) -> list[str]:
        """What stands below a pull request, the oldest first."""
        return [each["body"] for each in self.comments if each["number"] == number]


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    """Answer as GitHub does, for as long as the context lasts."""
    server = ThreadingTCPServer(("127.0.0.1", 0), _handler(service))
    service.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self._answer(*_answered(service, "GET", self.path, self._said(), self.headers.get("Authorization")))

        def do_POST(self) -> None:
            self._answer(*_answered(service, "POST", self.path, self._said(), self.headers.get("Authorization")))

        def do_PATCH(self) -> None:
            self._answer(*_answered(service, "PATCH", self.path, self._said(), self.headers.get("Authorization")))

        def _said(self) -> Any:
            return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")

        def _answer(self, status: int, content: Any) -> None:
            self.send_response(status)
            if status == 302:
                # Another name for this machine, as artifacts lie with another host.
                self.send_header("Location", content.replace("127.0.0.1", "localhost"))
                content = b""
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


def _answered(service: Service, method: str, path: str, said: Any, authorization: str | None) -> tuple[int, Any]:
    parts = urlsplit(path)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    service.asked.append(f"{method} {parts.path}")
    if parts.path.startswith("/blob/"):
        # The store of artifacts refuses requests that carry a token.
        return (400, b"") if authorization else (200, service.artifacts[int(parts.path[6:])][1])
    if authorization != f"Bearer {TOKEN}":
        return 401, {"message": "Bad credentials"}
    if service.refuses is not None and method != "GET":
        return service.refuses[0], {"message": service.refuses[1]}
    match parts.path.removeprefix("/repos/octo/zoo/").split("/"):
        case ["pulls"]:
            found = [
                each
                for each in service.pull_requests
                if each["state"] == query["state"]
                and query["head"] == f"{each['head']['repo']['full_name'].split('/')[0]}:{each['head']['ref']}"
            ]
            return 200, _page(found, query)
        case ["actions", "runs", run, "artifacts"]:
            found = [
                {"id": number, "expired": False, "created_at": service.left_at}
                for number, (of, _) in service.artifacts.items()
                if of == int(run)
            ]
            return 200, {"total_count": len(found), "artifacts": found}
        case ["actions", "artifacts", number, "zip"] if int(number) in service.artifacts:
            return 302, f"{service.address}/blob/{number}"
        case ["issues", number, "comments"] if method == "GET":
            return 200, _page([each for each in service.comments if each["number"] == int(number)], query)
        case ["issues", number, "comments"]:
            service.comment(int(number), said["body"])
            return 201, service.comments[-1]
        case ["issues", "comments", identifier] if method == "PATCH":
            (found_comment,) = [each for each in service.comments if each["id"] == int(identifier)]
            found_comment["body"] = said["body"]
            return 200, found_comment
    return 404, {"message": "Not Found"}


def _page(items: list[Any], query: dict[str, str]) -> list[Any]:
    size, page = int(query["per_page"]), int(query["page"])
    return items[size * (page - 1) : size * page]
