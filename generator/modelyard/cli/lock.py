"""lock: the digests of images, and what models take and give, beside the models file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.cli.calling import CaFile, Header, TokenFile, headers_of
from modelyard.cli.connection import Context, Kubeconfig, Namespace, connection
from modelyard.cli.messages import counted, stop_on_errors, tell
from modelyard.cli.options import File, Outside

if TYPE_CHECKING:
    from modelyard.api.locking import Outcome

Update = Annotated[bool, typer.Option("--update", help="Ask for all digests again, and take those that moved.")]
Check = Annotated[
    bool, typer.Option("--check", help="Write nothing: exit with 1 if a tag has moved, or the lock does not fit.")
]
Files = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", exists=True, help="Pin the contract of one model: from its SavedModel, MLflow or SAS files."
    ),
]
Running = Annotated[bool, typer.Option("--running", help="Pin what models say that run, found as score finds them.")]
Url = Annotated[str, typer.Option(help="Pin what the one model says that runs there.")]
Try = Annotated[bool, typer.Option("--try", help="Start models with podman or docker, and pin what they say.")]
Variant = Annotated[str | None, typer.Option(help="Variant that --files, --url or --running is about.")]
Signature = Annotated[str, typer.Option(metavar="NAME", help="Signature of a SavedModel; serving_default if absent.")]


def lock(  # noqa: PLR0913 - a command has the options that it has
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Models; all if absent.")] = None,
    file: File = Path(),
    _outside: Outside = None,
    *,
    update: Update = False, check: Check = False, files: Files = None, running: Running = False, url: Url = "",
    attempt: Try = False, variant: Variant = None, signature: Signature = "",
    namespace: Namespace = "", context: Context = "", kubeconfig: Kubeconfig = "",
    header: Header = None, token_file: TokenFile = None, ca_file: CaFile = "",
) -> None:  # fmt: skip
    """Write models.lock.yaml beside the models file: the digests of its images, asked of their registries.

    While it is there, all that is rendered names them: `name:tag@sha256:…`. A digest that is in it stays until
    --update. Credentials are those of `docker login`. On any error the old lock stands.

    It also pins contracts, what each model takes and gives: from the files of its `source`, or where --files,
    --running, --url or --try says it. `modelyard check` holds new images against them.
    """
    from modelyard.api import locking
    from modelyard.api.contracts import Origins, learner
    from modelyard.score.options import Route

    if check:
        _check(file, names or [])
        return
    origins = [each for each, given in (("--files", files), ("--url", url)) if given]
    if origins and len(names or []) != 1:
        raise typer.BadParameter(f"{origins[0]} is about one model: name it")
    asked = bool(files or running or url or attempt)
    if not asked and (variant is not None or signature):
        raise typer.BadParameter("--variant and --signature need --files, --running, --url or --try")
    if not (running or url) and (header or token_file or ca_file):
        raise typer.BadParameter("--header, --token-file and --ca-file need --running or --url")
    _one_image(file, names or [], variant, single=bool(origins))
    headers = headers_of(header or [], token_file) if running or url else ()
    where = connection(namespace, context, kubeconfig) if namespace or context or kubeconfig else None
    route = Route(url, signature=signature, headers=headers, ca_file=ca_file)
    learn = learner(file, Origins(files, not asked, running or bool(url), route, where, attempt, variant))
    outcome = locking.lock(file, names or [], update=update, learn=learn, again=bool(origins))
    stop_on_errors(outcome.problems)
    _say(outcome, locking.lock_file(file), asked=asked)
    if outcome.written:
        tell(f"Next: modelyard render -f {file}, and commit both")


def _check(file: Path, names: list[str]) -> None:
    from modelyard.api import locking

    outcome = locking.check(file, names)
    stop_on_errors(outcome.problems)
    tell(f"{locking.lock_file(file)} is what the registries have: {outcome.images} images{counted(outcome.problems)}")


def _one_image(file: Path, names: list[str], variant: str | None, *, single: bool) -> None:
    """Leave with a problem if the variant is not there, or if one artefact is to be that of several images."""
    if single or (variant is not None and len(names) == 1):
        from modelyard.api.image import named

        found, problems = named(file, names[0], variant=variant)
        stop_on_errors([] if found else problems)
    elif variant is not None:
        raise typer.BadParameter("--variant is about one model: name it")


def _say(outcome: "Outcome", path: Path, *, asked: bool) -> None:
    for image, before, after in outcome.changes:
        typer.echo(f"{image} {f'{before} -> {after}' if before and after else after or 'is gone'}")
    for line in outcome.told:
        typer.echo(line)
    contracts = f", {outcome.contracts} contract{'' if outcome.contracts == 1 else 's'}" if outcome.contracts else ""
    verb = "wrote" if outcome.written else "nothing has changed in"
    tell(f"{verb} {path}: {outcome.images} images{contracts}{counted(outcome.problems)}")
    if outcome.lacking and not asked:
        named = ", ".join(outcome.lacking)
        tell(f"no contract of {named}: source: in the models file, --files DIR, --running, --url or --try gives it")
