"""The build context of the image that SageMaker itself runs: a model's image with the proxy in front of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from modelyard.files import disk
from modelyard.manifests import names
from modelyard.manifests.template import text
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, problem
from modelyard.targets.sagemaker_proxy import NAME as TARGET
from modelyard.targets.sagemaker_proxy import Spec, caddy
from modelyard.targets.workloads import quoting
from modelyard.targets.workloads.objects import registered
from modelyard.targets.workloads.pods import image, url_path
from modelyard.targets.workloads.words import words

HEADER: Final = (
    '# Written by modelyard from models.yaml: change that file and run "modelyard image" again. Edits here are lost.'
)
# sas-container-runtime, examples/sageMakerRunTime/launch_two_servers.sh; what stands after the class are arguments.
SCR_COMMAND: Final = (
    "/usr/lib/jvm/jre/bin/java",
    "-Xrs",
    "-cp",
    "/opt/scr/viya/home/solo:/opt/scr/viya/home/solo/lib/*",
    "com.sas.mas.solo.Application",
    "-Djava.library.path=/opt/scr/viya/home/SASFoundation/sasexe",
    "--server.port=$(MODEL_PORT)",
)


def content(models: DeclaredSet, model: DeclaredModel, served: Served) -> tuple[dict[str, str], list[Problem]]:
    """Return file name -> text of the build context of a model or variant, and what stands in its way."""
    problems = list(_check(models, model, served))
    asked = caddy.ping(model, served)
    if problems or asked is None:
        return {}, problems
    declared = served.specs.get(TARGET)
    spec = declared if isinstance(declared, Spec) else Spec()
    own = served.model
    context = {
        "name": f"{model.name}-sagemaker",
        "image": models.locked(image(models, own)),
        "proxyImage": models.locked(registered(models, spec.proxyImage)),
        "tag": f"{model.name}-sagemaker:{names.tag(own.image or '') or 'latest'}",
        "path": url_path(model),
        "asked": None if asked == caddy.of_scr(model) else asked,
        "limits": caddy.limits(names.seconds(spec.timeout), names.bytes_of(spec.maxBody)),
        "command": [*(words(own.command) or SCR_COMMAND), *(words(own.args) or [])],
    }
    made = {
        "Caddyfile": caddy.caddyfile(),
        "Containerfile": text("image/Containerfile", context, quoting.containerfile),
        "README.md": text("image/README.md", context, quoting.shell),
        "entrypoint.sh": text("image/entrypoint.sh", context, quoting.shell_of_command),
    }
    return {name: f"{HEADER}\n{each}" for name, each in made.items()}, []


def _check(models: DeclaredSet, model: DeclaredModel, served: Served) -> Iterator[Problem]:
    runtime = served.model.runtime
    if runtime != "scr" and not served.model.command:
        hint = "add command: to the model, and let it listen on the port of {expand: $(MODEL_PORT)}"
        place = models.place(served.find("runtime"))
        yield problem(
            "MY111", f"modelyard does not know how to start an image of runtime {runtime}", hint=hint, place=place
        )
    else:
        yield from caddy.check(models, model, served)


def write(folder: Path, made: Mapping[str, str]) -> list[Problem]:
    """Make the folder, and those around it, and let it hold exactly the build context, all or nothing."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [disk.refused(error, folder.parent, doing="make")]
    return disk.exchange(folder, made, HEADER)
