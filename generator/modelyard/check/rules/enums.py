"""Words in pods of which the API server knows a few: schemas of Kubernetes leave most of them open.

Source: kubernetes 1.37, staging/src/k8s.io/api: core/v1. Those of other objects stand in the tables of `refused`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Path
from modelyard.check.pods import all_pod_templates
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import nearest, one_of

# Of a pod: field, and below which field if it means other things elsewhere.
_POD: Final[dict[str, tuple[str, ...]]] = {
    "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "effect": ("NoExecute", "NoSchedule", "PreferNoSchedule"),
    "fsGroupChangePolicy": ("Always", "OnRootMismatch"),
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "medium": ("", "Memory", "HugePages"),
    "mountPropagation": ("Bidirectional", "HostToContainer", "None"),
    "preemptionPolicy": ("Never", "PreemptLowerPriority"),
    "procMount": ("Default", "Unmasked"),
    "protocol": ("SCTP", "TCP", "UDP"),
    "restartPolicy": ("Always", "Never", "OnFailure"),
    "scheme": ("HTTP", "HTTPS", "http", "https"),
    "terminationMessagePolicy": ("FallbackToLogsOnError", "File"),
    "whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
}
# Of a pod, below one field alone.
_BELOW: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("azureDisk", "cachingMode"): ("None", "ReadOnly", "ReadWrite"),
    ("azureDisk", "kind"): ("Dedicated", "Managed", "Shared"),
    ("hostPath", "type"): (
        *("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"),
    ),
    ("image", "pullPolicy"): ("Always", "IfNotPresent", "Never"),
    ("spec", "volumeMode"): ("Block", "Filesystem"),
}
# Below these are texts of the user, or words that mean other things.
_TEXTS: Final = frozenset(
    ["env", "args", "command", "labels", "annotations", "matchLabels", "nodeSelector", "resizePolicy", "resources"]
)
_NODES: Final = (dict, list)
_PROFILES: Final = ("Localhost", "RuntimeDefault", "Unconfined")
_OPERATORS: Final = {
    "tolerations": ("Equal", "Exists", "Gt", "Lt"),
    "matchExpressions": ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"),
    "matchFields": ("In", "NotIn"),
}
Wrong = tuple[Path, str, tuple[str, ...]]


def enumerations(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find words in pods that the API server does not know."""
    for index, _, template in all_pod_templates(manifests):
        yield from (_finding(index, each) for each in _pod(template.spec, template.spec_path))


def _finding(index: int, wrong: Wrong) -> Finding:
    path, word, words = wrong
    meant = nearest(word, words)
    hint = f"did you mean {meant}?" if meant else f"write {one_of(each for each in words if each)}"
    return Finding("MY327", f"{_field(path)} {word} is unknown", hint, index, path)


def _pod(node: Any, path: Path) -> Iterator[Wrong]:
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str):
                words = _words(key, path)
                if value and words and value not in words and not value.startswith("HugePages-"):
                    yield (*path, key), value, words
            elif isinstance(value, _NODES) and key not in _TEXTS:
                yield from _pod(value, (*path, key))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            if isinstance(value, _NODES):
                yield from _pod(value, (*path, i))


def _words(key: str, path: Path) -> tuple[str, ...]:
    above = str(path[-1]) if path else ""
    if (above, key) in _BELOW:
        return _BELOW[above, key]
    if key == "type":
        return _PROFILES if above in ("seccompProfile", "appArmorProfile") else ()
    if key == "operator":
        return _OPERATORS.get(str(path[-2]), ()) if len(path) > 1 else ()
    return _POD.get(key, ())


def _field(path: Path) -> str:
    return next(part for part in reversed(path) if isinstance(part, str))
