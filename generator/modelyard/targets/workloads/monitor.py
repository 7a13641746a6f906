"""The CronJob that measures a model's log: `modelyard monitor run`, with what it is to measure in a ConfigMap.

Its pods have labels of their own, so that no Service leads to them, and the Secrets that they need. A token they have
only where an alert starts a retraining, with an account that may get that CronJob, and list and create Jobs.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from modelyard.files.yaml.marked import derived, in_order
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.models.notify import VARIABLES
from modelyard.targets.workloads.objects import (
    MANAGED_BY,
    NAME_LABEL,
    base_name,
    common,
    is_assigned,
    manifest,
    registered,
)
from modelyard.targets.workloads.words import unexpanded

if TYPE_CHECKING:
    from modelyard.models.notify import Notify
    from modelyard.models.request_log import Monitor, RequestLog

FILE: Final = "models.yaml"
_RIGHTS: Final = ("account", "role", "rolebinding")
_FOLDER: Final = "/etc/modelyard"
_USER: Final = 65532  # "nonroot" of distroless images
_LONGEST: Final = 52 - len("-monitor")  # kubernetes v1.36, pkg/apis/batch/validation: Jobs have 11 characters behind


def monitor(models: DeclaredSet, model: DeclaredModel, target: str, templates: Templates) -> list[Manifest]:
    """Return the CronJob, its ConfigMap, and what lets it start a retraining.

    The champion says what is measured: a threshold is for that variant.
    """
    served = model.champion
    own, log = served.model.monitor, served.model.requestLog
    if own is None or log is None or own.schedule is None:
        return []
    base = base_name(model, target)
    name = derived(f"{base[:_LONGEST].rstrip('-')}-monitor", base)
    context = common(models, base, model.whole, name)
    notify = model.whole.model.notify or models.spec.notify
    secrets = models.spec.imagePullSecrets
    database, login = own.postgres or log.postgres, own.secret or log.secret
    context |= {
        "podLabels": _labels(models, name),
        "text": derived(_text(models, model, own, log), own),
        "schedule": own.schedule,
        "serviceAccountName": name if own.retrain else models.spec.serviceAccount.name or models.metadata.name,
        "token": own.retrain is not None,
        "imagePullSecrets": derived([{"name": each} for each in secrets or []], secrets),
        "image": registered(models, models.spec.toolImage or ""),
        "command": [
            "modelyard", "monitor", "run", unexpanded(model.name), f"--file={_FOLDER}/{FILE}",
            *(["--notify"] if notify or own.retrain else []),
        ],
        "channels": list(_channels(notify)) if notify else [],
        "database": {"name": database.secret, "key": "uri"} if database else None,
        "login": {"name": login} if login else None,
        "memory": "2Gi" if log.files else "512Mi",  # of files, what measures is in the pod itself
        "folder": _FOLDER,
        "user": None if is_assigned(models, target) else _USER,
    }  # fmt: skip
    found = [
        manifest("shared/monitor-config.yaml", context, templates, model.whole, hashed=True),
        manifest("shared/monitor.yaml", context, templates, model.whole),
    ]
    if own.retrain is not None:
        context["cronJob"] = own.retrain.cronJob
        found += [manifest(f"shared/monitor-{each}.yaml", context, templates, model.whole) for each in _RIGHTS]
    return found


def _labels(models: DeclaredSet, name: str) -> dict[str, str]:
    return {
        NAME_LABEL: name,
        "app.kubernetes.io/component": "monitor",
        "app.kubernetes.io/part-of": models.metadata.name,
        "app.kubernetes.io/managed-by": MANAGED_BY,
        **in_order(models.spec.labels or {}),
    }


def _channels(notify: "Notify") -> Iterator[dict[str, Any]]:
    """Yield the variables that have the addresses. Secrets that are missing keep nothing from being measured."""
    for channel, variables in VARIABLES.items():
        secret = getattr(getattr(notify, channel), "secret", None)
        for key, variable in variables.items() if secret else ():
            yield {"variable": variable, "key": {"name": secret, "key": key, "optional": True}}


def _text(models: DeclaredSet, model: DeclaredModel, own: "Monitor", log: "RequestLog") -> str:
    """Return a models file of what is measured, and no more: the rest of the set would change it without need."""
    kept, notify = {"schedule", "postgres", "secret"}, model.whole.model.notify or models.spec.notify
    logged = {"postgres", "files", "table", "id", "columns"} | ({"retention"} if log.files else set())
    whole: dict[str, Any] = {
        "name": model.name,
        "image": model.champion.model.image,
        "requestLog": {
            key: value for key, value in log.model_dump(by_alias=True, exclude_unset=True).items() if key in logged
        },
        **({"notify": notify.model_dump(by_alias=True, exclude_unset=True)} if notify else {}),
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
