"""What may stand together on a command line: each option once, and none that has no effect beside another.

Click takes the last of two values and drops the first without a word (click, parser.py, _Option.process).
"""

from collections.abc import Callable, Container, Iterator
from typing import Any, Final

import typer
from typer.core import TyperCommand

# Command -> pairs of its parameters that exclude each other: one of them would have no effect.
EXCLUDES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "check": (
        ("files", "file"), ("files", "base"), ("files", "built"), ("files", "deploy"), ("base", "built"),
        ("built", "deploy"),
    ),
    "challenger": (("image", "other"), ("image", "publish"), ("other", "publish")),
    "delete": (("names", "revision"), ("revision", "force")),
    "diff": (
        ("git", "namespace"), ("git", "context"), ("git", "kubeconfig"), ("git", "force_conflicts"), ("git", "oci"),
        ("oci", "namespace"), ("oci", "context"), ("oci", "kubeconfig"), ("oci", "force_conflicts"),
    ),
    "image": (
        ("platform", "source"), ("platform", "base"), ("platform", "build"), ("platform", "champion"),
        ("champion", "source"), ("champion", "variant"),
    ),
    "init": (("kpt", "sas_git"),),
    "lock": (
        ("check", "update"), ("check", "files"), ("check", "running"), ("check", "url"), ("check", "attempt"),
        ("files", "running"), ("files", "url"), ("files", "attempt"), ("running", "url"), ("running", "attempt"),
        ("url", "attempt"),
    ),
    "render": (("check", "stdout"), ("check", "in_place"), ("stdout", "in_place"), ("stdout", "argocd")),
    "rollout": (("push", "pull_request"),),
    "score": (
        ("url", "domain"), ("url", "variant"), ("url", "namespace"), ("url", "context"), ("url", "kubeconfig"),
        ("domain", "namespace"), ("domain", "context"), ("domain", "kubeconfig"), ("retries", "no_retry"),
        ("engine", "resume"), ("engine", "errors"), ("engine", "on_error"),
        ("shard", "engine"), ("shard", "resume"), ("shard", "errors"), ("shard", "on_error"),
    ),
    "try": (("compose", "port"), ("compose", "variant")),
}  # fmt: skip
# Command -> (a parameter, what it has no effect without).
NEEDS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "check": (
        ("deploy", "base"), ("knative_feature", "files"), ("ignore", "files"), ("ignore_file", "files"),
        ("context", "crds"), ("kubeconfig", "crds"),
    ),
    "challenger": (("timeout", "publish"),),
    "diff": (("rendered", "git"),),
    "image": (("push", "build"), ("notify", "build")),
    "lock": (("namespace", "running"), ("context", "running"), ("kubeconfig", "running")),
    "promote": (("wait", "to_cluster"), ("timeout", "to_cluster")),
    "rollback": (
        ("wait", "to_cluster"), ("timeout", "to_cluster"), ("namespace", "to_cluster"), ("context", "to_cluster"),
        ("kubeconfig", "to_cluster"),
    ),
    "request-log": (("every", "files"),),
    "run": (("timeout", "wait"),),
    "score": (
        ("input_format", "engine"), ("output_format", "engine"), ("shards", "engine"), ("parallel", "shards"),
        ("claim", "shards"), ("stdout", "shards"), ("manifest", "shard"),
    ),
    "traffic": (("wait", "to_cluster"), ("timeout", "to_cluster")),
    "try": (("output", "compose"),),
}  # fmt: skip


class Commands(typer.Typer):
    """A group whose commands are of the class below; its help is in Markdown, and completion is the application's."""

    def __init__(self, *, add_completion: bool = False, **options: Any) -> None:
        super().__init__(
            add_completion=add_completion, rich_markup_mode="markdown", pretty_exceptions_enable=False, **options
        )

    def command(
        self, name: str | None = None, *, cls: type[TyperCommand] | None = None, **options: Any
    ) -> Callable[[Any], Any]:
        """Register a function as a command."""
        return super().command(name, cls=cls or Command, **options)


class Command(TyperCommand):
    """A command that refuses an option given twice, and options of which one has no effect: exit code 2."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments as click does, after a look at which of them are given."""
        if not ctx.resilient_parsing:  # a shell that completes looks at half a line
            wrong = next(self._wrong(ctx, args), None)
            if wrong:
                ctx.fail(wrong)
        return super().parse_args(ctx, args)

    def _wrong(self, ctx: Any, args: list[str]) -> Iterator[str]:
        values, _, order = self.make_parser(ctx).parse_args(args=list(args))
        if "help" in values:
            return
        for each in dict.fromkeys(order):
            if is_single(each) and order.count(each) > 1:
                yield f"{called(each)} is given twice, and takes one value: leave one out"
        yield from self._apart({each.name for each in order if values.get(each.name)})  # "" is as good as none

    def _apart(self, given: Container[str]) -> Iterator[str]:
        parameters = {each.name: each for each in self.params}
        for one, other in EXCLUDES.get(str(self.name), ()):
            if one in given and other in given:
                yield f"{called(parameters[one])} does not go with {called(parameters[other])}: leave one out"
        for one, other in NEEDS.get(str(self.name), ()):
            if one in given and other not in given:
                yield f"{called(parameters[one])} has an effect only with {called(parameters[other])}"


def is_single(parameter: Any) -> bool:
    """Tell whether a parameter is an option that takes one value: a flag given twice says the same."""
    return bool(parameter.param_type_name == "option" and not (parameter.multiple or parameter.is_flag))


def called(parameter: Any) -> str:
    """Return how people write a parameter: --file, or the name of an argument."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper()).strip("[].")
    return str(max(parameter.opts, key=len))
