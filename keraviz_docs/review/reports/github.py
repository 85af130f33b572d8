"""Annotations that GitHub Actions shows on the line of a builder.

The form is that of GitHub's *Workflow commands for GitHub Actions*: ``::warning file=…,line=…,title=…::message``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keraviz_docs.architecture import Source
from keraviz_docs.review.comparison import Comparison, Finding, ModelComparison
from keraviz_docs.review.reports.wording import printable, verdict_line

_LINES = 8


def github(comparison: Comparison, findings: Mapping[str, Finding], sources: Mapping[str, Source]) -> Iterator[str]:
    """Yield one annotation for each model that differs.

    Args:
        comparison: what to tell.
        findings: by model, what the policy says about it.
        sources: by model, where its builder is, relative to the repository.
    """
    for model in comparison.models:
        if model.status == "identical":
            continue
        finding = findings.get(model.id)
        level = "error" if model.status == "failed" else finding.level if finding else "notice"
        properties = {"title": f"{model.id}: architecture {model.status}"}
        source = sources.get(model.id)
        if source is not None:
            properties = {"file": source.file, "line": str(source.line), **properties}
        words = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
        yield f"::{level} {words}::{_message(_told(model, finding))}"


def _told(model: ModelComparison, finding: Finding | None) -> str:
    verdict = verdict_line(model)
    reasons = [each.sentence for each in (finding.reasons if finding else ()) if each.sentence not in verdict]
    lines = [verdict, *reasons, *model.headlines[:_LINES]]
    if len(model.headlines) > _LINES:
        lines.append(f"and {len(model.headlines) - _LINES} more")
    return "\n".join(printable(line) for line in lines)


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(printable(text)).replace(":", "%3A").replace(",", "%2C")
