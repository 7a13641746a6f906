"""Target knative: Services of Knative Serving, a Route over variants, domains, and who may call.

Facts: knative/serving v0.50.0, pkg/apis/serving/k8s_validation.go, pkg/apis/autoscaling/annotation_validation.go.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from modelyard.files.yaml.marked import derived
from modelyard.manifests import names
from modelyard.manifests.manifest import Rendered, TypeMeta
from modelyard.manifests.template import Templates
from modelyard.models.base import Duration, Host, Name, ObjectName, Shape
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, problem
from modelyard.targets import Claim
from modelyard.targets.workloads.beside import logged, measured
from modelyard.targets.workloads.objects import KINDS as AROUND_PODS
from modelyard.targets.workloads.objects import (
    base_mark,
    base_name,
    common,
    config_map,
    is_logged,
    manifest,
    network_policy,
    object_name,
    offers_http,
    pod_monitor,
    port,
    spec_of,
    variants_context,
)
from modelyard.targets.workloads.pods import Container, pod

SUMMARY: Final = "Knative Service; with variants a Service each and a Route that splits the calls"
SHARED_FIELDS: Final = frozenset(["name", "visibility", "domains", "rolloutDuration"])
KINDS: Final = AROUND_PODS | {
    TypeMeta("serving.knative.dev/v1", "Service"),
    TypeMeta("serving.knative.dev/v1", "Route"),
    TypeMeta("serving.knative.dev/v1beta1", "DomainMapping"),
    TypeMeta("networking.internal.knative.dev/v1alpha1", "ClusterDomainClaim"),
}
# queue-proxy's own: k8s_validation.go refuses them, and 8112 (pkg/networking, BackendHTTPSPort) is taken too.
RESERVED_PORTS: Final = frozenset([8008, 8012, 8013, 8022, 8112, 9090, 9091])
RESERVED_ENV: Final = frozenset(["PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"])
CLUSTER_DOMAIN: Final = ".cluster.local"  # Kubernetes' default; domainmapping_validation.go
SCR_TIMEOUT: Final = "60s"
MAX_TIMEOUT: Final = 600  # seconds; config-defaults, max-revision-timeout-seconds


class DomainTls(Shape):
    """The certificate of a domain."""

    secretName: ObjectName = Field(description="Secret of type kubernetes.io/tls.")


class Domain(Shape):
    """A host name of one's own."""

    host: Host = Field(description="Full host name.")
    tls: DomainTls | None = Field(None, description="Its certificate.")
    claim: bool = Field(False, description="Also render the ClusterDomainClaim, which is cluster-wide.")


class Spec(Shape):
    """Knative Serving."""

    name: Name | None = Field(None, description="Object name when the model's own name is taken by another target.")
    minScale: Annotated[int, Field(ge=0)] | None = Field(None, description="Pods that always run; 0 scales to zero.")
    maxScale: Annotated[int, Field(ge=0)] | None = Field(None, description="Pods at most; 0 is no limit.")
    initialScale: Annotated[int, Field(ge=1)] | None = Field(None, description="Pods that a new revision starts with.")
    activationScale: Annotated[int, Field(ge=2)] | None = Field(
        None, description="Pods to start with when it scales up from zero."
    )
    containerConcurrency: Annotated[int, Field(ge=0, le=1000)] | None = Field(
        None, description="Hard limit of calls at once in a pod; 0 is none."
    )
    target: Annotated[int, Field(ge=1)] | None = Field(None, description="What the autoscaler aims at, per pod.")
    targetUtilization: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="Percent of the target at which it scales up."
    )
    targetBurstCapacity: Annotated[int, Field(ge=-1)] | None = Field(
        None, description="Calls that are buffered in the activator; -1 keeps it in the path."
    )
    metric: Literal["concurrency", "rps"] | None = Field(None, description="What the target counts.")
    window: Duration | None = Field(
        None, description="Time over which the autoscaler averages, 6s to 1h. It is not a time-out."
    )
    scaleDownDelay: Duration | None = Field(None, description="Time before it scales down, at most 1h.")
    scaleToZeroPodRetention: Duration | None = Field(None, description="Time that the last pod is kept, at most 1h.")
    timeout: Duration | None = Field(
        None, description="Time for a call, also for those in flight when a pod ends; at most 600s; 60s for scr."
    )
    progressDeadline: Duration | None = Field(None, description="Time in which a revision must become ready.")
    visibility: Literal["public", "cluster-local"] = Field("public", description="Who can reach the address.")
    domains: list[Domain] | None = Field(None, description="Your own host names.")
    rolloutDuration: Duration | None = Field(None, description="Time over which calls move to a new revision.")


_LIMITS: Final = {  # seconds; annotation_validation.go and revision_validation.go
    "window": (6, 3600),
    "scaleDownDelay": (0, 3600),
    "scaleToZeroPodRetention": (0, 3600),
    "timeout": (1, MAX_TIMEOUT),
    "progressDeadline": (1, None),
}


def _spec(served: Served) -> Spec:
    return spec_of(served, "knative", Spec)


def claims(model: DeclaredModel) -> Iterator[Claim]:
    """Yield core Service names too: Knative makes one for each Service, Route and tag (reconciler/route)."""
    base = base_name(model, "knative")
    yield Claim("Service", base, base_mark(model, "knative"))
    for each in model.variants:
        mark = each.name_mark
        yield Claim("Service", object_name(base, each), mark)
        yield Claim("Service", f"{each.variant}-{base}", mark)
    for i, domain in enumerate(_spec(model.whole).domains or []):
        yield Claim("DomainMapping", domain.host, model.whole.find("targets", "knative", "domains", i, "host"))


def check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    """Yield what only Knative's webhook, or a user with a time-out, would find."""
    for served in model.served:
        yield from _check_served(models, served)
    whole = model.whole
    spec = _spec(whole)
    for i, domain in enumerate(spec.domains or []):
        place = models.place(whole.find_key("targets", "knative", "domains", i, "claim"))
        if domain.host.endswith(CLUSTER_DOMAIN):
            own = models.place(whole.find("targets", "knative", "domains", i, "host"))
            hint = "use your own host name"
            yield problem("MY104", f"{domain.host} is below the cluster's own domain", hint=hint, place=own)
        if domain.claim and not models.names("namespace"):
            yield problem("MY216", "claim: true needs spec.namespace", hint="name the namespace in spec", place=place)
    if spec.domains and spec.visibility == "cluster-local":
        place = models.place(whole.find_key("targets", "knative", "domains"))
        yield problem(
            "MY222", "domains publish a service that is cluster-local", hint="drop domains or visibility", place=place
        )


def _check_served(models: DeclaredSet, served: Served) -> Iterator[Problem]:
    spec = _spec(served)
    number = port(served.model)
    if number in RESERVED_PORTS:
        place = models.place(served.find("port"))
        yield problem("MY214", f"port {number} is reserved on Knative", hint="use another, such as 8080", place=place)
    for name in sorted(RESERVED_ENV.intersection(served.model.env or {})):
        place = models.place(served.find_key("env", name))
        yield problem("MY215", f"{name} is set by Knative", hint="use another name", place=place)
    if served.model.tensorflow and served.model.tensorflow.protocol == "both":
        place = models.place(served.find("tensorflow", "protocol"))
        hint = "set protocol: rest or grpc, or serve it on deployment"
        yield problem("MY227", "a Knative Service has one port, and protocol: both needs two", hint=hint, place=place)
    if served.model.metrics and not offers_http(served.model):
        place = models.place(served.find_key("metrics"))
        hint = "take it out, or set protocol: rest"
        yield problem("MY227", "a Knative Service has one port, but metrics are at REST's", hint=hint, place=place)
    if served.model.ports:
        place = models.place(served.find_key("ports"))
        hint = "take it out; for a second port use the target deployment, or declare a second model"
        yield problem("MY227", "a Knative Service has one port", hint=hint, place=place)
    for field in ("preStop", "terminationGrace"):
        if getattr(served.model, field) is not None:
            place = models.place(served.find_key(field))
            hint = "take it out, and set targets.knative.timeout; for other targets, declare a second model"
            yield problem("MY224", f"{field} cannot be set on Knative", hint=hint, place=place)
    for field, (low, high) in _LIMITS.items():
        yield from _check_duration(models, served, field, low, high)
    yield from _check_scales(models, served)
    if served.model.runtime == "scr" and not spec.minScale:
        place = models.place(served.find("targets", "knative", "minScale"))
        yield problem(
            "MY231",
            f"{served.model.name} scales to zero, and SAS Container Runtime takes 12 to 15 s to start",
            hint="set minScale: 1, or accept it with ignore: [{code: MY231, reason: …}]",
            place=place,
        )


def _check_scales(models: DeclaredSet, served: Served) -> Iterator[Problem]:
    """Check minScale <= activationScale <= maxScale, where they are given and 0 is no limit."""
    spec = _spec(served)
    for low, high in (("minScale", "maxScale"), ("minScale", "activationScale"), ("activationScale", "maxScale")):
        least, most = getattr(spec, low), getattr(spec, high)
        if least is not None and most and least > most:
            place = models.place(served.find("targets", "knative", low))
            yield problem("MY104", f"{low} {least} is more than {high} {most}", hint="swap them", place=place)


def _check_duration(models: DeclaredSet, served: Served, field: str, low: int, high: int | None) -> Iterator[Problem]:
    text = getattr(_spec(served), field)
    if text is None:
        return
    seconds = names.seconds(text)
    if seconds < low or (high is not None and seconds > high):
        bounds = f"{low}s to {high}s" if high is not None else f"at least {low}s"
        place = models.place(served.find("targets", "knative", field))
        yield problem("MY104", f"{field} {text} is out of range", hint=f"Knative takes {bounds}", place=place)


def render(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Rendered:
    """Return one Service, or a Service per variant and the Route over them, with what belongs to them."""
    rendered = Rendered()
    base = base_name(model, "knative")
    for served in model.served:
        name = object_name(base, served)
        rendered.manifests += config_map(models, base, served, name, templates)
        by_grpc = not offers_http(served.model)
        container = Container(
            "h2c" if by_grpc else "http1",
            native=False,
            grpc=by_grpc,
            seconds=_timeout(served),
            silent=is_logged(served),
        )
        context = pod(models, model, served, "knative", templates, container)
        logged(models, model, served, templates, context)
        context |= {
            "knative": _autoscaling(_spec(served)),
            "timeoutSeconds": _timeout(served),
            "visibility": _visibility(model, "cluster-local" if model.variants else None),
            "rolloutDuration": None if model.variants else _whole_seconds(_spec(model.whole).rolloutDuration),
        }
        rendered.manifests.append(manifest("knative/service.yaml", context, templates, served))
    if model.variants:
        context = common(models, base, model.whole, base) | {
            "visibility": _visibility(model, None),
            "rolloutDuration": _whole_seconds(_spec(model.whole).rolloutDuration),
            "variants": variants_context(base, model.variants),
        }
        rendered.manifests.append(manifest("knative/route.yaml", context, templates, model.whole))
    rendered.manifests += network_policy(models, model, "knative", templates)
    rendered.manifests += pod_monitor(models, model, "knative", "user-port", templates)
    rendered.manifests += measured(models, model, "knative", templates)
    for domain in sorted(_spec(model.whole).domains or [], key=lambda each: each.host):
        rendered.manifests += _domain(models, model, domain, templates)
    return rendered


def _domain(models: DeclaredSet, model: DeclaredModel, domain: Domain, templates: Templates) -> Iterable[Any]:
    base = base_name(model, "knative")
    context = common(models, base, model.whole, base) | {
        "domain": domain,
        "kind": "Route" if model.variants else "Service",
        "tls": {"secretName": domain.tls.secretName} if domain.tls else None,
    }
    yield manifest("knative/domainmapping.yaml", context, templates, model.whole)
    if domain.claim:
        yield manifest("knative/clusterdomainclaim.yaml", context, templates, model.whole)


def _visibility(model: DeclaredModel, default: str | None) -> str | None:
    # There is no value for public: the label's absence says it.
    own = _spec(model.whole).visibility
    return own if own == "cluster-local" else default


def _timeout(served: Served) -> int | None:
    text = _spec(served).timeout
    if text is not None:
        return derived(names.seconds(text), text)
    return names.seconds(SCR_TIMEOUT) if served.model.runtime == "scr" else None


def _whole_seconds(text: str | None) -> str | None:
    # Knative reads Go durations, which know no days.
    return None if text is None else derived(f"{names.seconds(text)}s", text)


def _autoscaling(spec: Spec) -> dict[str, Any]:
    durations = ("window", "scaleDownDelay", "scaleToZeroPodRetention", "progressDeadline")
    return {**spec.__dict__, **{field: _whole_seconds(getattr(spec, field)) for field in durations}}
