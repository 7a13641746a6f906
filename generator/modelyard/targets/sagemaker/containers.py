"""Rules over what SageMaker runs: images, model data, several containers.

Sources: the SageMaker API (botocore 1.44, service-2.json), ModelDataSource and S3ModelDataSource.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, problem
from modelyard.targets.sagemaker.serving import Container
from modelyard.targets.sagemaker.spec import Spec
from modelyard.targets.sagemaker.values import fields, image
from modelyard.targets.workloads.objects import registered

MAX_IMAGE: Final = 255  # characters
_REGISTRY: Final = re.compile(
    r"[0-9]{12}\.dkr(?:\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?|-ecr\.(?P<dual>[a-z0-9-]+)\.on\.aws)/.+"
)
_OF_ONE: Final = ("image", "modelDataURL", "modelDataSource")
_SPEC: Final = ("targets", "sagemaker")


def check_containers(
    models: DeclaredSet, model: DeclaredModel, served: Served, own: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield what SageMaker cannot pull, and what cannot stand together. own: the target's fields as written."""
    spec = fields(served)
    if "containers" in own:
        yield from _several(models, served, own)
    elif "inferenceExecutionConfig" in own:
        place = models.place(served.find_key(*_SPEC, "inferenceExecutionConfig"))
        yield problem("MY237", "inferenceExecutionConfig has no effect without containers", place=place)
    wanted = fields(model.whole).region  # a variant cannot have its own
    if "containers" not in own and (spec.image or ("image" not in own and served.model.image)):
        path = (*_SPEC, "image") if spec.image else ("image",)
        yield from _image(models, served, image(models, served), wanted, path)
    yield from _data(models, served, spec, _SPEC)
    for i, each in enumerate(spec.containers or []):
        inside = (*_SPEC, "containers", i)
        yield from _image(models, served, registered(models, each.image), wanted, (*inside, "image"))
        yield from _data(models, served, each, inside)


def _several(models: DeclaredSet, served: Served, own: Mapping[str, Any]) -> Iterator[Problem]:
    for key in (each for each in _OF_ONE if each in own):
        place = models.place(served.find_key(*_SPEC, key))
        hint = "keep one of them; each container has its own"
        yield problem("MY211", f"{key} and containers exclude each other", hint=hint, place=place)
    seen: set[str] = set()
    for i, each in enumerate(fields(served).containers or []):
        if each.name in seen:
            place = models.place(served.find(*_SPEC, "containers", i, "name"))
            yield problem("MY201", f"a second container is called {each.name}", hint="rename it", place=place)
        seen.add(each.name)


def _image(
    models: DeclaredSet, served: Served, reference: str, wanted: str, path: tuple[str | int, ...]
) -> Iterator[Problem]:
    place = models.place(served.find(*path))
    if not names.names_registry(reference) and models.names("registry"):
        return  # the registry was taken out as wrong: where the image is, is not known
    found = _REGISTRY.fullmatch(reference)
    region = found and (found["region"] or found["dual"])
    if not found:
        hint = "push it to ECR, and name it: image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/NAME:TAG"
        yield problem("MY244", f"{reference} is not in Amazon ECR", hint=hint, place=place)
    elif region != wanted:
        hint = f"replicate the repository to {wanted}, or change region"
        yield problem("MY244", f"the image is in {region}, the endpoint in {wanted}", hint=hint, place=place)
    elif len(reference) > MAX_IMAGE:
        yield problem("MY104", f"{len(reference)} characters are more than {MAX_IMAGE}", hint="shorten it", place=place)


def _data(models: DeclaredSet, served: Served, own: Spec | Container, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Yield model data that is said twice, and a prefix that SageMaker takes for something else."""
    if own.modelDataURL and own.modelDataSource:
        place = models.place(served.find_key(*path, "modelDataSource"))
        message = "modelDataURL and modelDataSource exclude each other"
        yield problem("MY211", message, hint="keep one of them", place=place)
    source = own.modelDataSource.s3DataSource if own.modelDataSource else None
    if source is None or source.s3DataType != "S3Prefix":
        return
    inside = (*path, "modelDataSource", "s3DataSource")
    if not source.s3URI.endswith("/"):
        place = models.place(served.find(*inside, "s3URI"))
        yield problem("MY105", f"{source.s3URI} is a prefix that does not end with /", hint="add /", place=place)
    if source.compressionType != "None":
        place = models.place(served.find(*inside, "compressionType"))
        hint = 'write compressionType: "None", or s3DataType: S3Object'
        yield problem("MY104", "objects below a prefix cannot be compressed", hint=hint, place=place)
