"""Roles and their bindings.

Source: kubernetes v1.36.3, pkg/apis/rbac/validation/validation.go.
"""

from collections.abc import Iterator
from typing import Any, Final

from modelyard.check.finding import Found, Path, items, mapping, text
from modelyard.check.rules.refused.table import SUBDOMAIN, filled, named, selector, words
from modelyard.check.rules.refused.tree import Check, Rows, Tables
from modelyard.manifests.names import path_segment

_GROUP: Final = "rbac.authorization.k8s.io"
_RESOURCES: Final = ("apiGroups", "resources", "resourceNames")


def _rule(*, namespaced: bool) -> Check:
    def check(path: Path, rule: Any) -> Iterator[Found]:
        rule, where = mapping(rule), (*path, "nonResourceURLs")
        if rule.get("verbs") == []:
            yield Found("the rule has no verbs", "add one, such as get", (*path, "verbs"))
        if rule.get("nonResourceURLs"):
            if namespaced:
                yield Found("a Role is about resources of its namespace", "write a ClusterRole", where)
            elif any(rule.get(key) for key in _RESOURCES):
                yield Found("a rule is about URLs or about resources", "write two rules", where)
            return
        for key in ("apiGroups", "resources"):
            if not rule.get(key):
                hint = 'add apiGroups: [""] for the core group' if key == "apiGroups" else "add resources:"
                yield Found(f"the rule has no {key}", hint, (*path, key) if key in rule else path)

    return check


def _aggregated(path: Path, value: Any) -> Iterator[Found]:
    if not mapping(value).get("clusterRoleSelectors"):
        yield Found("aggregationRule selects no roles", "add clusterRoleSelectors:", path)


def _subject(path: Path, subject: Any, *, namespaced: bool) -> Iterator[Found]:
    kind, group = text(subject.get("kind")), subject.get("apiGroup")
    if kind == "ServiceAccount":
        yield from named(SUBDOMAIN)((*path, "name"), subject.get("name"))
        if group:
            yield Found("a ServiceAccount has no apiGroup", "take it out", (*path, "apiGroup"))
        if not namespaced and not subject.get("namespace"):
            hint = "add namespace:"
            yield Found(
                "the ServiceAccount has no namespace", hint, (*path, "namespace") if "namespace" in subject else path
            )
    elif kind in ("User", "Group") and group not in (None, "", _GROUP):
        yield Found(f"apiGroup of a {kind} is {_GROUP}", "change it, or take it out", (*path, "apiGroup"))


def _subjects(*, namespaced: bool) -> Check:
    def check(path: Path, subjects: Any) -> Iterator[Found]:
        for i, subject in items(subjects):
            yield from _subject((*path, i), subject, namespaced=namespaced)

    return check


def _binding(*kinds: str, namespaced: bool) -> Rows:
    return {
        "roleRef": (filled("name"),),
        "roleRef/apiGroup": (words(_GROUP),),
        "roleRef/kind": (words(*kinds, empty=True),),
        "roleRef/name": (named(path_segment),),
        "subjects": (_subjects(namespaced=namespaced),),
        "subjects/*": (filled("name"),),
        "subjects/*/kind": (words("Group", "ServiceAccount", "User", empty=True),),
    }


_ROLE: Final[Rows] = {"rules/*": (_rule(namespaced=True),)}
_CLUSTER_ROLE: Final[Rows] = {
    "rules/*": (_rule(namespaced=False),),
    "aggregationRule": (_aggregated,),
    "aggregationRule/clusterRoleSelectors/*": (selector,),
}
_ROLE_BINDING: Final[Rows] = _binding("ClusterRole", "Role", namespaced=True)
_CLUSTER_ROLE_BINDING: Final[Rows] = _binding("ClusterRole", namespaced=False)
TABLES: Final[Tables] = {
    ("rbac.authorization.k8s.io", "ClusterRole"): (_CLUSTER_ROLE,),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (_CLUSTER_ROLE_BINDING,),
    ("rbac.authorization.k8s.io", "Role"): (_ROLE,),
    ("rbac.authorization.k8s.io", "RoleBinding"): (_ROLE_BINDING,),
}
