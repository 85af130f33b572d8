"""Requests to GitHub's REST interface, with the token of a job."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from keraviz_docs.errors import Code, UserError
from keraviz_docs.review.reports.wording import printable

VERSION = "2022-11-28"
"""Of the REST interface."""
_TIMEOUT = 60.0
_LARGEST_ANSWER = 64 << 20
_PER_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A repository, and the right to speak to it."""

    repository: str
    """``owner/name``."""
    token: str = field(repr=False)
    api: str = "https://api.github.com"


def get(connection: Connection, path: str, **query: str | int) -> Any:
    """Return what is at a path below ``/repos/OWNER/NAME``.

    Raises:
        UserError: GitHub refuses, or does not answer.
    """
    return json.loads(_ask(connection, "GET", path, query, _LARGEST_ANSWER))


def pages(connection: Connection, path: str, **query: str | int) -> Iterator[Any]:
    """Yield all items of a list that GitHub gives page by page."""
    for page in range(1, 10_000):
        items = get(connection, path, **query, per_page=_PER_PAGE, page=page)
        yield from items
        if len(items) < _PER_PAGE:
            return


def send(connection: Connection, method: str, path: str, content: Mapping[str, Any]) -> Any:
    """Create (``POST``) or change (``PATCH``) what is at a path.

    Raises:
        UserError: GitHub refuses, or does not answer.
    """
    return json.loads(_ask(connection, method, path, {}, _LARGEST_ANSWER, json.dumps(content).encode()))


def download(connection: Connection, path: str, most: int) -> bytes:
    """Return the file at a path, or its first ``most`` bytes and one more.

    Raises:
        UserError: GitHub refuses, or does not answer.
    """
    return _ask(connection, "GET", path, {}, most)


def _ask(
    connection: Connection,
    method: str,
    path: str,
    query: Mapping[str, str | int],
    most: int,
    content: bytes | None = None,
) -> bytes:
    address = f"{connection.api}/repos/{connection.repository}/{path}"
    if query:
        address += f"?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(address, data=content, method=method)  # noqa: S310  # checked where it is read
    request.add_header("Accept", "application/vnd.github+json")
    request.add_header("X-GitHub-Api-Version", VERSION)
    request.add_header("User-Agent", "keraviz-docs")
    if content is not None:
        request.add_header("Content-Type", "application/json")
    # Artifacts lie with another host, to which GitHub redirects and which must not see the token.
    request.add_unredirected_header("Authorization", f"Bearer {connection.token}")
    what = f"{method} {urllib.parse.urlsplit(address).path}"
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310  # as above
            data: bytes = answer.read(most + 1)
            return data
    except urllib.error.HTTPError as error:
        with error:
            reason = _reason(error.read(10_000))
        raise UserError(f"GitHub refuses {what}: {error.code} {reason}", Code.GITHUB) from None
    except OSError as error:
        raise UserError(f"GitHub does not answer {what}: {printable(str(error))}", Code.GITHUB) from None


def _reason(answer: bytes) -> str:
    try:
        return printable(str(json.loads(answer)["message"]))[:200]
    except (ValueError, KeyError, TypeError):
        return ""
