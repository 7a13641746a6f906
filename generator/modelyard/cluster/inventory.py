"""What is served in a namespace: models, their variants, revisions, and who deployed them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

from modelyard.cluster import endpoints
from modelyard.cluster import routes as openshift
from modelyard.cluster.client import Client, ClusterProblem, Object
from modelyard.cluster.faults import faults, is_troubled, worst
from modelyard.cluster.helm import is_known, known, part_of, release
from modelyard.cluster.prune import owned
from modelyard.cluster.readiness import State, state
from modelyard.targets.workloads.objects import NAME_LABEL, VARIANT_LABEL, lasting

SERVING: Final = "serving.knative.dev/v1"
_OF_SERVICE: Final = "serving.knative.dev/service"
_LOOKED_AT: Final = 3  # pods of a model whose events are read: what is wrong is mostly the same with all


@dataclass(frozen=True, slots=True)
class Variant:
    """What gets a share of a model's calls. name: empty without variants. percent: None where nothing says it."""

    name: str
    percent: int | None
    image: str
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """A model as the cluster serves it.

    part_of: the set, empty if another tool deployed it. ready: None if not yet. release: of Helm, if that installed it.
    """

    name: str
    namespace: str
    kind: str
    part_of: str
    ready: bool | None
    why: str
    url: str
    created: str
    variants: tuple[Variant, ...]
    release: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of a Knative Service. percent: its share of the model's calls."""

    name: str
    service: str
    ready: bool | None
    why: str
    image: str
    created: str
    percent: int


def models(client: Client) -> list[Model]:
    """Return all models of the client's namespace by name: ours, and Knative Services of other tools.

    Raises ClusterProblem.
    """
    services = client.optional(SERVING, "Service")
    routes = [each for each in client.optional(SERVING, "Route") if not owned(each)]
    of_routes = {name for route in routes for name in _configurations(route)}
    found = [_split(route, services) for route in routes]
    alone = [each for each in services if each["metadata"]["name"] not in of_routes]
    images = _revision_images(client) if any(len(_traffic(each)) > 1 for each in alone) else {}
    found += [_alone(each, images) for each in alone]
    workloads = chain.from_iterable(client.select("apps/v1", kind, known()) for kind in ("Deployment", "StatefulSet"))
    deployments = [each for each in workloads if is_known(each) and not owned(each)]
    if deployments:
        hosts = {
            _label(each, NAME_LABEL): _host(each) for each in client.select("networking.k8s.io/v1", "Ingress", known())
        }
        of_models = openshift.over_models(openshift.find(client))
        found += _deployed(deployments, hosts, of_models)
    of_aws = [_endpoint(each) for each in endpoints.served(client, known())]  # no pods here say anything of them
    return sorted([*_judged(client, found), *of_aws], key=lambda each: (each.name, each.kind))


def _judged(client: Client, found: Iterable[Model]) -> Iterator[Model]:
    """Yield models with what is wrong with their pods; one whose containers are restarted again and again is not ready.

    What pods say is left out where they may not be read.
    """
    troubled: dict[str, list[Object]] = {}
    for pod in _pods(client):
        if is_troubled(pod):
            troubled.setdefault(_label(pod, NAME_LABEL) or _label(pod, _OF_SERVICE), []).append(pod)
    for each in found:
        faulty = list(faults(client, troubled.get(each.name, [])[:_LOOKED_AT]))
        fault = worst(faulty)
        if fault and not (each.ready and not any(one.flaps for one in faulty)):
            why = "; ".join(filter(None, (each.why, str(fault))))
            yield replace(each, ready=False if each.ready else each.ready, why=why)
        else:
            yield each


def _pods(client: Client) -> list[Object]:
    try:
        return client.select("v1", "Pod", NAME_LABEL) + client.select("v1", "Pod", f"{_OF_SERVICE},!{NAME_LABEL}")
    except ClusterProblem as error:
        if error.problem.code == "MY703":
            return []
        raise


def revisions(client: Client) -> list[Revision]:
    """Return all revisions of the client's namespace by name. Raises ClusterProblem."""
    shares: dict[str, int] = {}
    # A Route over variants comes last: it says more than that of each variant's own Service.
    for route in sorted(client.optional(SERVING, "Route"), key=owned, reverse=True):
        own: dict[str, int] = {}
        for each in _traffic(route):
            name = each.get("revisionName", "")
            own[name] = own.get(name, 0) + (each.get("percent") or 0)
        shares |= own
    return [_revision(each, shares) for each in client.optional(SERVING, "Revision")]


def in_use(client: Client, revision: str) -> str:
    """Return the Route that names a revision, by a share of its calls or a tag; empty if none does."""
    for route in client.optional(SERVING, "Route"):
        if any(each.get("revisionName") == revision for each in _traffic(route)):
            return str(route["metadata"]["name"])
    return ""


def _revision(live: Object, shares: Mapping[str, int]) -> Revision:
    name, now = live["metadata"]["name"], state(live)
    service = _label(live, _OF_SERVICE) or _label(live, "serving.knative.dev/configuration")
    created = str(live["metadata"]["creationTimestamp"])
    return Revision(name, service, now.ready, now.why, _image(live["spec"]), created, shares.get(name, 0))


def _split(route: Object, services: Iterable[Object]) -> Model:
    by_name = {each["metadata"]["name"]: each for each in services}
    reported = {each.get("tag"): each for each in _traffic(route)}
    variants = []
    states = [state(route)]
    for each in route["spec"].get("traffic") or []:
        service = by_name.get(each.get("configurationName"))
        image = _image(service["spec"]["template"]["spec"]) if service else ""
        if service:
            states.append(state(service))
        now = reported.get(each.get("tag"), {})
        name = each.get("tag") or each.get("configurationName") or each.get("revisionName") or ""
        variants.append(Variant(name, now.get("percent", each.get("percent")) or 0, image, now.get("revisionName", "")))
    return _model(route, "Route", _worst(states), str((route.get("status") or {}).get("url", "")), variants)


def _alone(service: Object, images: Mapping[str, str]) -> Model:
    traffic = _traffic(service)
    image = _image(service["spec"]["template"]["spec"])
    if len(traffic) > 1:
        variants = [
            Variant(
                each.get("tag") or each["revisionName"],
                each.get("percent") or 0,
                images.get(each["revisionName"], image),
                each["revisionName"],
            )
            for each in traffic
        ]
    else:
        now = traffic[0] if traffic else {}
        variants = [Variant("", now.get("percent"), image, now.get("revisionName", ""))]
    return _model(service, "Service", state(service), str((service.get("status") or {}).get("url", "")), variants)


def _deployed(deployments: Iterable[Object], hosts: Mapping[str, str], routes: Mapping[str, Object]) -> Iterator[Model]:
    groups: dict[str, list[Object]] = {}
    for each in deployments:
        groups.setdefault(_label(each, NAME_LABEL), []).append(each)
    for name, group in groups.items():
        route = routes.get(name)
        shares = openshift.shares(route) if route else {}
        variants = [
            Variant(
                _label(each, VARIANT_LABEL),
                shares.get(each["metadata"]["name"]) if _label(each, VARIANT_LABEL) else None,
                _image(each["spec"]["template"]["spec"]),
            )
            for each in group
        ]
        yield _model(
            group[0],
            str(group[0]["kind"]),
            _worst([state(each) for each in (*group, *([route] if route else []))]),
            hosts.get(name) or (openshift.url(route) if route else ""),
            variants,
            name,
        )


def _endpoint(served: endpoints.Served) -> Model:
    variants = [Variant(*each) for each in served.shares] or [Variant("", None, "")]
    return _model(served.live, "Endpoint", _worst(served.states), "", variants, _label(served.live, NAME_LABEL))


def _model(live: Object, kind: str, now: State, url: str, variants: Iterable[Variant], name: str = "") -> Model:
    metadata = live["metadata"]
    called = name or metadata["name"]
    created = str(metadata["creationTimestamp"])
    return Model(
        called,
        metadata["namespace"],
        kind,
        part_of(live),
        now.ready,
        now.why,
        url,
        created,
        tuple(variants),
        release(live),
    )


def _worst(states: Iterable[State]) -> State:
    found = list(states)
    for wanted in (False, None):
        for each in found:
            if each.ready is wanted:
                return each
    return State(True)


def _traffic(live: Object) -> list[dict[str, Any]]:
    return (live.get("status") or {}).get("traffic") or []


def _configurations(route: Object) -> set[str]:
    return {each.get("configurationName", "") for each in route["spec"].get("traffic") or []}


def _revision_images(client: Client) -> dict[str, str]:
    return {each["metadata"]["name"]: _image(each["spec"]) for each in client.optional(SERVING, "Revision")}


def _image(pod: Mapping[str, Any]) -> str:
    """Return the image of the model's container in a pod's spec."""
    return next((str(each.get("image", "")) for _, _, each in lasting(pod)), "")


def _label(live: Object, key: str) -> str:
    return str((live["metadata"].get("labels") or {}).get(key, ""))


def _host(ingress: Object) -> str:
    rule = (ingress["spec"].get("rules") or [{}])[0]
    if not rule.get("host"):
        return ""
    return f"{'https' if ingress['spec'].get('tls') else 'http'}://{rule['host']}"
