"""What can differ between two versions of a model, as data that can explain itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from keraviz_docs.review.settings import shown

Kind = Literal["added", "removed", "changed", "moved", "renamed", "rewired", "repeated", "signature"]

SIGNS: Mapping[str, str] = {
    "added": "+",
    "removed": "−",
    "changed": "~",
    "moved": "↕",
    "renamed": "=",
    "rewired": "↪",
    "repeated": "×",
    "signature": "⇥",
}
"""One sign per kind, so that nothing depends on colour."""

NEEDED: Mapping[str, set[str]] = {"renamed": {"name"}, "rewired": {"inputs"}, "repeated": {"times"}}
"""Settings without which a change of a kind cannot be told."""

Style = Literal["line", "sentence"]


class Place(msgspec.Struct, frozen=True):
    """Where something is in one version: the number of the layer and its path; a group has no number."""

    number: int | None
    path: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference.

    ``settings`` holds what differs, each as (base, head).  A *ripple* is a layer whose own settings are the same and
    whose shape or parameters changed because an input did.  ``entries`` of a ``repeated`` change are the positions, in
    the list of all changes, of the added or removed layers that it sums up.
    """

    kind: Kind
    class_name: str = msgspec.field(name="class")
    base: Place | None
    head: Place | None
    settings: Mapping[str, tuple[Any, Any]] = {}
    ripple: bool = False
    entries: tuple[int, ...] = ()
    label: str = ""
    """What a person calls the block that a ``repeated`` change is about."""

    @property
    def place(self) -> Place:
        """Where to look: the place in the head, or in the base for what was removed."""
        place = self.head or self.base
        if place is None:
            raise ValueError("a change has a place in the base, in the head, or in both")
        return place

    @property
    def sign(self) -> str:
        """The sign of its kind."""
        return "≈" if self.ripple else SIGNS[self.kind]

    def explain(self, style: Style = "line") -> str:
        """Say what changed.

        Args:
            style: ``line`` begins with the sign and names the place, for lists; ``sentence`` is for a lone statement.
        """
        what = _EXPLANATIONS[self.kind](self)
        if style == "line":
            return f"{self.sign} {self.where}{self.class_name if not self.label else self.label}: {what}"
        subject = self.label or f"{self.class_name} {self.place.path}".strip()
        return f"{subject}: {what}"

    @property
    def where(self) -> str:
        """``#18 path `` for a layer, ``path `` for a group, nothing for the model itself or a block."""
        if self.label:
            return ""
        number = "" if self.place.number is None else f"#{self.place.number} "
        return f"{number}{self.place.path} " if self.place.path else number


def _differences(change: Change) -> str:
    return ", ".join(f"{key} {shown(old)} → {shown(new)}" for key, (old, new) in change.settings.items())


def _added(change: Change) -> str:
    chosen = ", ".join(f"{key} {shown(new)}" for key, (_, new) in change.settings.items() if new is not None)
    return f"added ({chosen})" if chosen else "added"


def _removed(change: Change) -> str:
    chosen = ", ".join(f"{key} {shown(old)}" for key, (old, _) in change.settings.items() if old is not None)
    return f"removed ({chosen})" if chosen else "removed"


def _changed(change: Change) -> str:
    return f"{_differences(change)} (follows from its input)" if change.ripple else _differences(change)


def _moved(change: Change) -> str:
    old, new = change.settings.get("after", ((), ()))
    return f"moved, from after {shown(old)} to after {shown(new)}"


def _renamed(change: Change) -> str:
    old, new = change.settings["name"]
    if old is None:
        return f"named {new}"
    return f"name {old} dropped" if new is None else f"renamed from {old} to {new}"


def _rewired(change: Change) -> str:
    old, new = change.settings["inputs"]
    if "order" in change.settings:
        return f"takes its inputs in another order: {shown(new)} (was {shown(old)})"
    return f"takes input from {shown(new)} (was {shown(old)})"


def _repeated(change: Change) -> str:
    old, new = change.settings["times"]
    return f"×{shown(old)} → ×{shown(new)}"


def _signature(change: Change) -> str:
    if change.base is None:
        return f"new {_added(change)[5:].strip() or 'port'}"
    if change.head is None:
        return f"no longer there {_removed(change)[7:].strip()}".strip()
    return _differences(change)


_EXPLANATIONS: Mapping[str, Callable[[Change], str]] = {
    "added": _added,
    "removed": _removed,
    "changed": _changed,
    "moved": _moved,
    "renamed": _renamed,
    "rewired": _rewired,
    "repeated": _repeated,
    "signature": _signature,
}
