"""image: the command that writes, builds and pushes images: of a SavedModel, and for SageMaker."""

import shlex
import tempfile
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelyard.cli.messages import counted, notified, report, stop_on_errors, tell
from modelyard.cli.options import File, Notify, Outside
from modelyard.problems import Problem, has_errors, problem

if TYPE_CHECKING:
    from modelyard.api.image import Named  # it loads with the command


class Platform(StrEnum):
    """What an image is for, where it is not the model's own."""

    SAGEMAKER = "sagemaker"


def image(  # noqa: PLR0913 - typer's way
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    file: File = Path(),
    _outside: Outside = None,
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder to write.")] = None,
    variant: Annotated[str | None, typer.Option(help="Variant, if their images differ.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="PATH", help="SavedModel: a folder, or a zip or tar archive.")
    ] = None,
    champion: Annotated[
        bool, typer.Option("--champion", help="SavedModel of the champion that the model's source has now.")
    ] = False,
    base: Annotated[str | None, typer.Option(metavar="IMAGE", help="TensorFlow Serving, not the pinned image.")] = None,
    platform: Annotated[Platform | None, typer.Option("--for", help="The image that SageMaker runs.")] = None,
    build: Annotated[bool, typer.Option("--build", help="Build it with buildah, podman or docker.")] = False,
    push: Annotated[bool, typer.Option("--push", help="Push it to its registry.")] = False,
    notify: Notify = False,
) -> None:
    """Write the build context of a model's image.

    Of a model of TensorFlow Serving, an image with its SavedModel, whose signatures are printed; without -o and
    --build it is only looked at. With --champion that is the version that its source has now, which is the tag too.
    Of any other, or with --for sagemaker, the image that SageMaker runs: the model's own behind a proxy, with a README.

    The folder belongs to modelyard: it is exchanged whole, and only if there is no error.
    """
    from modelyard.api import image as api

    found, problems = api.named(file, model, variant=variant, every=champion)
    if found is None or has_errors(problems):
        stop_on_errors(problems)
        return
    if found.served.model.runtime != "tensorflow" or platform:
        if option := "--champion" if champion else "--from" if source else "--build" if build else "":
            stop_on_errors([_not_built(found, option)])
        _for_sagemaker(file, model, variant, output)
        return
    report(problems)
    with ExitStack() as closing:
        found, source = _fetched(file, found, closing) if champion else (found, source)
        _of_savedmodel(found, source, base, output, build=build, push=push)
    if notify:
        _notify(file, found, pushed=push)


def _not_built(found: "Named", option: str) -> Problem:
    """Return that an image is not built here. option: what asks for it."""
    name, runtime = found.model.name, found.served.model.runtime
    if option == "--champion":
        message = f"{name} has runtime {runtime}, and images are built for tensorflow alone"
        hint = (
            "build it as before, and name it: in MLflow by the tag image of the version, else with challenger --image"
        )
        return problem("MY117", message, hint=hint)
    hint = f"take out {option}; the README in the folder says how to build it"
    return problem("MY117", f"the image of {name} for SageMaker is made from the model's own image", hint=hint)


def _notify(file: Path, found: "Named", *, pushed: bool) -> None:
    from modelyard.api import notices

    line = f"{found.model.name}: image {found.image} is {'built and pushed' if pushed else 'built'}"
    notified(*notices.tell(file, "built", found.model.name, [line]))


def _fetched(file: Path, found: "Named", closing: ExitStack) -> "tuple[Named, Path]":
    """Return the model with the champion's version, and the folder that its files were fetched into."""
    from modelyard.api import image as api

    folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="modelyard-"))) / "artefact"
    folder.mkdir()
    named, problems = api.champion(file, found, folder)
    stop_on_errors(problems)
    tell(f"fetched version {named.served.model.version if named else ''} of {found.model.name}")
    return named or found, folder


def _for_sagemaker(file: Path, model: str, variant: str | None, output: Path | None) -> None:
    from modelyard.api import image as api

    if output is None:
        raise typer.BadParameter("the image for SageMaker needs a folder: -o DIR")
    made, problems = api.context(file, model, variant=variant)
    stop_on_errors(problems)
    stop_on_errors(api.write(output, made))
    tell(f"wrote {output}: {len(made)} files{counted(problems)}")
    tell(f"Next: docker build -f {output / 'Containerfile'} {output}; {output / 'README.md'} has the rest")


def _of_savedmodel(
    found: "Named", source: Path | None, base: str | None, output: Path | None, *, build: bool, push: bool
) -> None:
    from modelyard.api import containers
    from modelyard.api import image as api

    if source is None and base:
        raise typer.BadParameter("--base has an effect only with --from or --champion")
    if source is None:
        hint = "add --from PATH: a folder with saved_model.pb, or a zip or tar archive of one; or --champion"
        stop_on_errors([problem("MY117", f"the SavedModel of {found.model.name} is not given", hint=hint)])
        return
    program, problems = containers.find(containers.BUILDERS) if build else (None, [])
    stop_on_errors(problems)
    with ExitStack() as closing:
        folder = output
        if folder is None and build:
            temporary = tempfile.TemporaryDirectory(prefix="modelyard-")
            folder = Path(closing.enter_context(temporary)) / "context"
        packed = api.pack(found, source, base=base or api.BASE, output=folder)
        stop_on_errors(packed.problems)
        if program and folder:
            stop_on_errors(containers.build(program, folder, found.image))
            stop_on_errors(containers.push(program, found.image) if push else [])
    typer.echo(packed.signatures, nl=False)
    _say_next(found, output, built=build, pushed=push)


def _say_next(found: "Named", output: Path | None, *, built: bool, pushed: bool) -> None:
    if output:
        tell(f"wrote {output}")
    if built:
        tell(f"{'built and pushed' if pushed else 'built'} {found.image}")
    elif output:
        words = ["docker", "build", "-f", str(output / "Containerfile"), "-t", found.image, str(output)]
        tell(f"Next: {shlex.join(words)}")
    if output and found.start_build:
        declared = "" if found.has_build else ", with buildConfig: true"
        tell(f"On OpenShift{declared}: {shlex.join([*found.start_build, str(output)])}")
