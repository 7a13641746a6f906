"""What a controller adds to a pod is not missing from what a file says of it."""

from typing import Final

import pytest

from modelyard.api.objects import check_streams

_POD: Final = "containers: [{name: c, image: 'r.example.com/c:1', volumeMounts: [{name: added, mountPath: /x}]}]"
# Kind -> an object whose controller adds what it lacks, after documents of its project.
COMPLETED: Final = {
    "Prometheus: a volume for each of its secrets": f"""
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {{name: a}}
spec:
  secrets: [certs]
  {_POD.replace("added", "secret-certs")}
""",
    "JobSet: a volume for each template of its policies": f"""
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {{name: a}}
spec:
  volumeClaimPolicies: [{{templates: [{{metadata: {{name: added}}, spec: {{accessModes: [ReadWriteOnce]}}}}]}}]
  replicatedJobs:
    - {{name: w, template: {{spec: {{template: {{spec: {{restartPolicy: Never, {_POD}}}}}}}}}}}
""",
    "Grafana: the container's image": """
apiVersion: grafana.integreatly.org/v1beta1
kind: Grafana
metadata: {name: a}
spec: {deployment: {spec: {template: {spec: {containers: [{name: grafana, env: [{name: A, value: b}]}]}}}}}
""",
    "ClusterPolicy of Kyverno: a pattern is no pod": """
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: a}
spec:
  rules:
    - name: r
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate: {message: m, pattern: {spec: {containers: [{image: "*:*", "=(ports)": [{containerPort: ">1024"}]}]}}}
""",
    "DeploymentConfig: the image that its trigger names": """
apiVersion: apps.openshift.io/v1
kind: DeploymentConfig
metadata: {name: a}
spec:
  replicas: 1
  selector: {app: a}
  triggers:
    - type: ImageChange
      imageChangeParams: {automatic: true, containerNames: [c], from: {kind: ImageStreamTag, name: "a:latest"}}
  template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: " "}]}}
""",
    "ContainerSource of Knative: the container's name": """
apiVersion: sources.knative.dev/v1
kind: ContainerSource
metadata: {name: a}
spec:
  template: {spec: {containers: [{image: "r.example.com/i:1"}]}}
  sink: {ref: {apiVersion: v1, kind: Service, name: s}}
""",
}
# The same where nobody adds anything -> the error.
ALONE: Final = {
    _POD: "MY325",
    "containers: [{name: c, env: [{name: A, value: b}]}]": "MY328",
    "containers: [{name: c, image: ' '}]": "MY371",
    "containers: [{image: 'r.example.com/i:1'}]": "MY328",
}


def _errors(text: str) -> set[str]:
    found = check_streams({"a.yaml": text.encode()}).problems
    return {each.code for each in found if each.severity == "error"}


@pytest.mark.parametrize("what", COMPLETED)
def test_what_a_controller_adds_is_not_missing(what: str) -> None:
    assert _errors(COMPLETED[what]) == set()


@pytest.mark.parametrize("pod", ALONE)
def test_what_nobody_adds_is_missing(pod: str) -> None:
    labels = "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: "
    text = f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{{labels}{{{pod}}}}}}}\n"
    assert ALONE[pod] in _errors(text)
