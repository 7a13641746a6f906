"""check: what CI runs before a merge."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard import api
from modelyard.cli.connection import Context, Kubeconfig
from modelyard.cli.definitions import CLUSTER, kinds_of
from modelyard.cli.inputs import STDIN, read_stream
from modelyard.cli.messages import tell
from modelyard.cli.options import Files, Jobs, Outside, named, single
from modelyard.cli.reports import Format, Output, Strict, finish, outputs_of
from modelyard.files import regular
from modelyard.problems import Problem, unique
from modelyard.report.counts import Report

if TYPE_CHECKING:
    from modelyard.api.accepted import Ignore, Ignores
    from modelyard.api.crds import Kinds

Streams = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE|-",
        help="Streams of objects, such as what `kustomize build` prints, whoever wrote them, or models files.",
    ),
]
Base = Annotated[
    str,
    typer.Option(
        metavar="DEPLOY|FILE|-",
        help="Prove the effect on a SAS Viya deployment: its resources are built once with kustomize. "
        "FILE or - is the output of such a build.",
    ),
]
Deploy = Annotated[
    Path | None, typer.Option(metavar="DEPLOY", help="With --base FILE|-: the deployment, for its own patches.")
]
Built = Annotated[
    str,
    typer.Option(
        metavar="FILE|-", help="Compare with what `kustomize build` printed: is everything there, and as declared?"
    ),
]
Features = Annotated[
    list[str] | None,
    typer.Option(
        "--knative-feature", metavar="NAME", help="For FILE: features that are on in the cluster's config-features."
    ),
]

Ignored = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="CODE[:KIND/NAME]",
        help="For FILE: accept a finding that no cluster refuses, such as MY370.",
    ),
]
IgnoreFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="For FILE: lines of CODE[:KIND/NAME] REASON, which are accepted."),
]
Kubernetes = Annotated[
    str, typer.Option(metavar="1.NN", help="Kubernetes version of the schemas; the newest if absent.")
]
Crds = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DIR|FILE|cluster",
        help="Custom resource definitions that add schemas, or replace shipped ones; "
        "`cluster` reads those of the kubeconfig's cluster.",
    ),
]


def check(  # noqa: PLR0913 - an argument per option
    files: Streams = None,
    *,
    file: Files = None,
    _outside: Outside = None,
    base: Base = "",
    deploy: Deploy = None,
    built: Built = "",
    knative_feature: Features = None,
    ignore: Ignored = None,
    ignore_file: IgnoreFile = None,
    kubernetes: Kubernetes = "",
    crds: Crds = None,
    jobs: Jobs = None,
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    strict: Strict = False,
    format: Format = "text",  # noqa: A002 - the option's name
    output: Output = None,
) -> None:
    """Check a models file, or a stream of objects, without a cluster and without writing files.

    `modelyard check` looks at the models file of this folder and at what it renders; `kustomize build … |
    modelyard check -` at any stream.
    """
    if (files or []).count("-") > 1:
        raise typer.BadParameter("standard input is read once: give one -")
    if deploy and regular.is_folder(Path(base)):
        raise typer.BadParameter("--deploy goes with --base FILE or -; --base DEPLOY names the deployment itself")
    if (context or kubeconfig) and CLUSTER not in (crds or ()):
        raise typer.BadParameter("--context and --kubeconfig go with --crds cluster")
    _known(knative_feature or [])
    outputs = outputs_of(format, output or [])
    kinds, found, definitions = kinds_of(kubernetes, crds or [], context, kubeconfig)
    if files:
        accepted = _accepted(ignore or [], ignore_file)
        problems, contents = _check_files(files, knative_feature or [], kinds, accepted.all, jobs or 0)
        problems += accepted.problems
        shown = tuple(contents)
    else:
        problems, contents = _check_models(file, base, deploy, built, kinds, jobs or 0)
        shown = tuple(str(api.models_file(each)) for each in named(file))
    finish(Report(tuple(unique([*problems, *found])), shown, strict, {**contents, **definitions}), format, outputs)


def _accepted(words: Sequence[str], file: Path | None) -> "Ignores":
    from modelyard.api.accepted import ignores

    return ignores(words, {str(file): read_stream(str(file))[0]} if file else {})


def _known(features: Sequence[str]) -> None:
    from typing import get_args

    from modelyard.manifests.names import nearest
    from modelyard.models.model_set import Feature

    known = get_args(Feature)
    for each in features:
        if each not in known:
            meant = nearest(each, known)
            hint = f"did you mean {meant}?" if meant else f"known are {', '.join(known)}"
            raise typer.BadParameter(f"--knative-feature {each} is no feature of Knative: {hint}")


def _check_models(
    files: list[Path] | None, base: str, deploy: Path | None, built: str, kinds: "Kinds", jobs: int
) -> tuple[list[Problem], dict[str, bytes]]:
    """Return the problems of models files, and the bytes of what is no file."""
    if built:
        from modelyard.api.build import check_built

        content, shown = read_stream(built)
        return check_built(single(files, "--built"), content, shown, kinds=kinds), {shown: content}
    if not base:
        return [each for file in named(files) for each in api.check(file, kinds=kinds, jobs=jobs)], {}
    from modelyard.api.site_config import check_base

    file = single(files, "--base")
    if base != "-" and regular.is_folder(Path(base)):
        return check_base(file, Path(base), progress=tell, kinds=kinds), {}
    return check_base(file, deploy, base=read_stream(base)[0], progress=tell, kinds=kinds), {}


def _check_files(
    files: Sequence[str], features: Sequence[str], kinds: "Kinds", ignored: "Sequence[Ignore]", jobs: int
) -> tuple[list[Problem], dict[str, bytes]]:
    """Check models files each for itself, and all streams as one set; return problems, and the bytes of all files.

    What the models files render is part of the set where its quotas are concerned.
    """
    from modelyard.api.objects import check_streams, concerns_others, is_models_file

    contents = {shown: content for content, shown in map(read_stream, files)}
    models = [shown for shown, content in contents.items() if shown != STDIN and is_models_file(content)]
    streams = {shown: content for shown, content in contents.items() if shown not in models}
    problems = [each for shown in models for each in api.check(shown, kinds=kinds, jobs=jobs)]
    if streams:
        beside = [api.render(shown) for shown in models] if any(map(concerns_others, streams.values())) else []
        problems += check_streams(
            streams, features=features, kinds=kinds, beside=beside, ignored=ignored, jobs=jobs
        ).problems
    return problems, contents
