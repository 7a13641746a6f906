"""The CronJob that measures a model's log: `modelyard monitor run`, with what it is to measure in a ConfigMap.

Its pods have labels of their own, so that no Service leads to them, no token, and the one Secret that they need.
"""

import json
from typing import TYPE_CHECKING, Any, Final

from modelyard.files.yaml.marked import derived, in_order
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.targets.workloads.objects import MANAGED_BY, NAME_LABEL, base_name, common, manifest, registered
from modelyard.targets.workloads.words import unexpanded

if TYPE_CHECKING:
    from modelyard.models.request_log import Monitor, RequestLog

FILE: Final = "models.yaml"
_FOLDER: Final = "/etc/modelyard"
_USER: Final = 65532  # "nonroot" of distroless images
_LONGEST: Final = 52 - len("-monitor")  # kubernetes v1.36, pkg/apis/batch/validation: Jobs have 11 characters behind


def monitor(models: DeclaredSet, model: DeclaredModel, target: str, templates: Templates) -> list[Manifest]:
    """Return the CronJob and its ConfigMap. The champion says what is measured: a threshold is for that variant."""
    served = model.champion
    own, log = served.model.monitor, served.model.requestLog
    if own is None or log is None or own.schedule is None:
        return []
    base = base_name(model, target)
    name = derived(f"{base[:_LONGEST].rstrip('-')}-monitor", base)
    context = common(models, base, model.whole, name)
    labels = {
        NAME_LABEL: name,
        "app.kubernetes.io/component": "monitor",
        "app.kubernetes.io/part-of": models.metadata.name,
        "app.kubernetes.io/managed-by": MANAGED_BY,
        **in_order(models.spec.labels or {}),
    }
    secrets = models.spec.imagePullSecrets
    context |= {
        "podLabels": labels,
        "text": derived(_text(models, model, own, log), own),
        "schedule": own.schedule,
        "serviceAccountName": models.spec.serviceAccount.name or models.metadata.name,
        "imagePullSecrets": derived([{"name": each} for each in secrets or []], secrets),
        "image": registered(models, models.spec.toolImage or ""),
        "command": [
            "modelyard", "monitor", "run", unexpanded(model.name), f"--file={_FOLDER}/{FILE}",
        ],
        "database": {"name": (own.postgres or log.postgres).secret, "key": "uri"},
        "folder": _FOLDER,
        "user": None if models.spec.platform == "openshift" else _USER,
    }  # fmt: skip
    return [
        manifest("shared/monitor-config.yaml", context, templates, model.whole, hashed=True),
        manifest("shared/monitor.yaml", context, templates, model.whole),
    ]


def _text(models: DeclaredSet, model: DeclaredModel, own: "Monitor", log: "RequestLog") -> str:
    """Return a models file of what is measured, and no more: the rest of the set would change it without need."""
    kept = {"schedule", "postgres"}
    whole: dict[str, Any] = {
        "name": model.name,
        "image": model.champion.model.image,
        "requestLog": {
            key: value
            for key, value in log.model_dump(by_alias=True, exclude_unset=True).items()
            if key in ("postgres", "table", "id", "columns")
        },
        "monitor": {
            key: value for key, value in own.model_dump(by_alias=True, exclude_unset=True).items() if key not in kept
        },
        "targets": {"knative": {"minScale": 1}},  # which can have variants, and needs no field
    }
    if model.variants:
        whole["variants"] = [{"name": each.variant, "percent": each.percent or 0} for each in model.variants]
    document = {
        "apiVersion": "modelyard.dev/v1alpha1",
        "kind": "ModelSet",
        "metadata": {"name": models.metadata.name},
        "spec": {"toolImage": models.spec.toolImage, "models": [whole]},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
