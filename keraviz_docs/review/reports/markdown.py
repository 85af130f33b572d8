"""The report for a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from keraviz_docs.review.comparison import Comparison, ModelComparison
from keraviz_docs.review.reports.wording import (
    STATUS,
    cost_line,
    count_line,
    is_missing,
    numbering,
    objections,
    printable,
    verdict_line,
)

LIMIT = 65_000
"""GitHub refuses comments of more than 65,536 characters."""
_ROWS = 100
_SHARE_OF_TABLE = 0.6
_LINE = 300


def markdown(comparison: Comparison, *, full_report: str | None = None, limit: int = LIMIT) -> str:
    """Return the report as GitHub-flavoured Markdown: the summary first, the details folded.

    Args:
        comparison: what to tell; every name in it is taken for hostile.
        full_report: where to find what had to be left out, such as the address of the job's summary.
        limit: the most characters (UTF-16 units, as GitHub counts).
    """
    where = f" The [full report]({_address(full_report)}) has everything." if full_report else ""
    changed = [model for model in comparison.models if model.status != "identical"]
    same = len(comparison.models) - len(changed)
    title = "## Architecture review\n\n"
    states = f"{code(comparison.base)} → {code(comparison.head)}"
    if not changed:
        count = len(comparison.models)
        return f"{title}{states}: no architecture changed ({count} {'model' if count == 1 else 'models'} compared).\n"
    text = title + f"{states}: {len(changed)} changed, {same} unchanged.\n\n"
    text += "| Model | Existing weights | Parameters | MACs | Changes |\n|---|---|---|---|---|\n"
    rows = [_row(model) for model in changed]
    shown = 0
    for row in rows[:_ROWS]:
        if _length(text) + _length(row) > limit * _SHARE_OF_TABLE:
            break
        text += row
        shown += 1
    if shown < len(rows):
        text += f"\n{len(rows) - shown} more models changed.{where}\n"
    left_out = 0
    reserve = 200 + len(where)
    for model in changed:
        section = _section(model, limit - _length(text) - reserve)
        if section is None:
            left_out += 1
        else:
            text += section
    if left_out:
        text += f"\nThe details of {left_out} more {'model' if left_out == 1 else 'models'} do not fit here.{where}\n"
    return text


def code(text: str) -> str:
    """Return text as a code span, in which nothing is markup, a mention or a link, in a table either."""
    text = printable(text[:_LINE])[:_LINE].replace("|", "¦") or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def fenced(lines: Sequence[str]) -> str:
    """Return lines as a block in which nothing is markup; added and removed ones are coloured."""
    safe = [_ascii_sign(printable(line[:_LINE])[:_LINE]) for line in lines]
    longest = max((len(run) for line in safe for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}diff\n" + "\n".join(safe) + f"\n{fence}\n"


def _row(model: ModelComparison) -> str:
    parameters, macs = (
        "" if is_missing(values) else cost_line(values, model.status)
        for values in (model.costs.parameters, model.costs.macs)
    )
    verdict = verdict_line(model) if model.status != "failed" else "✗ could not be compared"
    changes = count_line(model) if model.status == "changed" else STATUS[model.status]
    return f"| {code(model.id)} | {verdict} | {parameters} | {macs} | {changes} |\n"


def _section(model: ModelComparison, room: int) -> str | None:
    """Return what is to be said about one model, or ``None`` where not even the beginning fits."""
    if model.status == "failed":
        section = f"\n### {code(model.id)}\n\nCould not be compared.\n\n" + fenced([model.error or "no reason given"])
        return section if _length(section) <= room else None
    if model.status != "changed":
        return ""
    section = f"\n### {code(model.id)}\n\n"
    if model.headlines:
        section += fenced([*model.headlines[:30], *(["…"] if len(model.headlines) > 30 else [])])
    if model.mismatches:
        shown = [mismatch.explain() for mismatch in model.mismatches[:5]]
        more = len(model.mismatches) - len(shown)
        section += f"\n{verdict_line(model)}:\n\n" + fenced([*shown, *([f"and {more} more"] if more else [])])
    said = [f"- {line}" if level == "error" else line for level, line in objections(model)]
    if said:
        section += "\nThe policy says:\n\n" + fenced(said)
    if _length(section) > room:
        return None
    own = [change.explain() for change in model.own_changes]
    ripples = [change.explain() for change in model.ripples]
    for title, lines in (
        (f"All {len(own)} changes, {numbering(model)}", own),
        ("1 layer that follows" if len(ripples) == 1 else f"{len(ripples)} layers that follow", ripples),
    ):
        if lines and (len(lines) > len(model.headlines) or lines is ripples):
            section += _folded(title, lines, room - _length(section))
    return section


def _folded(title: str, lines: Sequence[str], room: int) -> str:
    lines = [printable(line[:_LINE])[:_LINE] for line in lines]
    room -= 200
    kept: list[str] = []
    for line in lines:
        room -= _length(line) + 1
        if room < 0:
            break
        kept.append(line)
    if not kept:
        return ""
    if len(kept) < len(lines):
        kept.append(f"… and {len(lines) - len(kept)} more")
    return f"\n<details><summary>{title}</summary>\n\n{fenced(kept)}\n</details>\n"


def _ascii_sign(line: str) -> str:
    """Let GitHub colour the line: it knows ``+``, ``-`` and ``!``."""
    return {"−": "-", "~": "!", "≈": " "}.get(line[:1], line[:1]) + line[1:]


def _address(url: str) -> str:
    return re.sub(r"[^\w:/.?&=%#+-]", "", url)


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
