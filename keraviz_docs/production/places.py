"""Which files come with Python, which with an installed package, and which are somebody's own."""

from __future__ import annotations

import os
import site
import sysconfig
from functools import cache
from typing import Literal

Kind = Literal["own", "package", "ignored"]

_PSEUDO = ("/dev/", "/proc/", "/sys/")


@cache
def package_folders() -> tuple[str, ...]:
    """Return the ``site-packages`` folders of this interpreter, each with a separator at its end."""
    paths = sysconfig.get_paths()
    folders = {paths["purelib"], paths["platlib"], *site.getsitepackages(), site.getusersitepackages()}
    return tuple(sorted(_folder(path) for path in folders))


@cache
def python_folders() -> tuple[str, ...]:
    """Return the folders of the standard library, each with a separator at its end."""
    paths = sysconfig.get_paths()
    return tuple(sorted({_folder(paths["stdlib"]), _folder(paths["platstdlib"])}))


def kind(path: str) -> Kind:
    """Tell where an absolute path belongs; ``ignored`` is what cannot change without Python itself, or is no file."""
    if path.startswith(package_folders()):
        return "package"
    if not path or path.startswith((*python_folders(), *_PSEUDO, "<")):
        return "ignored"
    itself = path + os.sep
    return "ignored" if itself in package_folders() or itself in python_folders() else "own"


def package(path: str) -> str:
    """Return the first part of a path below its ``site-packages`` folder."""
    folder = next(each for each in package_folders() if path.startswith(each))
    return path[len(folder) :].split(os.sep, 1)[0]


def _folder(path: str) -> str:
    return os.path.join(os.path.realpath(path), "")  # noqa: PTH118 - prefixes are compared as text, in an audit hook
