"""The application: what it is called with, and which module has each of its commands."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from modelyard import __version__
from modelyard.cli.together import Commands

HELP = """From one models file, everything that a platform needs to serve analytical models.

A models file (models.yaml) declares the models of one environment and where each of them runs.
`modelyard render` writes a kustomize component beside it, which `kustomize build` and `kubectl apply -k`
take; `modelyard check` finds mistakes in it, each with its file, line and column.

**Files.** Commands take `-f FILE|DIR`; a DIR is one with a models.yaml, and the default is the current folder.
`check`, `render`, `diff --git`, `history` and `register` take several. Models are named as arguments.

**Exit codes.** 0 fine, 1 problems found, 2 wrong usage, 3 a bug in modelyard, 130 interrupted.
On any error standard output is empty and files stay as they were; a report that you ask for is still written.

**Environment.** KUSTOMIZE_PLUGIN_HOME and XDG_CONFIG_HOME say where `plugin install` puts the kustomize plugin;
NO_COLOR switches colours off; MODELYARD_TRACEBACK=1 prints the traceback of a bug.
"""

# What the help lists, in its order: name -> module and name there, and the first sentences of its documentation. A
# module loads when its command is run.
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "apply": ("apply:apply", "Render a models file and apply it to the cluster, server-side and strictly."),
    "diff": (
        "apply:diff",
        (
            "Say what an apply would change in the cluster, or since a commit or an artifact, in the models file's "
            "words."
        ),
    ),
    "deploy": ("apply:deploy", "Deploy one model without a models file, or give it another image."),
    "check": (
        "check:check",
        "Check a models file, or a stream of objects, without a cluster and without writing files.",
    ),
    "map": (
        "findings:map_findings",
        "Show what other tools found in rendered objects at the line of the models file that it came from.",
    ),
    "list": (
        "cluster:list_models",
        "List the models of a namespace: variants, their share of the calls, readiness, address, image and age.",
    ),
    "status": (
        "cluster:status",
        "Say how a model is served, and why it is not ready: its objects' conditions in words, and its pods.",
    ),
    "delete": (
        "cluster:delete",
        "Delete models, or a revision that gets no calls, after showing what will be deleted; waits until it is gone.",
    ),
    "logs": (
        "cluster:logs",
        "Print the log of a model's pods; with several pods each line begins with the pod's name.",
    ),
    "chart": (
        "chart:chart",
        "Write the models as a Helm chart, with what an operator changes at install time as its values.",
    ),
    "image": (
        "image:image",
        "Write the build context of a model's image.",
    ),
    "try": ("attempt:attempt", "Start a model on this machine, with podman or docker."),
    "run": (
        "run:run",
        "Run a job of Spark once, on a cluster with the Spark operator; for Dataproc print the command of gcloud.",
    ),
    "init": (
        "render:init",
        "Write a commented models.yaml with one model, a kustomization.yaml and the schema for editors.",
    ),
    "render": ("render:render", "Write the folder `generated/` beside the models file: a kustomize component."),
    "lock": (
        "lock:lock",
        "Write models.lock.yaml beside the models file: the digests of its images, asked of their registries.",
    ),
    "contract": (
        "contract:contract",
        "Print what a model takes and gives, as the lock has pinned it, for those who call it.",
    ),
    "push": (
        "artifacts:push",
        "Write what a models file renders to a registry, as the artifact that Flux reads; print its address.",
    ),
    "pull": (
        "artifacts:pull",
        "Write the files of an artifact that `modelyard push` wrote into a folder, all or nothing.",
    ),
    "sources": (
        "sources:sources",
        "Show what registries of models call the champion, what the models file pins, and what the cluster runs.",
    ),
    "fetch": (
        "sources:fetch",
        "Fetch the files of a model's version from its source into a folder, with their checksums, all or nothing.",
    ),
    "score": (
        "score:score",
        "Score a table with a model: each row exactly once, in order; rows that fail go to OUTPUT.errors.csv.",
    ),
    "show": (
        "show:show",
        "Print a model after base, defaults and variants, with the file, line and column of each value.",
    ),
    "explain": ("show:explain", "Print the documentation of a field of the models file, or of a problem's code."),
    "schema": ("show:schema", "Print the JSON Schema of the models file, for editors."),
    "targets": (
        "show:targets",
        "List the targets that a model can name, and the sections of spec that are rendered for the whole set.",
    ),
    "challenger": (
        "challenger:challenger",
        "Propose a new version of a model as challenger: an edit of the models file, a branch, a pull request.",
    ),
    "replay": (
        "replay:replay",
        "Ask a challenger what the champion has answered, before it gets a call, and compare.",
    ),
    "rollout": (
        "rollout:rollout",
        "Give a challenger more calls step by step, each a commit, as long as it passes the gate; else take it back.",
    ),
    "traffic": (
        "traffic:traffic",
        "Split the calls of a model between its variants; those that are not named keep their percent.",
    ),
    "promote": (
        "traffic:promote",
        "Give one variant all calls of a model. The others stay with 0 percent, and can still be called by their tag.",
    ),
    "rollback": ("traffic:rollback", "Give a model the image and percents that the models file had before, by git."),
    "history": (
        "register:history",
        "Print which version of a model served what share on which target, from when to when, and who approved it.",
    ),
    "register": (
        "register:register",
        "Print the same of all models: the register, as text, JSON, Markdown or a CycloneDX bill of materials.",
    ),
    "catalog": (
        "pages:catalog",
        "Write the models of all models files as a static site: what runs where, approved by whom, and how good it is.",
    ),
    "migrate-spark": (
        "migrate_spark:migrate_spark",
        "Read a pyspark project, and write its models file; comments say what will not move as it is.",
    ),
    "plugin": (
        "plugin:commands",
        "Install the plugins of kustomize and Helm, and find out why a host does not run them.",
    ),
    "sagemaker": ("sagemaker:commands", "Work with the SageMaker endpoints that a models file declares."),
    "invocations": (
        "invocations:invocations",
        "Take calls for TensorFlow Serving as SageMaker's own container does: CSV, JSON and JSON Lines.",
    ),
    "request-log": ("request_log:request_log", "Pass calls on to a model, and log what is scored."),
    "monitor": ("monitor:commands", "Keep the request log: its tables, outcomes, and what is to be forgotten."),
    "site-config": (
        "site_config:commands",
        "Place the site-config of a models file into a SAS Viya deployment, and take it out again.",
    ),
}

# The base of typer's own errors has no public name.
_UsageError: Final[type[Any]] = typer.BadParameter.__mro__[1]


class Later(TyperCommand):
    """A command, or a group of commands, whose module loads when it is run, completed or asked for its help."""

    def __init__(self, name: str, place: str, line: str) -> None:
        super().__init__(name, help=line)
        self._place = place

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Read the arguments as the command itself does, which takes over from here."""
        return self.loaded().make_context(*arguments, **more)

    def loaded(self) -> Any:
        """Return the command itself."""
        module, name = self._place.split(":")
        found = getattr(import_module(f"modelyard.cli.{module}"), name)
        if isinstance(found, Commands):
            return typer.main.get_command(found)
        alone = Commands()
        alone.command(self.name)(found)
        return typer.main.get_command(alone)


class _All(TyperGroup):
    """All commands. What usage errors repeat of the arguments must not control a terminal."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: Later(name, place, line) for name, (place, line) in COMMANDS.items()}

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Read the arguments before the command."""
        with _printable_errors():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        """Read the arguments of a command, and run it."""
        with _printable_errors():
            return super().invoke(ctx)


@contextmanager
def _printable_errors() -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        from modelyard.problems import printable
        from modelyard.problems.credentials import without_forms

        error.message = printable(without_forms(error.message))
        raise


app = Commands(
    name="modelyard",
    cls=_All,
    help=HELP,
    no_args_is_help=True,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"modelyard {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass
