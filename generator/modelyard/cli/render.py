"""init and render: the commands that write an overlay."""

from pathlib import Path
from typing import Annotated

import typer

from modelyard import api
from modelyard.cli.app import File, Outside, app, counted, printable_lines, stop_on_errors, tell
from modelyard.names import dns_1035_label
from modelyard.problem import problem
from modelyard.yamlio import write_all

# An empty stream under GitOps deletes everything.
_NO_STREAM = problem(
    "MY213",
    "the set renders no objects, only site-config for a SAS Viya deployment",
    hint="run `modelyard render`, or `modelyard site-config install`",
)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder of the overlay.")] = Path(),
) -> None:
    """Write a commented models.yaml with one model, a kustomization.yaml and the schema for editors.

    Writes only what is missing, and lists the rest.
    """
    from modelyard.schema import FILE, shipped

    name = folder.resolve().name
    name = name if dns_1035_label(name) is None else "models"
    texts = api.starter(name) | {FILE: shipped()}
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        path = folder / file
        try:
            with path.open("x", encoding="utf-8") as new:
                new.write(text)
            tell(f"wrote {path}")
        except FileExistsError:
            tell(f"{path} is there already and stays as it is")
    tell(f"Next: change {folder / 'models.yaml'}, then run: modelyard render -f {folder}")


@app.command()
def render(
    file: File = Path(),
    _outside: Outside = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: print what would change, and exit with 1 if anything would.")
    ] = False,
    stdout: Annotated[bool, typer.Option("--stdout", help="Write no files: print all objects as one stream.")] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write file by file, where a folder cannot be exchanged as a whole.")
    ] = False,
) -> None:
    """Write the folder `generated/` beside the models file: a kustomize component.

    Name it in the kustomization.yaml beside it with `components: [generated]`. The folder belongs to modelyard:
    it is exchanged whole, and only if there is no error.
    """
    if check + stdout + in_place > 1:
        raise typer.BadParameter("--check, --stdout and --in-place exclude each other")
    if stdout:
        result = api.render(file)
        empty = [] if result.objects or not result.models or not result.models.names("viya") else [_NO_STREAM]
        stop_on_errors([*result.problems, *empty])
        typer.echo(write_all(each.body for each in result.objects), nl=False)
        return
    result = api.overlay(file)
    stop_on_errors(result.problems)
    folder = api.generated(file)
    if check:
        difference, problems = api.drift(file, result)
        stop_on_errors(problems)
        if difference:
            typer.echo(printable_lines(difference), nl=False)
            tell(f"{folder} differs from what {api.models_file(file)} gives; run: modelyard render -f {file}")
            raise typer.Exit(1)
        tell(f"{folder} is what {api.models_file(file)} gives{counted(result.problems)}")
        return
    before = _inode(folder)
    stop_on_errors(api.write(file, result, in_place=in_place))
    # A folder that changes is exchanged for a new one; file by file it stays, and may have changed.
    verb = "wrote" if in_place or _inode(folder) != before else "nothing has changed in"
    tell(f"{verb} {folder}: {len(result.content)} files{counted(result.problems)}")


def _inode(folder: Path) -> int | None:
    return folder.stat().st_ino if folder.exists() else None
