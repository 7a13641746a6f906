"""Pod Security Standards, profile restricted, for pods of whatever kind.

Source: k8s.io/pod-security-admission v0.37.2, policy/check_*.go. Where a user namespace relaxes a rule (1.35 and
later), this is the stricter one. Windows pods are exempt from what Linux alone has.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from modelyard.check.finding import Cluster, Finding, Path, items, mapping, sequence
from modelyard.check.pods import PodTemplate, all_pod_templates
from modelyard.manifests.manifest import Manifest

_VOLUMES: Final = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "name",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)
_SYSCTLS: Final = frozenset(
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
_SELINUX: Final = frozenset(["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"])
_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_PROFILES: Final = ("RuntimeDefault", "Localhost")
_CALLERS: Final = ("startupProbe", "readinessProbe", "livenessProbe")

Wrong: TypeAlias = tuple[Path, str, str]  # where, what, how to mend it
Check: TypeAlias = Callable[[PodTemplate], Iterator[Wrong]]


def pod_security(manifests: Sequence[Manifest], cluster: Cluster) -> Iterator[Finding]:
    """Find what Pod Security restricted refuses."""
    for index, _, template in all_pod_templates(manifests):
        windows = mapping(template.spec.get("os")).get("name") == "windows"
        for code, check in _CHECKS.items():
            if not (windows and code in _LINUX_ONLY):
                for path, message, hint in check(template):
                    yield Finding(code, message, hint, index, path)


def _contexts(pod: PodTemplate) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield path and mapping of the security context of each container; an empty one where there is none."""
    for path, container in pod.containers:
        yield (*path, "securityContext"), mapping(container.get("securityContext"))


def _own(pod: PodTemplate) -> tuple[Path, dict[str, Any]]:
    return (*pod.spec_path, "securityContext"), mapping(pod.spec.get("securityContext"))


def _there(path: Path, context: dict[str, Any], key: str) -> Path:
    """Return the path of a key, or of what lacks it: the context, or what lacks that."""
    return (*path, key) if key in context else path if context else path[:-1]


def _escalation(pod: PodTemplate) -> Iterator[Wrong]:
    for path, context in _contexts(pod):
        if context.get("allowPrivilegeEscalation") is not False:
            where = _there(path, context, "allowPrivilegeEscalation")
            yield where, "the container may gain privileges", "set allowPrivilegeEscalation: false"


def _app_armor(pod: PodTemplate) -> Iterator[Wrong]:
    for key, profile in mapping(pod.metadata.get("annotations")).items():
        known = profile in ("", "runtime/default") or str(profile).startswith("localhost/")
        if str(key).startswith(_APP_ARMOR) and not known:
            where = (*pod.path, "metadata", "annotations", key)
            yield where, "the AppArmor profile is switched off", "write runtime/default"
    for path, context in (_own(pod), *_contexts(pod)):
        profile = mapping(context.get("appArmorProfile"))
        if profile and profile.get("type") not in _PROFILES:
            where = (*path, "appArmorProfile")
            yield where, "the AppArmor profile is switched off", "write type: RuntimeDefault"


def _capabilities(pod: PodTemplate) -> Iterator[Wrong]:
    for path, context in _contexts(pod):
        capabilities = mapping(context.get("capabilities"))
        if "ALL" not in sequence(capabilities.get("drop")):
            yield _there(path, context, "capabilities"), "the container keeps capabilities", "set drop: [ALL]"
        for i, each in enumerate(sequence(capabilities.get("add"))):
            if each != "NET_BIND_SERVICE":
                where = (*path, "capabilities", "add", i)
                yield where, f"the container adds the capability {each}", "only NET_BIND_SERVICE may be added"


def _host_namespaces(pod: PodTemplate) -> Iterator[Wrong]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(key):
            yield (*pod.spec_path, key), f"the pod shares its node's namespace by {key}", "take it out"


def _host_paths(pod: PodTemplate) -> Iterator[Wrong]:
    for i, volume in items(pod.spec.get("volumes")):
        if "hostPath" in volume:
            where = (*pod.spec_path, "volumes", i, "hostPath")
            yield where, "the pod mounts a folder of its node", "use another volume"


def _host_ports(pod: PodTemplate) -> Iterator[Wrong]:
    for path, container in pod.containers:
        for i, port in items(container.get("ports")):
            if port.get("hostPort"):
                yield (*path, "ports", i, "hostPort"), "the container takes a port of its node", "use a Service"


def _host_probes(pod: PodTemplate) -> Iterator[Wrong]:
    for path, container in pod.containers:
        called = [((*path, key), container.get(key)) for key in _CALLERS]
        called += [((*path, "lifecycle", key), each) for key, each in mapping(container.get("lifecycle")).items()]
        for where, each in called:
            for handler in ("httpGet", "tcpSocket"):
                if mapping(mapping(each).get(handler)).get("host"):
                    yield (*where, handler, "host"), "the kubelet would call another host", "take host out"


def _privileged(pod: PodTemplate) -> Iterator[Wrong]:
    for path, context in _contexts(pod):
        if context.get("privileged"):
            yield (*path, "privileged"), "the container is privileged", "take it out"


def _proc_mount(pod: PodTemplate) -> Iterator[Wrong]:
    for path, context in _contexts(pod):
        if context.get("procMount", "Default") != "Default":
            yield (*path, "procMount"), "the container sees all of /proc", "take it out"


def _volumes(pod: PodTemplate) -> Iterator[Wrong]:
    for i, volume in items(pod.spec.get("volumes")):
        for key in volume:
            if key not in _VOLUMES and key != "hostPath":  # which has a code of its own
                where = (*pod.spec_path, "volumes", i, key)
                yield where, f"a volume of the kind {key}", "use a PersistentVolumeClaim"


def _non_root(pod: PodTemplate) -> Iterator[Wrong]:
    path, own = _own(pod)
    hint = "set runAsNonRoot: true"
    if own.get("runAsNonRoot") is False:
        yield (*path, "runAsNonRoot"), "the pod may run as root", hint
    for where, context in _contexts(pod):
        said = context.get("runAsNonRoot")
        if said is False or (said is None and not own.get("runAsNonRoot")):
            yield _there(where, context, "runAsNonRoot"), "the container may run as root", hint


def _user(pod: PodTemplate) -> Iterator[Wrong]:
    for path, context in (_own(pod), *_contexts(pod)):
        if context.get("runAsUser") == 0:
            yield (*path, "runAsUser"), "user 0 is root", "name another user, or none"


def _seccomp(pod: PodTemplate) -> Iterator[Wrong]:
    own_path, own = _own(pod)
    hint = "set seccompProfile: {type: RuntimeDefault}"
    declared = mapping(own.get("seccompProfile")).get("type")
    if declared is not None and declared not in _PROFILES:
        yield (*own_path, "seccompProfile", "type"), "the pod runs without a seccomp profile", hint
    for path, context in _contexts(pod):
        type_ = mapping(context.get("seccompProfile")).get("type")
        if (declared if type_ is None else type_) not in _PROFILES:
            yield _there(path, context, "seccompProfile"), "the container runs without a seccomp profile", hint


def _selinux(pod: PodTemplate) -> Iterator[Wrong]:
    for path, context in (_own(pod), *_contexts(pod)):
        options = mapping(context.get("seLinuxOptions"))
        if str(options.get("type", "")) not in _SELINUX or options.get("user") or options.get("role"):
            yield (*path, "seLinuxOptions"), "the SELinux options widen what it may do", "take them out"


def _sysctls(pod: PodTemplate) -> Iterator[Wrong]:
    path, own = _own(pod)
    for i, each in items(own.get("sysctls")):
        if str(each.get("name")) not in _SYSCTLS:
            yield (*path, "sysctls", i, "name"), f"the sysctl {each.get('name')} reaches beyond the pod", "take it out"


def _host_process(pod: PodTemplate) -> Iterator[Wrong]:
    for path, context in (_own(pod), *_contexts(pod)):
        if mapping(context.get("windowsOptions")).get("hostProcess"):
            yield (*path, "windowsOptions", "hostProcess"), "the container is a process of its node", "take it out"


_CHECKS: Final[dict[str, Check]] = {
    "MY340": _host_namespaces,
    "MY341": _privileged,
    "MY342": _capabilities,
    "MY343": _host_paths,
    "MY344": _host_ports,
    "MY345": _app_armor,
    "MY346": _selinux,
    "MY347": _proc_mount,
    "MY348": _sysctls,
    "MY349": _host_process,
    "MY350": _host_probes,
    "MY351": _volumes,
    "MY352": _escalation,
    "MY353": _non_root,
    "MY354": _user,
    "MY355": _seccomp,
}
_LINUX_ONLY: Final = frozenset(["MY342", "MY352", "MY355"])
