"""sources and fetch: what registries of models have, and its files."""

from pathlib import Path
from typing import Annotated, Any

import typer

from modelyard.cli.connection import Context, Kubeconfig, Namespace, connection
from modelyard.cli.messages import stop_on_errors, tell
from modelyard.cli.options import File, Outside
from modelyard.problems import printable


def sources(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Models; all if absent.")] = None,
    file: File = Path(),
    _outside: Outside = None,
    *,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if a model is out of step, as in CI.")
    ] = False,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="json|yaml", help="Print data in place of a table.")
    ] = "",
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Show what registries of models call the champion, what the models file pins, and what the cluster runs.

    A registry's address and login are those that its own tools use. Where no cluster can be reached, and none is
    named, the rest is shown. What is out of step stands below a model.
    """
    from modelyard.api import sources as api

    if output not in ("", "json", "yaml"):
        raise typer.BadParameter("-o takes json or yaml")
    where = connection(namespace, context, kubeconfig)
    found, problems = api.standings(file, names or [], where=where)
    if not any((namespace, context, kubeconfig)):
        for each in problems:
            if each.code in api.UNASKED[1:]:
                tell(f"no cluster was asked: {each.message}")
        problems = [each for each in problems if each.code not in api.UNASKED]
    stop_on_errors(problems)
    typer.echo(_as_text(found, output), nl=False)
    if exit_code and any(each.out_of_step for each in found):
        raise typer.Exit(1)


def fetch(
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    variant: Annotated[str | None, typer.Option(help="Variant whose version is wanted.")] = None,
) -> None:
    """Fetch the files of a model's version from its source into a folder, with their checksums, all or nothing.

    That is the version that the models file pins, else the champion. `sha256sum --check SHA256SUMS` compares the files
    in the folder, which belongs to modelyard. The checksum over all of them is printed.
    """
    from modelyard.api import sources as api

    found, problems = api.fetch(file, name, output, variant=variant)
    stop_on_errors(problems)
    if found:
        typer.echo(found.checksum)
        version = found.version
        tell(f"wrote {output}: {found.files} files of {version.source}, version {version.version}")


def _as_text(found: list[Any], output: str) -> str:
    from dataclasses import asdict

    if output == "json":
        import json

        return json.dumps([asdict(each) for each in found], indent=2) + "\n"
    if output == "yaml":
        from modelyard.files.yaml import write_all

        return write_all(asdict(each) for each in found)
    from modelyard.cli.tables import of_sources

    return "".join(f"{printable(line)}\n" for line in of_sources(found).splitlines())
