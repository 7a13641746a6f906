"""Where a live model takes calls: at an address outside the cluster, or in pods that a tunnel must lead to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from modelyard.cluster import routes
from modelyard.cluster.client import Client, ClusterProblem, Object
from modelyard.cluster.inventory import SERVING
from modelyard.cluster.prune import owned
from modelyard.cluster.readiness import state
from modelyard.manifests.names import TENSORFLOW_PATH, one_of, repository
from modelyard.problems import problem
from modelyard.targets.workloads.deployments import VARIANT_HEADER
from modelyard.targets.workloads.objects import NAME_LABEL, VARIANT_LABEL, lasting
from modelyard.targets.workloads.pods import APP_PATH

_QUEUE: Final = "queue-port"  # of Knative's queue-proxy (knative/serving, pkg/reconciler/revision/resources/queue.go)
_MODEL: Final = "--model_name="  # of TensorFlow Serving
_GATEWAY: Final = "gateway.networking.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Sought:
    """Which model. names: of its objects. inside: an address that only the cluster knows will do."""

    names: tuple[str, ...]
    variant: str | None = None
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """Where calls go. url: with host alone; headers: that each call needs; path: as the live object shows it.

    Without a URL: selector and port (a number, or the names that it may have) of pods.
    """

    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    path: str = ""
    selector: str = ""
    port: int | tuple[str, ...] = 0


def entry(client: Client, sought: Sought) -> Entry:
    """Return where a model takes calls. Raises ClusterProblem, also for a model that takes none."""
    found = [*_knative(client, sought), *_deployed(client, sought)]
    if not found:
        message = f"there is no model {sought.names[0]} in the namespace {client.namespace} of {client.host}"
        raise ClusterProblem(
            problem("MY710", message, hint="`modelyard list` names what is there; -n names another namespace")
        )
    if len(found) > 1:
        kinds = one_of([f"{each['kind']} {each['metadata']['name']}" for each in found])
        raise _closed(f"{sought.names[0]} may be {kinds}", "choose one by its URL")
    live = found[0]
    return _of_knative(client, sought, live) if live["apiVersion"] == SERVING else _of_deployment(client, sought, live)


def _closed(message: str, hint: str) -> ClusterProblem:
    return ClusterProblem(problem("MY816", message, hint=hint))


def _label(live: Object, key: str) -> str:
    return str((live["metadata"].get("labels") or {}).get(key, ""))


def _is(live: Object, names: Sequence[str]) -> bool:
    return live["metadata"]["name"] in names or _label(live, NAME_LABEL) in names


def _knative(client: Client, sought: Sought) -> list[Object]:
    """Return the Route over variants, or else the Knative Service."""
    routes = [each for each in client.optional(SERVING, "Route") if not owned(each) and _is(each, sought.names)]
    if routes:
        return routes
    services = [each for each in client.optional(SERVING, "Service") if _is(each, sought.names)]
    return [each for each in services if not _label(each, VARIANT_LABEL)]


def _deployed(client: Client, sought: Sought) -> list[Object]:
    """Return the Service over all pods of a model that runs without Knative."""
    found = [each for each in client.select("v1", "Service") if _is(each, sought.names) and not owned(each)]
    plain = [each for each in found if each["spec"].get("selector") and not _label(each, VARIANT_LABEL)]
    # A StatefulSet has one without an address besides; that is the only one where others have written it.
    return [each for each in plain if each["spec"].get("clusterIP") != "None"] or plain


def _of_knative(client: Client, sought: Sought, live: Object) -> Entry:
    status = live.get("status") or {}
    traffic: list[dict[str, Any]] = status.get("traffic") or []
    url = str(status.get("url") or "")
    if sought.variant:
        tagged = next((each for each in traffic if each.get("tag") == sought.variant), None)
        if tagged is None:
            raise _unknown(sought, [str(each["tag"]) for each in traffic if each.get("tag")])
        traffic, url = [tagged], str(tagged.get("url") or "")
    elif own := _mapped(client, live):
        url = own
    if not url or not traffic:
        why = state(live).why or "it has no address yet"
        raise _closed(f"{sought.names[0]} is not ready: {why}", f"`modelyard status {sought.names[0]}` says more")
    path = _path(live, _pod_spec(client, live))
    if sought.inside or not _is_local(url, client.namespace):
        return Entry(url, path=path)
    revisions = sorted({str(each["revisionName"]) for each in traffic if sought.variant or each.get("percent")})
    if len(revisions) > 1:
        hint = "choose a variant with --variant, or give the cluster's gateway with --ingress HOST:PORT"
        raise _closed(f"{url} is reachable only inside the cluster, and its calls are split", hint)
    return Entry(path=path, selector=f"serving.knative.dev/revision={revisions[0]}", port=(_QUEUE, "user-port"))


def _unknown(sought: Sought, variants: Iterable[str]) -> ClusterProblem:
    names = sorted(variants)
    hint = f"there are {', '.join(names)}" if names else "it has no variants"
    return ClusterProblem(problem("MY801", f"{sought.names[0]} has no variant {sought.variant}", hint=hint))


def _readable(client: Client, api_version: str, kind: str) -> list[Object]:
    """Return all objects of a kind that may hold an address, or none where they may not be read."""
    try:
        return client.optional(api_version, kind)
    except ClusterProblem as error:
        if error.problem.code == "MY703":
            return []
        raise


def _mapped(client: Client, live: Object) -> str:
    """Return the address of a DomainMapping to a Service or Route, if there is one that is ready."""
    wanted = (live["kind"], live["metadata"]["name"])
    for each in _readable(client, "serving.knative.dev/v1beta1", "DomainMapping"):
        ref = each["spec"]["ref"]
        if (ref.get("kind"), ref.get("name")) == wanted and state(each).ready:
            return str((each.get("status") or {}).get("url") or "")
    return ""


def _is_local(url: str, namespace: str) -> bool:
    """Tell whether an address is one of the cluster's own DNS, whatever its domain: NAME.NAMESPACE.svc.DOMAIN."""
    return f".{namespace}.svc." in f"{urlsplit(url).hostname}."


def _pod_spec(client: Client, live: Object) -> Object:
    """Return the spec of the pods of a Knative Service, or of the first that a Route leads to."""
    if live["kind"] == "Route":
        name = (live["spec"].get("traffic") or [{}])[0].get("configurationName", "")
        found = client.find(SERVING, "Configuration", name) if name else None
        return dict(found["spec"]["template"]["spec"]) if found else {}
    return dict(live["spec"]["template"]["spec"])


def _path(live: Object, pod: Object) -> str:
    """Return the path that a model answers to: what SAS Container Runtime is told, else the name of its image."""
    container = next((each for _, _, each in lasting(pod)), {})
    told = next((each.get("value") for each in container.get("env") or [] if each["name"] == APP_PATH), None)
    served = next((word.removeprefix(_MODEL) for word in container.get("args") or [] if word.startswith(_MODEL)), None)
    if served:
        return f"{TENSORFLOW_PATH}{served}"
    image = str(container.get("image") or "")
    path = str(told or "/" + repository(image).rpartition("/")[2])
    return TENSORFLOW_PATH.rstrip("/") + path if _label(live, "app.kubernetes.io/component") == "tensorflow" else path


def _of_deployment(client: Client, sought: Sought, live: Object) -> Entry:
    selector: dict[str, str] = dict(live["spec"]["selector"])
    if sought.variant:
        selector[VARIANT_LABEL] = sought.variant
    text = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    pods = client.select("v1", "Pod", text)
    if not pods:
        raise _without_pods(client, sought, live)
    path = _path(live, pods[0]["spec"])
    for found in _outside(client, sought, live["metadata"]["name"]):
        return Entry(found.url, found.headers, found.path or path)
    if sought.inside:
        message = f"{sought.names[0]} has no Ingress, HTTPRoute or Route"
        raise _closed(message, "leave out --ingress: then a tunnel leads to its pods")
    port = (live["spec"].get("ports") or [{}])[0]
    target = port.get("targetPort") or port.get("port") or 0
    return Entry(path=path, selector=text, port=target if isinstance(target, int) else (str(target),))


def _without_pods(client: Client, sought: Sought, live: Object) -> ClusterProblem:
    name = sought.names[0]
    if sought.variant:
        selector = ",".join(f"{key}={value}" for key, value in sorted(live["spec"]["selector"].items()))
        every = {_label(each, VARIANT_LABEL) for each in client.select("v1", "Pod", selector)} - {""}
        return _unknown(sought, every)
    return _closed(f"{name} has no pod", f"scale it up; `modelyard status {name}` says more")


def _outside(client: Client, sought: Sought, service: str) -> Iterator[Entry]:
    """Yield addresses outside the cluster. Only an HTTPRoute or a Route of ours can lead to one variant."""
    for each in _readable(client, _GATEWAY, "HTTPRoute"):
        hosts = each["spec"].get("hostnames") or []
        if _is(each, (*sought.names, service)) and hosts:
            headers = ((VARIANT_HEADER, sought.variant),) if sought.variant else ()
            yield Entry(f"{_scheme(client, each)}://{hosts[0]}", headers)
    for each in _readable(client, routes.API, "Route"):
        leads = _is(each, sought.names) or service in [one["name"] for one in routes.backends(each)]
        if leads and _label(each, VARIANT_LABEL) == (sought.variant or "") and routes.url(each):
            yield Entry(routes.url(each))
    if sought.variant:
        return
    for each in _readable(client, "networking.k8s.io/v1", "Ingress"):
        for rule in each["spec"].get("rules") or []:
            paths = [path for path in (rule.get("http") or {}).get("paths") or [] if _leads(path, service)]
            if rule.get("host") and paths:
                scheme = "https" if each["spec"].get("tls") else "http"
                yield Entry(f"{scheme}://{rule['host']}", path=str(paths[0].get("path") or "").rstrip("/"))


def _leads(path: Object, service: str) -> bool:
    """Tell whether a path of an Ingress, and what is below it, leads to a Service."""
    named = ((path.get("backend") or {}).get("service") or {}).get("name")
    return named == service and path.get("pathType") != "Exact"


def _scheme(client: Client, route: Object) -> str:
    """Return the scheme of the Gateway's listener; http if that may not be read."""
    parent = (route["spec"].get("parentRefs") or [{}])[0]
    try:
        gateway = client.find(_GATEWAY, "Gateway", parent.get("name", ""), parent.get("namespace"))
    except ClusterProblem:
        gateway = None
    listeners = gateway["spec"].get("listeners") or [] if gateway else []
    named = [each for each in listeners if parent.get("sectionName") in (None, each.get("name"))]
    return "https" if any(each.get("protocol") == "HTTPS" for each in named) else "http"
