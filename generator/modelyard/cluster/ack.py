"""What the controllers of AWS (ACK) say of their objects: whether they are done, and why not.

Sources: aws-controllers-k8s/runtime, pkg/condition, whose conditions get their lastTransitionTime anew each time that
an object is looked at; sagemaker-controller, pkg/resource/endpoint/hooks.go; SageMaker API, DescribeEndpoint.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from modelyard.cluster.apply import FIELD_MANAGER
from modelyard.cluster.client import Object

_GROUPS: Final = ".services.k8s.aws"
_IN_SERVICE: Final = "InService"
# What an endpoint does not leave by itself.
_FAILED: Final = frozenset(["Failed", "OutOfService", "UpdateRollbackFailed"])
_LAST_CONFIG: Final = "sagemaker.services.k8s.aws/last-endpoint-config-for-update"
_UNSEEN: Final = "waiting for its controller"


def is_of_aws(api_version: str) -> bool:
    """Tell whether a controller of AWS looks after the objects of an API version."""
    return api_version.rpartition("/")[0].endswith(_GROUPS)


def readiness(live: Object) -> tuple[bool | None, str]:
    """Return whether an object is as declared in AWS, None while that is under way, and what is said about it."""
    status = live.get("status") or {}
    found = {each.get("type"): each for each in status.get("conditions") or []}
    reason = str(status.get("failureReason") or "")
    if _is_true(found, "ACK.Terminal"):
        return False, ": ".join(filter(None, (_said(found["ACK.Terminal"]), reason)))
    now = str(status.get("endpointStatus") or "")
    if now in _FAILED:
        return False, ": ".join(filter(None, (f"the endpoint is {now}", reason)))
    if not found or (live["kind"] == "Endpoint" and _is_behind(live)):
        return None, _UNSEEN
    if _is_true(found, "ACK.Recoverable"):
        return None, f"its controller tries again: {_said(found['ACK.Recoverable'])}"
    if now and now != _IN_SERVICE:
        return None, f"the endpoint is {now}"
    if not _is_true(found, "ACK.ResourceSynced"):
        return None, _said(found.get("ACK.ResourceSynced", {})) or _UNSEEN
    return (True, "") if now or live["kind"] != "Endpoint" else (None, _UNSEEN)


def _is_behind(endpoint: Object) -> bool:
    """Tell whether what is said of an endpoint is about the configuration that it had before.

    ACK keeps no observedGeneration. It writes down to which configuration it moved the endpoint last; before the first
    move it is the times that tell.
    """
    metadata = endpoint["metadata"]
    moved = (metadata.get("annotations") or {}).get(_LAST_CONFIG)
    if moved is not None:
        return bool(moved != endpoint["spec"].get("endpointConfigName"))
    if metadata.get("generation", 1) == 1:
        return False
    created = _time(metadata["creationTimestamp"])
    # A status from a backup is older than the object.
    looked = [each for each in _times_of_conditions(endpoint) if each >= created]
    applied = [
        _time(each["time"])
        for each in metadata.get("managedFields") or []
        if each.get("manager") == FIELD_MANAGER and "time" in each
    ]
    return bool(looked and applied and max(looked) < max(applied))


def _times_of_conditions(live: Object) -> Iterator[datetime]:
    for each in (live.get("status") or {}).get("conditions") or []:
        if each.get("lastTransitionTime"):
            yield _time(each["lastTransitionTime"])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_true(conditions: Mapping[str, Any], kind: str) -> bool:
    return bool(conditions.get(kind, {}).get("status") == "True")


def _said(condition: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, (condition.get("reason"), condition.get("message"))))
