"""Models files with faults that other tools notice, each in a line that is known. The same seed gives the same file.

A model has one fault, in a field of its own, in one of a variant, or in a patch, in block or in flow style, between
comments and empty lines.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

HEAD: Final = """\
apiVersion: modelyard.dev/v1alpha1
kind: ModelSet
metadata: {name: faults}
spec:
  namespace: scoring
  models:
"""
HERE: Final = " @@"  # behind the line that a fault stands in
CONTAINER: Final = "/spec/template/spec/containers/0"

Lines = Sequence[str]
# What a model has: the lines of each of its keys, in styles of which one is taken.
SOUND: Final[Mapping[str, Sequence[Lines]]] = {
    "image": [["image: r.example.com/scores:1.2.3"], ['image: "r.example.com/scores:1.2.3"']],
    "imagePullPolicy": [["imagePullPolicy: Always"]],
    "env": [["env: {RATE: '1'}"], ["env:", "  RATE: '1'"]],
    "probes": [
        ["probes: {readiness: {httpGet: {path: /ready}}, liveness: {httpGet: {path: /live}}}"],
        ["probes:", "  readiness:", "    httpGet: {path: /ready}", "  liveness: {httpGet: {path: /live}}"],
    ],
    "securityContext": [
        ["securityContext: {runAsUser: 12345, runAsGroup: 12345}"],
        ["securityContext:", "  runAsUser: 12345", "  runAsGroup: 12345"],
    ],
    "resources": [
        [
            "resources:",
            "  requests: {cpu: 500m, memory: 1Gi, ephemeral-storage: 1Gi}",
            "  limits: {cpu: '1', memory: 2Gi, ephemeral-storage: 1Gi}",
        ]
    ],
    "targets": [["targets: {deployment: {replicas: 3}}"], ["targets:", "  deployment:", "    replicas: 3"]],
}


class Fault(NamedTuple):
    """One thing wrong: the key whose lines it changes, the lines in their styles, and which rules of tools notice it.

    key: empty for a patch, whose operations the lines are. rules: tool -> rules, of which all must notice it. kind: of
    the object that a patch is for.
    """

    name: str
    key: str
    styles: Sequence[Lines]
    rules: Mapping[str, Sequence[str]]
    kind: str = "Deployment"


def _resources(name: str, requests: str, limits: str, at: str, **rules: Sequence[str]) -> Fault:
    lines = {"requests": f"  requests: {{{requests}}}", "limits": f"  limits: {{{limits}}}"}
    block = ["resources:", *(line + (HERE if key == at else "") for key, line in lines.items())]
    flow = f"resources: {{requests: {{{requests}}}, limits: {{{limits}}}}}{HERE}"
    return Fault(name, "resources", [block, [flow]], _tools(rules))


def _tools(rules: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    return {tool.replace("_", "-"): each for tool, each in rules.items()}


def _patch(
    name: str, path: str, value: str, op: str = "add", kind: str = "Deployment", **rules: Sequence[str]
) -> Fault:
    flow = [f"- {{op: {op}, path: {path}, value: {value}}}{HERE}"]
    # The place is the value's where that can have one, else that of the path.
    has_place = value not in ("true", "false", "null")
    block = [
        f"- op: {op}",
        f"  path: {path}" + ("" if has_place else HERE),
        f"  value: {value}" + (HERE if has_place else ""),
    ]
    return Fault(name, "", [flow, block], _tools(rules), kind)


_ALL_REQUESTS: Final = "cpu: 500m, memory: 1Gi, ephemeral-storage: 1Gi"
_ALL_LIMITS: Final = "cpu: '1', memory: 2Gi, ephemeral-storage: 1Gi"
_PROBE: Final = "{httpGet: {path: /same}}"

FAULTS: Final[Sequence[Fault]] = (
    _resources("no limit of memory", _ALL_REQUESTS, "cpu: '1', ephemeral-storage: 1Gi", "limits",
               kube_score=["container-resources"], checkov=["CKV_K8S_13"]),
    _resources("no limit of cpu", _ALL_REQUESTS, "memory: 2Gi, ephemeral-storage: 1Gi", "limits",
               kube_score=["container-resources"], checkov=["CKV_K8S_11"]),
    _resources("no request of memory", "cpu: 500m, ephemeral-storage: 1Gi", _ALL_LIMITS, "requests",
               kube_score=["container-resources"], checkov=["CKV_K8S_12"]),
    _resources("no request of cpu", "memory: 1Gi, ephemeral-storage: 1Gi", _ALL_LIMITS, "requests",
               kube_score=["container-resources"], checkov=["CKV_K8S_10"]),
    _resources("no limit of ephemeral storage", _ALL_REQUESTS, "cpu: '1', memory: 2Gi", "limits",
               kube_score=["container-ephemeral-storage-request-and-limit"]),
    _resources("no request of ephemeral storage", "cpu: 500m, memory: 1Gi", _ALL_LIMITS, "requests",
               kube_score=["container-ephemeral-storage-request-and-limit"]),
    Fault("the tag latest", "image", [[f"image: r.example.com/scores:latest{HERE}"]],
          {"kube-score": ["container-image-tag"], "checkov": ["CKV_K8S_14"]}),
    Fault("no tag", "image", [[f"image: r.example.com/scores{HERE}"]],
          {"kube-score": ["container-image-tag"], "checkov": ["CKV_K8S_14"]}),
    Fault("an image that is not pulled", "imagePullPolicy", [[f"imagePullPolicy: IfNotPresent{HERE}"]],
          {"kube-score": ["container-image-pull-policy"], "checkov": ["CKV_K8S_15"]}),
    Fault("a low user", "securityContext",
          [["securityContext:", f"  runAsUser: 1001{HERE}", "  runAsGroup: 12345"],
           [f"securityContext: {{runAsGroup: 12345, runAsUser: 1001}}{HERE}"]],
          {"kube-score": ["container-security-context-user-group-id"], "checkov": ["CKV_K8S_40"]}),
    Fault("a low group", "securityContext",
          [["securityContext:", "  runAsUser: 12345", f"  runAsGroup: 1001{HERE}"]],
          {"kube-score": ["container-security-context-user-group-id"]}),
    Fault("one probe for both", "probes",
          [["probes:", f"  readiness: {_PROBE}", f"  liveness: {_PROBE}{HERE}"]],
          {"kube-score": ["pod-probes-identical"]}),
    Fault("few replicas", "targets",
          [["targets:", "  deployment:", f"    replicas: 1{HERE}"],
           [f"targets: {{deployment: {{replicas: 1}}}}{HERE}"]],
          {"kube-score": ["deployment-replicas"]}),
    _patch("privileged", f"{CONTAINER}/securityContext/privileged", "true",
           kube_score=["container-security-context-privileged"], checkov=["CKV_K8S_16"]),
    _patch("a root filesystem that can be written", f"{CONTAINER}/securityContext/readOnlyRootFilesystem", "false",
           op="replace", kube_score=["container-security-context-readonlyrootfilesystem"], checkov=["CKV_K8S_22"]),
    _patch("more privileges", f"{CONTAINER}/securityContext/allowPrivilegeEscalation", "true", op="replace",
           checkov=["CKV_K8S_20"]),
    _patch("the host's network", "/spec/template/spec/hostNetwork", "true", checkov=["CKV_K8S_19"]),
    _patch("the host's processes", "/spec/template/spec/hostPID", "true", checkov=["CKV_K8S_17"]),
    _patch("a capability", f"{CONTAINER}/securityContext/capabilities/add", "[SYS_ADMIN]",
           checkov=["CKV_K8S_25", "CKV_K8S_39"]),
    _patch("a Service of nodes", "/spec/type", "NodePort", kind="Service", kube_score=["service-type"]),
    _patch("a label that is none", "/metadata/labels/team", "a b", kube_score=["label-values"]),
    _patch("replicas that are no number", "/spec/replicas", "two", op="replace", kubeconform=["invalid"]),
    _patch("a port that is no number", f"{CONTAINER}/ports/0/containerPort", "'9000'", op="replace",
           kubeconform=["invalid"]),
    _patch("seconds that are no number", "/spec/template/spec/terminationGracePeriodSeconds", "soon", op="replace",
           kubeconform=["invalid"]),
    _patch("a command that is no list", f"{CONTAINER}/command", "serve", kubeconform=["invalid"]),
    _patch("a flag that is none", f"{CONTAINER}/stdin", "'yes'", kubeconform=["invalid"]),
    _patch("an unknown field", "/spec/template/spec/sidecars", "[]", kubeconform=["invalid"]),
    _patch("an unknown flag", f"{CONTAINER}/restart", "true", kubeconform=["invalid"]),
    _patch("an unknown field with a value", "/spec/minReplicas", "2", kubeconform=["invalid"]),
    _patch("an unknown field of a Service", "/spec/host", "scores", kind="Service", kubeconform=["invalid"]),
)  # fmt: skip


@dataclass(frozen=True)
class Seeded:
    """A model with a fault. line: where it stands; lines: the first of the model, and the last; name: of its object."""

    fault: Fault
    line: int
    lines: tuple[int, int]
    name: str


@dataclass
class _Text:
    """A models file while it is written."""

    lines: list[str] = field(default_factory=HEAD.splitlines)
    at: int = 0  # line of the last fault

    def write(self, indent: int, lines: Lines) -> None:
        for line in lines:
            if line.endswith(HERE):
                self.at = len(self.lines) + 1
            self.lines.append(" " * indent + line.removesuffix(HERE))


def seeded(seed: int, count: int) -> tuple[str, list[Seeded]]:
    """Return a models file with so many models, and where each has its fault; every kind of fault in turn."""
    chance = random.Random(seed)  # noqa: S311 - the same faults each time
    text = _Text()
    turn = chance.sample(FAULTS, len(FAULTS))
    faults = [turn[number % len(turn)] for number in range(count)]
    found = [_model(text, fault, f"m{number:03}", chance) for number, fault in enumerate(faults)]
    return "\n".join([*text.lines, ""]), found


def _model(text: _Text, fault: Fault, name: str, chance: random.Random) -> Seeded:
    text.lines += chance.choice([[], [""], ["    # another one"], ["", "    # two lines", "    # of words"]])
    first = len(text.lines) + 1
    text.write(4, [f"- name: {name}", "  runtime: custom", "  port: 9000"])
    in_variant = bool(fault.key) and fault.key != "targets" and chance.random() < 0.4
    keys = [key for key in SOUND if not (in_variant and key == fault.key)]
    chance.shuffle(keys)
    for key in keys:
        is_faulty = key == fault.key
        text.write(6, chance.choice(fault.styles if is_faulty else SOUND[key]))
    if in_variant:
        text.write(6, ["variants:", "  - name: a", "    percent: 90"])
        text.write(10, chance.choice(SOUND[fault.key]))
        text.write(6, ["  - name: b", "    percent: 10"])
        text.write(10, chance.choice(fault.styles))
    elif not fault.key:
        text.write(6, ["patches:", f"  - target: {{kind: {fault.kind}}}", "    ops:"])
        text.write(12, chance.choice(fault.styles))
    return Seeded(fault, text.at, (first, len(text.lines)), f"{name}-b" if in_variant else name)


def kinds(found: Sequence[Seeded]) -> Iterator[str]:
    """Yield the names of the faults that are there."""
    yield from (each.fault.name for each in found)
