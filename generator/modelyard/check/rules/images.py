"""Images: each names what it is, so that two pods of one object run the same.

Source: kubernetes.io, Images, "you should avoid using the :latest tag"; kube-linter latest-tag.
"""

from collections.abc import Iterator, Sequence

from modelyard.check.finding import Cluster, Finding, Path
from modelyard.check.images import places
from modelyard.check.pods import is_complete
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import image


def images(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find images that are no references, that name no version, or the latest."""
    for index, path, value in places(manifests):
        one = manifests[index]
        if one.kind != "DeploymentConfig" or is_complete(one):  # else its triggers replace what stands there
            yield from _image(index, path, value)


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
        hint = f"{hint}, or pin what it names now: modelyard lock"
        yield Finding("MY370", f"the image {value} can change under you", hint, index, path)
