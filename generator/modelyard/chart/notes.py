"""NOTES.txt, and what `helm test` runs: a pod for each model, which calls what its readiness probes ask."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

from modelyard.chart.addresses import Check, checks, inside, outside
from modelyard.chart.expressions import Tokens, enabled, escaped
from modelyard.chart.offers import NAMESPACE
from modelyard.chart.placing import secrets_lines
from modelyard.chart.templates import HEAD
from modelyard.files.yaml import write
from modelyard.manifests.manifest import Manifest
from modelyard.models.declared import DeclaredModel, DeclaredSet
from modelyard.models.model_set import NetworkPolicy

TEST_IMAGE: Final = "docker.io/library/busybox:1.37.0"
_USER: Final = 65534  # nobody
_HOOK: Final = {
    "helm.sh/hook": "test",
    # What fails stays until the next test, so that its log can be read.
    "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
}
# A cold start takes its time; what refuses calls for a minute is not going to come.
_SCRIPT: Final = """\
ready() { timeout 20 wget -q -O /dev/null --no-check-certificate "$1"; }
answers() { timeout 20 wget -S -O /dev/null --no-check-certificate "$1" 2>&1 | grep "HTTP/1" | grep -vq " 5"; }
try() {
  left=12
  until "$@"; do
    left=$((left - 1))
    if [ $left = 0 ]; then echo "not $*"; exit 1; fi
    sleep 5
  done
  echo "$*"
}
"""


def notes(models: DeclaredSet, objects: Mapping[str, Sequence[Manifest]], *, tested: bool) -> str:
    """Return NOTES.txt. objects: of each model. tested: `helm test` calls models."""
    text = HEAD + "The models of {{ .Release.Name }} in namespace {{ .Release.Namespace }}:\n"
    for each in models.models:
        inner = (_released(escaped(one)) for one in inside(each, objects[each.name]))
        listed = "".join(f"    {line}\n" for line in (*outside(each), *inner))
        text += enabled(each.name, f"  {each.name}\n{listed}")
    test = "  helm test {{ .Release.Name }} --namespace {{ .Release.Namespace }}\n" if tested else ""
    return f"{text}\nNext:\n  modelyard list --namespace {{{{ .Release.Namespace }}}}\n{test}"


def tests(models: DeclaredSet, objects: Mapping[str, Sequence[Manifest]]) -> dict[str, str]:
    """Return the templates of `helm test` by path; none where no model can be called."""
    found = {}
    for each in models.models:
        if calls := list(checks(each, objects[each.name])):
            found[f"tests/{each.name}.yaml"] = _pod(models, each, calls)
    policy = models.spec.networkPolicy
    if found and isinstance(policy, NetworkPolicy) and policy.ingressFrom:
        found["tests/networkpolicy.yaml"] = HEAD + _released(write(_policy(models)))
    return found


def _pod(models: DeclaredSet, model: DeclaredModel, calls: Sequence[Check]) -> str:
    words = [("answers" if each.any_answer else "ready", each.url) for each in calls]
    script = _SCRIPT + "".join(f"try {kind} {shlex.quote(url)}\n" for kind, url in words)
    tokens = Tokens(script)
    account = models.spec.serviceAccount.name or models.metadata.name
    body = _object(models, "v1", "Pod", f"{model.name}-test", {**_HOOK})
    body["spec"] = {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": 280,  # Helm waits for 300
        "serviceAccountName": account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        tokens.lines(secrets_lines("imagePullSecrets", ".Values.imagePullSecrets", named=True)): "",
        "securityContext": {
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
            **({} if models.spec.platform == "openshift" else {"runAsUser": _USER}),
        },
        "containers": [
            {
                "name": "test",
                "image": tokens.inline(".Values.test.image | quote"),
                "command": ["sh", "-c", script],
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
            }
        ],
    }
    return HEAD + enabled(model.name, _released(tokens.written(body)))


def _policy(models: DeclaredSet) -> dict[str, Any]:
    """Return what lets the pods of the test in where the set's own policy does not; policies add up."""
    own = {"helm.sh/hook-weight": "-1"}
    body = _object(models, "networking.k8s.io/v1", "NetworkPolicy", _name(models), _HOOK | own)
    body["spec"] = {
        "podSelector": {"matchLabels": {"app.kubernetes.io/part-of": models.metadata.name}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": _name(models)}}}]}],
    }
    return body


def _object(models: DeclaredSet, version: str, kind: str, name: str, annotations: Mapping[str, str]) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": _name(models), "app.kubernetes.io/part-of": models.metadata.name}
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels, "annotations": {**annotations}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _name(models: DeclaredSet) -> str:
    return f"{models.metadata.name}-test"


def _released(text: str) -> str:
    text = text.replace(f"namespace: {NAMESPACE}", "namespace: {{ .Release.Namespace | quote }}")
    return text.replace(NAMESPACE, "{{ .Release.Namespace }}")
