"""Files: formats, both Graphviz installations, failures, the same bytes everywhere."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from keraviz_docs.architecture import Architecture, to_json
from keraviz_docs.diagrams import (
    FORMATS,
    SHEETS,
    VARIANTS,
    Format,
    GraphvizError,
    GraphvizMissingError,
    Job,
    Renderer,
    figure,
)
from keraviz_docs.diagrams.engines import Bundled
from keraviz_docs.diagrams.rendering import png_scale

DRAW = """
import sys
from pathlib import Path
from keraviz_docs.architecture import from_json
from keraviz_docs.diagrams import FORMATS, VARIANTS, Job, Renderer
architecture = from_json(Path(sys.argv[1]).read_bytes())
out = Path(sys.argv[2])
jobs = [Job(architecture, v, {f: out / f"{v}.{f}" for f in FORMATS}) for v in VARIANTS]
with Renderer() as renderer:
    assert not [result.error for result in renderer.render_all(jobs) if result.error]
"""


def size_of_png(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def drawn_in_another_process(architecture: Architecture, directory: Path, **environment: str) -> dict[str, bytes]:
    directory.mkdir()
    (directory / "architecture.json").write_bytes(to_json(architecture))
    subprocess.run(
        [sys.executable, "-c", DRAW, "architecture.json", "out"],
        cwd=directory,
        env={**os.environ, **environment},
        check=True,
    )
    return {path.name: path.read_bytes() for path in sorted((directory / "out").iterdir())}


def test_every_variant_comes_in_every_format(several: Architecture, tmp_path: Path) -> None:
    files = drawn_in_another_process(several, tmp_path / "a")
    assert set(files) == {f"{variant}.{form}" for variant in VARIANTS for form in FORMATS}
    starts = {"svg": b"<svg ", "png": b"\x89PNG", "pdf": b"%PDF-", "dot": b"digraph"}
    for name, data in files.items():
        assert data.startswith(starts[name.rsplit(".", 1)[1]])


def test_the_same_architecture_gives_the_same_bytes_everywhere(several: Architecture, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "fonts.conf").write_text("<fontconfig></fontconfig>")
    no_fonts = str(tmp_path / "empty" / "fonts.conf")
    first = drawn_in_another_process(several, tmp_path / "a", PYTHONHASHSEED="1")
    second = drawn_in_another_process(
        several, tmp_path / "another place", PYTHONHASHSEED="2", LC_ALL="C", TZ="Asia/Tokyo"
    )
    without_fonts = drawn_in_another_process(several, tmp_path / "c", FONTCONFIG_FILE=no_fonts, HOME=str(tmp_path))
    assert second == first
    assert without_fonts == first


def test_a_users_module_of_the_same_name_is_not_imported(several: Architecture, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("pygraphviz", "graphviz", "struct", "keraviz_docs"):
        (tmp_path / "a" / f"{name}.py").write_text("raise SystemExit('imported from the working directory')")
    code = DRAW.replace("import sys", "import sys; sys.path = [path for path in sys.path if path]", 1)
    (tmp_path / "architecture.json").write_bytes(to_json(several))
    subprocess.run([sys.executable, "-c", code, "../architecture.json", "out"], cwd=tmp_path / "a", check=True)


def test_importing_the_package_loads_no_graphviz_binding() -> None:
    code = "import sys, keraviz_docs.diagrams; sys.exit('pygraphviz' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_installed_dot_draws_every_format(several: Architecture, tmp_path: Path) -> None:
    with Renderer("system") as renderer:
        files: dict[Format, Path] = {form: tmp_path / f"model.{form}" for form in FORMATS}
        renderer.render(figure(several), files)
    assert all(path.stat().st_size > 1000 for path in files.values())


def test_a_missing_dot_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GraphvizMissingError, match=r"`dot` program, and it is not on the PATH.*graphviz: bundled"):
        Renderer("system")


def test_a_broken_dot_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, several: Architecture
) -> None:
    broken = tmp_path / "dot"
    broken.write_text("#!/bin/sh\necho 'dot: error while loading shared libraries: libgvc.so.6' >&2\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with (
        Renderer("system") as renderer,
        pytest.raises(GraphvizMissingError, match=r"does not work here.*libgvc.so.6.*reinstall it"),
    ):
        renderer.svg(figure(several))


def test_a_broken_wheel_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, several: Architecture
) -> None:
    (tmp_path / "pygraphviz.py").write_text("raise ImportError('libgvc.so.7: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Renderer() as renderer, pytest.raises(GraphvizMissingError, match=r"pygraphviz package.*libgvc.so.7"):
        renderer.svg(figure(several))


ABORTS = 'digraph { graph [_background="T 10 20 -1 30 4 -text "]; a }'
"""Text without a font: an assertion in Graphviz fails and ends the process."""


def test_a_graph_that_aborts_graphviz_is_reported_and_the_next_one_is_drawn(several: Architecture) -> None:
    engine = Bundled()
    try:
        before = engine.run("digraph { a -> b }", "dot", "json0", 30)
        with pytest.raises(GraphvizError, match=r"crashed on the graph \(signal \d+\)"):
            engine.run(ABORTS, "nop2", "svg", 30)
        assert engine.run("digraph { a -> b }", "dot", "json0", 30) == before
    finally:
        engine.close()


def test_no_process_is_left_behind(several: Architecture) -> None:
    def workers() -> set[int]:
        children = psutil.Process().children()
        return {child.pid for child in children if "keraviz_docs.diagrams.worker" in child.cmdline()}

    before = workers()
    with Renderer() as renderer:
        renderer.svg(figure(several))
        assert workers() - before
    assert workers() == before


def test_a_graph_that_takes_too_long_is_given_up() -> None:
    engine = Bundled()
    tangle = "digraph { splines=ortho; " + "".join(f"n{i} -> n{i * i % 997};" for i in range(1500)) + "}"
    try:
        with pytest.raises(GraphvizError, match="did not finish within 1 s"):
            engine.run(tangle, "dot", "json0", 1)
        assert engine.run("digraph { a }", "dot", "json0", 30)
    finally:
        engine.close()


def test_a_mistake_in_one_graph_does_not_touch_the_next() -> None:
    engine = Bundled()
    try:
        with pytest.raises(GraphvizError, match="could not draw"):
            engine.run("digraph { a -> ", "dot", "json0", 30)
        assert engine.run("digraph { a }", "dot", "json0", 30)
    finally:
        engine.close()


def test_each_graph_has_its_own_time() -> None:
    ladder = "; ".join(f"{rung} -> {{{rung + 1} {rung + 7} {rung + 31}}}" for rung in range(300))
    engine = Bundled()
    try:
        assert engine.run("digraph { a }", "dot", "json0", 60)
        with pytest.raises(GraphvizError, match="did not finish within"):
            engine.run(f"digraph {{ {ladder} }}", "dot", "json0", 0.001)
        assert engine.run("digraph { a }", "dot", "json0", 60)
    finally:
        engine.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a matter of POSIX")
@pytest.mark.parametrize("form", ["dot", "svg"])
def test_what_is_no_file_is_drawn_into_and_not_replaced(form: Format, several: Architecture, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with Renderer() as renderer:
        drawn = list(renderer.render_all([Job(several, "tb", {form: pipe})]))
    reader.join()
    assert [result.error for result in drawn] == [None]
    assert read[0].startswith({"dot": b"digraph", "svg": b"<svg"}[form])
    assert pipe.is_fifo()


def test_a_diagram_that_fails_is_reported_and_the_others_go_on(several: Architecture, tmp_path: Path) -> None:
    jobs = [Job(several, variant, {"svg": tmp_path / f"{variant}.svg"}) for variant in VARIANTS]
    with Renderer(timeout=1e-9) as renderer:
        results = list(renderer.render_all(jobs))
    assert [result.job for result in results] == jobs
    assert all(result.error and result.error.startswith("several, ") for result in results)
    assert not list(tmp_path.iterdir())


def test_all_sheets_of_a_model_are_what_each_is_alone(several: Architecture, tmp_path: Path) -> None:
    jobs = [Job(several, sheet, {form: tmp_path / f"{sheet}.{form}" for form in FORMATS}, 1) for sheet in SHEETS]
    with Renderer() as renderer:
        assert not [result.error for result in renderer.render_all(jobs) if result.error]
        drawn = renderer.model(several, FORMATS, depth=1)
    assert not drawn.errors
    assert {(sheet, form) for sheet, files in drawn.files.items() for form in files} >= {
        (variant, form) for variant in VARIANTS for form in FORMATS
    }
    for sheet, files in drawn.files.items():
        for form, content in files.items():
            assert content == (tmp_path / f"{sheet}.{form}").read_bytes()


def test_a_model_of_which_nothing_can_be_drawn_says_so_for_each_sheet(several: Architecture) -> None:
    with Renderer(timeout=1e-9) as renderer:
        drawn = renderer.model(several, ["svg"])
    assert not any(drawn.files.values())
    assert all(error.startswith("several, ") and "did not finish" in error for error in drawn.errors)
    assert len(drawn.errors) >= len(VARIANTS)


def test_jobs_run_side_by_side_and_come_back_in_order(several: Architecture, tmp_path: Path) -> None:
    jobs = [
        Job(several, variant, {"svg": tmp_path / f"{turn}-{variant}.svg"}) for turn in range(4) for variant in VARIANTS
    ]
    with Renderer(workers=2) as renderer:
        assert [(result.job, result.error) for result in renderer.render_all(jobs)] == [(job, None) for job in jobs]
    for variant in VARIANTS:
        assert len({(tmp_path / f"{turn}-{variant}.svg").read_bytes() for turn in range(4)}) == 1


def test_a_file_is_replaced_whole_and_nothing_else_is_left(several: Architecture, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "model.svg"
    with Renderer() as renderer:
        for _ in range(2):
            renderer.render(figure(several), {"svg": target})
    assert [path.name for path in target.parent.iterdir()] == ["model.svg"]


def test_png_and_svg_have_the_same_shape(several: Architecture, tmp_path: Path, renderer: Renderer) -> None:
    renderer.render(figure(several), {"png": tmp_path / "model.png"})
    width, height = size_of_png((tmp_path / "model.png").read_bytes())
    drawing = renderer.draw(figure(several))
    assert width / height == pytest.approx(drawing.width / drawing.height, rel=0.01)


@pytest.mark.parametrize(
    ("width", "height"), [(100, 100), (300, 2_000), (3_000, 3_000), (300, 900_000), (90_000, 60_000)]
)
def test_a_png_is_legible_where_it_can_be_and_never_too_large(width: float, height: float) -> None:
    scale = png_scale(width, height)
    assert scale * max(width, height) <= 32_000
    assert scale**2 * width * height <= 24_000_001
    assert scale <= 200 / 72
    if width * height <= 24_000_000 / 1.25**2 and max(width, height) < 20_000:
        assert scale >= 1.25


def test_a_long_chain_becomes_columns_in_a_png(
    chain_of_blocks: Callable[[int], Architecture], tmp_path: Path, renderer: Renderer
) -> None:
    architecture = chain_of_blocks(100)
    renderer.render(figure(architecture), {"png": tmp_path / "model.png"})
    data = (tmp_path / "model.png").read_bytes()
    width, height = size_of_png(data)
    assert 0.7 < width / height < 2.8
    assert width * height <= 24_100_000
    assert len(data) < 6_000_000


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["tb", "lr"])
def test_a_long_chain_fits_a_pdf_page(
    chain_of_blocks: Callable[[int], Architecture], tmp_path: Path, renderer: Renderer, variant: Any
) -> None:
    renderer.render(figure(chain_of_blocks(600), variant), {"pdf": tmp_path / "model.pdf"})
    page = (tmp_path / "model.pdf").read_bytes()
    start = page.index(b"/MediaBox")
    sides = [float(number) for number in page[start : start + 60].split(b"[")[1].split(b"]")[0].split()]
    assert max(sides) <= 14_400
