"""What several areas of the tests share: a browser, a link checker, and a model made by hand that needs no Keras."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec
import pytest
from hypothesis import HealthCheck, settings

from keraviz_docs.architecture import (
    Architecture,
    Group,
    Input,
    ModelIdentity,
    Node,
    Notice,
    Port,
    Source,
    Tensor,
    Totals,
    Uncalled,
    Weight,
    validate,
)
from keraviz_docs.manifest.entries import BuilderTarget, ModelEntry
from keraviz_docs.outcome import BuilderFacts, Reading
from keraviz_docs.pages.model_page import Documented
from tests import browsing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# How long an example takes says more about the machine than about us, and every run tries the same ones.
settings.register_profile("unhurried", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# A shell that starts tests in the background has them ignore Ctrl-C, and everything that they start would, too.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser, for the tests of one file."""
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page whose console must stay empty."""
    with browsing.silent_page(chromium) as page:
        yield page


DOCSTRING = """Two towers that share an encoder.

The second paragraph tells more, with `code` and https://example.org/paper.

Args:
    width: how wide the encoder is.
    name: what it is called,
        over two lines.

Returns:
    The model.
"""


def make_node(number: int, path: str, class_name: str, inputs: tuple[int, ...] = (), **more: Any) -> Node:
    settings: dict[str, Any] = {
        "number": number,
        "path": path,
        "name": path.rpartition("/")[2],
        "kind": "layer",
        "class_name": class_name,
        "module": "keras.layers",
        "parent": path.rpartition("/")[0] or None,
        "inputs": tuple(Input(node) for node in inputs),
        "outputs": (Tensor((None, 8), "float32"),),
    }
    return Node(**(settings | more))


KERNEL = (Weight("kernel", (8, 8), "float32", True), Weight("bias", (8,), "float32", True))


@pytest.fixture(scope="session")
def siamese() -> Architecture:
    """One encoder, called twice, whose results are added; with a notice and a layer that is never called."""
    architecture = Architecture(
        id="siamese",
        builder="zoo.towers:siamese",
        model=ModelIdentity("siamese", "Functional", "keras"),
        keras="3.15.1",
        detail="exact",
        inputs=(Port("left", (None, 8), "float32", 1), Port("right", (None, 8), "float32", 2)),
        outputs=(Port("score", (None, 8), "float32", 7),),
        totals=Totals(layers=3, parameters=72, trainable=72, non_trainable=0, weight_bytes=288, macs=144),
        groups=(
            Group(path="encoder", name="encoder", class_name="Sequential", module="keras", kind="model"),
            Group(path="encoder@2", name="encoder", class_name="Sequential", module="keras", kind="model", call=2),
        ),
        nodes=(
            make_node(1, "left", "InputLayer", kind="input"),
            make_node(2, "right", "InputLayer", kind="input"),
            make_node(
                3,
                "encoder/dense",
                "Dense",
                (1,),
                parameters=72,
                weights=KERNEL,
                activation="relu",
                macs=64,
                config={"units": 8, "use_bias": True, "kernel_regularizer": None},
            ),
            make_node(4, "encoder/drop", "Dropout", (3,), config={"rate": 0.5}),
            make_node(
                5, "encoder@2/dense@2", "Dense", (2,), call=2, shared=3, weights=KERNEL, activation="relu", macs=64
            ),
            make_node(6, "encoder@2/drop@2", "Dropout", (5,), call=2),
            make_node(7, "score", "Add", (4, 6), source=Source("zoo/towers.py", 12), module="zoo.towers", macs=16),
        ),
        uncalled=(Uncalled("head", "Dense", "keras.layers", 90, KERNEL),),
        notices=(Notice("score", "its cost was guessed"),),
    )
    validate(architecture)
    return architecture


@pytest.fixture(scope="session")
def documented(siamese: Architecture) -> Callable[..., Documented]:
    """Make a model of the zoo; keyword arguments go to its manifest entry."""

    def make(architecture: Architecture = siamese, *, docstring: str | None = DOCSTRING, **entry: Any) -> Documented:
        settings: dict[str, Any] = {"id": "siamese", "target": BuilderTarget("zoo.towers", "siamese")} | entry
        architecture = msgspec.structs.replace(architecture, id=settings["id"])
        facts = BuilderFacts(
            target="zoo.towers:siamese",
            docstring=docstring,
            signature="siamese(width: int = 8) -> keras.Model",
            usage="from zoo.towers import siamese\n\nmodel = siamese()",
            source=Source("zoo/towers.py", 3),
            source_url="https://example.org/zoo/blob/main/zoo/towers.py#L3",
        )
        return replace(
            Documented(entry=ModelEntry(**settings), outcome=Reading(architecture=architecture, builder=facts))
        )

    return make


class _Page(HTMLParser):
    """The links of a page and what can be linked to; a soup of pages with thousands of layers takes much longer."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.anchors.add(value or "")
            elif name in ("href", "src"):
                self.links.append(value or "")


@pytest.fixture(scope="session")
def broken_links() -> Callable[[Path], list[str]]:
    """A link checker: every relative link and every anchor in a built site must lead somewhere."""

    def check(site: Path) -> list[str]:
        pages = {path: _Page(path) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}
        problems = []
        for path, page in pages.items():
            for link in page.links:
                parts = urlsplit(link)
                if parts.scheme or parts.netloc:
                    continue
                target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
                if target.is_dir():
                    target /= "index.html"
                where = f"{path.relative_to(site)}: {link}"
                if not target.is_file() or not target.is_relative_to(site.resolve()):
                    problems.append(f"{where} leads nowhere")
                elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                    problems.append(f"{where} has no such anchor")
        return problems

    return check
