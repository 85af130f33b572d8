"""The page of one model: key figures, diagrams, the layer table and the code that builds it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from markupsafe import Markup
from pygments import highlight  # type: ignore[import-untyped]  # Pygments has no type hints
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]  # likewise
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]  # likewise

from keraviz_docs.architecture import Architecture, to_json
from keraviz_docs.charts import depth_series, depth_svg
from keraviz_docs.cost import Costs, costs_of
from keraviz_docs.manifest.entries import BuilderTarget, ModelEntry
from keraviz_docs.outcome import BuilderFacts, Failure, Outcome, Packed, Reading
from keraviz_docs.pages import docstring, text
from keraviz_docs.pages.figures import Figures, figures, resources
from keraviz_docs.pages.layer_table import SourceLink, details, rows, uncalled_parameters
from keraviz_docs.pages.miniature import miniature
from keraviz_docs.pages.page import Page, front_matter, placeholder, render

FORMAT_TITLES = {"svg": "SVG", "png": "PNG", "pdf": "PDF", "dot": "DOT"}
VARIANT_TITLES = {"overview": "Overview", "tb": "Top to bottom", "lr": "Left to right", "numbered": "Numbered"}
_SECTIONS = (
    ("", "figures"),
    ("Diagram", "diagram"),
    ("Along the depth", "depth"),
    ("Layers", "layers"),
    ("Code", "code"),
)
"""Headings of a page, and the part that each stands above."""
DIRECT_ROWS = 1000
"""A longer table is kept aside and its rows are inserted as they are needed."""


@dataclass(frozen=True)
class BlockDrawing:
    """A block of an overview, drawn on its own."""

    id: str
    """Id of the ``<svg>`` element, to which boxes of other drawings link."""
    title: str
    svg: str


@dataclass(frozen=True)
class Drawing:
    """One variant of a model's diagram, drawn."""

    variant: str
    svg: str
    """An ``<svg>`` element whose ids are unique among all models and variants."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Names of the downloadable files beside the page, by format."""
    blocks: tuple[BlockDrawing, ...] = ()
    """Of an overview: its blocks."""
    condensed: bool = False
    """Whether it shows each distinct block of the model once, instead of every layer."""


@dataclass(frozen=True)
class Sheets:
    """All drawings of a model, on disk until its page is composed."""

    digest: str
    """Of all that they depend on."""
    files: tuple[str, ...]
    """What lies beside the page because of them."""
    load: Callable[[Reading], tuple[Drawing, ...]]
    """Can be pickled."""


@dataclass(frozen=True)
class Link:
    """From the page of a model to a page that says more."""

    title: str
    folder: str
    """Of the other page, below the directory of all pages, with a slash at the end."""
    anchor: str | None = None

    def href(self, ending: str) -> str:
        """Return the address as seen from the page of a model."""
        return f"../{self.folder}{ending}" + (f"#{self.anchor}" if self.anchor else "")


@dataclass(frozen=True)
class Relative:
    """Another model that the same manifest entry gave."""

    id: str
    title: str
    parameters: int | None
    """``None`` when it could not be read."""


@dataclass(frozen=True)
class Documented:
    """A model of the manifest with everything that is known about it."""

    entry: ModelEntry
    outcome: Outcome | Packed
    drawings: tuple[Drawing, ...] = ()
    drawing_failure: str | None = None
    """Why there are no diagrams although the model could be read."""
    relatives: tuple[Relative, ...] = ()
    comparisons: tuple[Link, ...] = ()
    """Pages that compare it with another model."""
    changes: tuple[Link, ...] = ()
    """What a page of changes says about it."""
    digest: str = ""
    """Of the outcome; without it, the outcome itself is looked at."""
    sheets: Sheets | None = None
    """Where the drawings are, as long as they are not loaded."""
    known_figures: Figures | None = None
    """Key figures that need not be found anew."""

    @property
    def id(self) -> str:
        """The page address."""
        return self.entry.id

    @property
    def title(self) -> str:
        """The title given in the manifest, or one made from the builder's name."""
        return text.one_line(self.entry.title or _title_of_target(self.entry), text.TITLE_LIMIT) or self.entry.id

    @property
    def is_module(self) -> bool:
        """Whether this stands for a module that could not be searched for models."""
        return isinstance(self.entry.target, BuilderTarget) and not self.entry.target.name

    @property
    def failure(self) -> Failure | None:
        """Why it could not be read."""
        return self.outcome if isinstance(self.outcome, Failure) else None

    @property
    def reading(self) -> Reading | None:
        """What was read, unless that failed; what is packed is unpacked every time."""
        if isinstance(self.outcome, Packed):
            return self.outcome.reading()
        return self.outcome if isinstance(self.outcome, Reading) else None

    @property
    def parameters(self) -> int | None:
        """How many it has; ``None`` when it could not be read."""
        if isinstance(self.outcome, Packed):
            return self.outcome.parameters
        return self.outcome.architecture.totals.parameters if isinstance(self.outcome, Reading) else None

    @property
    def nodes(self) -> int:
        """How many layers and operations have a row in its table."""
        if isinstance(self.outcome, Packed):
            return self.outcome.nodes
        return len(self.outcome.architecture.nodes) if isinstance(self.outcome, Reading) else 0

    @cached_property  # the depth of a model takes a while to find
    def figures(self) -> Figures | None:
        """Key figures, unless reading failed."""
        reading = None if self.known_figures else self.reading
        return figures(reading.architecture) if reading else self.known_figures

    def loaded(self) -> Documented:
        """Return it with its reading unpacked and its drawings loaded: megabytes, for as long as a page takes."""
        reading = self.reading
        if reading is None or (reading is self.outcome and self.sheets is None):
            return self
        drawings = self.sheets.load(reading) if self.sheets else self.drawings
        return replace(self, outcome=reading, drawings=drawings, sheets=None)

    @property
    def thumbnail(self) -> str | None:
        """A miniature of the first drawing, as SVG."""
        return miniature(self.drawings[0].svg) if self.drawings else None

    @property
    def summary(self) -> str:
        """The manifest's description, or else the first paragraph of the builder's docstring."""
        if self.entry.description:
            return self.entry.description
        return "" if isinstance(self.outcome, Failure) else docstring.parse(self.outcome.builder.docstring).summary


def model_page(model: Documented, *, directory_urls: bool = False) -> Page:
    """Compose the page of a model, or of the failure to read it.

    Args:
        model: what is documented.
        directory_urls: whether links to other pages end in ``/`` instead of ``/index.html``.
    """
    model = model.loaded()
    around = _around(model, "" if directory_urls else "index.html")
    if not isinstance(model.outcome, Reading):
        return _failure_page(model, around)
    reading = model.outcome
    link = source_links(reading.builder)
    architecture = reading.architecture
    parsed = docstring.parse(reading.builder.docstring)
    costs = costs_of(architecture, model.entry.inputs)
    table = rows(architecture, link, costs)
    parts = {
        "figures": render(
            "figures.html",
            model=model,
            architecture=architecture,
            figures=model.figures,
            resources=resources(costs),
            **around,
        ),
        "diagram": render(
            "diagram.html",
            model=model,
            architecture=architecture,
            drawings=model.drawings,
            variant_titles=VARIANT_TITLES,
            format_titles=FORMAT_TITLES,
        ),
        "layers": render(
            "layers.html",
            model=model,
            architecture=architecture,
            rows=table,
            deferred=len(architecture.nodes) > DIRECT_ROWS,
            uncalled=architecture.uncalled,
            uncalled_parameters=uncalled_parameters(architecture.uncalled),
        ),
        "code": render(
            "code.html",
            model=model,
            builder=reading.builder,
            signature=_python(reading.builder.signature or ""),
            usage=_python(reading.builder.usage),
            source_href=text.web_address(model.entry.source or reading.builder.source_url or ""),
            description=parsed.description if not model.entry.description else _all_paragraphs(parsed),
            sections=parsed.sections,
            references=model.entry.references,
        ),
    }
    depth = _depth(model, architecture, costs)
    if depth is not None:
        parts["depth"] = depth
    assets = {f"{model.id}-layers.js": payload(_details(architecture, link))}
    assets[f"{model.id}.json"] = to_json(architecture).decode()
    assets |= {f"{model.id}-{drawing.variant}.js": payload(drawing.svg) for drawing in model.drawings[1:]}
    return Page(
        path=f"{model.id}/index.md",
        title=text.as_title(model.title),
        markdown=_markdown(model, *((heading, part) for heading, part in _SECTIONS if part in parts)),
        parts=parts,
        anchors=frozenset(f"layer-{node.number}" for node in architecture.nodes),
        assets=assets,
    )


def with_relatives(zoo: Sequence[Documented]) -> list[Documented]:
    """Let each model know the others that the same manifest entry gave."""
    families: dict[str, list[Relative]] = defaultdict(list)
    for model in zoo:
        families[model.entry.variant_of or model.id].append(Relative(model.id, model.title, model.parameters))
    return [
        replace(
            model,
            relatives=tuple(
                relative for relative in families[model.entry.variant_of or model.id] if relative.id != model.id
            ),
        )
        for model in zoo
    ]


def source_links(builder: BuilderFacts) -> SourceLink:
    """Return a function from places in the builder's project to web addresses.

    The address of the builder tells where the project is on the web; other files are beside it.
    """
    url = text.web_address(builder.source_url or "")
    place = builder.source
    if url is None or place is None or f"/{place.file}" not in url:
        return lambda _: None
    base = url[: url.rindex(f"/{place.file}")]
    package = place.file.split("/", 1)[0]
    return lambda source: f"{base}/{source.file}#L{source.line}" if source.file.split("/", 1)[0] == package else None


def _depth(model: Documented, architecture: Architecture, costs: Costs) -> str | None:
    """Return the chart of costs along the depth, unless the model is too small for one."""
    series = depth_series(architecture, costs)
    if series is None:
        return None
    return render(
        "depth.html",
        svg=depth_svg(series, f"{model.id}-depth", model.title),
        macs_known=costs.total.macs.known is not None,
        macs_unknown=bool(costs.total.macs.unknown),
        steps=any(mark.width is not None for mark in series.marks),
    )


def _failure_page(model: Documented, around: Mapping[str, object]) -> Page:
    part = render("failure.html", model=model, failure=model.failure, **around)
    return Page(
        path=f"{model.id}/index.md",
        title=text.as_title(model.title),
        markdown=_markdown(model, ("", "failure")),
        parts={"failure": part},
    )


def _markdown(model: Documented, *sections: tuple[str, str]) -> str:
    lines = [f"# {text.as_markdown(model.title)}"]
    summary = text.as_markdown(model.summary)
    if summary:
        lines.append(f'<p class="kv-summary">{summary}</p>')
    for heading, part in sections:
        lines += [f"## {heading}"] * bool(heading) + [placeholder(part)]
    header = front_matter(
        title=text.as_title(model.title),
        description=text.as_title(model.summary),
        tags=[text.as_title(tag) for tag in model.entry.tags],
        # Diagram and table need the room more than four headings need a list.
        hide=["toc"],
    )
    return header + "\n\n".join(lines) + "\n"


def _details(architecture: Architecture, link: SourceLink) -> dict[str, str]:
    return {str(detail.number): render("detail.html", detail=detail).strip() for detail in details(architecture, link)}


def payload(value: object) -> str:
    """Return a script that hands over ``value`` to whoever inserted it.

    A page opened from a disk may load scripts, but may not fetch (https://fetch.spec.whatwg.org/#scheme-fetch).
    """
    return _handed_over(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _handed_over(data: str) -> str:
    for character, escape in (("<", "\\u003c"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        data = data.replace(character, escape)
    return f"document.currentScript.payload={data};\n"


def _python(code: str) -> Markup:
    """Return Python as highlighted HTML for the inside of ``<pre><code>``."""
    if not code.strip():
        return Markup("")
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    html: str = highlight(text.showable(code), lexer, HtmlFormatter(nowrap=True))
    return Markup(html.strip("\n").replace("\n", "&#10;"))  # noqa: S704 - Pygments escapes


def _around(model: Documented, ending: str) -> dict[str, object]:
    """Return what the chips of a page say: variants, tags, and pages that say more."""
    groups = (("Compared with", model.comparisons), ("Changes", model.changes))
    return {
        "relatives": [(f"../{other.id}/{ending}", other) for other in model.relatives],
        "tags": model.entry.tags,
        "chips": [(label, [(link.href(ending), link.title) for link in links]) for label, links in groups if links],
    }


def _all_paragraphs(parsed: docstring.Docstring) -> tuple[docstring.Block, ...]:
    return (docstring.Block(parsed.summary), *parsed.description) if parsed.summary else parsed.description


def _title_of_target(entry: ModelEntry) -> str:
    if not isinstance(entry.target, BuilderTarget):
        return entry.target.path.stem
    name = entry.target.name.rpartition(".")[2]
    if entry.variant_of is not None:
        return entry.id
    if re.search(r"[a-z][A-Z]|[A-Z]{2}", name):
        return name
    words = name.strip("_").replace("_", " ")
    return words[:1].upper() + words[1:]
