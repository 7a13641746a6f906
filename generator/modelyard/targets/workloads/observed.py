"""What is made of the metrics of a request log: a dashboard of Grafana, and alerts of Prometheus.

Series are told apart by labels of their pods, which the PodMonitor takes over: by which job they are scraped is known
only when the objects have a namespace.
"""

from collections.abc import Mapping
from typing import Any

from modelyard.files.yaml.marked import derived
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.template import Templates
from modelyard.models.declared import DeclaredModel
from modelyard.models.metrics import Metrics, Objective
from modelyard.targets.workloads import burn_rates
from modelyard.targets.workloads.dashboard import dashboard
from modelyard.targets.workloads.objects import manifest


def observed(
    model: DeclaredModel, context: Mapping[str, Any], metrics: Metrics, templates: Templates
) -> list[Manifest]:
    """Return what a model asks for. context: that of its PodMonitor."""
    name, objective = str(context["name"]), metrics.objective or Objective()
    found = []
    if metrics.dashboard:
        text = dashboard(name, objective, [each.variant for each in model.variants])
        data = {"data": derived({f"{name}.json": text}, context["name"])}
        found.append(manifest("shared/dashboard.yaml", {**context, **data}, templates, model.whole))
    if metrics.alerts:
        rules = {"rules": derived(burn_rates.rules(name, objective, context["namespace"]), metrics)}
        found.append(manifest("shared/prometheusrule.yaml", {**context, **rules}, templates, model.whole))
    return found
