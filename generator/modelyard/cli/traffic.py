"""traffic, promote and rollback: who gets the calls of a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from modelyard.cli.connection import FIVE_MINUTES, Apply, Context, Kubeconfig, Namespace, Timeout, Wait, beside
from modelyard.cli.messages import notified, stop_on_errors, tell
from modelyard.cli.options import File, Notify, Outside
from modelyard.cli.outcomes import finish

if TYPE_CHECKING:
    from modelyard.api.commands import Applying, Outcome
    from modelyard.api.notices import Event
    from modelyard.cluster import Connection

_SHORT: Final = 12  # digits of a commit
Name = Annotated[str, typer.Argument(help="Name of the model.")]
Commit = Annotated[
    bool,
    typer.Option(
        "--commit", help="Commit the models file, with trailers that say which version is served: `modelyard history`."
    ),
]


def traffic(  # noqa: PLR0913 - typer's way to declare options
    name: Name,
    shares: Annotated[
        list[str], typer.Argument(metavar="VARIANT=PERCENT...", help="Percent of a variant, such as champion=80.")
    ],
    file: File = Path(),
    _outside: Outside = None,
    *,
    to_cluster: Apply = False,
    wait: Wait = False,
    timeout: Timeout = FIVE_MINUTES,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Split the calls of a model between its variants; those that are not named keep their percent.

    The models file is changed in place, comments and layout stay, and --apply brings it into the cluster. A model that
    the models file does not declare is changed in the cluster, where tags, revisions and @latest are named.
    """
    from modelyard.api import commands

    _check_where(name, file, namespace, context, kubeconfig, to_cluster=to_cluster)
    where, how = beside(file, namespace, context, kubeconfig), _how(to_cluster=to_cluster, wait=wait, seconds=timeout)
    outcome = commands.traffic(name, _percents(shares), file=file, where=where, how=how)
    _finish(outcome, file, applied=how is not None, waited=wait)


def promote(  # noqa: PLR0913 - typer's way to declare options
    name: Name,
    variant: Annotated[
        str, typer.Argument(help="Variant; for a model that is only in the cluster, a tag or revision.")
    ],
    file: File = Path(),
    _outside: Outside = None,
    *,
    commit: Commit = False,
    notify: Notify = False,
    to_cluster: Apply = False,
    wait: Wait = False,
    timeout: Timeout = FIVE_MINUTES,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Give one variant all calls of a model. The others stay with 0 percent, and can still be called by their tag."""
    from modelyard.api import commands

    _check_where(name, file, namespace, context, kubeconfig, to_cluster=to_cluster)
    where, how = beside(file, namespace, context, kubeconfig), _how(to_cluster=to_cluster, wait=wait, seconds=timeout)
    outcome = commands.promote(name, variant, file=file, where=where, how=how)
    _finish(outcome, file, applied=how is not None, waited=wait)
    if commit:
        _commit(outcome, file, name, f"Promote {variant} of {name}")
    if notify:
        _notify(outcome, file, "promoted", where if to_cluster else None)


def rollback(  # noqa: PLR0913 - typer's way to declare options
    name: Name,
    file: File = Path(),
    _outside: Outside = None,
    *,
    commit: Commit = False,
    notify: Notify = False,
    to_cluster: Apply = False,
    wait: Wait = False,
    timeout: Timeout = FIVE_MINUTES,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Give a model the image and percents that the models file had before, by git.

    That is the newest commit in which they differ from those in the file; all else in the file stays. Called again
    after a commit, it goes back to where it came from.
    """
    from modelyard.api import commands

    where, how = beside(file, namespace, context, kubeconfig), _how(to_cluster=to_cluster, wait=wait, seconds=timeout)
    outcome = commands.rollback(name, file=file, where=where, how=how)
    _finish(outcome, file, applied=how is not None, waited=wait)
    if commit:
        _commit(outcome, file, name, f"Roll back {name}")
    if notify:
        _notify(outcome, file, "rolled back", where if to_cluster else None)


def _check_where(name: str, file: Path, *cluster: str, to_cluster: bool) -> None:
    """Leave with wrong usage if a cluster is named, and the models file alone would change."""
    from modelyard.api import edits, models_file

    if any(cluster) and not to_cluster and edits.declares(file, name):
        message = f"{models_file(file)} declares {name}, and no cluster is changed without --apply"
        raise typer.BadParameter(f"{message}: leave out --namespace, --context and --kubeconfig, or add it")


def _commit(outcome: "Outcome", file: Path, name: str, subject: str) -> None:
    """Commit what was written; leaves with 1 where git refuses."""
    from modelyard.api import commits

    if outcome.written:
        made, problems = commits.commit(file, name, subject, outcome.differences)
        stop_on_errors(problems)
        tell(f"committed {outcome.written} as {made[:_SHORT]}")


def _notify(outcome: "Outcome", file: Path, event: "Event", where: "Connection | None") -> None:
    from modelyard.api import notices

    notified(*notices.send(file, event, outcome.differences, where=where))


def _how(*, to_cluster: bool, wait: bool, seconds: float) -> "Applying | None":
    from modelyard.api.commands import Applying

    return Applying(wait=wait, seconds=seconds, progress=tell) if to_cluster else None


def _percents(shares: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in shares:
        name, _, percent = each.partition("=")
        if not name or not percent.isdecimal() or not percent.isascii() or len(percent) > 9 or name in found:
            raise typer.BadParameter(f"{each} is not VARIANT=PERCENT, such as champion=80, each variant once")
        found[name] = int(percent)
    return found


def _finish(outcome: "Outcome", file: Path, *, applied: bool, waited: bool) -> None:
    finish(outcome, waited=waited)
    if not outcome.differences:
        tell("the calls are already split like this")
    elif outcome.written and not applied:
        tell(f"Next: modelyard render -f {file}, or modelyard apply -f {file}")
