"""A namespace of a real cluster, a folder with a models file, and the commands that are run there."""

import json
from pathlib import Path
from typing import Any, Final

from tests.support.cluster_server import Cluster
from tests.support.faulty_proxy import Answer, modelyard

SET: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: risk}
spec:
  registry: registry.example.com/models
  defaults: {runtime: pcr, targets: {knative: {minScale: 1}}}
  models:
    - name: churn
      path: /churn
      config: {RATE: "30"}
      variants:
        - {name: champion, image: "churn:2.0.0", percent: 60}
        - {name: challenger, image: "churn:2.1.0", percent: 40}
      targets: {knative: {}}
    - {name: fraud, image: "fraud:1.0", targets: {knative: {}}}
    - {name: pricing, image: "pricing:1.0", targets: {deployment: {replicas: 2}}}
"""
ONE: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: other}
spec:
  models:
    - {name: solo, image: "registry.example.com/solo:1", runtime: pcr, targets: {knative: {minScale: 1}}}
"""
KSVC: Final = "services.serving.knative.dev"


class Scene:
    """A namespace, a folder with a models file, and the commands that are run there."""

    def __init__(self, cluster: Cluster, namespace: str, folder: Path) -> None:
        self.cluster, self.namespace, self.file = cluster, namespace, folder / "models.yaml"
        self.where = ["-n", namespace, "--kubeconfig", str(cluster.kubeconfig)]

    def apply(self, text: str, *options: str) -> Answer:
        """Write the models file and apply it."""
        self.file.write_text(text, "utf-8")
        return modelyard("apply", "-f", self.file, *self.where, *options)

    def run(self, *arguments: str) -> Answer:
        """Run a command of modelyard."""
        return modelyard(*arguments, *self.where)

    def diff(self, text: str, *options: str) -> Answer:
        """Write the models file and compare it with the cluster."""
        self.file.write_text(text, "utf-8")
        return modelyard("diff", "-f", self.file, *self.where, *options)

    def take_over(self) -> None:
        """Let another field manager set the replicas of pricing."""
        taken = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "pricing", "namespace": self.namespace},
            "spec": {"replicas": 5},
        }
        options = ("--server-side", "--force-conflicts", "--field-manager=night-shift", "-f", "-")
        self.cluster.succeed("apply", *options, stdin=json.dumps(taken))

    def names(self, kind: str) -> set[str]:
        """Return the names of all objects of a kind that stay."""
        items = json.loads(self.cluster.succeed("get", kind, "-n", self.namespace, "-o", "json"))["items"]
        return {each["metadata"]["name"] for each in items if not each["metadata"].get("deletionTimestamp")}

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """Return one object."""
        return self.cluster.get(kind, name, self.namespace)
