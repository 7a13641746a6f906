"""What targets that run a Deployment share: it, or a StatefulSet, with Service, autoscaler, budget, Ingress, HTTPRoute.

Not here: what is in the pods (`pods`, and the target's own containers), which ports and paths they answer to.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from modelyard.files.yaml.marked import derived, in_order
from modelyard.manifests import names
from modelyard.manifests.manifest import Manifest, TypeMeta
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.deployment import Autoscale, Deployed, Replicated, VolumeClaim
from modelyard.problems import Problem, problem
from modelyard.targets.workloads.objects import KINDS as AROUND_PODS
from modelyard.targets.workloads.objects import (
    base_mark,
    base_name,
    common,
    further_ports,
    manifest,
    numbers,
    object_name,
    offers_http,
    selector_of_all,
    spec_of,
    variants_context,
)
from modelyard.targets.workloads.pods import url_path

SHARED_FIELDS: Final = frozenset(["name", "service", "ingress", "gateway"])
# What is called of a model of TensorFlow Serving (tensorflow/serving, model_servers/http_rest_api_handler.cc).
VERBS: Final = (":predict", ":classify", ":regress")
VARIANT_HEADER: Final = "modelyard-variant"
# Of whatever keeps a number of pods running behind a Service.
REPLICATED: Final = AROUND_PODS | {
    TypeMeta("apps/v1", "Deployment"),
    TypeMeta("apps/v1", "StatefulSet"),
    TypeMeta("v1", "Service"),
    TypeMeta("autoscaling/v2", "HorizontalPodAutoscaler"),
    TypeMeta("policy/v1", "PodDisruptionBudget"),
}
KINDS: Final = REPLICATED | {
    TypeMeta("networking.k8s.io/v1", "Ingress"),
    TypeMeta("gateway.networking.k8s.io/v1", "HTTPRoute"),
}

DEFAULT_CPU: Final = 70  # percent of the request that an autoscaler aims at
# A pod has its StatefulSet's name with a hash of ten characters as a label (controller-revision-hash).
MAX_STATEFUL: Final = names.MAX_LABEL - 11
_ODD_PATHS: Final = ("//", "/./", "/../", "%2f", "%2F")  # kubernetes 1.37, pkg/apis/networking/validation


class Reached(NamedTuple):
    """A path that is reached from outside. exact: it alone, and not what is below it."""

    path: str
    exact: bool = False


def reached(model: DeclaredModel) -> list[Reached]:
    """Return the paths of a model. Prefixes end with a segment, and verbs such as :predict belong to its last one."""
    path = url_path(model)
    verbs = VERBS if model.served[0].model.runtime == "tensorflow" else ()
    return [*(Reached(derived(path + verb, path), exact=True) for verb in verbs), Reached(path)]


def services(model: DeclaredModel, target: str) -> Iterator[tuple[str, Served]]:
    """Yield the name of each Service and what it comes from; all other objects are named alike."""
    base = base_name(model, target)
    yield base, model.whole
    for each in model.variants:
        yield object_name(base, each), each
    for each in model.served:
        if spec_of(each, target, Replicated).volumeClaims:
            yield headless(object_name(base, each)), each


def headless(name: str) -> str:
    """Return the name of the Service that a StatefulSet has besides."""
    return f"{name}-headless"


def check(models: DeclaredSet, model: DeclaredModel, target: str) -> Iterator[Problem]:
    """Yield splits that cannot work, and fields that exclude each other."""
    yield from _check_entrance(models, model, target)
    yield from check_pods(models, model, target)


def _check_entrance(models: DeclaredSet, model: DeclaredModel, target: str) -> Iterator[Problem]:
    whole = model.whole
    declared = whole.data.get("targets")
    own = declared.get(target) if isinstance(declared, dict) else None
    keys = own if isinstance(own, dict) else {}
    if model.variants and "gateway" not in keys:
        place = models.place(whole.find_key("targets", target))
        hint = "add gateway: {name: …, namespace: …, host: …}, or serve the variants on knative"
        yield problem("MY205", "an Ingress cannot split calls between variants", hint=hint, place=place)
    elif "ingress" in keys and "gateway" in keys:
        place = models.place(whole.find_key("targets", target, "gateway"))
        yield problem("MY211", "ingress and gateway exclude each other", hint="keep one of them", place=place)
    entrance = next((key for key in ("ingress", "gateway") if key in keys), None)
    if entrance and not offers_http(model.served[0].model):
        place = models.place(whole.find_key("targets", target, entrance))
        hint = "set protocol: both to offer REST there; or take it out, and call gRPC inside the cluster"
        yield problem(
            "MY230", f"{entrance} sends calls to REST, but the model offers only gRPC", hint=hint, place=place
        )


def check_pods(models: DeclaredSet, model: DeclaredModel, target: str) -> Iterator[Problem]:
    """Yield fields of the pods, their number and their Service that exclude each other."""
    for served in model.served:
        autoscale = spec_of(served, target, Replicated).autoscale
        if autoscale and autoscale.max < autoscale.min:
            place = models.place(served.find("targets", target, "autoscale", "max"))
            yield problem("MY104", f"max {autoscale.max} is less than min {autoscale.min}", place=place)
        yield from _check_claims(models, model, served, target)
    yield from _check_ports(models, model, target)


def _check_claims(models: DeclaredSet, model: DeclaredModel, served: Served, target: str) -> Iterator[Problem]:
    """Yield volumes of pods whose names are taken, and names that are too long for a StatefulSet."""
    claims = spec_of(served, target, Replicated).volumeClaims or []
    taken = {"tmp", *(each.name for each in served.model.volumes or [])}
    for i, each in enumerate(claims):
        if each.name in taken:
            place = models.place(served.find("targets", target, "volumeClaims", i, "name"))
            yield problem("MY201", f"a second volume is called {each.name}", hint="rename it", place=place)
        taken.add(each.name)
    name = object_name(base_name(model, target), served)
    if claims and len(name) > MAX_STATEFUL:
        message = f"{name} has {len(name)} characters; with volumeClaims Kubernetes takes {MAX_STATEFUL}"
        mark = served.name_mark if served.variant else base_mark(model, target)
        yield problem("MY203", message, hint="shorten it", place=models.place(mark))


def _check_ports(models: DeclaredSet, model: DeclaredModel, target: str) -> Iterator[Problem]:
    """Yield a port of the Service that one of the further ports has too."""
    service = spec_of(model.whole, target, Replicated).service
    number = service.port if service else None
    for served in model.served:
        if number is not None and (number, "TCP") in numbers([served]):
            place = models.place(model.whole.find("targets", target, "service", "port"))
            hint = "change it, or that of ports"
            yield problem("MY228", f"the Service has port {number} already", hint=hint, place=place)


def check_path(models: DeclaredSet, model: DeclaredModel, target: str) -> Iterator[Problem]:
    """Yield the path of an Ingress that the API server refuses."""
    ingress = spec_of(model.whole, target, Deployed).ingress
    path = ingress.path if ingress else None
    if ingress is None or path is None:
        return
    plain = ingress.pathType != "ImplementationSpecific"
    wrong = "must start with /" if not path.startswith("/") else None
    if plain and (any(each in path for each in _ODD_PATHS) or path.endswith(("/..", "/."))):
        wrong = f"must hold none of {' '.join(_ODD_PATHS)}, and not end with /. or /.."
    if wrong:
        place = models.place(model.whole.find("targets", target, "ingress", "path"))
        yield problem("MY105", f"{path} {wrong}", place=place)


def running(
    served: Served,
    spec: Replicated,
    pods: Mapping[str, Any],
    templates: Templates,
    *,
    grace: int,
    port: int,
) -> Iterator[Manifest]:
    """Yield Deployment or StatefulSet, Services, autoscaler and disruption budget of a model or variant.

    pods: what `pods.pod` gives. grace: seconds that a pod has to end. port: the Service's, if nothing else is said.
    """
    replicas = None if spec.autoscale else 1 if spec.replicas is None else spec.replicas
    context = {
        **pods,
        "replicas": replicas,
        "gracePeriod": grace,
        "furtherPorts": further_ports([served]),
        **_service(served, spec, port, outer=not served.variant),
    }
    if spec.volumeClaims:
        context |= _claims(spec.volumeClaims, pods["name"])
        yield manifest("shared/statefulset.yaml", context, templates, served)
        yield manifest("shared/headless.yaml", context, templates, served)
    else:
        yield manifest("shared/deployment.yaml", context, templates, served)
    yield manifest("shared/service.yaml", context, templates, served)
    if spec.autoscale:
        context |= _scaling(spec, spec.autoscale)
        yield manifest("shared/horizontalpodautoscaler.yaml", context, templates, served)
    if (spec.autoscale.min if spec.autoscale else replicas or 0) > 1:
        yield manifest("shared/poddisruptionbudget.yaml", context, templates, served)


def _claims(claims: Sequence[VolumeClaim], name: str) -> dict[str, Any]:
    return {"claims": claims, "headless": derived(headless(name), name)}


def _service(served: Served, spec: Replicated, port: int, *, outer: bool) -> dict[str, Any]:
    """Return what the template of a Service is given. outer: it is the model's, and not one of a variant."""
    own = spec.service
    return {
        "offersHttp": offers_http(served.model),
        "servicePort": own.port if own and own.port is not None else port,
        "serviceType": own.type if own and outer else None,
        "ownAnnotations": in_order(own.annotations or {}) if own and outer else {},
    }


def _scaling(spec: Replicated, own: Autoscale) -> dict[str, Any]:
    cpu = own.cpu if own.cpu is not None or own.metrics else DEFAULT_CPU
    return {
        "workload": "StatefulSet" if spec.volumeClaims else "Deployment",
        "autoscale": own,
        "cpu": cpu,
        "metrics": in_order(own.metrics or []),
        "behavior": in_order(own.behavior or {}),
    }


def over_all(
    models: DeclaredSet,
    model: DeclaredModel,
    target: str,
    templates: Templates,
    *,
    port: int,
    paths: Sequence[Reached],
) -> Iterator[Manifest]:
    """Yield what stands over all variants of a model: their Service, and the address outside the cluster.

    port: the Services'. paths: what is reached from outside.
    """
    yield from over_variants(models, model, target, templates, port=port)
    spec = spec_of(model.whole, target, Deployed)
    context = _over(models, model, target, spec, port) | {
        "paths": [_reached(each, None) for each in paths],
        "gateway": spec.gateway,
        "header": VARIANT_HEADER,
        "variants": variants_context(base_name(model, target), model.variants),
        "split": variants_context(base_name(model, target), model.split),
        "shadows": variants_context(base_name(model, target), model.shadows),
    }
    if own := spec.ingress:
        by_path = paths if own.path is None else [Reached(own.path)]
        hosts = [own.host] if own.host else []
        entrance = {"ingress": own, "hosts": hosts, "paths": [_reached(each, own.pathType) for each in by_path]}
        yield manifest("shared/ingress.yaml", context | entrance, templates, model.whole)
    if spec.gateway:
        yield manifest("shared/httproute.yaml", context, templates, model.whole)


def over_variants(
    models: DeclaredSet, model: DeclaredModel, target: str, templates: Templates, *, port: int
) -> Iterator[Manifest]:
    """Yield the Service over all variants of a model, where it has any. port: the Services'."""
    if model.variants:
        spec = spec_of(model.whole, target, Replicated)
        yield manifest("shared/service.yaml", _over(models, model, target, spec, port), templates, model.whole)


def _over(models: DeclaredSet, model: DeclaredModel, target: str, spec: Replicated, port: int) -> dict[str, Any]:
    base = base_name(model, target)
    return {
        **common(models, base, model.whole, base),
        "selector": selector_of_all(model, base),
        **_service(model.served[0], spec, port, outer=True),
        "furtherPorts": further_ports([model.whole, *model.variants]),
    }


def _reached(each: Reached, ingress_type: str | None) -> dict[str, Any]:
    default, route = ("Exact", "Exact") if each.exact else ("Prefix", "PathPrefix")
    return {"path": each.path, "ingressType": ingress_type or default, "routeType": route}
