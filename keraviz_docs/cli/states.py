"""What BASE and HEAD of a comparison stand for: models in a git ref, in files, or built by their builders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from keraviz_docs.architecture import Architecture, ArchitectureError, Source, from_json
from keraviz_docs.cli.options import Execution
from keraviz_docs.errors import Code, UserError
from keraviz_docs.manifest.entries import project_of
from keraviz_docs.production import Cache
from keraviz_docs.review.git import git, worktree
from keraviz_docs.review.snapshot import DIRECTORY, SUFFIX, read


@dataclass(frozen=True)
class State:
    """Models at one point in time, by id; a text instead of a model says why it could not be read."""

    name: str
    models: Mapping[str, Architecture | str]


@dataclass(frozen=True)
class Reading:
    """How models are read where they have to be built."""

    manifest: Path
    execution: Execution
    timeout: float | None = None


def state_of(text: str, reading: Reading) -> State:
    """Resolve BASE or HEAD.

    Args:
        text: a snapshot, an extract, a directory of either, a target, or a git ref.
        reading: how models are read where they have to be built; its manifest says which models a git ref has.

    Raises:
        UserError: it is none of these, or cannot be read.
    """
    path = Path(text)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in (SUFFIX, ".json"))
        if not files:
            raise UserError(
                f"{text} has neither snapshots ({SUFFIX}) nor extracts (.json): "
                f"`keraviz snapshot -o {text}` writes snapshots there",
                Code.NOTHING_TO_COMPARE,
            )
        return State(text, {file.stem: _file(file) for file in files})
    if path.suffix in (SUFFIX, ".json") and path.is_file():
        architecture = _file(path)
        return State(text, {architecture.id: architecture})
    if _is_target(text):
        return State(text, _built(text, reading))
    return _ref(text, reading)


def check(text: str, reading: Reading) -> None:
    """Check that BASE or HEAD can be resolved, as far as that shows without building anything.

    Raises:
        UserError: it cannot.
    """
    from keraviz_docs.cli.targets import parse

    path = Path(text)
    if path.is_dir() or (path.suffix in (SUFFIX, ".json") and path.is_file()):
        return
    if _is_target(text):
        parse([text])
    else:
        _commit(text, reading.manifest.parent)


def _is_target(text: str) -> bool:
    return bool(re.search(r"\.ya?ml(#|$)|\.keras$", text, re.IGNORECASE) or re.fullmatch(r"[\w.]+:[\w.]+", text))


def is_one_model(text: str) -> bool:
    """Whether BASE or HEAD names a single model, and not a state of a zoo."""
    path = Path(text)
    if path.is_dir():
        return False
    if path.suffix in (SUFFIX, ".json") and path.is_file():
        return True
    return bool(re.search(r"\.ya?ml#|\.keras$", text, re.IGNORECASE) or re.fullmatch(r"[\w.]+:[\w.]+", text))


def working_tree(reading: Reading) -> State:
    """Read the models of the manifest as they are now."""
    return State("working tree", _built(str(reading.manifest), reading))


def builder_source(architecture: Architecture, roots: Sequence[Path]) -> Source | None:
    """Find the line of a builder without importing it; ``None`` where it is not below one of these directories."""
    module, _, name = architecture.builder.partition(":")
    stems = [root.joinpath(*module.split(".")) for root in roots]
    for file in (file for stem in stems for file in (stem.with_suffix(".py"), stem / "__init__.py")):
        if name and file.is_file():
            pattern = re.compile(rf"\s*(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b|{re.escape(name)}\s*[:=]")
            for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), start=1):
                if pattern.match(line):
                    return Source(_in_repository(file), number)
    return None


def _in_repository(file: Path) -> str:
    top = git(["rev-parse", "--show-toplevel"], file.parent)
    root = Path(top.stdout.strip()) if top.returncode == 0 else Path.cwd()
    return Path(os.path.relpath(file.resolve(), root.resolve())).as_posix()


def _file(file: Path) -> Architecture:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror or error}", Code.UNKNOWN_STATE) from error
    return _decoded(data, str(file))


def _decoded(data: bytes, where: str) -> Architecture:
    if where.endswith(".json"):
        try:
            return from_json(data)
        except ArchitectureError as error:
            raise UserError(f"{where}: {error}", Code.EXTRACT) from error
    try:
        return read(data.decode("utf-8"), where).architecture
    except UnicodeDecodeError as error:
        raise UserError(f"{where} is no text: {error}", Code.SNAPSHOT) from error


def _built(target: str, reading: Reading) -> dict[str, Architecture | str]:
    from keraviz_docs.cli import models
    from keraviz_docs.cli.targets import parse

    found: dict[str, Architecture | str] = {}
    for _, built, failures in models.read(parse([target], timeout=reading.timeout), reading.execution):
        found.update({model.entry.id: model.architecture for model in built})
        found.update(
            {
                failure.id or failure.target: f"{failure.kind}: {failure.message} [{failure.code.value}]"
                for failure in failures
            }
        )
    return found


def _commit(ref: str, directory: Path) -> str:
    commit = git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"], directory)
    if commit.returncode:
        raise UserError(
            f"{ref!r} is no git ref here, and there is no such file; "
            "give a branch, a tag, a snapshot, a directory of snapshots, or a target such as zoo.yml",
            Code.UNKNOWN_STATE,
        )
    return commit.stdout.strip()


def _ref(ref: str, reading: Reading) -> State:
    directory = reading.manifest.parent
    sha = _commit(ref, directory)
    prefix = git(["rev-parse", "--show-prefix"], directory).stdout.strip()
    snapshots = dict(_snapshots(sha, f"{prefix}{DIRECTORY}", directory))
    if snapshots:
        return State(ref, snapshots)
    with worktree(sha, directory) as root:
        manifest = root / prefix / reading.manifest.name
        if not manifest.is_file():
            raise UserError(
                f"{ref} has neither {prefix}{DIRECTORY}/*{SUFFIX} nor {prefix}{reading.manifest.name}: "
                "name its manifest with -m, or another ref",
                Code.NOTHING_TO_COMPARE,
            )
        # The cache of the project: what was read in one checkout holds in another, and this one is gone soon.
        cache = Cache.of(project_of(reading.manifest), reading.execution.cache).directory
        kept = replace(reading, execution=replace(reading.execution, cache=cache))
        return State(ref, _built(str(manifest), kept))


def _snapshots(sha: str, folder: str, directory: Path) -> Iterator[tuple[str, Architecture]]:
    listed = git(["ls-tree", "-z", "--full-tree", "--name-only", sha, f"{folder}/"], directory)
    for name in listed.stdout.split("\0"):
        path = PurePosixPath(name)
        if path.suffix == SUFFIX:
            content = git(["show", f"{sha}:{name}"], directory)
            if content.returncode:
                raise UserError(f"git cannot show {name}: {content.stderr.strip()}", Code.GIT)
            yield path.stem, _decoded(content.stdout.encode(), name)
