"""map: what other tools found, at the line that somebody can change."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard import api
from modelyard.cli.inputs import STDIN, read_stream
from modelyard.cli.options import File, Outside
from modelyard.cli.reports import Format, Output, Strict, finish, outputs_of
from modelyard.report.counts import Report

Found = Annotated[
    str,
    typer.Argument(
        metavar="FILE|-",
        help="The report: SARIF, JSON of kubeconform, kube-score, kube-linter, checkov or trivy, a policy report of "
        "kyverno, an Application of Argo CD, or what kubectl, helm or Argo CD said on standard error.",
    ),
]
Built = Annotated[
    str,
    typer.Option(
        metavar="FILE|-",
        help="The stream that the tool read, such as the output of `kustomize build`: for lines in the report, and for "
        "objects that the kustomization renamed.",
    ),
]


def map_findings(
    found: Found,
    *,
    file: File = Path(),
    _outside: Outside = None,
    built: Built = "",
    strict: Strict = False,
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = None,
) -> None:
    """Show what other tools found in rendered objects at the line of the models file that it came from.

    `kube-score score -o json rendered.yaml | modelyard map -`. A finding is placed at the field that the tool names,
    else at the one that its rule speaks of, else at the model; what is about no object of the models file is passed on.
    """
    from modelyard.api.findings import mapped

    if found == built == "-":
        raise typer.BadParameter("standard input is read once: give one -")
    outputs = outputs_of(format, output or [])
    content, shown = read_stream(found)
    stream = read_stream(built) if built else None
    result = mapped(file, content, shown, stream)
    # Of what is no models file no line is shown: a report can name any file.
    contents = dict.fromkeys((*result.others, shown, STDIN), b"")
    report = Report(tuple(result.problems), (str(api.models_file(file)),), strict, contents)
    finish(report, format, outputs)
