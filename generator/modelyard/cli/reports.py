"""Reports of what a command found: printed in one format, written to files in others."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from modelyard.cli.messages import say, tell
from modelyard.problems import Problem
from modelyard.report.counts import Report
from modelyard.report.excerpt import Excerpts
from modelyard.report.formats import FORMATS, format_of, written
from modelyard.report.text import MOST_OF_A_CODE, text

ENDINGS: Final = ".sarif, .xml (JUnit), gl-code-quality-report.json (GitLab), .json or .txt"

Strict = Annotated[bool, typer.Option("--strict", help="Warnings fail too.")]
Format = Annotated[
    str,
    typer.Option(
        metavar="|".join(FORMATS), help="How problems are printed: text on standard error, others on standard output."
    ),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help=f"Write the report to a file too, in the format of its ending: {ENDINGS}."),
]


def outputs_of(name: str, files: Sequence[Path]) -> dict[Path, str]:
    """Return the format of each file to write; leaves with wrong usage if one is unknown."""
    if name not in FORMATS:
        raise typer.BadParameter(f"there is no format {name}; there are {', '.join(FORMATS)}")
    formats = {file: format_of(file.name) for file in files}
    unknown = [str(file) for file, found in formats.items() if found is None]
    if unknown or len(formats) < len(files):
        what = f"{unknown[0]} does not end with {ENDINGS}" if unknown else "one file is named twice"
        raise typer.BadParameter(f"--output: {what}")
    return {file: found for file, found in formats.items() if found}


def finish(report: Report, name: str, outputs: dict[Path, str]) -> None:
    """Write and print a report; leaves with exit code 1 if it fails, or cannot be written."""
    from modelyard.files.disk import write

    unwritten: list[Problem] = []
    for file, found in outputs.items():
        unwritten += write(file, written(found, report).encode())
    if name == "text":
        say(text(report.problems, Excerpts(report.contents), most=MOST_OF_A_CODE))
    else:
        typer.echo(written(name, report), nl=False)
    say(text(unwritten))
    if report.is_failed and not report.counts.errors:
        tell("warnings fail, because of --strict")
    if report.is_failed or unwritten:
        raise typer.Exit(1)
    if not report.open:
        tell(f"{', '.join(report.files)}: {report.counts}")
