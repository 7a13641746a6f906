"""What targets that run pods in a cluster share: labels, image, environment, container, volumes, identity.

Not here: anything that belongs to one target, and any text of a manifest (that is in templates/shared).
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from pydantic import BaseModel

from modelyard import names
from modelyard.manifest import Manifest
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.model import Model
from modelyard.models.modelset import NetworkPolicy
from modelyard.places import MarkedDict, MarkedText, derived, key_marks, mark_of, with_mark
from modelyard.template import Templates

if TYPE_CHECKING:
    from modelyard.models.pod import Probe, Volume  # at run time they are imported when a model has them

T = TypeVar("T")

NAME_LABEL: Final = "app.kubernetes.io/name"
VARIANT_LABEL: Final = "modelyard.dev/variant"
MANAGED_BY: Final = "modelyard"
# Keys that selectors, ownership and kustomize rest on; users cannot set them.
RESERVED_LABELS: Final = frozenset(
    [
        NAME_LABEL,
        "app.kubernetes.io/component",
        "app.kubernetes.io/part-of",
        "app.kubernetes.io/managed-by",
        VARIANT_LABEL,
    ]
)
DEFAULT_PORT: Final = 8080  # of scr and pcr
DEFAULT_PERIOD: Final = 10  # seconds between probes; Kubernetes' own default
SCR_USER: Final = 1001  # sas-container-runtime, examples/sageMakerRunTime/Dockerfile: USER 1001:0
APP_PATH: Final = "SAS_SCR_APP_PATH"
_REFERENCE: Final = re.compile(r"\$\(([^)]+)\)")


def base_name(model: DeclaredModel, target: str) -> str:
    """Return the name of a model's objects on a target: the target's `name`, else the model's own."""
    return getattr(model.whole.specs[target], "name", None) or model.whole.model.name


def object_name(base: str, served: Served) -> str:
    """Return the name of what one variant has of its own."""
    return derived(f"{base}-{served.variant}", served.variant) if served.variant else base


def labels(models: DeclaredSet, base: str, served: Served) -> dict[str, str]:
    """Return the labels of an object or pod."""
    own = {
        NAME_LABEL: base,
        "app.kubernetes.io/component": served.model.runtime,
        "app.kubernetes.io/part-of": models.metadata.name,
        "app.kubernetes.io/managed-by": MANAGED_BY,
    }
    if served.variant:
        own[VARIANT_LABEL] = served.variant
    return {**own, **in_order(models.spec.labels or {})}


def selector(base: str, variant: str | None = None) -> dict[str, str]:
    """Return what selectors match: name and variant only, because a selector can never change."""
    return {NAME_LABEL: base, VARIANT_LABEL: variant} if variant else {NAME_LABEL: base}


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


def image(models: DeclaredSet, model: Model) -> str:
    """Return the image with the set's registry before it, unless it names one."""
    own = model.image or ""
    registry = models.spec.registry
    return own if registry is None or names.names_registry(own) else derived(f"{registry}/{own}", own)


def url_path(model: DeclaredModel) -> str:
    """Return the URL path: as declared, else from the image's repository."""
    whole = model.whole.model
    if whole.path:
        return whole.path
    first = model.served[0].model.image or ""
    return derived("/" + names.repository(first).rpartition("/")[2], first)


def port(model: Model) -> int:
    """Return the port that the container listens on."""
    return model.port or DEFAULT_PORT


def environment(model: DeclaredModel, served: Served) -> list[dict[str, Any]]:
    """Return the variables by name; those that use others stand behind them, as $(NAME) needs it."""
    values: dict[str, Any] = dict(served.model.env or {})
    if served.model.runtime == "scr":
        values.setdefault(APP_PATH, url_path(model))
    entries = {
        name: {"name": name, "value": value} if isinstance(value, str) else {"name": name, "valueFrom": plain(value)}
        for name, value in values.items()
    }
    return [entries[name] for name in sorted(entries, key=lambda name: (_depth(name, values, ()), name))]


def _depth(name: str, values: Mapping[str, Any], above: tuple[str, ...]) -> int:
    value = values.get(name)
    if not isinstance(value, str) or name in above:
        return 0
    used = [each for each in _REFERENCE.findall(value) if each in values]
    return max((1 + _depth(each, values, (*above, name)) for each in used), default=0)


def config_name(name: str) -> str:
    """Return the name of a workload's ConfigMap, before seal adds the hash."""
    return f"{name}-config"


def pod(
    models: DeclaredSet,
    model: DeclaredModel,
    served: Served,
    target: str,
    templates: Templates,
    *,
    port_name: str,
    lifecycle: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what a workload's template is given: `common`, and of its pods labels, annotations and spec."""
    base = base_name(model, target)
    own = served.model
    context = common(models, base, served, object_name(base, served))
    context["podLabels"] = context["labels"]
    context["podAnnotations"] = in_order(own.podAnnotations or {})
    values = {"portName": port_name, "lifecycle": lifecycle, **_container(models, model, served), **_volumes(own)}
    if own.config:
        values["envFrom"].append({"configMapRef": {"name": config_name(context["name"])}})
    values["probes"] = _probes(own, templates)
    context["pod"] = templates.render("shared/pod.yaml", values)
    return context


def _container(models: DeclaredSet, model: DeclaredModel, served: Served) -> dict[str, Any]:
    own, spec = served.model, models.spec
    return {
        "model": own,
        "image": image(models, own),
        "port": port(own),
        "env": environment(model, served),
        "envFrom": [plain(each) for each in own.envFrom or []],
        "resources": in_order(plain(own.resources)) if own.resources else None,
        "securityContext": _security(models, own),
        "serviceAccountName": spec.serviceAccount.name or models.metadata.name,
        "imagePullSecrets": derived([{"name": name} for name in spec.imagePullSecrets or []], spec.imagePullSecrets),
        "tolerations": derived([plain(each) for each in own.tolerations or []], own.tolerations),
    }


def _security(models: DeclaredSet, own: Model) -> dict[str, Any]:
    """Return what the model says over the template's security context; OpenShift assigns user ids itself."""
    context = {"runAsUser": SCR_USER} if own.runtime == "scr" else {}
    context |= plain(own.securityContext) if own.securityContext else {}
    if models.spec.platform == "openshift":
        context.pop("runAsUser", None)
    return in_order(context)


def _volumes(own: Model) -> dict[str, Any]:
    volumes = sorted(own.volumes or [], key=lambda volume: volume.name)
    return {
        "mountsTmp": any(volume.mountPath == "/tmp" for volume in volumes),  # noqa: S108 - the container's
        "volumeMounts": [_mount(volume) for volume in volumes],
        "volumes": [_source(volume) for volume in volumes],
    }


def config_map(models: DeclaredSet, base: str, served: Served, name: str, templates: Templates) -> list[Manifest]:
    """Return the ConfigMap of a workload's config, or nothing."""
    if not served.model.config:
        return []
    context = {**common(models, base, served, name), "data": in_order(served.model.config)}
    return [manifest("shared/configmap.yaml", context, templates, served, hashed=True)]


def pod_monitor(
    models: DeclaredSet, model: DeclaredModel, target: str, port_name: str, templates: Templates
) -> list[Manifest]:
    """Return the PodMonitor over all of a model's pods, or nothing."""
    metrics = model.served[0].model.metrics
    if metrics is None or not metrics.podMonitor:
        return []
    base = base_name(model, target)
    default = "/prometheus" if model.served[0].model.runtime == "scr" else "/metrics"
    context = {**common(models, base, model.whole, base), "port": port_name, "path": metrics.path or default}
    return [manifest("shared/podmonitor.yaml", context, templates, model.whole)]


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
        "ports": sorted({port(each.model) for each in model.served}),
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


def in_order(data: T) -> T:
    """Return plain data with the keys of all mappings sorted, so that the order in the file changes nothing."""
    return cast("T", _sorted(data))


def _sorted(data: object) -> object:
    if isinstance(data, dict):
        sorted_ = {key: _sorted(data[key]) for key in sorted(data)}
        mark = mark_of(data)
        return sorted_ if mark is None else with_mark(MarkedDict(sorted_), mark)
    if isinstance(data, list):
        return derived([_sorted(item) for item in data], data)
    return data


def plain(shape: BaseModel) -> dict[str, Any]:
    """Return a shape as plain data without what is absent; marks stay on the values and keys."""
    marks = key_marks(shape)
    fields = {name: _plain(value) for name in type(shape).model_fields if (value := getattr(shape, name)) is not None}
    if not marks:
        return fields
    return {with_mark(MarkedText(name), marks[name]) if name in marks else name: each for name, each in fields.items()}


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return plain(value)
    if isinstance(value, list):
        return derived([_plain(item) for item in value], value)
    return value


def _mount(volume: "Volume") -> dict[str, Any]:
    mount = {"name": volume.name, "mountPath": volume.mountPath, "readOnly": volume.readOnly, "subPath": volume.subPath}
    return {key: value for key, value in mount.items() if value is not None}


def _source(volume: "Volume") -> dict[str, Any]:
    sources = {key: in_order(source) for key in volume.SOURCES if (source := getattr(volume, key)) is not None}
    return {"name": volume.name, **sources}


def _probes(model: Model, templates: Templates) -> dict[str, Any]:
    probes: dict[str, Any] = {"startup": None, "readiness": None, "liveness": None}
    probes |= templates.render_once("shared/probes.yaml", runtime=model.runtime, port=port(model))
    for name in probes:
        own = getattr(model.probes, name) if model.probes else None
        if own is not None:
            probes[name] = None if own is False else probe(own, port(model))
    return probes


def probe(own: "Probe", default_port: int) -> dict[str, Any]:
    """Return a probe in Kubernetes' form: seconds instead of durations, the port filled in."""
    result: dict[str, Any] = {}
    for name in ("httpGet", "tcpSocket", "exec", "grpc"):
        handler = getattr(own, name)
        if handler is not None:
            given = plain(handler)
            filled = {key: given[key] for key in ("path",) if key in given} | {"port": default_port}
            result[name] = given if name == "exec" else filled | given
    for name, field in (
        ("initialDelay", "initialDelaySeconds"),
        ("timeout", "timeoutSeconds"),
        ("period", "periodSeconds"),
    ):
        if (duration := getattr(own, name)) is not None:
            result[field] = derived(names.seconds(duration), duration)
    # Spelt out, because Knative compares probes with defaults filled in, and takes a probe without a period for a
    # quick one of its own that has no other times (knative/serving v0.50.0, validateReadinessProbe).
    result.setdefault("periodSeconds", DEFAULT_PERIOD)
    result["successThreshold"] = own.successThreshold or 1
    if own.failureThreshold is not None:
        result["failureThreshold"] = own.failureThreshold
    return result


def variants_context(base: str, served: Iterable[Served]) -> list[dict[str, Any]]:
    """Return name, tag and percent of each variant, for the templates that split calls."""
    return [{"name": object_name(base, each), "tag": each.variant, "percent": each.percent} for each in served]
