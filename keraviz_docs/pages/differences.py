"""What differs between two versions of a model, or two models, as a page shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from keraviz_docs.pages.page import render
from keraviz_docs.review.changes import SIGNS, Change
from keraviz_docs.review.comparison import ModelComparison

MOST_LINES = 400
"""So many changes are listed; more are counted."""

_CLASSES: Mapping[str, str] = {sign: kind for kind, sign in SIGNS.items()} | {"≈": "ripple"}

LinkToLayer = Callable[[int], str]
"""Gives the address of a layer, by its number in the diagram."""


@dataclass(frozen=True)
class Compared:
    """A comparison, and drawings of both versions in one."""

    model: ModelComparison
    drawings: Mapping[str, str] = field(default_factory=dict)
    """SVG by variant, ``tb`` or ``lr``; none where nothing differs."""
    drawing_failure: str | None = None
    """Why there are none although something differs."""


@dataclass(frozen=True)
class Line:
    """One difference in a list."""

    kind: str
    """For its colour."""
    sign: str
    text: str
    number: str = ""
    """Of the layer in the diagram, with a hash in front."""
    href: str | None = None


def differences(
    compared: Compared, weights: str, *, base: LinkToLayer | None = None, head: LinkToLayer | None = None
) -> str:
    """Render what differs: the checkpoint verdict, the sum of it, and every change on request.

    Args:
        compared: the comparison.
        weights: what happens to weights that fit the base, as a sentence.
        base: where the layers of the base are shown, if anywhere.
        head: where those of the head are.
    """
    model = compared.model
    own = [_line(change, base, head) for change in model.own_changes]
    ripples = [_line(change, base, head) for change in model.ripples]
    return render(
        "differences.html",
        verdict=model.verdict,
        weights=weights,
        mismatches=[mismatch.explain() for mismatch in model.mismatches],
        headlines=[_headline(line) for line in model.headlines],
        lists=[
            (_title(len(own), "change", "changes"), own if len(own) > len(model.headlines) or not own else []),
            (_title(len(ripples), "layer that follows", "layers that follow"), ripples),
        ],
        most=MOST_LINES,
        has_removed=any(change.head is None for change in model.own_changes),
    )


def _title(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _headline(text: str) -> Line:
    sign, _, rest = text.partition(" ")
    return Line(_CLASSES.get(sign, ""), sign, rest)


def _line(change: Change, base: LinkToLayer | None, head: LinkToLayer | None) -> Line:
    kind = "ripple" if change.ripple else change.kind
    text = change.explain().removeprefix(f"{change.sign} ")
    number = change.place.number
    if number is None or not text.startswith(f"#{number} "):
        return Line(kind, change.sign, text)
    link = base if change.head is None else head
    return Line(kind, change.sign, text.removeprefix(f"#{number} "), f"#{number}", link(number) if link else None)


def signed(before: int | None, after: int | None) -> str:
    """Say how much more the second of two figures is than the first.

    >>> signed(1000, 1200), signed(1000, 998), signed(1000, 1000), signed(10_000, 10_001), signed(1000, 3300)
    ('+20 %', '−0.2 %', 'same', '+0.1 %', '×3.3')
    >>> signed(None, 5), signed(0, 5)
    ('', '')
    """
    if before == after and before is not None:
        return "same"
    if not before or after is None:
        return ""
    share = abs(after - before) / before
    if after >= 2 * before:
        return f"×{after / before:.3g}"
    return f"{'+' if after > before else '−'}{max(100 * share, 0.1):.{0 if share >= 0.0995 else 1}f} %"
