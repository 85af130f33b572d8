"""The report as one HTML file that needs nothing else, not even a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from keraviz_docs.review.comparison import Comparison, ModelComparison
from keraviz_docs.review.reports.wording import (
    MARKS,
    STATUS,
    cost_line,
    count_line,
    is_missing,
    numbering,
    objections,
    printable,
    verdict_line,
)
from keraviz_docs.templating import environment


def html(comparison: Comparison, diagrams: Mapping[str, str] | None = None) -> str:
    """Return the report.

    Args:
        comparison: what to tell; every name in it is escaped.
        diagrams: SVG drawings of the changes by model, made by this package.
    """
    changed = [model for model in comparison.models if model.status != "identical"]
    template = environment("keraviz_docs.review", "reports").get_template("report.html.j2")
    return template.render(
        base=printable(comparison.base),
        head=printable(comparison.head),
        unchanged=len(comparison.models) - len(changed),
        models=[_model(model, (diagrams or {}).get(model.id)) for model in changed],
    )


def _model(model: ModelComparison, diagram: str | None) -> dict[str, Any]:
    own, ripples = model.own_changes, model.ripples
    costs = model.costs
    return {
        "id": printable(model.id),
        "verdict": printable(verdict_line(model)),
        "bad": model.status == "failed" or (model.status == "changed" and MARKS[model.verdict] == "✗"),
        "parameters": "" if is_missing(costs.parameters) else cost_line(costs.parameters, model.status),
        "macs": "" if is_missing(costs.macs) else cost_line(costs.macs, model.status),
        "counts": count_line(model) if model.status == "changed" else STATUS[model.status],
        "mismatches": [printable(mismatch.explain()) for mismatch in model.mismatches[:20]],
        "objections": [(level, printable(line)) for level, line in objections(model)],
        "headlines": [printable(line) for line in model.headlines],
        "changes": [(change.kind, printable(change.explain())) for change in own],
        "numbering": numbering(model),
        "ripples": [printable(change.explain()) for change in ripples],
        # The drawing comes from this package, which escapes names itself; it is the one thing that is markup.
        "diagram": Markup(diagram) if diagram else None,  # noqa: S704  # see above
    }
