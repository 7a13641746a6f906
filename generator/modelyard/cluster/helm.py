"""Sets that Helm has installed from a chart of ours: what tells them, and why commands leave them alone.

Helm writes its own name over ours on each object, and the release's into an annotation; what is in pod templates stays
(helm v4.3.2 and v3.22.0, pkg/action/validate.go, setMetadataVisitor).
"""

from collections.abc import Iterable
from typing import Final, get_args

from modelyard.cluster.client import Client, Object
from modelyard.models.model import Runtime
from modelyard.problems import Problem, problem
from modelyard.targets import kinds
from modelyard.targets.workloads.objects import ACCOUNT, MANAGED_BY, NAME_LABEL

_HELM: Final = "Helm"
_MANAGED: Final = "app.kubernetes.io/managed-by"
_COMPONENT: Final = "app.kubernetes.io/component"
_PART_OF: Final = "app.kubernetes.io/part-of"
_RELEASE: Final = "meta.helm.sh/release-name"


def known() -> str:
    """Return a label selector of what modelyard or Helm deployed; `is_known` tells which of that is of our sets."""
    return f"{_MANAGED} in ({MANAGED_BY},{_HELM}),{_PART_OF}"


def is_known(live: Object) -> bool:
    """Tell whether an object is of a set of ours."""
    return _labels(live).get(_MANAGED) == MANAGED_BY or bool(release(live))


def part_of(live: Object) -> str:
    """Return the set that an object is of; empty if it is of none of ours."""
    return _labels(live).get(_PART_OF, "") if is_known(live) else ""


def release(live: Object) -> str:
    """Return the release of Helm that installed an object of a model of ours; empty if none did."""
    labels = _labels(live)
    template = (live.get("spec") or {}).get("template")
    pods = {_MANAGED: MANAGED_BY}  # what has none is told by its own labels alone
    if isinstance(template, dict) and "metadata" in template:
        pods = _labels(template)
    is_ours = labels.get(_PART_OF) and labels.get(_COMPONENT) in get_args(Runtime) and pods.get(_MANAGED) == MANAGED_BY
    return _release(live) if is_ours else ""


def taken(live: Object, set_name: str) -> Problem | None:
    """Return why an apply of a set leaves an object alone, if Helm has installed that for the set."""
    if _labels(live).get(_PART_OF) != set_name or not _release(live):
        return None
    name = _release(live)
    message = f"the set {set_name} is installed by Helm: release {name} in the namespace {_namespace(live)}"
    upgrade = f"helm upgrade {name} CHART --namespace {_namespace(live)}"
    return problem("MY730", message, hint=f"write the chart with `modelyard chart`, then run `{upgrade}`")


def of_model(client: Client, name: str) -> Object | None:
    """Return an object of a model that Helm has installed; None if there is none. Raises ClusterProblem."""
    selector = f"{_MANAGED}={_HELM},{_PART_OF},{NAME_LABEL}={name}"
    found = (live for kind in kinds() if kind != ACCOUNT for live in client.optional(*kind, selector))
    return next((live for live in found if release(live)), None)


def undeletable(live: Object, name: str) -> Problem:
    """Return why a model is not deleted."""
    where = f"--namespace {_namespace(live)}"
    off = f"helm upgrade {release(live)} CHART {where} --reuse-values --set models.{name}.enabled=false"
    hint = f"`{off}`; all of the release goes with `helm uninstall {release(live)} {where}`"
    return problem("MY730", f"{name} is installed by Helm: release {release(live)}", hint=hint)


def unsplittable(live: Object, name: str, shares: Iterable[tuple[str, int]]) -> Problem:
    """Return why calls are not split."""
    values = ",".join(f"models.{name}.variants.{variant}.percent={percent}" for variant, percent in shares)
    hint = f"`helm upgrade {release(live)} CHART --namespace {_namespace(live)} --reuse-values --set {values}`"
    return problem("MY730", f"{name} is installed by Helm: release {release(live)}", hint=hint)


def _release(live: Object) -> str:
    named = (live["metadata"].get("annotations") or {}).get(_RELEASE, "")
    return str(named) if _labels(live).get(_MANAGED) == _HELM else ""


def _namespace(live: Object) -> str:
    return str(live["metadata"].get("namespace", ""))


def _labels(body: Object) -> dict[str, str]:
    return (body.get("metadata") or {}).get("labels") or {}
