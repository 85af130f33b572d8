"""The comment on a pull request: what its review found, in Markdown that no name can break out of.

Everything in a review is hostile.  What is known for certain, the state of the run and the labels, comes from GitHub.
"""

from __future__ import annotations

from dataclasses import dataclass

from keraviz_docs.github.artifact import Review
from keraviz_docs.review.reports.markdown import LIMIT, code, fenced, markdown

MARKER = "<!-- keraviz: architecture review -->"
"""The first line of the comment, by which it is found again."""

_TITLE = "## Architecture review"
_LINES = 40


@dataclass(frozen=True, kw_only=True)
class Run:
    """What GitHub says about the run that reviewed a pull request."""

    address: str
    """Of the page with its log and its summary."""
    commit: str
    failed: bool = False
    approved_by: str | None = None
    """The label of the pull request that lets changes through, if it has it."""


def comment(review: Review | None, run: Run) -> str:
    """Return the comment, in no more characters than GitHub takes.

    Args:
        review: what the run left; ``None`` if that cannot be read.
        run: what GitHub says about the run.
    """
    ending = f"\n{_outcome(run)}As of {code(run.commit[:10])}, by [this run]({run.address}).\n"
    beginning = f"{MARKER}\n"
    limit = LIMIT - len(beginning) - len(ending)
    return f"{beginning}{report(review, full_report=run.address, limit=limit)}{ending}"


def report(review: Review | None, *, full_report: str | None = None, limit: int = LIMIT) -> str:
    """Return what a review found, as Markdown; see :func:`~keraviz_docs.review.reports.markdown.markdown`."""
    if review is None:
        return f"{_TITLE}\n\nThe report of this run cannot be read, so **nothing is known** about the architectures.\n"
    if review.error is None and review.comparison is not None and review.comparison.models:
        try:
            return markdown(review.comparison, full_report=full_report, limit=limit)
        except RecursionError:  # lists within lists, deeper than anybody writes them
            return report(None)
    return (
        f"{_TITLE}\n\nThe architectures **could not be compared**, so nothing is known about what changed.\n\n"
        + fenced((review.error or "no model was found").strip().splitlines()[:_LINES])
    )


def says_something(review: Review | None) -> bool:
    """Whether a review is worth a comment: something changed, or nobody knows."""
    if review is None or review.error is not None or review.comparison is None:
        return True
    models = review.comparison.models
    return not models or any(model.status != "identical" for model in models)


def _outcome(run: Run) -> str:
    if run.approved_by is not None:
        return f"Changes of architecture are approved by the label {code(run.approved_by)}. "
    return "**The check failed.** " if run.failed else ""
