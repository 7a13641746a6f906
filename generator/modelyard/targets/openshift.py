"""Target openshift: a Deployment or StatefulSet, with Service, Route, autoscaler, budget; images by ImageStream.

OpenShift gives each project a user's id and a group, so none is asked for. A Route splits calls by weights of Services.
Sources: openshift/api, route/v1/types.go; openshift/router, haproxy-config.template and calculateServiceWeights.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import Field

from modelyard.files.yaml.marked import derived, in_order
from modelyard.manifests import names
from modelyard.manifests.manifest import Manifest, Rendered, TypeMeta
from modelyard.manifests.template import Templates
from modelyard.models.base import Annotations, Host, ObjectName, PositiveDuration, Shape
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.deployment import Replicated
from modelyard.problems import Problem, problem
from modelyard.targets import Claim
from modelyard.targets.workloads import deployments, endings, image_streams
from modelyard.targets.workloads.beside import AFTER_CALLS, behind, logged, measured
from modelyard.targets.workloads.endings import Ending
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
    spec_of,
    variants_context,
)
from modelyard.targets.workloads.pods import Container, pod, url_path

NAME: Final = "openshift"
SUMMARY: Final = "Deployment or StatefulSet, Service and Route of OpenShift, which splits calls by weights"
SHARED_FIELDS: Final = frozenset(
    ["name", "service", "host", "tls", "certificate", "redirect", "annotations", "route", "hosts", "timeout"]
)
KINDS: Final = deployments.REPLICATED | image_streams.KINDS | {TypeMeta("route.openshift.io/v1", "Route")}
PORT: Final = 80  # of the Services
STAYS: Final = 10  # seconds; the router and endpoints forget a pod in that time
TIMEOUT: Final = "30s"  # the router's own
SCC: Final = "restricted-v2"  # named, so that what admission says is about one alone
MAX_BACKENDS: Final = 4  # Services of a Route: one in spec.to, three in spec.alternateBackends
MAX_WEIGHT: Final = 256  # of an endpoint, and of a Service
_ROUTER: Final = "haproxy.router.openshift.io"
_OF_ROUTES: Final = ("host", "tls", "certificate", "redirect", "annotations", "hosts")


class Certificate(Shape):
    """The Route's own certificate."""

    secretName: ObjectName = Field(description="Secret of type kubernetes.io/tls, which the router may read.")


class Spec(Replicated):
    """A Deployment behind a Route of OpenShift."""

    timeout: PositiveDuration | None = Field(
        None,
        description="Time for a call: at the router, and for those in flight when a pod ends. 60s for scr, else 30s.",
    )
    route: bool = Field(True, description="false: reachable only inside the cluster.")
    host: Host | None = Field(None, description="Full host name; the cluster gives one if absent.")
    tls: Literal["edge", "reencrypt", "passthrough"] = Field(
        "edge", description="Where TLS ends: at the router, there and at the model, or at the model alone."
    )
    certificate: Certificate | None = Field(None, description="Its certificate; the router's own if absent.")
    redirect: bool = Field(False, description="Redirect plain HTTP to HTTPS; otherwise refuse it.")
    annotations: Annotations | None = Field(None, description="Annotations of the Route.")
    hosts: Literal["per-variant"] | None = Field(
        None, description="per-variant: besides the split, a Route for each variant, at VARIANT-HOST."
    )
    imageStream: bool = Field(False, description="Pods take the image from an ImageStream, which imports it.")
    buildConfig: bool = Field(
        False, description="Render a BuildConfig for `oc start-build --from-dir`, which builds what imageStream holds."
    )


def claims(model: DeclaredModel) -> Iterator[Claim]:
    """Yield the names of the Services, and the addresses of the Routes."""
    for name, served in deployments.services(model, NAME):
        mark = served.name_mark if served.variant else base_mark(model, NAME)
        yield Claim("Service", name, mark)
    spec = spec_of(model.whole, NAME, Spec)
    if spec.route and spec.host:
        mark = model.whole.find("targets", NAME, "host")
        yield Claim("Route", f"{spec.host}{_path(model, spec) or ''}", mark)
        for each in model.variants if spec.hosts else ():
            yield Claim("Route", f"{own_host(spec.host, each)}{_path(model, spec) or ''}", mark)


def own_host(host: str, served: Served) -> str:
    """Return the host of one variant."""
    return derived(f"{served.variant}-{host}", host)


def check(models: DeclaredSet, model: DeclaredModel) -> Iterator[Problem]:
    """Yield Routes that cannot work, splits that weights cannot give, and what no Deployment can have."""
    yield from deployments.check_pods(models, model, NAME)
    for served in model.served:
        yield from endings.check_end(models, served, _ending(served))
        own = spec_of(served, NAME, Spec)
        yield from image_streams.check(models, served, NAME, stream=own.imageStream, built=own.buildConfig)
    spec = spec_of(model.whole, NAME, Spec)
    if spec.route:
        yield from _check_tls(models, model, spec)
        yield from _check_split(models, model, spec)
    else:
        for field in _OF_ROUTES:
            if field in _declared(model):
                place = models.place(model.whole.find_key("targets", NAME, field))
                hint = "take it out, or take out route: false"
                yield problem("MY211", f"{field} is for a Route, but route: false renders none", hint=hint, place=place)


def _declared(model: DeclaredModel) -> Mapping[str, object]:
    """Return the target's fields as written: what was taken out as wrong is there all the same."""
    targets = model.whole.data.get("targets")
    own = targets.get(NAME) if isinstance(targets, dict) else None
    return own if isinstance(own, dict) else {}


def _check_tls(models: DeclaredSet, model: DeclaredModel, spec: Spec) -> Iterator[Problem]:
    whole, first = model.whole, model.served[0].model
    place = models.place(whole.find("targets", NAME, "tls"))
    if spec.tls != "edge" and first.scheme != "https":
        other = "" if first.runtime == "tensorflow" else "; or scheme: https, if the model's server speaks TLS"
        yield problem(
            "MY239", f"tls: {spec.tls} cannot work: the model speaks no TLS", hint=f"set tls: edge{other}", place=place
        )
    elif spec.tls == "edge" and first.scheme == "https":
        message = "tls: edge speaks plain HTTP to the model, whose scheme is https"
        yield problem("MY239", message, hint="set tls: reencrypt or passthrough", place=place)
    elif spec.tls == "edge" and not offers_http(first) and not spec.certificate:
        hint = "add certificate: {secretName: …}, not of a wildcard, and HTTP/2 at the ingress controller; "
        message = "gRPC through an edge Route needs a certificate of its own"
        own = models.place(whole.find_key("targets", NAME))
        yield problem("MY239", message, hint=f"{hint}or route: false", place=own)
    if spec.tls == "passthrough" and spec.certificate:
        own = models.place(whole.find_key("targets", NAME, "certificate"))
        yield problem("MY211", "the router has no certificate with tls: passthrough", hint="take it out", place=own)


def _check_split(models: DeclaredSet, model: DeclaredModel, spec: Spec) -> Iterator[Problem]:
    whole = model.whole
    if len(model.split) > MAX_BACKENDS:
        place = models.place(model.split[MAX_BACKENDS].name_mark)
        message = f"a Route splits calls between {MAX_BACKENDS} variants at most, and {model.name} has more"
        yield problem("MY239", message, hint="take variants out, or serve it on knative", place=place)
    if spec.hosts:
        yield from _check_hosts(models, model, spec)
    weights = [(each, _pods(each), each.percent or 0) for each in model.split]
    shares = [percent / pods for _, pods, percent in weights if pods]
    for served, pods, percent in weights:
        if percent and pods and MAX_WEIGHT * (percent / pods) / max(shares) < 1:
            place = models.place(served.percent_mark or whole.find_key("targets", NAME))
            message = f"{percent} percent over {pods} pods is less than Route weights can express: it gets more calls"
            yield problem("MY240", message, hint="give it fewer pods, or a larger share", place=place)


def _check_hosts(models: DeclaredSet, model: DeclaredModel, spec: Spec) -> Iterator[Problem]:
    place = models.place(model.whole.find_key("targets", NAME, "hosts"))
    missing = "variants" if not model.variants else "host" if "host" not in _declared(model) else ""
    if missing:
        hint = f"add {missing}:, or take it out"
        yield problem("MY239", f"hosts: per-variant needs {missing}", hint=hint, place=place)
    if missing or spec.host is None:
        return
    for served in model.variants:
        host = own_host(spec.host, served)
        if wrong := names.host(host):
            yield problem("MY203", f"the host {host} of {served.variant} {wrong}", hint="shorten it", place=place)


def _pods(served: Served) -> int:
    spec = spec_of(served, NAME, Spec)
    return spec.autoscale.max if spec.autoscale else 1 if spec.replicas is None else spec.replicas


def render(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Rendered:
    """Return the objects of a model, or of its variants and what lies over them."""
    rendered = Rendered()
    for served in model.served:
        rendered.manifests += _workload(models, model, served, templates)
    rendered.manifests += network_policy(models, model, NAME, templates)
    rendered.manifests += pod_monitor(models, model, NAME, "http", templates)
    rendered.manifests += measured(models, model, NAME, templates)
    rendered.manifests += deployments.over_variants(models, model, NAME, templates, port=PORT)
    if spec_of(model.whole, NAME, Spec).route:
        rendered.manifests += _routes(models, model, templates)
    return rendered


def _workload(models: DeclaredSet, model: DeclaredModel, served: Served, templates: Templates) -> Iterator[Manifest]:
    spec, ending = spec_of(served, NAME, Spec), _ending(served)
    base = base_name(model, NAME)
    name = object_name(base, served)
    container = Container(
        "http",
        ending.stays,
        claims=spec.volumeClaims or (),
        seconds=_timeout(model.whole),
        image=image_streams.reference(name, served) if spec.imageStream else None,
    )
    pods = pod(models, model, served, NAME, templates, behind(served, container))
    logged(models, model, served, templates, pods, ending, mirrors=[] if served.shadow else _mirrors(model))
    pods["podAnnotations"] = {"openshift.io/required-scc": SCC, **pods["podAnnotations"]}
    if spec.imageStream:
        yield from image_streams.render(models, served, base, name, templates, built=spec.buildConfig)
    yield from config_map(models, base, served, name, templates)
    yield from deployments.running(served, spec, pods, templates, grace=ending.grace, port=PORT)


def _mirrors(model: DeclaredModel) -> list[str]:
    """Return the addresses of shadows, which are beside the model in its namespace."""
    base = base_name(model, NAME)
    service = spec_of(model.whole, NAME, Spec).service
    number = service.port if service and service.port is not None else PORT
    return [derived(f"http://{object_name(base, each)}:{number}", each.variant) for each in model.shadows]


def _routes(models: DeclaredSet, model: DeclaredModel, templates: Templates) -> Iterator[Manifest]:
    base, spec = base_name(model, NAME), spec_of(model.whole, NAME, Spec)
    variants = variants_context(base, model.split)
    shared: dict[str, Any] = {
        "spec": spec,
        "path": _path(model, spec),
        "portName": "http" if offers_http(model.served[0].model) else "grpc",
        "insecure": "Redirect" if spec.redirect else None,
        "certificate": {"name": spec.certificate.secretName} if spec.certificate else None,
        "ownAnnotations": _annotations(model, spec),
    }
    context = common(models, base, model.whole, base) | {
        **shared,
        "host": spec.host,
        "first": variants[0] if variants else {"name": base, "percent": None},
        "others": variants[1:],
    }
    yield manifest("openshift/route.yaml", context, templates, model.whole)
    for served in model.variants if spec.hosts and spec.host else ():
        name = object_name(base, served)
        own = common(models, base, served, name) | {
            **shared,
            "host": own_host(spec.host or "", served),
            "first": {"name": name, "percent": None},
            "others": [],
        }
        yield manifest("openshift/route.yaml", own, templates, served)


def _path(model: DeclaredModel, spec: Spec) -> str | None:
    """Return the path of a Route; none where the router does not see it.

    The router takes a path and what is below it, so that of TensorFlow Serving, whose verbs follow a colon, ends above
    the model's name (openshift/router, pkg/router/template/util, GenerateRouteRegexp).
    """
    if spec.tls == "passthrough" or not offers_http(model.served[0].model):
        return None
    path = url_path(model)
    return derived(path.rpartition("/")[0] + "/", path) if model.served[0].model.runtime == "tensorflow" else path


def _annotations(model: DeclaredModel, spec: Spec) -> dict[str, str]:
    """Return the annotations of a Route. A client that keeps cookies would stay with one pod, and split nothing."""
    own = {f"{_ROUTER}/timeout": derived(f"{_timeout(model.whole)}s", spec.timeout)}
    if model.variants:
        own[f"{_ROUTER}/disable_cookies"] = "true"
    return {**own, **in_order(spec.annotations or {})}


def _timeout(served: Served) -> int:
    text = spec_of(served, NAME, Spec).timeout or ("60s" if served.model.runtime == "scr" else TIMEOUT)
    return derived(names.seconds(text), text)


def _ending(served: Served) -> Ending:
    """Return how a pod ends: calls in flight get their time."""
    rest = AFTER_CALLS if is_logged(served) else 0
    return endings.ending(served.model, STAYS, _timeout(served), rest=rest)
