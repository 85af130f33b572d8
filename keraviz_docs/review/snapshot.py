"""Snapshots: one text file per model, kept in the repository and compared in pull requests."""

from __future__ import annotations

from keraviz_docs.architecture import Architecture
from keraviz_docs.review.comparison import ModelComparison, compare
from keraviz_docs.review.matching import match
from keraviz_docs.review.snapshot_reading import Snapshot, SnapshotError, read
from keraviz_docs.review.snapshot_writing import write

__all__ = ["DIRECTORY", "SUFFIX", "Snapshot", "SnapshotError", "check", "read", "snapshot_of"]

DIRECTORY = "architectures"
"""Where snapshots are, beside the manifest."""
SUFFIX = ".arch"
"""How the name of a snapshot file ends."""


def snapshot_of(architecture: Architecture, previous: Snapshot | None = None) -> str:
    """Return the snapshot of a model as text.

    Args:
        architecture: the model.
        previous: the snapshot that this one replaces; layers keep their labels, whatever was inserted before them.
    """
    if previous is None:
        return write(architecture)
    matching = match(previous.architecture, architecture)
    return write(
        architecture,
        {matching.nodes[number]: label for number, label in previous.labels.items() if number in matching.nodes},
        {matching.groups[path]: label for path, label in previous.group_labels.items() if path in matching.groups},
    )


def check(previous: Snapshot, architecture: Architecture) -> ModelComparison:
    """Compare a snapshot with the model as it is now, graph with graph: another spelling is no difference."""
    return compare(previous.architecture, architecture)
