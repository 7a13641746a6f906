"""A name that would change hands between a Knative Service and a Route."""

from collections.abc import Iterable, Iterator

from modelyard.cluster.client import Client, Object
from modelyard.cluster.prune import owned
from modelyard.problem import Problem, problem

_SERVING = "serving.knative.dev/v1"
_HINT = (
    "delete the model with `modelyard delete {0}` and apply again, or give the new form another targets.knative.name"
)


def changed_forms(client: Client, bodies: Iterable[Object]) -> Iterator[Problem]:
    """Yield a problem for each model that gained or lost its list of variants. Raises ClusterProblem.

    A Service makes a Route of its own name (knative/serving v0.50.0, pkg/reconciler/service): one that it does not
    own makes it fail, and a Route that is applied over its own is overwritten.
    """
    for body in bodies:
        if body["apiVersion"] != _SERVING:
            continue
        metadata = body["metadata"]
        name, namespace = metadata["name"], metadata.get("namespace")
        if body["kind"] == "Route" and client.find(_SERVING, "Service", name, namespace):
            message = f"{name} has gained its list of variants: a Knative Service of that name serves it"
            yield problem("MY709", message, hint=_HINT.format(name))
        if body["kind"] == "Service":
            route = client.find(_SERVING, "Route", name, namespace)
            if route and not owned(route):
                message = f"{name} has lost its list of variants: a Route of that name splits its calls"
                yield problem("MY709", message, hint=_HINT.format(name))
