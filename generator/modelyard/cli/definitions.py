"""--kubernetes and --crds: which schemas objects are held against."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from modelyard.cli.inputs import read_stream
from modelyard.files import regular
from modelyard.problems import Problem

if TYPE_CHECKING:
    from modelyard.api.crds import Custom, Kinds

CLUSTER: Final = "cluster"  # a file of this name is ./cluster
_ENDINGS: Final = (".yaml", ".yml", ".json")


def kinds_of(
    kubernetes: str, crds: Sequence[str], context: str, kubeconfig: str
) -> tuple["Kinds", list[Problem], dict[str, bytes]]:
    """Return the kinds that there are schemas of, what is wrong with definitions, and the bytes of their files.

    Leaves with wrong usage if there are no schemas of a version.
    """
    from modelyard.check.schemas.kinds import NEWEST, Kinds, versions

    if kubernetes and kubernetes not in versions():
        raise typer.BadParameter(f"--kubernetes: there are {', '.join(versions())}")
    own: list[Custom] = []
    problems: list[Problem] = []
    contents: dict[str, bytes] = {}
    for named in crds:
        found, wrong, read = _of_cluster(context, kubeconfig) if named == CLUSTER else _of_files(named)
        own += found
        problems += wrong
        contents |= read
    return Kinds(kubernetes or NEWEST, own), problems, contents


def _of_files(named: str) -> tuple["list[Custom]", list[Problem], dict[str, bytes]]:
    from modelyard.api.crds import of_files

    if named == "-":
        raise typer.BadParameter("--crds reads files and folders; - is for objects")
    files = dict(_files(named))
    return (*of_files(named, files), files)


def _of_cluster(context: str, kubeconfig: str) -> tuple["list[Custom]", list[Problem], dict[str, bytes]]:
    from modelyard.api.crds import ClusterProblem, Connection, of_cluster

    where = Connection(kubeconfig=Path(kubeconfig) if kubeconfig else None, context=context or None)
    try:
        return of_cluster(where), [], {}
    except ClusterProblem as error:
        return [], [error.problem], {}


def _files(named: str) -> Iterator[tuple[str, bytes]]:
    """Yield what messages call a file, and its bytes: of a file, or of those of YAML and JSON anywhere in a folder."""
    folder = Path(named)
    inside = sorted(each for each in folder.rglob("*") if each.suffix in _ENDINGS and regular.is_file(each))
    for path in map(str, inside) if regular.is_folder(folder) else [named]:
        content, shown = read_stream(path)
        yield shown, content
