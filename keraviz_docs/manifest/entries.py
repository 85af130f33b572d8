"""What a manifest says, as plain data: one :class:`ModelEntry` per model to be documented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

Expand = Literal["all", "none"] | int
"""How deep diagrams open composite layers: everything, nothing, or this many levels."""


Level = Literal["notice", "warning", "error"]
"""How grave a change is."""
FailOn = Literal["notice", "warning", "error", "never"]
"""The least grave change that fails a review."""


@dataclass(frozen=True)
class Growth:
    """How much more a model may cost, as a share such as 0.05 for 5%, and how grave it is to go beyond."""

    max_increase: float
    level: Level = "error"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Which changes of a model a project lets through."""

    checkpoint: Level = "error"
    """Existing weights no longer load, load into the wrong layers, or load in part."""
    behaviour: Level = "warning"
    """The model computes something else, or nobody can tell whether existing weights load."""
    signature: Level = "warning"
    """Inputs or outputs differ."""
    removed: Level = "error"
    """The model is no longer there."""
    growth: Mapping[str, Growth] = field(default_factory=dict)
    """Limits by ``parameters``, ``macs`` or ``weight_bytes``."""


@dataclass(frozen=True)
class Position:
    """A place in a text file, line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class BuilderTarget:
    """A callable that returns a Keras model, as ``package.module:name`` (``name`` may be dotted: ``Class.method``)."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


@dataclass(frozen=True)
class SavedModelTarget:
    """A ``.keras`` archive, of which only the configuration is read."""

    path: Path
    """Relative to the project, unless it is absolute."""

    def __str__(self) -> str:
        return self.path.as_posix()


@dataclass(frozen=True)
class Limits:
    """What reading one model may use: seconds of wall clock, and MiB of memory (``None``: unlimited)."""

    timeout: float = 120.0
    memory: int | None = None


@dataclass(frozen=True, kw_only=True)
class EntrySettings:
    """What models and modules that are searched for them have in common."""

    section: str | None = None
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    batch: int | None = None
    expand: Expand = "all"
    limits: Limits = Limits()
    position: Position | None = None


@dataclass(frozen=True, kw_only=True)
class ModelEntry(EntrySettings):
    """One model, with everything needed to build and present it."""

    id: str
    target: BuilderTarget | SavedModelTarget
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    inputs: Any = None
    """Input specification of a model that does not know its own: nested dicts/lists of ``{shape, dtype}``."""
    title: str | None = None
    description: str | None = None
    source: str | None = None
    """URL of the builder's source, when it should not be derived from the code."""
    variant_of: str | None = None
    """Id of the entry whose ``variants`` list this one comes from."""


@dataclass(frozen=True, kw_only=True)
class DiscoverEntry(EntrySettings):
    """A module whose public builders all become models; settings apply to each of them."""

    module: str

    def found(self, identity: str, target: BuilderTarget) -> ModelEntry:
        """Return the entry of a builder that was found in the module."""
        settings = {each.name: getattr(self, each.name) for each in fields(EntrySettings)}
        return ModelEntry(id=identity, target=target, **settings)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two models whose differences have a page."""

    models: tuple[str, str]
    """Ids, that of the base first."""
    title: str | None = None
    description: str | None = None
    positions: tuple[Position, Position]
    """Where each id is written."""


@dataclass(frozen=True, kw_only=True)
class ChangesPage:
    """The earlier states of the zoo that a page compares with it."""

    since: tuple[str, ...] = ()
    """Git refs or directories of snapshots, the latest first; each is compared with the one before it."""
    tags: str = "*"
    """Without ``since``: the tags that are releases, as a pattern."""
    last: int = 5
    """Without ``since``: so many releases."""
    build: bool = False
    """Whether the models of a ref without snapshots are built with the code of that ref."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A whole ``zoo.yml``."""

    path: Path
    title: str = "Model zoo"
    entries: tuple[ModelEntry | DiscoverEntry, ...]
    on_error: Literal["warn", "fail"] = "warn"
    """What a model that cannot be read means for a build: a warning, or failure."""
    graphviz: Literal["bundled", "system"] = "bundled"
    """Which Graphviz draws: the one in the pygraphviz wheel, or the installed ``dot``."""

    formats: tuple[Literal["svg", "png", "pdf", "dot"], ...] = ("svg", "png", "pdf", "dot")
    """What diagrams can be downloaded as; SVG is always there."""

    executor: str = "local"
    """Where models are read: ``local``, ``dask`` or ``dask:ADDRESS``."""

    fail_on: FailOn = "error"
    """The least grave change that fails a review."""
    policy: Policy = Policy()
    """Which changes of models a review lets through."""
    policies: Mapping[str, Policy] = field(default_factory=dict)
    """The same for models that have a policy of their own, by id."""
    pairs: tuple[Pair, ...] = ()
    """Models that are compared with one another."""
    changes: ChangesPage | None = None
    """What the page of changes compares with; no such page without it."""

    @property
    def project(self) -> Path:
        """The directory that imports start from, see :func:`project_of`."""
        return project_of(self.path)


def project_of(manifest: Path) -> Path:
    """Return the directory that imports start from: the manifest's own, or the one above the package it lies in."""
    directory = manifest.resolve().parent
    while (directory / "__init__.py").exists() and directory != directory.parent:
        directory = directory.parent
    return directory
