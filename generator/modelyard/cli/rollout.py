"""rollout: a challenger that gets more calls step by step, as long as it passes the gate."""

from datetime import UTC
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from modelyard.cli.calling import CaFile, Domain, Header, Ingress, TokenFile, headers_of
from modelyard.cli.connection import Context, Kubeconfig, Namespace, connection
from modelyard.cli.durations import Seconds, duration
from modelyard.cli.messages import stop_on_errors, tell
from modelyard.cli.moments import At
from modelyard.cli.options import File, Outside
from modelyard.problems import has_errors, printable

if TYPE_CHECKING:
    from modelyard.api.rollout_commits import Outcome

_HOUR: Final = Seconds(3_600)
_DAY: Final = Seconds(86_400)
_SHORT: Final = 12  # digits of a commit

Window = Annotated[
    float,
    typer.Option(parser=duration, metavar="DURATION", help="How much of the log a running challenger is judged by."),
]
ReplayWindow = Annotated[
    float, typer.Option(parser=duration, metavar="DURATION", help="How much of it is replayed before the first call.")
]


def _steps(text: str) -> tuple[int, ...]:
    words = text.split(",")
    found = [int(each) for each in words if each.isascii() and each.isdecimal() and len(each) <= 3]
    if len(found) < len(words) or not all(0 < each <= 100 for each in found):
        raise typer.BadParameter(f"{text} is not a list of percents such as 5,20,50,100")
    if any(one >= other for one, other in pairwise(found)):
        raise typer.BadParameter(f"{text} does not rise with each step")
    return tuple(found)


def rollout(  # noqa: PLR0913 - a command has the options that it has
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    steps: Annotated[str, typer.Option(metavar="PERCENTS", help="Percents, one after the other.")] = "5,20,50,100",
    variant: Annotated[str, typer.Option(help="Variant that is rolled out.")] = "challenger",
    window: Window = _HOUR, replay_window: ReplayWindow = _DAY, at: At = None,
    again: Annotated[bool, typer.Option("--again", help="Begin again with a version that was taken back.")] = False,
    push: Annotated[
        bool, typer.Option("--push", help="Make a commit, and push it to the remote's branch of HEAD's name.")
    ] = False,
    pull_request: Annotated[
        bool, typer.Option("--pull-request", help="Push it as a branch, and open a pull request by gh or glab.")
    ] = False,
    ingress: Ingress = "", domain: Domain = "", namespace: Namespace = "", context: Context = "",
    kubeconfig: Kubeconfig = "", header: Header = None, token_file: TokenFile = None, ca_file: CaFile = "",
) -> None:  # fmt: skip
    """Give a challenger more calls step by step, each a commit, as long as it passes the gate; else take it back.

    A step a run, in CI or a CronJob. With no calls yet, what the champion has answered is replayed; then errors,
    latency and scores in the request log are held against the model's `gate`. One that does not pass gets 0 percent and
    exit code 1, and the same version is not begun with again. With too few calls nothing changes. Without --push and
    --pull-request the models file is edited in place.
    """
    from modelyard.api import rollout as api
    from modelyard.api.replay import Rows
    from modelyard.api.scoring import Route

    moment = at.replace(tzinfo=UTC) if at else None
    where = (namespace, context, kubeconfig)
    wanted = api.Wanted(
        variant, _steps(steps), window, moment, Rows(window=replay_window, at=moment),
        Route("", ingress, domain, headers=headers_of(header or [], token_file), ca_file=ca_file),
        where=connection(*where) if any(where) else None, again=again,
    )  # fmt: skip
    outcome = api.step(file, name, wanted, push=push, pull_request=pull_request)
    _say(outcome, file)
    stop_on_errors(outcome.problems)


def _say(outcome: "Outcome", file: Path) -> None:
    if outcome.said:
        lines = [outcome.said, *(f"  {'passes' if each.met else 'FAILS '}  {each.text}" for each in outcome.limits)]
        typer.echo("\n".join(map(printable, lines)))
    if outcome.commit:
        tell(f"committed {outcome.commit[:_SHORT]}, and pushed it to {outcome.branch}")
    elif outcome.after != outcome.before and not has_errors(
        [each for each in outcome.problems if each.code[:3] == "MY4"]
    ):
        tell(f"wrote the models file; Next: modelyard render -f {file}, or modelyard apply -f {file}")
    if outcome.url:
        typer.echo(outcome.url)
