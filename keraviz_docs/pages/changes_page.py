"""The page that says what changed in the architectures, since each of the states that a project keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from keraviz_docs.pages import text
from keraviz_docs.pages.differences import Compared, differences, signed
from keraviz_docs.pages.model_page import Documented, Link
from keraviz_docs.pages.page import Page, front_matter, placeholder, render
from keraviz_docs.quantities import scaled
from keraviz_docs.review.comparison import Status
from keraviz_docs.review.verdict import Verdict

FOLDER = "changes"
"""Where the page is; no model has this id."""

WEIGHTS: Mapping[Verdict, str] = {
    "identical": "Weights from {base} load, and the model computes the same.",
    "loads": "Weights from {base} load, and the model computes the same with them.",
    "loads-changed": "Weights from {base} load, but the model computes something else with them.",
    "loads-partly": "Weights from {base} load, but some of them are left over.",
    "misloads": "Weights from {base} load without an error, but into the wrong layers.",
    "fails": "Weights from {base} do not load.",
    "unknown": "Whether weights from {base} load cannot be told.",
}
_BRIEFLY: Mapping[Verdict, str] = {
    "identical": "✓ load",
    "loads": "✓ load",
    "loads-changed": "✓ load, other results",
    "loads-partly": "! load in part",
    "misloads": "✗ load wrongly",
    "fails": "✗ do not load",
    "unknown": "? cannot be told",
}
_STATUS: Mapping[Status, str] = {
    "changed": "changed",
    "added": "new",
    "removed": "removed",
    "failed": "could not be compared",
    "identical": "unchanged",
}


@dataclass(frozen=True)
class Period:
    """What changed from one state to the next."""

    base: str
    """What the state before is called."""
    head: str | None
    """The same for the state after; ``None`` is the models as they are documented."""
    models: tuple[Compared, ...] = ()
    """All models of both states."""
    problem: str | None = None
    """Why nothing can be compared."""
    slug: str = ""
    """For addresses."""

    @property
    def title(self) -> str:
        """What the period is called."""
        return f"Since {self.base}" if self.head is None else f"{self.head}, since {self.base}"

    @property
    def when(self) -> str:
        """The same within a sentence."""
        return f"since {self.base}" if self.head is None else f"in {self.head}"

    @property
    def differing(self) -> tuple[Compared, ...]:
        """The models that are not the same in both states."""
        return tuple(compared for compared in self.models if compared.model.status != "identical")

    @property
    def summary(self) -> str:
        """How many models changed, came and went."""
        counts = {status: sum(each.model.status == status for each in self.models) for status in _STATUS}
        if not self.differing:
            models = "1 model" if len(self.models) == 1 else f"{len(self.models)} models"
            return f"No architecture changed: {models} compared, all the same."
        return ", ".join(f"{count} {_STATUS[status]}" for status, count in counts.items() if count) + "."

    def anchor(self, identifier: str) -> str:
        """Return the anchor of a model."""
        return f"{identifier}-since-{self.slug}"


@dataclass(frozen=True)
class Changes:
    """Everything that the page says, the latest period first."""

    periods: tuple[Period, ...]

    @property
    def anchors(self) -> frozenset[str]:
        """All ids in the page."""
        return frozenset(period.anchor(each.model.id) for period in self.periods for each in period.differing)


def changes_page(changes: Changes, zoo: Sequence[Documented], *, directory_urls: bool = False) -> Page:
    """Compose the page of changes.

    Args:
        changes: what changed.
        zoo: the models as they are documented.
        directory_urls: whether links to other pages end in ``/`` instead of ``/index.html``.
    """
    ending = "" if directory_urls else "index.html"
    models = {model.id: model for model in zoo}
    summary = "What changed in the architectures, and whether existing weights still load."
    lines = ["# Changes", f'<p class="kv-summary">{text.as_markdown(summary)}</p>']
    parts: dict[str, str] = {}
    assets: dict[str, str] = {}
    for number, period in enumerate(changes.periods):
        lines.append(f"## {text.as_markdown(period.title)}")
        if period.problem is not None:
            parts[f"period-{number}"] = render("period_problem.html", period=period)
            lines.append(placeholder(f"period-{number}"))
            continue
        lines.append(text.as_markdown(period.summary))
        if not period.differing:
            continue
        rows = [_row(compared, period, models, ending) for compared in period.differing]
        parts[f"period-{number}"] = render("period.html", rows=rows)
        lines.append(placeholder(f"period-{number}"))
        for place, compared in enumerate(each for each in period.differing if each.model.status == "changed"):
            identifier = compared.model.id
            name = f"model-{number}-{place}"
            documented = models.get(identifier) if period.head is None else None
            href = f"../{identifier}/{ending}" if documented else None
            weights = WEIGHTS[compared.model.verdict].format(base=period.base)
            file = f"{period.anchor(identifier)}.svg"
            parts[name] = render(
                "changed_model.html",
                anchor=period.anchor(identifier),
                costs=_costs(compared),
                differences=differences(compared, weights, head=partial(_layer, href) if href else None),
                href=href,
                title=_title(identifier, models),
                svg=compared.drawings.get("tb"),
                failure=compared.drawing_failure,
                file=file,
            )
            if "tb" in compared.drawings:
                assets[file] = compared.drawings["tb"]
            lines += [f"### {text.as_markdown(_title(identifier, models))}", placeholder(name)]
    if not changes.periods:
        lines.append("There is nothing to compare with.")
    header = front_matter(title="Changes", description=summary)
    return Page(
        path=f"{FOLDER}/index.md",
        title="Changes",
        markdown=header + "\n\n".join(lines) + "\n",
        parts=parts,
        anchors=changes.anchors,
        assets=assets,
    )


def links(model: Documented, changes: Changes | None) -> tuple[Link, ...]:
    """Return the links from the page of a model to what changed in it."""
    return tuple(
        Link(f"{_STATUS[each.model.status]} {period.when}", f"{FOLDER}/", period.anchor(model.id))
        for period in (changes.periods if changes else ())
        for each in period.differing
        if each.model.id == model.id
    )


@dataclass(frozen=True)
class Row:
    """A model that differs, in the table of a period."""

    anchor: str
    title: str
    href: str | None
    """Where to read more about it."""
    status: str
    is_bad: bool
    weights: str
    parameters: str
    macs: str
    reason: str | None


def _row(compared: Compared, period: Period, models: Mapping[str, Documented], ending: str) -> Row:
    model = compared.model
    is_changed = model.status == "changed"
    anchor = period.anchor(model.id)
    page = f"../{model.id}/{ending}" if model.id in models else None
    weights = _BRIEFLY[model.verdict] if is_changed else ""
    return Row(
        anchor=anchor,
        title=_title(model.id, models),
        href=f"#{anchor}" if is_changed else page,
        status=_STATUS[model.status],
        is_bad=model.status == "failed" or weights.startswith("✗"),
        weights=weights,
        parameters=_brief_cost(model.costs.parameters),
        macs=_brief_cost(model.costs.macs),
        reason=model.error and model.error.removeprefix("after: ").removeprefix("before: "),
    )


def _costs(compared: Compared) -> list[tuple[str, str]]:
    costs = compared.model.costs
    named = (("Parameters", costs.parameters), ("MACs", costs.macs))
    return [(name, _brief_cost(values)) for name, values in named if values != (None, None)]


def _brief_cost(values: tuple[int | None, int | None]) -> str:
    before, after = values
    if before is None or after is None or before == after:
        known = before if after is None else after
        return "" if known is None else scaled(known)
    return f"{scaled(before)} → {scaled(after)} ({signed(before, after)})"


def _title(identifier: str, models: Mapping[str, Documented]) -> str:
    return models[identifier].title if identifier in models else identifier


def _layer(href: str, number: int) -> str:
    return f"{href}#layer-{number}"
