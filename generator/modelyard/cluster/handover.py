"""A name that changes hands between a Knative Service and a Route: refused, or handed over without a gap.

A Service makes a Configuration and a Route of its own name (knative/serving v0.50.0, pkg/reconciler/service): a Route
that it does not own makes it fail, and a Route that is applied over its own is overwritten.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from modelyard.cluster.client import Client, Object
from modelyard.cluster.delete import remove
from modelyard.cluster.prune import owned
from modelyard.cluster.wait import wait
from modelyard.problems import Problem, problem

_SERVING: Final = "serving.knative.dev/v1"
_OWNER: Final = "serving.knative.dev/service"
_MANAGER: Final = "modelyard-handover"
_HINT: Final = (
    "add --handover to move its address without a gap; or delete the model with `modelyard delete {0}` and apply "
    "again, or give the new form another targets.knative.name"
)


class Form(NamedTuple):
    """A model that gained or lost its list of variants. live: the Service or Route that serves it until then.

    Where a handover was stopped half-way, live is the Configuration that the Service has left.
    """

    live: Object
    gained: bool

    @property
    def name(self) -> str:
        """Name of the Service and of the Route."""
        return str(self.live["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Their namespace."""
        return str(self.live["metadata"]["namespace"])

    def refusal(self) -> Problem:
        """Return the problem that an apply without a handover ends with."""
        message = {
            "Service": f"{self.name} has gained its list of variants: a Knative Service of that name serves it",
            "Configuration": f"{self.name} was being handed over to its variants, and that was stopped half-way",
            "Route": f"{self.name} has lost its list of variants: a Route of that name splits its calls",
        }[self.live["kind"]]
        return problem("MY709", message, hint=_HINT.format(self.name))


def changed_forms(client: Client, bodies: Iterable[Object]) -> Iterator[Form]:
    """Yield the models that gained or lost their list of variants. Raises ClusterProblem."""
    for body in bodies:
        if body["apiVersion"] != _SERVING:
            continue
        name, namespace = body["metadata"]["name"], body["metadata"].get("namespace")
        if body["kind"] == "Route":
            live = client.find(_SERVING, "Service", name, namespace)
            live = live or client.find(_SERVING, "Configuration", name, namespace)
            if live and not owned(live):
                yield Form(live, gained=True)
        if body["kind"] == "Service":
            route = client.find(_SERVING, "Route", name, namespace)
            if route and not owned(route):
                yield Form(route, gained=False)


def is_handed_over(body: Object, forms: Iterable[Form]) -> bool:
    """Tell whether an object takes over the address: it can be applied only when nobody owns that any more."""
    key = (body["apiVersion"], body["kind"], body["metadata"]["name"])
    return any(key == (_SERVING, "Route", form.name) for form in forms if form.gained)


def replaced(client: Client, form: Form) -> list[Object]:
    """Return the live objects that a handover takes away, in the order in which they can go. Raises ClusterProblem."""
    if form.live["kind"] == "Configuration":
        return [form.live]
    if form.gained:
        configuration = client.find(_SERVING, "Configuration", form.name, form.namespace)
        return [form.live, *([configuration] if configuration else [])]
    names = {each.get("configurationName") for each in form.live["spec"].get("traffic") or []}
    found = client.optional(_SERVING, "Service", namespace=form.namespace)
    return [each for each in found if each["metadata"]["name"] in names and not owned(each)]


def release(client: Client, form: Form, *, seconds: float) -> list[Problem]:
    """Take a Service off its Route and Configuration, which go on serving, and delete it. Raises ClusterProblem.

    Until the new Route is applied nothing changes for who calls: its revisions stay, and so does its address.
    """
    for kind in ("Route", "Configuration"):
        live = client.find(_SERVING, kind, form.name, form.namespace)
        if live is not None and owned(live):
            operations = [*_removal(live, "ownerReferences"), *_removal(live, "labels", _OWNER)]
            client.patch(live, operations, manager=_MANAGER)
    services = [form.live] if form.live["kind"] == "Service" else []
    return remove(client, services, seconds=seconds, orphan=True)[1]


def adopt(client: Client, form: Form, *, seconds: float, progress: Callable[[str], None]) -> list[Problem]:
    """Give a Route to the Service of its name as soon as that one's Configuration is ready. Raises ClusterProblem."""
    service = client.find(_SERVING, "Service", form.name, form.namespace)
    route = client.find(_SERVING, "Route", form.name, form.namespace)
    if service is None or route is None:
        gone = f"{form.name} has been deleted meanwhile"
        return [problem("MY708", gone, hint="run the command again")]
    configuration = {
        "apiVersion": _SERVING,
        "kind": "Configuration",
        "metadata": {"name": form.name, "namespace": form.namespace},
    }
    if problems := wait(client, [configuration], seconds=seconds, progress=progress):
        return problems
    owner = {
        "apiVersion": _SERVING,
        "kind": "Service",
        "name": form.name,
        "uid": service["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    labels = {**(route["metadata"].get("labels") or {}), _OWNER: form.name}
    client.patch(route, [_add("ownerReferences", [owner]), _add("labels", labels)], manager=_MANAGER)
    return wait(client, [service], seconds=seconds, progress=progress)


def _removal(live: Object, field: str, key: str = "") -> list[Object]:
    held = live["metadata"].get(field) or {}
    pointer = f"/metadata/{field}" + (f"/{key.replace('/', '~1')}" if key else "")
    return [{"op": "remove", "path": pointer}] if held and (not key or key in held) else []


def _add(field: str, value: object) -> Object:
    return {"op": "add", "path": f"/metadata/{field}", "value": value}
