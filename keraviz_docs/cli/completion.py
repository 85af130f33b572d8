"""What a shell completes, beyond the commands, options and choices that Click knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click
from click.shell_completion import CompletionItem

Completion = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete files, where a manifest, an archive, a snapshot or something else can be named."""
    return [CompletionItem(incomplete, type="file")]


def words(choices: Sequence[str]) -> Completion:
    """Complete the last of several words, which commas separate."""

    def complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(f"{before}{comma}{choice}") for choice in choices if choice.startswith(last)]

    return complete
