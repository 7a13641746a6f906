"""Objects of core: Services, ConfigMaps, Secrets, claims and volumes, limits and quotas.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, ValidateServiceCreate, ValidateConfigMap,
ValidateSecret, ValidateLimitRange, ValidateResourceQuota, ValidatePersistentVolume(Claim)Spec, ValidateEndpoints,
ValidateReplicationControllerSpec.
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelyard.check.finding import Found, Path, mapping, sequence, text
from modelyard.check.rules.refused.table import (
    SUBDOMAIN,
    filled,
    named,
    needed,
    quantity_of,
    selector,
    words,
)
from modelyard.check.rules.refused.tree import Rows, Tables, of_mapping, under
from modelyard.check.terms import expressions
from modelyard.manifests.names import config_key
from modelyard.problems.patterns import pattern

_BASE64: Final = pattern(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")

# Type of a Secret -> keys that it has, and whether one of them is enough.
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}

_BASIC: Final = ("password", "username")

_ACCOUNT: Final = "kubernetes.io/service-account.name"


def base64(value: str) -> str | None:
    """Check what Go reads as base64: line ends inside are left out."""
    return None if _BASE64.fullmatch(value.replace("\n", "").replace("\r", "")) else "is not base64"


@of_mapping
def _data(path: Path, body: Any) -> Iterator[Found]:
    for part in ("data", "binaryData", "stringData"):
        for key in mapping(body.get(part)):
            if wrong := config_key(str(key)):
                yield Found(f"the key {key} {wrong}", "change it", (*path, part, key))
    encoded = "data" if body["kind"] == "Secret" else "binaryData"
    for key, value in mapping(body.get(encoded)).items():
        if isinstance(value, str) and base64(value):
            hint = (
                "encode it, or write it under stringData:"
                if encoded == "data"
                else "encode it, or write it under data:"
            )
            yield Found(f"{key} is not base64", hint, (*path, encoded, key))
        if encoded == "binaryData" and key in mapping(body.get("data")):
            yield Found(f"{key} is under data too", "keep one of them", (*path, encoded, key))


@of_mapping
def _typed(path: Path, body: Any) -> Iterator[Found]:
    kind = text(body.get("type"))
    given = {**mapping(body.get("data")), **mapping(body.get("stringData"))}
    for key in _KEYS.get(kind, ()):
        if key not in given or (kind == "kubernetes.io/ssh-auth" and given[key] == ""):
            yield Found(f"a Secret of type {kind} has no {key}", f"add {key}", path)
    if kind == "kubernetes.io/basic-auth" and not given.keys() & {*_BASIC}:
        yield Found(f"a Secret of type {kind} has no username and no password", "add them", path)
    if kind == "kubernetes.io/service-account-token" and not mapping(
        mapping(body.get("metadata")).get("annotations")
    ).get(_ACCOUNT):
        yield Found("the token's account is not named", f"add the annotation {_ACCOUNT}", ("metadata",))
    for key in _KEYS.get(kind, ()) if "docker" in kind else ():
        if key in given and not _is_json(body, key):
            part = "stringData" if key in mapping(body.get("stringData")) else "data"
            yield Found(f"{key} is not a JSON object", "write what docker login wrote", (*path, part, key))


def _is_json(body: Mapping[str, Any], key: str) -> bool:
    value = mapping(body.get("stringData")).get(key)
    try:
        if value is None:
            encoded = mapping(body.get("data")).get(key)
            value = b64decode(encoded, validate=False).decode() if isinstance(encoded, str) else "{}"
        return json.loads(value) is None or isinstance(json.loads(value), dict)
    except ValueError:
        return False


_CONFIG_MAP: Final[Rows] = {"": (_data,)}

_SECRET: Final[Rows] = {"": (_data, _typed)}

_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")


@of_mapping
def _source(path: Path, spec: Any) -> Iterator[Found]:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if isinstance(reference, dict) and reference.get("namespace") and "volumeClaimTemplates" not in path:
        return  # both are dropped: the gate CrossNamespaceVolumeDataSource is off as shipped
    if isinstance(reference, dict):
        where: Path = (*path, "dataSourceRef")
        yield from filled("name", "kind")(where, reference)
        yield from named(SUBDOMAIN)((*where, "apiGroup"), reference.get("apiGroup"))
        if not reference.get("apiGroup") and text(reference.get("kind")) not in ("", "PersistentVolumeClaim"):
            yield Found("without apiGroup it is a PersistentVolumeClaim", "add apiGroup:", where)
    if isinstance(source, dict) and source.get("kind") == "PersistentVolumeClaim":  # others are dropped
        yield from filled("name")((*path, "dataSource"), source)
    if isinstance(source, dict) and isinstance(reference, dict):
        alike = all(source.get(key) == reference.get(key) for key in ("apiGroup", "kind", "name"))
        if not alike:
            yield Found("dataSource and dataSourceRef differ", "keep one of them", (*path, "dataSource"))


CLAIM_SPEC: Final[Rows] = {
    "": (_source,),
    "accessModes/*": (words(*_MODES, empty=True),),
    "volumeMode": (words("Block", "Filesystem", empty=True),),
    "selector": (selector,),
    "volumeAttributesClassName": (named(SUBDOMAIN),),
}

# Of a PersistentVolume: exactly one of these is given.
_SOURCES: Final = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker"),
    *("gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk"),
    *("portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
)


@of_mapping
def _volume(path: Path, spec: Any) -> Iterator[Found]:
    given = [key for key in _SOURCES if isinstance(spec.get(key), dict)]
    if len(given) != 1 and len({*given} - {"flexVolume"}) != 1:  # which is not counted
        said = f"the volume has {' and '.join(given)}" if given else "the volume has no source"
        yield Found(said, "give exactly one, such as nfs: or csi:", (*path, given[1]) if given else path)
    if not spec.get("accessModes"):
        yield Found("the volume has no accessModes", "add accessModes: [ReadWriteOnce]", path)
    capacity = spec.get("capacity")
    if not capacity or (isinstance(capacity, dict) and set(capacity) != {"storage"}):
        yield Found("the volume says no size", "add capacity: {storage: 10Gi}", path)
    modes = sequence(spec.get("accessModes"))
    if "ReadWriteOncePod" in modes and len(set(map(str, modes))) > 1:
        yield Found("ReadWriteOncePod must be the only mode", "take the other modes out", (*path, "accessModes"))
    if given == ["local"] and not mapping(spec.get("nodeAffinity")).get("required"):
        yield Found("a local volume needs nodeAffinity", "add nodeAffinity: with its node", path)
    if spec.get("volumeAttributesClassName") is not None and given != ["csi"]:
        yield Found("a class of attributes needs csi", "take it out", (*path, "volumeAttributesClassName"))


_TERMS: Final = "nodeAffinity/required/nodeSelectorTerms"

_NODE_OPERATORS: Final = ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn")


def _absolute(value: str) -> str | None:
    return None if value.startswith("/") else "must start with /"


def _inside(value: str) -> str | None:
    return "must not have .. in it" if ".." in value.split("/") else None


_VOLUME: Final[Rows] = {
    "": (needed("spec", what="the volume"),),
    "spec": (_volume,),
    "spec/accessModes/*": (words(*_MODES, empty=True),),
    "spec/capacity/*": (quantity_of(positive=True),),
    "spec/persistentVolumeReclaimPolicy": (words("Delete", "Recycle", "Retain"),),
    "spec/volumeMode": (words("Block", "Filesystem", empty=True),),
    "spec/storageClassName": (named(SUBDOMAIN),),
    "spec/volumeAttributesClassName": (named(SUBDOMAIN, empty=True),),
    "spec/nfs": (filled("server", "path"),),
    "spec/nfs/path": (named(_absolute),),
    "spec/local/path": (named(_inside),),
    "spec/hostPath/path": (named(_inside),),
    "spec/hostPath": (filled("path"),),
    "spec/local": (filled("path"),),
    "spec/csi": (filled("driver", "volumeHandle"),),
    "spec/nodeAffinity": (needed("required", what="nodeAffinity"),),
    "spec/nodeAffinity/required": (filled("nodeSelectorTerms"),),
    f"spec/{_TERMS}/*": (of_mapping(expressions),),
    f"spec/{_TERMS}/*/matchExpressions/*/operator": (words(*_NODE_OPERATORS, empty=True),),
}

_POD: Final[Rows] = {"": (needed("spec", what="the pod"),)}

_POD_TEMPLATE: Final[Rows] = {
    "": (needed("template", what="the object"),),
    "template": (needed("spec", what="the template"),),
}
TABLES: Final[Tables] = {
    ("", "ConfigMap"): (_CONFIG_MAP,),
    ("", "PersistentVolume"): (_VOLUME,),
    ("", "PersistentVolumeClaim"): (under("spec", CLAIM_SPEC),),
    ("", "Pod"): (_POD,),
    ("", "PodTemplate"): (_POD_TEMPLATE,),
    ("", "Secret"): (_SECRET,),
}
