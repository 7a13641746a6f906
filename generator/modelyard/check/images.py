"""Images in objects of whatever kind: where they stand, and which of them a registry can be asked for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.finding import Finding, Path, at, items, mapping
from modelyard.check.pods import all_pod_templates
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import image, one_of, repository

ACK: Final = "sagemaker.services.k8s.aws"
_SPARK: Final = "sparkoperator.k8s.io"
_STREAMS: Final = "image.openshift.io"


def places(manifests: Sequence[Manifest]) -> Iterator[tuple[int, Path, Any]]:
    """Yield the index of an object, the path of each of its images, and what stands there."""
    for index, _, template in all_pod_templates(manifests):
        for path, container in template.containers:
            yield index, (*path, "image"), container.get("image")
        for i, each in items(template.spec.get("volumes")):
            yield index, (*template.spec_path, "volumes", i, "image", "reference"), at(each, "image").get("reference")
    for index, manifest in enumerate(manifests):
        for path, value in _others(manifest):
            yield index, path, value


def _others(manifest: Manifest) -> Iterator[tuple[Path, Any]]:
    """Yield the images of kinds that have no pod template."""
    spec = at(manifest.body, "spec")
    if manifest.group == _SPARK and manifest.kind == "SparkApplication":
        yield ("spec", "image"), spec.get("image")
    elif manifest.group == _SPARK and manifest.kind == "ScheduledSparkApplication":
        yield ("spec", "template", "image"), at(spec, "template").get("image")
    elif manifest.group == ACK and manifest.kind == "Model":
        yield ("spec", "primaryContainer", "image"), at(spec, "primaryContainer").get("image")
        for i, each in items(spec.get("containers")):
            yield ("spec", "containers", i, "image"), each.get("image")
    elif manifest.group == _STREAMS and manifest.kind == "ImageStream":
        for i, each in items(spec.get("tags")):
            origin = mapping(each.get("from"))
            if origin.get("kind") == "DockerImage":
                yield ("spec", "tags", i, "from", "name"), origin.get("name")


def without_digest(manifests: Sequence[Manifest]) -> Iterator[tuple[int, Path, str]]:
    """Yield the same of the images that name no digest, but for those that an ImageStream of these objects gives."""
    streams = set(_tags(manifests))
    for index, path, value in places(manifests):
        if isinstance(value, str) and "@" not in value and value not in streams and not image(value):
            yield index, path, value


def _tags(manifests: Sequence[Manifest]) -> Iterator[str]:
    for each in manifests:
        if each.group == _STREAMS and each.kind == "ImageStream":
            for _, tag in items(at(each.body, "spec").get("tags")):
                yield f"{each.name}:{tag.get('name')}"


def unlocked(manifests: Sequence[Manifest], digests: Mapping[str, str]) -> Iterator[Finding]:
    """Find images of which the lock has no digest. digests: what it has, image -> digest."""
    for index, path, value in without_digest(manifests):
        known = sorted(each for each in digests if repository(each) == repository(value))
        message = f"the lock has no digest of {value}" + (f", only of {one_of(known)}" if known else "")
        yield Finding("MY372", message, "run: modelyard lock", index, path)
