"""What targets that run a Deployment share: Deployment, Service, autoscaler, disruption budget, Ingress, HTTPRoute.

Not here: what is in the pods (`pods`, and the target's own containers), which ports and paths they answer to.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from modelyard import names
from modelyard.manifest import Manifest, TypeMeta
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.deployed import Deployed
from modelyard.models.model import Model
from modelyard.places import derived
from modelyard.problem import Problem, problem
from modelyard.template import Templates
from modelyard.workload import KINDS as AROUND_PODS
from modelyard.workload import base_name, common, manifest, object_name, selector, spec_of, variants_context

SHARED_FIELDS: Final = frozenset(["name", "ingress", "gateway"])
VARIANT_HEADER: Final = "modelyard-variant"
KINDS: Final = AROUND_PODS | {
    TypeMeta("apps/v1", "Deployment"),
    TypeMeta("v1", "Service"),
    TypeMeta("autoscaling/v2", "HorizontalPodAutoscaler"),
    TypeMeta("policy/v1", "PodDisruptionBudget"),
    TypeMeta("networking.k8s.io/v1", "Ingress"),
    TypeMeta("gateway.networking.k8s.io/v1", "HTTPRoute"),
}


class Ending(NamedTuple):
    """How a pod ends, in seconds: how long it goes on taking calls, when SIGKILL comes, and what that leaves time for.

    needed: preStop, as far as its time is known, and after it a call.
    """

    stays: int
    grace: int
    needed: int


def ending(own: Model, stays: int, calls: int | None, *, rest: int) -> Ending:
    """Return how a pod ends. The model's own `preStop` and `terminationGrace` stand above what the target says.

    stays: the target's own. calls: what a call may take, None where nothing says it. rest: seconds for what remains.
    """
    hook, text = own.preStop, own.terminationGrace
    if hook and hook.sleep is not None:
        stays = derived(names.seconds(hook.sleep), hook.sleep)
    needed = (0 if hook and hook.sleep is None else stays) + (calls or 0)
    if text is None:
        return Ending(stays, stays + (calls or 0) + rest, needed)
    grace = derived(names.seconds(text), text)
    return Ending(stays if hook else min(stays, grace), grace, needed)


def services(model: DeclaredModel, target: str) -> Iterator[tuple[str, Served]]:
    """Yield the name of each Service and what it comes from; all other objects are named alike."""
    base = base_name(model, target)
    yield base, model.whole
    for each in model.variants:
        yield object_name(base, each), each


def check(models: DeclaredSet, model: DeclaredModel, target: str) -> Iterator[Problem]:
    """Yield splits that cannot work, and fields that exclude each other."""
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
    for served in model.served:
        autoscale = spec_of(served, target, Deployed).autoscale
        if autoscale and autoscale.max < autoscale.min:
            place = models.place(served.find("targets", target, "autoscale", "max"))
            yield problem("MY104", f"max {autoscale.max} is less than min {autoscale.min}", place=place)


def check_end(models: DeclaredSet, served: Served, ends: Ending) -> Iterator[Problem]:
    """Yield a grace period of the model's own that Kubernetes refuses, or that is shorter than what it is for."""
    hook, text = served.model.preStop, served.model.terminationGrace
    if text is None:
        return
    place = models.place(served.find("terminationGrace"))
    if hook and hook.sleep and ends.stays > ends.grace:
        message = f"preStop sleeps {hook.sleep}, and the pod is killed after {text}"
        yield problem("MY104", message, hint="Kubernetes takes no sleep that is longer", place=place)
    elif ends.needed > ends.grace:
        message = f"a pod is killed after {text}, and preStop and a call may take {ends.needed}s"
        yield problem("MY223", message, hint=f"set terminationGrace: {ends.needed}s, or a shorter timeout", place=place)


def running(
    served: Served, spec: Deployed, pods: Mapping[str, Any], templates: Templates, *, grace: int, port: int
) -> Iterator[Manifest]:
    """Yield Deployment, Service, autoscaler and disruption budget of a model or variant.

    pods: what `pods.pod` gives. grace: seconds that a pod has to end. port: the Service's.
    """
    replicas = None if spec.autoscale else 1 if spec.replicas is None else spec.replicas
    context = {
        **pods,
        "replicas": replicas,
        "gracePeriod": grace,
        "autoscale": spec.autoscale,
        "servicePort": port,
    }
    yield manifest("shared/deployment.yaml", context, templates, served)
    yield manifest("shared/service.yaml", context, templates, served)
    if spec.autoscale:
        yield manifest("shared/horizontalpodautoscaler.yaml", context, templates, served)
    if (spec.autoscale.min if spec.autoscale else replicas or 0) > 1:
        yield manifest("shared/poddisruptionbudget.yaml", context, templates, served)


def over_all(
    models: DeclaredSet,
    model: DeclaredModel,
    target: str,
    templates: Templates,
    *,
    port: int,
    paths: Sequence[str],
    exact: bool,
) -> Iterator[Manifest]:
    """Yield what stands over all variants of a model: their Service, and the address outside the cluster.

    port: the Services'. paths: what is reached from outside; exact: each alone, and not what is below it.
    """
    base = base_name(model, target)
    spec = spec_of(model.whole, target, Deployed)
    context: dict[str, Any] = common(models, base, model.whole, base) | {
        "selector": selector(base),
        "servicePort": port,
        "paths": paths,
        "ingressType": "Exact" if exact else "Prefix",
        "routeType": "Exact" if exact else "PathPrefix",
        "ingress": spec.ingress,
        "gateway": spec.gateway,
        "header": VARIANT_HEADER,
        "variants": variants_context(base, model.variants),
    }
    if model.variants:
        yield manifest("shared/service.yaml", context, templates, model.whole)
    if spec.ingress:
        yield manifest("shared/ingress.yaml", context, templates, model.whole)
    if spec.gateway:
        yield manifest("shared/httproute.yaml", context, templates, model.whole)
