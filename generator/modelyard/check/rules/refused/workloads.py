"""Workloads of apps, and small kinds about them: how many pods there are, and how they are replaced.

Source: kubernetes v1.36.3, pkg/apis/apps/validation/validation.go, ValidateDeploymentSpec, ValidateStatefulSetSpec,
ValidateDaemonSetSpec and ValidateReplicaSetSpec; pkg/apis/scheduling, coordination, node: validation.go of each.
"""

from collections.abc import Iterator
from typing import Any, Final

from modelyard.check.finding import Found, Path, at, integer, items, mapping, text
from modelyard.check.rules.refused.core import CLAIM_SPEC
from modelyard.check.rules.refused.table import (
    DNS_LABEL,
    between,
    labels,
    named,
    needed,
    only_where,
    quantity_of,
    selector,
    share,
    unique,
    words,
)
from modelyard.check.rules.refused.tree import Rows, Tables, of_mapping, under
from modelyard.check.terms import toleration
from modelyard.manifests.names import label_key, nearest, resource_name

_COUNT: Final = between(0)


def amount_of(value: Any) -> int | None:
    """Return the number of a count or percentage; None for what is neither."""
    if isinstance(value, str) and value.endswith("%") and value[:-1].isascii() and value[:-1].isdecimal():
        return int(value[:-1])
    return integer(value)


@of_mapping
def _deployment(path: Path, spec: Any) -> Iterator[Found]:
    strategy = mapping(spec.get("strategy"))
    rolling = mapping(strategy.get("rollingUpdate"))
    where: Path = (*path, "strategy", "rollingUpdate")
    surge, unavailable = (amount_of(rolling.get(key)) for key in ("maxSurge", "maxUnavailable"))
    if unavailable == 0 and surge == 0:
        yield Found("maxUnavailable and maxSurge are both 0", "raise one of them", (*where, "maxUnavailable"))
    ready, deadline = integer(spec.get("minReadySeconds")) or 0, integer(spec.get("progressDeadlineSeconds"))
    if deadline is None and "progressDeadlineSeconds" not in spec:
        deadline = 600  # pkg/apis/apps/v1/defaults.go
    if deadline is not None and deadline <= ready:
        hint = "raise progressDeadlineSeconds"
        at_ = "progressDeadlineSeconds" if "progressDeadlineSeconds" in spec else "minReadySeconds"
        yield Found("progressDeadlineSeconds is not more than minReadySeconds", hint, (*path, at_))


@of_mapping
def _daemon_rolling(path: Path, rolling: Any) -> Iterator[Found]:
    unavailable = amount_of(mapping(rolling).get("maxUnavailable", 1))
    surge = amount_of(mapping(rolling).get("maxSurge", 0))
    if unavailable and surge:
        yield Found("maxSurge and maxUnavailable exclude each other", "write 0 for one of them", (*path, "maxSurge"))
    elif unavailable == 0 and surge == 0:
        yield Found("maxUnavailable and maxSurge are both 0", "raise one of them", (*path, "maxUnavailable"))


@of_mapping
def _template(path: Path, template: Any) -> Iterator[Found]:
    """Ask of the pods of what runs for ever that they do (Deployment, ReplicaSet, StatefulSet, DaemonSet)."""
    pod, where = at(template, "spec"), (*path, "spec")
    if not pod and not nearest("spec", template):
        yield Found("the template has no pod", "add spec: with containers:", path)
    if pod.get("restartPolicy") in ("Never", "OnFailure"):
        hint = "take it out, or write a Job"
        yield Found("pods of this kind are always restarted", hint, (*where, "restartPolicy"))
    if pod.get("activeDeadlineSeconds") is not None:
        yield Found(
            "pods of this kind have no deadline", "take it out, or write a Job", (*where, "activeDeadlineSeconds")
        )


@of_mapping
def _controlled(path: Path, spec: Any) -> Iterator[Found]:
    """Ask of a ReplicationController that it selects its own pods, by labels alone."""
    given = at(spec, "template", "metadata", "labels")
    wanted = mapping(spec.get("selector")) or given
    if isinstance(spec.get("template"), dict) and not wanted:
        yield Found("the controller selects no pods", "add labels to the template", (*path, "template"))
    for key, value in wanted.items():
        if given.get(key) != value:
            hint = "change one of them"
            yield Found(f"the template's labels lack {key}: {value}", hint, (*path, "selector", key))


_LASTING: Final[Rows] = {
    "spec/replicas": (_COUNT,),
    "spec/minReadySeconds": (_COUNT,),
    "spec/revisionHistoryLimit": (_COUNT,),
    "spec/selector": (selector,),
    "spec/template": (_template,),
}
_REPLICA_SET: Final[Rows] = _LASTING
_CONTROLLER: Final[Rows] = {
    "": (needed("spec", what="the controller"),),
    "spec": (needed("template", what="the controller"), _controlled),
    "spec/minReadySeconds": (_COUNT,),
    "spec/replicas": (_COUNT,),
    "spec/template": (_template,),
}
_DEPLOYMENT: Final[Rows] = {
    **_LASTING,
    "spec": (_deployment,),
    "spec/progressDeadlineSeconds": (_COUNT,),
    "spec/strategy": (only_where("rollingUpdate", "type", ("RollingUpdate",), default="RollingUpdate"),),
    "spec/strategy/type": (words("Recreate", "RollingUpdate"),),
    "spec/strategy/rollingUpdate/maxSurge": (share(None),),
    "spec/strategy/rollingUpdate/maxUnavailable": (share(),),
}


@of_mapping
def _data_source(path: Path, source: Any) -> Iterator[Found]:
    """Of a claim that stands alone what leads elsewhere is dropped; of a template it is refused."""
    if not source.get("apiGroup") and text(source.get("kind")) not in ("", "PersistentVolumeClaim"):
        yield Found("without apiGroup it is a PersistentVolumeClaim", "add apiGroup:", path)


_KEEP: Final = words("Delete", "Retain")
_STATEFUL_SET: Final[Rows] = {
    **{path: checks for path, checks in _LASTING.items() if path != "spec/revisionHistoryLimit"},
    "spec/serviceName": (named(DNS_LABEL),),
    "spec/podManagementPolicy": (words("OrderedReady", "Parallel"),),
    "spec/ordinals/start": (_COUNT,),
    "spec/updateStrategy": (only_where("rollingUpdate", "type", ("RollingUpdate",), default="RollingUpdate"),),
    "spec/updateStrategy/type": (words("OnDelete", "RollingUpdate"),),
    "spec/updateStrategy/rollingUpdate/partition": (_COUNT,),
    "spec/volumeClaimTemplates/*/spec/dataSource": (_data_source,),
    "spec/persistentVolumeClaimRetentionPolicy/whenDeleted": (_KEEP,),
    "spec/persistentVolumeClaimRetentionPolicy/whenScaled": (_KEEP,),
}
_DAEMON_SET: Final[Rows] = {
    **_LASTING,
    "spec/updateStrategy/type": (words("OnDelete", "RollingUpdate"),),
    "spec/updateStrategy/rollingUpdate": (_daemon_rolling,),
    "spec/updateStrategy/rollingUpdate/maxSurge": (share(),),
    "spec/updateStrategy/rollingUpdate/maxUnavailable": (share(),),
}


def _finalizer(value: str) -> str | None:
    return None if value == "kubernetes" or "/" in value else "names no domain, such as example.com/cleanup"


_PRIORITY_CLASS: Final[Rows] = {
    "preemptionPolicy": (words("Never", "PreemptLowerPriority", empty=True),),
    "value": (between(None, 1_000_000_000),),
}
_NAMESPACE: Final[Rows] = {"spec/finalizers/*": (named(_finalizer),)}
_LEASE: Final[Rows] = {
    "spec/leaseDurationSeconds": (between(1),),
    "spec/leaseTransitions": (_COUNT,),
    "spec/strategy": (named(label_key, empty=True),),
}


def _fixed(path: Path, amounts: Any) -> Iterator[Found]:
    for name in mapping(amounts):
        if wrong := resource_name(str(name)):
            yield Found(f"the resource {name} {wrong}", "name one such as memory", (*path, name))


def _tolerations(path: Path, value: Any) -> Iterator[Found]:
    yield from unique("key", "operator", "value", "effect")(path, value)
    for i, each in items(value):
        yield from words("Equal", "Exists")((*path, i, "operator"), each.get("operator"))
        yield from words("NoExecute", "NoSchedule", "PreferNoSchedule")((*path, i, "effect"), each.get("effect"))
        yield from toleration((*path, i), each)


_RUNTIME_CLASS: Final[Rows] = {
    "handler": (named(DNS_LABEL, empty=True),),
    "overhead/podFixed": (_fixed,),
    "overhead/podFixed/*": (quantity_of(),),
    "scheduling/nodeSelector": (labels,),
    "scheduling/tolerations": (_tolerations,),
}
TABLES: Final[Tables] = {
    ("", "Namespace"): (_NAMESPACE,),
    ("", "ReplicationController"): (_CONTROLLER,),
    ("apps", "DaemonSet"): (_DAEMON_SET,),
    ("apps", "Deployment"): (_DEPLOYMENT,),
    ("apps", "ReplicaSet"): (_REPLICA_SET,),
    ("apps", "StatefulSet"): (
        _STATEFUL_SET,
        under("spec/volumeClaimTemplates/*/spec", CLAIM_SPEC),
    ),
    ("coordination.k8s.io", "Lease"): (_LEASE,),
    ("node.k8s.io", "RuntimeClass"): (_RUNTIME_CLASS,),
    ("scheduling.k8s.io", "PriorityClass"): (_PRIORITY_CLASS,),
}
