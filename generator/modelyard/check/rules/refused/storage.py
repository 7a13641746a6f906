"""Classes of storage, and CSI drivers.

Source: kubernetes v1.36.3, pkg/apis/storage/validation/validation.go, ValidateStorageClass, validateCSIDriverSpec and
ValidateVolumeAttributesClass; pkg/apis/core/validation/validation.go, ValidateTopologySelectorTerm.
"""

from collections.abc import Iterator
from typing import Any, Final

from modelyard.check.finding import Found, Path, items, mapping, sequence
from modelyard.check.rules.refused.table import between, filled, named, unique, words
from modelyard.check.rules.refused.tree import Rows, Tables, of_mapping
from modelyard.manifests.names import label_key

_MOST_PARAMETERS: Final = 512
_LARGEST: Final = 256 * 1024  # bytes


def _parameters(path: Path, value: Any) -> Iterator[Found]:
    given = mapping(value)
    size = sum(len(str(key).encode()) + len(str(each).encode()) for key, each in given.items())
    if len(given) > _MOST_PARAMETERS or size > _LARGEST:
        yield Found("there are too many parameters", f"at most {_MOST_PARAMETERS}, and {_LARGEST} bytes", path)
    if "" in given:
        yield Found("a parameter has no name", "give it one", path)


@of_mapping
def _term(path: Path, term: Any) -> Iterator[Found]:
    for i, each in items(mapping(term).get("matchLabelExpressions")):
        values, where = sequence(each.get("values")), (*path, "matchLabelExpressions", i)
        if each.get("values") == []:
            yield Found("the expression has no values", "add one", (*where, "values"))
        yield from unique()((*where, "values"), values)
        yield from named(label_key, empty=True)((*where, "key"), each.get("key"))
    yield from unique("key")((*path, "matchLabelExpressions"), mapping(term).get("matchLabelExpressions"))


def _topologies(path: Path, value: Any) -> Iterator[Found]:
    for i, each in enumerate(sequence(value)):
        if each in sequence(value)[:i] or not mapping(each).get("matchLabelExpressions"):
            yield Found("this topology stands there twice", "keep one of them", (*path, i))


@of_mapping
def _driver(path: Path, spec: Any) -> Iterator[Found]:
    if mapping(spec).get("serviceAccountTokenInSecrets") is not None and not spec.get("tokenRequests"):
        yield Found(
            "serviceAccountTokenInSecrets needs tokenRequests", "add them", (*path, "serviceAccountTokenInSecrets")
        )


_STORAGE_CLASS: Final[Rows] = {
    "": (filled("provisioner"),),
    "provisioner": (named(lambda value: label_key(value.lower())),),
    "parameters": (_parameters,),
    "reclaimPolicy": (words("Delete", "Retain"),),
    "volumeBindingMode": (words("Immediate", "WaitForFirstConsumer", empty=True),),
    "allowedTopologies": (_topologies,),
    "allowedTopologies/*": (_term,),
}
_CSI_DRIVER: Final[Rows] = {
    "spec": (_driver,),
    "spec/fsGroupPolicy": (words("File", "None", "ReadWriteOnceWithFSType", empty=True),),
    "spec/volumeLifecycleModes/*": (words("Ephemeral", "Persistent", empty=True),),
    "spec/nodeAllocatableUpdatePeriodSeconds": (between(10),),
    "spec/tokenRequests": (unique("audience"),),
    "spec/tokenRequests/*/expirationSeconds": (between(600, 1 << 32),),
}
_ATTRIBUTES_CLASS: Final[Rows] = {"": (filled("driverName"),), "parameters": (_parameters,)}
TABLES: Final[Tables] = {
    ("storage.k8s.io", "CSIDriver"): (_CSI_DRIVER,),
    ("storage.k8s.io", "StorageClass"): (_STORAGE_CLASS,),
    ("storage.k8s.io", "VolumeAttributesClass"): (_ATTRIBUTES_CLASS,),
}
