"""What a notebook shows of an architecture or a comparison: figures, a drawing, a table.

An :class:`~keraviz_docs.architecture.Architecture` is plain data that knows nothing of drawings, so IPython is told how
to show one: with :func:`register`, or ``%load_ext keraviz_docs``.
"""

from __future__ import annotations

import sys
from typing import Any

import jinja2
from markupsafe import Markup

from keraviz_docs.architecture import Architecture
from keraviz_docs.cost import costs_of
from keraviz_docs.diagrams import Renderer, figure
from keraviz_docs.interactive.compared import Compared
from keraviz_docs.pages.layer_table import rows
from keraviz_docs.quantities import scaled
from keraviz_docs.review.reports.wording import cost_line, is_missing, verdict_line
from keraviz_docs.templating import environment

_MOST_NODES = 1_500
"""Layers beyond which a drawing would make a notebook's file unwieldy."""


def register(shell: Any = None) -> None:
    """Let IPython show architectures, if it is what runs here.

    Args:
        shell: IPython's shell; the running one when not given.
    """
    if shell is None:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        formatters = shell.display_formatter.formatters
        formatters["text/html"].for_type(Architecture, architecture_html)
        formatters["text/plain"].for_type(Architecture, lambda each, printer, _: printer.text(summary(each)))


def summary(architecture: Architecture) -> str:
    """Say in one line what a model is.

    >>> from keraviz_docs.architecture import ModelIdentity, Totals
    >>> totals = Totals(layers=2, parameters=1200, trainable=1200, non_trainable=0, weight_bytes=4800)
    >>> identity = ModelIdentity("unet", "Functional", "keras")
    >>> summary(Architecture(id="unet", builder="zoo:unet", model=identity, keras="3.15.1", detail="exact",
    ...                      inputs=(), outputs=(), totals=totals, nodes=()))
    '<Architecture unet: Functional, 2 layers, 1,200 parameters>'
    """
    totals = architecture.totals
    figures = f"{totals.layers:,} layers, {totals.parameters:,} parameters"
    if totals.macs is not None:
        figures += f", {'at least ' if totals.macs_unknown else ''}{scaled(totals.macs)} MACs"
    return f"<Architecture {architecture.id}: {architecture.model.class_name}, {figures}>"


def architecture_html(architecture: Architecture) -> str:
    """Return an architecture as HTML that needs nothing else: key figures, the drawing, a table to open.

    Raises:
        UserError: Graphviz cannot draw it.
    """
    drawing = None
    if len(architecture.nodes) <= _MOST_NODES:
        with Renderer() as renderer:
            drawing = renderer.svg(figure(architecture, "tb"))
    return _template("architecture.html").render(
        architecture=architecture,
        summary=summary(architecture).strip("<>").partition(" ")[2],
        drawing=_markup(drawing),
        rows=rows(architecture, lambda _: None, costs_of(architecture)),
        nodes={node.number: node for node in architecture.nodes},
        notices=[
            notice.text if not notice.path else f"{notice.path}: {notice.text}" for notice in architecture.notices
        ],
    )


def comparison_html(compared: Compared) -> str:
    """Return a comparison as HTML: the verdict, the costs, the drawing and the list of changes.

    Raises:
        UserError: Graphviz cannot draw it.
    """
    differences = compared.differences
    costs = {"parameters": differences.costs.parameters, "MACs": differences.costs.macs}
    return _template("comparison.html").render(
        base=compared.base.id,
        head=compared.head.id,
        verdict=verdict_line(differences),
        costs={name: cost_line(values) for name, values in costs.items() if not is_missing(values)},
        mismatches=[each.explain() for each in differences.mismatches[:10]],
        headlines=differences.headlines,
        changes=[(change.kind, change.explain()) for change in compared.changes],
        ripples=len(differences.ripples),
        drawing=_markup(compared.svg() if differences.status == "changed" else None),
    )


def _markup(svg: str | None) -> Markup | None:
    # The drawing comes from this package, which escapes names itself; it is the one thing that is markup.
    return None if svg is None else Markup(svg)  # noqa: S704  # see above


def _template(name: str) -> jinja2.Template:
    templates = environment("keraviz_docs.interactive", ".")
    templates.filters["thousands"] = lambda number: f"{number:,}"
    return templates.get_template(name)
