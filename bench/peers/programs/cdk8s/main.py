"""The objects of values.json as constructs, a chart for all; `App.synth` writes dist/bench.k8s.yaml."""

import hashlib
import json
from pathlib import Path
from typing import Any

from cdk8s import ApiObject, ApiObjectMetadata, App, Chart, JsonPatch
from constructs import Construct

VALUES = json.loads(Path("values.json").read_text("utf-8"))


class Model(Construct):
    """What one model needs."""

    def __init__(self, scope: Construct, model: dict[str, Any]) -> None:
        super().__init__(scope, model["name"])
        self.model = model
        for variant in model.get("variants", [None]):
            self.workload(variant)
        if "variants" in model:
            self.route()
        self.policy()

    def labels(self, variant: dict[str, Any] | None = None) -> dict[str, str]:
        own = {
            "app.kubernetes.io/name": self.model["name"],
            "app.kubernetes.io/component": "scr",
            "app.kubernetes.io/part-of": VALUES["set"],
            "app.kubernetes.io/managed-by": "modelyard",
        }
        return own | ({"modelyard.dev/variant": variant["name"]} if variant else {})

    def add(self, kind: tuple[str, str], name: str, labels: dict[str, str], fields: dict[str, Any]) -> None:
        """Add an object; what a library of typed constructs does, too."""
        metadata = ApiObjectMetadata(name=name, namespace=VALUES["namespace"], labels=labels)
        each = ApiObject(self, f"{kind[1]}-{name}", api_version=kind[0], kind=kind[1], metadata=metadata)
        each.add_json_patch(*(JsonPatch.add(f"/{key}", value) for key, value in fields.items()))

    def workload(self, variant: dict[str, Any] | None) -> None:
        """Add a ConfigMap, named after what it holds, and the Knative Service that reads it."""
        model = self.model
        name = f"{model['name']}-{variant['name']}" if variant else model["name"]
        digest = hashlib.sha256(json.dumps(model["config"], sort_keys=True).encode()).hexdigest()[:10]
        config = f"{name}-config-{digest}"
        labels = self.labels(variant)
        self.add(("v1", "ConfigMap"), config, labels, {"immutable": True, "data": model["config"]})
        annotations = {
            "autoscaling.knative.dev/min-scale": str(model["minScale"]),
            "autoscaling.knative.dev/max-scale": str(model["maxScale"]),
            "autoscaling.knative.dev/target": str(model["target"]),
            "autoscaling.knative.dev/window": model["window"],
        }
        pod = {
            "timeoutSeconds": 60,
            "serviceAccountName": "default",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "containers": [self.container((variant or model)["image"], config)],
            "volumes": [{"name": "tmp", "emptyDir": {}}],
        }
        template = {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod}
        visibility = {"networking.knative.dev/visibility": "cluster-local"} if variant else {}
        self.add(("serving.knative.dev/v1", "Service"), name, labels | visibility, {"spec": {"template": template}})

    def container(self, image: str, config: str) -> dict[str, Any]:
        port = {"tcpSocket": {"port": 8080}}
        return {
            "name": "model",
            "image": f"{VALUES['registry']}/{image}",
            "ports": [{"name": "http1", "containerPort": 8080, "protocol": "TCP"}],
            "env": [
                {"name": "SAS_SCR_APP_PATH", "value": self.model["path"]},
                *({"name": key, "value": value} for key, value in self.model["env"].items()),
            ],
            "envFrom": [{"configMapRef": {"name": config}}],
            "resources": VALUES["resources"],
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

    def route(self) -> None:
        traffic = [
            {
                "configurationName": f"{self.model['name']}-{each['name']}",
                "latestRevision": True,
                "percent": each["percent"],
                "tag": each["name"],
            }
            for each in self.model["variants"]
        ]
        self.add(("serving.knative.dev/v1", "Route"), self.model["name"], self.labels(), {"spec": {"traffic": traffic}})

    def policy(self) -> None:
        own, metrics = (
            [{"port": each, "protocol": "TCP"} for each in some] for some in ((8012, 8013, 8112), (9090, 9091))
        )
        serving = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "knative-serving"}}}
        spec = {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": self.model["name"]}},
            "policyTypes": ["Ingress"],
            "ingress": [{"ports": own}, {"ports": metrics, "from": [serving]}],
        }
        self.add(("networking.k8s.io/v1", "NetworkPolicy"), self.model["name"], self.labels(), {"spec": spec})


app = App()
chart = Chart(app, "bench")
for model in VALUES["models"]:
    Model(chart, model)
app.synth()
