"""How the templates of all packages are read: everything that is put in is escaped, and nothing may be missing."""

from __future__ import annotations

import jinja2


def environment(package: str, folder: str) -> jinja2.Environment:
    """Return an environment for the templates in a folder of an importable package."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package, folder),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
