"""Security contexts whose fields contradict each other; whether they pass a policy is not said here.

Source: kubernetes v1.36.3, pkg/apis/core/validation/validation.go, ValidateSecurityContext, validateSeccompProfileField
and ValidateAppArmorProfileField; apimachinery pkg/util/validation, IsValidUserID.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelyard.check.finding import Cluster, Finding, Found, Path, integer, mapping, sequence, text
from modelyard.check.pods import KNATIVE, all_pod_templates
from modelyard.manifests.manifest import Manifest

_MAX_ID: Final = 2**31 - 1
_SYS_ADMIN: Final = "CAP_SYS_ADMIN"


def contexts(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find privileged containers that may not gain privileges, profiles without their name, and ids out of range."""
    for index, manifest, template in all_pod_templates(manifests):
        every = [(template.spec_path, template.spec), *template.containers]
        private = template.spec.get("hostUsers") is False
        for where, each in every:
            context, path = mapping(each.get("securityContext")), (*where, "securityContext")
            found = [*_privileges(path, context), *_profiles(path, context)]
            found += _proc(path, context) if not private else ()
            found += _ids(path, context) if manifest.group != KNATIVE else ()  # its own rules say so
            yield from (one.on("MY356", index) for one in found)


def _privileges(path: Path, context: Mapping[str, Any]) -> Iterator[Found]:
    if context.get("allowPrivilegeEscalation") is not False:
        return
    if context.get("privileged") is True:
        hint = "set allowPrivilegeEscalation: true too, or take privileged out"
        yield Found("a privileged container may always gain privileges", hint, (*path, "privileged"))
    added = sequence(mapping(context.get("capabilities")).get("add"))
    for i, each in enumerate(added):
        if each == _SYS_ADMIN:
            hint = "set allowPrivilegeEscalation: true too, or take the capability out"
            yield Found(f"with {_SYS_ADMIN} a container may gain privileges", hint, (*path, "capabilities", "add", i))


def _profiles(path: Path, context: Mapping[str, Any]) -> Iterator[Found]:
    for key in ("appArmorProfile", "seccompProfile"):
        profile, where = context.get(key), (*path, key, "localhostProfile")
        if not isinstance(profile, dict):
            continue
        name, local = profile.get("localhostProfile"), profile.get("type") == "Localhost"
        if local and (name is None or (key == "appArmorProfile" and name == "")):
            yield Found("the profile has no name", "add localhostProfile:", (*path, key))
        elif local and key == "appArmorProfile" and text(name) != text(name).strip():
            yield Found("the profile's name has blanks around it", "take them out", where)
        elif not local and name is not None:
            yield Found("localhostProfile needs the type Localhost", "take it out, or change type", where)
        elif key == "seccompProfile" and (text(name).startswith("/") or ".." in text(name).split("/")):
            yield Found("the profile's path leads out of its folder", "write it without a leading / and ..", where)


def _proc(path: Path, context: Mapping[str, Any]) -> Iterator[Found]:
    if context.get("procMount") == "Unmasked":
        yield Found("Unmasked needs hostUsers: false", "take procMount out", (*path, "procMount"))


def _ids(path: Path, context: Mapping[str, Any]) -> Iterator[Found]:
    for key in ("runAsUser", "runAsGroup", "fsGroup"):
        number = integer(context.get(key))
        if number is not None and not 0 <= number <= _MAX_ID:
            yield Found(f"{key} {number} is not between 0 and {_MAX_ID}", "change it", (*path, key))
