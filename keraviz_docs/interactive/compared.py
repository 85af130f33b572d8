"""A comparison with both of its sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from keraviz_docs.architecture import Architecture
from keraviz_docs.diagrams import Renderer
from keraviz_docs.review.changes import Change
from keraviz_docs.review.comparison import Comparison, ModelComparison
from keraviz_docs.review.reports.figure import change_figure
from keraviz_docs.review.reports.text import text
from keraviz_docs.review.verdict import Verdict


@dataclass(frozen=True, repr=False)
class Compared:
    """Two versions of a model and what differs between them; as text, the report of ``keraviz diff``."""

    base: Architecture
    head: Architecture
    differences: ModelComparison
    """Everything that differs, as data."""

    @property
    def verdict(self) -> Verdict:
        """What happens to existing weights, in a word such as ``loads`` or ``fails``."""
        return self.differences.verdict

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes that somebody made, without those that follow from them."""
        return self.differences.own_changes

    def svg(self, variant: Literal["tb", "lr"] = "tb") -> str:
        """Draw both versions as one diagram, in which what came, went and changed is marked.

        Raises:
            UserError: it cannot be drawn.
        """
        with Renderer() as renderer:
            return renderer.svg(change_figure(self.base, self.head, self.differences, variant))

    def __str__(self) -> str:
        names = self.base.id, self.head.id
        comparison = Comparison(base=names[0], head=names[1], models=(self.differences,))
        return "\n".join(line.plain for line in text(comparison))

    def __repr__(self) -> str:
        count = len(self.changes)
        return f"<{self.base.id} → {self.head.id}: {self.verdict}, {count} change{'' if count == 1 else 's'}>"

    def _repr_html_(self) -> str:
        from keraviz_docs.interactive.display import comparison_html

        return comparison_html(self)
