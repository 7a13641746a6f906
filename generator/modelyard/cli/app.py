"""The command modelyard and what its commands share."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from modelyard import api
from modelyard.cli.together import Commands
from modelyard.problems import Problem, Severity, has_errors, is_open, printable
from modelyard.problems.credentials import without_forms
from modelyard.report import summary, text
from modelyard.report.excerpt import Excerpts

HELP = """From one models file, everything that a platform needs to serve analytical models.

A models file (models.yaml) declares the models of one environment and where each of them runs.
`modelyard render` writes a kustomize component beside it, which `kustomize build` and `kubectl apply -k`
take; `modelyard check` finds mistakes in it, each with its file, line and column.

**Files.** Commands take `-f FILE|DIR`; a DIR is one with a models.yaml, and the default is the current folder.
`check`, `render` and `diff --git` take several. Models are named as arguments.

**Exit codes.** 0 fine, 1 problems found, 2 wrong usage, 3 a bug in modelyard, 130 interrupted.
On any error standard output is empty and files stand as they were; a report that you ask for is written all the same.

**Environment.** KUSTOMIZE_PLUGIN_HOME and XDG_CONFIG_HOME say where `plugin install` puts the kustomize plugin;
NO_COLOR switches colours off; MODELYARD_TRACEBACK=1 prints the traceback of a bug.
"""

# The base of typer's own errors has no public name.
_UsageError: Final[type[Any]] = typer.BadParameter.__mro__[1]


class _Printable(TyperGroup):
    """All commands. What usage errors repeat of the arguments must not control a terminal."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Read the arguments before the command."""
        with _printable_errors():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        """Read the arguments of a command, and run it."""
        with _printable_errors():
            return super().invoke(ctx)


@contextmanager
def _printable_errors() -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        error.message = printable(without_forms(error.message))
        raise


app = Commands(
    name="modelyard",
    cls=_Printable,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

File = Annotated[
    Path, typer.Option("--file", "-f", metavar="FILE|DIR", help="Models file, or the folder of a models.yaml.")
]

# Of commands that look at several models files in one run.
Files = Annotated[
    list[Path] | None,
    typer.Option(
        "--file", "-f", metavar="FILE|DIR", help="Models file, or the folder of a models.yaml; may be given again."
    ),
]


def named(files: Sequence[Path] | None) -> list[Path]:
    """Return the models files that `-f` names, each once; the current folder if it is not given."""
    found = {api.models_file(each).resolve(): each for each in reversed(files or [Path()])}
    return list(reversed(found.values()))


def single(files: Sequence[Path] | None, what: str) -> Path:
    """Return the one models file of what looks at one alone; leaves with wrong usage if there are several."""
    found = named(files)
    if len(found) > 1:
        raise typer.BadParameter(f"{what} goes with one -f")
    return found[0]


def _allow(folders: list[Path] | None) -> list[Path] | None:
    from modelyard.modelsfile.load import allow_outside

    allow_outside(folders or [])
    return folders


Outside = Annotated[
    list[Path] | None,
    typer.Option(
        "--allow-outside",
        metavar="DIR",
        callback=_allow,
        help="Folder that the models file may lead into though it is outside of its Git working tree; may be repeated.",
    ),
]


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"modelyard {version('modelyard')}")
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def tell(message: str) -> None:
    """Say something to the person, on standard error: standard output belongs to manifests."""
    typer.echo(printable(without_forms(message)), err=True)


def printable_lines(text: str) -> str:
    """Return a text of several lines, such as a diff of files that anybody wrote, without what controls a terminal."""
    return "\n".join(map(printable, text.split("\n")))


def report(problems: Sequence[Problem]) -> None:
    """Print problems on standard error, with colours on a terminal."""
    say(text(problems, Excerpts({})))


def say(shown: str) -> None:
    """Print a report's text on standard error, with colours on a terminal."""
    if not sys.stderr.isatty():
        sys.stderr.write(shown)
        return
    from modelyard.cli.colours import print_text

    print_text(shown)


def stop_on_errors(problems: Sequence[Problem]) -> None:
    """Report problems, and leave with exit code 1 if one of them is an error."""
    report(problems)
    if has_errors(problems):
        raise typer.Exit(1)


def counted(problems: Sequence[Problem]) -> str:
    """Return ` (2 warnings)` for a closing line, or nothing."""
    warnings = [each for each in problems if each.severity is not Severity.ERROR and is_open(each)]
    return f" ({summary(warnings)})" if warnings else ""


# The commands register themselves with the app above.
from modelyard.cli import (  # noqa: E402, F401
    apply,
    attempt,
    check,
    cluster,
    image,
    plugin,
    render,
    sagemaker,
    score,
    show,
    site_config,
    traffic,
)
