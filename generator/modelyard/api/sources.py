"""Sources of models: what their registries call the champion, what a models file pins, and what a cluster runs.

from modelyard.api import sources

standings, problems = sources.standings("overlays/prod")
for each in standings:
    print(each.model, each.champion, each.pins, each.out_of_step)

fetched, problems = sources.fetch("overlays/prod", "churn", Path("artefact"))
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple

from modelyard.api.pipeline import load, models_file
from modelyard.cluster import ClusterProblem, Connection, connect, inventory
from modelyard.files import regular, trees
from modelyard.files.yaml import MAX_BYTES
from modelyard.manifests.names import offer, one_of
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.source import ModelSource, address, pinned
from modelyard.modelsfile.load import bounds
from modelyard.problems import Problem, has_errors, problem, unique
from modelyard.registry.sources import follow
from modelyard.registry.sources.version import SourceProblem, Version
from modelyard.targets.workloads.pods import image

__all__ = ["CHECKSUMS", "UNASKED", "Fetched", "Pin", "Standing", "fetch", "standings"]

UNASKED: Final = ("MY701", "MY702", "MY703")  # no cluster is known, and codes of one that cannot be asked
CHECKSUMS: Final = "SHA256SUMS"
_HEADER: Final = '# Written by "modelyard fetch": `sha256sum --check SHA256SUMS` compares the files.'


@dataclass(frozen=True, slots=True)
class Pin:
    """What a models file, or a cluster, has of a variant; the variant is empty where a model has none."""

    variant: str
    version: str
    image: str
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a model stands. champion: None where the source did not tell. runs: None where no cluster was asked.

    out_of_step: what differs, in words; empty where nothing does.
    """

    model: str
    source: str
    champion: Version | None
    pins: Sequence[Pin]
    runs: Sequence[Pin] | None = None
    out_of_step: Sequence[str] = ()


class Fetched(NamedTuple):
    """What was fetched. checksum: over the names and contents of all files."""

    version: Version
    checksum: str
    files: int


@dataclass
class _Asked:
    problems: list[Problem] = field(default_factory=list)

    def latest(self, source: ModelSource, file: Path) -> Version | None:
        try:
            return follow.latest(source, beside(file, source))
        except SourceProblem as error:
            self.problems.append(error.problem)
            return None


def standings(
    file: str | Path = ".", names: Sequence[str] = (), *, where: Connection | None = None
) -> tuple[list[Standing], list[Problem]]:
    """Return how each model that has a source stands, those that are named, and all problems.

    where: the cluster to ask; none is asked where it is absent. One source that fails leaves out its champion alone.
    """
    loaded = load(file)
    if loaded.models is None or has_errors(loaded.problems):
        return [], loaded.problems
    models, unknown = _chosen(loaded.models, names)
    if unknown:
        return [], unknown
    running, problems = _running(where, loaded.models.spec.namespace) if where else (None, [])
    asked = _Asked(problems)
    found = []
    for model in models:
        source = followed(model)
        if source is None:
            continue
        champion = asked.latest(source, models_file(file))
        runs = None if running is None else [each for name, each in running if name == model.name]
        standing = Standing(model.name, address(source), champion, _pins(loaded.models, model), runs)
        found.append(replace(standing, out_of_step=tuple(_differences(standing, model))))
    return found, unique([*asked.problems, *([] if found else [_without(models)])])


def fetch(
    file: str | Path, name: str, output: Path, *, variant: str | None = None
) -> tuple[Fetched | None, list[Problem]]:
    """Let a folder hold the files of a model's version, and their checksums, all or nothing.

    That is the version that the variant pins, else what its source has now. Problems: those of the source; MY778 if
    the models file has another checksum; MY401 if the folder holds what modelyard has not written.
    """
    loaded = load(file)
    if loaded.models is None or has_errors(loaded.problems):
        return None, loaded.problems
    models, unknown = _chosen(loaded.models, [name])
    if unknown:
        return None, unknown
    source, wrong = _of_variant(models[0], variant)
    if source is None:
        return None, wrong
    return fetched(models_file(file), source, output)


def beside(file: Path, source: ModelSource) -> Path:
    """Return the folder that a relative path of a source begins at.

    Raises SourceProblem MY015 where the path leads out of what a models file may read: a stranger may have written it.
    """
    path = source.path or ""
    within = bounds(file.parent)
    if path and "://" not in path and within.leaves(file.parent / path):
        message, hint = within.refusal(path)
        raise SourceProblem(problem("MY015", message, hint=hint))
    return file.parent


def followed(model: DeclaredModel) -> ModelSource | None:
    """Return the source that a model follows: its own, else the first of its variants'."""
    every = [model.whole, *model.variants]
    return next((each.model.source for each in every if each.model.source is not None), None)


def fetched(file: Path, source: ModelSource, output: Path) -> tuple[Fetched | None, list[Problem]]:
    """Do the same as `fetch` for one source of a models file."""
    version = Version(address(source), pinned(source))
    found: list[Fetched] = []

    def build(folder: Path) -> None:
        nonlocal version
        if not version.version or source.path is not None:
            version = follow.latest(source, beside(file, source))
        names = follow.fetch(source, version.version, beside(file, source), folder)
        if CHECKSUMS in names:
            raise SourceProblem(problem("MY401", f"the artefact has a file {CHECKSUMS} of its own", hint="rename it"))
        trees.readable(folder)
        checksum = trees.digest(folder, names)
        if source.checksum not in (None, checksum):
            message = f"the files of {version.source} {version.version} have {checksum}, not {source.checksum}"
            hint = "ask who changed them; take the new checksum into the models file if it is right"
            raise SourceProblem(problem("MY778", message, hint=hint))
        lines = [f"{_sha256(folder / each)}  {each}" for each in names]
        (folder / CHECKSUMS).write_text("\n".join([_HEADER, *lines, ""]), "utf-8")
        found.append(Fetched(version, checksum, len(names)))

    try:
        problems = trees.exchange(output, build, _own(output), (CHECKSUMS, _HEADER))
    except SourceProblem as error:
        problems = [error.problem]
    return (found[0] if found and not problems else None), problems


def _own(output: Path) -> Collection[str]:
    """Return the names that a folder of ours may hold: those of its checksums."""
    try:
        lines = regular.content(output / CHECKSUMS, MAX_BYTES).decode("utf-8", "replace").splitlines()[1:]
    except OSError:
        return ()
    return {CHECKSUMS, *(line.partition("  ")[2].partition("/")[0] for line in lines)}


def _of_variant(model: DeclaredModel, variant: str | None) -> tuple[ModelSource | None, list[Problem]]:
    if variant is None:
        source = followed(model) if not model.variants else model.whole.model.source or followed(model)
    else:
        named = {each.variant or "": each for each in model.variants}
        if variant not in named:
            hint = f"there are {one_of(named)}" if named else "the model has no variants"
            return None, [problem("MY110", f"{model.name} has no variant {variant}", hint=hint)]
        source = named[variant].model.source
    return source, [] if source else [_without([model])]


def _without(models: Sequence[DeclaredModel]) -> Problem:
    which = models[0].name if len(models) == 1 else "no model"
    message = f"{which} has no source" if len(models) == 1 else "no model has a source"
    hint = "say where it comes from, such as source: {mlflow: {model: churn, alias: champion}}"
    return problem("MY779", message, hint=hint)


def _chosen(models: DeclaredSet, names: Sequence[str]) -> tuple[list[DeclaredModel], list[Problem]]:
    known = {each.name: each for each in models.models}
    problems = []
    for name in names:
        if name not in known:
            hint = offer(name, known)
            problems.append(problem("MY110", f"there is no model {name}", hint=hint))
    return [known[each] for each in names or known if each in known], problems


def _pins(models: DeclaredSet, model: DeclaredModel) -> list[Pin]:
    return [
        Pin(each.variant or "", _version(each), models.locked(image(models, each.model)), each.percent)
        for each in model.served
        if each.model.image
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_pinned(champion: Version, served: Served) -> bool:
    """Tell whether what runs is declared to be this version."""
    source = served.model.source
    if source is None:
        return False
    if source.path is not None:
        return bool(champion.checksum) and source.checksum == champion.checksum
    if source.modelManager is not None and source.modelManager.model not in (None, champion.model):
        return False
    return pinned(source) == champion.version


def _differences(standing: Standing, model: DeclaredModel) -> Iterator[str]:
    champion = standing.champion
    if champion is not None and not any(is_pinned(champion, each) for each in model.served):
        known = ", ".join(sorted({each.version for each in standing.pins if each.version})) or "no version"
        yield f"the source has {_called(champion)}, and the models file pins {known}"
    if standing.runs is None:
        return
    running = {each.variant: each for each in standing.runs}
    for pin in standing.pins:
        own = running.get(pin.variant)
        if own is None:
            yield f"the cluster does not run {pin.variant or standing.model}"
        elif own.image != pin.image:
            name = pin.variant or standing.model
            yield f"the cluster runs {own.image} as {name}, and the models file has {pin.image}"
    for extra in sorted(running.keys() - {each.variant for each in standing.pins}):
        yield f"the cluster runs {extra or running[extra].image}, which the models file does not have"


def _called(champion: Version) -> str:
    return f"{champion.model} {champion.version}" if champion.model else f"version {champion.version}"


def _running(where: Connection, namespace: str | None) -> tuple[list[tuple[str, Pin]] | None, list[Problem]]:
    """Return model and pin of all that a cluster runs; None if it cannot be asked."""
    try:
        with connect(replace(where, namespace=where.namespace or namespace)) as client:
            found = inventory.models(client)
    except ClusterProblem as error:
        return None, [error.problem]
    return [(each.name, Pin(one.name, "", one.image, one.percent)) for each in found for one in each.variants], []


def _version(served: Served) -> str:
    source = served.model.source
    return pinned(source) if source else ""
