"""Files that volumes are made of: their modes, and the paths where they are put.

Source: kubernetes 1.37, pkg/apis/core/validation/validation.go, validateConfigMapVolumeSource,
validateSecretVolumeSource, validateDownwardAPIVolumeSource, validateProjectionSources and validateLocalNonReservedPath.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, items, mapping
from modelyard.check.pods import all_pod_templates
from modelyard.manifests.manifest import Manifest

_MOST: Final = 0o777
_KINDS: Final = ("configMap", "secret", "downwardAPI")
_ALONE: Final = ("serviceAccountToken", "clusterTrustBundle")  # one file each


def projections(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find file modes that are none, and paths that lead out of the volume."""
    for index, _, template in all_pod_templates(manifests):
        for i, volume in items(template.spec.get("volumes")):
            path = (*template.spec_path, "volumes", i)
            for found in _volume(path, volume):
                yield found.on("MY332", index)


def _volume(path: Path, volume: dict[str, Any]) -> Iterator[Found]:
    projected = mapping(volume.get("projected"))
    yield from _mode((*path, "projected", "defaultMode"), projected.get("defaultMode"))
    sources = [(path, volume)]
    sources += [((*path, "projected", "sources", i), each) for i, each in items(projected.get("sources"))]
    for where, source in sources:
        for key in _KINDS:
            yield from _files((*where, key), mapping(source.get(key)))
        for key in _ALONE:
            yield from _path((*where, key, "path"), mapping(source.get(key)).get("path"))


def _files(path: Path, source: dict[str, Any]) -> Iterator[Found]:
    yield from _mode((*path, "defaultMode"), source.get("defaultMode"))
    for i, item in items(source.get("items")):
        yield from _mode((*path, "items", i, "mode"), item.get("mode"))
        yield from _path((*path, "items", i, "path"), item.get("path"))


def _mode(path: Path, mode: object) -> Iterator[Found]:
    if not isinstance(mode, int) or isinstance(mode, bool) or 0 <= mode <= _MOST:
        return
    digits = str(int(mode))
    meant = int(digits, 8) if set(digits) <= set("01234567") and len(digits) < len("7777") else None
    range_ = "a mode is a number from 0 to 511, which is 0777 in octal"
    hint = range_ if meant is None else f"write {meant}, which is 0{digits} in octal"
    yield Found(f"{digits} is not a file mode", hint, path)


def _path(path: Path, text: object) -> Iterator[Found]:
    if not isinstance(text, str):
        return
    if text.startswith("/"):
        yield Found("the path in the volume starts with /", "write it relative to the volume, without / in front", path)
    elif ".." in text.split("/") or text.startswith(".."):
        yield Found("the path leads out of the volume", "write it without ..", path)
