"""Images: each names what it is, so that two pods of one object run the same.

Source: kubernetes.io, Images, "you should avoid using the :latest tag"; kube-linter latest-tag.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Path, at, items
from modelyard.check.pods import all_pod_templates, containers
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import image

_SPARK: Final = "sparkoperator.k8s.io"
_ACK: Final = "sagemaker.services.k8s.aws"


def images(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find images that are no references, that name no version, or the latest."""
    for index, _, template in all_pod_templates(manifests):
        for path, container in containers(template.spec_path, template.spec):
            yield from _image(index, (*path, "image"), container.get("image"))
    for index, manifest in enumerate(manifests):
        for path, value in _others(manifest):
            yield from _image(index, path, value)


def _others(manifest: Manifest) -> Iterator[tuple[Path, Any]]:
    """Yield the images of kinds that have no pod template."""
    spec = at(manifest.body, "spec")
    if manifest.group == _SPARK and manifest.kind == "SparkApplication":
        yield ("spec", "image"), spec.get("image")
    elif manifest.group == _ACK and manifest.kind == "Model":
        yield ("spec", "primaryContainer", "image"), at(spec, "primaryContainer").get("image")
        for i, each in items(spec.get("containers")):
            yield ("spec", "containers", i, "image"), each.get("image")


def _image(index: int, path: Path, value: object) -> Iterator[Finding]:
    if not isinstance(value, str) or not value:
        return
    hint = "write a tag that is never pushed twice, or a digest: image: name@sha256:…"
    tag = value.partition("@")[0].rpartition("/")[2].partition(":")[2]
    if wrong := image(value):
        yield Finding("MY371", f"{value} {wrong}", "change it", index, path)
    elif "@" not in value and not tag:
        yield Finding("MY370", f"the image {value} names no version", hint, index, path)
    elif "@" not in value and tag == "latest":
        yield Finding("MY370", f"the image {value} can change under you", hint, index, path)
