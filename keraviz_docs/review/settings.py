"""What a person chose when writing a layer: its config without names, defaults and serialisation noise.

Two architectures of the same model may carry different configs: another Keras version writes other keys, a snapshot
leaves defaults out.  Everything in ``review`` therefore looks at :func:`settings_of` and never at ``node.config``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from keraviz_docs.architecture import Group, Node

NOISE = frozenset({"name", "build_config", "registered_name", "shared_object_id", "module"})
"""Keys that say nothing about what a layer computes."""

EVERY_LAYER: Mapping[str, Any] = {"trainable": True, "dtype": "float32"}
"""What ``keras.layers.Layer.get_config`` writes for every layer (keras/src/layers/layer.py)."""

TRAINING_ONLY = ("initializer", "regularizer", "constraint", "momentum", "seed", "trainable")
"""Endings of settings that leave the function of a model with loaded weights alone, and matter in training only."""


DRAWN: Mapping[str, frozenset[str]] = {"RandomCrop": frozenset({"seed"})}
"""Settings that Keras draws by chance when nobody gives them, and then writes as if somebody had."""


def settings_of(node: Node | Group) -> dict[str, Any]:
    """Return the settings that are not defaults, in the order of their names, with short canonical values."""
    defaults = defaults_of(node.class_name, node.module)
    drawn = DRAWN.get(node.class_name, NOISE)
    found = {key: canonical(value) for key, value in node.config.items() if key not in NOISE and key not in drawn}
    # What is not listed and not set, such as the regulariser that every layer may have, is a default as well.
    return {key: found[key] for key in sorted(found) if found[key] != defaults.get(key)}


def defaults_of(class_name: str, module: str) -> Mapping[str, Any]:
    """Return the default settings of a Keras class, canonical; those of every layer when the class is not Keras's."""
    return _table().get(class_name, EVERY_LAYER) if module.partition(".")[0] == "keras" else EVERY_LAYER


def canonical(value: Any) -> Any:
    """Return a JSON value in which serialised Keras objects have become short text, such as ``HeNormal(seed=1)``.

    Applying it twice changes nothing, so that a snapshot reads back as what it was written from.
    """
    if isinstance(value, Mapping):
        if "class_name" in value and "config" in value:
            return _serialised(str(value["class_name"]), value["config"])
        return {str(key): canonical(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def shown(value: Any) -> str:
    """Return a value as a reader wants to see it: ``3×3``, ``relu``, ``HeNormal``, ``none``."""
    if isinstance(value, str):
        return value
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        if len(value) > 1 and all(
            item is None or (isinstance(item, int) and not isinstance(item, bool)) for item in value
        ):
            return "×".join("?" if item is None else str(item) for item in value)
        return ", ".join(shown(item) for item in value) if value else "none"
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def affects_function(setting: str) -> bool:
    """Whether a setting changes what the model computes once weights are loaded."""
    return not setting.endswith(TRAINING_ONLY)


def _serialised(class_name: str, config: Any) -> str:
    if class_name == "DTypePolicy" and isinstance(config, Mapping):
        return str(config.get("name"))
    if not isinstance(config, Mapping):
        return str(config)
    defaults = _table().get(class_name, {})
    chosen = {
        key: canonical(value)
        for key, value in config.items()
        if key not in NOISE and value is not None and canonical(value) != defaults.get(key)
    }
    arguments = ", ".join(f"{key}={json.dumps(chosen[key], ensure_ascii=False)}" for key in sorted(chosen))
    return f"{class_name}({arguments})" if arguments else class_name


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, Any]]:
    text = resources.files(__package__).joinpath("keras_defaults.json").read_text("utf-8")
    table: dict[str, dict[str, Any]] = json.loads(text)
    return table
