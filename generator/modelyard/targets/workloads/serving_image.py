"""The image of a SavedModel: TensorFlow Serving with one version of one model, as a build context."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from modelyard.files import disk, trees
from modelyard.manifests import names
from modelyard.manifests.template import text
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, printable, problem
from modelyard.targets.workloads import quoting, savedmodel, tensorflow, warmup

BASE: Final = "docker.io/tensorflow/serving:2.19.1"
HEADER: Final = (
    '# Written by modelyard from models.yaml: change that file and run "modelyard image" again. Edits here are lost.'
)
CONTAINERFILE: Final = "Containerfile"
IGNORE: Final = ".containerignore"
MODEL: Final = "model"  # the folder of the SavedModel in the build context
OWN: Final = frozenset([CONTAINERFILE, IGNORE, MODEL])
_PLAIN: Final = re.compile(r"(/(?!\.\.?(/|$))[A-Za-z0-9_.-]+)+")  # a folder that no instruction has to quote
_BARE: Final = re.compile(r"[A-Za-z0-9_./:@+-]+")


class SavedModel(NamedTuple):
    """A SavedModel on disk. files: their paths below the folder; text: signatures and warm-up requests, for people."""

    folder: Path
    files: tuple[str, ...]
    digest: str
    text: str


def check(models: DeclaredSet, served: Served, base: str) -> Iterator[Problem]:
    """Yield why no image can be made of a model of TensorFlow Serving."""
    own, name = tensorflow.own(served.model), served.model.name
    if own.models:
        hint = "write your own Containerfile, which copies them all"
        place = models.place(served.find_key("tensorflow", "models"))
        yield problem(
            "MY117", f"the server of {name} has several models, but an image can hold only one", hint=hint, place=place
        )
    if not _PLAIN.fullmatch(own.basePath):
        place = models.place(served.find("tensorflow", "basePath"))
        hint = "write a folder of letters, digits and _.-, such as /models"
        yield problem("MY117", f"an image cannot have the basePath {own.basePath}", hint=hint, place=place)
    if wrong := names.image(base):
        yield problem("MY117", f"--base {printable(base)} {wrong}", hint=f"name an image such as {BASE}")


def find(folder: Path, served: Served) -> tuple[SavedModel | None, list[Problem]]:
    """Return the SavedModel of the wanted version in a folder, and what is wrong with it.

    It is the folder itself or lies below it; of several the one whose folder has the version's name.
    """
    every, problems = trees.files(folder)
    root, more = (None, []) if problems else _root(folder, every, served)
    if root is None:
        return None, [*problems, *more]
    graphs, problems = savedmodel.load(root)
    if not graphs:
        return None, problems
    prefix = "" if root == folder else f"{root.relative_to(folder).as_posix()}/"
    files = tuple(each.removeprefix(prefix) for each in every if each.startswith(prefix))
    text, more = _warm_up(root, files, graphs)
    problems += more
    try:
        return SavedModel(root, files, trees.digest(root, files), savedmodel.text(graphs) + text), problems
    except OSError as error:
        return None, [*problems, disk.refused(error, root, code="MY409", doing="read")]


def graphs(folder: Path, served: Served) -> tuple[list[savedmodel.Graph], list[Problem]]:
    """Return the graphs of the SavedModel of the wanted version in a folder, and why there are none."""
    every, problems = trees.files(folder)
    root, more = (None, []) if problems else _root(folder, every, served)
    return savedmodel.load(root) if root else ([], [*problems, *more])


def _warm_up(root: Path, files: Iterable[str], graphs: Iterable[savedmodel.Graph]) -> tuple[str, list[Problem]]:
    """Return what people read of the warm-up requests, and which of them fail; nothing where there is no file."""
    served = next((each for each in graphs if each.tags == (savedmodel.SERVE,)), None)
    if warmup.FILE not in files or served is None:
        return "", []
    count, problems = warmup.check(root, served.signatures)
    return f"\nwarm-up: {count} request{'' if count == 1 else 's'}\n", problems


def _root(folder: Path, every: Iterable[str], served: Served) -> tuple[Path | None, list[Problem]]:
    """Return the folder of the wanted version, and why there is none. every: the files below the folder."""
    roots = [str(PurePosixPath(each).parent) for each in every if PurePosixPath(each).name == savedmodel.FILE]
    version = str(tensorflow.version_of(served.model))
    wanted = [each for each in roots if _number(folder, each) == version]
    chosen = roots if len(roots) == 1 else wanted
    if not roots:
        return None, savedmodel.load(folder)[1]
    if len(chosen) != 1:
        listed = ", ".join(printable(each) for each in sorted(roots)[:5])
        hint = f"name one of them: --from {disk.shown(folder)}/{printable(sorted(roots)[0])}"
        where = disk.shown(folder)
        message = f"there are {len(roots)} SavedModels in {where}, not exactly one of version {version}: {listed}"
        return None, [problem("MY114", message, hint=hint)]
    number = _number(folder, chosen[0])
    if number.isascii() and number.isdecimal() and number != version:
        hint = f"set version: {number}, or name the folder of version {version}"
        message = f"the folder of the SavedModel says version {number}, but the model declares {version}"
        return None, [problem("MY114", message, hint=hint)]
    return folder / chosen[0], []


def _number(folder: Path, root: str) -> str:
    """Return the name of a SavedModel's folder."""
    return (folder.resolve() / root).name


def content(
    models: DeclaredSet, model: DeclaredModel, served: Served, found: SavedModel, base: str, source: str
) -> dict[str, str]:
    """Return the texts of the build context, by file name. source: where the SavedModel comes from, for a label."""
    own = served.model
    context: Mapping[str, object] = {
        "base": base,
        "folder": f"{tensorflow.own(own).basePath}/{tensorflow.name_of(own)}",
        "version": tensorflow.version_of(own),
        "title": f"{model.name}-{served.variant}" if served.variant else model.name,
        "source": printable(source),
        "model": f"{models.metadata.name}/{model.name}",
        "digest": found.digest,
        "name": tensorflow.name_of(own),
    }
    return {
        CONTAINERFILE: f"{HEADER}\n{text('tensorflow-image/Containerfile', context, _word)}",
        IGNORE: f"{HEADER}\n{text('tensorflow-image/containerignore', {}, _word)}",
    }


def _word(value: object) -> str:
    """Return a word of a Containerfile, between quotes if it needs them."""
    return str(value) if _BARE.fullmatch(str(value)) else quoting.containerfile(value)


def write(output: Path, found: SavedModel, texts: Mapping[str, str]) -> list[Problem]:
    """Let a folder hold exactly the build context, all or nothing."""
    here, there = found.folder.resolve(), output.resolve()
    if here.is_relative_to(there) or there.is_relative_to(here):
        hint = "name another folder with -o"
        return [problem("MY117", f"{disk.shown(output)} and the SavedModel are inside one another", hint=hint)]

    def build(new: Path) -> None:
        for name, each in texts.items():
            (new / name).write_text(each, "utf-8")
        trees.copy(found.folder, found.files, new / MODEL)
        trees.readable(new)

    return trees.exchange(output, build, OWN, (CONTAINERFILE, HEADER))
