"""Mistakes that are the user's to mend: a message, and the code of its kind, told without a traceback."""

from __future__ import annotations

from collections.abc import Iterable

from keraviz_docs.errors.codes import Code

__all__ = ["Code", "UserError", "more_about"]


class UserError(Exception):
    """A mistake with a message that says what is wrong, where, and what to do; the CLI prints it and exits with 2.

    As text, it is the message and, on a line of its own, where to read more.
    """

    # `Exception.__init__` is not called: `args` stay what a class was called with, which is what unpickling needs.
    def __init__(self, message: str, code: Code) -> None:
        self.message = message
        """The mistake alone, for a sentence around it."""
        self.code = code

    def __str__(self) -> str:
        return f"{self.message}\n{more_about([self.code])}"


def more_about(codes: Iterable[Code]) -> str:
    """Say where these kinds of mistakes are explained, in one line.

    >>> more_about([Code.UNKNOWN_KEY, Code.NO_MANIFEST, Code.UNKNOWN_KEY])
    'More about this: keraviz explain KV101 KV103'
    """
    return f"More about this: keraviz explain {' '.join(sorted({code.value for code in codes}))}"
