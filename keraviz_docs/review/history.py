"""Earlier states of a zoo: the snapshots that a directory holds, or that a commit of the repository held.

Nothing is built here.  Git is asked for all states at once: where the directory of the manifest is, which of the refs
exist, and once more for each of them which snapshots it has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from keraviz_docs.architecture import Architecture
from keraviz_docs.digests import digest
from keraviz_docs.errors import UserError
from keraviz_docs.manifest.entries import ChangesPage
from keraviz_docs.manifest.wording import near_miss
from keraviz_docs.review.git import contents, git
from keraviz_docs.review.snapshot import DIRECTORY, SUFFIX, SnapshotError, read

Read = Callable[[Collection[str]], Mapping[str, Architecture | str]]
"""Gives the models with these ids; a text instead of a model says why it cannot be read."""


@dataclass(frozen=True)
class Kept:
    """A state of the zoo that can be compared."""

    name: str
    """As the manifest calls it."""
    versions: Mapping[str, str]
    """By the id of each model, what is the same for the same content only."""
    read: Read


@dataclass(frozen=True)
class Missing:
    """A state of the zoo that is not there to be compared."""

    name: str
    reason: str
    is_mistake: bool
    """Whether the manifest is to be mended, and not the place where this runs (a shallow clone, no git)."""
    commit: str | None = None
    """The commit that has no snapshots, if it is only these that are missing."""

    def __str__(self) -> str:
        return f"what changed since {self.name} is not known: {self.reason}"


@dataclass(frozen=True)
class History:
    """The states that a page of changes compares with, the latest first."""

    states: tuple[Kept | Missing, ...]
    watched: tuple[Path, ...]
    """Files and directories that say which states there are."""


@dataclass(frozen=True)
class _Repository:
    directory: Path
    """Where the manifest is."""
    prefix: str
    """The same below the top of the repository, with a slash at the end."""
    is_shallow: bool
    refs: Path

    @classmethod
    def of(cls, directory: Path) -> _Repository | None:
        asked = ["rev-parse", "--is-shallow-repository", "--git-common-dir", "--show-prefix"]
        try:
            answer = git(asked, directory)
        except UserError:
            return None
        if answer.returncode:
            return None
        shallow, common, prefix = answer.stdout.split("\n")[:3]
        return cls(directory, prefix, shallow == "true", directory / common)


def history(wanted: ChangesPage, directory: Path) -> History:
    """Find the states that a manifest asks for.

    Args:
        wanted: what it says.
        directory: where it is.
    """
    repository = _Repository.of(directory)
    names = wanted.since or (_tags(repository, wanted) if repository else ())
    if not names:
        return History((_without_tags(repository, wanted),), _watched(repository))
    folders = {name: directory / name for name in names if (directory / name).is_dir()}
    refs = [name for name in names if name not in folders]
    found = dict(_at_refs(repository, refs)) if refs else {}
    states = tuple(_of_folder(name, folders[name]) if name in folders else found[name] for name in names)
    if not wanted.since:
        # Releases from before snapshots were kept are no mistake; the page begins after them.
        states = _since_the_first_kept(states)
    watched = _watched(repository) if refs or not wanted.since else ()
    return History(states, (*watched, *folders.values()))


def _watched(repository: _Repository | None) -> tuple[Path, ...]:
    if repository is None:
        return ()
    places = (repository.refs / name for name in ("HEAD", "packed-refs", "refs"))
    return tuple(place.resolve() for place in places if place.exists())


# ------------------------------------------------------------------------------------------------------ which states


def _tags(repository: _Repository, wanted: ChangesPage) -> tuple[str, ...]:
    """The latest tags that are part of what is checked out, by their versions."""
    listed = git(
        [
            "for-each-ref",
            "--merged=HEAD",
            "--sort=-version:refname",
            f"--count={wanted.last}",
            "--format=%(refname:lstrip=2)",
            f"refs/tags/{wanted.tags}",
        ],
        repository.directory,
    )
    return tuple(listed.stdout.split("\n")[:-1]) if not listed.returncode else ()


def _without_tags(repository: _Repository | None, wanted: ChangesPage) -> Missing:
    if repository is None:
        return Missing("the last release", _NO_GIT, is_mistake=False)
    which = "no tag" if wanted.tags == ChangesPage.tags else f"no tag that matches {wanted.tags}"
    if repository.is_shallow:
        return Missing("the last release", f"this clone has {which}. {_SHALLOW}", is_mistake=False)
    return Missing("the last release", f"there is {which} yet", is_mistake=False)


def _since_the_first_kept(states: Sequence[Kept | Missing]) -> tuple[Kept | Missing, ...]:
    kept = [number for number, state in enumerate(states) if isinstance(state, Kept)]
    return tuple(states[: kept[-1] + 1]) if kept else tuple(states[:1])


_NO_GIT = "this is built outside of a git repository, or without git"
_SHALLOW = "It is shallow: fetch the whole history (`fetch-depth: 0` below actions/checkout)"


# ------------------------------------------------------------------------------------------------- states from files


def _of_folder(name: str, folder: Path) -> Kept | Missing:
    files = {file.stem: file for file in sorted(folder.iterdir()) if file.suffix == SUFFIX}
    if not files:
        return Missing(name, f"this directory has no snapshots ({SUFFIX})", is_mistake=True)
    versions = {identifier: digest(file.read_bytes()) for identifier, file in files.items()}
    return Kept(name, versions, partial(_read_files, files))


def _read_files(files: Mapping[str, Path], identifiers: Collection[str]) -> dict[str, Architecture | str]:
    return {identifier: _parsed(files[identifier].read_bytes(), files[identifier].name) for identifier in identifiers}


def _parsed(data: bytes, where: str) -> Architecture | str:
    try:
        return read(data.decode("utf-8"), where).architecture
    except SnapshotError as error:
        return error.message
    except UnicodeDecodeError:
        return f"{where} is no text"


# --------------------------------------------------------------------------------------------------- states from git


def _at_refs(repository: _Repository | None, names: Sequence[str]) -> Iterator[tuple[str, Kept | Missing]]:
    if repository is None:
        for name in names:
            yield name, Missing(name, _NO_GIT, is_mistake=False)
        return
    sayable = [name for name in names if name.isprintable() and name]
    asked = [line for name in sayable for line in (f"{name}^{{commit}}", f"{name}:{repository.prefix}{DIRECTORY}")]
    answers = git(["cat-file", "--batch-check"], repository.directory, "".join(f"{line}\n" for line in asked))
    objects = [_object(line) for line in answers.stdout.split("\n")[: len(asked)]]
    objects += [None] * (len(asked) - len(objects))
    found = dict(zip(sayable, zip(objects[::2], objects[1::2], strict=True), strict=True))
    for name in names:
        commit, tree = found.get(name, (None, None))
        if commit is None:
            yield name, _unknown(name, repository)
        else:
            state = _of_tree(name, tree, repository) if tree is not None else None
            yield name, state or Missing(name, _NO_SNAPSHOTS.format(name=name), is_mistake=True, commit=commit)


_NO_SNAPSHOTS = (
    "{name} keeps no snapshots to compare with; they are kept from the commit on that has what `keraviz snapshot` "
    "writes. `build: true` builds the models of {name} instead"
)


def _object(line: str) -> str | None:
    """Return the name of an object from what ``git cat-file --batch-check`` says: name, type and size."""
    words = line.split(" ")
    return words[0] if len(words) == 3 and words[1] in ("commit", "tree") else None


def _unknown(name: str, repository: _Repository) -> Missing:
    if repository.is_shallow:
        return Missing(name, f"this clone does not have {name}. {_SHALLOW}", is_mistake=False)
    listed = git(["for-each-ref", "--format=%(refname:lstrip=2)", "refs/tags", "refs/heads"], repository.directory)
    meant = near_miss(name, listed.stdout.split())
    hint = f": did you mean {meant}?" if meant else ", and no directory of snapshots either"
    return Missing(name, f"there is no tag, branch or commit {name}{hint}", is_mistake=True)


def _of_tree(name: str, tree: str, repository: _Repository) -> Kept | None:
    listed = git(["ls-tree", "-z", "--full-tree", tree], repository.directory)
    versions = {}
    for entry in listed.stdout.split("\0")[:-1]:
        about, _, file = entry.partition("\t")
        path = PurePosixPath(file)
        if path.suffix == SUFFIX:
            versions[path.stem] = about.split(" ")[2]
    return Kept(name, versions, partial(_read_blobs, versions, repository.directory)) if versions else None


def _read_blobs(
    versions: Mapping[str, str], directory: Path, identifiers: Collection[str]
) -> dict[str, Architecture | str]:
    wanted = list(identifiers)
    files = contents([versions[identifier] for identifier in wanted], directory)
    return {
        identifier: _parsed(content, f"{identifier}{SUFFIX}") for identifier, content in zip(wanted, files, strict=True)
    }
