"""An Indexed Job that scores a table: a shard for each index, by pods that have the model as a native sidecar.

Source: Kubernetes v1.36, Job of batch/v1: backoffLimitPerIndex and maxFailedIndexes (stable since 1.33) need
completionMode Indexed, and restartPolicy Never as podFailurePolicy does; all but parallelism and suspend cannot change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from modelyard.files.yaml.marked import in_order
from modelyard.manifests import names
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet, Served
from modelyard.targets.workloads.native_sidecar import address, sidecar
from modelyard.targets.workloads.objects import base_name, is_assigned, object_name, registered
from modelyard.targets.workloads.pods import SCR_USER, VOLUME_GROUP
from modelyard.targets.workloads.words import unexpanded

CONTAINER: Final = "score"
DATA: Final = "/data"
MESSAGE: Final = "/dev/termination-log"
RUN_LABEL: Final = "modelyard.dev/run"
_INDEX: Final = "$(JOB_COMPLETION_INDEX)"
_TEMPLATE: Final = "shared/scoring-job.yaml"
_LONGEST: Final = names.MAX_LABEL - len("-score-") - 10 - len("-99999")  # pods have the index behind, as host names


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be scored. parallel: pods at once. claim: a PersistentVolumeClaim at /data. words: further options."""

    source: str
    output: str
    shards: int
    parallel: int
    claim: str = ""
    words: Sequence[str] = ()


def job(
    models: DeclaredSet, model: DeclaredModel, served: Served, target: str, wanted: Wanted, templates: Templates
) -> Manifest:
    """Return the Job, whose name is yet to be sealed. No apply prunes it, and no Service calls its pods."""
    made = sidecar(models, model, served, target, templates)
    openshift = is_assigned(models, target)
    labels = {**in_order(models.spec.labels or {}), RUN_LABEL: "score"}
    own = served.model
    command = [
        "modelyard", "score", address(model, served), wanted.source, f"--output={wanted.output}",
        *wanted.words,
    ]  # fmt: skip
    context = {
        "name": f"{object_name(base_name(model, target), served)[:_LONGEST].rstrip('-')}-score",
        "namespace": models.spec.namespace,
        "labels": labels,
        "annotations": in_order(models.spec.annotations or {}),
        "podLabels": {**in_order(own.podLabels or {}), **labels},
        "podAnnotations": made.annotations,
        "wanted": wanted,
        "failed": wanted.shards // 10,
        "group": None if openshift else VOLUME_GROUP,
        "user": None if openshift else SCR_USER,
        "pod": made.pod,
        "before": made.containers,
        "volumes": made.volumes,
        "container": CONTAINER,
        "image": registered(models, models.spec.toolImage or ""),
        "command": [
            *map(unexpanded, command), f"--shard={_INDEX}/{wanted.shards}", f"--manifest={MESSAGE}",
        ],
        "data": DATA,
        "message": MESSAGE,
    }  # fmt: skip
    return Manifest(templates.render(_TEMPLATE, context), _TEMPLATE, own.name, served.variant, hashed=True)
