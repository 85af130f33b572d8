"""The builders of a module, found by their annotations."""

from __future__ import annotations
