"""Rules of core Kubernetes over pod templates, of whatever kind."""

import posixpath
from collections.abc import Iterator, Sequence

from modelyard.check.finding import Cluster, Finding, containers, items, pod_spec
from modelyard.manifest import Manifest


def mount_paths(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:  # noqa: ARG001 - a Rule
    """Find two mounts at one path (kubernetes 1.36, pkg/apis/core/validation, ValidateVolumeMounts)."""
    for index, manifest in enumerate(manifests):
        found = pod_spec(manifest)
        for path, container in containers(*found) if found else ():
            first: dict[str, tuple[str | int, ...]] = {}
            for i, mount in items(container.get("volumeMounts")):
                where = (*path, "volumeMounts", i, "mountPath")
                key = posixpath.normpath(str(mount.get("mountPath")))
                if key in first:
                    hint = "give each volume a path of its own"
                    yield Finding(
                        "MY302", f"{key} is mounted a second time", hint, index, where, first[key], "the first"
                    )
                first.setdefault(key, where)
