"""What a model takes and gives: learned from files or from the model as it runs, and written for those who call it.

from modelyard.api import contracts, locking

learn = contracts.learner("overlays/prod", contracts.Origins(files=Path("export/7")))
outcome = locking.lock("overlays/prod", ["churn"], learn=learn)
"""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from modelyard.api import attempt, containers, image
from modelyard.api.addresses import found
from modelyard.api.image import Named
from modelyard.api.pins import Learn
from modelyard.api.pipeline import load, models_file
from modelyard.cluster import Connection
from modelyard.models.contract import Contract
from modelyard.models.declared import DeclaredModel, Served
from modelyard.models.source import ModelSource, address, pinned
from modelyard.modelsfile.contract_rules import called, digest_of
from modelyard.problems import Problem, Severity, has_errors, problem
from modelyard.score import contract as descriptions
from modelyard.score import loops
from modelyard.score.addresses import find
from modelyard.score.asking import asked, unusable
from modelyard.score.contract import NotUnderstood
from modelyard.score.options import Options, Route, Stopped
from modelyard.score.pinned import pin
from modelyard.targets.workloads.contracts.documents import FORMATS, Subject
from modelyard.targets.workloads.contracts.files import of_files
from modelyard.targets.workloads.contracts.named import NoContract
from modelyard.targets.workloads.pods import url_path

__all__ = ["FORMATS", "Learn", "Origins", "learner", "written"]


@dataclass(frozen=True, slots=True)
class Origins:
    """Where contracts come from; the first that has one is taken, and without any no model is asked.

    files: folder or archive of the artefact of the one model. sources: fetch it from the source that a model or variant
    has. running: ask the model as `score` finds it, by route and where. attempt: start it on this machine. only: the
    one variant that is meant.
    """

    files: Path | None = None
    sources: bool = False
    running: bool = False
    route: Route = field(default_factory=Route)
    where: Connection | None = None
    attempt: bool = False
    only: str | None = None


def learner(file: str | Path, origins: Origins) -> Learn:
    """Return what learns the contract of a model or variant. What cannot be had is a problem, and never an error."""

    def learn(model: DeclaredModel, served: Served) -> tuple[Contract | None, list[Problem]]:
        if origins.only is not None and served.variant != origins.only:
            return None, []
        contract, problems = None, list[Problem]()
        if origins.files:
            contract, problems = of_files(origins.files, served, signature=origins.route.signature)
        elif origins.sources and served.model.source:
            contract, problems = _fetched(models_file(file), served.model.source, served)
        elif origins.running:
            contract, problems = _running(file, model, served, origins)
        elif origins.attempt:
            contract, problems = _tried(file, model, served, origins.route.signature)
        return contract, [_said(called(model, served), each) for each in problems]

    return learn


def _said(name: str, each: Problem) -> Problem:
    """Return why a contract cannot be had as what it is here: said, and no error."""
    message = each.message if each.message.startswith(name) else f"{name}: {each.message}"
    return replace(each, code="MY283", severity=Severity.WARNING, message=message)


def _fetched(file: Path, source: ModelSource, served: Served) -> tuple[Contract | None, list[Problem]]:
    from modelyard.api.sources import fetched  # few models have a source, and clients of registries load with it

    if source.path is None and not pinned(source):
        message = f"{address(source)} names no version, and the champion of today may be another one than the image"
        hint = "write the version of the image beside it, or name the files of its artefact with --files"
        return None, [problem("MY283", message, hint=hint)]
    with tempfile.TemporaryDirectory(prefix="modelyard-") as folder:
        artefact = Path(folder) / "artefact"
        found, problems = fetched(file, source, artefact)
        return of_files(artefact, served, shown=f"the artefact of {address(source)}") if found else (None, problems)


def _running(
    file: str | Path, model: DeclaredModel, served: Served, origins: Origins
) -> tuple[Contract | None, list[Problem]]:
    """Ask a model that runs, as `score` does before it sends the first row."""
    own = origins.route
    route = own if own.url or not model.variants else replace(own, variant=served.variant)
    try:
        authorities = Path(route.ca_file).read_text("ascii") if route.ca_file else ""
    except (OSError, UnicodeError):
        return None, [unusable(route)]
    with ExitStack() as tunnels:
        server, problems = found(model.name, file, route, origins.where, tunnels)
        if server is None:
            return None, problems
        try:
            description = loops.run(asked(server, route, Options(retries=1, total=30.0), authorities))
        except Stopped as stopped:
            return None, stopped.problems
    return _read(description, route.signature)


def _read(description: bytes, signature: str) -> tuple[Contract | None, list[Problem]]:
    try:
        return pin(descriptions.read(description, signature)), []
    except (NotUnderstood, NoContract) as wrong:
        hint = "name the files of its artefact with --files"
        return None, [problem("MY283", f"what the model says of itself is not understood: {wrong}", hint=hint)]


def _tried(
    file: str | Path, model: DeclaredModel, served: Served, signature: str
) -> tuple[Contract | None, list[Problem]]:
    """Start a model on this machine, as `try` does, and ask it."""
    models = load(file).models
    program, problems = containers.find(containers.RUNNERS)
    if models is None or program is None:
        return None, problems
    named = Named(models, model, served)
    own, problems = attempt.prepare(named)
    if own is None:
        return None, problems
    with attempt.started(program, own) as running:
        if problems := attempt.ready(running):
            return None, problems
        description = attempt.description(named, running)
    if description is None:
        hint = "name the files of its artefact with --files"
        return None, [problem("MY283", "it runs, and says nothing of its inputs and outputs", hint=hint)]
    return _read(description, signature)


def written(file: str | Path, name: str, form: str, *, variant: str | None = None) -> tuple[str, list[Problem]]:
    """Return what the lock has of a model as a document, and all problems; no text if one is an error.

    form: openapi, json-schema, csv or sample. variant: whose contract is meant; that which callers rely on if absent.
    """
    found, problems = image.named(file, name, variant=variant, every=variant is None)
    if found is None or has_errors(problems):
        return "", problems
    pinned = (found.models.contracts or {}).get(name)
    served = found.model.champion if variant is None else found.served
    digest = digest_of(found.models, served) if variant else pinned.pinned if pinned else ""
    contract = pinned.images.get(digest) if pinned else None
    if contract is None:
        hint = f"run: modelyard lock {name} --files DIR, or --running"
        message = f"the lock has no contract of {called(found.model, found.served) if variant else name}"
        return "", [*problems, problem("MY284", message, hint=hint)]
    address, _ = find(name, Route(), found.models, lambda *_: (None, []))
    server = "" if address is None else address.at("").url
    path = str(url_path(found.model))
    return FORMATS[form](Subject(name, digest, served.model.runtime, path, server, contract)), problems
