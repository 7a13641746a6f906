"""Words of commands in shell scripts, Makefiles, Dockerfiles and prose: continued lines, variables, arrays.

This is no shell: what it does not know stays as it is written, and is named where it matters.
"""

import json
import shlex
from collections.abc import Iterator
from typing import Final, NamedTuple

from modelyard.problems.patterns import pattern
from modelyard.spark_migration.folder import Text

_MAX_LINE: Final = 16_384  # characters of a command; what variables add counts too
_MAX_VALUE: Final = 4_096  # characters of a variable
_MAX_NESTED: Final = 4  # commands inside of commands
_MAX_LINES: Final = 400  # lines of one command
_ASSIGNED: Final = pattern(
    r"\s*+(?:export\s++|local\s++|readonly\s++|declare\s++(?:-\w++\s++)?+)?+([A-Za-z_]\w*+)(\+?=)(.*+)"
)
_MADE: Final = pattern(r"([A-Za-z_]\w*+)[ \t]*+[:?+]?=[ \t]*+(.*+)")
_ENV: Final = pattern(r"(?i:ENV|ARG)[ \t]++([A-Za-z_]\w*+)(?:[ \t]*+=|[ \t])[ \t]*+(.*+)")
_INSTRUCTION: Final = pattern(r"(?:RUN|CMD|ENTRYPOINT)[ \t]++(?:--\S++[ \t]++)*+")
_VARIABLE: Final = pattern(
    r"\$\{([A-Za-z_]\w*+)(?:\[[@*]\])?+(?::?([-=+?])([^{}]*+))?+\}|\$\(([A-Za-z_]\w*+)\)|\$([A-Za-z_]\w*+)"
)
_ARRAY: Final = pattern(r'"(\$\{[A-Za-z_]\w*+\[@\]\})"')  # each item is a word of its own, quotes or not
_RUN: Final = pattern(r"\$\([^()\s]*+\s[^()]*+\)|`[^`]*+`")  # a command whose output is a word
_PROMPT: Final = pattern(r"[ \t>]*+(?:\$ |% |RUN )?+`*+")
_STREAMS: Final = ("0", "1", "2")
_ENDS: Final = frozenset((";", ";;", "|", "||", "&", "&&", ">", ">>", "<", ">&", "&>", "|&", ")"))


class Command(NamedTuple):
    """A command. line: where it begins. last: where it ends. words: with variables filled in."""

    path: str
    line: int
    last: int
    words: tuple[str, ...]


class Variable(NamedTuple):
    """A variable that a text sets."""

    name: str
    value: str
    line: int


def commands(text: Text, wanted: tuple[str, ...]) -> tuple[list[Command], list[Variable]]:
    """Return the commands of a text in which one of the words stands, and the variables that it sets."""
    values: dict[str, str] = {}
    found: list[Command] = []
    variables: list[Variable] = []
    for first, last, line in _logical(text):
        for name, value in _assignments(text.kind, line, values):
            values[name] = value[:_MAX_VALUE]
            variables.append(Variable(name, values[name], first))
        if any(word in line for word in wanted) or ("$" in line and any(map(_is_command, values.values()))):
            filled = _filled(line, values)
            found += [Command(text.path, first, last, each) for each in _split(text.kind, filled)]
    return found, variables


def _is_command(value: str) -> bool:
    return "spark-submit" in value or "gcloud" in value


def _logical(text: Text) -> Iterator[tuple[int, int, str]]:
    """Yield the numbers of the first and last line of each command, and its text on one line."""
    lines, at = text.lines, 0
    while at < len(lines):
        first, line = at, lines[at][:_MAX_LINE]
        depth = _opened(line) if text.kind == "shell" else 0
        while at + 1 < len(lines) and at - first < _MAX_LINES and len(line) < _MAX_LINE:
            continued = line.rstrip(" \t").endswith("\\")
            if not continued and depth <= 0:
                break
            at += 1
            more = lines[at].split(" #")[0] if depth > 0 else lines[at]
            depth += more.count("(") - more.count(")") if depth > 0 else 0
            before = line.rstrip(" \t").removesuffix("\\") if continued else line
            line = f"{before} {more.strip()}"
        yield first + 1, at + 1, line[:_MAX_LINE]
        at += 1


def _opened(line: str) -> int:
    """Return how many parentheses of an array are open at the end of its first line."""
    found = _ASSIGNED.fullmatch(line)
    if not found or not found[3].startswith("("):
        return 0
    return found[3].count("(") - found[3].count(")")


def _assignments(kind: str, line: str, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the name and value of a variable that a line sets."""
    form = {"make": _MADE, "docker": _ENV, "shell": _ASSIGNED, "env": _ASSIGNED, "prose": _ASSIGNED}[kind]
    found = form.fullmatch(line)
    if found is None:
        return
    value = _filled(found[form.groups], values).strip()
    if value.startswith("(") and kind == "shell":  # an array: its words
        value = value[1:].rstrip(" )")
    elif kind != "make" and len(words := _words(value)) >= 1 and value[:1] in "\"'":
        value = words[0]
    before = values.get(found[1], "") if kind == "shell" and found[2] == "+=" else ""
    yield found[1], f"{before} {value}".strip()


def _filled(line: str, values: dict[str, str]) -> str:
    """Return a line with the values of variables that are known."""

    def one(found: "object") -> str:
        name = found[1] or found[4] or found[5]  # type: ignore[index]
        if name in values:
            return values[name]
        is_default = found[2] in ("-", "=")  # type: ignore[index]
        return str(found[3] if is_default else found[0])  # type: ignore[index]

    if "$" not in line:
        return line
    return _VARIABLE.sub(one, _ARRAY.sub(r"\1", line))[:_MAX_LINE]


def _split(kind: str, line: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command of a line."""
    if kind == "docker":
        line = _INSTRUCTION.sub("", line, count=1)
        if line.lstrip().startswith("["):
            yield from _listed(line)
            return
    elif kind == "prose" and (prompt := _PROMPT.match(line)):
        line = line[prompt.end() :].rstrip("` ")
    elif kind == "make":
        line = line.lstrip("\t @-+")
    for _ in range(_MAX_NESTED):
        line = _RUN.sub("$…", line)
    yield from _commands(_words(line))


def _listed(line: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of a list, as Dockerfiles have them."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return
    if isinstance(found, list):
        yield tuple(map(str, found))


def _commands(words: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield the words up to each end of a command; a comment ends the line."""
    command: list[str] = []
    for word in words:
        if word.startswith("#") and command:
            break
        if word in _ENDS:
            if word[0] in "<>" and command and command[-1] in _STREAMS:
                command.pop()
            if command:
                yield tuple(command)
            command = []
        else:
            command.append(word)
    if command:
        yield tuple(command)


def _words(line: str) -> list[str]:
    """Return the words of a line; those between blanks where a quote is not closed."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return line.split()
