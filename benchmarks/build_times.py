"""How long a site takes, and how much memory, beside the script that people write today.

Usage: python benchmarks/build_times.py [--sizes 1 10 100] [--script-up-to 100] [--repeat 1] [--output DIR]

The zoo is `keras.applications`, one module per model; beyond 40 models the same builders come again with another
number of classes.  Everything runs in turn, in processes of its own, on whatever machine this is: the ratios count, not
the seconds.  `results.md` and `results.svg` are written to the output directory.
"""

from __future__ import annotations

import argparse
import contextlib
import json
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
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

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
built = site.build(Path(sys.argv[1]), Path(sys.argv[2]), formats=("svg",), progress=production.choose(quiet=True))
assert not built.failures, built.failures
print(sum(not model.from_cache for model in built.report.models))
"""

MKDOCS = """site_name: Zoo
theme: material
plugins: [{plugins}]
"""

MIB = 1 << 20


@dataclass(frozen=True)
class Run:
    """One process, and everything that it started."""

    seconds: float
    largest: int
    """Peak resident memory of the largest process, in MiB."""


@dataclass(frozen=True)
class Row:
    """One size of zoo."""

    models: int
    cold: Run
    warm: Run
    changed: Run
    script: Run | None
    mkdocs_alone: Run
    mkdocs_with_us: Run


def run(command: Sequence[str], cwd: Path) -> Run:
    """Run a command to its end, and watch the memory of all its processes.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    peaks = [0]
    over = threading.Event()

    def watch() -> None:
        watched = psutil.Process(process.pid)
        while not over.wait(0.05):
            with contextlib.suppress(psutil.Error):
                peaks.append(max(_peak(each.pid) for each in [watched, *watched.children(recursive=True)]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, complaints = process.communicate()
    seconds = time.monotonic() - began
    over.set()
    watcher.join()
    if process.returncode:
        print(complaints[-2_000:], file=sys.stderr)
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(seconds, max(peaks))


def _peak(pid: int) -> int:
    """Return the most memory that a process ever held, in MiB (`VmHWM`, proc(5)); elsewhere what it holds now."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    except OSError:
        pass
    try:
        return int(psutil.Process(pid).memory_info().rss) // MIB
    except psutil.Error:
        return 0


def write_zoo(folder: Path, size: int) -> None:
    """Write a project of so many models, spread over all of `keras.applications`."""
    folder.mkdir(parents=True)
    lines = ["title: Benchmark", "models:"]
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
    """Build one size of zoo in every way."""
    zoo = scratch / f"zoo-{size}"
    write_zoo(zoo, size)
    python = sys.executable
    build = [python, "-c", BUILD, str(zoo / "zoo.yml"), str(zoo / "pages")]
    cold = run(build, scratch)
    script = (
        run([python, str(HERE / "plot_model_script.py"), str(zoo), str(zoo / "drawn")], scratch)
        if with_script
        else None
    )
    warm = run(build, scratch)
    one = zoo / f"model_{size // 2:04}.py"
    one.write_text(one.read_text().replace("classes=1", "classes=2"))
    changed = run(build, scratch)
    mkdocs = [python, "-m", "mkdocs", "build", "--quiet"]
    run(mkdocs, zoo)
    with_us = run(mkdocs, zoo)
    alone = scratch / f"alone-{size}"
    shutil.copytree(zoo / "docs", alone / "docs")
    shutil.copytree(zoo / ".keraviz" / "pages", alone / "docs", dirs_exist_ok=True)
    (alone / "mkdocs.yml").write_text(MKDOCS.format(plugins="search"))
    without_us = run(mkdocs, alone)
    shutil.rmtree(zoo)
    shutil.rmtree(alone)
    return Row(size, cold, warm, changed, script, without_us, with_us)


def middle(runs: Sequence[Run]) -> Run:
    """Return the median of several runs."""
    return Run(statistics.median(each.seconds for each in runs), max(each.largest for each in runs))


def combined(rows: Sequence[Row]) -> Row:
    """Return the median row of repeated measurements of one size."""
    scripts = [row.script for row in rows if row.script is not None]
    return Row(
        models=rows[0].models,
        cold=middle([row.cold for row in rows]),
        warm=middle([row.warm for row in rows]),
        changed=middle([row.changed for row in rows]),
        script=middle(scripts) if scripts else None,
        mkdocs_alone=middle([row.mkdocs_alone for row in rows]),
        mkdocs_with_us=middle([row.mkdocs_with_us for row in rows]),
    )


def table(rows: Sequence[Row], importing: float) -> str:
    """Return the results as Markdown."""
    head = [
        "models",
        "script",
        "cold",
        "ratio",
        "warm",
        "one changed",
        "MkDocs alone",
        "with the plugin, warm",
        "ratio",
        "largest process: script",
        "ours",
    ]
    lines = [f"| {' | '.join(head)} |", "|" + "--:|" * len(head)]
    for row in rows:
        script, ratio, memory = "", "", ""
        if row.script is not None:
            script = f"{row.script.seconds:.1f} s"
            ratio = f"**{row.script.seconds / row.cold.seconds:.1f}×**"
            memory = f"{row.script.largest:,} MiB"
        cells = [
            str(row.models),
            script,
            f"{row.cold.seconds:.1f} s",
            ratio,
            f"{row.warm.seconds:.1f} s",
            f"{row.changed.seconds:.1f} s",
            f"{row.mkdocs_alone.seconds:.1f} s",
            f"{row.mkdocs_with_us.seconds:.1f} s",
            f"**{row.mkdocs_with_us.seconds / row.mkdocs_alone.seconds:.2f}×**",
            memory,
            f"{row.cold.largest:,} MiB",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    machine = f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()}"
    machine += f", Python {platform.python_version()}"
    about = f"Importing Keras with TensorFlow alone takes {importing:.1f} s here ({machine})."
    lines += ["", about]
    return "\n".join(lines) + "\n"


SERIES: dict[str, tuple[str, Callable[[Row], Run | None]]] = {
    "plot_model script": ("#888888", lambda row: row.script),
    "cold": ("#3f51b5", lambda row: row.cold),
    "one changed": ("#00897b", lambda row: row.changed),
    "warm": ("#f4511e", lambda row: row.warm),
}


def plot(rows: Sequence[Row]) -> str:
    """Return seconds over models as an SVG, both axes logarithmic."""
    width, height, left, bottom = 640, 360, 60, 40
    taken = [one for row in rows for one in (row.script, row.cold, row.warm, row.changed) if one is not None]
    low = math.floor(math.log10(min(each.seconds for each in taken)))
    high = math.ceil(math.log10(max(each.seconds for each in taken)))
    last = max(math.log10(max(row.models for row in rows)), 1.0)

    def place(models: float, seconds: float) -> tuple[float, float]:
        across = left + (width - left - 150) * math.log10(models) / last
        up = (height - bottom - 10) * (math.log10(seconds) - low) / max(high - low, 1)
        return round(across, 1), round(height - bottom - up, 1)

    style = 'font-family="sans-serif" font-size="12" fill="currentColor"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {style}>',
        "<title>Seconds to build a site, by number of models</title>",
    ]
    for power in range(low, high + 1):
        x, y = place(1, 10.0**power)
        parts.append(f'<path d="M{x} {y}H{width - 150}" stroke="currentColor" stroke-opacity=".2"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{10.0**power:g} s</text>')
    for row in rows:
        x, y = place(row.models, 10.0**low)
        parts.append(f'<text x="{x}" y="{y + 18}" text-anchor="middle">{row.models}</text>')
    for name, (colour, of) in SERIES.items():
        points = [place(row.models, one.seconds) for row in rows if (one := of(row)) is not None]
        if points:
            line = " ".join(f"{x},{y}" for x, y in points)
            parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
            parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in points]
            parts.append(f'<text x="{points[-1][0] + 8}" y="{points[-1][1] + 4}" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{(width - 90) / 2}" y="{height - 4}" text-anchor="middle">models</text></svg>')
    return "\n".join(parts) + "\n"


def main() -> None:
    """Measure and write the results."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 100])
    options.add_argument("--script-up-to", type=int, default=100, help="do not run the script on larger zoos")
    options.add_argument("--repeat", type=int, default=1)
    options.add_argument("--output", type=Path, default=HERE / "results")
    chosen = options.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)
    importing = middle([run([sys.executable, "-c", "import keras, tensorflow"], HERE) for _ in range(3)]).seconds
    rows = []
    with tempfile.TemporaryDirectory(prefix="keraviz-bench-") as scratch:
        for size in chosen.sizes:
            repeated = [
                measure(size, with_script=size <= chosen.script_up_to, scratch=Path(scratch))
                for _ in range(chosen.repeat)
            ]
            rows.append(combined(repeated))
            print(json.dumps(asdict(rows[-1])), flush=True)
            (chosen.output / "results.md").write_text(table(rows, importing), encoding="utf-8")
            (chosen.output / "results.svg").write_text(plot(rows), encoding="utf-8")
    print((chosen.output / "results.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
