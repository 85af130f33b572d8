"""The report for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from keraviz_docs.review.changes import Change
from keraviz_docs.review.comparison import Comparison, ModelComparison
from keraviz_docs.review.reports.wording import MARKS, STATUS, cost_line, is_missing, numbering, objections, printable
from keraviz_docs.review.verdict import MEANING

COLOURS = {
    "+": "green",
    "−": "red",
    "~": "yellow",
    "↕": "magenta",
    "=": "blue",
    "↪": "magenta",
    "×": "cyan",
    "⇥": "cyan",
    "≈": "bright_black",
}
MOST = 60
"""So many changes of one model are listed; more are counted."""


def text(comparison: Comparison, *, details: bool = True) -> Iterator[Text]:
    """Yield the lines of the report; printed with colour or without, they say the same.

    Args:
        comparison: what to tell.
        details: whether to list every change below the summary of its model.
    """
    shown = [model for model in comparison.models if model.status != "identical"]
    yield Text.assemble(
        ("Architectures", "bold"),
        f" {printable(comparison.base)} → {printable(comparison.head)}: {_counts(comparison)}",
    )
    for model in shown:
        yield Text()
        yield from _model(model, details=details)


def _counts(comparison: Comparison) -> str:
    counts = {status: sum(model.status == status for model in comparison.models) for status in STATUS}
    return ", ".join(f"{count} {STATUS[status]}" for status, count in counts.items() if count) or "no models"


def _model(model: ModelComparison, *, details: bool) -> Iterator[Text]:
    yield Text.assemble((printable(model.id), "bold"), f"  {STATUS[model.status]}")
    if model.status == "failed":
        yield Text(f"  ✗ {printable(model.error or 'no reason given')}", style="red")
        return
    if model.status == "changed":
        mark = MARKS[model.verdict]
        style = {"✓": "green", "✗": "bold red"}.get(mark, "yellow")
        yield Text(f"  {mark} {MEANING[model.verdict]}", style=style)
        for mismatch in model.mismatches[:3]:
            yield Text(f"      {printable(mismatch.explain())}", style=style)
        if len(model.mismatches) > 3:
            yield Text(f"      and {len(model.mismatches) - 3} more", style=style)
    for level, line in objections(model):
        yield Text(f"  {printable(line)}", style={"error": "bold red", "warning": "yellow"}.get(level, ""))
    for name, values in (
        ("parameters", model.costs.parameters),
        ("weight bytes", model.costs.weight_bytes),
        ("MACs", model.costs.macs),
    ):
        if not is_missing(values):
            yield Text(f"  {name} {cost_line(values, model.status)}")
    for line in model.headlines:
        yield _line(line, "  ")
    own = model.own_changes
    if details and len(own) > len(model.headlines):
        yield Text(f"  in detail, {numbering(model)}", style="dim")
        for change in own[:MOST]:
            yield _change(change)
        if len(own) > MOST:
            yield Text(f"    and {len(own) - MOST} more (--format json has all)", style="dim")


def _change(change: Change) -> Text:
    return _line(change.explain(), "    ")


def _line(line: str, indent: str) -> Text:
    return Text(indent + printable(line), style=COLOURS.get(line[:1], ""))
