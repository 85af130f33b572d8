"""Asking the user's own git."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keraviz_docs.errors import Code, UserError


def git(arguments: list[str], directory: Path, told: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run git in a directory, tell it something, and return what it said, whether it succeeded or not.

    Raises:
        UserError: there is no git, or no such directory.
    """
    try:
        return subprocess.run(  # noqa: S603  # fixed words, a ref after --end-of-options, no shell
            ["git", *arguments],  # noqa: S607  # the user's own git
            cwd=directory,
            input=told,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
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
