"""A models file and the cluster that serves it, and what else is served there.

from modelyard.api import cluster

with cluster.connect(cluster.Connection(namespace="scoring")) as client:
    for model in cluster.models(client):
        print(model.name, model.ready, model.url)

Every function raises ClusterProblem when the API server does not answer or does not permit a call.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from modelyard.api.pipeline import models_file, render
from modelyard.cluster import Client, ClusterProblem, Connection, connect
from modelyard.cluster.apply import Applied, apply_all, called, placed, try_all
from modelyard.cluster.client import Object
from modelyard.cluster.forms import changed_forms
from modelyard.cluster.inventory import Model, Revision, Variant, models, revisions
from modelyard.cluster.pods import conditions, waiting
from modelyard.cluster.prune import surplus
from modelyard.cluster.ready import wait
from modelyard.cluster.remove import objects_of, remove, revision_of
from modelyard.problem import Problem, has_errors, problem

__all__ = [
    "Applied",
    "Client",
    "ClusterProblem",
    "Connection",
    "Model",
    "Plan",
    "Revision",
    "Variant",
    "apply",
    "called",
    "conditions",
    "connect",
    "counted",
    "models",
    "objects_of",
    "plan",
    "remove",
    "revision_of",
    "revisions",
    "wait",
    "waiting",
]


def _silent(_: str) -> None:
    pass


@dataclass
class Plan:
    """What an apply will do: the objects that the server would take, and the live ones that would go.

    problems: if one is an error, nothing may be applied.
    """

    objects: list[Object] = field(default_factory=list)
    doomed: list[Object] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def plan(
    client: Client, file: str | Path = ".", *, namespace: str | None = None, prune: bool = False, force: bool = False
) -> Plan:
    """Render a models file, and try every object on the server. Changes nothing there.

    The file's namespace comes before that of the client, which is then in it; `namespace` is one that was asked for,
    and must be the same. prune: also find what the set no longer declares. force: take over fields that other
    managers own.
    """
    rendering = render(file)
    if rendering.models is None or has_errors(rendering.problems):
        return Plan(problems=rendering.problems)
    problems, name = list(rendering.problems), rendering.models.metadata.name
    client.namespace = rendering.models.spec.namespace or client.namespace
    if namespace and namespace != client.namespace:
        message = f"{models_file(file)} names the namespace {client.namespace}, and the command {namespace}"
        return Plan(problems=[*problems, problem("MY713", message, hint="leave out -n, or spec.namespace")])
    objects = placed(client, [each.body for each in rendering.objects])
    problems += changed_forms(client, objects)
    if has_errors(problems):
        return Plan(problems=problems)
    _, refused = try_all(client, objects, force=force)
    doomed = surplus(client, name, client.namespace, objects) if prune and not refused else []
    return Plan(objects, doomed, [*problems, *refused])


def apply(
    client: Client, planned: Plan, *, force: bool = False, progress: Callable[[str], None] = _silent
) -> tuple[list[Applied], list[Problem]]:
    """Apply what was planned, in order; stops at the first problem. What was done stays, and a re-run goes on."""
    if has_errors(planned.problems):
        return [], planned.problems
    return apply_all(client, planned.objects, force=force, progress=progress)


def counted(done: Iterable[Applied]) -> str:
    """Return the counts, such as `2 created, 5 unchanged`."""
    outcomes = [each.outcome for each in done]
    kinds = ("created", "changed", "unchanged")
    return ", ".join(f"{outcomes.count(kind)} {kind}" for kind in kinds if kind in outcomes) or "nothing"
