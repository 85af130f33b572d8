"""A model along its depth, drawn: bars for parameters and for MACs, steps for resolution and width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from keraviz_docs.charts.depth import DepthSeries, Mark, Stage
from keraviz_docs.charts.elements import (
    LEVELS,
    TEXT,
    Element,
    chart,
    child,
    digits,
    finished,
    link,
    needs,
    percent,
    width_of,
    words,
)
from keraviz_docs.charts.scales import logarithmic, round_steps, short
from keraviz_docs.diagrams import typeface
from keraviz_docs.quantities import scaled

_NAMES = 18.0
"""Height of the row of stages' names."""
_HEADING = 24.0
_PANEL = 84.0
_FRAME = 18.0
"""Height of the frame around what is not known."""
_GAP = 10.0
_STEPS = 34.0
_LOWEST = 15.0
"""Height of the lowest step: its label stands inside."""
_AXIS = 20.0
_NAME_LIMIT = 170.0
_ABOVE_BASE = 5.0
"""How far above the bottom of its row a label stands."""


def depth_svg(series: DepthSeries, identifier: str, title: str) -> str:
    """Draw what a model costs along its depth, as an ``<svg>`` for the inside of a page.

    Each position is a link to its first layer (``#layer-17``).  A row of which nothing is known, or which the model
    does not have, is left out.

    Args:
        series: the data.
        identifier: begins the ids in the drawing; unique on the page.
        title: what the model is called.
    """
    marks = series.marks
    stages = series.stages if len(series.stages) > 1 else ()
    panels = _panels(marks, top=_NAMES if stages else 0.0)
    rows = _rows(marks, top=panels[-1].base if panels else 0.0)
    bottom = (rows[-1].base if rows else panels[-1].base if panels else 0.0) + _GAP
    root = chart(identifier, bottom + _AXIS, f"{title}: along the depth", _description(series))
    _draw_stages(root, stages, len(marks), bottom)
    for panel in panels:
        _draw_scale(root, panel)
    # Stretched in one direction only, with a position as its unit across and a pixel as its unit downwards.
    field = child(
        root,
        "svg",
        width="100%",
        height=digits(bottom),
        viewBox=f"0 0 {len(marks)} {digits(bottom)}",
        preserveAspectRatio="none",
    )
    for row in rows:
        _draw_steps(field, row)
    for index, mark in enumerate(marks):
        position = link(field, f"#layer-{mark.first}", _says(mark))
        child(position, "rect", class_="kv-hit", x=str(index), width="1", height=digits(bottom))
        for panel in panels:
            _draw_bar(position, panel, index)
    for panel in panels:
        _mark_unknown(root, field, panel)
    for row in rows:
        _label_steps(root, row, len(marks))
    _draw_axis(root, marks, bottom)
    return finished(root)


@dataclass(frozen=True)
class _Panel:
    """A panel of bars."""

    name: str
    values: tuple[int | None, ...]
    """What is known, for each position."""
    exact: tuple[bool, ...]
    """Whether that is all."""
    base: float
    """Where its bars stand, in pixels from the top of the chart."""

    @property
    def steps(self) -> tuple[int, ...]:
        """The values at its axis."""
        return round_steps(max(value or 0 for value in self.values))

    @property
    def fill(self) -> float:
        """The share of a position that its bar fills: a few bars are no walls."""
        return min(0.8, 0.3 + 0.5 * len(self.values) / 24)

    def height(self, value: float) -> float:
        return _PANEL * value / self.steps[-1]


@dataclass(frozen=True)
class _Run:
    """Positions in a row with the same value."""

    begin: int
    end: int
    """The position after the last."""
    value: float
    label: str


@dataclass(frozen=True)
class _Row:
    """A row of steps."""

    name: str
    runs: tuple[_Run, ...]
    base: float


def _panels(marks: Sequence[Mark], top: float) -> list[_Panel]:
    found: list[_Panel] = []
    for name, values, exact in (
        ("Parameters", tuple(mark.parameters for mark in marks), (True,) * len(marks)),
        ("MACs", tuple(mark.macs.known for mark in marks), tuple(not mark.macs.unknown for mark in marks)),
    ):
        if any(values):
            top += _HEADING + _PANEL
            found.append(_Panel(name, values, exact, top))
    return found


def _rows(marks: Sequence[Mark], top: float) -> list[_Row]:
    known = [tuple(length for length in mark.size or () if length is not None) for mark in marks]
    sizes = [size if mark.size == size else None for mark, size in zip(marks, known, strict=True)]
    axes = max((len(size) for size in sizes if size), default=0)
    found: list[_Row] = []
    for name, runs in (
        ("Length" if axes == 1 else "Resolution", _runs([_size(size) if size else None for size in sizes])),
        ("Width", _runs([(float(mark.width), str(mark.width)) if mark.width else None for mark in marks])),
    ):
        if runs:
            top += _GAP + _STEPS
            found.append(_Row(name, tuple(runs), top))
    return found


def _runs(steps: Sequence[tuple[float, str] | None]) -> list[_Run]:
    found: list[_Run] = []
    for step, members in groupby(range(len(steps)), key=lambda index: steps[index]):
        inside = list(members)
        if step is not None:
            found.append(_Run(inside[0], inside[-1] + 1, *step))
    return found


def _size(size: tuple[int, ...]) -> tuple[float, str]:
    """Return the mean length of the axes, and the size in few characters."""
    power = {1: "", 2: "²", 3: "³"}.get(len(size))
    brief = f"{size[0]}{power}" if len(set(size)) == 1 and power is not None else _lengths(size)
    return math.prod(max(length, 1) for length in size) ** (1.0 / len(size)), brief


def _lengths(size: Sequence[int | None]) -> str:
    return "×".join("?" if length is None else str(length) for length in size)


def _description(series: DepthSeries) -> str:
    marks = series.marks
    parameters = max(marks, key=lambda mark: mark.parameters)
    macs = max(marks, key=lambda mark: mark.macs.known or 0)
    parts = [f"{len(marks)} positions from the first layer to the last."]
    if parameters.parameters:
        parts.append(f"Most parameters: {scaled(parameters.parameters)} in {_where(parameters)}.")
    if macs.macs.known:
        parts.append(f"Most MACs: {scaled(macs.macs.known)} in {_where(macs)}.")
    if len(series.stages) > 1:
        parts.append(f"Stages: {', '.join(dict.fromkeys(stage.title for stage in series.stages))}.")
    parts.append("The table of layers has all figures.")
    return " ".join(parts)


def _where(mark: Mark) -> str:
    layers = f"layer {mark.first}" if mark.first == mark.last else f"layers {mark.first}–{mark.last}"
    return f"{layers} ({mark.title})" if mark.title else layers


def _says(mark: Mark) -> str:
    where = _where(mark)
    parts = [f"{scaled(mark.parameters)} parameters"]
    if mark.macs.known is None:
        parts.append("MACs not known")
    else:
        parts.append(f"{'≥ ' if mark.macs.unknown else ''}{scaled(mark.macs.known)} MACs")
    if mark.size is not None:
        parts.append(_lengths(mark.size))
    if mark.width is not None:
        parts.append(f"width {mark.width}")
    return f"{where[:1].upper()}{where[1:]}: {', '.join(parts)}"


def _draw_stages(root: Element, stages: Sequence[Stage], count: int, bottom: float) -> None:
    """Shade every other stage, and write the names of those that have room for it."""
    for index, stage in enumerate(stages):
        x, width = percent(stage.begin / count), percent((stage.end - stage.begin) / count)
        if index % 2 == 0:
            child(root, "rect", class_="kv-stage-band", x=x, width=width, height=digits(bottom))
        name = typeface.elide(typeface.drawable(stage.title), TEXT, _NAME_LIMIT)
        _label(root, name, (stage.begin, stage.end, count), _NAMES - _ABOVE_BASE)


def _draw_scale(root: Element, panel: _Panel) -> None:
    words(root, panel.name, "0", panel.base - _PANEL - 6, class_="kv-panel")
    for step in panel.steps:
        y = panel.base - panel.height(step)
        child(root, "line", x2="100%", y1=digits(y), y2=digits(y), class_="kv-grid" if step else "kv-base")
        words(root, short(step), "-8", y + TEXT / 3, class_="kv-end kv-tick")


def _draw_bar(parent: Element, panel: _Panel, index: int) -> None:
    value = panel.values[index]
    if value:
        # However little it is, it is not nothing.
        height = max(1.0, panel.height(value))
        place = _across(index, index + 1, panel.fill)
        child(
            parent,
            "rect",
            class_=f"kv-{panel.name.lower()}",
            **place,
            y=digits(panel.base - height),
            height=digits(height),
        )


def _mark_unknown(root: Element, field: Element, panel: _Panel) -> None:
    """Frame where something is not known: an empty place would be taken for zero."""
    count = len(panel.values)
    for exact, members in groupby(range(count), key=lambda index: panel.exact[index]):
        inside = list(members)
        if exact:
            continue
        begin, end = inside[0], inside[-1] + 1
        place = _across(begin, end, panel.fill)
        child(field, "rect", class_="kv-unknown", **place, y=digits(panel.base - _FRAME), height=digits(_FRAME))
        if not any(panel.values[begin:end]):
            label = "not known" if _fits("not known", (begin, end, count)) is not None else "?"
            _label(root, label, (begin, end, count), panel.base - _ABOVE_BASE, "kv-tick")


def _across(begin: int, end: int, fill: float) -> dict[str, str]:
    return {"x": digits(begin + (1 - fill) / 2, 2), "width": digits(end - begin - 1 + fill, 2)}


def _draw_steps(field: Element, row: _Row) -> None:
    """Draw the area below the steps and their edge; both have gaps where there is no value."""
    values = [run.value for run in row.runs]
    base = digits(row.base)
    areas: list[str] = []
    edges: list[str] = []
    reached = -1
    for run in row.runs:
        height = _LOWEST + (_STEPS - _LOWEST) * logarithmic(run.value, min(values), max(values))
        y = digits(row.base - height)
        areas.append(f"M{run.begin} {base}V{y}H{run.end}V{base}z")
        edges.append(f"{'V' if reached == run.begin else f'M{run.begin} '}{y}H{run.end}")
        reached = run.end
    child(field, "path", class_="kv-area", d="".join(areas))
    child(field, "path", class_="kv-edge", d="".join(edges))


def _label_steps(root: Element, row: _Row, count: int) -> None:
    words(root, row.name, "-8", row.base - _ABOVE_BASE, class_="kv-end kv-tick")
    for run in row.runs:
        _label(root, run.label, (run.begin, run.end, count), row.base - _ABOVE_BASE)


def _fits(label: str, place: tuple[int, int, int]) -> str | None:
    begin, end, count = place
    return needs(width_of(label) + 4, (end - begin) / count)


def _label(root: Element, label: str, place: tuple[int, int, int], y: float, role: str = "") -> None:
    """Write a label in the middle between two positions (of so many), where the page is wide enough for it."""
    level = _fits(label, place)
    if level is not None:
        begin, end, count = place
        classes = " ".join(filter(None, ("kv-middle", role, level)))
        words(root, label, percent((begin + end) / 2 / count), y, class_=classes)


def _draw_axis(root: Element, marks: Sequence[Mark], bottom: float) -> None:
    """Write the number of the first layer under as many positions as there is room for."""
    words(root, "Layer", "-8", bottom + 13, class_="kv-end kv-tick")
    count = len(marks)
    room = width_of(str(marks[-1].first)) + 14
    written: set[int] = set()
    for width, level in LEVELS.items():
        # Powers of two, so that the numbers of a narrow page stay where they are on a wider one.
        pace = 2 ** max(0, math.ceil(math.log2(room * count / width)))
        for index in range(0, count, pace):
            if index not in written:
                written.add(index)
                classes = f"kv-middle kv-tick {level}".strip()
                words(root, str(marks[index].first), percent((index + 0.5) / count), bottom + 13, class_=classes)
