"""Sites built by plain MkDocs from pages that :func:`keraviz_docs.pages.writing.write` wrote."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from mkdocs.commands.build import build as build_site
from mkdocs.config import load_config

from keraviz_docs.architecture import Architecture, Group, Input, Port
from keraviz_docs.diagrams import Renderer, is_condensed
from keraviz_docs.files import write_whole
from keraviz_docs.outcome import Failure
from keraviz_docs.pages.model_page import BlockDrawing, Documented, Drawing
from keraviz_docs.pages.writing import write
from tests import browsing

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


def staged(architecture: Architecture, stages: int = 3, length: int = 10) -> Architecture:
    """Return a model of composite layers, each of them a chain of dense layers with a way around it."""
    nodes = [architecture.nodes[0]]
    groups = []
    for stage in range(1, stages + 1):
        groups.append(
            Group(path=f"stage{stage}", name=f"stage{stage}", class_name=f"Stage{stage}", module="zoo", kind="layer")
        )
        entered = len(nodes)
        for step in range(length):
            number = len(nodes) + 1
            inputs = (Input(number - 1), Input(entered)) if step == length - 1 else (Input(number - 1),)
            nodes.append(
                msgspec.structs.replace(
                    architecture.nodes[2],
                    number=number,
                    path=f"stage{stage}/dense_{number}",
                    name=f"dense_{number}",
                    class_name="Add" if len(inputs) == 2 else "Dense",
                    parent=f"stage{stage}",
                    inputs=inputs,
                    # Otherwise the stages would be one, three times.
                    config={"activation": f"kind{stage}"},
                )
            )
    return msgspec.structs.replace(
        architecture,
        id="staged",
        nodes=tuple(nodes),
        groups=tuple(groups),
        inputs=architecture.inputs[:1],
        outputs=(Port("out", (None, 8), "float32", len(nodes)),),
    )


def repeated(architecture: Architecture, blocks: int = 420, length: int = 12) -> Architecture:
    """Return a model of one block again and again, each a chain of different layers with a way around it."""
    nodes = [architecture.nodes[0]]
    for _ in range(blocks):
        entered = len(nodes)
        for step in range(length):
            number = len(nodes) + 1
            last = step == length - 1
            nodes.append(
                msgspec.structs.replace(
                    architecture.nodes[2],
                    number=number,
                    path=f"layer_{number}",
                    name=f"layer_{number}",
                    class_name="Add" if last else "Dense",
                    parent=None,
                    inputs=(Input(number - 1), Input(entered)) if last else (Input(number - 1),),
                    config={"activation": f"kind{step}"},
                )
            )
    return msgspec.structs.replace(
        architecture,
        id="huge",
        nodes=tuple(nodes),
        groups=(),
        inputs=architecture.inputs[:1],
        outputs=(Port("out", (None, 8), "float32", len(nodes)),),
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
    zoo.append(documented(staged(siamese), id="staged", title="Stages", section="Long"))
    zoo.append(documented(repeated(siamese), id="huge", title="Five thousand", section="Long"))
    zoo.append(documented(hostile(siamese), id="hostile", title=HOSTILE, section=HOSTILE, docstring=HOSTILE * 2))
    drawn: list[str] = []
    models: list[Documented] = []
    with Renderer() as renderer:
        for model in zoo:
            assert model.reading is not None
            drawings = []
            condensed = is_condensed(model.reading.architecture)
            made = renderer.model(model.reading.architecture, ["svg"])
            for sheet, files in made.files.items():
                name = f"{model.id}-{sheet}.svg"
                if sheet != "overview":
                    drawings.append(Drawing(sheet, files["svg"].decode(), {"svg": name}, condensed=condensed))
                elif model.id in ("staged", "huge"):
                    parts = msgspec.json.decode(made.parts)
                    blocks = tuple(BlockDrawing(**block) for block in parts["blocks"])
                    drawings.append(Drawing(sheet, parts["svg"], {"svg": name}, blocks))
                else:
                    continue
                write_whole(directory / model.id / name, files["svg"])
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
        plugins: str = "[search]",
    ) -> Path:
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / "index.md").write_text("# Home\n\n[Zoo](models/index.md)\n")
        shutil.copytree(pages, tmp_path / "docs" / "models", dirs_exist_ok=True)
        (tmp_path / "mkdocs.yml").write_text(
            f"site_name: Test\nsite_url: {site_url}\nstrict: true\nplugins: {plugins}\ntheme: {theme}\n{settings}"
        )
        build_site(load_config(str(tmp_path / "mkdocs.yml")))
        return tmp_path / "site"

    return run


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serve a directory over HTTP; returns its address."""
    with ExitStack() as servers:
        yield lambda directory: servers.enter_context(browsing.server(directory))
