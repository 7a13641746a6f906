"""Pods of Kubernetes' own kinds: what stands in no other rule about pods, which hold for pods of whatever kind.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, ValidatePodSpec, validateContainerCommon,
validateInitContainers, validatePodDNSConfig, validateTopologySpreadConstraints, ValidateVolumeDevices,
validateLifecycle, validateResizePolicy, validateHostUsers, validateLinux and validateWindows.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from modelyard.check.finding import Found, Path, items, mapping, sequence, text
from modelyard.check.pods import PodTemplate
from modelyard.check.rules.refused.table import (
    DNS_LABEL,
    SUBDOMAIN,
    address,
    between,
    exactly_one,
    filled,
    named,
    needed,
    quantity_of,
    selector,
    unique,
    words,
)
from modelyard.check.rules.refused.tree import Rows, Tree, of_mapping
from modelyard.check.rules.refused.whole_pods import as_a_whole
from modelyard.manifests.manifest import Manifest
from modelyard.manifests.names import label_key

_MOST_SERVERS: Final = 3
_MOST_SEARCHES: Final = 32
_LONGEST_SEARCH: Final = 2048  # characters
_MAX_ID: Final = 2**31 - 1
_MAX_SECONDS: Final = 2**31 - 1
_SYSCTL: Final = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")
_UNDERSCORES: Final = re.compile(r"[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?(\.[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?)*")


@of_mapping
def _dns(path: Path, spec: Any) -> Iterator[Found]:
    config = spec.get("dnsConfig")
    servers = sequence(mapping(config).get("nameservers"))
    where: Path = (*path, "dnsConfig")
    if spec.get("dnsPolicy") == "None" and not servers:
        hint = "add dnsConfig: {nameservers: […]}"
        yield Found(
            "dnsPolicy None needs a name server", hint, where if isinstance(config, dict) else (*path, "dnsPolicy")
        )
    if len(servers) > _MOST_SERVERS:
        yield Found(f"there are more than {_MOST_SERVERS} name servers", "take some out", (*where, "nameservers"))
    searches = sequence(mapping(config).get("searches"))
    if len(searches) > _MOST_SEARCHES or len(" ".join(map(str, searches))) > _LONGEST_SEARCH:
        yield Found("the search list is too long", f"at most {_MOST_SEARCHES} domains", (*where, "searches"))


def _search(value: str) -> str | None:
    domain = value.removesuffix(".") if value != "." else "a"
    return None if _UNDERSCORES.fullmatch(domain) and len(domain) < 254 else "is no domain"


def _spread(path: Path, constraints: Any) -> Iterator[Found]:
    yield from unique("topologyKey", "whenUnsatisfiable")(path, constraints)
    for i, each in items(constraints):
        where: Path = (*path, i)
        if each.get("minDomains") is not None and each.get("whenUnsatisfiable") != "DoNotSchedule":
            yield Found("minDomains needs whenUnsatisfiable DoNotSchedule", "take it out", (*where, "minDomains"))
        chosen = mapping(each.get("labelSelector"))
        known = {
            *mapping(chosen.get("matchLabels")),
            *(text(one.get("key")) for _, one in items(chosen.get("matchExpressions"))),
        }
        keys = sequence(each.get("matchLabelKeys"))
        if keys and not isinstance(each.get("labelSelector"), dict):
            yield Found("matchLabelKeys needs a labelSelector", "add labelSelector:", (*where, "matchLabelKeys"))
        for j, key in enumerate(keys):
            if isinstance(key, str) and (key in known or label_key(key)):
                said = "this key is under labelSelector too" if key in known else f"the key {label_key(key)}"
                yield Found(said, "change it", (*where, "matchLabelKeys", j))


def _sysctl(value: str) -> str | None:
    return None if _SYSCTL.fullmatch(value) and len(value) < 254 else "is not the name of a kernel parameter"


def _resize(path: Path, policies: Any) -> Iterator[Found]:
    yield from unique("resourceName")(path, policies)


@of_mapping
def _mounted(path: Path, container: Any) -> Iterator[Found]:
    mounts = {text(each.get("name")): text(each.get("mountPath")) for _, each in items(container.get("volumeMounts"))}
    seen: dict[str, Path] = {}
    for i, device in items(container.get("volumeDevices")):
        where: Path = (*path, "volumeDevices", i)
        name, device_path = text(device.get("name")), text(device.get("devicePath"))
        if name in mounts or (device_path and device_path in mounts.values()):
            yield Found("the device is mounted too", "keep one of them", where)
        if ".." in device_path.split("/"):
            yield Found("devicePath has .. in it", "write it without ..", (*where, "devicePath"))
        if device_path in seen:
            yield Found(f"{device_path} stands there twice", "keep one of them", where, seen[device_path], "the first")
        seen.setdefault(device_path, where)


@of_mapping
def _restart(path: Path, container: Any) -> Iterator[Found]:
    rules = container.get("restartPolicyRules")
    if rules and not container.get("restartPolicy"):
        yield Found("restartPolicyRules need restartPolicy", "add restartPolicy:", (*path, "restartPolicyRules"))


def _filled_text(path: Path, value: Any) -> Iterator[Found]:
    """Ask for a text that is not empty."""
    if value == "":
        yield Found(f"{path[-1]} is empty", "take it out", path)


_CONTAINER: Final[Rows] = {
    "": (_mounted, _restart),
    "env/*": (filled("name"),),
    "ports/*/protocol": (words("SCTP", "TCP", "UDP"),),
    "volumeMounts/*": (filled("mountPath"),),
    "volumeMounts/*/mountPropagation": (_filled_text,),
    "volumeMounts/*/recursiveReadOnly": (words("Disabled", "Enabled", "IfPossible"),),
    "securityContext/seccompProfile": (filled("type"),),
    "securityContext/appArmorProfile": (filled("type"),),
    "volumeDevices": (unique("name"),),
    "volumeDevices/*": (filled("name", "devicePath"),),
    "resizePolicy": (_resize,),
    "resizePolicy/*/resourceName": (words("cpu", "memory", empty=True),),
    "resizePolicy/*/restartPolicy": (words("NotRequired", "RestartContainer", empty=True),),
    "restartPolicyRules/*": (needed("exitCodes", what="the rule"),),
    "restartPolicyRules/*/action": (words("Restart", "RestartAllContainers", empty=True),),
    "restartPolicyRules/*/exitCodes/operator": (words("In", "NotIn", empty=True),),
}
_ITEMS: Final = filled("key", "path")
_POD: Final[Rows] = {
    **{f"volumes/*/{kind}/items/*": (_ITEMS,) for kind in ("configMap", "secret")},
    **{f"volumes/*/projected/sources/*/{kind}/items/*": (_ITEMS,) for kind in ("configMap", "secret")},
    "": (_dns,),
    "activeDeadlineSeconds": (between(1, _MAX_SECONDS),),
    "hostname": (named(DNS_LABEL),),
    "subdomain": (named(DNS_LABEL),),
    "nodeName": (named(SUBDOMAIN),),
    "hostAliases/*/ip": (address,),
    "hostAliases/*/hostnames/*": (named(SUBDOMAIN, empty=True),),
    "dnsConfig/nameservers/*": (address,),
    "dnsConfig/searches/*": (named(_search, empty=True),),
    "dnsConfig/options/*": (needed("name", what="the option"),),
    "readinessGates/*/conditionType": (named(label_key, empty=True),),
    "schedulingGates/*/name": (named(label_key, empty=True),),
    "topologySpreadConstraints": (_spread,),
    "topologySpreadConstraints/*": (filled("topologyKey", "whenUnsatisfiable"),),
    "topologySpreadConstraints/*/maxSkew": (between(1),),
    "topologySpreadConstraints/*/minDomains": (between(1),),
    "topologySpreadConstraints/*/nodeAffinityPolicy": (words("Honor", "Ignore", empty=True),),
    "topologySpreadConstraints/*/nodeTaintsPolicy": (words("Honor", "Ignore", empty=True),),
    "topologySpreadConstraints/*/labelSelector": (selector,),
    "securityContext/supplementalGroups/*": (between(0, _MAX_ID),),
    "securityContext/supplementalGroupsPolicy": (words("Merge", "Strict", empty=True),),
    "securityContext/seLinuxChangePolicy": (words("MountOption", "Recursive", empty=True),),
    "securityContext/seccompProfile": (filled("type"),),
    "securityContext/appArmorProfile": (filled("type"),),
    "securityContext/sysctls": (unique("name"),),
    "securityContext/sysctls/*/name": (named(_sysctl, empty=True),),
    "os/name": (words("linux", "windows", empty=True),),
    "overhead/*": (quantity_of(),),
    "resourceClaims/*": (exactly_one("resourceClaimName", "resourceClaimTemplateName"),),
    "resourceClaims/*/name": (named(DNS_LABEL, empty=True),),
    "resourceClaims/*/resourceClaimName": (named(SUBDOMAIN, empty=True),),
    "resourceClaims/*/resourceClaimTemplateName": (named(SUBDOMAIN, empty=True),),
    "hostnameOverride": (named(SUBDOMAIN, empty=True),),
    **{
        f"{key}/*/{path}".rstrip("/"): checks
        for key in ("containers", "initContainers", "ephemeralContainers")
        for path, checks in _CONTAINER.items()
    },
}


@cache
def _tree() -> Tree:
    return Tree.of(_POD)


def in_pods(manifest: Manifest, template: PodTemplate) -> Iterator[Found]:
    """Find what the API server refuses of the pods of an object of its own kinds."""
    yield from _tree().found(template.spec, template.spec_path)
    yield from as_a_whole(manifest, template)
