"""Keras models as architectures; the only package that imports Keras and TensorFlow.

Importing it imports neither: :func:`read` and :func:`discover` do, and run other people's code, so they are called in
a process that may break.
"""

from __future__ import annotations

from pathlib import Path

from keraviz_docs.manifest.entries import DiscoverEntry, ModelEntry
from keraviz_docs.outcome import Failure, Outcome

__all__ = ["discover", "read"]


def read(entry: ModelEntry, project: Path) -> Outcome:
    """Build the model of an entry without its weights and describe it.

    Args:
        entry: what to build, and with which arguments.
        project: the directory that imports and relative paths start from.

    Returns:
        The architecture and facts about its builder; or, whatever the builder does short of ending the process, a
        :class:`~keraviz_docs.outcome.Failure` that says what is wrong and where.
    """
    from keraviz_docs.reading import reader

    return reader.read(entry, project)


def discover(entry: DiscoverEntry, project: Path) -> tuple[ModelEntry, ...] | Failure:
    """Find the builders of a module: its public functions annotated ``-> keras.Model``, or named in ``__all__``.

    Returns:
        One entry per builder in the order of the source, each with the settings of ``entry``; or why the module could
        not be imported.
    """
    from keraviz_docs.reading import discovery

    return discovery.discover(entry, project)
