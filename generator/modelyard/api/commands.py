"""What the commands of a cluster do, each with a connection of its own: for `modelyard.api`, and for the command line.

from modelyard import api

outcome = api.apply("overlays/test", how=api.Applying(wait=True))
for each in outcome.problems:
    print(each.message, each.hint)
for model in api.list():
    print(model.name, model.ready, model.url)

where: which cluster and namespace; those of the kubeconfig if absent. What a user or a server does wrong is in
`.problems`, and an error there says that the rest was not done; only `list` raises ClusterProblem.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from modelyard.api import cluster, edits
from modelyard.api.pipeline import Rendering, models_file, render, render_loaded
from modelyard.cluster import Client, ClusterProblem, Connection, connect
from modelyard.cluster.apply import Applied
from modelyard.cluster.client import Object
from modelyard.cluster.inventory import Model
from modelyard.cluster.split import Split
from modelyard.problems import Problem, has_errors
from modelyard.render.changes import Change, Difference

__all__ = [
    "HERE",
    "PLAINLY",
    "Applying",
    "Outcome",
    "apply",
    "apply_rendered",
    "delete",
    "diff",
    "list_models",
    "promote",
    "rollback",
    "traffic",
]


def _yes(_: Sequence[Object]) -> bool:
    return True


def _silent(_: str) -> None:
    pass


def _nothing() -> list[Problem]:
    return []


@dataclass(frozen=True, kw_only=True)
class Applying:
    """How objects are applied. wait: until all are ready, at most so many seconds. prune: remove what is not declared.

    force_conflicts: take over fields of other managers. handover: let a model's address change hands between a
    Knative Service and a Route. confirm: is asked before anything is removed. progress: is told of each step. compare:
    say in the outcome what has changed in the cluster.
    """

    wait: bool = False
    seconds: float = 300
    prune: bool = False
    force_conflicts: bool = False
    handover: bool = False
    compare: bool = False
    confirm: Callable[[Sequence[Object]], bool] = _yes
    progress: Callable[[str], None] = _silent


HERE: Final = Connection()
PLAINLY: Final = Applying()


@dataclass
class Outcome:
    """What a command did in a namespace. differences: what it changed in a models file or a split of calls.

    written: the models file that was changed. changes: what `Applying.compare` asks for.
    """

    namespace: str = ""
    applied: list[Applied] = field(default_factory=list)
    removed: list[Object] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    written: Path | None = None
    changes: list[Difference] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Tell whether something was not done."""
        return has_errors(self.problems)


def apply(file: str | Path = ".", *, where: Connection = HERE, how: Applying = PLAINLY) -> Outcome:
    """Render a models file and apply it, server-side and strictly; if one object would be refused, none is applied."""
    return apply_rendered(render(file), str(models_file(file)), where=where, how=how)


def apply_rendered(
    rendering: Rendering,
    shown: str,
    *,
    where: Connection = HERE,
    how: Applying = PLAINLY,
    before: Callable[[], list[Problem]] = _nothing,
    writes: Path | None = None,
) -> Outcome:
    """Do the same for what is rendered already; shown: what messages call its file.

    before: is called when the server would take all objects, and can still stop it with a problem. writes: the file
    that it writes.
    """

    def work(client: Client, outcome: Outcome) -> None:
        planned = cluster.plan(
            client,
            rendering,
            shown,
            namespace=where.namespace,
            prune=how.prune,
            force=how.force_conflicts,
            handover=how.handover,
            create_accounts=True,
        )
        outcome.namespace = client.namespace
        outcome.problems += planned.problems
        carried_out = False
        try:
            if not outcome.failed and (not planned.doomed or how.confirm(planned.doomed)):
                outcome.problems += before()
                if not outcome.failed:
                    outcome.changes = cluster.differences(client, planned) if how.compare else []
                    outcome.written = writes
                    carried_out = True
                    _carry_out(client, planned, outcome, how)
        finally:
            if not carried_out:
                cluster.withdraw(client, planned.created)

    return _connected(where, work) if _is_sound(rendering) else Outcome(problems=rendering.problems)


def _is_sound(rendering: Rendering) -> bool:
    """Tell whether a cluster need be asked at all."""
    return rendering.models is not None and not has_errors(rendering.problems)


def _carry_out(client: Client, planned: cluster.Plan, outcome: Outcome, how: Applying) -> None:
    outcome.applied, problems = cluster.apply(
        client, planned, force=how.force_conflicts, seconds=how.seconds, progress=how.progress
    )
    if how.wait and not problems:
        problems = cluster.wait(client, planned.objects, seconds=how.seconds, progress=how.progress)
    if planned.doomed and not problems:
        outcome.removed, problems = cluster.remove(client, planned.doomed, seconds=how.seconds)
    outcome.problems += problems


def diff(
    file: str | Path = ".", *, where: Connection = HERE, prune: bool = True, force_conflicts: bool = False
) -> Outcome:
    """Return in `.differences` what an apply would change; defaults of the server and of webhooks are no change."""
    rendering, shown = render(file), str(models_file(file))

    def work(client: Client, outcome: Outcome) -> None:
        planned = cluster.plan(client, rendering, shown, namespace=where.namespace, prune=prune, force=force_conflicts)
        outcome.namespace = client.namespace
        outcome.problems += planned.problems
        if not outcome.failed:
            outcome.differences = cluster.differences(client, planned)

    return _connected(where, work) if _is_sound(rendering) else Outcome(problems=rendering.problems)


def list_models(where: Connection = HERE) -> list[Model]:
    """Return the models of a namespace, also those that other tools deployed on Knative. Raises ClusterProblem."""
    with connect(where) as client:
        return cluster.models(client)


def delete(
    *names: str,
    revision: str = "",
    where: Connection = HERE,
    force: bool = False,
    seconds: float = 60,
    confirm: Callable[[Sequence[Object]], bool] = _yes,
) -> Outcome:
    """Delete models, or a revision that gets no calls, and wait until they are gone. force: also foreign ones."""

    def work(client: Client, outcome: Outcome) -> None:
        doomed, problems = cluster.revision_of(client, revision) if revision else ([], [])
        for name in names:
            objects, found = cluster.objects_of(client, name, force=force)
            doomed += objects
            problems += found
        outcome.problems += problems
        if not outcome.failed and confirm(doomed):
            outcome.removed, problems = cluster.remove(client, doomed, seconds=seconds)
            outcome.problems += problems

    return _connected(where, work)


def traffic(
    name: str,
    percents: Mapping[str, int],
    *,
    file: str | Path = ".",
    where: Connection = HERE,
    how: Applying | None = None,
) -> Outcome:
    """Give variants these percents of the calls; those that are not named keep theirs.

    In the models file, whose comments and layout stay, and with `how` also in the cluster. A model that no models
    file declares is changed in the cluster, where tags, revisions and @latest are named.
    """
    if edits.concerns(file, name):
        return _edited(lambda: edits.split(file, name, percents), where, how)
    return _split(where, lambda client: cluster.split(client, name, percents))


def promote(
    name: str,
    variant: str,
    *,
    file: str | Path = ".",
    where: Connection = HERE,
    how: Applying | None = None,
) -> Outcome:
    """Give one variant all calls; the others stay, with none. As `traffic`."""
    if edits.concerns(file, name):
        return _edited(lambda: edits.promote(file, name, variant), where, how)
    return _split(where, lambda client: cluster.all_to(client, name, variant))


def rollback(name: str, *, file: str | Path = ".", where: Connection = HERE, how: Applying | None = None) -> Outcome:
    """Give a model the image and percents of the models file's previous revision in git. As `traffic`."""
    return _edited(lambda: edits.rollback(file, name), where, how)


def _connected(where: Connection, work: Callable[[Client, Outcome], None]) -> Outcome:
    """Do some work with a client; what ends it ends up in the outcome."""
    outcome = Outcome()
    try:
        with connect(where) as client:
            outcome.namespace = client.namespace
            work(client, outcome)
    except ClusterProblem as error:
        outcome.problems.append(error.problem)
    return outcome


def _edited(planned: Callable[[], edits.Result], where: Connection, how: Applying | None) -> Outcome:
    """Write an edit, and with `how` apply what the file then gives; what the server would refuse is not written."""
    edit, problems = edits.written(planned) if how is None else planned()
    if edit is None:
        return Outcome(problems=problems)
    file = edit.file if edit.differences else None
    if how is None:
        outcome = Outcome(written=file)
    else:  # also where the file says it already: an earlier run may have come no further
        rendering = render_loaded(edit.loaded, edit.file.parent)
        outcome = apply_rendered(
            rendering, str(edit.file), where=where, how=how, before=lambda: edits.write(edit), writes=file
        )
    outcome.differences = edit.differences if outcome.written else []
    return outcome


def _split(where: Connection, planned: Callable[[Client], tuple[Split | None, list[Problem]]]) -> Outcome:
    """Change the split of calls of a model that lives in the cluster alone."""

    def work(client: Client, outcome: Outcome) -> None:
        found, problems = planned(client)
        outcome.problems += problems
        if found is not None:
            name = str(cluster.apply_split(client, found)["metadata"]["name"])
            changes = [Change(each, "percent", *pair) for each, pair in found.shares.items() if pair[0] != pair[1]]
            outcome.differences = [Difference(name, "changed", tuple(changes))] if changes else []

    return _connected(where, work)
