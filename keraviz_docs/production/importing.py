"""Importing a project's modules from their source, always.

Python takes a module's byte code from ``__pycache__`` when the source has the same size and was changed in the same
second (``SourceLoader.get_code`` in ``Lib/importlib/_bootstrap_external.py``).  Whoever saves twice in a second, while
pages are served, would get the first version, and it would be remembered as the second.
"""

from __future__ import annotations

import sys
from importlib import machinery
from importlib.abc import PathEntryFinder
from types import CodeType

from keraviz_docs.production import places


def import_from_source() -> None:
    """Have this process compile every module that belongs neither to Python nor to an installed package."""
    sys.path_hooks.insert(0, _own_folder)
    for folder in list(sys.path_importer_cache):
        if places.kind(folder) == "own":
            del sys.path_importer_cache[folder]


class _FromSource(machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def _own_folder(path: str) -> PathEntryFinder:
    if places.kind(path) != "own":
        raise ImportError("another finder's folder", path=path)
    return _finder(path)


_finder = machinery.FileFinder.path_hook(
    (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
    (_FromSource, machinery.SOURCE_SUFFIXES),
    (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
)
