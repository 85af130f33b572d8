"""What `--help` says fits a terminal of 80 columns, and shows how a command is used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete

from docs.reference.generate import SHELL_COMPLETION
from keraviz_docs.cli import COMMANDS, program
from keraviz_docs.errors import Code
from tests.cli.conftest import Result

COLUMNS = 80


def commands() -> Iterator[tuple[str, click.Command]]:
    for command in COMMANDS:
        yield str(command.name), command
        if isinstance(command, click.Group):
            yield from ((f"{command.name} {name}", each) for name, each in command.commands.items())


every_command = pytest.mark.parametrize(
    ("name", "command"), [pytest.param(name, command, id=name) for name, command in commands()]
)


def help_of(name: str, command: click.Command) -> str:
    settings: dict[str, Any] = {**program.context_settings, "terminal_width": COLUMNS}
    return command.get_help(click.Context(command, info_name=f"keraviz {name}", **settings))


def test_the_list_of_commands_says_what_each_does_in_one_line() -> None:
    lines = help_of("", program).partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert len(lines) == len(COMMANDS)
    for line, command in zip(lines, COMMANDS, strict=True):
        assert re.fullmatch(rf"  {command.name} +[A-Z].*\.", line), line
        assert len(line) <= COLUMNS


@every_command
def test_no_line_is_too_long(name: str, command: click.Command) -> None:
    assert [line for line in help_of(name, command).splitlines() if len(line) > COLUMNS] == []


def completions(*words: str) -> list[tuple[str, str]]:
    *before, incomplete = words
    found = ShellComplete(program, {}, "keraviz", "_KERAVIZ_COMPLETE").get_completions(list(before), incomplete)
    return [(item.value, item.type) for item in found]


def test_a_shell_completes_commands_and_options() -> None:
    assert completions("sn") == [("snapshot", "plain")]
    assert completions("diff", "--fa") == [("--fail-on", "plain")]


@pytest.mark.parametrize("words", [("render", "zo"), ("extract", "zo"), ("diff", "arch"), ("diff", "main", "arch")])
def test_a_shell_completes_files_where_a_model_is_named(words: tuple[str, ...]) -> None:
    assert completions(*words) == [(words[-1], "file")]


def test_a_shell_completes_words_of_a_list() -> None:
    assert completions("render", "zoo:unet", "--format", "p") == [("png", "plain"), ("pdf", "plain")]
    assert completions("render", "zoo:unet", "--format", "svg,pd") == [("svg,pdf", "plain")]


def test_a_shell_completes_codes() -> None:
    assert completions("explain", "KV60") == [(code.value, "plain") for code in Code if code.value.startswith("KV60")]


@pytest.mark.parametrize("shell", re.findall(r"_KERAVIZ_COMPLETE=(\w+)_source keraviz", SHELL_COMPLETION))
def test_a_documented_line_switches_completion_on(shell: str, keraviz: Callable[..., Result]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_KERAVIZ_COMPLETE", f"{shell}_source")
        done = keraviz()
    assert done.returncode == 0
    assert f"_KERAVIZ_COMPLETE={shell}_complete" in done.stdout
