"""Mistakes that are the user's to mend, told without a traceback."""

from __future__ import annotations


class UserError(Exception):
    """A mistake with a message that says what is wrong, where, and what to do; the CLI prints it and exits with 2."""
