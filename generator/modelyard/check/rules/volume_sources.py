"""What volumes are made of, and how they are mounted: what schemas leave open. Files' modes and paths: `projections`.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, validateVolumeSource, ValidateVolumeMounts,
validateProjectionSources and ValidatePersistentVolumeClaimSpec.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.downward import downward
from modelyard.check.finding import Cluster, Finding, Found, Path, at, integer, items, mapping, sequence, text
from modelyard.check.pods import KNATIVE, all_pod_templates
from modelyard.check.quantities import amount
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import dns_1123_subdomain, label_key, label_value, nearest, quantity

# Fields of sources that may not be empty; what is missing is said by the schema, where that requires it.
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "azureDisk": ("diskName", "diskURI"),
    "azureFile": ("secretName", "shareName"),
    "configMap": ("name",),
    "csi": ("driver",),
    "ephemeral": ("volumeClaimTemplate",),
    "hostPath": ("path",),
    "image": ("reference",),
    "iscsi": ("iqn", "targetPortal"),
    "nfs": ("path", "server"),
    "persistentVolumeClaim": ("claimName",),
    "secret": ("secretName",),
}
_PROJECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "configMap": ("name",),
    "secret": ("name",),
    "serviceAccountToken": ("path",),
    "clusterTrustBundle": ("path",),
}
_MAX_LUN: Final = 255
_TOKEN_SECONDS: Final = (600, 1 << 32)
_MAX_DRIVER: Final = 63
_IQN: Final = ("iqn.", "eui.", "naa.")


def volume_sources(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find sources of volumes that lack something or contradict themselves, and paths of mounts that lead elsewhere."""
    for index, manifest, template in all_pod_templates(manifests):
        found: list[Found] = []
        for i, volume in items(template.spec.get("volumes")):
            path = (*template.spec_path, "volumes", i)
            found += [each for key in volume for each in _source((*path, key), key, mapping(volume[key]))]
            if manifest.group != KNATIVE:  # of those, its own rules say so
                found += _once(path, volume)
        for path, container in template.containers:
            found += [
                each
                for i, mount in items(container.get("volumeMounts"))
                for each in _mount((*path, "volumeMounts", i), mount)
            ]
        yield from (each.on("MY334", index) for each in found)


def claims(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find claims that say no size or no mode of access."""
    for index, manifest in enumerate(manifests):
        spec = at(manifest.body, "spec")
        if (manifest.group, manifest.kind) == ("", "PersistentVolumeClaim"):
            yield from (each.on("MY334", index) for each in _claim(("spec",), spec))
        elif (manifest.group, manifest.kind) == ("apps", "StatefulSet"):
            for i, each in items(spec.get("volumeClaimTemplates")):
                path: Path = ("spec", "volumeClaimTemplates", i, "spec")
                yield from (found.on("MY334", index) for found in _claim(path, mapping(each.get("spec"))))


def _source(path: Path, key: str, source: Mapping[str, Any]) -> Iterator[Found]:
    for field in _NEEDED.get(key, ()):
        if _lacks(source, field):
            yield Found(f"{key} has no {field}", f"add {field}:", (*path, field) if field in source else path)
    if key in _RULES:
        yield from _RULES[key](path, source)


def _lacks(source: Mapping[str, Any], field: str) -> bool:
    """Tell whether a field is empty, or missing and not misspelt, which the schema says."""
    return not source[field] if field in source else not nearest(field, source)


def _nfs(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    folder = text(source.get("path"))
    if folder and not folder.startswith("/"):
        yield Found("the folder of the server does not start with /", "start it with /", (*path, "path"))


def _host_path(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    if ".." in text(source.get("path")).split("/"):
        yield Found("the path has .. in it", "write it without ..", (*path, "path"))


def _iscsi(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    for key in ("iqn", "initiatorName"):
        name = text(source.get(key))
        if name and not name.startswith(_IQN):
            hint = "it begins with iqn., eui. or naa."
            yield Found(f"{key} is not an iSCSI name", hint, (*path, key))
    yield from _lun(path, source)
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and not source.get("secretRef"):
        yield Found("CHAP needs a secretRef", "add secretRef:", path)


def _fc(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    named, ids = source.get("targetWWNs"), source.get("wwids")
    if bool(named) == bool(ids):
        yield Found("fc has either targetWWNs or wwids", "give exactly one of them", path)
    if named and source.get("lun") is None:
        yield Found("targetWWNs need a lun", "add lun:", path)
    yield from _lun(path, source)


def _lun(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    number = integer(source.get("lun"))
    if number is not None and not 0 <= number <= _MAX_LUN:
        yield Found(f"lun {number} is out of range", f"it is from 0 to {_MAX_LUN}", (*path, "lun"))


def _azure_disk(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    kind, uri = text(source.get("kind")) or "Shared", text(source.get("diskURI"))
    start = "/subscriptions/" if kind == "Managed" else "https://"
    if uri and not uri.startswith(start):
        yield Found(f"diskURI of kind {kind} does not start with {start}", "change one of them", (*path, "diskURI"))


def _csi(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    driver = text(source.get("driver"))
    if driver and (len(driver) > _MAX_DRIVER or dns_1123_subdomain(driver.lower())):
        yield Found(
            "driver is not the name of a CSI driver", "write a name such as secrets-store.csi.k8s.io", (*path, "driver")
        )
    secret = source.get("nodePublishSecretRef")
    if isinstance(secret, dict) and (not text(secret.get("name")) or dns_1123_subdomain(text(secret.get("name")))):
        yield Found("nodePublishSecretRef names no Secret", "add name:", (*path, "nodePublishSecretRef"))


def _empty_dir(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    yield from _size((*path, "sizeLimit"), source.get("sizeLimit"), positive=False)


def _downward(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    yield from downward(path, source)


def _ephemeral(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    template = mapping(source.get("volumeClaimTemplate"))
    where: Path = (*path, "volumeClaimTemplate")
    if not template:
        return
    metadata = mapping(template.get("metadata"))
    for key in metadata.keys() - {"annotations", "labels"}:
        yield Found(f"{key} of a volume's claim cannot be set", "take it out", (*where, "metadata", key))
    for kind in ("annotations", "labels"):
        for key, value in mapping(metadata.get(kind)).items():
            if wrong := label_key(str(key)) or (label_value(text(value)) if kind == "labels" else None):
                yield Found(f"{key} under {kind} {wrong}", "change it", (*where, "metadata", kind, key))
    yield from _claim((*where, "spec"), mapping(template.get("spec")))


def _claim(path: Path, spec: Mapping[str, Any]) -> Iterator[Found]:
    modes = sequence(spec.get("accessModes"))
    if not modes:
        yield Found("the claim has no accessModes", "add accessModes: [ReadWriteOnce]", path)
    elif "ReadWriteOncePod" in modes and len(set(map(str, modes))) > 1:
        yield Found("ReadWriteOncePod must be the only mode", "take the other modes out", (*path, "accessModes"))
    requests = mapping(mapping(spec.get("resources")).get("requests"))
    if "storage" not in requests:
        yield Found("the claim has no size", "add resources: {requests: {storage: 10Gi}}", path)
    yield from _size((*path, "resources", "requests", "storage"), requests.get("storage"), positive=True)
    name = text(spec.get("storageClassName"))
    if name and (wrong := dns_1123_subdomain(name)):
        yield Found(f"storageClassName {wrong}", "name a StorageClass", (*path, "storageClassName"))


def _size(path: Path, size: object, *, positive: bool) -> Iterator[Found]:
    if isinstance(size, str) and (wrong := quantity(size)):
        yield Found(f"{path[-1]} {wrong}", "write a size such as 10Gi", path)
    elif (number := amount(size)) is not None and (number <= 0 if positive else number < 0):
        yield Found(f"{path[-1]} is {'not more' if positive else 'less'} than 0", "change it", path)


def _projected(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    first: dict[str, Path] = {}
    for i, each in items(source.get("sources")):
        where: Path = (*path, "sources", i)
        if len(each) > 1:
            yield Found(f"one source is of {' and '.join(each)}", "write one item for each", where)
        for key in each:
            inside = mapping(each[key])
            for field in _PROJECTED.get(key, ()):
                if _lacks(inside, field):
                    at = (*where, key, field) if field in inside else (*where, key)
                    yield Found(f"the projected {key} has no {field}", f"add {field}:", at)
            for at_, file in _files((*where, key), inside):
                if file in first:
                    yield Found("a second file has this path", "give it another", at_, first[file], "the first")
                first.setdefault(file, at_)
        yield from _token((*where, "serviceAccountToken"), mapping(each.get("serviceAccountToken")))
        yield from _bundle((*where, "clusterTrustBundle"), each.get("clusterTrustBundle"))
        yield from downward((*where, "downwardAPI"), mapping(each.get("downwardAPI")))


def _files(path: Path, source: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    if path[-1] == "clusterTrustBundle" and text(source.get("path")):
        yield (*path, "path"), text(source["path"])
    for i, item in items(source.get("items")):
        if text(item.get("path")):
            yield (*path, "items", i, "path"), text(item["path"])


def _token(path: Path, source: Mapping[str, Any]) -> Iterator[Found]:
    seconds, (least, most) = integer(source.get("expirationSeconds")), _TOKEN_SECONDS
    if seconds is not None and not least <= seconds <= most:
        message = f"expirationSeconds {seconds} is out of range"
        yield Found(message, "a token lives for at least 600 s", (*path, "expirationSeconds"))


def _bundle(path: Path, source: object) -> Iterator[Found]:
    named = [key for key in ("name", "signerName") if key in mapping(source)]
    if isinstance(source, dict) and len(named) != 1:
        yield Found("a trust bundle has either name or signerName", "give exactly one of them", path)
    if named == ["name"] and "labelSelector" in mapping(source):
        yield Found("a trust bundle with a name cannot have a labelSelector", "take it out", (*path, "labelSelector"))


def _once(path: Path, volume: Mapping[str, Any]) -> Iterator[Found]:
    sources = [key for key in volume if isinstance(volume[key], dict)]
    if len(sources) > 1:
        yield Found(f"the volume has {' and '.join(sources)}", "give each volume one source", path)


def _mount(path: Path, mount: Mapping[str, Any]) -> Iterator[Found]:
    for key in ("subPath", "subPathExpr"):
        where = text(mount.get(key))
        if where.startswith("/"):
            yield Found(f"{key} starts with /", "write it relative to the volume, without / in front", (*path, key))
        if ".." in where.split("/"):
            yield Found(f"{key} leads out of the volume", "write it without ..", (*path, key))
    if text(mount.get("subPath")) and text(mount.get("subPathExpr")):
        yield Found("subPath and subPathExpr exclude each other", "keep one of them", (*path, "subPathExpr"))
    if mount.get("recursiveReadOnly") in ("Enabled", "IfPossible") and mount.get("readOnly") is not True:
        yield Found("recursiveReadOnly needs readOnly: true", "add it", (*path, "recursiveReadOnly"))


_RULES: Final = {
    "azureDisk": _azure_disk,
    "csi": _csi,
    "downwardAPI": _downward,
    "emptyDir": _empty_dir,
    "ephemeral": _ephemeral,
    "fc": _fc,
    "hostPath": _host_path,
    "iscsi": _iscsi,
    "nfs": _nfs,
    "projected": _projected,
}
