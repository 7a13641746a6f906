"""The words of a call: what is ours among those that go to Helm unchanged."""

from collections.abc import Sequence
from typing import Final, NamedTuple

COMMANDS: Final = ("template", "install", "upgrade")
USAGE: Final = """\
helm modelyard template|install|upgrade RELEASE CHART [--models FILE|DIR] [all that helm takes]
  Runs helm, with what a models file does to the objects of the chart: spec.patches and spec.viya, and the models
  themselves. --models is the models file, or the folder of models.yaml; by default this folder.

As a post-renderer of helm: modelyard-helm --models FILE|DIR [--problems FILE]
"""


class UsageError(Exception):
    """Words that cannot be understood; the text says why."""


class Words(NamedTuple):
    """What a call asks for.

    command: of Helm; None for a post-renderer. models: the models file. problems: the file for problems, None if none
    is named. rest: what is Helm's.
    """

    command: str | None
    models: str
    problems: str | None
    rest: list[str]


def read(words: Sequence[str]) -> Words:
    """Take out our own options, up to `--`. Raises UsageError."""
    command = words[0] if words and not words[0].startswith("-") else None
    if command not in (None, *COMMANDS):
        raise UsageError(f"there is no command {command}; there are {', '.join(COMMANDS)}")
    given, rest = _apart(list(words[1:] if command else words))
    if command is None and rest:
        raise UsageError(f"a post-renderer takes no {rest[0]}")
    return Words(command, given.get("--models", "."), given.get("--problems"), rest)


def _apart(left: list[str]) -> tuple[dict[str, str], list[str]]:
    given: dict[str, str] = {}
    rest: list[str] = []
    while left:
        word = left.pop(0)
        if word == "--":
            return given, [*rest, word, *left]
        name, equals, value = word.partition("=")
        if name not in ("--models", "--problems"):
            rest.append(word)
            continue
        value = value if equals else left.pop(0) if left else ""
        if name in given or not value:
            raise UsageError(f"{name} is given twice" if value else f"{name} needs a file")
        given[name] = value
    return given, rest
