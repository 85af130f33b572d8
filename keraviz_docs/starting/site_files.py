"""What a site needs beside the manifest: MkDocs's configuration, a first page, a workflow that publishes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from keraviz_docs.starting.manifest_text import scalar

PLUGIN_LINES = "plugins:\n  - search\n  - keraviz"
"""What an ``mkdocs.yml`` that is already there needs."""

WORKFLOW_PATH = ".github/workflows/docs.yml"

_WORKFLOW = """\
name: Documentation site
on:
  push: {branches: [main]}
permissions: {contents: read}
concurrency: {group: pages}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.12", cache: pip}
      - uses: actions/cache@v4
        with:
          path: .keraviz
          key: keraviz-${{ github.sha }}
          restore-keys: keraviz-
      - run: pip install REQUIREMENTS
      - run: mkdocs build --strict
      - uses: actions/upload-pages-artifact@v3
        with: {path: site}
  deploy:
    needs: build
    runs-on: ubuntu-latest
    permissions: {pages: write, id-token: write}
    environment: {name: github-pages, url: "${{ steps.deployment.outputs.page_url }}"}
    steps:
      - id: deployment
        uses: actions/deploy-pages@v4
"""


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
    return f"# {text}\n\nEvery model, drawn and tabulated: [all models](models/index.md).\n"


def workflow(requirements: Sequence[str] = ()) -> str:
    """Return a GitHub workflow that publishes the site; ``requirements`` are what pip installs beside this package."""
    return _WORKFLOW.replace("REQUIREMENTS", " ".join(["keraviz-docs", *requirements]))


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
