"""A manifest divided among machines that know nothing of each other.

Every machine reads its share into a cache directory of its own.  Because caches are content-addressed and name files
relative to the project, copying the directories into one gives a cache from which the whole site is built at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from keraviz_docs.errors import Code, UserError


class ShardError(UserError):
    """What was given is no shard."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Code.SHARD)


@dataclass(frozen=True)
class Shard:
    """One of so many shares, counted from 1."""

    number: int
    count: int

    def holds(self, position: int) -> bool:
        """Tell whether the model at a position belongs to this share: they are dealt out like cards."""
        return position % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def parse(text: str) -> Shard:
    """Read ``NUMBER/COUNT``, such as ``2/8``.

    Raises:
        ShardError: it is something else.
    """
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    if match is None:
        raise ShardError(f"{text!r} is no shard; write NUMBER/COUNT, such as 2/8 for the second of eight")
    number, count = int(match[1]), int(match[2])
    if not 1 <= number <= count:
        raise ShardError(f"there is no shard {number} of {count}; the first is 1/{count}, the last {count}/{count}")
    return Shard(number, count)
