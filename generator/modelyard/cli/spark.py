"""score --engine spark: Spark reads the table, makes the calls on its executors, and writes."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from modelyard.cli.connection import connection
from modelyard.cli.messages import stop_on_errors, tell

if TYPE_CHECKING:
    from modelyard.api.scoring import Options, Route

FORMATS: Final = "parquet|csv|delta|iceberg"


def check(engine: str, table: str, output: str, formats: tuple[str, str], decimal: str) -> None:
    """Leave with wrong usage for what an engine is not, or Spark cannot do."""
    if engine not in ("spark", "jobs"):
        raise typer.BadParameter("--engine is spark or jobs, or left out")
    if "-" in (table, output):
        raise typer.BadParameter(f"--engine {engine} needs an input and an --output that are no stream")
    if engine == "spark" and decimal != ".":
        raise typer.BadParameter("--decimal does not go with --engine spark: leave one out")
    for option, given in zip(("input", "output"), formats, strict=True):
        if given and engine != "spark":
            raise typer.BadParameter(f"--{option}-format has an effect only with --engine spark")
        if given and given not in FORMATS.split("|"):
            raise typer.BadParameter(f"--{option}-format is one of {FORMATS.replace('|', ', ')}")


def score(  # noqa: PLR0913 - what the command has
    model: str,
    table: str,
    output: str,
    formats: tuple[str, str],
    file: Path,
    route: "Route",
    options: "Options",
    where: tuple[str, str, str],
) -> None:
    """Score, say what came of it, and leave with exit code 1 if rows failed. A table of Iceberg has no folder."""
    from modelyard.spark import score_table

    manifest, problems = score_table(
        model, table, output, formats=formats, models=file, route=route, options=options,
        where=connection(*where) if any(where) else None,
    )  # fmt: skip
    if manifest is not None:
        tell(f"scored {manifest.scored:,} rows, {manifest.failed:,} with an error, checksum {manifest.checksum}")
        if formats[1] == "iceberg":
            typer.echo(manifest.text(), nl=False)
    stop_on_errors(problems)
