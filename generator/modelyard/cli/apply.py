"""apply, diff and deploy: what a models file or a command line declares, in a cluster."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.api import models_file
from modelyard.cli.connection import (
    FIVE_MINUTES,
    Context,
    ForceConflicts,
    Kubeconfig,
    Namespace,
    Timeout,
    Wait,
    Yes,
    confirming,
    connection,
)
from modelyard.cli.messages import notified, stop_on_errors, tell
from modelyard.cli.options import File, Files, Notify, Outside, named, single
from modelyard.cli.outcomes import finish
from modelyard.manifests import names
from modelyard.problems import Problem, unique

if TYPE_CHECKING:
    from modelyard.render.changes import Difference

Git = Annotated[
    str, typer.Option("--git", metavar="REV", help="Compare with the models file at a commit; needs no cluster.")
]
Rendered = Annotated[
    bool,
    typer.Option(
        "--rendered", help="With --git: compare generated/ as of that commit; this also shows what an upgrade changes."
    ),
]
Oci = Annotated[
    str,
    typer.Option(
        "--oci",
        metavar="oci://REGISTRY/NAME:TAG",
        help="Compare with an artifact that `modelyard push` wrote; needs no cluster.",
    ),
]
Output = Annotated[
    str, typer.Option("--output", "-o", metavar="text|markdown|json", help="Markdown is for a pull request.")
]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if there are differences.")]


def apply(  # noqa: PLR0913 - typer's way to declare options
    file: File = Path(),
    _outside: Outside = None,
    *,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    wait: Wait = False,
    timeout: Timeout = FIVE_MINUTES,
    prune: Annotated[bool, typer.Option("--prune", help="Remove what this set no longer declares.")] = False,
    yes: Yes = False,
    force_conflicts: ForceConflicts = False,
    handover: Annotated[
        bool, typer.Option("--handover", help="Move the address of a model that gained or lost its variants.")
    ] = False,
    notify: Notify = False,
) -> None:
    """Render a models file and apply it to the cluster, server-side and strictly.

    Every object is tried on the server first: if one would be refused, nothing is applied. What a kustomization adds
    is not applied; use `kubectl apply -k` for that.
    """
    from modelyard.api import commands

    how = commands.Applying(
        wait=wait, seconds=timeout, prune=prune, force_conflicts=force_conflicts, handover=handover,
        confirm=confirming(yes=yes), progress=tell, compare=notify,
    )  # fmt: skip
    where = connection(namespace, context, kubeconfig)
    outcome = commands.apply(file, where=where, how=how)
    finish(outcome, waited=wait)
    if notify:
        from modelyard.api import notices

        where = replace(where, namespace=outcome.namespace)
        notified(*notices.send(file, "applied", outcome.changes, where=where))


def diff(  # noqa: PLR0913 - typer's way to declare options
    file: Files = None,
    _outside: Outside = None,
    *,
    git: Git = "",
    rendered: Rendered = False,
    oci: Oci = "",
    output: Output = "text",
    exit_code: ExitCode = False,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    force_conflicts: ForceConflicts = False,
) -> None:
    """Say what an apply would change in the cluster, or since a commit or an artifact, in the models file's words.

    A line a model: `credit-risk: image 1.4.0 -> 1.5.0, minScale 0 -> 1`. The server itself says what it would store, so
    its defaults and those of webhooks are no differences. What is removed goes only with `apply --prune`.
    """
    from modelyard.render.changes import FORMATS, shown

    if output not in FORMATS:
        raise typer.BadParameter(f"-o takes {names.one_of(FORMATS)}")
    if git:
        found, problems = _since(named(file), git, rendered=rendered)
    elif oci:
        from modelyard.api import artifacts

        found, problems = artifacts.differences(single(file, "--oci"), oci)
    else:
        alone = single(file, "a comparison with a cluster")
        found, problems = _in_cluster(alone, namespace, context, kubeconfig, force_conflicts)
    stop_on_errors(problems)
    typer.echo(shown(found, output), nl=False)
    if not found:
        tell("no differences")
    elif exit_code:
        raise typer.Exit(1)


def _since(files: list[Path], git: str, *, rendered: bool) -> "tuple[Sequence[Difference], list[Problem]]":
    from modelyard.api import committed, history

    differences, problems = [], []
    for file in files:
        found, wrong = committed.differences(file, git) if rendered else history.differences(file, git)
        shown = str(models_file(file)) if len(files) > 1 else ""
        differences += [each._replace(file=shown) for each in found]
        problems += wrong
    return differences, unique(problems)


def _in_cluster(
    file: Path,
    namespace: str,
    context: str,
    kubeconfig: str,
    force_conflicts: bool,  # noqa: FBT001 - a flag of the command
) -> "tuple[Sequence[Difference], list[Problem]]":
    from modelyard.api import commands

    where = connection(namespace, context, kubeconfig)
    outcome = commands.diff(file, where=where, force_conflicts=force_conflicts)
    return outcome.differences, outcome.problems


def deploy(  # noqa: PLR0913 - typer's way to declare options
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    *,
    image: Annotated[str, typer.Option("--image", help="Image, with the host of its registry.")],
    target: Annotated[str, typer.Option("--target", help="Where it runs; `modelyard targets` lists all.")] = "knative",
    runtime: Annotated[str, typer.Option("--runtime", metavar="scr|pcr|custom", help="What the image is.")] = "scr",
    path: Annotated[str, typer.Option("--path", help="URL path, if not the image's name.")] = "",
    port: Annotated[int | None, typer.Option("--port", help="Port of a custom image.", min=1, max=65535)] = None,
    env: Annotated[
        list[str] | None, typer.Option("--env", metavar="NAME=VALUE", help="Environment variable; not for secrets.")
    ] = None,
    min_scale: Annotated[int | None, typer.Option("--min-scale", help="Pods that always run.", min=0)] = None,
    max_scale: Annotated[int | None, typer.Option("--max-scale", help="Pods at most.", min=0)] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE|DIR", help="Also save it in a models file, new or existing.")
    ] = None,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    wait: Wait = False,
    timeout: Timeout = FIVE_MINUTES,
    force_conflicts: ForceConflicts = False,
) -> None:
    """Deploy one model without a models file, or give it another image.

    It has the same defaults and checks as in a models file, and --save keeps it in one: `modelyard apply` and `diff`
    go on from there. A model of a models file is changed in that file.
    """
    from modelyard.api import commands, deploy

    scales = {"minScale": min_scale, "maxScale": max_scale}
    if target != "knative" and any(each is not None for each in scales.values()):
        raise typer.BadParameter("--min-scale and --max-scale are for the target knative")
    model = {"runtime": runtime, "path": path or None, "port": port, "env": _variables(env or []) or None}
    wanted = deploy.Deployment(
        name,
        image,
        target,
        {key: value for key, value in scales.items() if value is not None},
        {key: value for key, value in model.items() if value is not None},
    )
    how = commands.Applying(wait=wait, seconds=timeout, force_conflicts=force_conflicts, progress=tell)
    finish(deploy.deploy(wanted, save=save, where=connection(namespace, context, kubeconfig), how=how), waited=wait)


def _variables(texts: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if wrong := next((i for i, (name, equals, _) in enumerate(pairs, 1) if not name or not equals), None):
        raise typer.BadParameter(f"--env number {wrong} is not NAME=VALUE")
    return {name: value for name, _, value in pairs}
