"""init and render: the commands that write an overlay."""

from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from modelyard import __version__, api
from modelyard.cli.messages import counted, printable_lines, report, stop_on_errors, tell
from modelyard.cli.options import Files, Jobs, Outside, named, single
from modelyard.files.yaml import write_all
from modelyard.manifests.names import dns_1035_label
from modelyard.problems import Problem, problem

SAS_FOLDER = "sas-model"  # what the starter calls the folder that Model Manager copies


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder of the overlay.")] = Path(),
    *,
    kpt: Annotated[
        bool, typer.Option("--kpt", help="Write a package of kpt, which calls modelyard-fn, and no kustomization.yaml.")
    ] = False,
    sas_git: Annotated[
        bool,
        typer.Option(
            "--sas-git",
            help="Declare the models that SAS Model Manager publishes into this repository, in place of one.",
        ),
    ] = False,
) -> None:
    """Write a commented models.yaml with one model, a kustomization.yaml and the schema for editors.

    Writes only what is missing, and lists the rest; a kustomization.yaml that is there needs one line more. With
    --sas-git also the folder that a Git destination of SAS Model Manager copies for each model that it publishes.
    """
    from modelyard.files import disk
    from modelyard.kustomize.kustomization import NAMES, find, unlisted
    from modelyard.kustomize.package import unlisted as unlisted_in_package
    from modelyard.models.fields import FILE, shipped

    name = folder.resolve().name
    name = name if dns_1035_label(name) is None else "models"
    texts = api.starter(name, "kpt" if kpt else "sas-git" if sas_git else "") | {FILE: shipped()}
    for file, text in texts.items():
        path = (find(folder) if file in NAMES else None) or folder / file  # kustomize stops at two of its names
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            stop_on_errors([disk.refused(error, path.parent, doing="make the folder")])
        is_new, problems = disk.create(path, text.encode())
        stop_on_errors(problems)
        tell(f"wrote {path}" if is_new else f"{path} exists and is left unchanged")
    report(unlisted_in_package(folder) if kpt else unlisted(folder, api.GENERATED))
    if sas_git:
        tell(
            f"Name {folder / SAS_FOLDER}, by its path in the repository, as deploymentGitFolder of the Git destination"
        )
    then = f"cd {quote(str(folder))} && kpt fn render --allow-exec" if kpt else f"modelyard render -f {folder}"
    tell(f"Next: change {folder / 'models.yaml'}, then run: {then}")


def render(
    file: Files = None,
    _outside: Outside = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: print what would change, and exit with 1 if anything would.")
    ] = False,
    stdout: Annotated[bool, typer.Option("--stdout", help="Write no files: print all objects as one stream.")] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write file by file, where a folder cannot be exchanged as a whole.")
    ] = False,
    argocd: Annotated[
        Path | None,
        typer.Option("--argocd", metavar="DIR", help="Write what Argo CD applies the folders by into DIR too."),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Render all models of a large set, also those that have not changed.")
    ] = False,
    jobs: Jobs = None,
) -> None:
    """Write the folder `generated/` beside the models file: a kustomize component.

    Name it in the kustomization.yaml beside it with `components: [generated]`. The folder belongs to modelyard:
    it is exchanged whole, and only if there is no error. Of several models files all are written or none.
    """
    if stdout:
        _print(single(file, "--stdout"))
        return
    overlay = api.overlay if no_cache else api.overlay_in_part
    results = {each: overlay(each, jobs=jobs or 0) for each in _apart(named(file))}
    stop_on_errors([problem for each in results.values() for problem in each.problems])
    content = _for_argocd(results, argocd) if argocd else {}
    if check:
        _compare(results, argocd, content)
        return
    _write(results, in_place=in_place)
    if argocd:
        _write_for_argocd(argocd, content)


def _for_argocd(files: Iterable[Path], folder: Path) -> dict[str, str]:
    from modelyard.api import argocd

    content, problems = argocd.applications(files, folder)
    stop_on_errors(problems)
    return content


def _write_for_argocd(folder: Path, content: dict[str, str]) -> None:
    from modelyard.api import argocd

    written, problems = argocd.write(folder, content)
    stop_on_errors(problems)
    for name in written:
        tell(f"wrote {folder / name}")
    if not written:
        tell(f"nothing has changed in {folder}")


def _apart(files: list[Path]) -> list[Path]:
    """Return the models files; leaves with wrong usage where two of them have one folder."""
    folders: dict[Path, Path] = {}
    for file in files:
        other = folders.setdefault(api.generated(file).resolve(), file)
        if other is not file:
            raise typer.BadParameter(f"{other} and {file} have one folder, {api.generated(file)}")
    return files


def _print(file: Path) -> None:
    result = api.render(file)
    is_empty = not result.objects and result.models and result.models.names("viya")
    stop_on_errors([*result.problems, *([_no_stream()] if is_empty else [])])
    typer.echo(write_all(each.body for each in result.objects), nl=False)


def _no_stream() -> Problem:
    """Return what is wrong with an empty stream: under GitOps it deletes everything."""
    message = "the set renders no objects, only site-config for a SAS Viya deployment"
    return problem("MY213", message, hint="run `modelyard render`, or `modelyard site-config install`")


def _compare(results: dict[Path, api.Rendering], folder: Path | None, content: dict[str, str]) -> None:
    """Print what differs between the folders and what their models files give; leaves with 1 if anything does.

    folder and content: the same for what is written for Argo CD.
    """
    found = {file: api.drift(file, result) for file, result in results.items()}
    stop_on_errors([each for _, problems in found.values() for each in problems])
    for file, (difference, _) in found.items():
        typer.echo(printable_lines(difference), nl=False)
        _say_difference(file, results[file], differs=bool(difference))
    applications = _compare_for_argocd(folder, content) if folder else ""
    if applications or any(difference for difference, _ in found.values()):
        raise typer.Exit(1)


def _compare_for_argocd(folder: Path, content: dict[str, str]) -> str:
    from modelyard.api import argocd

    difference = argocd.drift(folder, content)
    typer.echo(printable_lines(difference), nl=False)
    found = (
        f"differs from what Argo CD needs; run: modelyard render --argocd {folder}" if difference else "is up to date"
    )
    tell(f"{folder} {found}")
    return difference


def _say_difference(file: Path, result: api.Rendering, *, differs: bool) -> None:
    folder, source = api.generated(file), api.models_file(file)
    if not differs:
        tell(f"{folder} is what {source} gives{counted(result.problems)}")
        return
    before, here = api.writer(file), __version__
    other = f" ({folder} was rendered by {before}, this is {here})" if before not in ("", here) else ""
    tell(f"{folder} differs from what {source} gives; run: modelyard render -f {file}{other}")


def _write(results: dict[Path, api.Rendering], *, in_place: bool) -> None:
    from modelyard.cli.next_steps import after_render

    before = {file: _inode(api.generated(file)) for file in results}
    stop_on_errors(api.write_several(results, in_place=in_place))
    written = {}
    for file, result in results.items():
        folder = api.generated(file)
        # A folder that changes is exchanged for a new one; file by file it stays, and may have changed.
        if in_place or _inode(folder) != before[file]:
            written[file] = result
        verb = "wrote" if file in written else "nothing has changed in"
        tell(f"{verb} {folder}: {len(result.content)} files{counted(result.problems)}")
    for line in after_render(written) if written else ():
        tell(line)


def _inode(folder: Path) -> int | None:
    try:
        return folder.stat().st_ino
    except OSError:
        return None
