"""The container that reads CSV and JSON for TensorFlow Serving as SageMaker's own container does.

It is rendered where the set names an image with modelyard. Without it Caddy refuses what TensorFlow Serving cannot
read.
"""

from collections.abc import Iterator
from typing import Any, Final

from modelyard.files.yaml.marked import derived
from modelyard.manifests import names
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.problems import Problem, problem
from modelyard.targets.workloads import tensorflow
from modelyard.targets.workloads.objects import is_logged, log_ports, port, registered
from modelyard.targets.workloads.pods import APP_PATH, url_path

CONTAINER: Final = "invocations"
REFUSES: Final = r"(?i)^\s*(text/csv|application/jsons|application/jsonlines)"
_MEBIBYTE: Final = 1 << 20
_OWN: Final = 96  # MiB: Python with its packages takes 57
_BODIES: Final = 36  # largest bodies: four held, each twice, and 28 for what one becomes as it is read


def is_needed(models: DeclaredSet, served: Served) -> bool:
    """Tell whether a model has this container in its pods."""
    return served.model.runtime == tensorflow.RUNTIME and models.spec.toolImage is not None


def check(models: DeclaredSet, served: Served) -> Iterator[Problem]:
    """Yield containers of the model's own that have its name."""
    if not is_needed(models, served):
        return
    for field in ("sidecars", "initContainers"):
        for index, each in enumerate(getattr(served.model, field) or []):
            if each.name == CONTAINER:
                place = models.place(served.find(field, index, "name"))
                yield problem("MY201", f"{CONTAINER} is a container of the proxy", hint="rename it", place=place)


def container(
    models: DeclaredSet,
    model: DeclaredModel,
    served: Served,
    asked: str,
    *,
    ports: tuple[int, int],
    limits: tuple[str, str],
) -> dict[str, Any]:
    """Return what the template is given. asked: the path that says whether the model can score.

    ports: for calls of this pod, and for probes. limits: time for an invocation, and size of its body, as declared.
    """
    tool, (timeout, max_body) = models.spec.toolImage or "", limits
    listens, health = ports
    mebibytes = -(-names.bytes_of(max_body) // _MEBIBYTE)
    command = [
        "modelyard",
        "invocations",
        f"http://127.0.0.1:{log_ports(served)[0] if is_logged(served) else port(served.model)}{url_path(model)}",
        f"--ready={asked}",
        f"--port={listens}",
        f"--health-port={health}",
        f"--timeout={names.seconds(timeout)}s",
        f"--max-body={names.bytes_of(max_body)}",
    ]
    return {
        "image": registered(models, tool),
        "command": derived(command, tool),
        "healthPort": health,
        "memory": derived(f"{_OWN + _BODIES * mebibytes}Mi", max_body),
    }


def variables(listens: int) -> dict[str, str]:
    """Return the variables by which Caddy calls the container in place of the model."""
    return {
        APP_PATH: "/invocations",
        "MODEL_PING_METHOD": "GET",
        "MODEL_PING_PATH": "/ping",
        "MODEL_PORT": str(listens),
    }
