"""How long a site takes, and how much memory, beside the script that people write today.

Usage: python benchmarks/build_times.py [--sizes 1 10 40 100 1000] [--script-up-to 40] [--repeat 1] [--output DIR]

The zoo is `keras.applications`, one module per model; beyond its 40 models the same builders come again with another
number of classes.  Everything runs in turn, in processes of its own, on whatever machine this is: the ratios count, not
the seconds.  `build_times.md` (tables and a plot, which the documentation shows) and `build_times.json` (all that was
measured) are written to the output directory after every size.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import psutil

HERE = Path(__file__).parent

# fmt: off
NAMES = (
    "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtSmall", "ConvNeXtTiny", "ConvNeXtXLarge", "DenseNet121",
    "DenseNet169", "DenseNet201", "EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3",
    "EfficientNetB4", "EfficientNetB5", "EfficientNetB6", "EfficientNetB7", "EfficientNetV2B0", "EfficientNetV2B1",
    "EfficientNetV2B2", "EfficientNetV2B3", "EfficientNetV2L", "EfficientNetV2M", "EfficientNetV2S",
    "InceptionResNetV2", "InceptionV3", "MobileNet", "MobileNetV2", "MobileNetV3Large", "MobileNetV3Small",
    "NASNetLarge", "NASNetMobile", "ResNet101", "ResNet101V2", "ResNet152", "ResNet152V2", "ResNet50",
    "ResNet50V2", "VGG16", "VGG19", "Xception",
)
# fmt: on

MODULE = '''"""{name} with {classes} classes."""

import keras


def model() -> keras.Model:
    """Build {name}."""
    return keras.applications.{name}(weights=None, classes={classes})
'''

BUILD = """
import sys
from pathlib import Path
from keraviz_docs import production, site
built = site.build(
    Path(sys.argv[1]),
    Path(sys.argv[2]),
    embed=sys.argv[3] == "complete",
    directory_urls=True,
    progress=production.choose(quiet=True),
)
assert not built.failures, built.failures
"""

MKDOCS = """site_name: Zoo
theme: material
plugins: [{plugins}]
"""

MIB = 1 << 20
_LONGEST_PAUSE = 2.0
"""Seconds between two looks at memory; looking more often would slow down what is measured."""
_FULL_PAGES_UP_TO = 40
"""Models; Python-Markdown takes long over complete pages."""


@dataclass(frozen=True)
class Run:
    """One process, and everything that it started."""

    seconds: float
    cpu: float
    """Processor time of all processes together, in seconds."""
    largest: int
    """Peak resident memory of the largest process, in MiB."""
    together: int
    """The most memory that all processes held at once, shared pages counted once, in MiB."""


@dataclass(frozen=True)
class Row:
    """One size of zoo."""

    models: int
    script: Run | None
    cold: Run
    warm: Run
    changed: Run
    mkdocs_alone: Run
    """MkDocs on the pages' Markdown and files, so that diagrams and tables do not get into the pages."""
    mkdocs_complete: Run | None
    """MkDocs on complete pages, as ``keraviz build`` writes them for any generator."""
    mkdocs_with_us: Run
    """MkDocs with the plugin, when nothing has changed."""


def run(command: Sequence[str], cwd: Path) -> Run:
    """Run a command to its end, and watch the time and memory of all its processes.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    before, began = _cpu(), time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    largest, together = [0], [0]
    over = threading.Event()

    def watch() -> None:
        watched = psutil.Process(process.pid)
        pause = 0.1
        while not over.wait(pause):
            pause = min(2 * pause, _LONGEST_PAUSE)
            with contextlib.suppress(psutil.Error):
                processes = [watched, *watched.children(recursive=True)]
                largest.append(max(_peak(each) for each in processes))
                together.append(sum(_share(each) for each in processes))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, complaints = process.communicate()
    seconds = time.monotonic() - began
    over.set()
    watcher.join()
    if process.returncode:
        print(complaints[-2_000:], file=sys.stderr)
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(seconds, _cpu() - before, max(largest), max(together))


def _cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _peak(process: psutil.Process) -> int:
    """Return the most memory that a process ever held, in MiB (`VmHWM`, proc(5)); elsewhere what it holds now."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss) // MIB
    return 0


def _share(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        memory = process.memory_full_info()
        return int(getattr(memory, "pss", memory.uss)) // MIB
    return 0


def write_zoo(folder: Path, size: int) -> None:
    """Write a project of so many models, spread over all of `keras.applications`."""
    folder.mkdir(parents=True)
    lines = ["title: Benchmark", "formats: [svg]", "models:"]
    for number in range(size):
        name = NAMES[number * len(NAMES) // size] if size < len(NAMES) else NAMES[number % len(NAMES)]
        classes = 10 + number // len(NAMES)
        (folder / f"model_{number:04}.py").write_text(MODULE.format(name=name, classes=classes))
        lines.append(f"  - {{id: model-{number:04}, builder: 'model_{number:04}:model'}}")
    (folder / "zoo.yml").write_text("\n".join(lines) + "\n")
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text("# Zoo\n")
    (folder / "mkdocs.yml").write_text(MKDOCS.format(plugins="search, keraviz"))


def measure(size: int, *, with_script: bool, scratch: Path) -> Row:
    """Build one size of zoo in every way: first, again, after a change; and with MkDocs, which finds it up to date."""
    zoo = scratch / f"zoo-{size}"
    write_zoo(zoo, size)
    python = sys.executable
    pages = zoo / ".keraviz" / "pages"  # where the plugin keeps them
    build = [python, "-c", BUILD, str(zoo / "zoo.yml"), str(pages / "models"), "for MkDocs"]
    script = [python, str(HERE / "plot_model_script.py"), str(zoo), str(zoo / "drawn")]
    drawn = run(script, scratch) if with_script else None
    cold = run(build, scratch)
    warm = run(build, scratch)
    one = zoo / f"model_{size // 2:04}.py"
    one.write_text(one.read_text().replace("classes=1", "classes=2"))
    changed = run(build, scratch)
    mkdocs = [python, "-m", "mkdocs", "build", "--quiet"]
    with_us = run(mkdocs, zoo)
    without_us = run(mkdocs, _without_us(scratch / f"alone-{size}", pages))
    complete = None
    if size <= _FULL_PAGES_UP_TO:
        run([*build[:-2], str(zoo / "complete" / "models"), "complete"], scratch)
        complete = run(mkdocs, _without_us(scratch / f"complete-{size}", zoo / "complete"))
    for folder in scratch.glob(f"*-{size}"):
        shutil.rmtree(folder)
    return Row(size, drawn, cold, warm, changed, without_us, complete, with_us)


def _without_us(folder: Path, pages: Path) -> Path:
    """Make a site of pages that exist, for MkDocs without our plugin."""
    shutil.copytree(pages, folder / "docs", ignore=shutil.ignore_patterns(".*"))
    if not (folder / "docs" / "index.md").exists():
        (folder / "docs" / "index.md").write_text("# Zoo\n")
    (folder / "mkdocs.yml").write_text(MKDOCS.format(plugins="search"))
    return folder


def middle(runs: Sequence[Run]) -> Run:
    """Return the median of several runs, and the most memory of any."""
    return Run(
        statistics.median(each.seconds for each in runs),
        statistics.median(each.cpu for each in runs),
        max(each.largest for each in runs),
        max(each.together for each in runs),
    )


def combined(rows: Sequence[Row]) -> Row:
    """Return the median row of repeated measurements of one size."""

    def of(pick: Callable[[Row], Run | None]) -> Run | None:
        runs = [one for row in rows if (one := pick(row)) is not None]
        return middle(runs) if runs else None

    return Row(
        models=rows[0].models,
        script=of(lambda row: row.script),
        cold=middle([row.cold for row in rows]),
        warm=middle([row.warm for row in rows]),
        changed=middle([row.changed for row in rows]),
        mkdocs_alone=middle([row.mkdocs_alone for row in rows]),
        mkdocs_complete=of(lambda row: row.mkdocs_complete),
        mkdocs_with_us=middle([row.mkdocs_with_us for row in rows]),
    )


@dataclass(frozen=True)
class Results:
    """All that was measured."""

    machine: str
    importing: Run
    """Importing Keras with TensorFlow, and nothing else."""
    rows: tuple[Row, ...]


def machine() -> str:
    """Describe this machine, as far as times depend on it."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def report(results: Results) -> str:
    """Return the results as Markdown."""
    rows, importing = results.rows, results.importing
    about = (
        f"Measured on {results.machine}, where importing Keras with TensorFlow alone takes {importing.seconds:.1f} s."
    )
    parts = [about, "**The first build**", _first(rows), plot(rows), "**Later builds**", _later(rows, importing)]
    if len(rows) > 1:
        parts += ["**Per model**", _per_model(rows)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _first(rows: Sequence[Row]) -> str:
    def cells(row: Row) -> Iterator[str]:
        script = row.script
        yield f"{row.models:,}"
        yield _seconds(script)
        yield _seconds(row.cold)
        yield f"**{script.seconds / row.cold.seconds:.1f}×**" if script else ""
        yield f"{script.cpu / row.cold.cpu:.1f}×" if script else ""
        yield f"{script.largest:,} MiB" if script else ""
        yield f"{row.cold.largest:,} MiB"
        yield f"{row.cold.together:,} MiB"

    head = ("models", "script", "keraviz", "faster", "less processor time", "largest process: script")
    return _table((*head, "largest process: keraviz", "all its processes"), [list(cells(row)) for row in rows])


def _later(rows: Sequence[Row], importing: Run) -> str:
    def cells(row: Row) -> Iterator[str]:
        complete = row.mkdocs_complete
        yield f"{row.models:,}"
        yield _seconds(row.warm)
        yield f"{row.changed.seconds:.1f} s ({row.changed.seconds - importing.seconds:.1f} s + import)"
        yield _seconds(row.mkdocs_with_us)
        yield _seconds(complete)
        yield f"**{row.mkdocs_with_us.seconds / complete.seconds:.2f}×**" if complete else ""
        yield _seconds(row.mkdocs_alone)
        yield f"{row.mkdocs_with_us.seconds / row.mkdocs_alone.seconds:.2f}×"

    head = ["models", "nothing changed", "one builder changed", "MkDocs with the plugin, nothing changed"]
    head += ["MkDocs alone, complete pages", "ratio", "MkDocs alone, pages without their diagrams and tables", "ratio"]
    return _table(head, [list(cells(row)) for row in rows])


def _per_model(rows: Sequence[Row]) -> str:
    def cells(row: Row) -> Iterator[str]:
        yield f"{row.models:,}"
        yield f"{row.cold.seconds / row.models:.2f} s"
        yield f"{row.cold.cpu / row.models:.2f} s"
        yield f"{1000 * row.warm.seconds / row.models:.0f} ms"
        yield f"{1000 * row.mkdocs_with_us.seconds / row.models:.0f} ms"
        yield f"{row.cold.together / row.models:.1f} MiB"

    head = ("models", "first build", "processor time", "nothing changed", "MkDocs with the plugin", "memory")
    return _table(head, [list(cells(row)) for row in rows])


def _seconds(one: Run | None) -> str:
    return "" if one is None else f"{one.seconds:.1f} s"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "--:|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(cells)} |" for cells in rows)])


SERIES: dict[str, tuple[str, Callable[[Row], Run | None]]] = {
    "plot_model script": ("6 3", lambda row: row.script),
    "first build": ("", lambda row: row.cold),
    "one builder changed": ("", lambda row: row.changed),
    "nothing changed": ("", lambda row: row.warm),
}
"""What the plot shows, and the dashes of its line."""


def plot(rows: Sequence[Row]) -> str:
    """Return seconds over models as an SVG in the colours of the page, both axes logarithmic."""
    width, height, left, right, bottom = 680, 340, 62, 170, 40
    taken = [one for row in rows for _, of in SERIES.values() if (one := of(row)) is not None]
    low = math.floor(math.log10(min(each.seconds for each in taken)))
    high = math.ceil(math.log10(max(each.seconds for each in taken)))
    last = max(math.log10(max(row.models for row in rows)), 1.0)

    def place(models: float, seconds: float) -> tuple[float, float]:
        across = left + (width - left - right) * math.log10(models) / last
        up = (height - bottom - 10) * (math.log10(seconds) - low) / max(high - low, 1)
        return round(across, 1), round(height - bottom - up, 1)

    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    style = 'style="max-width:100%;height:auto;font-size:12px" fill="currentColor" role="img"'
    parts = [
        "<figure>",  # which a Markdown parser leaves alone
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style} aria-labelledby="build-times-title">',
        '<title id="build-times-title">Seconds to build a site, by number of models</title>',
    ]
    for power in range(low, high + 1):
        x, y = place(1, 10.0**power)
        parts.append(f'<path d="M{x} {y}H{width - right}" stroke="currentColor" stroke-opacity=".2"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{10.0**power:g} s</text>')
    for row in rows:
        x, y = place(row.models, 10.0**low)
        parts.append(f'<text x="{x}" y="{y + 18}" text-anchor="middle">{row.models:,}</text>')
    labels: list[float] = []
    for number, (name, (dashes, of)) in enumerate(SERIES.items()):
        points = [place(row.models, one.seconds) for row in rows if (one := of(row)) is not None]
        if not points:
            continue
        colour = "currentColor" if dashes else "var(--md-typeset-a-color, #3f51b5)"
        faded = 1.0 if dashes else 1.0 - 0.25 * (number - 1)
        line = " ".join(f"{x},{y}" for x, y in points)
        drawn = f'stroke="{colour}" stroke-width="2" stroke-opacity="{faded}" stroke-dasharray="{dashes or "none"}"'
        parts.append(f'<polyline points="{line}" fill="none" {drawn}/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in points]
        beside = points[-1][1] + 4
        while any(abs(beside - label) < 13 for label in labels):
            beside = round(beside + 13, 1)
        labels.append(beside)
        parts.append(f'<text x="{points[-1][0] + 8}" y="{beside}" fill="{colour}">{name}</text>')
    middle_x = (left + width - right) / 2
    parts.append(f'<text x="{middle_x}" y="{height - 4}" text-anchor="middle">models</text></svg>')
    parts.append("</figure>")
    return "\n".join(parts)


def main() -> None:
    """Measure and write the results."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 40, 100, 1000])
    options.add_argument("--script-up-to", type=int, default=100, help="do not run the script on larger zoos")
    options.add_argument("--repeat", type=int, default=1)
    options.add_argument("--output", type=Path, default=HERE)
    chosen = options.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)
    importing = middle([run([sys.executable, "-c", "import keras, tensorflow"], HERE) for _ in range(3)])
    results = Results(machine(), importing, ())
    with tempfile.TemporaryDirectory(prefix="keraviz-bench-") as scratch:
        for size in chosen.sizes:
            with_script = size <= chosen.script_up_to
            repeated = [measure(size, with_script=with_script, scratch=Path(scratch)) for _ in range(chosen.repeat)]
            rows = sorted([*results.rows, combined(repeated)], key=lambda row: row.models)
            results = replace(results, rows=tuple(rows))
            (chosen.output / "build_times.json").write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
            (chosen.output / "build_times.md").write_text(report(results), encoding="utf-8")
            print(f"{size:,} models: done", flush=True)
    print((chosen.output / "build_times.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
