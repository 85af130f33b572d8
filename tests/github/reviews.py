"""Reviews to read, to show and to post, with whatever text in every place that can hold some."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from keraviz_docs.github.artifact import COMPARISON, NUMBER, Review
from keraviz_docs.review.changes import Change, Place
from keraviz_docs.review.comparison import Comparison, Costs, Finding, ModelComparison, Reason, to_json
from keraviz_docs.review.verdict import Mismatch

HOSTILE = (
    "<script>alert(1)</script> <!-- --> <img src=x> </details> &lt;b&gt; </code> <a href=https://evil.example>e</a>\n"
    "![a](https://evil.example/a.png) [b](javascript:x) [c][d] <https://evil.example> https://evil.example\n"
    "[d]: https://evil.example\n## heading\n\n```\n~~~\n    indented\n> q\n- [ ] t\n***\nsetext\n===\n"
    "| a | b |\n|---|---|\n"
    "@octocat @octo/team #1 GH-2 octo/repo#3 www.evil.example a@evil.example | `x` ``` ```` \\` \\\r\n"
    "::error::x \x00\x1b[31m\u202e\u2028\x85 *b* _i_ ~s~ :tada: $x$ $$y$$ [^1] \U000e0041\n"
)


def named(text: str) -> Comparison:
    """A comparison in which everything that is text says the same."""
    place = Place(1, text)
    changes = (
        Change(kind="changed", class_name=text, base=place, head=place, settings={text: (text, [text, {text: text}])}),
        Change(kind="renamed", class_name=text, base=place, head=place, settings={"name": (text, text)}),
        Change(
            kind="rewired",
            class_name=text,
            base=place,
            head=place,
            settings={"inputs": (text, [text]), "order": (1, 2)},
        ),
        Change(kind="moved", class_name=text, base=place, head=place, settings={"after": (text, text)}),
        Change(kind="added", class_name=text, base=None, head=place, settings={"units": (None, text)}),
        Change(kind="removed", class_name=text, base=place, head=None),
        Change(
            kind="repeated",
            class_name="",
            base=place,
            head=place,
            settings={"times": (text, text)},
            entries=(1,),
            label=text,
        ),
        Change(kind="changed", class_name=text, base=place, head=place, settings={"shape": (text, text)}, ripple=True),
    )
    mismatches = tuple(
        Mismatch(kind=kind, checkpoint=text, layer=text, base_layer=text)
        for kind in ("missing", "wrong-layer", "not-loaded", "left-over", "custom")
    )
    costs = Costs((1, 2), (None, None), (4, 8))
    finding = Finding("error", (Reason("error", f"because {text}"), Reason("notice", f"also {text}")))
    models = (
        ModelComparison(
            id=text, status="changed", verdict="fails", mismatches=mismatches, changes=changes, headlines=(text, text),
            costs=costs, finding=finding,
        ),
        ModelComparison(id=text, status="failed", costs=costs, error=text),
        ModelComparison(id=text, status="added", costs=costs),
        ModelComparison(id=text, status="removed", costs=costs, finding=finding),
    )  # fmt: skip
    return Comparison(base=text, head=text, models=models)


UNCHANGED = Comparison(
    base="main",
    head="pull request 7",
    models=(ModelComparison(id="toy", status="identical", verdict="identical", costs=Costs((1, 1), (1, 1), (4, 4))),),
)
CHANGED = named("toy")
REVIEW = Review(comparison=CHANGED, pull_request=7)


def archive(files: Mapping[str, bytes | str] | None = None) -> bytes:
    """A zip archive as GitHub makes it of what a review leaves."""
    if files is None:
        files = {COMPARISON: to_json(CHANGED), NUMBER: "7\n"}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in files.items():
            written.writestr(name, content)
    return data.getvalue()
