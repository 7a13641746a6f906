"""A real API server with Knative's controller, for tests: start it, speak to it with kubectl, wait for it."""

import json
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_CRDS: Final = (
    "cloudschedulerjobs.cloudscheduler.cnrm.cloud.google.com.yaml",
    "dataprocautoscalingpolicies.dataproc.cnrm.cloud.google.com.yaml",
    "dataprocworkflowtemplates.dataproc.cnrm.cloud.google.com.yaml",
    "endpointconfigs.sagemaker.services.k8s.aws.yaml",
    "endpoints.sagemaker.services.k8s.aws.yaml",
    "eventarctriggers.eventarc.cnrm.cloud.google.com.yaml",
    "httproutes.gateway.networking.k8s.io.yaml",
    "iampolicymembers.iam.cnrm.cloud.google.com.yaml",
    "iamserviceaccounts.iam.cnrm.cloud.google.com.yaml",
    "models.sagemaker.services.k8s.aws.yaml",
    "podmonitors.monitoring.coreos.com.yaml",
    "routes.route.openshift.io.yaml",
    "scalabletargets.applicationautoscaling.services.k8s.aws.yaml",
    "scalingpolicies.applicationautoscaling.services.k8s.aws.yaml",
    "scheduledsparkapplications.sparkoperator.k8s.io.yaml",
    "sparkapplications.sparkoperator.k8s.io.yaml",
    "storagebuckets.storage.cnrm.cloud.google.com.yaml",
    "workflowsworkflows.workflows.cnrm.cloud.google.com.yaml",
)
OPENSHIFT: Final = Path(__file__).parent / "openshift_crds.yaml"
_PARTS: Final = ("--knative", "--controller", "--manager", "--kwok")

Object = dict[str, Any]


def crds(shared: Path) -> list[Path]:
    """Return the definitions of the kinds that models files give, as far as they are there."""
    data = shared / "data"
    return [path for name in _CRDS for folder in ("crds", "crds-more") if (path := data / folder / name).exists()]


@contextmanager
def serve(up: Path, cache: Path, crds: Iterable[Path]) -> Iterator[Path]:
    """Run the server while the context lasts, and give the path of its kubeconfig.

    It ends with its standard input, so that it cannot outlive the tests, however they end.
    """
    applied = [word for path in (*crds, OPENSHIFT) for word in ("--apply", str(path))]
    with _served([str(up), *_PARTS, "--cache", str(cache), *applied]) as kubeconfig:
        yield kubeconfig


@contextmanager
def serve_bare(up: Path, cache: Path) -> Iterator[Path]:
    """Run the API server alone while the context lasts: no controller, no Knative, no definition."""
    with _served([str(up), "--cache", str(cache)]) as kubeconfig:
        yield kubeconfig


@contextmanager
def _served(up: list[str]) -> Iterator[Path]:
    command = [*up, "--", "sh", "-c", 'echo "$KUBECONFIG"; exec cat']
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        kubeconfig = server.stdout.readline().strip()
        assert kubeconfig, "the server did not start; it says why on standard error"
        yield Path(kubeconfig)


@dataclass(frozen=True)
class Cluster:
    """The server as kubectl sees it."""

    kubectl: Path
    kubeconfig: Path

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run kubectl; its exit code is the caller's to judge."""
        return subprocess.run(
            [str(self.kubectl), *arguments],
            env={
                **os.environ,
                "KUBECONFIG": str(self.kubeconfig),
                "KUBECACHEDIR": str(self.kubeconfig.with_name("discovery")),
            },
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def succeed(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl, which must succeed, and return its output."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def wait_for_node(self) -> None:
        """Wait until new Pods are put on the make-believe node: what does so takes effect a moment after the start."""
        pod = ("run", "canary", "--image=canary:1", "-n", "default", "--dry-run=server")
        deadline = time.monotonic() + 60
        while not self.succeed(*pod, "-o", "jsonpath={.spec.nodeName}"):
            assert time.monotonic() < deadline, "the server puts no Pods on its node"
            time.sleep(0.2)

    @contextmanager
    def features(self, flags: Iterable[str]) -> Iterator[None]:
        """Turn feature flags of Knative on while the context lasts, and wait until its webhook goes by them.

        flags: as in the models file, without `kubernetes.`; podspec-nodeselector, which is tried, is one of them.
        """
        names = [f"kubernetes.{each}" for each in flags]
        self._set_features(dict.fromkeys(names, "enabled"), on=True)
        try:
            yield
        finally:
            self._set_features(dict.fromkeys(names), on=False)

    def _set_features(self, features: Mapping[str, str | None], *, on: bool) -> None:
        patch = json.dumps({"data": features})
        self.succeed("patch", "configmap", "config-features", "-n", "knative-serving", "--type=merge", "-p", patch)
        container = {"image": "registry.example.com/probe:1", "securityContext": {"privileged": False}}
        probe = {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": {"name": "probe", "namespace": "default"},
            "spec": {"template": {"spec": {"nodeSelector": {"disk": "ssd"}, "containers": [container]}}},
        }
        end = time.monotonic() + 20
        command = ("create", "--dry-run=server", "-f", "-")
        while on == ("nodeSelector" in self.run(*command, stdin=stream([probe])).stderr):
            assert time.monotonic() < end, "the webhook does not follow config-features"
            time.sleep(0.2)

    def apply(self, objects: Iterable[Mapping[str, Any]], *options: str) -> str:
        """Apply objects as modelyard does: server-side, strict, under its own name; a warning is a fault too."""
        server_side = ("--server-side", "--field-manager=modelyard", "--validate=strict")
        done = self.run("apply", *server_side, *options, "-f", "-", stdin=stream(objects))
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def read(self, objects: Iterable[Mapping[str, Any]]) -> list[Object]:
        """Return objects as they are stored."""
        text = self.succeed("get", "-f", "-", "-o", "json", stdin=stream(objects))
        found: Object = json.loads(text)
        return list(found["items"]) if found["kind"] == "List" else [found]

    def get(self, kind: str, name: str, namespace: str) -> Object:
        """Return one object."""
        found: Object = json.loads(self.succeed("get", kind, name, "-n", namespace, "-o", "json"))
        return found

    def set_status(self, kind: str, name: str, namespace: str, status: Object) -> None:
        """Set the status of an object, as its controller would."""
        patch = json.dumps({"status": status})
        where = ("-n", namespace, "--subresource=status", "--type=merge", "-p", patch)
        self.succeed("patch", kind, name, *where)


def stream(objects: Iterable[Mapping[str, Any]]) -> str:
    """Return objects as one YAML stream; JSON is YAML."""
    return "\n---\n".join(json.dumps(each) for each in objects)
