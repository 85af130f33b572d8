"""From values to places, and the values that stand at an axis."""

from __future__ import annotations

import math
from itertools import count

from keraviz_docs.quantities import scaled


def round_steps(largest: int, steps: int = 4) -> tuple[int, ...]:
    """Return round values from 0 to at least ``largest``, at most ``steps`` + 1 of them.

    >>> round_steps(2_363_392), round_steps(7), round_steps(0)
    ((0, 1000000, 2000000, 3000000), (0, 2, 4, 6, 8), (0, 1))
    """
    sizes = (factor * 10**power for power in count() for factor in (1, 2, 5))
    step = next(size for size in sizes if size * steps >= largest)
    return tuple(range(0, max(largest, 1) + step, step)[: max(2, -(-largest // step) + 1)])


def logarithmic_range(smallest: float, largest: float) -> tuple[float, float]:
    """Return the ends of a logarithmic axis on which two positive values stand with some room around them."""
    room = max((math.log10(largest) - math.log10(smallest)) * 0.08, 0.15)
    return 10 ** (math.log10(smallest) - room), 10 ** (math.log10(largest) + room)


def round_values(smallest: float, largest: float) -> tuple[int, ...]:
    """Return the round values between the ends of a logarithmic axis: powers of ten, or more if these are few.

    >>> round_values(3_000, 40_000_000), round_values(3_000, 40_000), round_values(30, 60)
    ((10000, 100000, 1000000, 10000000), (5000, 10000, 20000), (30, 40, 50, 60))
    """
    powers = range(math.floor(math.log10(smallest)), math.ceil(math.log10(largest)) + 1)
    found: tuple[int, ...] = ()
    for factors, enough in (((1,), 3), ((1, 2, 5), 2), (tuple(range(1, 10)), 0)):
        values = (factor * 10**power for power in powers if power >= 0 for factor in factors)
        found = tuple(value for value in values if smallest <= value <= largest)
        if len(found) >= enough:
            break
    return found[:: 1 + len(found) // 10]


def logarithmic(value: float, smallest: float, largest: float) -> float:
    """Return where a value stands between two others, from 0 to 1; in the middle if these are equal.

    >>> logarithmic(10, 1, 100)
    0.5
    """
    if smallest == largest:
        return 0.5
    return (math.log(value) - math.log(smallest)) / (math.log(largest) - math.log(smallest))


def short(value: int) -> str:
    """Write a round value without the digits that only say how exact it is.

    >>> short(2_000_000), short(500_000), short(1_500), short(20)
    ('2 M', '500 k', '1.5 k', '20')
    """
    number, _, prefix = scaled(value).partition(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {prefix}".rstrip()
