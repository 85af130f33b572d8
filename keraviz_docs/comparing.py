"""The comparisons that a site shows: pairs of its models, and its models with what they were in earlier states.

What was compared and drawn once is kept by content, so that a build in which nothing changed reads no earlier model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import msgspec

from keraviz_docs import __version__, diagrams, production, review
from keraviz_docs import manifest as manifests
from keraviz_docs.architecture import Architecture, from_json, to_json
from keraviz_docs.diagrams import EngineName, GraphvizError, Renderer, Variant
from keraviz_docs.digests import digest
from keraviz_docs.errors import Code, UserError
from keraviz_docs.manifest.crosschecks import unknown_model
from keraviz_docs.pages.changes_page import Changes, Period
from keraviz_docs.pages.comparison_page import ComparedPair
from keraviz_docs.pages.differences import Compared
from keraviz_docs.pages.model_page import Documented
from keraviz_docs.production.store import Store
from keraviz_docs.review.comparison import ModelComparison, compare_zoos, costs_of
from keraviz_docs.review.git import git, worktree
from keraviz_docs.review.history import Kept, Missing, history
from keraviz_docs.review.reports.figure import change_figure

_COMPARISON = "comparison.json"
_NOW = "now"
_Side = Architecture | str | None
"""A model, why it cannot be read, or that it is not there."""


@dataclass
class Workshop:
    """Compares and draws what is not in the store; to be used as a context manager."""

    store: Store
    graphviz: EngineName
    progress: production.Progress = field(default_factory=production.Silent)
    """Is told what is compared."""
    undrawn: list[str] = field(default_factory=list)
    """One sentence for each diagram that Graphviz could not draw."""
    _open: ExitStack = field(default_factory=ExitStack)
    _renderer: Renderer | None = None

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def kept(self, key: str) -> Compared | None:
        """Return what was made under a key, if it is still there."""
        files = self.store.get_files(key)
        if files is None:
            return None
        try:
            model = msgspec.json.decode(files[_COMPARISON].read_bytes(), type=ModelComparison)
            drawn = {Path(name).stem: path.read_text("utf-8") for name, path in files.items() if name.endswith(".svg")}
        except (OSError, KeyError, msgspec.DecodeError):
            return None  # somebody cleared the cache meanwhile
        return Compared(model, drawn)

    def make(
        self, key: str, name: str, identifier: str, base: _Side, head: _Side, variants: Sequence[Variant], what: str
    ) -> Compared:
        """Compare two versions, draw what differs, and keep both.

        Args:
            key: under which it is kept.
            name: what the ids in the drawings begin with.
            identifier: the model's.
            base: the version before.
            head: the version after.
            variants: which drawings to make.
            what: what is compared, in words.
        """
        if base is not None and head is not None:
            self.progress.note(f"Comparing {what}")
        before = {} if base is None else {identifier: base}
        after = {} if head is None else {identifier: head}
        (model,) = compare_zoos(before, after, base_name="", head_name="").models
        drawn: dict[str, str] = {}
        if model.status == "changed" and isinstance(base, Architecture) and isinstance(head, Architecture):
            try:
                for variant in variants:
                    figure = change_figure(base, head, model, variant)
                    drawn[variant] = self._drawer().svg(replace(figure, id=name))
            except GraphvizError as error:
                self.undrawn.append(f"{identifier}, diagram of what changed: {error.message} [{error.code.value}]")
                return Compared(model, {}, "Graphviz could not draw this diagram.")
        if model.status != "failed":
            files = {f"{variant}.svg": svg.encode() for variant, svg in drawn.items()}
            self.store.put_files(key, {_COMPARISON: msgspec.json.encode(model), **files})
        return Compared(model, drawn)

    def _drawer(self) -> Renderer:
        if self._renderer is None:
            self._renderer = self._open.enter_context(Renderer(self.graphviz))
        return self._renderer

    def key(self, *parts: str) -> str:
        """Return the key of what is made from these parts by this code."""
        return digest("\0".join([_fingerprint(), self.graphviz, *parts]).encode("utf-8", "surrogatepass"))


# ------------------------------------------------------------------------------------------------------------- pairs


def pairs(wanted: Sequence[manifests.Pair], zoo: Sequence[Documented], workshop: Workshop) -> list[ComparedPair]:
    """Compare the pairs of models that a manifest lists.

    Raises:
        ManifestError: a pair names a model that is not there.
    """
    models = {model.id: model for model in zoo}
    mistakes = [
        manifests.Mistake(position, unknown_model(identifier, sorted(models)), Code.UNKNOWN_MODEL)
        for pair in wanted
        for identifier, position in zip(pair.models, pair.positions, strict=True)
        if identifier not in models
    ]
    if mistakes:
        raise manifests.ManifestError(mistakes)
    return [_pair(pair, models[pair.models[0]], models[pair.models[1]], workshop) for pair in wanted]


def _pair(pair: manifests.Pair, base: Documented, head: Documented, workshop: Workshop) -> ComparedPair:
    found = ComparedPair(base, head, title=pair.title, description=pair.description)
    one, other = base.reading, head.reading
    if one is None or other is None:
        return found
    before, after = one.architecture, other.architecture
    key = workshop.key("pair", found.id, digest(to_json(before)), digest(to_json(after)))
    made = workshop.kept(key) or workshop.make(key, found.id, head.id, before, after, ("tb", "lr"), found.heading)
    return replace(found, compared=made)


# ----------------------------------------------------------------------------------------------------------- changes


@dataclass(frozen=True)
class Compiled:
    """A page of changes, and what there is to say about making it."""

    changes: Changes
    missing: tuple[Missing, ...]
    """The states that could not be compared."""
    watched: tuple[Path, ...]
    """Files and directories that say which states there are."""


def changes(
    manifest: manifests.Manifest,
    zoo: Sequence[Documented],
    workshop: Workshop,
    cache: production.Cache,
    pool: production.Pool | None = None,
) -> Compiled | None:
    """Compare the models of a zoo with the earlier states that its manifest names, each state with the next.

    Args:
        manifest: what says which.
        zoo: the models as they are now.
        workshop: what compares and draws.
        cache: where the models of a state are kept that had to be built.
        pool: reads them.
    """
    wanted = manifest.changes
    if wanted is None:
        return None
    directory = manifest.path.parent
    found = history(wanted, directory)
    states = [
        _built(state, manifest, cache, pool) if wanted.build and isinstance(state, Missing) and state.commit else state
        for state in found.states
    ]
    later = _now(zoo)
    periods: list[Period] = []
    for state in states:
        head = None if later.name == _NOW else later.name
        if isinstance(state, Missing):
            periods.append(Period(state.name, head, problem=state.reason))
            continue  # what came after is compared with the one before
        periods.append(Period(state.name, head, tuple(_differences(state, later, zoo, workshop))))
        later = state
    missing = tuple(state for state in states if isinstance(state, Missing))
    return Compiled(Changes(_named(periods)), missing, found.watched)


def _named(periods: Sequence[Period]) -> tuple[Period, ...]:
    """Give every period an address of its own."""
    used: set[str] = set()
    named = []
    for period in periods:
        slug = stem = manifests.derive_id(period.base) or "state"
        number = 1
        while slug in used:
            number += 1
            slug = f"{stem}-{number}"
        used.add(slug)
        named.append(replace(period, slug=slug))
    return tuple(named)


def _now(zoo: Sequence[Documented]) -> Kept:
    models = {model.id: model for model in zoo if not model.is_module}

    def side(identifier: str) -> Architecture | str:
        model = models[identifier]
        failure = f"it cannot be read now: {model.failure.message}" if model.failure else ""
        return model.reading.architecture if model.reading else failure

    versions = {
        identifier: digest(to_json(known)) if isinstance(known := side(identifier), Architecture) else ""
        for identifier in models
    }
    return Kept(_NOW, versions, lambda identifiers: {identifier: side(identifier) for identifier in identifiers})


def _differences(before: Kept, after: Kept, zoo: Sequence[Documented], workshop: Workshop) -> Iterator[Compared]:
    """Compare two states; the models in the order of the zoo, those that are gone at the end."""
    order = [model.id for model in zoo]
    both = before.versions.keys() | after.versions.keys()
    identifiers = [identifier for identifier in order if identifier in both] + sorted(both - set(order))
    unsearched = [model.title for model in zoo if model.is_module] if after.name == _NOW else []
    known: dict[str, Compared] = {}
    keys: dict[str, str] = {}
    for identifier in identifiers:
        old, new = before.versions.get(identifier), after.versions.get(identifier)
        if old == new:
            known[identifier] = Compared(ModelComparison(id=identifier, status="identical", costs=costs_of(None, None)))
            continue
        if new is None and unsearched:
            reason = f"{unsearched[0]} could not be searched for models, so nobody knows whether it is still there"
            failed = ModelComparison(id=identifier, status="failed", costs=costs_of(None, None), error=reason)
            known[identifier] = Compared(failed)
            continue
        keys[identifier] = workshop.key("changes", identifier, str(old), str(new))
        kept = workshop.kept(keys[identifier])
        if kept is not None:
            known[identifier] = kept
    left = [identifier for identifier in identifiers if identifier not in known]
    bases = before.read([identifier for identifier in left if identifier in before.versions]) if left else {}
    heads = after.read([identifier for identifier in left if identifier in after.versions]) if left else {}
    for identifier in identifiers:
        if identifier in known:
            yield known[identifier]
            continue
        # By content, as the key: the same change has the same drawing, whatever the states are called.
        name = f"{identifier}-changes-{keys[identifier][:8]}"
        sides = bases.get(identifier), heads.get(identifier)
        yield workshop.make(keys[identifier], name, identifier, *sides, ("tb",), f"{identifier} with {before.name}")


def _built(
    state: Missing, manifest: manifests.Manifest, cache: production.Cache, pool: production.Pool | None
) -> Kept | Missing:
    """Build the models of a commit with its own code, in a checkout beside the repository's own."""
    directory = manifest.path.parent
    commit = state.commit or ""
    prefix = git(["rev-parse", "--show-prefix"], directory).stdout.strip()
    key = digest("\0".join(["built", __version__, commit, prefix, manifest.path.name]).encode())
    stored = cache.diagrams.get_files(key)
    if stored is None:
        with worktree(commit, directory) as root:
            old = root / prefix / manifest.path.name
            if not old.is_file():
                reason = f"{state.name} has neither snapshots nor {manifest.path.name}"
                return replace(state, reason=reason, commit=None)
            try:
                loaded = manifests.load(old)
            except UserError as error:
                return replace(state, reason=f"the manifest of {state.name} is wrong: {error.message}", commit=None)
            report = production.produce(loaded.entries, loaded.project, cache=cache, pool=pool)
        if report.failures:
            failure = report.failures[0]
            reason = f"{failure.id or failure.target} cannot be read from {state.name}: {failure.message}"
            return replace(state, reason=reason, is_mistake=False, commit=None)
        read = (Documented(entry=model.entry, outcome=model.held).reading for model in report.models)
        files = {f"{each.architecture.id}.json": to_json(each.architecture) for each in read if each is not None}
        stored = cache.diagrams.put_files(key, files)
    files = {Path(name).stem: path.read_bytes() for name, path in stored.items()}
    versions = {identifier: digest(data) for identifier, data in files.items()}
    return Kept(state.name, versions, lambda identifiers: _decoded(files, identifiers))


def _decoded(files: Mapping[str, bytes], identifiers: Iterable[str]) -> dict[str, Architecture | str]:
    return {identifier: from_json(files[identifier]) for identifier in identifiers}


@cache
def _fingerprint() -> str:
    """Identify the code that compares and draws, so that another version does it anew."""
    folders = [Path(package.__file__ or "").parent for package in (diagrams, review)]
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in (".py", ".json")]
    return digest(b"\0".join([__version__.encode(), *(file.read_bytes() for file in files)]))
