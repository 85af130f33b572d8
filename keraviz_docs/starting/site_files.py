"""What a site needs beside the manifest: MkDocs's configuration, a first page, and what is to be installed."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from keraviz_docs.starting.manifest_text import scalar

PLUGIN_LINES = "plugins:\n  - search\n  - keraviz"
"""What an ``mkdocs.yml`` that is already there needs."""


def mkdocs_configuration(title: str) -> str:
    """Return an ``mkdocs.yml`` that builds as it is."""
    return f"""\
site_name: {scalar(title)}

theme:
  name: material
  features:
    - content.code.copy
    - navigation.instant
    - navigation.top
  palette:
    - media: "(prefers-color-scheme: light)"
      scheme: default
      toggle: {{icon: material/weather-night, name: Switch to dark mode}}
    - media: "(prefers-color-scheme: dark)"
      scheme: slate
      toggle: {{icon: material/weather-sunny, name: Switch to light mode}}

{PLUGIN_LINES} # reads zoo.yml; the pages are below models/
"""


_PLUGIN = re.compile(r"""^\s*-\s*["']?keraviz\b|\[[^\]]*\bkeraviz\b[^\]]*\]|^\s+keraviz:""", re.MULTILINE)


def has_plugin(configuration: str) -> bool:
    """Whether an ``mkdocs.yml`` lists the plugin."""
    return _PLUGIN.search(configuration) is not None


def first_page(title: str) -> str:
    """Return a ``docs/index.md``."""
    text = re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", title)
    return f"---\ntitle: Home\n---\n\n# {text}\n\nEvery model, drawn and tabulated: [all models](models/index.md).\n"


def requirements(project: Path, distribution: str | None) -> tuple[str, ...]:
    """Say what pip installs so that the builders can be imported: the project, or the package that was searched."""
    found: list[str] = []
    if (project / "requirements.txt").is_file():
        found.append("-r requirements.txt")
    if distribution is not None:
        found += sorted(set(metadata.packages_distributions().get(distribution, [distribution])))
    elif (project / "pyproject.toml").is_file() or (project / "setup.py").is_file():
        found.append("-e .")
    return tuple(found)
