"""What a repository on GitHub gets: the workflows that publish and review, and a hook that checks the snapshots.

They lie in ``github/`` as they are for a project that is the whole repository and needs nothing but Keras.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from keraviz_docs.starting.manifest_text import scalar

WORKFLOWS = ("docs.yml", "architecture-review.yml", "architecture-comment.yml")
PRE_COMMIT = ".pre-commit-config.yaml"

_CACHED = ("requirements.txt", "pyproject.toml")
"""What setup-python names its cache of packages after; without any of them, it fails."""


def github_files(project: Path, requirements: Sequence[str] = ()) -> dict[Path, str]:
    """Return the files that let GitHub publish a project's site and review its pull requests, by path.

    Args:
        project: where the manifest is.
        requirements: what pip installs beside this package.
    """
    root = repository_of(project)
    below = project.relative_to(root)
    files = {}
    for name in WORKFLOWS:
        text = template(name).replace("pip install keraviz-docs\n", f"pip install {_words(requirements)}\n")
        if not any((place / name).is_file() for place in (root, project) for name in _CACHED):
            text = text.replace(", cache: pip}", "}")
        files[root / ".github" / "workflows" / name] = _placed(text, below)
    return {**files, root / PRE_COMMIT: hook(below)}


def repository_of(project: Path) -> Path:
    """Return the root of the repository that a project is in; the project itself if it is in none."""
    return next((place for place in (project, *project.parents) if (place / ".git").exists()), project)


def hook(below: Path = Path()) -> str:
    """Return the configuration of pre-commit for a project somewhere below the root of its repository."""
    manifest = "" if below == Path() else f" --manifest '{below.as_posix()}/zoo.yml'"
    return template("pre-commit-config.yaml").replace("--check", f"--check{manifest}")


def essence(text: str) -> str:
    """Return what a file needs that somebody else has written: the hook, or the installation in a workflow."""
    if text.startswith("repos:\n"):
        return text.removeprefix("repos:\n").rstrip()
    return next(line.strip() for line in text.splitlines() if "pip install" in line)


def template(name: str) -> str:
    """Return a file as it is for a project that is the whole repository and needs nothing but Keras."""
    return resources.files(__package__).joinpath("github", name).read_text("utf-8")


def _placed(text: str, below: Path) -> str:
    """Let a workflow work in a directory of the repository."""
    if below == Path() or "actions/checkout@" not in text:
        return text
    for name in (".keraviz", "site"):
        text = text.replace(f"path: {name}", f"path: {scalar((below / name).as_posix())}")
    work = f"defaults: {{run: {{working-directory: {scalar(below.as_posix())}}}}}"
    return text.replace("\njobs:\n", f"\n{work}\njobs:\n")


def _words(requirements: Sequence[str]) -> str:
    return " ".join(["keraviz-docs", *requirements])
