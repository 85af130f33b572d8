"""The page that compares two models: what they cost, what differs, and both in one diagram."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from keraviz_docs.architecture import Port
from keraviz_docs.pages import text
from keraviz_docs.pages.differences import Compared, differences, signed
from keraviz_docs.pages.figures import figures, shape_text
from keraviz_docs.pages.model_page import VARIANT_TITLES, Documented, Link, payload
from keraviz_docs.pages.page import Page, front_matter, placeholder, render
from keraviz_docs.quantities import byte_size, scaled
from keraviz_docs.review.verdict import Verdict

FOLDER = "comparisons"
"""Where the pages are; no model has this id."""

_PORTS = 4
"""So many inputs and outputs are shown."""

WEIGHTS: Mapping[Verdict, str] = {
    "identical": "Weights of {base} load into {head}, and both compute the same.",
    "loads": "Weights of {base} load into {head}, and both compute the same with them.",
    "loads-changed": "Weights of {base} load into {head}, which computes something else with them.",
    "loads-partly": "Weights of {base} load into {head}, but some of them are left over.",
    "misloads": "Weights of {base} load into {head} without an error, but into the wrong layers.",
    "fails": "Weights of {base} do not load into {head}.",
    "unknown": "Whether weights of {base} load into {head} cannot be told.",
}


@dataclass(frozen=True)
class ComparedPair:
    """Two models of the zoo, compared."""

    base: Documented
    head: Documented
    compared: Compared | None = None
    """``None`` where one of them could not be read."""
    title: str | None = None
    """As the manifest says."""
    description: str | None = None

    @property
    def id(self) -> str:
        """The address below :data:`FOLDER`; no two pairs have the same, since no model id has an underscore."""
        return f"{self.base.id}_vs_{self.head.id}"

    @property
    def path(self) -> str:
        """Where the page lies, below the directory of all pages."""
        return f"{FOLDER}/{self.id}/index.md"

    @property
    def heading(self) -> str:
        """What the page is called."""
        return text.one_line(self.title or f"{self.base.title} vs {self.head.title}", text.TITLE_LIMIT)

    @property
    def summary(self) -> str:
        """What the page is about, in a sentence."""
        if self.description:
            return self.description
        if self.compared is None:
            return "The two cannot be compared."
        if self.compared.model.status == "identical":
            return f"{_called(self.base)} and {_called(self.head)} have the same architecture."
        return f"What it takes to turn {_called(self.base)} into {_called(self.head)}."


def comparison_page(pair: ComparedPair, *, directory_urls: bool = False) -> Page:
    """Compose the page of a pair.

    Args:
        pair: what is compared.
        directory_urls: whether links to other pages end in ``/`` instead of ``/index.html``.
    """
    ending = "" if directory_urls else "index.html"
    hrefs = [f"../../{model.id}/{ending}" for model in (pair.base, pair.head)]
    parts = {"costs": render("pair.html", pair=pair, hrefs=hrefs, rows=_rows(pair.base, pair.head))}
    lines = [f"# {text.as_markdown(pair.heading)}", f'<p class="kv-summary">{text.as_markdown(pair.summary)}</p>']
    lines.append(placeholder("costs"))
    assets: dict[str, str] = {}
    if pair.compared is not None and pair.compared.model.status != "identical":
        weights = WEIGHTS[pair.compared.model.verdict].format(base=_called(pair.base), head=_called(pair.head))
        base, head = (partial(_layer, href) for href in hrefs)
        parts["differences"] = differences(pair.compared, weights, base=base, head=head)
        lines += ["## What differs", placeholder("differences")]
        drawings = pair.compared.drawings
        parts["diagram"] = render(
            "pair_diagram.html",
            pair=pair,
            drawings=drawings,
            failure=pair.compared.drawing_failure,
            titles=VARIANT_TITLES,
        )
        lines += ["## Diagram of both", placeholder("diagram")]
        assets |= {f"{pair.id}-{variant}.svg": svg for variant, svg in drawings.items()}
        assets |= {f"{pair.id}-{variant}.js": payload(svg) for variant, svg in list(drawings.items())[1:]}
    header = front_matter(title=text.as_title(pair.heading), description=text.as_title(pair.summary), hide=["toc"])
    return Page(
        path=pair.path,
        title=text.as_title(pair.heading),
        markdown=header + "\n\n".join(lines) + "\n",
        parts=parts,
        assets=assets,
    )


def links(model: Documented, pairs: Sequence[ComparedPair]) -> tuple[Link, ...]:
    """Return the links from the page of a model to the comparisons that it takes part in."""
    return tuple(
        Link((pair.head if pair.base.id == model.id else pair.base).title, f"{FOLDER}/{pair.id}/")
        for pair in pairs
        if model.id in (pair.base.id, pair.head.id)
    )


def _called(model: Documented) -> str:
    """Return a title for the middle of a sentence."""
    return f"“{model.title}”" if " " in model.title else model.title


def _layer(href: str, number: int) -> str:
    return f"{href}#layer-{number}"


@dataclass(frozen=True)
class Row:
    """A figure of both models."""

    name: str
    base: str
    head: str
    difference: str = ""


def _rows(base: Documented, head: Documented) -> list[Row]:
    first, second = base.reading, head.reading
    if first is None or second is None:
        return []
    before, after = first.architecture, second.architecture
    one, other = figures(before), figures(after)
    is_exact = one.macs_exact and other.macs_exact
    return [
        _row("Parameters", scaled, one.parameters, other.parameters),
        Row("MACs", one.macs_text, other.macs_text, signed(one.macs, other.macs) if is_exact else ""),
        _row("Weights", byte_size, one.weight_bytes, other.weight_bytes),
        _row("Layers", _counted, one.layers, other.layers),
        _row("Depth", _counted, one.depth, other.depth),
        Row("Input", _shapes(before.inputs), _shapes(after.inputs)),
        Row("Output", _shapes(before.outputs), _shapes(after.outputs)),
    ]


def _row(name: str, write: Callable[[int], str], base: int, head: int) -> Row:
    return Row(name, write(base), write(head), signed(base, head))


def _counted(number: int) -> str:
    return f"{number:,}"


def _shapes(ports: Sequence[Port]) -> str:
    shown = [shape_text(port.shape) for port in ports[:_PORTS]]
    return " ".join([*shown, *([f"and {len(ports) - _PORTS} more"] if len(ports) > _PORTS else [])])
