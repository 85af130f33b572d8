"""Files, texts, and what a notebook shows."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

import keraviz_docs
from keraviz_docs import Architecture, UserError
from keraviz_docs.interactive import display

GUIDE = Path(__file__).parents[2] / "docs/guide/notebooks.md"


def test_a_file_is_drawn_in_the_format_that_its_ending_names(siamese: Architecture, tmp_path: Path) -> None:
    wanted = tmp_path / "new/a.svg", tmp_path / "a.PNG", tmp_path / "a.pdf", tmp_path / "a.dot"
    assert keraviz_docs.render(siamese, *wanted) == wanted
    assert [path.read_bytes()[:5] for path in wanted] == [b"<svg ", b"\x89PNG\r", b"%PDF-", b"digra"]


def test_the_drawing_is_that_of_the_command(siamese: Architecture, tmp_path: Path) -> None:
    keraviz_docs.render(siamese, tmp_path / "a.svg", variant="lr")
    assert keraviz_docs.svg(siamese, variant="lr") == (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert keraviz_docs.svg(siamese, expand="none") != keraviz_docs.svg(siamese, expand=1)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "name a file to draw into, such as model.svg"),
        (["a.jpeg"], "a.jpeg has none of the endings .svg, .png, .pdf, .dot"),
        (["a.svg", "b.svg"], "a.svg and b.svg would be the same drawing: one is enough"),
    ],
)
def test_a_mistake_is_told(siamese: Architecture, files: list[str], sentence: str) -> None:
    with pytest.raises(UserError, match=re.escape(sentence)):
        keraviz_docs.render(siamese, *files)


def test_a_comparison_tells_itself(siamese: Architecture) -> None:
    compared = keraviz_docs.compare(siamese, siamese)
    assert (compared.verdict, compared.changes) == ("identical", ())
    assert repr(compared) == "<siamese → siamese: identical, 0 changes>"
    assert str(compared) == "Architectures siamese → siamese: 1 unchanged"


@pytest.fixture
def shell() -> Iterator[Any]:
    """A real IPython without a terminal."""
    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]  # IPython leaves its __init__ untyped
    yield shell
    shell.history_manager.end_session()


def shown(shell: Any, thing: Any) -> dict[str, str]:
    bundle, _ = shell.display_formatter.format(thing)
    return dict(bundle)


def test_a_notebook_shows_figures_a_drawing_and_a_table(siamese: Architecture, shell: Any) -> None:
    assert "text/html" not in shown(shell, siamese)
    keraviz_docs.load_ipython_extension(shell)
    bundle = shown(shell, siamese)
    assert bundle["text/plain"] == "<Architecture siamese: Functional, 3 layers, 72 parameters, 144 MACs>"
    page = BeautifulSoup(bundle["text/html"], "html.parser")
    assert page.svg is not None
    assert [row.td.text for row in page.select("tbody tr") if row.td] == ["1", "2", "3", "4", "5", "6", "7"]
    assert "as #3" in page.select("tbody tr")[6].text
    assert page.em is not None
    assert page.em.text == "score: its cost was guessed"


def test_names_cannot_become_markup(siamese: Architecture, shell: Any) -> None:
    import msgspec

    evil = '<img src=x onerror="alert(1)">'
    model = msgspec.structs.replace(
        siamese, id=evil, nodes=(msgspec.structs.replace(siamese.nodes[0], path=evil, name=evil), *siamese.nodes[1:])
    )
    for html in (display.architecture_html(model), keraviz_docs.compare(siamese, model)._repr_html_()):
        assert not BeautifulSoup(html, "html.parser").select("img, script, [onerror]")


def test_a_notebook_shows_a_comparison(siamese: Architecture, shell: Any) -> None:
    import msgspec

    wider = msgspec.structs.replace(
        siamese,
        nodes=(*siamese.nodes[:3], msgspec.structs.replace(siamese.nodes[3], config={"rate": 0.1}), *siamese.nodes[4:]),
    )
    compared = keraviz_docs.compare(siamese, wider)
    page = BeautifulSoup(shown(shell, compared)["text/html"], "html.parser")
    assert page.svg is not None
    assert "rate 0.5 → 0.1" in page.table.text if page.table else False


def test_every_snippet_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "notebook"}
    output = io.StringIO()
    with redirect_stdout(output):
        for snippet in snippets:
            exec(compile(snippet, GUIDE.name, "exec"), names)  # noqa: S102  # our own guide
    assert len(snippets) == 8
    assert "existing weights do not load" in output.getvalue()
    assert {path.name for path in tmp_path.iterdir()} == {
        "classifier.svg",
        "classifier.png",
        "wide.pdf",
        "classifier.arch",
    }
