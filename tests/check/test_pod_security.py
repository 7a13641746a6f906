"""Pods pass Pod Security "restricted" of Kubernetes 1.37: the rules, proved with the official fixtures, and ours."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import yaml

from modelyard import api
from modelyard.check import check_objects
from modelyard.check.finding import Cluster

Data: TypeAlias = dict[str, Any]

VOLUMES: Final = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)
SYSCTLS: Final = frozenset(
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_notsent_lowat",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_slow_start_after_idle",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    ]
)
SELINUX_TYPES: Final = frozenset(["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"])
APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"


@dataclass(frozen=True)
class Pod:
    """A pod, or a pod template, with what the rules look at."""

    metadata: Data
    spec: Data

    @property
    def containers(self) -> list[Data]:
        """All containers, of every sort."""
        return [
            each for key in ("containers", "initContainers", "ephemeralContainers") for each in self.spec.get(key) or []
        ]

    @property
    def own(self) -> Data:
        """The pod's own security context."""
        return self.spec.get("securityContext") or {}

    @property
    def contexts(self) -> list[Data]:
        """The containers' security contexts; an empty one where there is none."""
        return [each.get("securityContext") or {} for each in self.containers]

    @property
    def everywhere(self) -> list[Data]:
        """All security contexts, the pod's too."""
        return [self.own, *self.contexts]

    @property
    def handlers(self) -> Iterator[Data]:
        """What probes and lifecycle hooks call."""
        for each in self.containers:
            hooks = (each.get("lifecycle") or {}).values()
            probes = (each.get(name) or {} for name in ("startupProbe", "readinessProbe", "livenessProbe"))
            for called in (*hooks, *probes):
                yield from (called.get(name) or {} for name in ("httpGet", "tcpSocket"))

    def settled(self, key: str) -> list[Any]:
        """Return what holds for each container: its own value, else the pod's."""
        return [self.own.get(key) if each.get(key) is None else each[key] for each in self.contexts]


def _app_armor(pod: Pod) -> bool:
    annotations = {
        key: text for key, text in (pod.metadata.get("annotations") or {}).items() if key.startswith(APPARMOR)
    }
    named = all(text in ("", "runtime/default") or text.startswith("localhost/") for text in annotations.values())
    profiles = [each["appArmorProfile"] for each in pod.everywhere if each.get("appArmorProfile")]
    return named and all(each.get("type") in ("RuntimeDefault", "Localhost") for each in profiles)


def _capabilities(pod: Pod) -> bool:
    all_ = [each.get("capabilities") or {} for each in pod.contexts]
    return all(
        "ALL" in (each.get("drop") or []) and set(each.get("add") or []) <= {"NET_BIND_SERVICE"} for each in all_
    )


def _selinux(pod: Pod) -> bool:
    options = [each.get("seLinuxOptions") or {} for each in pod.everywhere]
    return all(
        each.get("type", "") in SELINUX_TYPES and not each.get("user") and not each.get("role") for each in options
    )


def _host_process(pod: Pod) -> bool:
    return not any((each.get("windowsOptions") or {}).get("hostProcess") for each in pod.everywhere)


# k8s.io/pod-security-admission, policy/check_*.go: rule -> whether a pod keeps it. Where a user namespace relaxes a
# rule (1.35 and later), this is the stricter one.
RULES: Final[Mapping[str, Callable[[Pod], bool]]] = {
    "allowPrivilegeEscalation": lambda pod: all(each.get("allowPrivilegeEscalation") is False for each in pod.contexts),
    "appArmorProfile": _app_armor,
    "capabilities": _capabilities,
    "hostNamespaces": lambda pod: not any(pod.spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")),
    "hostPathVolumes": lambda pod: not any("hostPath" in each for each in pod.spec.get("volumes") or []),
    "hostPorts": lambda pod: (
        not any(port.get("hostPort") for each in pod.containers for port in each.get("ports") or [])
    ),
    "hostProbesAndHostLifecycle": lambda pod: not any(each.get("host") for each in pod.handlers),
    "privileged": lambda pod: not any(each.get("privileged") for each in pod.contexts),
    "procMount": lambda pod: all(each.get("procMount", "Default") == "Default" for each in pod.contexts),
    "restrictedVolumes": lambda pod: all(set(each) - {"name"} <= VOLUMES for each in pod.spec.get("volumes") or []),
    "runAsNonRoot": lambda pod: pod.own.get("runAsNonRoot") is not False and all(pod.settled("runAsNonRoot")),
    "runAsUser": lambda pod: all(each.get("runAsUser") != 0 for each in pod.everywhere),
    "seccompProfile": lambda pod: all(
        (each or {}).get("type") in ("RuntimeDefault", "Localhost") for each in pod.settled("seccompProfile")
    ),
    "seLinuxOptions": _selinux,
    "sysctls": lambda pod: all(each["name"] in SYSCTLS for each in pod.own.get("sysctls") or []),
    "windowsHostProcess": _host_process,
}
LINUX_ONLY: Final = frozenset(["allowPrivilegeEscalation", "capabilities", "seccompProfile"])


def broken(pod: Mapping[str, Any]) -> set[str]:
    """Return the rules of restricted that a pod, or a pod template, breaks."""
    wanted = Pod(pod.get("metadata") or {}, pod["spec"])
    exempt = LINUX_ONLY if (wanted.spec.get("os") or {}).get("name") == "windows" else frozenset()
    return {name for name, keeps in RULES.items() if name not in exempt and not keeps(wanted)}


def fixtures(shared: Path, level: str, verdict: str) -> dict[str, Data]:
    """Return name -> pod of the official fixtures of a level, of those that pass or fail."""
    folder = shared / "data" / "pss" / level / verdict
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(folder.glob("*.yaml"))}


def _rule(fixture: str) -> str:
    """Return the rule that a fixture is about; upstream has some rules once for each level."""
    stem = fixture.rstrip("0123456789").split("_")[0]
    return next(name for name in RULES if name.lower() == stem)


def test_the_rules_let_pass_what_passes(shared: Path) -> None:
    passing = fixtures(shared, "restricted", "pass")
    assert {name: broken(pod) for name, pod in passing.items()} == {name: set() for name in passing}
    assert len(passing) == 23


@pytest.mark.parametrize(("level", "count"), [("restricted", 76), ("baseline", 34)])
def test_the_rules_refuse_what_fails_for_its_own_reason(shared: Path, level: str, count: int) -> None:
    failing = fixtures(shared, level, "fail")
    missed = {name: _rule(name) for name, pod in failing.items() if _rule(name) not in broken(pod)}
    assert missed == {}
    assert len(failing) == count


def test_every_rule_has_a_fixture(shared: Path) -> None:
    assert {_rule(name) for name in fixtures(shared, "restricted", "fail")} == RULES.keys()


# Rule -> code of the check that users run, which is written apart from the rules here.
CODES: Final = {
    "hostNamespaces": "MY340",
    "privileged": "MY341",
    "capabilities": "MY342",
    "hostPathVolumes": "MY343",
    "hostPorts": "MY344",
    "appArmorProfile": "MY345",
    "seLinuxOptions": "MY346",
    "procMount": "MY347",
    "sysctls": "MY348",
    "windowsHostProcess": "MY349",
    "hostProbesAndHostLifecycle": "MY350",
    "restrictedVolumes": "MY351",
    "allowPrivilegeEscalation": "MY352",
    "runAsNonRoot": "MY353",
    "runAsUser": "MY354",
    "seccompProfile": "MY355",
}
RESTRICTED: Final = {"MY342", "MY351", "MY352", "MY353", "MY354", "MY355"}  # what baseline lets pass


def found_by_check(pod: Data, *kinds: str) -> set[str]:
    """Return the codes on Pod Security that the check finds on a pod, or on what wraps it."""
    body: Data = {**pod, "metadata": {"name": "pod", **(pod.get("metadata") or {})}}
    for kind in kinds:
        body = _wrapped(kind, body)
    return {each.code for each in check_objects([body], Cluster(None))} & set(CODES.values())


def _wrapped(kind: str, pod: Data) -> Data:
    template = {key: each for key, each in pod.items() if key in ("metadata", "spec")}
    versions = {
        "Deployment": "apps/v1",
        "CronJob": "batch/v1",
        "PodTemplate": "v1",
        "Service": "serving.knative.dev/v1",
    }
    head = {"apiVersion": versions.get(kind, "viya.sas.com/v1alpha1"), "kind": kind, "metadata": {"name": "pod"}}
    places: dict[str, Data] = {
        "CronJob": {"spec": {"jobTemplate": {"spec": {"template": template}}}},
        "PodTemplate": {"template": template},
        "CASDeployment": {"spec": {"controllerTemplate": template}},
    }
    return {**head, **places.get(kind, {"spec": {"template": template}})}


def _open_in(level: str, pod: Data) -> set[str]:
    """Return the codes of what a level lets pass and restricted does not; in a user namespace that is more."""
    if level == "restricted":
        return set()
    return RESTRICTED | ({"MY347"} if pod["spec"].get("hostUsers") is False else set())


KINDS: Final = ("Pod", "Deployment", "CronJob", "PodTemplate", "Service", "CASDeployment", "Scorer")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("level", "count"), [("restricted", 23), ("baseline", 15)])
def test_the_check_lets_pass_what_passes_in_any_kind(shared: Path, level: str, count: int, kind: str) -> None:
    passing = fixtures(shared, level, "pass")
    wrapping = () if kind == "Pod" else (kind,)
    refused = {name: found_by_check(pod, *wrapping) - _open_in(level, pod) for name, pod in passing.items()}
    assert refused == {name: set() for name in passing}
    assert len(passing) == count


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("level", "count"), [("restricted", 76), ("baseline", 34)])
def test_the_check_refuses_what_fails_in_any_kind(shared: Path, level: str, count: int, kind: str) -> None:
    failing = fixtures(shared, level, "fail")
    wrapping = () if kind == "Pod" else (kind,)
    # hostPath breaks two rules upstream, and has one code.
    codes = {
        name: {CODES[_rule(name)]} | ({"MY343"} if _rule(name) == "restrictedVolumes" else set()) for name in failing
    }
    missed = {name for name, pod in failing.items() if not codes[name] & found_by_check(pod, *wrapping)}
    assert missed == set()
    assert len(failing) == count


def templates(rendering: api.Rendering) -> dict[str, Data]:
    """Return object -> pod template, of whatever holds one anywhere."""
    return {f"{each}{path}": found for each in rendering.objects for path, found in _templates(each.body, "")}


def _templates(node: object, path: str) -> Iterator[tuple[str, Data]]:
    if isinstance(node, dict):
        if str(node.get("apiVersion")).startswith("sagemaker."):
            return  # what it calls containers runs elsewhere
        if isinstance(spec := node.get("spec"), dict) and isinstance(spec.get("containers"), list):
            yield path, node
        for key, value in node.items():
            yield from _templates(value, f"{path}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _templates(value, f"{path}/{index}")


def test_every_rendered_pod_passes(renderings: Mapping[str, api.Rendering]) -> None:
    faults = []
    seen = dict.fromkeys(renderings, 0)
    for name, rendering in renderings.items():
        for where, template in templates(rendering).items():
            seen[name] += 1
            faults += [f"{name}: {where}: {rule}" for rule in sorted(broken(template))]
    assert not faults, "\n".join(faults)
    unseen = {name for name, count in seen.items() if not count}
    assert not {name for name in unseen if name.startswith("set-")} | unseen.intersection(["base", "dev", "prod"])
    assert sum(seen.values()) > 200


def test_scr_runs_as_its_own_user_and_on_openshift_as_none_of_ours(renderings: Mapping[str, api.Rendering]) -> None:
    found: dict[str, set[tuple[str, object]]] = {"kubernetes": set(), "openshift": set()}
    for rendering in renderings.values():
        assert rendering.models is not None
        declared = {each.name: each.whole.model for each in rendering.models.models}
        for each in rendering.objects:
            model = declared.get(each.model or "")
            if model is None or model.runtime != "scr" or (model.securityContext and model.securityContext.runAsUser):
                continue
            for _, template in _templates(each.body, ""):
                spec = template["spec"]
                own = "openshift.io/required-scc" in template["metadata"].get("annotations", {})  # a target of its own
                platform = "openshift" if own else rendering.models.spec.platform
                kept = {"fsGroup"} if each.kind == "StatefulSet" and platform == "kubernetes" else set()
                assert {key for key in spec.get("securityContext", {}) if key != "fsGroupChangePolicy"} == kept
                for container in (*spec.get("initContainers", ()), *spec["containers"]):
                    if container["name"] not in ("model", "proxy"):
                        continue  # its user is that of its image, or the one that the models file gives
                    user = container["securityContext"].get("runAsUser")
                    found[platform].add((container["name"], user))
    # Not one user for both: where they share a PID namespace each could read the other's environment.
    assert found == {
        "kubernetes": {("model", 1001), ("proxy", 65532)},
        "openshift": {("model", None), ("proxy", None)},
    }
