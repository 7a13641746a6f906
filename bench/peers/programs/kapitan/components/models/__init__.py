"""The objects of the inventory's models, as a component of kadet: a file per model."""

import hashlib
import json
from typing import Any

from kapitan.inputs.kadet import BaseObj, inventory

VALUES = inventory().parameters


class Manifest(BaseObj):
    """An object of the set, for a model or for one of its variants."""

    def new(self) -> None:
        self.need("name")
        self.need("model")

    def body(self) -> None:
        variant = self.kwargs.get("variant")
        self.labels = {
            "app.kubernetes.io/name": self.kwargs.model["name"],
            "app.kubernetes.io/component": "scr",
            "app.kubernetes.io/part-of": VALUES.set,
            "app.kubernetes.io/managed-by": "modelyard",
        } | ({"modelyard.dev/variant": variant["name"]} if variant else {})
        self.root.metadata.name = self.kwargs.name
        self.root.metadata.namespace = VALUES.namespace
        self.root.metadata.labels = dict(self.labels)


class ConfigMap(Manifest):
    """What a model is told at its start."""

    def body(self) -> None:
        super().body()
        self.root.apiVersion = "v1"
        self.root.kind = "ConfigMap"
        self.root.immutable = True
        self.root.data = self.kwargs.model["config"]


class Service(Manifest):
    """A Knative Service."""

    def body(self) -> None:
        super().body()
        model = self.kwargs.model
        self.root.apiVersion = "serving.knative.dev/v1"
        self.root.kind = "Service"
        if self.kwargs.get("variant"):
            self.root.metadata.labels["networking.knative.dev/visibility"] = "cluster-local"
        template = self.root.spec.template
        template.metadata.labels = self.labels
        template.metadata.annotations = {
            "autoscaling.knative.dev/min-scale": str(model["minScale"]),
            "autoscaling.knative.dev/max-scale": str(model["maxScale"]),
            "autoscaling.knative.dev/target": str(model["target"]),
            "autoscaling.knative.dev/window": model["window"],
        }
        template.spec.timeoutSeconds = 60
        template.spec.serviceAccountName = "default"
        template.spec.automountServiceAccountToken = False
        template.spec.enableServiceLinks = False
        template.spec.containers = [self.container()]
        template.spec.volumes = [{"name": "tmp", "emptyDir": {}}]

    def container(self) -> dict[str, Any]:
        model = self.kwargs.model
        port = {"tcpSocket": {"port": 8080}}
        return {
            "name": "model",
            "image": f"{VALUES.registry}/{self.kwargs.image}",
            "ports": [{"name": "http1", "containerPort": 8080, "protocol": "TCP"}],
            "env": [
                {"name": "SAS_SCR_APP_PATH", "value": model["path"]},
                *({"name": key, "value": value} for key, value in model["env"].items()),
            ],
            "envFrom": [{"configMapRef": {"name": self.kwargs.config}}],
            "resources": VALUES.resources.to_dict(),
            "startupProbe": {**port, "periodSeconds": 1, "failureThreshold": 120},
            "readinessProbe": {**port, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
            "livenessProbe": {**port, "periodSeconds": 20, "failureThreshold": 3},
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the container's
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "runAsUser": 1001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        }


class Route(Manifest):
    """The shares of a model's variants."""

    def body(self) -> None:
        super().body()
        self.root.apiVersion = "serving.knative.dev/v1"
        self.root.kind = "Route"
        self.root.spec.traffic = [
            {
                "configurationName": f"{self.kwargs.name}-{each['name']}",
                "latestRevision": True,
                "percent": each["percent"],
                "tag": each["name"],
            }
            for each in self.kwargs.model["variants"]
        ]


class NetworkPolicy(Manifest):
    """Who may call a model."""

    def body(self) -> None:
        super().body()
        own, metrics = (
            [{"port": each, "protocol": "TCP"} for each in some] for some in ((8012, 8013, 8112), (9090, 9091))
        )
        serving = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "knative-serving"}}}
        self.root.apiVersion = "networking.k8s.io/v1"
        self.root.kind = "NetworkPolicy"
        self.root.spec.podSelector.matchLabels = {"app.kubernetes.io/name": self.kwargs.name}
        self.root.spec.policyTypes = ["Ingress"]
        self.root.spec.ingress = [{"ports": own}, {"ports": metrics, "from": [serving]}]


def workload(model: dict[str, Any], variant: dict[str, Any] | None) -> list[Manifest]:
    """Return a ConfigMap, named after what it holds, and the Knative Service that reads it."""
    name = f"{model['name']}-{variant['name']}" if variant else model["name"]
    digest = hashlib.sha256(json.dumps(model["config"], sort_keys=True).encode()).hexdigest()[:10]
    config = f"{name}-config-{digest}"
    image = (variant or model)["image"]
    return [
        ConfigMap(name=config, model=model, variant=variant),
        Service(name=name, model=model, variant=variant, config=config, image=image),
    ]


def main(input_params: dict[str, Any]) -> BaseObj:  # noqa: ARG001 - Kapitan passes it
    """Return the files of the target."""
    output = BaseObj()
    for each in VALUES.models:
        model = each.to_dict()
        variants = model.get("variants")
        objects = [found for variant in variants or [None] for found in workload(model, variant)]
        if variants:
            objects.append(Route(name=model["name"], model=model))
        objects.append(NetworkPolicy(name=model["name"], model=model))
        output.root[model["name"]] = objects
    return output
