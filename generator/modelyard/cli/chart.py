"""chart: the command that writes a Helm chart."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.messages import counted, printable_lines, stop_on_errors, tell
from modelyard.cli.options import File, Outside


def chart(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="CHART", help="Folder to write.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    version: Annotated[
        str | None,
        typer.Option(
            "--version",
            metavar="X.Y.Z",
            help="Version of the chart; the newest tag of Git if absent. The hash of the content follows it.",
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing: print what would change, and exit with 1 if anything would."),
    ] = False,
) -> None:
    """Write the models as a Helm chart, with what an operator changes at install time as its values.

    With the values that it comes with it gives what `render` gives, in the namespace of the release. The folder belongs
    to modelyard: it is exchanged whole, and only if there is no error.
    """
    from modelyard.api import chart as api

    if check:
        _compare(output, file, version)
        return
    made, problems = api.chart(file, number=version)
    stop_on_errors(problems)
    stop_on_errors(api.write(output, made))
    tell(f"wrote {output}: {len(made)} files{counted(problems)}")
    tell(f"Next: helm upgrade --install RELEASE {output} --namespace NAMESPACE")


def _compare(output: Path, file: Path, version: str | None) -> None:
    from modelyard.api import chart as api

    difference, problems = api.drift(output, file, number=version)
    stop_on_errors(problems)
    typer.echo(printable_lines(difference), nl=False)
    if difference:
        tell(f"{output} differs from what {file} gives; run: modelyard chart -f {file} -o {output}")
        raise typer.Exit(1)
    tell(f"{output} is what {file} gives{counted(problems)}")
