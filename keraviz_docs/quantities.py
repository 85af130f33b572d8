"""Numbers as people read them."""

from __future__ import annotations


def scaled(number: int) -> str:
    """Return a number with three significant digits and a decimal prefix.

    >>> scaled(25_636_712), scaled(999), scaled(3_858_000_000), scaled(999_950)
    ('25.6 M', '999', '3.86 G', '1.00 M')
    """
    return _prefixed(number, 1000, ("", "k", "M", "G", "T", "P", "E"))


def byte_size(number: int) -> str:
    """Return a size with a binary prefix.

    >>> byte_size(102_546_848), byte_size(512)
    ('97.8 MiB', '512 B')
    """
    return _prefixed(number, 1024, ("B", "KiB", "MiB", "GiB", "TiB", "PiB"))


def _prefixed(number: int, base: int, prefixes: tuple[str, ...]) -> str:
    value = float(number)
    for position, prefix in enumerate(prefixes):
        text = f"{value:.0f}" if position == 0 or value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
        if float(text) < base or position == len(prefixes) - 1:
            return f"{text} {prefix}".rstrip()
        value /= base
    raise AssertionError("the last prefix always returns")
