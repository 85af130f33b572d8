"""Asking the user's own git."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from keraviz_docs.errors import Code, UserError


def git(arguments: list[str], directory: Path, told: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run git in a directory, tell it something, and return what it said, whether it succeeded or not.

    Raises:
        UserError: there is no git, or no such directory.
    """
    answer = _run(arguments, directory, None if told is None else told.encode())
    out, err = (stream.decode("utf-8", "replace") for stream in (answer.stdout, answer.stderr))
    return subprocess.CompletedProcess(answer.args, answer.returncode, out, err)


def contents(blobs: Sequence[str], directory: Path) -> list[bytes]:
    """Return the contents of objects, by their names; git is asked once.

    Raises:
        UserError: there is no git, or no such object.
    """
    answer = _run(["cat-file", "--batch"], directory, "".join(f"{blob}\n" for blob in blobs).encode())
    found: list[bytes] = []
    at = 0
    for blob in blobs:
        # `<name> blob <size>`, and the content on the lines that follow.
        end = answer.stdout.find(b"\n", at)
        about = answer.stdout[at:end].split(b" ")
        if len(about) != 3:
            raise UserError(f"git has no {blob}: {answer.stderr.decode('utf-8', 'replace').strip()}", Code.GIT)
        at = end + 1 + int(about[2]) + 1
        found.append(answer.stdout[end + 1 : at - 1])
    return found


def _run(arguments: list[str], directory: Path, told: bytes | None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603  # fixed words, a ref after --end-of-options, no shell
            ["git", *arguments],  # noqa: S607  # the user's own git
            cwd=directory,
            input=told,
            capture_output=True,
            check=False,
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(
            f"git is not installed, or {directory} does not exist; name files instead of refs", Code.GIT
        ) from error


@contextmanager
def worktree(commit: str, directory: Path) -> Iterator[Path]:
    """Check a commit out beside the repository's own tree, and remove it afterwards.

    Raises:
        UserError: git refuses.
    """
    with tempfile.TemporaryDirectory(prefix="keraviz-") as temporary:
        root = Path(temporary) / "tree"
        added = git(["worktree", "add", "--quiet", "--detach", str(root), commit], directory)
        if added.returncode:
            raise UserError(f"git cannot check out {commit[:10]}: {added.stderr.strip()}", Code.GIT)
        try:
            yield root.resolve()
        finally:
            git(["worktree", "remove", "--force", str(root)], directory)


def merged_into(head: str, base: str, directory: Path) -> str:
    """Return the commit with which the checkout of a pull request is to be compared.

    GitHub checks a pull request out as it would be merged: then it is the other parent of the merge, so that nobody
    else's work counts.  Where a workflow checks out the branch itself, it is where the branch began.

    Args:
        head: the last commit of the pull request.
        base: the commit that the pull request was last said to be based on.
        directory: where the checkout is.

    Raises:
        UserError: the checkout has too little history.
    """
    parents = git(["rev-list", "--parents", "--max-count=1", "HEAD"], directory).stdout.split()[1:]
    if len(parents) == 2 and parents[1] == head:
        return parents[0]
    common = git(["merge-base", "--end-of-options", base, "HEAD"], directory)
    if common.returncode:
        raise UserError(
            "the checkout has too little history to compare the pull request with its base; "
            "write `with: {fetch-depth: 2}` below actions/checkout, or `fetch-depth: 0` if it checks out a branch",
            Code.GIT,
        )
    return common.stdout.strip()
