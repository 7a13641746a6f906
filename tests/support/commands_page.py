"""Make docs/reference/commands.md from the command line itself: `make reference`."""

from pathlib import Path
from typing import Any, Final

from tests.support.command_line import commands as every
from tests.support.markdown import cell, code, escaped

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "reference" / "commands.md"
_HEAD: Final = """\
# Commands

`-f FILE|DIR` names the models file or its folder; the default is the current folder. `check`, `render` and
`diff --git` take several. An option given twice otherwise, or without effect beside another, is wrong usage.
`modelyard --help` lists the commands, and `modelyard --install-completion` completes them in your shell.

Manifests go to standard output, and what is said to you to standard error. The [exit codes](exit-codes.md) are the same
for all commands. `make reference` makes this page from the command line itself.

| command | what it does |
|---|---|
"""


def page() -> str:
    """Return the page."""
    commands = {" ".join(["modelyard", *words]): each for words, each in sorted(every().items()) if not each.hidden}
    rows = (f"| [`{name}`](#{_anchor(name)}) | {cell(_summary(each))} |\n" for name, each in commands.items())
    return _HEAD + "".join(rows) + "".join(_section(name, each) for name, each in commands.items())


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


def _summary(command: Any) -> str:
    return str(command.help).partition("\n\n")[0]


def _section(name: str, command: Any) -> str:
    shown = [each for each in command.params if not each.hidden]
    arguments = [each for each in shown if each.param_type_name == "argument"]
    options = [each for each in shown if each.param_type_name == "option"]
    usage = " ".join([name, *(["[OPTIONS]"] if options else []), *map(_argument, arguments)])
    text = f"\n## {name} {{ #{_anchor(name)} }}\n\n{escaped(str(command.help)).strip()}\n\n```\n{usage}\n```\n"
    rows = "".join(f"| {code(_called(each))} | {cell(_said(each))} |\n" for each in [*arguments, *options])
    return text + (f"\n| argument, option | what it is |\n|---|---|\n{rows}" if rows else "")


def _argument(argument: Any) -> str:
    word = str(argument.metavar or argument.name.upper()).strip("[]")
    word += "" if argument.nargs == 1 or word.endswith("...") else "..."
    return word if argument.required else f"[{word}]"


def _called(parameter: Any) -> str:
    """Return how a parameter is written."""
    if parameter.param_type_name == "argument":
        return _argument(parameter)
    value = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
    return f"{', '.join([*parameter.opts, *parameter.secondary_opts])}{value}"


def _said(parameter: Any) -> str:
    """Return the help of a parameter, with its default."""
    words = [parameter.help or ""]
    default = parameter.default
    if isinstance(default, str | int | float | Path) and not isinstance(default, bool) and str(default):
        words.append(f"Default: `{default}`.")
    return " ".join([*words, *(["Required."] if parameter.required else [])])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
