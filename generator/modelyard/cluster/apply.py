"""Server-side apply of a whole set: tried on the server first, then in order of dependency."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from modelyard.cluster.accounts import lacking, with_default_account, with_own_account
from modelyard.cluster.client import Client, ClusterProblem, Object
from modelyard.cluster.helm import taken
from modelyard.problems import Problem
from modelyard.targets.workloads.objects import NAME_LABEL, VARIANT_LABEL

FIELD_MANAGER: Final = "modelyard"
_APPLY: Final = "application/apply-patch+yaml"

Outcome = Literal["created", "changed", "unchanged"]


class Applied(NamedTuple):
    """An object as it is stored after the apply, and what the apply did to it."""

    live: Object
    outcome: Outcome

    def __str__(self) -> str:
        """Return kind, name and outcome."""
        return f"{called(self.live)} {self.outcome}"


def called(body: Object) -> str:
    """Return kind, group and name, as messages call an object."""
    group = str(body["apiVersion"]).rpartition("/")[0]
    kind = f"{body['kind']}.{group}" if group else body["kind"]
    return f"{kind} {body['metadata']['name']}"


def placed(client: Client, bodies: Iterable[Object]) -> list[Object]:
    """Return the objects with the client's namespace where they name none. Raises ClusterProblem for unknown kinds."""
    result = []
    for body in bodies:
        kind = client.kind(body["apiVersion"], body["kind"])
        metadata = body["metadata"]
        if kind.namespaced and not metadata.get("namespace"):
            body = {**body, "metadata": {**metadata, "namespace": client.namespace}}  # noqa: PLW2901 - the same object
            if "subjects" in body:  # of a RoleBinding: the API server wants the namespace of each account
                subjects = [{"namespace": client.namespace, **each} for each in body["subjects"]]
                body = {**body, "subjects": subjects}  # noqa: PLW2901
        result.append(body)
    return result


def apply_one(client: Client, body: Object, *, dry_run: bool, force: bool) -> Object:
    """Apply one object, strictly, and return it as the server has it. Raises ClusterProblem."""
    metadata = body["metadata"]
    query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", "force": str(force).lower()}
    if dry_run:
        query["dryRun"] = "All"
    path = client.kind(body["apiVersion"], body["kind"]).path(metadata.get("namespace", ""), metadata["name"])
    return client.call("PATCH", path, called(body), query=query, body=body, content_type=_APPLY)


class Tried(NamedTuple):
    """An object as it is live, None if it is not there, and as the server would make it."""

    live: Object | None
    wanted: Object


@dataclass
class Trial:
    """What the server would make of each object, and everything that it would refuse.

    created: ServiceAccounts that the trial has made, because admission asked for them.
    """

    tried: list[Tried] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    created: list[Object] = field(default_factory=list)


def try_all(
    client: Client, bodies: Sequence[Object], *, force: Callable[[Object], bool], create_accounts: bool
) -> Trial:
    """Try objects on the server, which changes nothing there.

    force: which objects take over fields of other managers. create_accounts: make a ServiceAccount of the set that
    admission asks for; if then something is refused, it is deleted. Else the objects are tried with the account
    that each namespace has. A server that does not answer is one problem, not one per object.
    """
    trial = Trial()
    try:
        for body in bodies:
            try:
                trial.tried.append(_tried(client, body, bodies, force, trial.created if create_accounts else None))
            except ClusterProblem as error:
                if error.problem not in trial.problems:  # that Helm has installed the set is said once
                    trial.problems.append(error.problem)
                if not error.answered:
                    break
    finally:
        if trial.problems or len(trial.tried) < len(bodies):
            withdraw(client, trial.created)
    return trial


def withdraw(client: Client, created: list[Object]) -> None:
    """Delete the ServiceAccounts that a trial has made; what cannot be deleted stays, for the next apply."""
    while created:
        with suppress(ClusterProblem):
            client.delete(created.pop())


def _tried(
    client: Client,
    body: Object,
    bodies: Iterable[Object],
    force: Callable[[Object], bool],
    created: list[Object] | None,
) -> Tried:
    live = find(client, body)
    if live and (refused := taken(live, (body["metadata"].get("labels") or {}).get("app.kubernetes.io/part-of", ""))):
        raise ClusterProblem(refused, answered=True)
    try:
        return Tried(live, apply_one(client, body, dry_run=True, force=force(body)))
    except ClusterProblem as error:
        account = lacking(error.problem, bodies)
        if account is None:
            raise
    if created is None:
        wanted = apply_one(client, with_default_account(body), dry_run=True, force=force(body))
        return Tried(live, with_own_account(wanted, body))
    created.append(apply_one(client, account, dry_run=False, force=force(account)))
    return Tried(live, apply_one(client, body, dry_run=True, force=force(body)))


def find(client: Client, body: Object) -> Object | None:
    """Return the live object of the same kind, namespace and name, or None. Raises ClusterProblem."""
    metadata = body["metadata"]
    return client.find(body["apiVersion"], body["kind"], metadata["name"], metadata.get("namespace"))


def predecessor(client: Client, body: Object) -> Object | None:
    """Return the newest live object that one whose name follows its content takes the place of, or None.

    It has the same kind, and the labels that selectors rest on. Raises ClusterProblem.
    """
    labels = body["metadata"]["labels"]
    keys = (NAME_LABEL, VARIANT_LABEL, "app.kubernetes.io/managed-by", "app.kubernetes.io/part-of")
    selector = ",".join(f"{key}={labels[key]}" if key in labels else f"!{key}" for key in keys)
    found = client.optional(body["apiVersion"], body["kind"], selector, body["metadata"].get("namespace"))
    return max(found, key=lambda each: str(each["metadata"]["creationTimestamp"]), default=None)


def apply_all(
    client: Client,
    bodies: Iterable[Object],
    *,
    force: bool,
    progress: Callable[[str], None],
    created: Iterable[Object] = (),
) -> tuple[list[Applied], list[Problem]]:
    """Apply objects that were tried, in their order; stops at the first problem, and says how far it came.

    created: those that the trial has made already.
    """
    fresh = {each["metadata"]["uid"] for each in created}
    done: list[Applied] = []
    for body in bodies:
        try:
            before = find(client, body)
            live = apply_one(client, body, dry_run=False, force=force)
        except ClusterProblem as error:
            return done, [error.problem]
        done.append(Applied(live, _outcome(before, live, fresh)))
        progress(str(done[-1]))
    return done, []


def _outcome(before: Object | None, live: Object, fresh: Collection[str]) -> Outcome:
    if before is None or before["metadata"]["uid"] in fresh:
        return "created"
    same = before["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]
    return "unchanged" if same else "changed"
