"""MY340 to MY363: findings on what pods may do, by Pod Security restricted and by OpenShift."""

from typing import Final

from modelyard.problems.codes.code import Code

_WHERE: Final = " A namespace that enforces Pod Security {level} refuses the pod."
_BASELINE: Final = _WHERE.format(level="baseline")
_RESTRICTED: Final = _WHERE.format(level="restricted")


def _warning(title: str, text: str) -> Code:
    return Code(title, text, "warning", ignorable=True)


SECURITY: Final[dict[str, Code]] = {
    "MY340": _warning(
        "A namespace of the node", f"hostNetwork, hostPID and hostIPC open the node to the pod.{_BASELINE}"
    ),
    "MY341": _warning("A privileged container", f"It has the rights of root on its node.{_BASELINE}"),
    "MY342": _warning("Capabilities", f"All must be dropped, and only NET_BIND_SERVICE may be added.{_RESTRICTED}"),
    "MY343": _warning("A folder of the node", f"hostPath reaches the files of the node.{_BASELINE}"),
    "MY344": _warning("A port of the node", f"hostPort takes a port of the node.{_BASELINE}"),
    "MY345": _warning(
        "AppArmor switched off", f"The profile must be the runtime's own, or one on the node.{_BASELINE}"
    ),
    "MY346": _warning(
        "SELinux options", f"User and role must not be set, and the type must be one of the container types.{_BASELINE}"
    ),
    "MY347": _warning("All of /proc", f"procMount: Unmasked shows what the runtime hides.{_BASELINE}"),
    "MY348": _warning("An unsafe sysctl", f"Only sysctls of the pod's own namespaces are allowed.{_BASELINE}"),
    "MY349": _warning("A process of the node", f"A Windows HostProcess is not contained at all.{_BASELINE}"),
    "MY350": _warning("A probe of another host", f"The kubelet would call the given host, from the node.{_BASELINE}"),
    "MY351": _warning(
        "A kind of volume", f"Only kinds of volumes that give no access to the node are allowed.{_RESTRICTED}"
    ),
    "MY352": _warning(
        "Privilege escalation", f"allowPrivilegeEscalation must be false in each container.{_RESTRICTED}"
    ),
    "MY353": _warning("Root is not excluded", f"runAsNonRoot must be true for each container.{_RESTRICTED}"),
    "MY354": _warning("User 0", f"runAsUser must not be 0.{_RESTRICTED}"),
    "MY355": _warning("No seccomp profile", f"The profile must be RuntimeDefault or Localhost.{_RESTRICTED}"),
    "MY360": Code(
        "A fixed user on OpenShift",
        "The security context constraint restricted-v2 gives each namespace a range of users and refuses all others.",
        ignorable=True,
    ),
    "MY361": _warning("A DeploymentConfig", "OpenShift has deprecated it since 4.14; a Deployment does the same."),
    "MY362": Code(
        "A Route to a port that is not there",
        "targetPort of a Route must name a port of its Service. The Service in the set has no such port.",
    ),
    "MY363": Code(
        "A Route that OpenShift refuses",
        "With passthrough the router sees neither plain HTTP nor headers. A Route has one certificate. Some headers, "
        "and values that HAProxy would run, cannot be set.",
    ),
}
