"""A model is read again when, and only when, something that it was built from has changed."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from keraviz_docs.manifest.entries import BuilderTarget, DiscoverEntry, ModelEntry
from keraviz_docs.outcome import Failure, Reading
from keraviz_docs.production import Cache, LocalPool, ModelReport, Report, produce

BUILDER = """
import keras
{imports}

def model() -> keras.Model:
    units = {units}
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.Dense(units)(inputs))
"""

Build = Callable[..., ModelReport]


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    folder = tmp_path / "zoo"
    folder.mkdir()
    return folder


@pytest.fixture
def build(zoo: Path, pool: LocalPool) -> Build:
    """Return a function that builds `nets:model` of the zoo with its cache."""

    def built(**settings: object) -> ModelReport:
        entry = ModelEntry(id="model", target=BuilderTarget("nets", "model"))
        report = produce([dataclasses.replace(entry, **settings)], zoo, cache=Cache.of(zoo), pool=pool)  # type: ignore[arg-type]  # any field
        return report.models[0]

    return built


def write(zoo: Path, units: str, imports: str = "") -> None:
    (zoo / "nets.py").write_text(textwrap.dedent(BUILDER).format(imports=imports, units=units))


def units(model: ModelReport) -> int:
    assert isinstance(model.outcome, Reading), model.outcome
    last = model.outcome.architecture.nodes[-1].outputs[0].shape
    assert last is not None
    assert last[-1] is not None
    return last[-1]


def assert_read_again_after(build: Build, change: Callable[[], object], *, before: int, after: int) -> None:
    first = build()
    assert not first.from_cache
    assert units(first) == before
    second = build()
    assert second.from_cache
    assert second.outcome == first.outcome
    assert second.digest == first.digest
    change()
    third = build()
    assert not third.from_cache
    assert units(third) == after
    assert third.digest != first.digest
    assert build().from_cache


def test_the_builders_own_source(zoo: Path, build: Build) -> None:
    write(zoo, "3")
    assert_read_again_after(build, lambda: write(zoo, "5"), before=3, after=5)


def test_a_change_within_the_same_second_to_the_same_size(zoo: Path, build: Build) -> None:
    write(zoo, "3")
    now = (zoo / "nets.py").stat().st_mtime_ns // 10**9 * 10**9
    os.utime(zoo / "nets.py", ns=(now, now))

    def change() -> None:
        write(zoo, "5")
        os.utime(zoo / "nets.py", ns=(now + 1_000, now + 1_000))

    assert_read_again_after(build, change, before=3, after=5)
    assert not (zoo / "__pycache__").exists()


def test_a_module_that_it_imports(zoo: Path, build: Build) -> None:
    (zoo / "sizes.py").write_text("WIDTH = 3\n")
    write(zoo, "sizes.WIDTH", "import sizes")
    assert_read_again_after(build, lambda: (zoo / "sizes.py").write_text("WIDTH = 5\n"), before=3, after=5)


def test_a_module_that_it_imports_while_it_builds_and_forgets(zoo: Path, build: Build) -> None:
    (zoo / "sizes.py").write_text("WIDTH = 3\n")
    write(zoo, "width()", "import sys\ndef width():\n    import sizes\n    return sys.modules.pop('sizes').WIDTH\n")
    assert_read_again_after(build, lambda: (zoo / "sizes.py").write_text("WIDTH = 5\n"), before=3, after=5)


def test_a_data_file_that_it_opens(zoo: Path, build: Build) -> None:
    (zoo / "sizes.txt").write_text("3")
    write(zoo, "int(open('sizes.txt').read())")
    assert_read_again_after(build, lambda: (zoo / "sizes.txt").write_text("5"), before=3, after=5)


def test_an_array_that_it_loads(zoo: Path, build: Build) -> None:
    import numpy as np

    np.save(zoo / "sizes.npy", np.array(3))
    write(zoo, "int(np.load('sizes.npy'))", "import numpy as np")
    assert_read_again_after(build, lambda: np.save(zoo / "sizes.npy", np.array(5)), before=3, after=5)


def test_a_file_that_tensorflow_opens(zoo: Path, build: Build) -> None:
    (zoo / "words.txt").write_text("a\nb\n")
    lookup = "keras.layers.StringLookup(vocabulary='words.txt').vocabulary_size()"
    write(zoo, lookup)
    assert_read_again_after(build, lambda: (zoo / "words.txt").write_text("a\nb\nc\nd\n"), before=3, after=5)


def test_a_file_that_hdf5_opens(zoo: Path, build: Build) -> None:
    import h5py  # type: ignore[import-untyped]  # it has no types

    def save(width: int) -> None:
        with h5py.File(zoo / "sizes.h5", "w") as file:
            file.attrs["width"] = width

    save(3)
    write(zoo, "int(h5py.File('sizes.h5').attrs['width'])", "import h5py")
    assert_read_again_after(build, lambda: save(5), before=3, after=5)


def test_a_file_that_it_looked_for_in_vain(zoo: Path, build: Build) -> None:
    write(zoo, "int(Path('w.txt').read_text()) if Path('w.txt').exists() else 3", "from pathlib import Path")
    assert_read_again_after(build, lambda: (zoo / "w.txt").write_text("5"), before=3, after=5)


def test_a_file_whose_mere_presence_counts(zoo: Path, build: Build) -> None:
    (zoo / "narrow").touch()
    write(zoo, "3 if os.path.exists('narrow') else 5", "import os")
    assert_read_again_after(build, lambda: (zoo / "narrow").unlink(), before=3, after=5)


def test_a_folder_that_it_lists(zoo: Path, build: Build) -> None:
    (zoo / "parts").mkdir()
    for name in "abc":
        (zoo / "parts" / name).touch()
    write(zoo, "len(glob.glob('parts/*'))", "import glob")
    assert_read_again_after(build, lambda: (zoo / "parts" / "d").touch(), before=3, after=4)


def test_a_module_that_it_could_not_import(zoo: Path, build: Build) -> None:
    write(zoo, "WIDTH", "try:\n    from extras.wide import WIDTH\nexcept ImportError:\n    WIDTH = 3\n")

    def add() -> None:
        (zoo / "extras").mkdir()
        (zoo / "extras" / "wide.py").write_text("WIDTH = 5\n")

    assert_read_again_after(build, add, before=3, after=5)


def test_a_variable_of_the_environment_that_it_reads(zoo: Path, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    write(zoo, "int(os.environ.get('ZOO_WIDTH', '3'))", "import os")
    assert_read_again_after(build, lambda: monkeypatch.setenv("ZOO_WIDTH", "5"), before=3, after=5)


def test_its_arguments(zoo: Path, build: Build) -> None:
    (zoo / "nets.py").write_text(
        "import keras\ndef model(units: int) -> keras.Model:\n"
        "    inputs = keras.Input((4,))\n    return keras.Model(inputs, keras.layers.Dense(units)(inputs))\n"
    )
    assert units(build(kwargs={"units": 3})) == 3
    assert units(build(kwargs={"units": 5})) == 5
    assert build(kwargs={"units": 3}).from_cache
    assert build(kwargs={"units": 5}).from_cache


def test_a_list_and_a_tuple_are_different_arguments(zoo: Path, build: Build) -> None:
    (zoo / "nets.py").write_text(
        "import keras\ndef model(sizes) -> keras.Model:\n"
        "    inputs = keras.Input((4,))\n"
        "    return keras.Model(inputs, keras.layers.Dense(3 if isinstance(sizes, tuple) else 5)(inputs))\n"
    )
    assert units(build(kwargs={"sizes": (1, 2)})) == 3
    assert units(build(kwargs={"sizes": [1, 2]})) == 5


def test_nothing_else(zoo: Path, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    (zoo / "data").mkdir()
    write(zoo, "3", "import os, importlib.metadata\nos.environ.copy()\nimportlib.metadata.version('keras')\n")
    build()
    (zoo / "other.py").write_text("import nets\n")
    (zoo / "data" / "more.txt").write_text("more")
    os.utime(zoo / "nets.py")
    monkeypatch.setenv("UNRELATED", "1")
    monkeypatch.setenv("TERM", "vt100")
    assert build().from_cache
    assert build(title="Another title", section="Elsewhere", tags=("new",), description="Better words").from_cache


def test_going_back_to_an_earlier_state_finds_what_was_read_then(zoo: Path, build: Build) -> None:
    for width in ("3", "5"):
        write(zoo, width)
        build()
    write(zoo, "3")
    again = build()
    assert again.from_cache
    assert units(again) == 3


def test_a_file_that_changes_while_it_is_used_is_not_trusted(zoo: Path, build: Build) -> None:
    (zoo / "counter.txt").write_text("3")
    write(zoo, "count()", "def count():\n    n = int(open('counter.txt').read())\n    open('counter.txt', 'w').write(f'{n + 1}')\n    return n\n")  # fmt: skip  # noqa: E501 - a builder on one line
    assert [units(build()) for _ in range(3)] == [3, 4, 5]


def test_what_another_program_says_is_asked_again(zoo: Path, build: Build) -> None:
    write(zoo, "int(subprocess.check_output(['echo', '3']))", "import subprocess")
    assert not build().from_cache
    assert not build().from_cache


def test_what_comes_through_a_pipe_is_asked_again(zoo: Path, build: Build) -> None:
    os.mkfifo(zoo / "pipe")
    write(zoo, "int(open('pipe').read())")
    for width in (3, 5):
        feeder = threading.Thread(target=(zoo / "pipe").write_text, args=[str(width)])
        feeder.start()
        model = build()
        feeder.join()
        assert units(model) == width


def test_files_that_it_writes_for_itself_do_not_count(zoo: Path, build: Build) -> None:
    write(zoo, "scratch()", "import tempfile\ndef scratch():\n    with tempfile.TemporaryDirectory() as d:\n        open(f'{d}/x', 'w').write('3')\n        return int(open(f'{d}/x').read())\n")  # fmt: skip  # noqa: E501 - a builder on one line
    assert units(build()) == 3
    assert build().from_cache


def test_what_a_builder_raised_is_never_remembered(zoo: Path, build: Build) -> None:
    write(zoo, "1 / 0")
    assert isinstance(build().outcome, Failure)
    again = build()
    assert isinstance(again.outcome, Failure)
    assert not again.from_cache


def test_a_builder_that_returns_no_model_is_not_asked_again_until_it_is_mended(zoo: Path, build: Build) -> None:
    (zoo / "nets.py").write_text("def model():\n    return 3\n")
    first, again = build(), build()
    assert isinstance(first.outcome, Failure) and first.outcome.kind == "wrong-return"
    assert again.from_cache and again.outcome == first.outcome
    write(zoo, "3")
    assert units(build()) == 3


def test_the_files_to_watch_are_told_with_and_without_the_cache_and_for_failures(zoo: Path, build: Build) -> None:
    (zoo / "sizes.txt").write_text("3")
    write(zoo, "int(open('sizes.txt').read())")
    expected = (zoo / "nets.py", zoo / "sizes.txt")
    assert build().dependencies == expected
    assert build().dependencies == expected
    (zoo / "sizes.txt").write_text("three")
    failed = build()
    assert isinstance(failed.outcome, Failure)
    assert failed.dependencies == expected


def test_the_files_of_a_builder_that_crashes_are_told(zoo: Path, build: Build) -> None:
    write(zoo, "os._exit(1)", "import os")
    assert build().dependencies == (zoo / "nets.py",)


def test_a_cache_serves_another_checkout_in_another_directory(tmp_path: Path, pool: LocalPool) -> None:
    cache = Cache(tmp_path / "shared")
    entry = ModelEntry(id="model", target=BuilderTarget("nets", "model"))
    reports = []
    for name in ("here", "elsewhere/deeper"):
        zoo = tmp_path / name / "zoo"
        zoo.mkdir(parents=True)
        write(zoo, "int(open('sizes.txt').read())")
        (zoo / "sizes.txt").write_text("3")
        (zoo / "pyproject.toml").touch()
        reports.append(produce([entry], zoo, cache=cache, pool=pool).models[0])
    assert [report.from_cache for report in reports] == [False, True]
    assert reports[0].outcome == reports[1].outcome


def discover(zoo: Path, pool: LocalPool) -> Report:
    return produce([DiscoverEntry(module="nets", section="Found")], zoo, cache=Cache.of(zoo), pool=pool)


def test_discovered_builders_come_from_the_cache_too(zoo: Path, pool: LocalPool) -> None:
    write(zoo, "3")
    first, second = discover(zoo, pool), discover(zoo, pool)
    assert [model.entry.section for model in first.models] == ["Found"]
    assert [model.from_cache for model in second.models] == [True]
    assert second.outcomes == first.outcomes
    with (zoo / "nets.py").open("a") as file:
        file.write("\ndef another() -> keras.Model:\n    return model()\n")
    assert len(discover(zoo, pool).models) == 2


def test_a_module_that_cannot_be_searched_is_told(zoo: Path, pool: LocalPool) -> None:
    report = discover(zoo, pool)
    assert report.models == ()
    assert [(failure.kind, failure.target) for failure in report.undiscovered] == [("import", "nets")]


WARM = """
import logging, sys
from pathlib import Path
from keraviz_docs.manifest.entries import BuilderTarget, DiscoverEntry, ModelEntry
from keraviz_docs.production import Cache, produce

def started(event, arguments):
    if event in ("subprocess.Popen", "os.fork", "os.posix_spawn"):
        raise AssertionError(f"a process was started: {arguments}")

logging.basicConfig(level=logging.DEBUG)
sys.addaudithook(started)
zoo = Path(sys.argv[1])
target = BuilderTarget("nets", "model")
entries = [DiscoverEntry(module="nets"), *(ModelEntry(id=f"m{n}", target=target) for n in range(20))]
report = produce(entries, zoo, cache=Cache.of(zoo))
assert len(report.models) == 21 and all(model.from_cache for model in report.models), report
loaded = {"tensorflow", "keras", "numpy"} & set(sys.modules)
assert not loaded, loaded
"""


def test_a_build_without_changes_starts_no_process_and_imports_no_tensorflow(zoo: Path, pool: LocalPool) -> None:
    write(zoo, "3")
    entries = [ModelEntry(id=f"m{number}", target=BuilderTarget("nets", "model")) for number in range(20)]
    produce([DiscoverEntry(module="nets"), *entries], zoo, cache=Cache.of(zoo), pool=pool)
    ran = subprocess.run([sys.executable, "-c", WARM, str(zoo)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
