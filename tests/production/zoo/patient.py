"""A builder that takes so long that something can happen meanwhile."""

from __future__ import annotations

import time

import keras
from wellbehaved import small


def slow() -> keras.Model:
    """Two dense layers, after a while."""
    time.sleep(0.5)
    return small()
