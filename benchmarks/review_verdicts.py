"""Hold the verdict on checkpoints against what Keras really does: save, edit the model, load, look at every weight.

``python -m benchmarks.review_verdicts [EDITS_PER_MODEL]`` prints how often verdict and truth agree.
"""

from __future__ import annotations

import random
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.review_mutations import EDITS, Edit, Plan, build, histories, plan_of, topological
from keraviz_docs.reading.graph import architecture_of
from keraviz_docs.review.comparison import ModelComparison, compare
from keraviz_docs.review.verdict import Verdict

L = keras.layers


@dataclass(frozen=True)
class Trial:
    """One edited model, what was said about its weights, and what happened to them."""

    about: str
    said: Verdict
    truth: Verdict
    comparison: ModelComparison


def perceptron() -> keras.Model:
    """Equal layers in a row, the easiest place to load a wrong weight."""
    x = inputs = L.Input((12,), name="features")
    for number in range(4):
        x = L.Dense(12, name=f"hidden{number}")(x)
        x = L.BatchNormalization(name=f"norm{number}")(x)
        x = L.ReLU(name=f"act{number}")(x)
    return keras.Model(inputs, L.Dense(3, name="classes")(x))


def residual() -> keras.Model:
    """Two stages of residual blocks."""
    x = inputs = L.Input((8, 8, 3), name="image")
    x = L.Conv2D(6, 3, padding="same", name="stem")(x)
    for stage, width in enumerate((6, 8)):
        for block in range(3):
            skip = x
            x = L.Conv2D(width, 3, padding="same", name=f"s{stage}b{block}conv1")(x)
            x = L.BatchNormalization(name=f"s{stage}b{block}norm")(x)
            x = L.ReLU(name=f"s{stage}b{block}relu")(x)
            x = L.Conv2D(width, 3, padding="same", name=f"s{stage}b{block}conv2")(x)
            if skip.shape[-1] != width:
                skip = L.Conv2D(width, 1, name=f"s{stage}b{block}project")(skip)
            x = L.Add(name=f"s{stage}b{block}add")([skip, x])
    x = L.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, L.Dense(4, name="classes")(x))


def branches() -> keras.Model:
    """Parallel branches of equal shapes: their order decides which weight goes where."""
    x = inputs = L.Input((8, 8, 4), name="image")
    for block in range(2):
        one = L.Conv2D(4, 3, padding="same", activation="relu", name=f"b{block}one")(x)
        two = L.Conv2D(4, 3, padding="same", activation="tanh", name=f"b{block}two")(x)
        two = L.Conv2D(4, 3, padding="same", name=f"b{block}deep")(two)
        three = L.MaxPooling2D(3, 1, padding="same", name=f"b{block}pool")(x)
        three = L.Conv2D(4, 3, padding="same", name=f"b{block}three")(three)
        x = L.Concatenate(name=f"b{block}join")([one, two, three])
        x = L.Conv2D(4, 1, name=f"b{block}mix")(x)
    x = L.Flatten(name="flat")(x)
    return keras.Model(inputs, L.Dense(3, name="classes")(x))


def recurrent() -> keras.Model:
    """Recurrent layers keep their weights in a cell, one level further down."""
    x = inputs = L.Input((6, 5), name="steps")
    x = L.LSTM(5, return_sequences=True, name="first")(x)
    x = L.Dense(5, activation="relu", name="between")(x)
    x = L.LSTM(5, return_sequences=True, activation="relu", name="second")(x)
    x = L.Bidirectional(L.GRU(4, return_sequences=True), name="both")(x)
    x = L.LayerNormalization(name="norm")(x)
    x = L.GlobalAveragePooling1D(name="pool")(x)
    return keras.Model(inputs, L.Dense(2, name="classes")(x))


def transformer() -> keras.Model:
    """Composite layers: attention holds four layers of its own."""
    x = inputs = L.Input((6, 8), name="tokens")
    for block in range(2):
        attended = L.MultiHeadAttention(2, 4, name=f"attention{block}")(x, x)
        x = L.LayerNormalization(name=f"norm{block}a")(L.Add(name=f"add{block}a")([x, attended]))
        wide = L.Dense(16, activation="gelu", name=f"wide{block}")(x)
        wide = L.Dense(8, name=f"narrow{block}")(wide)
        x = L.LayerNormalization(name=f"norm{block}b")(L.Add(name=f"add{block}b")([x, wide]))
    x = L.GlobalAveragePooling1D(name="pool")(x)
    return keras.Model(inputs, L.Dense(2, name="classes")(x))


MODELS: tuple[Callable[[], keras.Model], ...] = (perceptron, residual, branches, recurrent, transformer)


def trials(per_edit: int, seed: int = 0) -> Iterator[Trial]:
    """Yield trials over all models, Functional and subclassed, with and without names that somebody gave."""
    for make in MODELS:
        plan = plan_of(make())
        for subclassed in (False, True):
            for given_names in (True, False):
                yield from _trials(plan, make.__name__, per_edit, seed, given_names=given_names, subclassed=subclassed)


def _trials(plan: Plan, name: str, per_edit: int, seed: int, *, given_names: bool, subclassed: bool) -> Iterator[Trial]:
    layers: dict[int, Any] = {}
    base = build(plan, seed=1, given_names=given_names, subclassed=subclassed, layers=layers)
    _number(layers)
    described = architecture_of(base, id=name, builder="benchmark")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "base.weights.h5"
        base.save_weights(file)
        for edit in EDITS:
            for attempt in range(per_edit):
                chance = random.Random(f"{name} {edit.__name__} {attempt} {seed}")  # noqa: S311  # repeatable
                try:
                    edited = edit(plan, chance)
                except IndexError:
                    continue
                if edited.plan.wrapped and subclassed:
                    continue
                new: dict[int, Any] = {}
                try:
                    head = build(edited.plan, seed=2, given_names=given_names, subclassed=subclassed, layers=new)
                except ValueError:
                    continue  # the edit does not fit this place
                comparison = compare(described, architecture_of(head, id=name, builder="benchmark"))
                truths = [
                    _truth(base, layers, head, renamed, file, edited)
                    for renamed in (new, *([] if given_names else _twins(plan, edit, edited, new)))
                ]
                # Where nobody can tell which of two equal layers was removed, either answer is true.
                truth = comparison.verdict if comparison.verdict in truths else truths[0]
                about = f"{name}{' subclassed' * subclassed}{' named' * given_names}: {edited.name} {attempt}"
                yield Trial(about, comparison.verdict, truth, comparison)


def _twins(plan: Plan, edit: Callable[..., Edit], edited: Edit, layers: dict[int, Any]) -> Iterator[dict[int, Any]]:
    """Yield the layers of an edited model under every other history that leads to the same model."""
    order, shape = _canonical(edited.plan)
    for history in histories(plan, edit):
        other, same = _canonical(history)
        if same == shape and other != order:
            yield {theirs: layers[ours] for theirs, ours in zip(other, order, strict=True)}


def _canonical(plan: Plan) -> tuple[list[int], list[Any]]:
    order = topological(plan)
    place = {identity: number for number, identity in enumerate(order)}
    steps = [plan.steps[identity] for identity in order]
    return order, [(step.with_config(name="").serialised, [place[source] for source in step.inputs]) for step in steps]


def _number(layers: dict[int, Any]) -> None:
    """Give every variable of every layer values that occur nowhere else."""
    chance = np.random.default_rng(7)
    for layer in layers.values():
        values = [chance.normal(0, 0.4, weight.shape) for weight in layer.get_weights()]
        if isinstance(layer, L.BatchNormalization):
            values = [abs(value) for value in values]  # a variance is positive
        layer.set_weights(values)


def _truth(
    base: keras.Model, layers: dict[int, Any], head: keras.Model, new: dict[int, Any], file: Path, edit: Edit
) -> Verdict:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            head.load_weights(file)
    except Exception:
        return "fails"
    owner = {_fingerprint(weight): identity for identity, layer in layers.items() for weight in layer.get_weights()}
    used = set()
    for identity, layer in new.items():
        for weight in layer.get_weights():
            found = owner.get(_fingerprint(weight))
            if found != identity:
                return "misloads"
            used.add(found)
    if used != set(owner.values()):
        return "loads-partly"
    shape = [2, *base.input_shape[1:]] if hasattr(base, "input_shape") else None
    start = next(step for step in edit.plan.steps.values() if step.class_name == "InputLayer")
    x = np.random.default_rng(3).normal(size=shape or [2, *start.config["batch_shape"][1:]]).astype("float32")
    same = all(
        np.allclose(a, b, atol=1e-5)
        for training in (False, True)
        for a, b in [(_run(base, x, training), _run(head, x, training))]
    )
    return "loads" if same else "loads-changed"


def _run(model: keras.Model, x: Any, training: bool) -> Any:
    keras.utils.set_random_seed(5)
    before = model.get_weights()
    result = np.asarray(model(x, training=training))
    model.set_weights(before)
    return result


def _fingerprint(weight: Any) -> bytes:
    return np.asarray(weight).tobytes()


def agrees(trial: Trial) -> bool:
    """Whether verdict and truth are the same; ``identical`` is a way to load."""
    return trial.truth == ("loads" if trial.said == "identical" else trial.said)


if __name__ == "__main__":
    results = list(trials(int(sys.argv[1]) if len(sys.argv) > 1 else 2))
    for trial in results:
        if not agrees(trial):
            print(f"{trial.about}: said {trial.said}, was {trial.truth}")
            for line in [change.explain() for change in trial.comparison.changes][:6]:
                print("    ", line)
            for mismatch in trial.comparison.mismatches[:4]:
                print("     !", mismatch.explain())
    print(f"{sum(map(agrees, results))} of {len(results)} agree")
    for (said, truth), count in sorted(Counter((trial.said, trial.truth) for trial in results).items()):
        print(f"  said {said:14} was {truth:14} {count}")
