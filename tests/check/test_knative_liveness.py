"""A liveness probe on Knative is asked at the container's own port, whatever port it names."""

from typing import Final

import pytest

from modelyard.api.objects import check_streams

SERVICE: Final = """\
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: churn}
spec:
  template:
    spec:
      containers:
        - image: registry.example.com/models/churn:2.0.0
          PORTS
          livenessProbe: {PROBE}
"""


def found(ports: str, probe: str, *features: str) -> list[str]:
    """Return what is said of a probe."""
    text = SERVICE.replace("PORTS", ports or "name: model").replace("PROBE", probe)
    problems = check_streams({"a.yaml": text.encode()}, features=features).problems
    return [each.message for each in problems if each.code == "MY319"]


@pytest.mark.parametrize(
    ("ports", "probe", "said"),
    [
        ("ports: [{containerPort: 9000}]", "httpGet: {path: /live, port: 8081}", "Knative asks at port 9000, not 8081"),
        ("ports: [{containerPort: 9000}]", "tcpSocket: {port: 8081}", "Knative asks at port 9000, not 8081"),
        ("", "httpGet: {path: /live, port: 8081}", "Knative asks at port 8080, not 8081"),
        ("ports: [{containerPort: 9000}]", "httpGet: {path: /live, port: 9000}", ""),
        ("ports: [{containerPort: 9000}]", "httpGet: {path: /live}", ""),
        ("ports: [{name: http1, containerPort: 9000}]", "httpGet: {path: /live, port: http1}", ""),
        ("", "tcpSocket: {port: 8080}", ""),
        ("ports: [{containerPort: 9000}]", "grpc: {port: 8081}", ""),
        ("ports: [{containerPort: 9000}]", "exec: {command: ['true']}", ""),
    ],
)
def test_another_port_is_said(ports: str, probe: str, said: str) -> None:
    assert found(ports, probe) == ([said] if said else [])
    assert found(ports, probe, "multi-container-probing") == []
