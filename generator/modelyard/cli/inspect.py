"""check, show, explain, schema and targets: the commands that only read."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from modelyard import api
from modelyard.cli.app import File, app, report, stop_on_errors, tell
from modelyard.problem import Problem, has_errors, problem
from modelyard.report import summary


@app.command()
def check(
    file: File = Path(),
    *,
    base: Annotated[
        str,
        typer.Option(
            metavar="DEPLOY|FILE|-",
            help="Prove the effect on a SAS Viya deployment, whose resources are built once with kustomize. "
            "FILE or - is such a build, made before.",
        ),
    ] = "",
    deploy: Annotated[
        Path | None, typer.Option(metavar="DEPLOY", help="With --base FILE|-: the deployment, for its own patches.")
    ] = None,
    built: Annotated[
        str,
        typer.Option(
            metavar="FILE|-", help="Compare with what `kustomize build` printed: is everything there, and as declared?"
        ),
    ] = "",
) -> None:
    """Find everything that can be known about a models file without writing or a cluster."""
    if base and built:
        raise typer.BadParameter("--base and --built exclude each other")
    if built:
        from modelyard.api.built import check_built

        problems = check_built(file, *_stream(built))
    elif base:
        problems = _check_base(file, base, deploy)
    else:
        problems = api.check(file)
    report(problems)
    if has_errors(problems):
        raise typer.Exit(1)
    if not problems:
        tell(f"{api.models_file(file)}: {summary(problems)}")


def _check_base(file: Path, base: str, deploy: Path | None) -> list[Problem]:
    from modelyard.api.site_config import check_base

    if base != "-" and Path(base).is_dir():
        return check_base(file, Path(base), progress=tell)
    return check_base(file, deploy, base=_stream(base)[0], progress=tell)


def _stream(name: str) -> tuple[bytes, str]:
    """Return the bytes of a FILE or - argument, and what messages call it."""
    if name == "-":
        return sys.stdin.buffer.read(), "standard input"
    try:
        return Path(name).read_bytes(), name
    except OSError as error:
        raise typer.BadParameter(f"cannot read {name}: {error.strerror}") from None


@app.command()
def show(model: Annotated[str, typer.Argument(help="Name of the model.")], file: File = Path()) -> None:
    """Print a model after base, defaults and variants, with the file, line and column of each value."""
    loaded = api.load(file)
    stop_on_errors([each for each in loaded.problems if loaded.models is None])
    text, hint = api.show(loaded, model)
    if text is None:
        stop_on_errors([*loaded.problems, problem("MY110", f"there is no model {model} to show", hint=hint)])
    typer.echo(text, nl=False)


@app.command()
def explain(
    what: Annotated[
        str, typer.Argument(help="A field, such as models.targets.knative.window, or a code, such as MY104.")
    ],
) -> None:
    """Print the documentation of a field of the models file, or of a problem's code."""
    from modelyard.explain import explain as explained

    text, hint = explained(what)
    if text is None:
        raise typer.BadParameter(hint)
    typer.echo(text, nl=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the models file, for editors."""
    from modelyard.schema import shipped

    typer.echo(shipped(), nl=False)


@app.command()
def targets() -> None:
    """List the targets that a model can name, and the sections of spec that are rendered for the whole set."""
    from modelyard.targets import SECTIONS, TARGETS, section, target

    lines = {name: target(name).SUMMARY for name in TARGETS}
    lines |= {f"spec.{name}": section(name).SUMMARY for name in SECTIONS}
    width = max(map(len, lines)) + 2
    for name in sorted(lines):
        typer.echo(f"{name:<{width}}{lines[name]}")
