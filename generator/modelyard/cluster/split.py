"""The split of calls of a model that lives in the cluster alone: of a Knative object, or of a Route of OpenShift."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from modelyard.cluster import routes
from modelyard.cluster.client import Client, Object
from modelyard.cluster.helm import release, unsplittable
from modelyard.cluster.inventory import SERVING
from modelyard.cluster.prune import owned
from modelyard.cluster.routes import WHOLE
from modelyard.manifests.names import one_of
from modelyard.problems import Problem, problem

LATEST: Final = "@latest"  # the name that Knative's own client gives the latest ready revision
# Not that of an apply, which then says who has split the calls, and takes it back only with --force-conflicts.
_MANAGER: Final = "modelyard-traffic"

Entry = dict[str, Any]


class Split(NamedTuple):
    """An object that splits calls, and the operations of a patch. shares: name -> percent before and after."""

    live: Object
    operations: list[dict[str, Any]]
    shares: dict[str, tuple[int, int]]


def split(client: Client, name: str, wanted: Mapping[str, int]) -> tuple[Split | None, list[Problem]]:
    """Return what a model's Service or Route would have as traffic; what is not named keeps its percent.

    wanted: tag, revision or @latest -> percent. Problems: MY710 no such model, MY715, MY730. Raises ClusterProblem.
    """
    live = _splitting(client, name)
    if live is not None and release(live):
        return None, [unsplittable(live, name, wanted.items())]
    if live is not None and live["apiVersion"] == routes.API:
        return _of_route(live, wanted)
    if live is None:
        hint = "`modelyard list` names what is there; only Knative and OpenShift split calls without a models file"
        message = f"no Knative Service and no Route {name} is in the namespace {client.namespace}"
        return None, [problem("MY710", message, hint=hint)]
    traffic = [dict(each) for each in live["spec"].get("traffic") or [{"latestRevision": True, "percent": WHOLE}]]
    before = {_name(each): each.get("percent") or 0 for each in traffic}
    new = (_entry(client, live, each) for each in wanted if each not in before)
    traffic += [entry for entry in new if entry]
    names = [_name(each) for each in traffic]
    if unknown := [each for each in wanted if each not in names]:
        known = [*names, *(each for each in _revisions(client, live) if each not in names)]
        message = f"{name} has no tag or revision {unknown[0]}"
        return None, [problem("MY715", message, hint=f"there are {one_of(known)}")]
    for entry in traffic:
        entry["percent"] = wanted.get(_name(entry), entry.get("percent") or 0)
    after = {_name(each): each["percent"] for each in traffic}
    if wrong := _wrong(name, after):
        return None, [wrong]
    operation = {"op": "add", "path": "/spec/traffic", "value": traffic}
    return Split(live, [operation], {each: (before.get(each, 0), after[each]) for each in after}), []


def _of_route(live: Object, wanted: Mapping[str, int]) -> tuple[Split | None, list[Problem]]:
    """Return what a Route of OpenShift would have. wanted: variant, or Service -> percent."""
    before = routes.shares(live)
    names = {_of_service(live, each): each for each in before}
    if unknown := [each for each in wanted if each not in names]:
        message = f"{live['metadata']['name']} has no variant {unknown[0]}"
        return None, [problem("MY715", message, hint=f"there are {one_of(list(names))}")]
    shares = {each: (before[service], wanted.get(each, before[service])) for each, service in names.items()}
    after = {each: share for each, (_, share) in shares.items()}
    if wrong := _wrong(live["metadata"]["name"], after):
        return None, [wrong]
    return Split(live, routes.with_shares(live, {names[each]: share for each, share in after.items()}), shares), []


def _of_service(route: Object, service: str) -> str:
    """Return the name of the variant that a Service of a Route is of; the Service's own if it is none of ours."""
    return service.removeprefix(f"{route['metadata']['name']}-")


def all_to(client: Client, name: str, chosen: str) -> tuple[Split | None, list[Problem]]:
    """Return the split in which one tag or revision gets all calls; the others stay, with none. As `split`."""
    live = _splitting(client, name)
    return split(client, name, {**dict.fromkeys(_names(live) if live else (), 0), chosen: WHOLE})


def _names(live: Object) -> list[str]:
    """Return what an object splits calls between."""
    if live["apiVersion"] == routes.API:
        return [_of_service(live, each) for each in routes.shares(live)]
    return [_name(each) for each in live["spec"].get("traffic") or [{"latestRevision": True}]]


def apply_split(client: Client, planned: Split) -> Object:
    """Patch the object as it was read, and return it. Raises ClusterProblem."""
    return client.patch(planned.live, planned.operations, manager=_MANAGER)


def _splitting(client: Client, name: str) -> Object | None:
    """Return the Route of Knative of a name that nobody owns, else the Service of it, else OpenShift's Route."""
    route = client.find(SERVING, "Route", name)
    if route and not owned(route):
        return route
    return client.find(SERVING, "Service", name) or client.find(routes.API, "Route", name)


def _name(entry: Mapping[str, Any]) -> str:
    latest = LATEST if entry.get("latestRevision", True) else ""
    return str(entry.get("tag") or entry.get("revisionName") or entry.get("configurationName") or latest)


def _entry(client: Client, live: Object, name: str) -> Entry | None:
    """Return the entry for a revision that has no share yet; None if the Service has no such revision."""
    if live["kind"] != "Service":
        return None
    if name == LATEST:
        return {"latestRevision": True}
    return {"revisionName": name, "latestRevision": False} if name in _revisions(client, live) else None


def _revisions(client: Client, live: Object) -> list[str]:
    if live["kind"] != "Service":
        return []
    selector = f"serving.knative.dev/service={live['metadata']['name']}"
    return [str(each["metadata"]["name"]) for each in client.select(SERVING, "Revision", selector)]


def _wrong(name: str, after: Mapping[str, int]) -> Problem | None:
    if outside := [each for each in after.values() if not 0 <= each <= WHOLE]:
        return problem("MY715", f"{outside[0]} is not a percent", hint=f"write an integer from 0 to {WHOLE}")
    total = sum(after.values())
    if total != WHOLE:
        shown = ", ".join(f"{each} {percent}" for each, percent in after.items())
        hint = f"give all percents that change, so that they add up to {WHOLE}"
        return problem("MY715", f"the percents of {name} would add up to {total}: {shown}", hint=hint)
    return None
