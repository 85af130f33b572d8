"""Ids of models, and the ids that are derived where a manifest gives none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

ID_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?$(?!\n)"
"""Lower-case letters, digits and inner hyphens, at most 100 characters: safe as file name, address and anchor."""

RESERVED_IDS: Mapping[str, str] = {
    "index": "the index page",
    "comparisons": "the pages of comparisons",
    "changes": "the page of changes",
}
"""Ids whose page would take the place of another page, and which that is."""


def derive_id(name: str) -> str:
    """Turn the name of a callable, or the stem of a file, into an id; empty if nothing of it is left.

    >>> derive_id("residual_model"), derive_id("ResNet50"), derive_id("Llama.from_preset"), derive_id("été 2")
    ('residual-model', 'resnet50', 'llama-from-preset', 'ete-2')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", plain.lower()).strip("-")[:100].strip("-")
