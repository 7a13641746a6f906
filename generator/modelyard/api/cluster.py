"""A models file and the cluster that serves it, and what else is served there.

from modelyard.api import cluster

with cluster.connect(cluster.Connection(namespace="scoring")) as client:
    for model in cluster.models(client):
        print(model.name, model.ready, model.url)

Every function raises ClusterProblem when the API server does not answer or does not permit a call. What needs one
call only, with a connection of its own, is in `modelyard.api`: apply, list, delete, traffic.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from modelyard.api.pipeline import Rendering
from modelyard.cluster import Client, ClusterProblem, Connection, connect
from modelyard.cluster.apply import Applied, Tried, apply_all, called, placed, predecessor, try_all, withdraw
from modelyard.cluster.client import Object
from modelyard.cluster.delete import objects_of, remove, revision_of
from modelyard.cluster.explain import conditions, waiting
from modelyard.cluster.handover import Form, adopt, changed_forms, is_handed_over, release, replaced
from modelyard.cluster.inventory import Model, Revision, Variant, models, revisions
from modelyard.cluster.logs import Line, Wanted, read, sources
from modelyard.cluster.prune import foreign, surplus
from modelyard.cluster.split import Split, all_to, apply_split, split
from modelyard.cluster.wait import wait
from modelyard.problems import Problem, has_errors, problem
from modelyard.render.changes import Difference, Pair, of_objects, owner_of

__all__ = [
    "Applied",
    "Client",
    "ClusterProblem",
    "Connection",
    "Line",
    "Model",
    "Plan",
    "Revision",
    "Split",
    "Variant",
    "Wanted",
    "all_to",
    "apply",
    "apply_split",
    "called",
    "conditions",
    "connect",
    "counted",
    "differences",
    "models",
    "objects_of",
    "plan",
    "read",
    "remove",
    "revision_of",
    "revisions",
    "sources",
    "split",
    "wait",
    "waiting",
    "withdraw",
]


def _silent(_: str) -> None:
    pass


@dataclass
class Plan:
    """What an apply will do: the objects that the server would take, and the live ones that would go.

    problems: if one is an error, nothing may be applied. tried: live and wanted state of each object. forms: the
    models whose address is handed over. created: ServiceAccounts that were made for the trial; `withdraw` them if
    the plan is not carried out.
    """

    rendering: Rendering
    objects: list[Object] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    doomed: list[Object] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    created: list[Object] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def plan(  # noqa: PLR0913 - choices that have nothing to do with each other
    client: Client,
    rendering: Rendering,
    shown: str,
    *,
    namespace: str | None = None,
    prune: bool = False,
    force: bool = False,
    handover: bool = False,
    create_accounts: bool = False,
) -> Plan:
    """Try every object of a rendering on the server; shown: what messages call its file. Changes nothing there.

    Only create_accounts makes a ServiceAccount of the set, where admission asks for it before it takes the others.

    The file's namespace comes before that of the client, which is then in it; `namespace` is one that was asked for,
    and must be the same. prune: also find what the set no longer declares. force: take over fields that other
    managers own. handover: let the address of a model that gained or lost its list of variants change hands, in
    place of the error MY709.
    """
    planned = Plan(rendering, problems=list(rendering.problems))
    if rendering.models is None or has_errors(rendering.problems):
        return planned
    client.namespace = rendering.models.spec.namespace or client.namespace
    if namespace and namespace != client.namespace:
        message = f"{shown} names the namespace {client.namespace}, but the command names {namespace}"
        planned.problems.append(problem("MY713", message, hint="leave out -n, or spec.namespace"))
        return planned
    objects = placed(client, [each.body for each in rendering.objects])
    planned.forms = list(changed_forms(client, objects))
    if planned.forms and not handover:
        planned.problems += [each.refusal() for each in planned.forms]
        return planned
    set_name = rendering.models.metadata.name
    if _try(client, planned, objects, set_name, force=force, create_accounts=create_accounts):
        planned.objects = objects
        planned.doomed = _doomed(client, planned, set_name, prune=prune)
    return planned


def _try(
    client: Client, planned: Plan, objects: list[Object], set_name: str, *, force: bool, create_accounts: bool
) -> bool:
    """Try all objects, and tell whether the server would take them; else no account that was made for it stays."""
    trial = try_all(
        client,
        objects,
        force=lambda body: force or is_handed_over(body, planned.forms),
        create_accounts=create_accounts,
    )
    planned.tried, planned.created = trial.tried, trial.created
    planned.problems += [*trial.problems, *foreign((each.live for each in planned.tried), set_name)]
    if has_errors(planned.problems):
        withdraw(client, planned.created)
        return False
    return True


def _doomed(client: Client, planned: Plan, set_name: str, *, prune: bool) -> list[Object]:
    """Return the live objects that a handover takes away, and those that the set does not declare."""
    doomed = [each for form in planned.forms for each in replaced(client, form)]
    if not prune:
        return doomed
    # A Route that is handed over belongs to a Service afterwards.
    known = {each["metadata"]["uid"] for each in (*doomed, *(form.live for form in planned.forms))}
    found = surplus(client, set_name, client.namespace, planned.objects)
    return doomed + [each for each in found if each["metadata"]["uid"] not in known]


def differences(client: Client, planned: Plan) -> list[Difference]:
    """Return what applying a plan without errors would change, in the words of the models file."""
    declared = planned.rendering.models
    if declared is None:
        return []
    pairs, replaced_ = [], set()
    for manifest, tried in zip(planned.rendering.objects, planned.tried, strict=True):
        live = tried.live or (predecessor(client, tried.wanted) if manifest.hashed else None)
        replaced_.add(live["metadata"]["uid"] if live else "")
        pairs.append(Pair(manifest.model or "", live, tried.wanted))
    doomed = [each for each in planned.doomed if each["metadata"]["uid"] not in replaced_]
    pairs += [Pair(owner_of(declared, each), each, None) for each in doomed]
    return of_objects(declared, pairs)


def apply(
    client: Client,
    planned: Plan,
    *,
    force: bool = False,
    seconds: float = 300,
    progress: Callable[[str], None] = _silent,
) -> tuple[list[Applied], list[Problem]]:
    """Apply what was planned, in order; stops at the first problem. What was done stays, and a re-run goes on.

    Addresses are handed over on the way: what takes over is ready before anything is taken away. seconds: how long
    that is waited for, each time. What a plan prunes is left to `remove`.
    """
    if has_errors(planned.problems):
        return [], planned.problems
    late = [each for each in planned.objects if is_handed_over(each, planned.forms)]
    first = [each for each in planned.objects if each not in late]
    done, problems = apply_all(client, first, force=force, progress=progress, created=planned.created)
    gained = [each for each in planned.forms if each.gained]
    if gained and not problems:
        problems = wait(client, _variants(first, late), seconds=seconds, progress=progress)
    for form in gained if not problems else ():
        problems += release(client, form, seconds=seconds)
        progress(f"{form.name}: its Route and Configuration serve alone")
    if late and not problems:
        more, problems = apply_all(client, late, force=True, progress=progress)
        done += more
        problems = problems or wait(client, late, seconds=seconds, progress=progress)
    for form in planned.forms:
        if not form.gained and not problems:
            problems += adopt(client, form, seconds=seconds, progress=progress)
    return done, problems


def _variants(objects: Iterable[Object], routes: Iterable[Object]) -> Iterator[Object]:
    """Yield the Services that routes lead to."""
    names = {each["configurationName"] for route in routes for each in route["spec"]["traffic"]}
    for each in objects:
        if each["kind"] == "Service" and each["metadata"]["name"] in names:
            yield each


def counted(done: Iterable[Applied]) -> str:
    """Return the counts, such as `2 created, 5 unchanged`."""
    outcomes = [each.outcome for each in done]
    kinds = ("created", "changed", "unchanged")
    return ", ".join(f"{outcomes.count(kind)} {kind}" for kind in kinds if kind in outcomes) or "nothing"
