"""What targets that run pods in a cluster share around the pods: names, labels, policies, identity.

Not here: the pods themselves (`pods`), anything that belongs to one target, and any text of a manifest (that is
in templates/shared).
"""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeVar

from modelyard.files.yaml.marked import derived, in_order
from modelyard.manifests import names
from modelyard.manifests.manifest import Manifest, TypeMeta
from modelyard.manifests.template import Templates
from modelyard.models.base import Shape
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.model import Model
from modelyard.models.model_set import NetworkPolicy

if TYPE_CHECKING:
    from modelyard.models.beside import FurtherPort  # at run time it is imported when a model has one

S = TypeVar("S", bound=Shape)

NAME_LABEL: Final = "app.kubernetes.io/name"
COMPONENT_LABEL: Final = "app.kubernetes.io/component"
SHADOW: Final = "shadow"  # in place of the runtime
VARIANT_LABEL: Final = "modelyard.dev/variant"
MANAGED_BY: Final = "modelyard"
# Keys that selectors, ownership and kustomize rest on; users cannot set them.
RESERVED_LABELS: Final = frozenset(
    [
        NAME_LABEL,
        COMPONENT_LABEL,
        "app.kubernetes.io/part-of",
        "app.kubernetes.io/managed-by",
        VARIANT_LABEL,
    ]
)
METRICS_PATHS: Final = {
    "scr": "/prometheus",
    "spark": "/metrics/executors/prometheus",  # of a driver's UI (apache/spark v4.0, docs/monitoring.md)
    "tensorflow": "/monitoring/prometheus/metrics",
}
CONTAINERS: Final = frozenset(["model", "proxy", "queue-proxy"])  # of ours and of Knative
PORT_NAMES: Final = frozenset(["http", "model"])  # of deployment and sagemaker-proxy
DEFAULT_PORT: Final = 8080  # of scr and pcr
TENSORFLOW_PORT: Final = 8501  # of REST
METRICS_PORT: Final = "log-metrics"  # of what logs calls
_LOG_PORT: Final = 8095  # of what logs calls; where another container listens there, the next that is free
# What is rendered around pods; a set has an account.
KINDS: Final = frozenset(
    [
        TypeMeta("v1", "ConfigMap"),
        TypeMeta("networking.k8s.io/v1", "NetworkPolicy"),
        TypeMeta("monitoring.coreos.com/v1", "PodMonitor"),
        TypeMeta("monitoring.coreos.com/v1", "PrometheusRule"),
        TypeMeta("batch/v1", "CronJob"),
        TypeMeta("v1", "ServiceAccount"),
        TypeMeta("rbac.authorization.k8s.io/v1", "Role"),
        TypeMeta("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ]
)
ACCOUNT: Final = TypeMeta("v1", "ServiceAccount")


def base_name(model: DeclaredModel, target: str) -> str:
    """Return the name of a model's objects on a target: the target's `name`, else the model's own."""
    return getattr(model.whole.specs[target], "name", None) or model.whole.model.name


def base_mark(model: DeclaredModel, target: str) -> int:
    """Return the mark of what `base_name` comes from."""
    own = base_name(model, target) != model.name
    return model.whole.find("targets", target, "name") if own else model.whole.find("name")


def spec_of(served: Served, target: str, shape: type[S]) -> S:
    """Return the fields of a target with their type."""
    spec = served.specs[target]
    if not isinstance(spec, shape):
        raise TypeError(type(spec).__name__)
    return spec


def is_assigned(models: DeclaredSet, target: str) -> bool:
    """Tell whether a target's platform gives pods their users and groups, as OpenShift does."""
    return target == "openshift" or models.spec.platform == "openshift"


def registered(models: DeclaredSet, image: str) -> str:
    """Return an image's reference with the set's registry before it, unless it names one."""
    registry = models.spec.registry
    return image if registry is None or names.names_registry(image) else derived(f"{registry}/{image}", image)


def object_name(base: str, served: Served) -> str:
    """Return the name of what one variant has of its own."""
    return derived(f"{base}-{served.variant}", served.variant) if served.variant else base


def labels(models: DeclaredSet, base: str, served: Served) -> dict[str, str]:
    """Return the labels of an object or pod."""
    own = {
        NAME_LABEL: base,
        COMPONENT_LABEL: SHADOW if served.shadow else served.model.runtime,
        "app.kubernetes.io/part-of": models.metadata.name,
        "app.kubernetes.io/managed-by": MANAGED_BY,
    }
    if served.variant:
        own[VARIANT_LABEL] = served.variant
    return {**own, **in_order(models.spec.labels or {})}


def selector(base: str, variant: str | None = None) -> dict[str, str]:
    """Return what selectors match: name and variant only, because a selector can never change."""
    return {NAME_LABEL: base, VARIANT_LABEL: variant} if variant else {NAME_LABEL: base}


def selector_of_all(model: DeclaredModel, base: str) -> dict[str, str]:
    """Return what the Service over all variants selects: pods of shadows have another component, and are left out.

    Pods that were there before have that label too, so that no call is lost when the first shadow comes.
    """
    own = selector(base)
    return own | {COMPONENT_LABEL: (model.split or model.served)[0].model.runtime} if model.shadows else own


def common(models: DeclaredSet, base: str, served: Served, name: str) -> dict[str, Any]:
    """Return what every template is given."""
    return {
        "name": name,
        "namespace": models.spec.namespace,
        "labels": labels(models, base, served),
        "annotations": in_order(models.spec.annotations or {}),
        "selector": selector(base, served.variant),
        "model": served.model,
    }


def lasting(pod: Mapping[str, Any]) -> list[tuple[str, int, dict[str, Any]]]:
    """Return the containers that run as long as a pod does, native sidecars too, each with where it stands in the spec.

    The model's is the first. pod: the spec, also one that is not ours, and may be none.
    """
    found = []
    for key in ("containers", "initContainers"):
        for i, each in enumerate(pod[key] if isinstance(pod.get(key), list) else []):
            if isinstance(each, dict) and (key == "containers" or each.get("restartPolicy") == "Always"):
                found.append((key, i, each))
    return sorted(found, key=lambda each: each[2].get("name") != "model")


def port(model: Model) -> int:
    """Return the port that the container listens on."""
    return model.port or (TENSORFLOW_PORT if model.runtime == "tensorflow" else DEFAULT_PORT)


def ports_of(model: Model) -> "list[FurtherPort]":
    """Return the ports besides: those that the model names, and gRPC's."""
    declared = model.ports or []
    if model.runtime != "tensorflow":
        return declared
    from modelyard.targets.workloads import tensorflow

    return derived([*declared, *tensorflow.ports(model)], declared)


def is_logged(served: Served) -> bool:
    """Tell whether a container in front of the model logs its calls."""
    return served.model.requestLog is not None


def taken(served: Served) -> set[object]:
    """Return the ports that the model and what stands beside it listen on."""
    further = {each.port for each in served.model.ports or []}
    beside = {one.get("containerPort") for each in served.model.sidecars or [] for one in each.ports or []}
    return {port(served.model), *further, *beside}


def log_ports(served: Served) -> tuple[int, int]:
    """Return the ports of what logs calls: for these, and for what the kubelet and Prometheus ask."""
    free = (each for each in count(_LOG_PORT) if each not in taken(served))
    return next(free), next(free)


def offers_http(model: Model) -> bool:
    """Tell whether Services lead to the model's first port: not where it offers gRPC alone."""
    return model.tensorflow is None or model.tensorflow.protocol != "grpc"


def further_ports(served: Iterable[Served]) -> "list[FurtherPort]":
    """Return the further ports of the first that all have, by name: what one Service over them can lead to."""
    first, *others = [{each.name: each for each in ports_of(one.model)} for one in served]
    return [first[name] for name in sorted(first) if all(name in each for each in others)]


def numbers(served: Iterable[Served]) -> list[tuple[int, str]]:
    """Return number and protocol of each further port that any of these has."""
    return sorted({(each.port, each.protocol or "TCP") for one in served for each in ports_of(one.model)})


def config_name(name: str) -> str:
    """Return the name of a workload's ConfigMap, before seal adds the hash."""
    return f"{name}-config"


def config_map(models: DeclaredSet, base: str, served: Served, name: str, templates: Templates) -> list[Manifest]:
    """Return the ConfigMaps of a workload: its config, and the files of its server; nothing where it has none."""
    context = common(models, base, served, name)
    found = []
    if served.model.config:
        data = {"data": in_order(served.model.config)}
        found.append(manifest("shared/configmap.yaml", context | data, templates, served, hashed=True))
    if served.model.runtime == "tensorflow":
        from modelyard.targets.workloads import tensorflow

        files = {"files": tensorflow.files(served.model), "filesOf": tensorflow.files_name(name)}
        found.append(manifest("shared/tensorflow.yaml", context | files, templates, served, hashed=True))
    return found


def is_scraped(model: DeclaredModel) -> bool:
    """Tell whether the model wants a PodMonitor."""
    metrics = model.served[0].model.metrics
    return metrics is not None and (metrics.podMonitor or metrics.dashboard or metrics.alerts)


def pod_monitor(
    models: DeclaredSet, model: DeclaredModel, target: str, port_name: str, templates: Templates
) -> list[Manifest]:
    """Return the PodMonitor over all of a model's pods, and what is made of its metrics; or nothing."""
    if not is_scraped(model):
        return []
    from modelyard.targets.workloads import pod_monitors  # few models have one

    return pod_monitors.scraped(models, model, target, port_name, templates)


def network_policy(models: DeclaredSet, model: DeclaredModel, target: str, templates: Templates) -> list[Manifest]:
    """Return the NetworkPolicy of all of a model's pods on a target, or nothing."""
    policy = models.spec.networkPolicy
    if not isinstance(policy, NetworkPolicy):
        return []
    base = base_name(model, target)
    context = {
        **common(models, base, model.whole, base),
        "ingressFrom": policy.ingressFrom or [],
        "monitoringFrom": policy.monitoringFrom or [],
        "scraped": is_scraped(model),
        "ports": sorted({log_ports(each)[0] if is_logged(each) else port(each.model) for each in model.served}),
        "logPorts": sorted({log_ports(each)[1] for each in model.served if is_logged(each)}),
        "furtherPorts": numbers(model.served),
        "mirrors": bool(model.shadows),
    }
    return [manifest(f"{target}/networkpolicy.yaml", context, templates, model.whole)]


def service_account(models: DeclaredSet, templates: Templates) -> list[Manifest]:
    """Return the set's ServiceAccount, or nothing where an existing one is used."""
    account = models.spec.serviceAccount
    if not account.create:
        return []
    shared = {
        "app.kubernetes.io/name": account.name or models.metadata.name,
        "app.kubernetes.io/part-of": models.metadata.name,
        "app.kubernetes.io/managed-by": MANAGED_BY,
        **in_order(models.spec.labels or {}),
    }
    context = {
        "name": account.name or models.metadata.name,
        "namespace": models.spec.namespace,
        "labels": shared,
        "annotations": in_order(models.spec.annotations or {}),
        "own": in_order(account.annotations or {}),
    }
    return [Manifest(templates.render("shared/serviceaccount.yaml", context), "shared/serviceaccount.yaml")]


def manifest(
    template: str, context: Mapping[str, Any], templates: Templates, served: Served, *, hashed: bool = False
) -> Manifest:
    """Render one object of a model."""
    return Manifest(templates.render(template, context), template, served.model.name, served.variant, hashed)


def variants_context(base: str, served: Iterable[Served]) -> list[dict[str, Any]]:
    """Return name, tag and percent of each variant, for the templates that split calls."""
    return [{"name": object_name(base, each), "tag": each.variant, "percent": each.percent} for each in served]
