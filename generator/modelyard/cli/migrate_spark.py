"""migrate-spark: the command that reads a pyspark project."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.cli.messages import counted, printable_lines, say, stop_on_errors, tell
from modelyard.problems import unique
from modelyard.problems.credentials import without_forms
from modelyard.report.counts import Report
from modelyard.report.formats import FORMATS, written
from modelyard.report.text import text

if TYPE_CHECKING:
    from modelyard.api.spark_migration import Migration  # it loads with the command


Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Models file to write; else it is printed.")
]
Plan = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the plan of what to upload to a file.")]
Format = Annotated[
    str,
    typer.Option(
        metavar="|".join(FORMATS),
        help="How findings are printed: text on standard error, others, with -o, on standard output.",
    ),
]


def migrate_spark(  # noqa: PLR0913 - an argument per option
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the pyspark project.")],
    *,
    bucket: Annotated[str, typer.Option(metavar="BUCKET", help="Bucket of the model, without gs://.")],
    output: Output = None,
    plan: Plan = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace files that are already there.")] = False,
    train: Annotated[str, typer.Option(metavar="PATH", help="The job that trains, relative to DIR.")] = "",
    score: Annotated[str, typer.Option(metavar="PATH", help="The job that scores, relative to DIR.")] = "",
    project: Annotated[str, typer.Option(metavar="PROJECT", help="Project of Google Cloud.")] = "",
    region: Annotated[str, typer.Option(metavar="REGION", help="Region of Google Cloud.")] = "",
    format: Format = "text",  # noqa: A002 - the option's name
) -> None:
    """Read a pyspark project, and write its models file; comments say what will not move as it is.

    Read are its programs, configuration files, and calls of spark-submit in scripts, Makefiles, Dockerfiles, Airflow
    DAGs and READMEs. Nothing of DIR is run or imported. Executors of YARN become machines, with the arithmetic.

    What to upload is a plan: a table with sizes and SHA-256, and the `gcloud storage` commands that you run yourself.
    It is printed on standard output with -o, and written with --plan. Files with credentials are left out of it.
    """
    from modelyard.api import spark_migration as api

    if format not in FORMATS:
        raise typer.BadParameter(f"there is no format {format}; there are {', '.join(FORMATS)}")
    if format != "text" and output is None:
        raise typer.BadParameter("--format goes with -o: standard output has the models file")
    result = api.migrate_spark(folder, bucket=bucket, train=train, score=score, project=project, region=region)
    if result.plan is None:
        _report(result, folder, format)
        raise typer.Exit(1)
    files = {file: text for file, text in ((output, result.text), (plan, result.plan.text)) if file is not None}
    stop_on_errors(api.write(files, replace=replace))
    _report(result, folder, format)
    if output is None:
        typer.echo(result.text, nl=False)
        return
    if plan is None and format == "text":
        typer.echo(printable_lines(without_forms(result.plan.text)), nl=False)
    tell(f"wrote {output}{f' and {plan}' if plan else ''}{counted(result.problems)}")
    tell(f"Next: read the comments in {output}, mend what they name, then run: modelyard check -f {output}")


def _report(result: "Migration", folder: Path, name: str) -> None:
    problems = unique(result.problems)
    if name == "text":
        say(text(problems))
    else:
        typer.echo(written(name, Report(tuple(problems), (str(folder),))), nl=False)
