"""Routes of OpenShift: where they lead, how they split calls, and whether a router took them.

Source: openshift/api, route/v1/types.go: a weight is from 0 to 256, and a share is the weight over the sum of all.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from modelyard.cluster.client import Client, Object
from modelyard.targets.workloads.objects import NAME_LABEL, VARIANT_LABEL

API: Final = "route.openshift.io/v1"
WHOLE: Final = 100  # percent


def over_models(routes: Sequence[Object]) -> dict[str, Object]:
    """Return the Routes over whole models, by the model's name."""
    found = {}
    for each in routes:
        labels = each["metadata"].get("labels") or {}
        if NAME_LABEL in labels and VARIANT_LABEL not in labels:
            found[labels[NAME_LABEL]] = each
    return found


def url(route: Object) -> str:
    """Return the address of a Route; empty while it has none."""
    admitted = (route.get("status") or {}).get("ingress") or [{}]
    host = route["spec"].get("host") or admitted[0].get("host") or ""
    return f"{'https' if route['spec'].get('tls') else 'http'}://{host}" if host else ""


def backends(route: Object) -> list[dict[str, Any]]:
    """Return what a Route leads to, each with its kind, name and weight; a weight that is not given is 100."""
    spec = route["spec"]
    return [{"weight": 100, **each} for each in (spec["to"], *(spec.get("alternateBackends") or []))]


def shares(route: Object) -> dict[str, int]:
    """Return the percent of each Service, rounded so that they come to 100; all 0 where no weight is above 0."""
    weights = {str(each["name"]): int(each["weight"]) for each in backends(route)}
    total = sum(weights.values())
    if not total:
        return dict.fromkeys(weights, 0)
    exact = {name: weight * WHOLE / total for name, weight in weights.items()}
    whole = {name: int(share) for name, share in exact.items()}
    for name in sorted(exact, key=lambda each: whole[each] - exact[each])[: WHOLE - sum(whole.values())]:
        whole[name] += 1
    return whole


def with_shares(route: Object, percents: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the operations that give each Service its percent as its weight."""
    first, *others = ({**each, "weight": percents[each["name"]]} for each in backends(route))
    return [
        {"op": "add", "path": "/spec/to", "value": first},
        *([{"op": "add", "path": "/spec/alternateBackends", "value": others}] if others else []),
    ]


def refusal(route: Object) -> str:
    """Return why a router does not take a Route; empty where none says so."""
    for router in (route.get("status") or {}).get("ingress") or []:
        for each in router.get("conditions") or []:
            if each.get("type") == "Admitted" and each.get("status") == "False":
                why = each.get("message") or each.get("reason")
                return f"the router {router.get('routerName', '')} refuses it: {why}"
    return ""


def find(client: Client) -> list[Object]:
    """Return all Routes of the namespace; none where the cluster has no such kind. Raises ClusterProblem."""
    return client.optional(API, "Route")
