"""With features of Knative on, the check and Knative's own validation judge the same objects: each field behind one."""

import json
import re
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from modelyard.check import check_objects
from modelyard.check.finding import PROBING, Cluster
from modelyard.check.pods import KNATIVE_FLAGS
from modelyard.check.rules.knative import features
from modelyard.problems.codes import CODES
from tests.check.test_knative_agrees import STRICTER
from tests.support import rule_examples
from tests.support.mutations import mutated

Object: TypeAlias = dict[str, Any]

# Field of a pod, and what is behind a feature there. Of volumes and containers: the same, below.
POD: Final[dict[str, Any]] = {
    "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "a"}]}},
    "dnsConfig": {"nameservers": ["10.0.0.1"]},
    "dnsPolicy": "ClusterFirst",
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}],
    "hostIPC": True,
    "hostNetwork": True,
    "hostPID": True,
    "initContainers": [{"name": "first", "image": "registry.example.com/first:1"}],
    "nodeSelector": {"a": "b"},
    "priorityClassName": "high",
    "runtimeClassName": "gvisor",
    "schedulerName": "own",
    "securityContext": {"runAsUser": 1000, "fsGroup": 2000},
    "shareProcessNamespace": True,
    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}],
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}],
}
VOLUMES: Final[dict[str, Any]] = {
    "podspec-persistent-volume-claim": {"persistentVolumeClaim": {"claimName": "a", "readOnly": True}},
    "podspec-persistent-volume-write": {"persistentVolumeClaim": {"claimName": "a"}},
    "podspec-volumes-csi": {"csi": {"driver": "a.example.com", "readOnly": True}},
    "podspec-volumes-hostpath": {"hostPath": {"path": "/a"}},
    "podspec-volumes-image": {"image": {"reference": "registry.example.com/a:1"}},
}
CONTAINER: Final[dict[str, Object]] = {
    "podspec-fieldref": {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
    "containerspec-addcapabilities": {"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"]}}},
}
PROBE: Final = {"httpGet": {"path": "/ready", "port": 8081}}
# What is refused here besides: the API server refuses it when the Deployment is made, after the revision was.
BESIDES: Final = {*STRICTER, "MY333", "MY337"}
NEEDS: Final = {"podspec-persistent-volume-write": {"podspec-persistent-volume-claim"}}
ALL: Final = frozenset([*KNATIVE_FLAGS.values(), *features._VOLUME_FLAGS.values(), *VOLUMES, *CONTAINER, PROBING])


def service() -> tuple[Object, Object, Object]:
    """Return a sound Service, and of it the pod and the first container."""
    body: Object = json.loads(json.dumps(rule_examples.OBJECTS["service"]))
    pod: Object = body["spec"]["template"]["spec"]
    return body, pod, pod["containers"][0]


def guarded() -> dict[str, Object]:
    """Return feature -> a Service with what is behind it."""
    found: dict[str, Object] = {}
    for field, value in POD.items():
        body, pod, _ = service()
        pod[field] = value
        found[KNATIVE_FLAGS[field]] = body
    for feature, source in VOLUMES.items():
        body, pod, container = service()
        pod.setdefault("volumes", []).append({"name": "extra", **source})
        container.setdefault("volumeMounts", []).append({"name": "extra", "mountPath": "/extra", "readOnly": True})
        found[feature] = body
    for feature, fields in CONTAINER.items():
        body, _, container = service()
        for key, value in fields.items():
            container[key] = [*container.get(key, []), *value] if isinstance(value, list) else value
        found[feature] = body
    body, pod, _ = service()
    pod["containers"].append({"name": "beside", "image": "registry.example.com/beside:1", "readinessProbe": PROBE})
    found[PROBING] = body
    return found


GUARDED: Final = guarded()


def knative(program: Path, bodies: Sequence[Object], on: Collection[str]) -> list[str]:
    """Return what Knative says of Services with features on, of each `ok` or what is wrong."""
    flags = ",".join(f"{'' if each == PROBING else 'kubernetes.'}{each}=enabled" for each in sorted(on))
    end = rule_examples.OBJECTS["mapping"]
    ends = [{**end, "metadata": {"name": f"{number}.end.example.com"}} for number in range(len(bodies))]
    text = "\n---\n".join(json.dumps(each) for pair in zip(bodies, ends, strict=True) for each in pair)
    command = [str(program), "-features", flags]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert not done.stderr
    parts = re.split(r"^DomainMapping/\d+\.end\.example\.com: ok$", done.stdout, flags=re.MULTILINE)
    return [part.strip().partition(": ")[2] for part in parts[:-1]]


def errors(body: Object, on: Collection[str]) -> set[str]:
    found = check_objects([body], Cluster(frozenset(on)))
    return {each.code for each in found if CODES[each.code].severity == "error"}


@pytest.mark.parametrize("feature", GUARDED)
def test_a_field_is_taken_with_its_feature_and_refused_without(feature: str, kservice_check: Path) -> None:
    body = GUARDED[feature]
    on = {feature} | NEEDS.get(feature, set())
    assert (knative(kservice_check, [body], on), errors(body, on)) == (["ok"], set())
    [said] = knative(kservice_check, [body], ALL - {feature})
    assert said != "ok"
    assert errors(body, ALL - {feature})


@pytest.mark.slow
@pytest.mark.parametrize("which", ["all", "none", "all but its own"])
def test_mutants_of_what_is_behind_features_are_judged_as_knative_does(which: str, kservice_check: Path) -> None:
    tried = missed = 0
    wrong: list[str] = []
    for feature, sound in GUARDED.items():
        on = {"all": ALL, "none": frozenset[str](), "all but its own": ALL - {feature}}[which]
        made = [*mutated(sound)]
        said = knative(kservice_check, [body for _, body in made], on)
        for (what, body), verdict in zip(made, said, strict=True):
            codes = errors(body, on)
            tried += 1
            if verdict != "ok" and not codes:
                missed += 1
                wrong.append(f"{feature} {what}: {verdict}")
            elif verdict == "ok" and codes - BESIDES:
                wrong.append(f"{feature} {what}: {sorted(codes)} is refused here alone")
    assert wrong == [], f"{missed} of {tried} missed"
    assert tried > 3_000
