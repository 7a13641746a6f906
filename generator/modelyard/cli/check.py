"""check: what CI runs before a merge."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from modelyard import api
from modelyard.cli.app import File, app, say, tell
from modelyard.problem import Problem
from modelyard.report import Report, text
from modelyard.report.excerpt import Excerpts
from modelyard.report.formats import FORMATS, format_of, written
from modelyard.yamlio import MAX_BYTES

STDIN: Final = "standard input"
ENDINGS: Final = ".sarif, .xml (JUnit), .json or .txt"

Files = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE|-",
        help="Streams of objects, such as what `kustomize build` prints, whoever wrote them, or models files.",
    ),
]
Base = Annotated[
    str,
    typer.Option(
        metavar="DEPLOY|FILE|-",
        help="Prove the effect on a SAS Viya deployment, whose resources are built once with kustomize. "
        "FILE or - is such a build, made before.",
    ),
]
Deploy = Annotated[
    Path | None, typer.Option(metavar="DEPLOY", help="With --base FILE|-: the deployment, for its own patches.")
]
Built = Annotated[
    str,
    typer.Option(
        metavar="FILE|-", help="Compare with what `kustomize build` printed: is everything there, and as declared?"
    ),
]
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
Features = Annotated[
    list[str] | None,
    typer.Option("--knative-feature", metavar="NAME", help="For FILE: on in the cluster's config-features."),
]

Kubernetes = Annotated[
    str, typer.Option(metavar="1.NN", help="For FILE: the Kubernetes whose schemas are asked; the newest if absent.")
]


@app.command()
def check(  # noqa: PLR0913 - an argument per option
    files: Files = None,
    *,
    file: File = Path(),
    base: Base = "",
    deploy: Deploy = None,
    built: Built = "",
    knative_feature: Features = None,
    kubernetes: Kubernetes = "",
    strict: Strict = False,
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = None,
) -> None:
    """Find everything that can be known about a models file, or a stream of objects, without writing or a cluster.

    `modelyard check` looks at the models file of this folder and at what it renders; `kustomize build … |
    modelyard check -` at any stream.
    """
    if bool(base) + bool(built) + bool(files) > 1 or (files and file != Path()):
        raise typer.BadParameter("-f, --base and --built do not go with FILE, nor --base with --built")
    outputs = _outputs(format, output or [])
    if files:
        report = _check_files(files, knative_feature or [], _version(kubernetes), strict=strict)
    else:
        problems, contents = _check_models(file, base, deploy, built)
        report = Report(tuple(problems), (str(api.models_file(file)),), strict, contents)
    _finish(report, format, outputs)


def _outputs(name: str, files: Sequence[Path]) -> dict[Path, str]:
    """Return the format of each file to write; leaves with wrong usage if one is unknown."""
    if name not in FORMATS:
        raise typer.BadParameter(f"there is no format {name}; there are {', '.join(FORMATS)}")
    formats = {file: format_of(file.name) for file in files}
    unknown = [str(file) for file, found in formats.items() if found is None]
    if unknown or len(formats) < len(files):
        what = f"{unknown[0]} does not end with {ENDINGS}" if unknown else "one file is named twice"
        raise typer.BadParameter(f"--output: {what}")
    return {file: found for file, found in formats.items() if found}


def _check_models(file: Path, base: str, deploy: Path | None, built: str) -> tuple[list[Problem], dict[str, bytes]]:
    """Return the problems of a models file, and the bytes of what is no file."""
    if built:
        from modelyard.api.built import check_built

        content, shown = _stream(built)
        return check_built(file, content, shown), {shown: content}
    if not base:
        return api.check(file), {}
    from modelyard.api.site_config import check_base

    if base != "-" and Path(base).is_dir():
        return check_base(file, Path(base), progress=tell), {}
    return check_base(file, deploy, base=_stream(base)[0], progress=tell), {}


def _version(wanted: str) -> str:
    """Return the Kubernetes version to check against; leaves with wrong usage if its schemas are not here."""
    from modelyard.check.schemas import NEWEST, versions

    if wanted and wanted not in versions():
        raise typer.BadParameter(f"--kubernetes: there are {', '.join(versions())}")
    return wanted or NEWEST


def _check_files(files: Sequence[str], features: Sequence[str], kubernetes: str, *, strict: bool) -> Report:
    """Check models files each for itself, and all streams as one set."""
    from modelyard.api.streams import check_streams, is_models_file
    from modelyard.problem import unique

    contents = {shown: content for content, shown in map(_stream, files)}
    models = [shown for shown, content in contents.items() if shown != STDIN and is_models_file(content)]
    streams = {shown: content for shown, content in contents.items() if shown not in models}
    problems = [each for shown in models for each in api.check(shown)]
    if streams:
        problems += check_streams(streams, features=features, kubernetes=kubernetes).problems
    return Report(tuple(unique(problems)), tuple(contents), strict, contents)


def _stream(name: str) -> tuple[bytes, str]:
    """Return the bytes of a FILE or - argument, one more than is allowed at most, and what messages call it."""
    if name == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1), STDIN
    try:
        with Path(name).open("rb") as stream:
            return stream.read(MAX_BYTES + 1), name
    except OSError as error:
        raise typer.BadParameter(f"cannot read {name}: {error.strerror}") from None


def _finish(report: Report, name: str, outputs: dict[Path, str]) -> None:
    """Write and print a report; leaves with exit code 1 if it fails, or cannot be written."""
    from modelyard.files import write

    unwritten: list[Problem] = []
    for file, found in outputs.items():
        unwritten += write(file, written(found, report).encode())
    if name == "text":
        say(text(report.problems, Excerpts(report.contents)))
    else:
        typer.echo(written(name, report), nl=False)
    say(text(unwritten))
    if report.is_failed and not report.counts.errors:
        tell("warnings fail, because of --strict")
    if report.is_failed or unwritten:
        raise typer.Exit(1)
    if not report.open:
        tell(f"{', '.join(report.files)}: {report.counts}")
