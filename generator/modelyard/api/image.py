"""Build contexts of images: of a SavedModel for TensorFlow Serving, and of what SageMaker itself runs for a model."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from modelyard.api.pipeline import load, models_file
from modelyard.api.sources import beside, followed
from modelyard.files import archives, disk, regular
from modelyard.manifests.names import nearest, repository
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, has_errors, problem, unique
from modelyard.registry.sources import follow
from modelyard.registry.sources.version import SourceProblem
from modelyard.targets.sagemaker_proxy.image import content, write
from modelyard.targets.workloads import serving_image
from modelyard.targets.workloads.objects import base_name, object_name
from modelyard.targets.workloads.pods import image
from modelyard.targets.workloads.tensorflow import version_of

__all__ = ["BASE", "Named", "Packed", "champion", "context", "named", "pack", "write"]

BASE = serving_image.BASE


class Named(NamedTuple):
    """What a command line names: a set, a model of it, and what of that runs."""

    models: DeclaredSet
    model: DeclaredModel
    served: Served

    @property
    def image(self) -> str:
        """The image's reference, with the set's registry."""
        return image(self.models, self.served.model)

    @property
    def start_build(self) -> list[str]:
        """The words of `oc start-build`, but for the folder; none where the model does not run on target openshift."""
        if "openshift" not in self.model.targets:
            return []
        namespace = self.models.spec.namespace
        name = object_name(base_name(self.model, "openshift"), self.served)
        return ["oc", "start-build", name, *(["--namespace", namespace] if namespace else []), "--from-dir"]

    @property
    def has_build(self) -> bool:
        """Tell whether `oc start-build` finds a BuildConfig that was rendered."""
        return bool(getattr(self.served.specs.get("openshift"), "buildConfig", False))


class Packed(NamedTuple):
    """What became of a SavedModel. signatures: as text, empty if there is an error."""

    signatures: str
    problems: list[Problem]


def named(
    file: str | Path, name: str, *, variant: str | None = None, every: bool = False
) -> tuple[Named | None, list[Problem]]:
    """Return a model of a models file, and all problems.

    variant: which of a model's variants; it must be named if their images differ, unless `every` one is wanted.
    """
    loaded = load(file)
    models = loaded.models.models if loaded.models else ()
    found = next((each for each in models if each.name == name), None)
    if loaded.models is None or found is None:
        return None, [*loaded.problems, _unknown(f"there is no model {name}", name, (each.name for each in models))]
    variants = {each.variant or "": each for each in found.variants}
    if (
        variants
        and variant is None
        and not every
        and len({(each.model.image, version_of(each.model)) for each in found.variants}) > 1
    ):
        return None, [*loaded.problems, _unknown(f"{name} has variants: name one with --variant", "", variants)]
    if variant is not None and variant not in variants:
        return None, [*loaded.problems, _unknown(f"{name} has no variant {variant}", variant, variants)]
    return Named(loaded.models, found, found.served[0] if variant is None else variants[variant]), loaded.problems


def context(file: str | Path, name: str, *, variant: str | None = None) -> tuple[dict[str, str], list[Problem]]:
    """Return the build context of the image that SageMaker runs, by file name, and all problems.

    It is empty if one of them is an error. variant: as of `named`.
    """
    found, problems = named(file, name, variant=variant)
    if found is None:
        return {}, problems
    made, more = content(*found)
    problems = unique([*problems, *more])
    return ({} if has_errors(problems) else made), problems


def pack(found: Named, source: Path, *, base: str = BASE, output: Path | None = None) -> Packed:
    """Prove that a folder or archive holds the SavedModel of a model, and write the build context of its image.

    source: a SavedModel, or a folder, zip or tar archive that holds one. base: image of TensorFlow Serving. output: the
    folder to write; where it is absent, the SavedModel is looked at.
    """
    problems = [*serving_image.check(found.models, found.served, base)]
    if problems:
        return Packed("", problems)
    if regular.is_folder(source):
        return _packed(found, source, source, base, output)
    with tempfile.TemporaryDirectory(prefix="modelyard-") as folder:
        problems = archives.unpack(source, Path(folder))
        return Packed("", problems) if problems else _packed(found, Path(folder), source, base, output)


def champion(file: str | Path, found: Named, folder: Path) -> tuple[Named | None, list[Problem]]:
    """Fetch what the model's source calls the champion into an empty folder; return the model with its version.

    The image has that version as its tag, which `modelyard challenger` looks for. Problems: those of the source; MY117
    if the version is not a number, which TensorFlow Serving needs.
    """
    source = followed(found.model)
    if source is None:
        hint = "say where it comes from: source: {mlflow: {model: …, alias: champion}}"
        return None, [problem("MY779", f"{found.model.name} has no source", hint=hint)]
    path = models_file(file)
    try:
        version = follow.latest(source, beside(path, source))
        if not (version.version.isascii() and version.version.isdecimal() and int(version.version)):
            message = f"{version.source} calls its version {version.version}, and TensorFlow Serving wants a number"
            return None, [problem("MY117", message, hint="name a folder such as export/8, or use a registry of models")]
        follow.fetch(source, version.version, beside(path, source), folder)
    except SourceProblem as error:
        return None, [error.problem]
    own = found.served.model
    image = f"{repository(own.image or found.model.name)}:{version.version}"
    served = found.served._replace(model=own.model_copy(update={"image": image, "version": int(version.version)}))
    return found._replace(served=served), []


def _packed(found: Named, folder: Path, source: Path, base: str, output: Path | None) -> Packed:
    saved, problems = serving_image.find(folder, found.served)
    if saved is None or has_errors(problems):
        return Packed("", problems)
    if output is not None:
        texts = serving_image.content(*found, saved, base, disk.shown(source))
        problems += serving_image.write(output, saved, texts)
    return Packed("" if has_errors(problems) else saved.text, problems)


def _unknown(message: str, name: str, known: Iterable[str]) -> Problem:
    names = sorted(known)
    meant = nearest(name, names) if name else None
    listed = f"there are {', '.join(names)}" if names else ""
    return problem("MY110", message, hint=f"did you mean {meant}?" if meant else listed)
