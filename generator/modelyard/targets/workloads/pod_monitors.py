"""The PodMonitor of a model: where Prometheus reads its metrics, and those of what logs its calls."""

from typing import Any

from modelyard.manifests.manifest import Manifest
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.targets.workloads.objects import (
    METRICS_PATHS,
    METRICS_PORT,
    NAME_LABEL,
    VARIANT_LABEL,
    base_name,
    common,
    is_logged,
    log_ports,
    manifest,
)


def scraped(
    models: DeclaredSet, model: DeclaredModel, target: str, port_name: str, templates: Templates
) -> list[Manifest]:
    """Return the PodMonitor over all of a model's pods, and what is made of its metrics."""
    metrics = model.served[0].model.metrics
    if metrics is None:
        return []
    base = base_name(model, target)
    default = METRICS_PATHS.get(model.served[0].model.runtime, "/metrics")
    context = {
        **common(models, base, model.whole, base),
        "port": port_name,
        "path": metrics.path or default,
        "log": _log_endpoint(model, target, port_name),
        "targetLabels": [NAME_LABEL, VARIANT_LABEL] if metrics.dashboard or metrics.alerts else [],
    }
    found = [manifest("shared/podmonitor.yaml", context, templates, model.whole)]
    if context["targetLabels"]:
        from modelyard.targets.workloads.observed import observed

        found += observed(model, context, metrics, templates)
    return found


def _log_endpoint(model: DeclaredModel, target: str, port_name: str) -> dict[str, Any] | None:
    """Return where the metrics of the log are; on Knative, where a container has one port, behind that of another."""
    logged = [each for each in model.served if is_logged(each)]
    if not logged:
        return None
    if target != "knative":
        return {"port": METRICS_PORT, "path": "/metrics"}
    address = {"sourceLabels": ["__meta_kubernetes_pod_ip"], "targetLabel": "__address__"}
    at = {**address, "replacement": f"$1:{log_ports(logged[0])[1]}"}
    return {"port": port_name, "path": "/metrics", "relabelings": [at]}
