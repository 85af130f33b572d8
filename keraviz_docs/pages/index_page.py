"""The page that shows a whole zoo: a card for each model, and a table that compares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from keraviz_docs import charts
from keraviz_docs.pages import changes_page, comparison_page, text
from keraviz_docs.pages.changes_page import Changes
from keraviz_docs.pages.comparison_page import ComparedPair
from keraviz_docs.pages.model_page import Documented
from keraviz_docs.pages.page import Page, front_matter, placeholder, render


def index_page(
    title: str,
    zoo: Sequence[Documented],
    *,
    thumbnails: Mapping[str, str] = MappingProxyType({}),
    pairs: Sequence[ComparedPair] = (),
    changes: Changes | None = None,
    directory_urls: bool = False,
) -> Page:
    """Compose the page of all models.

    Args:
        title: the manifest's.
        zoo: the models in the manifest's order.
        thumbnails: miniatures of the models' diagrams, as SVG by model id.
        pairs: the comparisons that have a page.
        changes: what the page of changes says, if there is one.
        directory_urls: whether links to other pages end in ``/`` instead of ``/index.html``.
    """
    ending = "" if directory_urls else "index.html"
    parts: dict[str, str] = {}
    lines = [f"# {text.as_markdown(title)}", f'<p class="kv-summary">{text.as_markdown(_summary(zoo))}</p>']
    for number, (section, models) in enumerate(sections(zoo)):
        name = f"cards-{number}"
        parts[name] = render("cards.html", models=models, thumbnails=thumbnails, ending=ending)
        lines += [f"## {text.as_markdown(section)}"] * bool(section) + [placeholder(name)]
    if sum(model.failure is None for model in zoo) > 1:
        lines.append("## Comparison")
        chart = _chart(title, zoo, ending)
        if chart is not None:
            parts["chart"] = chart
            lines.append(placeholder("chart"))
        parts["comparison"] = render("comparison.html", models=zoo, ending=ending)
        lines.append(placeholder("comparison"))
    if pairs:
        parts["pairs"] = render("pairs.html", pairs=pairs, folder=comparison_page.FOLDER, ending=ending)
        lines += ["## Two by two", placeholder("pairs")]
    if changes is not None:
        parts["changes"] = render("recent.html", changes=changes, folder=changes_page.FOLDER, ending=ending)
        lines += ["## Changes", placeholder("changes")]
    header = front_matter(title=text.as_title(title))
    return Page(path="index.md", title=text.as_title(title), markdown=header + "\n\n".join(lines) + "\n", parts=parts)


def sections(zoo: Sequence[Documented]) -> list[tuple[str, list[Documented]]]:
    """Group models by section in the order of first appearance; models without one come first, under ``""``."""
    grouped: dict[str, list[Documented]] = {"": []}
    for model in zoo:
        grouped.setdefault(text.one_line(model.entry.section or "", text.TITLE_LIMIT), []).append(model)
    return [(section, models) for section, models in grouped.items() if models]


def _chart(title: str, zoo: Sequence[Documented], ending: str) -> str | None:
    """Return the chart of parameters against MACs, unless too few models have both."""
    models = [
        charts.Model(
            title=model.title,
            section=text.one_line(model.entry.section or "", text.TITLE_LIMIT),
            href=f"{model.id}/{ending}",
            parameters=figures.parameters,
            macs=figures.macs if figures.macs_exact else None,
        )
        for model in zoo
        if (figures := model.figures) is not None
    ]
    shown = charts.comparable(models)
    if len(shown) < charts.FEWEST_MODELS:
        return None
    return render(
        "zoo_chart.html",
        svg=charts.zoo_svg(shown, "keraviz-zoo", title),
        legend=charts.legend(shown),
        left_out=len(models) - len(shown),
    )


def _summary(zoo: Sequence[Documented]) -> str:
    failed = sum(model.failure is not None for model in zoo)
    count = f"{len(zoo)} model{'' if len(zoo) == 1 else 's'}"
    return f"{count}, each drawn and tabulated." + (f" {failed} could not be read." if failed else "")
