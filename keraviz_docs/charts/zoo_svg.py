"""The models of a zoo compared, drawn: a point for each, parameters across and MACs upwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keraviz_docs.charts.elements import (
    LEVELS,
    TEXT,
    Element,
    chart,
    child,
    digits,
    finished,
    link,
    percent,
    width_of,
    words,
)
from keraviz_docs.charts.labels import Placed, Spot, place_labels
from keraviz_docs.charts.scales import logarithmic, logarithmic_range, round_values, short
from keraviz_docs.charts.zoo import Model
from keraviz_docs.diagrams import typeface
from keraviz_docs.quantities import scaled

_TOP = 22.0
_HEIGHT = 340.0
_BELOW = 38.0
_LABEL_LIMIT = 150.0
_SHAPES = (
    "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    "M-4-4h8v8h-8z",
    "M0-5.3l5 9h-10z",
    "M0-5.5l5.5 5.5l-5.5 5.5l-5.5-5.5z",
    "M0 5.3l-5-9h10z",
    "M-1.7-5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z",
    "M0-5.5l5.2 3.8l-2 6.2h-6.4l-2-6.2z",
    "M-4.5-5h9l-3 5l3 5h-9l3-5z",
    "M0-6l1.8 4.2l4.2 1.8l-4.2 1.8l-1.8 4.2l-1.8-4.2l-4.2-1.8l4.2-1.8z",
    "M-5-2.6l2.4-2.4l2.6 2.6l2.6-2.6l2.4 2.4l-2.6 2.6l2.6 2.6l-2.4 2.4l-2.6-2.6l-2.6 2.6l-2.4-2.4l2.6-2.6z",
)
"""Outlines of points, around their middle: sections differ by shape as well as by colour."""


@dataclass(frozen=True)
class LegendEntry:
    """A section, or all further ones, and the point that stands for its models."""

    title: str
    symbol: str
    """As ``<svg>``."""


def legend(models: Sequence[Model]) -> tuple[LegendEntry, ...]:
    """Say which points belong to which section, in the order of the models."""
    named: dict[int, list[str]] = {}
    for section, kind in _kinds(models).items():
        named.setdefault(kind, []).append(section or "No section")
    return tuple(
        LegendEntry(
            title=sections[0] if len(sections) == 1 else f"{len(sections)} other sections",
            symbol='<svg class="kv-symbol" viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true">'
            f'<path class="kv-kind-{kind}" d="{_SHAPES[kind]}"/></svg>',
        )
        for kind, sections in sorted(named.items())
    )


def _kinds(models: Sequence[Model]) -> dict[str, int]:
    """Return for each section the number of its shape and colour; when these run out, the last one is shared."""
    sections = dict.fromkeys(model.section for model in models)
    return {section: min(index, len(_SHAPES) - 1) for index, section in enumerate(sections)}


def zoo_svg(models: Sequence[Model], identifier: str, title: str) -> str:
    """Draw parameters against MACs, both on logarithmic axes, as an ``<svg>`` for the inside of a page.

    Each point is a link to the model's page.  As many points have labels as there is room for.

    Args:
        models: what :func:`~keraviz_docs.charts.zoo.comparable` returned, at least one.
        identifier: begins the ids in the drawing; unique on the page.
        title: what the zoo is called.
    """
    across = _axis([model.parameters for model in models])
    upwards = _axis([_macs(model) for model in models])
    root = chart(identifier, _TOP + _HEIGHT + _BELOW, f"{title}: parameters and MACs", _description(models))
    _draw_axes(root, across, upwards)
    spots = [
        Spot(
            x=logarithmic(model.parameters, *across),
            y=_HEIGHT * (1 - logarithmic(_macs(model), *upwards)),
            label_width=width_of(_label(model)),
        )
        for model in models
    ]
    labels = {each.spot: each for each in place_labels(spots, tuple(LEVELS), _HEIGHT)}
    kind_of = _kinds(models)
    for index, (model, spot) in enumerate(zip(models, spots, strict=True)):
        _draw_point(root, model, spot, kind_of[model.section], labels.get(index))
    return finished(root)


def _axis(values: Sequence[int]) -> tuple[float, float]:
    return logarithmic_range(min(values), max(values))


def _macs(model: Model) -> int:
    assert model.macs  # noqa: S101  # of comparable models they are known
    return model.macs


def _description(models: Sequence[Model]) -> str:
    smallest, largest = (select(models, key=lambda model: model.parameters) for select in (min, max))
    return (
        f"{len(models)} models between {scaled(smallest.parameters)} parameters ({smallest.title}) "
        f"and {scaled(largest.parameters)} ({largest.title}). The table of models has all figures."
    )


def _draw_axes(root: Element, across: tuple[float, float], upwards: tuple[float, float]) -> None:
    words(root, "MACs for one sample", "0", 11, class_="kv-panel")
    bottom = _TOP + _HEIGHT
    for value in round_values(*upwards):
        y = _TOP + _HEIGHT * (1 - logarithmic(value, *upwards))
        child(root, "line", x2="100%", y1=digits(y), y2=digits(y), class_="kv-grid")
        words(root, short(value), "-8", y + TEXT / 3, class_="kv-end kv-tick")
    values = round_values(*across)
    for index, value in enumerate(values):
        x = percent(logarithmic(value, *across))
        child(root, "line", x1=x, x2=x, y1=digits(_TOP), y2=digits(bottom), class_="kv-grid")
        crowded = "kv-from-wide" if len(values) > 6 and index % 2 else ""
        words(root, short(value), x, bottom + 15, class_=f"kv-middle kv-tick {crowded}".strip())
    words(root, "Parameters", "100%", bottom + 32, class_="kv-panel kv-end")


def _draw_point(root: Element, model: Model, spot: Spot, kind: int, label: Placed | None) -> None:
    place = child(root, "svg", x=percent(spot.x), y=digits(_TOP + spot.y), class_="kv-point")
    section = f"{model.section}, " if model.section else ""
    says = f"{model.title}: {section}{scaled(model.parameters)} parameters, {scaled(_macs(model))} MACs"
    target = link(place, model.href, says)
    child(target, "path", class_=f"kv-kind-{kind}", d=_SHAPES[kind])
    if label is None:
        return
    x, y, anchor = _ANCHORS[label.side]
    words(target, _label(model), x, y, class_=f"{anchor} {list(LEVELS.values())[label.level]}".strip())


_ANCHORS: Mapping[str, tuple[str, float, str]] = {
    "right": ("8", 4, ""),
    "left": ("-8", 4, "kv-end"),
    "above": ("0", -9, "kv-middle"),
    "below": ("0", 16, "kv-middle"),
}


def _label(model: Model) -> str:
    return typeface.elide(typeface.drawable(model.title), TEXT, _LABEL_LIMIT)
