"""What stands beside the model in its pods: init containers, sidecars, further ports. Their text: templates/shared.

Native sidecars start before the init containers, which may need what they give, a token or a tunnel; the kubelet ends
them after the containers (kubernetes v1.36.3, kuberuntime_termination_order.go).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from modelyard.files.yaml.marked import derived, in_order, plain
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.models.model import Model
from modelyard.targets.workloads.objects import is_logged, registered
from modelyard.targets.workloads.words import unexpanded, words

if TYPE_CHECKING:
    from modelyard.models.beside import InitContainer, Variable  # at run time they are imported when a model has one
    from modelyard.targets.workloads.endings import Ending
    from modelyard.targets.workloads.pods import Container

FLUSH: Final = 10  # seconds that what logs calls has for what is spooled, after the last call
AFTER_CALLS: Final = FLUSH + 5  # and for a model that obeys SIGTERM, after that

_LOGGING: Final = frozenset(["deployment", "knative", "openshift", "sagemaker-proxy"])  # targets with a log
_KEYS: Final = (
    "imagePullPolicy",
    "workingDir",
    "ports",
    "envFrom",
    "resources",
    "startupProbe",
    "readinessProbe",
    "livenessProbe",
    "lifecycle",
    "volumeMounts",
)


def beside(
    models: DeclaredSet, own: Model, templates: Templates, *, native: bool, assigned: bool
) -> dict[str, list[dict[str, Any]]]:
    """Return the containers before the model's and after it.

    native: sidecars are init containers that restart. assigned: the platform gives users.
    """
    restart = "Always" if native else None
    sidecars = [_container(models, each, templates, restart, assigned=assigned) for each in own.sidecars or []]
    initial = [_container(models, each, templates, None, assigned=assigned) for each in own.initContainers or []]
    first = own.sidecars if native and own.sidecars else own.initContainers
    before = derived([*sidecars, *initial] if native else initial, first)
    return {"before": before, "after": [] if native else sidecars}


def _container(
    models: DeclaredSet, own: "InitContainer", templates: Templates, restart: str | None, *, assigned: bool
) -> dict[str, Any]:
    security = in_order(own.securityContext or {})
    if assigned:
        security = derived({key: value for key, value in security.items() if key != "runAsUser"}, security)
    context = {
        "restartPolicy": restart,
        "image": registered(models, own.image),
        "own": {**dict.fromkeys(_KEYS), **in_order(plain(own))},
        "command": words(own.command),
        "args": words(own.args),
        "env": derived([_variable(each) for each in own.env or []], own.env),
        "securityContext": security,
    }
    container: dict[str, Any] = templates.render("shared/beside.yaml", context)
    return container


def _variable(own: "Variable") -> dict[str, Any]:
    value = own.value
    text = value if value is None else unexpanded(value) if isinstance(value, str) else value.expand
    found = {"name": own.name, "value": text, "valueFrom": in_order(own.valueFrom)}
    return {key: each for key, each in found.items() if each is not None}


def behind(served: Served, container: "Container") -> "Container":
    """Return the model's container as it stands behind what logs its calls, if that is to be there."""
    return container._replace(port_name="model", sidecar=True) if is_logged(served) else container


def logged(
    models: DeclaredSet,
    model: DeclaredModel,
    served: Served,
    templates: Templates,
    pods: dict[str, Any],
    ending: "Ending | None" = None,
    *,
    mirrors: Sequence[str] = (),
) -> None:
    """Put what logs calls into the pods of a model that wants it.

    pods: of `pods.pod`. ending: none on Knative. mirrors: servers that get copies of the calls.
    """
    if not is_logged(served):
        return
    from modelyard.targets.workloads import request_log  # few models have it

    if ending is None:
        request_log.put_beside(models, model, served, templates, pods, mirrors)
    else:
        request_log.put_in_front(models, model, served, templates, pods, ending, mirrors)


def measured(models: DeclaredSet, model: DeclaredModel, target: str, templates: Templates) -> list[Manifest]:
    """Return what measures the log of a model, on the first target that answers calls in a cluster."""
    own = model.champion.model.monitor
    if own is None or own.schedule is None or target != next(each for each in model.targets if each in _LOGGING):
        return []
    from modelyard.targets.workloads.monitor import monitor  # few models have it

    return monitor(models, model, target, templates)
