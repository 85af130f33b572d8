"""Measure the comparison on models edited in known ways: does it tell a reviewer what was done, no more and no less?

``python -m benchmarks.review_matching [ATTEMPTS]`` edits six models of ``keras.applications``, a transformer whose
composite layers are opened, and a subclassed model, with and without the names that their authors gave.  Automatic
names are numbered anew in every build.  The result goes into ``review_matching.md`` beside this file.
"""

from __future__ import annotations

import multiprocessing
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import keras

from benchmarks.review_mutations import EDITS, Edit, Item, Plan, applied, build, opened, plan_of, told
from benchmarks.review_verdicts import residual, transformer
from keraviz_docs.reading.graph import architecture_of
from keraviz_docs.review.comparison import compare

COMPOSED = {"transformer, opened": (transformer, False), "residual, subclassed": (residual, True)}
"""Models of layers that contain layers, or of a subclass; and whether to build them as one."""
APPLICATIONS = ("VGG16", "ResNet50", "MobileNetV2", "InceptionV3", "DenseNet121", "EfficientNetB0")


@dataclass(frozen=True)
class Result:
    """One edit, and how it was told."""

    model: str
    edit: str
    expected: Counter[Item]
    found: Counter[Item]
    seconds: float

    @property
    def exact(self) -> bool:
        """Whether the comparison said what was done and nothing else."""
        return self.expected == self.found


def results(attempts: int, seed: int = 0, applications: tuple[str, ...] = APPLICATIONS) -> Iterator[Result]:
    """Yield the results for every model, kind of edit and attempt."""
    for name in (*COMPOSED, *applications):
        yield from results_of(name, attempts, seed)


def results_of(name: str, attempts: int, seed: int = 0) -> Iterator[Result]:
    """Yield the results for a model by its name: one of ``keras.applications``, or of ``COMPOSED``."""
    if name in COMPOSED:
        make, subclassed = COMPOSED[name]
        yield from _of_plan(name, plan_of(make()), attempts, seed, subclassed=subclassed)
        return
    with keras.StatelessScope(initialize_variables=False):
        plan = plan_of(getattr(keras.applications, name)(weights=None))
    yield from _of_plan(name, plan, attempts, seed, subclassed=False)


def _of_plan(name: str, plan: Plan, attempts: int, seed: int, *, subclassed: bool) -> Iterator[Result]:
    for given_names in (False, True):
        with keras.StatelessScope(initialize_variables=False):
            model = build(plan, seed=1, given_names=given_names, subclassed=subclassed)
            base = architecture_of(model, id="model", builder="benchmark")
        for edit in EDITS:
            for attempt in range(attempts):
                chance = random.Random(f"{name} {given_names} {edit.__name__} {attempt} {seed}")  # noqa: S311  # repeatable
                edited = applied(plan, (edit,), chance)
                if edited is None or (edited.plan.wrapped and subclassed):
                    continue
                if edited.name == "rename everything" and not given_names:
                    continue
                result = _compared(base, edited, given_names=given_names, subclassed=subclassed, chance=chance)
                if result is not None:
                    expected, found, seconds = result
                    yield Result(name, edited.name, expected, found, seconds)


def _compared(
    base: object, edited: Edit, *, given_names: bool, subclassed: bool, chance: random.Random
) -> tuple[Counter[Item], Counter[Item], float] | None:
    with keras.StatelessScope(initialize_variables=False):
        try:
            model = build(edited.plan, seed=chance.randrange(10**6), given_names=given_names, subclassed=subclassed)
        except ValueError:
            return None  # the edit does not fit this place
        head = architecture_of(model, id="model", builder="benchmark")
    start = time.perf_counter()
    comparison = compare(base, head)  # type: ignore[arg-type]  # an Architecture
    seconds = time.perf_counter() - start
    return opened(edited.expected), told(comparison), seconds


def score(found: list[Result]) -> tuple[float, float]:
    """Return F1 over everything told, and the share of edits told exactly."""
    hits = sum((result.expected & result.found).total() for result in found)
    said = sum(result.found.total() for result in found)
    true = sum(result.expected.total() for result in found)
    f1 = 2 * hits / (said + true) if said + true else 1.0
    return f1, sum(result.exact for result in found) / len(found)


def table(found: list[Result], key: Callable[[Result], str]) -> str:
    """Return scores as a Markdown table."""
    groups = defaultdict(list)
    for result in found:
        groups[key(result)].append(result)
    lines = ["| | edits | F1 | exactly right | slowest comparison |", "|---|---:|---:|---:|---:|"]
    for name, group in [*groups.items(), ("**all**", found)]:
        f1, exact = score(group)
        slowest = max(result.seconds for result in group)
        lines.append(f"| {name} | {len(group)} | {f1:.4f} | {exact:.1%} | {slowest:.2f} s |")
    return "\n".join(lines)


def report(outcome: list[Result]) -> str:
    """Return the result as a page."""
    return (
        "# Does a comparison tell what was done?\n\n"
        "Written by `python -m benchmarks.review_matching`. Each edit was made on a real Keras model, automatic names\n"
        "were numbered anew, and what the comparison told was held against what had been done. Times depend on the\n"
        "machine and on what else it did.\n\n"
        f"{table(outcome, lambda result: result.model)}\n\n{table(outcome, lambda result: result.edit)}\n"
    )


def _listed(name: str, attempts: int) -> list[Result]:
    return list(results_of(name, attempts))


def main(attempts: int) -> None:
    """Measure every model in a process of its own, since Keras keeps what it built, and write the result after each."""
    page = Path(__file__).parent / "review_matching.md"
    outcome: list[Result] = []
    for name in (*COMPOSED, *APPLICATIONS):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            found = alone.submit(_listed, name, attempts).result()
        for result in found:
            if not result.exact:
                missing, extra = dict(result.expected - result.found), dict(result.found - result.expected)
                print(f"{result.model}: {result.edit}: missing {missing}, too much {extra}", flush=True)
        outcome += found
        page.write_text(report(outcome), encoding="utf-8")
    print(report(outcome))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
