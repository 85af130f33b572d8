"""The command line answers at once, and explains itself."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points, version
from typing import get_args

import click
import pytest

from keraviz_docs import cli, diagrams
from keraviz_docs.cli import render

HEAVY = ("tensorflow", "keras", "pygraphviz", "graphviz", "mkdocs", "jsonschema", "rich", "jinja2", "numpy")


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, with the command line at hand."""
    command = [sys.executable, "-c", f"import sys\nfrom keraviz_docs.cli import run\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["render", "--help"], ["build", "-h"], ["schema"], ["--version"], []]
)
def test_nothing_heavy_is_imported_to_answer(arguments: list[str]) -> None:
    done = python(f"run({arguments!r}); print(*(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)")
    assert done.stderr.strip() == ""
    assert done.stdout


def test_a_wrong_target_is_told_without_importing_tensorflow() -> None:
    done = python("print(run(['render', 'a.b', '-o', 'o']), 'tensorflow' in sys.modules)")
    assert done.stdout == "2 False\n"


def test_the_installed_command_is_this_one() -> None:
    (script,) = entry_points(group="console_scripts", name="keraviz")
    assert script.load() is cli.main


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"keraviz {version('keraviz-docs')}\n"


def test_without_arguments_it_shows_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 0
    listed = capsys.readouterr().out.partition("Commands:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()] == list(cli.program.commands)


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: str(command.name))
def test_every_command_has_examples_and_every_option_a_sentence(command: click.Command) -> None:
    assert command.help
    assert "Example" in command.help
    assert f"keraviz {command.name}" in command.help
    assert command.short_help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.help.endswith("."), parameter.help


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: str(command.name))
def test_examples_stand_on_lines_of_their_own(command: click.Command) -> None:
    help_text = command.get_help(click.Context(command))
    assert "\\b" not in help_text
    examples = help_text.partition("Examples:")[2].partition("Options:")[0].strip().splitlines()
    assert all(line.strip().startswith("keraviz ") for line in examples)


def test_the_choices_are_those_of_the_diagrams() -> None:
    assert render.FORMATS == diagrams.FORMATS
    assert tuple(diagrams.VARIANTS) == render.VARIANTS
    assert tuple(diagrams.SHEETS) == render.SHEETS
    graphviz = next(parameter for parameter in render.command.params if parameter.name == "graphviz")
    assert isinstance(graphviz.type, click.Choice)
    assert tuple(graphviz.type.choices) == get_args(diagrams.EngineName)
