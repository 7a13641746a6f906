"""challenger: a new version of a model, proposed beside the one that serves the calls."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from modelyard.cli.connection import Timeout
from modelyard.cli.durations import Seconds
from modelyard.cli.messages import notified, printable_lines, stop_on_errors, tell
from modelyard.cli.options import File, Notify, Outside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelyard.api.challenger import Wanted
    from modelyard.api.proposals import Outcome
    from modelyard.problems import Problem
    from modelyard.render.changes import Difference

_HALF_AN_HOUR: Final = Seconds(1800)
_NOT_PUBLISHED: Final = "MY777"


def challenger(  # noqa: PLR0913 - typer's way to declare options
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    image: Annotated[str, typer.Option(metavar="IMAGE", help="Image to propose, if not that of the source.")] = "",
    other: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE|DIR", help="Models file that pins what is proposed, as overlays/dev."),
    ] = None,
    variant: Annotated[str, typer.Option(help="Variant that gets it, where names are versions.")] = "challenger",
    percent: Annotated[
        int | None, typer.Option(min=0, max=100, help="Percent of the calls; 10, or what the variant has.")
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Have SAS Model Manager publish a version that has no image.")
    ] = False,
    timeout: Timeout = _HALF_AN_HOUR,
    branch: Annotated[bool, typer.Option("--branch", help="Make a commit on a branch of its own.")] = False,
    push: Annotated[bool, typer.Option("--push", help="Push that branch.")] = False,
    pull_request: Annotated[
        bool, typer.Option("--pull-request", help="Push that branch, and open a pull request by gh or glab.")
    ] = False,
    notify: Notify = False,
) -> None:
    """Propose a new version of a model as challenger: an edit of the models file, a branch, a pull request.

    The version is the champion of the model's source, an image, or what another models file pins; its digest comes from
    the registry. Without --branch the models file and its lock are changed in place. With it they stay, and a commit
    on the branch modelyard/NAME-VERSION-DIGEST holds the change; what is proposed already is not proposed again.
    The text of a pull request is printed where none is opened.
    """
    from modelyard.api import candidates
    from modelyard.api.challenger import Wanted

    wanted = Wanted(image, other, variant, percent, candidates.publisher(timeout, tell) if publish else None)
    if branch or push or pull_request:
        _propose(file, name, wanted, push=push or pull_request, pull_request=pull_request, notify=notify)
    else:
        _edit(file, name, wanted, notify=notify)


def _edit(file: Path, name: str, wanted: "Wanted", *, notify: bool) -> None:
    from modelyard.api import challenger as api
    from modelyard.api.challenger_contract import with_contracts
    from modelyard.render.changes import shown

    planned = api.plan(file, name, wanted)
    if planned.plan:
        planned = with_contracts(planned.plan)
    _stop_on_errors(file, name, planned.problems, notify=notify)
    if planned.plan is None:
        tell(f"nothing is new: {planned.said}")
        return
    stop_on_errors(api.write(planned.plan))
    typer.echo(shown(planned.plan.differences, "text"), nl=False)
    tell(f"wrote {', '.join(str(path) for path, (old, new) in planned.plan.files.items() if old != new)}")
    tell(f"Next: modelyard render -f {file}, or modelyard apply -f {file}")
    if notify:
        _notify(file, planned.plan.differences)


def _propose(file: Path, name: str, wanted: "Wanted", *, push: bool, pull_request: bool, notify: bool) -> None:
    from modelyard.api import proposals

    outcome = proposals.propose(file, name, wanted, push=push, pull_request=pull_request)
    if not outcome.branch:
        _stop_on_errors(file, name, outcome.problems, notify=notify)
        tell(f"nothing is new: {outcome.said}")
        return
    _tell(outcome, push=push)
    if notify and outcome.new:
        _notify(file, outcome.differences, outcome.url)
    stop_on_errors(outcome.problems)
    if outcome.url:
        typer.echo(outcome.url)
        return
    if pull_request:
        tell("neither gh nor glab is on PATH: open the pull request with this text")
    typer.echo(printable_lines(outcome.text), nl=False)


def _tell(outcome: "Outcome", *, push: bool) -> None:
    where = "pushed" if push else "made"
    tell(f"{where} the branch {outcome.branch}" if outcome.new else f"proposed already: the branch {outcome.branch}")
    for each in outcome.superseded:
        tell(f"it takes the place of the open branch {each}")


def _notify(file: Path, differences: "Sequence[Difference]", url: str = "") -> None:
    from modelyard.api import notices

    links = [notices.Link("Pull request", url)] if url else []
    notified(*notices.send(file, "proposed", differences, links=links))


def _stop_on_errors(file: Path, name: str, problems: "Sequence[Problem]", *, notify: bool) -> None:
    """As `stop_on_errors`; that a version was not published is told to others too."""
    if notify and (failed := [each.message for each in problems if each.code == _NOT_PUBLISHED]):
        from modelyard.api import notices

        notified(*notices.tell(file, "publish failed", name, failed))
    stop_on_errors(problems)
