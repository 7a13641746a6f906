"""API versions that the cluster serves no longer, or will not serve for long.

Source: as in `schemas.lives`: k8s.io/api v0.37.2, zz_generated.prerelease-lifecycle.go.
"""

from collections.abc import Iterator, Sequence

from modelyard.check.finding import Cluster, Finding
from modelyard.check.schemas.lives import life
from modelyard.manifests.manifest import Manifest


def api_versions(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find API versions that the cluster serves no longer, and those that it will not serve for long."""
    minor = cluster.kinds.minor
    for index, manifest in enumerate(manifests):
        version = manifest.body["apiVersion"]
        found = life(version, manifest.kind)
        if found is None or found.deprecated > minor:
            continue
        hint = f"write apiVersion: {found.replacement}" if "/" in found.replacement else f"use {found.replacement}"
        if found.removed <= minor:
            message = f"{manifest.kind} of {version} is gone since Kubernetes 1.{found.removed}"
            hint += "; --kubernetes 1.NN says which cluster it is for"
            yield Finding("MY359", message, hint, index, ("apiVersion",))
        else:
            message = f"{manifest.kind} of {version} is deprecated, and gone from Kubernetes 1.{found.removed} on"
            yield Finding("MY393", message, hint, index, ("apiVersion",))
