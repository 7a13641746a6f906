"""The command line as tests walk over it: all commands, each with the words that lead to it."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from modelyard.cli.app import app


def commands() -> dict[tuple[str, ...], Any]:
    """Return the commands, without the groups that they are in; loads them all."""
    return dict(_below(get_command(app), ()))


def _below(group: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, each in group.commands.items():
        command = each.loaded() if hasattr(each, "loaded") else each
        if hasattr(command, "commands"):
            yield from _below(command, (*words, name))
        else:
            yield (*words, name), command
