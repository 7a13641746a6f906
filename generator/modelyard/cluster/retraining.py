"""A Job that is created from a CronJob, as `kubectl create job --from` does it: once for each name, one at a time.

Source: Kubernetes v1.36, staging/src/k8s.io/kubectl/pkg/cmd/create/create_job.go. The owner does not block its own
deletion: that would need the right to update the CronJob's finalizers (admission plugin
OwnerReferencesPermissionEnforcement).
"""

import copy
import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from modelyard.cluster.client import Client, Object
from modelyard.cluster.jobs import API, KIND
from modelyard.problems import Problem, problem

LABEL: Final = "modelyard.dev/retrains"
_MANUAL: Final = "cronjob.kubernetes.io/instantiate"
_LONGEST: Final = 52  # a Job has eleven characters behind the name of its CronJob (kubernetes v1.36, apis/batch)
_ENDED: Final = frozenset(["Complete", "Failed"])


class Retraining(NamedTuple):
    """What is to be started. alert: what makes its name. variables: of each container of the Job."""

    cron_job: str
    model: str
    alert: str
    variables: Mapping[str, str]


def begin(client: Client, wanted: Retraining) -> tuple[str | None, list[Problem]]:
    """Create a Job, and return its name, also if it is there already; or why it has to wait. Raises ClusterProblem."""
    own = client.find(API, "CronJob", wanted.cron_job)
    if own is None:
        message = f"CronJob {wanted.cron_job} is not in the namespace {client.namespace}: no retraining was started"
        return None, [problem("MY834", message, hint="create it, or name another in monitor.retrain.cronJob")]
    name = _name(wanted)
    jobs = client.select(API, KIND)
    if any(each["metadata"]["name"] == name for each in jobs):
        return name, []
    running = next((each for each in jobs if not _has_ended(each) and _is_alike(each, own, wanted.model)), None)
    if running is not None:
        return None, [_waits(running, wanted)]
    query = {"fieldManager": "modelyard", "fieldValidation": "Strict"}
    client.call("POST", client.kind(API, KIND).path(client.namespace), f"Job {name}", query=query,
                body=_job(own, name, wanted))  # fmt: skip
    return name, []


def _name(wanted: Retraining) -> str:
    short = hashlib.sha256(f"{wanted.model} {wanted.alert}".encode()).hexdigest()[:10]
    return f"{wanted.cron_job[:_LONGEST].rstrip('-.')}-{short}"


def _has_ended(job: Object) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or []
    return any(each["type"] in _ENDED and each["status"] == "True" for each in conditions)


def _waits(running: Object, wanted: Retraining) -> Problem:
    name, since = running["metadata"]["name"], (running.get("status") or {}).get("startTime")
    message = (
        f"Job {name} is still at work{f' since {since}' if since else ''}: {wanted.model} is not retrained beside it"
    )
    hint = "the next run looks again"
    if (running.get("spec") or {}).get("activeDeadlineSeconds") is None:
        hint += f"; CronJob {wanted.cron_job} has no jobTemplate.spec.activeDeadlineSeconds, which ends one that hangs"
    return problem("MY834", message, hint=hint)


def _is_alike(job: Object, cron_job: Object, model: str) -> bool:
    """Tell whether a Job trains the same: it is ours for the model, or any of the CronJob's."""
    metadata = job["metadata"]
    owners = {each["uid"] for each in metadata.get("ownerReferences") or []}
    return (metadata.get("labels") or {}).get(LABEL) == model or cron_job["metadata"]["uid"] in owners


def _job(cron_job: Object, name: str, wanted: Retraining) -> Object:
    template = cron_job["spec"]["jobTemplate"]
    own = template.get("metadata") or {}
    spec = copy.deepcopy(template["spec"])
    for each in _containers(spec):
        kept = [one for one in each.get("env") or [] if one["name"] not in wanted.variables]
        each["env"] = [*kept, *({"name": key, "value": value} for key, value in wanted.variables.items())]
    return {
        "apiVersion": API,
        "kind": KIND,
        "metadata": {
            "name": name,
            "annotations": {**(own.get("annotations") or {}), _MANUAL: "manual"},
            "labels": {**(own.get("labels") or {}), LABEL: wanted.model},
            "ownerReferences": [
                {
                    "apiVersion": API,
                    "kind": "CronJob",
                    "name": cron_job["metadata"]["name"],
                    "uid": cron_job["metadata"]["uid"],
                    "controller": True,
                }
            ],
        },
        "spec": spec,
    }


def _containers(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    pod = spec["template"]["spec"]
    return [*(pod.get("initContainers") or []), *pod["containers"]]
