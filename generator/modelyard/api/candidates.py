"""Versions that can be proposed as a challenger: an image by its digest, and where it comes from.

A candidate is what a source calls the champion, an image that is named, or what another models file pins.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from modelyard.api.pipeline import load, models_file
from modelyard.api.sources import beside, followed
from modelyard.files.branches import Branches
from modelyard.files.git import GitProblem, Repository
from modelyard.manifests import names
from modelyard.models.contract import Contract
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.source import ModelSource, address, pinned
from modelyard.problems import Problem, has_errors, problem
from modelyard.registry.digests import digests_of
from modelyard.registry.sources import follow
from modelyard.registry.sources.version import SourceProblem, Version
from modelyard.targets.workloads.objects import registered

__all__ = ["Candidate", "from_image", "from_models_file", "from_source", "publisher"]

Ask = Callable[[Collection[str]], tuple[Mapping[str, str], list[Problem]]]
Publish = Callable[[ModelSource, Version, str], str]  # the name of its image is the third
Pin = tuple[tuple[str, ...], str | int]
_NOT_THERE: Final = "MY753"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version that can be proposed.

    image: as the models file writes it, with a tag or without; digest: of it. version: what its source says of it.
    pins: keys below `source` of a variant -> value. number: of a SavedModel. evidence: lines of a proposal. contract:
    what another models file has pinned of it.
    """

    image: str
    digest: str
    version: Version
    pins: Sequence[Pin] = ()
    number: int | None = None
    evidence: Sequence[str] = ()
    contract: Contract | None = None


Found = tuple[Candidate | None, list[Problem]]


def publisher(seconds: float, tell: Callable[[str], None]) -> Publish:
    """Return what has SAS Model Manager publish a version, and waits so long. tell: says what it does."""

    def publish(source: ModelSource, version: Version, name: str) -> str:
        from modelyard.registry.sources import model_manager

        return model_manager.publish(source, version, name, seconds, tell)

    return publish


def from_image(models: DeclaredSet, model: DeclaredModel, image: str, *, ask: Ask = digests_of) -> Found:
    """Return an image that is named, as the version that its tag says. Problems: those of its registry."""
    if wrong := names.image(image):
        return None, [problem("MY371", f"{image} is not an image reference: {wrong}", hint="change it")]
    digest, problems = _digest(models, image, ask)
    if not digest:
        return None, problems
    source = followed(model)
    tag = names.tag(image) or digest.removeprefix("sha256:")[:8]
    where = address(source) if source else ""
    number = int(tag) if tag.isascii() and tag.isdecimal() and 0 < int(tag) < 2**63 else None
    pins: list[Pin] = []
    if source is not None and source.mlflow is not None and number:
        pins = [(("mlflow", "version"), number)]
    return Candidate(image, digest, Version(where, tag, image=image), pins, number), []


def from_source(
    file: Path,
    models: DeclaredSet,
    model: DeclaredModel,
    *,
    publish: Publish | None = None,
    ask: Ask = digests_of,
) -> Found:
    """Return what the model's source calls the champion now.

    publish: has a version published that is not, and returns its image. Problems: MY779 no source, those of the source
    and of the registry, MY781 if the version has no image there.
    """
    source = followed(model)
    if source is None:
        hint = "name an image with --image, or say where the model comes from: source: {mlflow: {model: …, alias: …}}"
        return None, [problem("MY779", f"{model.name} has no source", hint=hint)]
    try:
        version = follow.latest(source, beside(file, source))
        if not version.image and publish is not None and source.modelManager is not None:
            version = replace(version, image=publish(source, version, _repository(model)))
    except SourceProblem as error:
        return None, [error.problem]
    image, problems = _image(models, model, source, version)
    digest, more = _digest(models, image, ask) if image else ("", problems)
    if not digest and more and more[0].code == _NOT_THERE:
        more = [_without_image(model, source, version, image)]
    if not digest:
        return None, more
    pins = _pins(source, version)
    number = int(version.version) if version.version.isascii() and version.version.isdecimal() else None
    return Candidate(image, digest, replace(version, image=image), pins, number), []


def from_models_file(other: str | Path, models: DeclaredSet, model: DeclaredModel, *, ask: Ask = digests_of) -> Found:
    """Return what another models file pins of the same model, and this one does not; None where there is nothing.

    Of several variants it is the one with the most calls there. The registry of this file must have the same image.
    """
    loaded = load(other)
    if loaded.models is None or has_errors(loaded.problems):
        return None, loaded.problems
    theirs = next((each for each in loaded.models.models if each.name == model.name), None)
    if theirs is None:
        return None, [problem("MY110", f"{models_file(other)} has no model {model.name}", hint="name another file")]
    known = {digest_of(models, each) for each in model.served}
    new = [each for each in theirs.served if digest_of(loaded.models, each) not in known]
    if not new:
        return None, []
    chosen = max(new, key=lambda each: each.percent or 0)
    digest = digest_of(loaded.models, chosen)
    if not digest:
        hint = f"pin it first: modelyard lock -f {other}"
        return None, [problem("MY781", f"{models_file(other)} has no digest of {chosen.model.image}", hint=hint)]
    image = (chosen.model.image or "").partition("@")[0]
    here, problems = _digest(models, f"{image}@{digest}", ask)
    if here != digest:
        message = f"{registered(models, image)}@{digest} is not there, which {models_file(other)} runs"
        return None, problems or [problem("MY781", message, hint="copy the image into this registry first")]
    pinned = (loaded.models.contracts or {}).get(model.name)
    evidence = [_their_evidence(other, theirs, chosen)]
    version, pins, number = _their_version(chosen), _their_pins(chosen), chosen.model.version
    return Candidate(image, digest, version, pins, number, evidence, pinned.images.get(digest) if pinned else None), []


def digest_of(models: DeclaredSet, served: Served) -> str:
    """Return the digest that a models file pins of a variant's image; empty where it pins none."""
    return models.locked(registered(models, served.model.image or "")).partition("@")[2]


def _repository(model: DeclaredModel) -> str:
    image = next((each.model.image for each in model.served if each.model.image), model.name)
    return names.repository(image).rpartition("/")[2]


def _image(
    models: DeclaredSet, model: DeclaredModel, source: ModelSource, version: Version
) -> tuple[str, list[Problem]]:
    """Return where a version's image is: where its source says, else the models' own repository with it as tag."""
    if version.image:
        own = f"{models.spec.registry}/" if models.spec.registry else ""
        image = version.image.removeprefix(own) if own else version.image
        wrong = names.image(image)
        if wrong:
            hint = f"mend what {version.source} says of version {version.version}"
            return "", [problem("MY371", f"{image} is not an image reference: {wrong}", hint=hint)]
        return image, []
    served = [each.model.image for each in model.served if each.model.image]
    if source.modelManager is not None or not served:
        return "", [_without_image(model, source, version, "")]
    image = f"{names.repository(served[0])}:{version.version}"
    return (image, []) if not names.image(image) else ("", [_without_image(model, source, version, "")])


def _without_image(model: DeclaredModel, source: ModelSource, version: Version, image: str) -> Problem:
    tried = f": its registry has no {image}" if image else ""
    message = f"version {version.version} of {version.source} has no image{tried}"
    if source.modelManager is not None:
        hint = "have Model Manager publish it: add --publish, and destination: to its source"
        return problem("MY781", message, hint=hint)
    hint = f"build and push it: modelyard image {model.name} --champion --build --push"
    if source.mlflow is not None:
        hint += "; or set the tag image of the version in MLflow to where it is"
    return problem("MY781", message, hint=hint)


def _digest(models: DeclaredSet, image: str, ask: Ask) -> tuple[str, list[Problem]]:
    full = registered(models, image)
    found, problems = ask([full])
    return found.get(full, ""), problems


def _pins(source: ModelSource, version: Version) -> list[Pin]:
    if source.mlflow is not None:
        pins: list[Pin] = [(("mlflow", "version"), int(version.version))]
    elif source.modelManager is not None:
        pins = [(("modelManager", "model"), version.model), (("modelManager", "version"), version.version)]
    else:
        pins = [(("path",), source.path or "")]
    return [*pins, *([(("checksum",), version.checksum)] if version.checksum else [])]


def _their_version(served: Served) -> Version:
    source = served.model.source
    tag = names.tag((served.model.image or "").partition("@")[0])
    if source is None:
        return Version("", tag or _digest_tag(served))
    model = (source.modelManager.model if source.modelManager else None) or ""
    number = pinned(source) if source.path is None else ""
    return Version(address(source), number or tag or _digest_tag(served), model, checksum=source.checksum or "")


def _digest_tag(served: Served) -> str:
    """Return what stands for a version where an image has no tag."""
    return (served.model.image or "").rpartition("sha256:")[2][:8] or "unnamed"


def _their_pins(served: Served) -> list[Pin]:
    source = served.model.source
    if source is None or not pinned(source):
        return []
    return _pins(source, _their_version(served))


def _their_evidence(other: str | Path, model: DeclaredModel, served: Served) -> str:
    file = models_file(other)
    share = "all calls" if served.percent in (None, 100) else f"{served.percent} % of the calls"
    try:
        last = Branches(Repository(file).root).last(file.resolve())
    except GitProblem:
        last = ""
    since = f"; the file last changed on {last}" if last else ""
    return f"`{file}` gives `{served.variant or model.name}` {share}{since}."
