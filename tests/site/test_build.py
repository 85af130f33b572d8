"""From a manifest to pages on disk."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from keraviz_docs import site
from keraviz_docs.errors import UserError
from keraviz_docs.production import Cache, Shard, Store

pytestmark = pytest.mark.slow

BUILDERS = '''
import keras


def small(width: int = 2) -> keras.Model:
    """A small model."""
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(width)(inputs))


def broken() -> keras.Model:
    """A model that cannot be built."""
    raise ValueError("not today")
'''


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    (project / "builders.py").write_text(BUILDERS)
    (project / "zoo.yml").write_text(
        'title: Zoo\nmodels:\n  - {id: small, builder: "builders:small", variants: [{id: wide, kwargs: {width: 9}}]}\n'
    )
    return project / "zoo.yml"


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def test_models_are_read_drawn_and_written_and_the_second_time_changes_nothing(zoo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    built = site.build(zoo, out)
    assert built.failures == ()
    assert built.undrawn == ()
    names = {
        f"small/small-{variant}.{form}" for variant in ("tb", "lr", "numbered") for form in ("svg", "png", "pdf", "dot")
    }
    assert names <= set(built.pages.files)
    assert all((out / name).is_file() for name in built.pages.files)
    assert (out / "small/small-tb.png").read_bytes().startswith(b"\x89PNG")
    assert zoo in built.watched
    assert zoo.with_name("builders.py") in built.watched
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert all(model.from_cache for model in site.build(zoo, out).report.models)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_the_manifest_says_what_can_be_downloaded(zoo: Path, tmp_path: Path) -> None:
    zoo.write_text(zoo.read_text() + "formats: [pdf]\n")
    out = tmp_path / "out"
    site.build(zoo, out)
    assert {path.suffix for path in out.glob("small/small-tb.*")} == {".svg", ".pdf"}
    page = (out / "small/index.md").read_text()
    assert "small-tb.pdf" in page
    assert "small-tb.png" not in page


def test_the_same_bytes_in_another_place_with_and_without_a_cache(zoo: Path, tmp_path: Path) -> None:
    site.build(zoo, tmp_path / "one", formats=("svg",))
    site.build(zoo, tmp_path / "elsewhere" / "two", formats=("svg",))
    site.build(zoo, tmp_path / "three", formats=("svg",), cache=tmp_path / "another cache")
    assert contents(tmp_path / "one") == contents(tmp_path / "elsewhere" / "two") == contents(tmp_path / "three")


COUNTING = """
import sys
from pathlib import Path
started = set()
def watch(event, arguments):
    if event == "subprocess.Popen":
        started.add(arguments[1][-1])
    elif event in {"os.fork", "os.forkpty", "os.posix_spawn", "os.system"}:
        started.add(event)
sys.addaudithook(watch)
from keraviz_docs import site
site.build(Path(sys.argv[1]), Path(sys.argv[2]), formats=("svg",), cache=Path(sys.argv[3]))
print(*started)
"""


def test_shares_that_were_read_and_drawn_elsewhere_leave_only_pages_to_write(zoo: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        share = site.prepare(zoo, Shard(number, 2), formats=("svg",), cache=tmp_path / f"share-{number}")
        assert len(share.report.models) == 1
        shutil.copytree(tmp_path / f"share-{number}", tmp_path / "merged", dirs_exist_ok=True)
    places = [str(zoo), str(tmp_path / "merged pages"), str(tmp_path / "merged")]
    stored = [entry.path for entry in Cache(tmp_path / "merged").diagrams.entries()]
    done = subprocess.run([sys.executable, "-c", COUNTING, *places], capture_output=True, text=True, check=True)
    assert done.stdout in ("\n", "keraviz_docs.workers\n")  # which write the pages; nothing reads models
    assert [entry.path for entry in Cache(tmp_path / "merged").diagrams.entries()] == stored
    site.build(zoo, tmp_path / "pages", formats=("svg",), cache=tmp_path / "whole")
    assert contents(tmp_path / "merged pages") == contents(tmp_path / "pages")


def test_a_cache_that_is_cleared_while_pages_are_built_harms_nothing(
    zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.build(zoo, tmp_path / "before", formats=("svg",), cache=tmp_path / "cache")
    found = Store.get_files
    cleared: list[bool] = []

    def find_and_lose(store: Store, key: str) -> dict[str, Path] | None:
        files = found(store, key)
        if not cleared:
            cleared.append(True)
            Cache(tmp_path / "cache").clear()
        return files

    monkeypatch.setattr(Store, "get_files", find_and_lose)
    built = site.build(zoo, tmp_path / "after", formats=("svg",), cache=tmp_path / "cache")
    assert cleared
    assert built.undrawn == ()
    assert contents(tmp_path / "after") == contents(tmp_path / "before")


def test_costs_are_on_the_pages(zoo: Path, tmp_path: Path) -> None:
    built = site.build(zoo, tmp_path / "out", formats=("svg",), embed=False)
    assert '<dd title="6">6</dd>' in built.pages.part("small/index.md", "figures")


def test_what_fails_has_a_page_and_the_others_are_built(zoo: Path, tmp_path: Path) -> None:
    zoo.write_text(
        'models:\n  - {id: small, builder: "builders:small"}\n  - {id: broken, builder: "builders:broken"}\n'
        "  - discover: no_such_module\n"
    )
    built = site.build(zoo, tmp_path / "out", formats=("svg",))
    assert [failure.id for failure in built.failures] == ["broken", "no-such-module"]
    assert "not today" in (tmp_path / "out/broken/index.md").read_text()
    assert "no_such_module" in (tmp_path / "out/no-such-module/index.md").read_text()
    assert (tmp_path / "out/small/small-tb.svg").is_file()


def test_keras_is_never_imported_by_the_process_that_asks(zoo: Path, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom keraviz_docs import site\n"
        f"site.build(Path({str(zoo)!r}), Path({str(tmp_path / 'out')!r}), formats=('svg',))\n"
        "print({'keras', 'tensorflow'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_manifest_with_mistakes_is_refused(zoo: Path, tmp_path: Path) -> None:
    zoo.write_text("models: [{id: small, biulder: x}]\n")
    with pytest.raises(UserError, match="biulder"):
        site.build(zoo, tmp_path / "out")
    assert not (tmp_path / "out").exists()
