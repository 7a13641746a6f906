"""Target deployment: a plain Deployment with Service, and Ingress or HTTPRoute, autoscaler, disruption budget."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Field

from modelyard.manifest import Manifest, Rendered
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.shape import Annotations, Host, Name, ObjectName, Shape
from modelyard.pods import pod, url_path
from modelyard.problem import Problem, problem
from modelyard.targets import Claim
from modelyard.template import Templates
from modelyard.workload import (
    base_mark,
    base_name,
    common,
    config_map,
    manifest,
    network_policy,
    object_name,
    pod_monitor,
    selector,
    spec_of,
    variants_context,
)

SUMMARY: Final = "Deployment and Service; Ingress or HTTPRoute, autoscaler, disruption budget"
SHARED_FIELDS: Final = frozenset(["name", "ingress", "gateway"])
VARIANT_HEADER: Final = "modelyard-variant"
DRAIN: Final = 10  # seconds; endpoints and load balancers forget a pod in that time
GRACE: Final = 30  # seconds; Kubernetes' own default
SCR_GRACE: Final = 15  # seconds; SCR ignores SIGTERM, so what follows the drain is only waited for


class IngressTls(Shape):
    """The certificate of an Ingress."""

    secretName: ObjectName = Field(description="Secret of type kubernetes.io/tls.")


class Ingress(Shape):
    """An Ingress to the model's path."""

    host: Host = Field(description="Full host name.")
    ingressClassName: ObjectName | None = Field(None, description="Class; the cluster's default if absent.")
    tls: IngressTls | None = Field(None, description="Its certificate.")
    annotations: Annotations | None = Field(None, description="Annotations for the ingress controller.")


class Gateway(Shape):
    """An HTTPRoute to the model's path through a Gateway."""

    name: ObjectName = Field(description="Name of the Gateway.")
    namespace: ObjectName | None = Field(None, description="Its namespace; the model's own if absent.")
    sectionName: ObjectName | None = Field(None, description="Listener of the Gateway; all if absent.")
    host: Host = Field(description="Full host name.")


class Autoscale(Shape):
    """A HorizontalPodAutoscaler."""

    min: Annotated[int, Field(ge=1)] = Field(1, description="Pods at least.")
    max: Annotated[int, Field(ge=1)] = Field(description="Pods at most.")
    cpu: Annotated[int, Field(ge=1)] = Field(70, description="Percent of the CPU request that it aims at.")


class Spec(Shape):
    """A plain Deployment."""

    name: Name | None = Field(None, description="Object name when the model's own name is taken by another target.")
    replicas: Annotated[int, Field(ge=0)] | None = Field(None, description="Pods; 1 if absent. Not with autoscale.")
    ingress: Ingress | None = Field(None, description="Reach it from outside through an Ingress.")
    gateway: Gateway | None = Field(None, description="Reach it from outside through a Gateway; needed for variants.")
    autoscale: Autoscale | None = Field(None, description="Replicas by load.")


def _spec(served: Served) -> Spec:
    return spec_of(served, "deployment", Spec)


def claims(model: DeclaredModel) -> Iterator[Claim]:
    """Yield the names of the Services; all other objects are named alike."""
    base = base_name(model, "deployment")
    yield Claim("Service", base, base_mark(model, "deployment"))
    for each in model.variants:
        yield Claim("Service", object_name(base, each), each.name_mark)


def check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    """Yield splits that cannot work, and fields that exclude each other."""
    whole = model.whole
    declared = whole.data.get("targets")
    own = declared.get("deployment") if isinstance(declared, dict) else None
    keys = own if isinstance(own, dict) else {}
    if model.variants and "gateway" not in keys:
        place = models.place(whole.find_key("targets", "deployment"))
        hint = "add gateway: {name: …, namespace: …, host: …}, or serve the variants on knative"
        yield problem("MY205", "an Ingress cannot split calls between variants", hint=hint, place=place)
    elif "ingress" in keys and "gateway" in keys:
        place = models.place(whole.find_key("targets", "deployment", "gateway"))
        yield problem("MY211", "ingress and gateway exclude each other", hint="keep one of them", place=place)
    for served in model.served:
        spec = _spec(served)
        if spec.autoscale and spec.autoscale.max < spec.autoscale.min:
            place = models.place(served.find("targets", "deployment", "autoscale", "max"))
            yield problem("MY104", f"max {spec.autoscale.max} is less than min {spec.autoscale.min}", place=place)


def render(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Rendered:
    """Return the objects of a model, or of its variants and what lies over them."""
    rendered = Rendered()
    base = base_name(model, "deployment")
    for served in model.served:
        rendered.manifests += _workload(models, model, served, templates)
    over_all = common(models, base, model.whole, base)
    if model.variants:
        over_all["selector"] = selector(base)
        rendered.manifests.append(manifest("deployment/service.yaml", over_all, templates, model.whole))
    rendered.manifests += network_policy(models, model, "deployment", templates)
    rendered.manifests += pod_monitor(models, model, "deployment", "http", templates)
    rendered.manifests += _outside(models, model, templates)
    return rendered


def _workload(models: DeclaredSet, model: DeclaredModel, served: Served, templates: Templates) -> Iterator[Manifest]:
    base = base_name(model, "deployment")
    spec = _spec(served)
    drain = {"preStop": {"sleep": {"seconds": DRAIN}}}
    context = pod(models, model, served, "deployment", templates, port_name="http", lifecycle=drain)
    yield from config_map(models, base, served, context["name"], templates)
    context |= {
        "replicas": None if spec.autoscale else 1 if spec.replicas is None else spec.replicas,
        "gracePeriod": SCR_GRACE if served.model.runtime == "scr" else GRACE,
        "autoscale": spec.autoscale,
    }
    yield manifest("deployment/deployment.yaml", context, templates, served)
    yield manifest("deployment/service.yaml", context, templates, served)
    if spec.autoscale:
        yield manifest("deployment/horizontalpodautoscaler.yaml", context, templates, served)
    if (spec.autoscale.min if spec.autoscale else context["replicas"]) > 1:
        yield manifest("deployment/poddisruptionbudget.yaml", context, templates, served)


def _outside(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Iterator[Manifest]:
    base = base_name(model, "deployment")
    spec = _spec(model.whole)
    context: dict[str, Any] = common(models, base, model.whole, base) | {
        "path": url_path(model),
        "ingress": spec.ingress,
        "gateway": spec.gateway,
        "header": VARIANT_HEADER,
        "variants": variants_context(base, model.variants),
    }
    if spec.ingress:
        yield manifest("deployment/ingress.yaml", context, templates, model.whole)
    if spec.gateway:
        yield manifest("deployment/httproute.yaml", context, templates, model.whole)
