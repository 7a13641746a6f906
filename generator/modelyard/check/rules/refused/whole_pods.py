"""Pods as a whole: what contradicts each other in them, and what only pods themselves may have.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, ValidatePodSpec, validateInitContainers,
validateSleepAction, validatePodHostNetworkDeps, validateHostUsers, ValidateHostSysctl, validateLinux, validateWindows.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from modelyard.check.finding import Found, Path, integer, items, mapping, text
from modelyard.check.pods import PodTemplate, containers
from modelyard.manifests.manifest import Manifest

_GRACE: Final = 30  # seconds, pkg/apis/core/v1/defaults.go
_FOR_LASTING: Final = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")


def _is_ipc(parts: list[str]) -> bool:
    return parts[:2] == ["fs", "mqueue"] or (
        parts[:1] == ["kernel"] and (parts[1:2] == ["sem"] or "".join(parts[1:2]).startswith(("shm", "msg")))
    )


def as_a_whole(manifest: Manifest, template: PodTemplate) -> Iterator[Found]:
    """Find what contradicts each other in a pod, and what only pods themselves may have."""
    pod, path = template.spec, template.spec_path
    if pod.get("ephemeralContainers"):
        yield Found("ephemeral containers are added to pods that run", "take them out", (*path, "ephemeralContainers"))
    if pod.get("containers") == []:
        yield Found("the pod has no containers", "add one", (*path, "containers"))
    yield from _initial(path, pod)
    yield from _grace(path, pod)
    yield from _host(path, pod)
    yield from _host_ports(path, pod)
    yield from _resources(path, pod)
    yield from _volumes(manifest, path, pod)
    yield from _systems(path, pod)


def _initial(path: Path, pod: dict[str, Any]) -> Iterator[Found]:
    for i, each in items(pod.get("initContainers")):
        lasting = each.get("restartPolicy") == "Always"
        for key in _FOR_LASTING:
            if isinstance(each.get(key), dict) and not lasting:
                hint = "take it out, or write restartPolicy: Always for a sidecar"
                yield Found(f"an init container that ends has no {key}", hint, (*path, "initContainers", i, key))
    for where, each in containers(path, pod):
        for i, policy in items(each.get("resizePolicy")):
            if pod.get("restartPolicy") == "Never" and policy.get("restartPolicy") != "NotRequired":
                hint = "write NotRequired"
                yield Found("a pod that is never restarted", hint, (*where, "resizePolicy", i, "restartPolicy"))


def _grace(path: Path, pod: dict[str, Any]) -> Iterator[Found]:
    stated = integer(pod.get("terminationGracePeriodSeconds"))
    grace = _GRACE if stated is None else stated
    for where, each in containers(path, pod):
        hooks = mapping(each.get("lifecycle"))
        for key in ("postStart", "preStop"):
            seconds = integer(mapping(mapping(hooks.get(key)).get("sleep")).get("seconds"))
            if seconds is not None and not 0 <= seconds <= max(grace, 0):
                hint = f"write at most {grace}, or raise terminationGracePeriodSeconds"
                yield Found(
                    "the hook sleeps longer than a pod has to end", hint, (*where, "lifecycle", key, "sleep", "seconds")
                )


def _host(path: Path, pod: dict[str, Any]) -> Iterator[Found]:
    """Find what a pod cannot have together with what is the node's."""
    if pod.get("hostUsers") is False:
        for key in ("hostPID", "hostIPC", "hostNetwork"):
            if pod.get(key) is True:
                yield Found(f"{key} needs the node's users", "take hostUsers: false out", (*path, key))
    if pod.get("shareProcessNamespace") is True and pod.get("hostPID") is True:
        where: Path = (*path, "shareProcessNamespace")
        yield Found("shareProcessNamespace and hostPID exclude each other", "keep one", where)
    if pod.get("hostnameOverride") and (pod.get("setHostnameAsFQDN") is True or pod.get("hostNetwork") is True):
        yield Found("hostnameOverride is not used here", "take it out", (*path, "hostnameOverride"))
    for i, each in items(mapping(pod.get("securityContext")).get("sysctls")):
        parts = re.split(r"[./]", text(each.get("name")))
        own = "hostNetwork" if parts[0] == "net" else "hostIPC" if _is_ipc(parts) else ""
        if own and pod.get(own) is True:
            where = (*path, "securityContext", "sysctls", i, "name")
            yield Found(f"with {own} it would be the node's", "take it out", where)


def _host_ports(path: Path, pod: dict[str, Any]) -> Iterator[Found]:
    used: set[tuple[object, ...]] = set()
    for i, each in items(pod.get("containers")):
        for j, port in items(each.get("ports")):
            where: Path = (*path, "containers", i, "ports", j, "hostPort")
            number = integer(port.get("hostPort"))
            key = (text(port.get("protocol")) or "TCP", text(port.get("hostIP")), number)
            if number and pod.get("hostNetwork") is True and number != port.get("containerPort"):
                yield Found("on the node's network hostPort is containerPort", "make them alike", where)
            elif number and key in used:
                yield Found(f"hostPort {number} stands there twice", "change it", where)
            used.add(key)


def _resources(path: Path, pod: dict[str, Any]) -> Iterator[Found]:
    stated = mapping(pod.get("resources"))
    if stated.get("claims") is not None:
        yield Found("a pod as a whole has no claims", "write them under a container", (*path, "resources", "claims"))


def _volumes(manifest: Manifest, path: Path, pod: dict[str, Any]) -> Iterator[Found]:
    kinds = {text(each.get("name")): each for _, each in items(pod.get("volumes"))}
    claimed = {"persistentVolumeClaim", "ephemeral"}
    templates = (
        items(mapping(manifest.body.get("spec")).get("volumeClaimTemplates")) if manifest.kind == "StatefulSet" else ()
    )
    own = {text(mapping(each.get("metadata")).get("name")) for _, each in templates}
    for where, container in containers(path, pod):
        for i, device in items(container.get("volumeDevices")):
            name, at = text(device.get("name")), (*where, "volumeDevices", i, "name")
            if name not in kinds and name not in own:
                yield Found(f"there is no volume {name}", "add it under volumes:, or take the device out", at)
            elif name in kinds and not claimed & kinds[name].keys():
                yield Found("a device is a claim or ephemeral", "change the volume", at)
    if manifest.kind == "Pod" and not pod.get("serviceAccountName") and not pod.get("serviceAccount"):
        for i, volume in items(pod.get("volumes")):
            for j, source in items(mapping(volume.get("projected")).get("sources")):
                if source.get("serviceAccountToken") is not None:
                    at = (*path, "volumes", i, "projected", "sources", j, "serviceAccountToken")
                    yield Found("a token needs serviceAccountName", "add it", at)


def _systems(path: Path, pod: dict[str, Any]) -> Iterator[Found]:
    for where, each in [(path, pod), *containers(path, pod)]:
        options = mapping(mapping(each.get("securityContext")).get("windowsOptions"))
        if options.get("hostProcess") is True and pod.get("hostNetwork") is not True:
            at = (*where, "securityContext", "windowsOptions", "hostProcess")
            yield Found("a process of the host needs hostNetwork: true", "add it", at)
    windows = mapping(pod.get("os")).get("name") == "windows"
    linux = mapping(pod.get("os")).get("name") == "linux"
    every = [(path, pod), *containers(path, pod)]
    for where, each in every:
        context = mapping(each.get("securityContext"))
        if linux and context.get("windowsOptions") is not None:
            yield Found(
                "a pod of linux has no windowsOptions", "take them out", (*where, "securityContext", "windowsOptions")
            )
        for key in (
            "runAsUser",
            "runAsGroup",
            "fsGroup",
            "seccompProfile",
            "seLinuxOptions",
            "capabilities",
            "privileged",
        ):
            if windows and context.get(key) is not None:
                yield Found(f"a pod of windows has no {key}", "take it out", (*where, "securityContext", key))
