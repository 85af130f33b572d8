from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from bs4 import BeautifulSoup, Tag

from keraviz_docs.architecture import Architecture
from keraviz_docs.manifest.entries import BuilderTarget
from keraviz_docs.outcome import Failure, Frame
from keraviz_docs.pages import model_page as module
from keraviz_docs.pages import text
from keraviz_docs.pages.model_page import Documented, Drawing, model_page, with_relatives
from keraviz_docs.pages.page import fill
from tests.charts.conftest import Chain

Make = Callable[..., Documented]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" id="siamese-tb" width="10" height="10"></svg>'
HOSTILE = "</td></script><script>alert(1)</script><img src=x onerror=alert(1)> \"q\" 's' {{ x }} | `c` &amp; \u202e🙈"


def part(model: Documented, name: str) -> Tag:
    return BeautifulSoup(model_page(model).parts[name], "html.parser")


def lines(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())


def payload(script: str) -> Any:
    return json.loads(script.removeprefix("document.currentScript.payload=").rstrip().removesuffix(";"))


def test_headings_and_summary_are_markdown_and_the_rest_is_placeholders(documented: Make) -> None:
    page = model_page(documented(title="Siamese towers", tags=("a", "b")))
    assert page.path == "siamese/index.md"
    body = page.markdown.split("---\n", 2)[2].strip().split("\n\n")
    assert [line for line in body if line.startswith("#")] == ["# Siamese towers", "## Diagram", "## Layers", "## Code"]
    assert '<p class="kv-summary">Two towers that share an encoder&#46;</p>' in body
    assert re.findall(r'data-keraviz="(\w+)"', page.markdown) == ["figures", "diagram", "layers", "code"]
    assert len(page.markdown) < 1000


def test_key_figures(documented: Make) -> None:
    shown = lines(part(documented(), "figures"))
    assert "Parameters 72 Trainable 100 % Layers 3 Depth 3 Weights 288 B MACs 144" in shown
    assert "Inputs left (None, 8) float32 right (None, 8) float32 Outputs score (None, 8) float32" in shown


def test_notices_stand_above_the_figures(documented: Make) -> None:
    first = part(documented(), "figures").find()
    assert isinstance(first, Tag)
    assert lines(first) == "score : its cost was guessed"


def test_a_long_list_of_inputs_is_folded(documented: Make, siamese: Architecture) -> None:
    many = msgspec.structs.replace(siamese, inputs=siamese.inputs * 5)
    folded = part(documented(many), "figures").select_one("details")
    assert folded is not None
    assert lines(folded).startswith("4 more")


def test_the_table_has_a_linkable_row_for_each_layer(documented: Make, siamese: Architecture) -> None:
    page = model_page(documented())
    table = BeautifulSoup(page.parts["layers"], "html.parser")
    assert [row["id"] for row in table.select("tbody tr[id]")] == [f"layer-{node.number}" for node in siamese.nodes]
    assert page.anchors == {f"layer-{node.number}" for node in siamese.nodes}
    dense = table.select_one("#layer-3")
    assert dense is not None
    assert lines(dense) == "3 dense Dense (None, 8) float32 72 64 relu 1"
    again = table.select_one("#layer-5")
    assert again is not None
    assert lines(again) == "5 dense@2 Dense (None, 8) float32 = 3 64 relu 2"
    assert [lines(group) for group in table.select("tr.kv-group")] == [
        "encoder Sequential 2 layers 72 64",
        "encoder@2 Sequential 2 layers 72 64",
    ]


def test_settings_and_weights_wait_in_a_script_that_works_from_a_disk(documented: Make) -> None:
    details = payload(model_page(documented()).assets["siamese-layers.js"])
    assert sorted(details, key=int) == [str(number) for number in range(1, 8)]
    shown = lines(BeautifulSoup(details["3"], "html.parser"))
    assert "units 8 use_bias true not set kernel_regularizer" in shown
    assert "kernel (8, 8) float32 yes bias (8,) float32 yes" in shown


def test_a_layer_that_is_never_called_is_listed(documented: Make) -> None:
    assert "1 layer with 90 parameters takes no part in inference: head Dense, 90 parameters" in lines(
        part(documented(), "layers")
    )


def test_a_layer_that_could_not_be_opened_says_so(documented: Make, siamese: Architecture) -> None:
    nodes = (
        *siamese.nodes[:2],
        msgspec.structs.replace(siamese.nodes[2], opaque="it reads a value"),
        *siamese.nodes[3:],
    )
    mark = part(documented(msgspec.structs.replace(siamese, nodes=nodes)), "layers").select_one("#layer-3 abbr")
    assert mark is not None
    assert (mark.get_text(), mark["title"]) == ("closed", "it reads a value")


def test_a_long_table_waits_aside_until_its_rows_are_needed(documented: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DIRECT_ROWS", 5)
    table = part(documented(), "layers")
    assert not table.select("[data-kv] > .kv-scroll tbody tr")
    assert len(table.select("noscript tbody tr[id]")) == 7


def test_the_code_part_has_usage_signature_docstring_and_source(documented: Make) -> None:
    code = part(documented(references=("https://arxiv.org/abs/1512.03385",)), "code")
    snippets = [snippet.get_text() for snippet in code.select("pre > code")]
    assert snippets == ["from zoo.towers import siamese\n\nmodel = siamese()", "siamese(width: int = 8) -> keras.Model"]
    links = {str(link["href"]) for link in code.select("a")}
    assert links >= {
        "https://example.org/zoo/blob/main/zoo/towers.py#L3",
        "https://example.org/paper",
        "https://arxiv.org/abs/1512.03385",
    }
    shown = lines(code)
    assert "The second paragraph tells more" in shown
    assert "Args width how wide the encoder is. name what it is called, over two lines. Returns The model." in shown


def test_a_manifest_description_replaces_the_summary_and_keeps_the_docstring(documented: Make) -> None:
    model = documented(description="Ours.")
    assert model.summary == "Ours."
    assert "Two towers that share an encoder." in lines(part(model, "code"))


def test_custom_layers_link_to_their_source_beside_the_builder(documented: Make) -> None:
    link = part(documented(), "layers").select_one("#layer-7 td:nth-of-type(2) a")
    assert link is not None
    assert link["href"] == "https://example.org/zoo/blob/main/zoo/towers.py#L12"


@pytest.mark.parametrize("reference", ["javascript:alert(1)", "data:text/html,x", "He et al."])
def test_a_reference_that_is_no_web_address_is_text(documented: Make, reference: str) -> None:
    item = part(documented(references=(reference,)), "code").select_one(".kv-references li")
    assert item is not None
    assert lines(item) == reference
    assert not item.select("a")


def test_the_first_drawing_is_on_the_page_and_the_others_are_loaded_when_asked_for(documented: Make) -> None:
    files = {"svg": "siamese-tb.svg", "png": "siamese-tb.png"}
    model = documented()
    drawn = Documented(
        model.entry,
        model.outcome,
        (Drawing("tb", SVG, files), Drawing("lr", SVG.replace("-tb", "-lr"), {"svg": "siamese-lr.svg"})),
    )
    page = model_page(drawn)
    diagram = BeautifulSoup(page.parts["diagram"], "html.parser")
    assert [svg["id"] for svg in diagram.select(".kv-stage svg")] == ["siamese-tb"]
    assert [(tab["href"], tab.get("data-load")) for tab in diagram.select(".kv-tab")] == [
        ("siamese-tb.svg", None),
        ("siamese-lr.svg", "siamese-lr.js"),
    ]
    assert payload(page.assets["siamese-lr.js"]) == SVG.replace("-tb", "-lr")
    downloads = [str(link["href"]) for link in diagram.select("a[download]")]
    assert downloads == ["siamese-tb.svg", "siamese-tb.png", "siamese-lr.svg", "siamese.json"]


def test_a_model_without_drawings_says_why(documented: Make) -> None:
    model = documented()
    failed = Documented(model.entry, model.outcome, drawing_failure="Graphviz crashed.")
    assert "Graphviz crashed." in lines(part(failed, "diagram"))


def test_variants_link_to_each_other(documented: Make) -> None:
    zoo = with_relatives(
        [documented(), documented(id="siamese-small", variant_of="siamese", title="Small"), documented(id="other")]
    )
    pages = [BeautifulSoup(model_page(model).parts["figures"], "html.parser") for model in zoo]
    assert [[str(link["href"]) for link in page.select(".kv-variants a")] for page in pages] == [
        ["../siamese-small/index.html"],
        ["../siamese/index.html"],
        [],
    ]
    (link,) = BeautifulSoup(model_page(zoo[0], directory_urls=True).parts["figures"], "html.parser").select(
        ".kv-variants a"
    )
    assert link["href"] == "../siamese-small/"


def test_a_failure_has_a_page_that_says_why(documented: Make) -> None:
    failure = Failure(
        id="siamese",
        target="zoo.towers:siamese",
        kind="exception",
        message="`zoo.towers:siamese` raised ValueError: too wide.",
        frames=(Frame("zoo/towers.py", 12, "siamese", "raise ValueError"),),
        output="building…\n\ndone",
    )
    page = model_page(Documented(documented().entry, failure))
    shown = BeautifulSoup(page.parts["failure"], "html.parser")
    assert "zoo.towers:siamese raised ValueError: too wide." in lines(shown)
    assert "KV203" in lines(shown)
    assert "The builder raised an exception; keraviz explain KV203 says more." in lines(shown)
    assert "zoo/towers.py :12 in siamese raise ValueError" in lines(shown)
    assert [block.get_text() for block in shown.select("pre")] == ["raise ValueError", "building…\n\ndone"]


@pytest.mark.parametrize(
    ("name", "title"),
    [("residual_model", "Residual model"), ("ResNet50", "ResNet50"), ("Zoo.unet", "Unet"), ("_private", "Private")],
)
def test_without_a_title_the_builder_gives_one(documented: Make, name: str, title: str) -> None:
    assert documented(target=BuilderTarget("zoo", name)).title == title


def test_hostile_text_is_text_everywhere(documented: Make, siamese: Architecture) -> None:
    def spoiled(value: Any) -> Any:
        """Put the hostile text into every text of an architecture that a user controls."""
        node = siamese.nodes[2]
        evil = msgspec.structs.replace(
            node,
            path=f"encoder/{HOSTILE}",
            name=HOSTILE,
            class_name=HOSTILE,
            module=HOSTILE,
            activation=HOSTILE,
            config={HOSTILE: HOSTILE, "list": [HOSTILE], "none" + HOSTILE: None},
            weights=(msgspec.structs.replace(node.weights[0], name=HOSTILE, dtype=HOSTILE),),
            opaque=HOSTILE,
        )
        return msgspec.structs.replace(
            value,
            inputs=tuple(msgspec.structs.replace(port, name=HOSTILE) for port in value.inputs),
            groups=tuple(msgspec.structs.replace(group, name=HOSTILE, class_name=HOSTILE) for group in value.groups),
            nodes=(*value.nodes[:2], evil, *value.nodes[3:]),
            uncalled=tuple(
                msgspec.structs.replace(layer, path=HOSTILE, class_name=HOSTILE) for layer in value.uncalled
            ),
            notices=tuple(msgspec.structs.replace(notice, path=HOSTILE, text=HOSTILE) for notice in value.notices),
        )

    docstring = f"{HOSTILE}\n\n{HOSTILE}\n\nArgs:\n    x: {HOSTILE}\n\n{HOSTILE}:\n    x"
    model = documented(spoiled(siamese), docstring=docstring, title=HOSTILE, tags=(HOSTILE,), references=(HOSTILE,))
    page = model_page(with_relatives([model, documented(id="two", variant_of="siamese", title=HOSTILE)])[0])
    pieces = [*page.parts.values(), fill(page.markdown, page.parts.__getitem__)]
    pieces += list(payload(page.assets["siamese-layers.js"]).values())
    for piece in pieces:
        soup = BeautifulSoup(piece, "html.parser")
        assert not soup.select("script, img, iframe, object, embed, [onerror], [onclick], [style*='{']")
        assert all(str(link["href"]).startswith(("#", "https://", "../", "siamese")) for link in soup.select("[href]"))
    assert text.one_line(HOSTILE) in BeautifulSoup(page.parts["layers"], "html.parser").get_text()
    assert "<script" not in page.markdown
    assert "<" not in page.assets["siamese-layers.js"]


def test_a_name_of_ten_thousand_characters_is_cut_in_the_table_and_whole_nowhere_else(
    documented: Make, siamese: Architecture
) -> None:
    long = "x" * 10_000
    nodes = (msgspec.structs.replace(siamese.nodes[0], path=long, name=long), *siamese.nodes[1:])
    assert len(model_page(documented(msgspec.structs.replace(siamese, nodes=nodes))).parts["layers"]) < 20_000


def test_parts_have_no_blank_lines_once_they_are_in_a_page(documented: Make) -> None:
    page = model_page(documented())
    filled = fill(page.markdown, page.parts.__getitem__)
    for block in re.findall(r'<section class="kv".*?(?=\n\n|\Z)', filled, re.DOTALL):
        assert block.endswith(("</section>", "</section>\n"))
    assert filled.count('<section class="kv"') == 4


def test_a_model_of_some_size_shows_its_costs_along_the_depth(documented: Make) -> None:
    chain = Chain()
    for _ in range(6):
        chain.layer(parameters=10)
    page = model_page(documented(chain.model(), id="deep", title="Deep <b>"))
    assert (
        page.markdown.index("## Diagram") < page.markdown.index("## Along the depth") < page.markdown.index("## Layers")
    )
    chart = BeautifulSoup(page.parts["depth"], "html.parser")
    assert [svg["id"] for svg in chart.select("svg[id]")] == ["deep-depth"]
    assert {str(link["xlink:href"])[1:] for link in chart.select("a")} <= page.anchors
    assert "Deep <b>: along the depth" in chart.get_text()
