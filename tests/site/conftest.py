"""Sites built by plain MkDocs from pages that :func:`keraviz_docs.pages.writing.write` wrote."""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mkdocs.commands.build import build as build_site
from mkdocs.config import load_config

from keraviz_docs.architecture import Architecture, Input, Port
from keraviz_docs.diagrams import VARIANTS, Renderer, figure
from keraviz_docs.outcome import Failure
from keraviz_docs.pages.model_page import Documented, Drawing
from keraviz_docs.pages.writing import write

LONG = 1200
"""Layers of the long model: more than a table shows without scripts taking over."""


HOSTILE = '</title></script><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }} "q" & *x* | `c`'


def hostile(architecture: Architecture) -> Architecture:
    """Return a model in which names, classes and settings are markup."""
    nodes = tuple(
        msgspec.structs.replace(
            node, path=f"{node.path}{HOSTILE}", name=HOSTILE, class_name=HOSTILE, config={HOSTILE: HOSTILE}
        )
        for node in architecture.nodes
    )
    return msgspec.structs.replace(architecture, id="hostile", nodes=nodes)


def chain(architecture: Architecture, length: int) -> Architecture:
    """Return a model of that many dense layers, one after the other."""
    link = architecture.nodes[2]
    links = (
        msgspec.structs.replace(
            link,
            number=number,
            path=f"dense_{number}",
            name=f"dense_{number}",
            parent=None,
            inputs=(Input(number - 1),),
        )
        for number in range(2, length + 2)
    )
    return msgspec.structs.replace(
        architecture,
        id="long",
        nodes=(architecture.nodes[0], *links),
        groups=(),
        inputs=architecture.inputs[:1],
        outputs=(Port("out", (None, 8), "float32", length + 1),),
    )


@pytest.fixture(scope="session")
def pages(
    siamese: Architecture, documented: Callable[..., Documented], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The pages of a zoo with a small model, its variant, a long one and a failure, with diagrams."""
    directory = tmp_path_factory.mktemp("pages") / "models"
    zoo = [
        documented(title="Siamese towers", section="Pairs"),
        documented(id="siamese-b", title="Variant", variant_of="siamese", section="Pairs"),
        documented(chain(siamese, LONG), id="long", title="Long chain", section="Long"),
    ]
    zoo.append(documented(hostile(siamese), id="hostile", title=HOSTILE, section=HOSTILE, docstring=HOSTILE * 2))
    drawn: list[str] = []
    models: list[Documented] = []
    with Renderer() as renderer:
        for model in zoo:
            assert model.reading is not None
            drawings = []
            for variant in VARIANTS:
                name = f"{model.id}-{variant}.svg"
                path = directory / model.id / name
                renderer.render(figure(model.reading.architecture, variant), {"svg": path})
                drawings.append(Drawing(variant, path.read_text(encoding="utf-8"), {"svg": name}))
                drawn.append(f"{model.id}/{name}")
            models.append(Documented(model.entry, model.outcome, tuple(drawings)))
    failure = Failure(id="broken", target="zoo:broken", kind="exception", message="It raised.")
    models.append(Documented(documented(id="broken", title="Broken", section="Long").entry, failure))
    write("Zoo", models, directory, drawn=drawn)
    return directory


@pytest.fixture
def build(tmp_path: Path, pages: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Build the zoo's site with MkDocs alone, and return its directory."""
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")

    def run(
        settings: str = "",
        theme: str = "{name: material, font: false}",
        site_url: str = "https://example.org/project/",
    ) -> Path:
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / "index.md").write_text("# Home\n\n[Zoo](models/index.md)\n")
        shutil.copytree(pages, tmp_path / "docs" / "models", dirs_exist_ok=True)
        (tmp_path / "mkdocs.yml").write_text(
            f"site_name: Test\nsite_url: {site_url}\nstrict: true\nplugins: [search]\ntheme: {theme}\n{settings}"
        )
        build_site(load_config(str(tmp_path / "mkdocs.yml")))
        return tmp_path / "site"

    return run


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serve a directory over HTTP; returns its address."""
    servers: list[ThreadingHTTPServer] = []

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    def start(directory: Path, port: int = 0) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", port), functools.partial(Quiet, directory=str(directory)))
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
