"""Will the weights that people already have still load?  Decided from two architectures, without Keras.

The rule is Keras's own, ``keras/src/saving/saving_lib.py`` (``_load_state``, ``_load_container_state``) and
``Layer.load_own_variables`` (``keras/src/layers/layer.py``), as of Keras 3.15: a ``.weights.h5`` file is addressed by
paths such as ``layers/conv2d_3``, counted per class in the order of ``model.layers``; names of layers are ignored.
Every object of the model that loads looks up its own path; it needs exactly as many variables there as it has, of the
same shapes.  Where it finds something else, a layer of a subclassed model has a second path to try.  Paths in the file
that nothing asks for are ignored.  A nested list that the file lacks altogether is skipped with a warning.  So a file
can load without an error and put weights into the wrong layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from keraviz_docs.architecture import Architecture, CheckpointEntry
from keraviz_docs.review.changes import Change
from keraviz_docs.review.graph import COMMUTATIVE
from keraviz_docs.review.matching import Matching
from keraviz_docs.review.settings import affects_function

Verdict = Literal["identical", "loads", "loads-changed", "loads-partly", "misloads", "fails", "unknown"]

MEANING: Mapping[Verdict, str] = {
    "identical": "nothing changed",
    "loads": "existing weights load, and the model computes the same",
    "loads-changed": "existing weights load, but the model computes something else",
    "loads-partly": "existing weights load, but some of them are left over",
    "misloads": "existing weights load without an error, but into the wrong layers",
    "fails": "existing weights do not load",
    "unknown": "whether existing weights load cannot be told",
}


class Mismatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One place where a checkpoint of the base does not fit the head."""

    kind: Literal["missing", "shape", "count", "wrong-layer", "not-loaded", "left-over", "custom"]
    checkpoint: str
    """The path in the file."""
    layer: str | None = None
    """Path of the layer of the head that looks there."""
    base_layer: str | None = None
    """Path of the layer of the base whose weights are there."""
    expected: tuple[tuple[int, ...], ...] = ()
    """Shapes that the head needs."""
    found: tuple[tuple[int, ...], ...] = ()
    """Shapes that the file holds."""

    def explain(self) -> str:
        """Say what does not fit, in one sentence."""
        layer = self.layer or self.checkpoint
        if self.kind == "missing":
            return f"{layer} needs {_shapes(self.expected)}; the file has nothing at {self.checkpoint}"
        if self.kind == "shape":
            return f"{layer} needs {_shapes(self.expected)}; the file has {_shapes(self.found)} at {self.checkpoint}"
        if self.kind == "count":
            has = {0: "no variables", 1: "1 variable"}.get(len(self.expected), f"{len(self.expected)} variables")
            return f"{layer} has {has}; the file has {len(self.found)} at {self.checkpoint}"
        if self.kind == "wrong-layer":
            return f"{layer} would silently get the weights of {self.base_layer or 'another layer'}"
        if self.kind == "not-loaded":
            return f"{layer} would keep its initial weights; the file has nothing at {self.checkpoint}"
        if self.kind == "left-over":
            return f"the weights of {self.base_layer or self.checkpoint} would not be used"
        return f"{layer} loads its weights by code of its own"


def verdict_on(
    base: Architecture, head: Architecture, matching: Matching, changes: Sequence[Change]
) -> tuple[Verdict, tuple[Mismatch, ...]]:
    """Decide what happens when weights saved from the base are loaded into the head.

    Returns:
        The verdict, and what led to it, the gravest first.
    """
    if not changes and _addresses(base) == _addresses(head):
        return "identical", ()
    if any(side.totals.parameters and not side.checkpoint for side in (base, head)):
        return "unknown", ()
    mismatches = sorted(_mismatches(base, head, matching), key=lambda mismatch: _GRAVITY[mismatch.kind])
    if mismatches:
        return _CONSEQUENCE[mismatches[0].kind], tuple(mismatches)
    return "loads" if all(_is_harmless(change) for change in changes) else "loads-changed", ()


def _addresses(architecture: Architecture) -> dict[str, tuple[object, ...]]:
    return {entry.path: (entry.custom, entry.variables, entry.also) for entry in architecture.checkpoint}


_CONSEQUENCE: Mapping[str, Verdict] = {
    "missing": "fails",
    "shape": "fails",
    "count": "fails",
    "wrong-layer": "misloads",
    "not-loaded": "misloads",
    "custom": "unknown",
    "left-over": "loads-partly",
}
_GRAVITY = {kind: rank for rank, kind in enumerate(_CONSEQUENCE)}


def _mismatches(base: Architecture, head: Architecture, matching: Matching) -> Iterator[Mismatch]:
    file = {entry.path: entry for entry in base.checkpoint}
    prefixes = {prefix for path in file for prefix in _prefixes(path)}
    counterpart = _counterparts(base, head, matching)
    for entry in head.checkpoint:
        address = next((path for path in (entry.path, *entry.also) if _fits(file.get(path), entry)), entry.path)
        found = file.pop(address, None)
        if entry.custom or (found is not None and found.custom):
            if found is None or found != msgspec.structs.replace(entry, layer=found.layer, also=found.also):
                yield _mismatch("custom", entry, found)
                continue
        elif found is None and not entry.variables:
            continue
        elif found is None:
            container = _missing_container(entry.path, prefixes)
            yield _mismatch("missing" if container is None else "not-loaded", entry, None)
            continue
        elif len(found.variables) != len(entry.variables):
            yield _mismatch("count", entry, found)
            continue
        elif found.variables != entry.variables:
            yield _mismatch("shape", entry, found)
            continue
        if entry.variables and found is not None and not _is_same_layer(found, entry, counterpart):
            yield _mismatch("wrong-layer", entry, found)
    holders = {"", *(prefix for entry in head.checkpoint if not entry.also for prefix in _prefixes(entry.path))}
    for entry in file.values():
        if entry.variables and entry.path in holders:
            # The head has an object here whose parts may have variables, but none of its own.
            yield Mismatch(kind="count", checkpoint=entry.path, base_layer=entry.layer, found=entry.variables)
        elif entry.variables:
            yield Mismatch(kind="left-over", checkpoint=entry.path, base_layer=entry.layer, found=entry.variables)


def _fits(found: CheckpointEntry | None, entry: CheckpointEntry) -> bool:
    return (found.variables if found else ()) == entry.variables


def _mismatch(kind: str, entry: CheckpointEntry, found: CheckpointEntry | None) -> Mismatch:
    return msgspec.convert(
        {
            "kind": kind,
            "checkpoint": entry.path,
            "layer": entry.layer,
            "base_layer": found and found.layer,
            "expected": entry.variables,
            "found": found.variables if found else (),
        },
        Mismatch,
    )


def _is_same_layer(found: CheckpointEntry, entry: CheckpointEntry, counterpart: Mapping[str, str]) -> bool:
    if found.layer is None or entry.layer is None:
        # Nothing that takes part in inference: an address is all there is to go by.
        return found.layer is None and entry.layer is None
    return counterpart.get(found.layer) == entry.layer


def _counterparts(base: Architecture, head: Architecture, matching: Matching) -> dict[str, str]:
    """Head path by base path of the nodes and groups that own variables; a shared layer is named by its first call."""
    found = dict(matching.groups)
    for old, new in matching.nodes.items():
        before, after = base.node(old), head.node(new)
        before = before if before.shared is None else base.node(before.shared)
        after = after if after.shared is None else head.node(after.shared)
        found.setdefault(before.path, after.path)
    return found


def _prefixes(path: str) -> Iterator[str]:
    parts = path.split("/")
    for length in range(1, len(parts) + 1):
        yield "/".join(parts[:length])


def _missing_container(path: str, prefixes: set[str]) -> str | None:
    """The nested list on the way to a path that the file knows nothing of, if there is one."""
    for prefix in _prefixes(path):
        if re.fullmatch(r"container(_\d+)?", prefix.rpartition("/")[2]) and "/" in prefix and prefix not in prefixes:
            return prefix
    return None


def _is_harmless(change: Change) -> bool:
    """Whether a change leaves the function of a model with loaded weights alone."""
    if change.kind == "renamed":
        return True
    if change.kind == "rewired":
        return "order" in change.settings and change.class_name in COMMUTATIVE
    if change.kind == "signature":
        return change.settings.keys() <= {"name"}
    if change.kind == "changed":
        return not any(affects_function(setting) for setting in change.settings)
    return False


def _shapes(shapes: tuple[tuple[int, ...], ...]) -> str:
    if not shapes:
        return "no variables"
    shown = ["×".join(str(size) for size in shape) or "scalar" for shape in shapes[:4]]
    return ", ".join(shown) + (f" and {len(shapes) - 4} more" if len(shapes) > 4 else "")
