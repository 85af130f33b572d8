"""The first five minutes in somebody's own repository: from a package to a site that builds.

Source is searched without importing it; what looks like a builder is then tried in a process of its own.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from keraviz_docs import manifest as manifests
from keraviz_docs import production
from keraviz_docs.errors import Code, UserError
from keraviz_docs.files import write_whole
from keraviz_docs.manifest.entries import Limits
from keraviz_docs.manifest.mistakes import shown
from keraviz_docs.starting import github_files, site_files
from keraviz_docs.starting.candidates import Found, LeftOut, find
from keraviz_docs.starting.manifest_text import lines, manifest_text
from keraviz_docs.starting.scope import Scope, locate
from keraviz_docs.starting.trying import attempt

__all__ = ["Started", "start"]

_TITLE = "Models"
"""What the zoo is called; the site and its first page have the name of the package."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """What :func:`start` did."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...]
    """Files that were there already and stay as they are."""
    models: int
    left_out: tuple[LeftOut, ...]
    to_add: tuple[tuple[Path, str], ...]
    """What some of these files lack, in the words of a file that has it."""


def start(
    target: str,
    directory: Path | None = None,
    *,
    github: bool = False,
    timeout: float = 60.0,
    jobs: int | None = None,
    progress: production.Progress | None = None,
) -> Started:
    """Search a package or path for models, try them, and write a manifest and what else a site needs.

    Nothing that exists is overwritten.  The same code gives the same files.

    Args:
        target: an installed package, a directory, or a Python file.
        directory: where the files go; see :func:`~keraviz_docs.starting.scope.locate`.
        github: whether to write what publishes the site on GitHub Pages, reviews pull requests and checks snapshots.
        timeout: seconds that trying one candidate may take.
        jobs: how many to try at once.
        progress: is told how it goes.

    Raises:
        UserError: there is nothing of that name, it has no model that can be built, or a manifest exists already.
        OSError: a file cannot be written.
    """
    scope = locate(target, directory)
    manifest = scope.project / "zoo.yml"
    if manifest.exists():
        raise UserError(
            f"{shown(manifest)} exists already, and is not overwritten: add models to it, move it away, or choose "
            "another directory with -o",
            Code.MANIFEST_EXISTS,
        )
    found = find(scope)
    wanted = lines(found.candidates, scope.archives)
    if not wanted:
        raise UserError(_nothing(target, found, found.left_out), Code.NO_MODEL_FOUND)
    draft = manifests.loads(manifest_text(_TITLE, wanted), manifest)
    is_new = not scope.project.exists()
    scope.project.mkdir(parents=True, exist_ok=True)  # builders are run there
    kept, failed = attempt(draft, wanted, timeout=timeout, jobs=jobs, progress=progress)
    left_out = (*found.left_out, *failed)
    if not kept:
        if is_new:
            shutil.rmtree(scope.project / ".keraviz", ignore_errors=True)
            with contextlib.suppress(OSError):  # a builder may have left something in it
                scope.project.rmdir()
        raise UserError(_nothing(target, found, left_out), Code.NO_MODEL_FOUND)
    text = manifest_text(_TITLE, kept, left_out, timeout=max(timeout, Limits.timeout))
    return _write(scope, text, len(kept), left_out, github=github)


def _write(scope: Scope, text: str, models: int, left_out: tuple[LeftOut, ...], *, github: bool) -> Started:
    project = scope.project
    configuration = project / "mkdocs.yml"
    files = {project / "zoo.yml": text}
    has_configuration = configuration.exists()
    files[configuration] = site_files.mkdocs_configuration(scope.name)
    docs = project / "docs"
    if not has_configuration and not any((docs / name).exists() for name in ("index.md", "README.md", "index.rst")):
        files[docs / "index.md"] = site_files.first_page(scope.name)
    if github:
        files |= github_files.github_files(project, site_files.requirements(project, scope.distribution))
    written: list[Path] = []
    kept: list[Path] = []
    for path, content in files.items():
        if path.exists():
            kept.append(path)
        else:
            write_whole(path, content.encode())
            written.append(path)
    return Started(
        written=tuple(written),
        kept=tuple(kept),
        models=models,
        left_out=left_out,
        to_add=tuple(_lacking(kept, files)),
    )


def _lacking(kept: Sequence[Path], files: Mapping[Path, str]) -> Iterator[tuple[Path, str]]:
    for path in kept:
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.name == "mkdocs.yml" and not site_files.has_plugin(text):
            yield path, site_files.PLUGIN_LINES
        elif path.name != "mkdocs.yml" and "keraviz" not in text:
            yield path, github_files.essence(files[path])


_TOLD = 12


def _nothing(target: str, found: Found, left_out: tuple[LeftOut, ...]) -> str:
    searched = f"{found.modules} module{'' if found.modules == 1 else 's'} searched"
    if not left_out:
        return (
            f"no model in {target} ({searched}): there is no function that returns a Keras model, no class of models "
            "and no .keras file. A builder is found if it is annotated `-> keras.Model`, or returns `keras.Model(...)`"
        )
    told = [f"  {each.target}: {each.reason}" for each in left_out[:_TOLD]]
    if len(left_out) > _TOLD:
        told.append(f"  and {len(left_out) - _TOLD} more")
    first = next((each for each in left_out if each.settings is not None), None)
    hint = ""
    if first is not None:
        kind = "builder" if ":" in first.target else "file"
        hint = f"\nWrite zoo.yml by hand, such as:\n  models:\n  - {kind}: {first.target}\n    {first.settings}"
    return f"no model in {target} can be built as it is ({searched}):\n" + "\n".join(told) + hint
