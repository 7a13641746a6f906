"""The container that logs what is scored. It stands in front of the model, and all calls go through it.

In a Deployment or StatefulSet the model is a native sidecar, and this the pod's container: the kubelet ends sidecars
when the containers have ended (kubernetes v1.36.3, kuberuntime_termination_order.go). So the model answers for as long
as there are calls, and what they were is written before the pod goes. The other way round it would get SIGTERM when the
model has ended. On Knative, where native sidecars are behind a flag, both are containers, and this one has the port.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from modelyard.files.yaml.marked import derived
from modelyard.manifests import names
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.targets.workloads.beside import AFTER_CALLS, FLUSH
from modelyard.targets.workloads.endings import Ending
from modelyard.targets.workloads.objects import METRICS_PORT, log_ports, port, registered
from modelyard.targets.workloads.pods import image, security
from modelyard.targets.workloads.words import unexpanded

if TYPE_CHECKING:
    from modelyard.models.request_log import RequestLog

CONTAINER: Final = "request-log"
VOLUME: Final = "request-log-spool"
SPOOL: Final = "1Gi"
_USED: Final = 0.8  # of it: the kubelet evicts a pod whose volume is larger than its limit
_USER: Final = 65532  # no image of a model is known to have it: "nonroot" of distroless images
_READY: Final = "/-/modelyard/ready"
_LIVE: Final = "/-/modelyard/live"
_TIMES: Final = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def put_in_front(
    models: DeclaredSet,
    model: DeclaredModel,
    served: Served,
    templates: Templates,
    pods: dict[str, Any],
    ending: Ending,
    mirrors: Sequence[str],
) -> None:
    """Put the container into pods in which the model is a native sidecar. pods: of `pods.pod`."""
    seconds = (ending.stays, max(ending.grace - ending.stays - AFTER_CALLS, 1))
    own = container(models, model, served, templates, seconds=seconds, mirrors=mirrors, assigned=pods["assigned"])
    own |= through(served, {"readinessProbe": pods["probes"]["readiness"]})
    pods["podAnnotations"] = {"kubectl.kubernetes.io/default-container": "model", **pods["podAnnotations"]}
    pods["pod"] |= {"containers": [own], "volumes": with_spool(pods["pod"].get("volumes", []))}
    user = security(served.model, assigned=pods["assigned"]).get("runAsUser")
    if served.model.runtime == "scr" and user not in (None, _USER):
        pods["pod"]["shareProcessNamespace"] = True  # SCR as PID 1 ignores SIGTERM, see `sagemaker_proxy`


def put_beside(
    models: DeclaredSet,
    model: DeclaredModel,
    served: Served,
    templates: Templates,
    pods: dict[str, Any],
    mirrors: Sequence[str],
) -> None:
    """Put the container into pods of Knative: the one that has a port, and is probed.

    Knative lets the kubelet ask whether it lives at the port of the calls, whatever port is named (knative/serving
    v0.50.0, pkg/reconciler/revision/resources/deploy.go, rewriteUserLivenessProbe).
    """
    seconds = (0, AFTER_CALLS - FLUSH)
    own = container(
        models,
        model,
        served,
        templates,
        seconds=seconds,
        names_=("http1", None),
        mirrors=mirrors,
        assigned=pods["assigned"],
    )
    probes = pods["probes"]
    own |= through(served, {f"{each}Probe": probes[each] for each in ("startup", "readiness")})
    own["livenessProbe"] = own["livenessProbe"] | {"httpGet": {"path": _LIVE, "port": log_ports(served)[0]}}
    containers = pods["pod"]["containers"]
    pods["pod"] |= {
        "containers": derived([*containers, own], containers),
        "volumes": with_spool(pods["pod"].get("volumes", [])),
    }


def with_spool(volumes: list[Any]) -> list[Any]:
    """Return volumes of a pod with the spool's."""
    return derived([*volumes, {"name": VOLUME, "emptyDir": {"sizeLimit": SPOOL}}], volumes)


def container(  # noqa: PLR0913 - what differs between targets is named
    models: DeclaredSet,
    model: DeclaredModel,
    served: Served,
    templates: Templates,
    *,
    seconds: tuple[int, int],
    restart: str | None = None,
    names_: tuple[str, str | None] = ("http", METRICS_PORT),
    mirrors: Sequence[str] = (),
    assigned: bool,
) -> dict[str, Any]:
    """Return the container. seconds: for which it takes calls after SIGTERM, and for those in flight after that.

    mirrors: servers that get copies of the calls. assigned: the platform gives the user.

    restart: Always for a native sidecar. names_: of its ports, that for metrics None where it can have but one.
    """
    own = served.model.requestLog
    if own is None:
        raise AssertionError
    hashing = own.columns.hash if own.columns else None
    listens = log_ports(served)
    context = {
        "name": CONTAINER,
        "restartPolicy": restart,
        "image": registered(models, models.spec.toolImage or ""),
        "command": derived([unexpanded(each) for each in _command(models, model, served, own, seconds, mirrors)], own),
        "portName": names_[0],
        "port": listens[0],
        "admin": listens[1],
        "metricsPort": names_[1],
        "database": {"name": own.postgres.secret, "key": "uri"} if own.postgres else None,
        "login": {"name": own.secret} if own.secret else None,
        "hashKey": {"name": hashing.secret, "key": "key"} if hashing else None,
        "user": None if assigned else _USER,
        "volume": VOLUME,
    }
    found: dict[str, Any] = templates.render("shared/request-log.yaml", context)
    return found


def _command(
    models: DeclaredSet,
    model: DeclaredModel,
    served: Served,
    own: "RequestLog",
    seconds: tuple[int, int],
    mirrors: Sequence[str],
) -> list[str]:
    columns, listens = own.columns, log_ports(served)
    score = served.model.monitor.score if served.model.monitor else None
    hashed = columns.hash.fields if columns and columns.hash else []
    optional: Iterable[tuple[str, str | None]] = (
        ("files", own.files),
        ("variant", served.variant),
        ("id", own.id),
        ("score", score),
        ("sample", own.sample if own.sample != "100%" else None),
        *(("drop", each) for each in (columns.drop if columns else None) or []),
        *(("hash", each) for each in hashed),
        *(("mirror", each) for each in mirrors),
    )
    return [
        "modelyard",
        "request-log",
        f"http://127.0.0.1:{port(served.model)}",
        f"--port={listens[0]}",
        f"--admin-port={listens[1]}",
        f"--table={own.table}",
        f"--model={model.name}",
        f"--image={models.locked(image(models, served.model))}",
        *(f"--{name}={value}" for name, value in optional if value is not None),
        f"--stays={seconds[0]}s",
        f"--drain={seconds[1]}s",
        f"--flush={FLUSH}s",
        "--spool=/spool",
        f"--spool-limit={int(names.bytes_of(SPOOL) * _USED)}",
    ]


def through(served: Served, probes: dict[str, Any]) -> dict[str, Any]:
    """Return probes of the model as they ask by way of this container: the same path, or whether its port is open."""
    listens, found = log_ports(served)[0], {}
    for name, probe in probes.items():
        if not isinstance(probe, dict):
            continue
        get = probe.get("httpGet")
        same = isinstance(get, dict) and get.get("port") in (port(served.model), "model", "http", "http1")
        asked = {**get, "port": listens} if same and isinstance(get, dict) else {"path": _READY, "port": listens}
        found[name] = {"httpGet": asked} | {key: probe[key] for key in _TIMES if key in probe}
    return found
