"""Webhooks and policies of admission. Expressions in CEL are read for their brackets and quotes alone.

Source: kubernetes v1.36.3, pkg/apis/admissionregistration/validation/validation.go; apiserver pkg/util/webhook,
ValidateWebhookURL and ValidateWebhookService; apimachinery pkg/util/validation, IsFullyQualifiedName.
"""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from modelyard.check.finding import Found, Path, mapping, sequence, text
from modelyard.check.rules.refused.core import base64
from modelyard.check.rules.refused.table import (
    SUBDOMAIN,
    between,
    exactly_one,
    filled,
    named,
    needed,
    selector,
    unique,
    words,
)
from modelyard.check.rules.refused.tree import Rows, Tables, of_mapping, under
from modelyard.manifests.names import dns_1035_label, label_key, path_segment

_REVIEWS: Final = ("v1", "v1beta1")
_OPERATIONS: Final = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_MOST_CONDITIONS: Final = 64
_MOST_ANNOTATIONS: Final = 20


def full_name(value: str) -> str | None:
    """Check a name of at least three parts (IsFullyQualifiedName)."""
    if wrong := SUBDOMAIN(value):
        return wrong
    return None if len(value.split(".")) > 2 else "must be a domain of at least three parts, such as check.example.com"


def _url(value: str) -> str | None:
    try:
        parts = urlsplit(value)
    except ValueError:
        return "is not a URL"
    if parts.scheme != "https":
        return "must start with https://"
    if not parts.netloc or parts.username is not None or parts.query or parts.fragment or " " in parts.netloc:
        return "is a host and a path alone"
    return None


def _service_path(value: str) -> str | None:
    if value in ("", "/"):
        return None
    if not value.startswith("/"):
        return "must start with /"
    steps = value[1:].removesuffix("/").split("/")
    return next((f"has a part that {SUBDOMAIN(step)}" for step in steps if SUBDOMAIN(step)), None)


def _reviews(path: Path, versions: Any) -> Iterator[Found]:
    given = sequence(versions)
    if not {*map(str, given)} & {*_REVIEWS}:
        yield Found("there is no version that the API server speaks", "add v1", path)


def _stars(*fields: str) -> Any:
    def check(path: Path, rule: Any) -> Iterator[Found]:
        for field in fields if isinstance(rule, dict) else ():
            given = sequence(mapping(rule).get(field))
            if not given:
                yield Found(f"the rule has no {field}", f"add {field}:", (*path, field) if field in rule else path)
            elif "*" in given and len(given) > 1 and field != "resources":
                yield Found("* stands alone", "take the others out", (*path, field))

    return check


def _resources(path: Path, value: Any) -> Iterator[Found]:
    given = [each for each in sequence(value) if isinstance(each, str)]
    plain = [each for each in given if "/" not in each and each != "*"]
    if "" in given:
        yield Found("a resource has no name", "write one such as pods", path)
    if "*/*" in given and len(given) > 1:
        yield Found("*/* stands alone", "take the others out", path)
    elif "*" in given and plain and given[-1] != "*":
        yield Found("* stands for all resources", "take the others out", path)
    all_of: set[str] = set()
    of_all: set[str] = set()
    for i, each in enumerate(given):
        resource, slash, part = each.partition("/")
        if not slash:
            continue
        if resource in all_of or part in of_all:
            yield Found(f"{each} is part of another", "take it out", (*path, i))
        all_of |= {resource} if part == "*" else set()
        of_all |= {part} if resource == "*" else set()


def expression(path: Path, value: Any) -> Iterator[Found]:
    """Ask for an expression in CEL, as far as its brackets and quotes tell."""
    if not isinstance(value, str):
        return
    plain = re.sub(r"'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", "''", value, flags=re.DOTALL)
    closing, open_ = {")": "(", "]": "[", "}": "{"}, []
    for each in plain:
        if each in "([{":
            open_.append(each)
        elif each in closing and (not open_ or open_.pop() != closing[each]):
            open_.append(each)
            break
    if not value.strip():
        yield Found("the expression is empty", "write one in CEL", path)
    elif open_ or plain.replace("''", "").count("'") or plain.count('"'):
        yield Found("the brackets or quotes of the expression do not close", "close them", path)


_RULE: Final[Rows] = {
    "": (_stars("apiGroups", "apiVersions", "resources", "operations"),),
    "apiVersions": (
        lambda path, value: (Found("a version is empty", "write one", path),) if "" in sequence(value) else (),
    ),
    "resources": (_resources,),
    "operations/*": (words(*_OPERATIONS, empty=True),),
    "scope": (words("*", "Cluster", "Namespaced", empty=True),),
}
_CONDITIONS: Final[Rows] = {
    "": (
        unique("name"),
        lambda path, value: (
            (Found(f"more than {_MOST_CONDITIONS} conditions", "take some out", path),)
            if len(sequence(value)) > _MOST_CONDITIONS
            else ()
        ),
    ),
    "*": (filled("name", "expression"),),
    "*/name": (named(label_key),),
    "*/expression": (expression,),
}


@of_mapping
def _bundle_free(path: Path, config: Any) -> Iterator[Found]:
    yield from exactly_one("url", "service")(path, config)


_WEBHOOK: Final[Rows] = {
    "webhooks": (unique("name"),),
    "webhooks/*/name": (named(full_name, empty=True),),
    "webhooks/*/sideEffects": (words("None", "NoneOnDryRun", empty=True),),
    "webhooks/*/failurePolicy": (words("Fail", "Ignore", empty=True),),
    "webhooks/*/matchPolicy": (words("Equivalent", "Exact", empty=True),),
    "webhooks/*/reinvocationPolicy": (words("IfNeeded", "Never", empty=True),),
    "webhooks/*/timeoutSeconds": (between(1, 30),),
    "webhooks/*/namespaceSelector": (selector,),
    "webhooks/*/objectSelector": (selector,),
    "webhooks/*/admissionReviewVersions": (_reviews, unique()),
    "webhooks/*/admissionReviewVersions/*": (named(dns_1035_label, empty=True),),
    "webhooks/*/clientConfig": (_bundle_free,),
    "webhooks/*/clientConfig/url": (named(_url, empty=True, hint="write https://HOST/PATH"),),
    "webhooks/*/clientConfig/caBundle": (named(base64),),
    "webhooks/*/clientConfig/service": (filled("name", "namespace"),),
    "webhooks/*/clientConfig/service/path": (named(_service_path),),
    "webhooks/*/clientConfig/service/port": (between(1, 65535),),
    **under("webhooks/*/rules/*", _RULE),
    **under("webhooks/*/matchConditions", _CONDITIONS),
}
_NAMED_RULE: Final[Rows] = {
    **_RULE,
    "resourceNames": (unique(),),
    "resourceNames/*": (named(path_segment),),
}
_MATCH: Final[Rows] = {
    "matchPolicy": (words("Equivalent", "Exact", empty=True),),
    "namespaceSelector": (selector,),
    "objectSelector": (selector,),
    **under("resourceRules/*", _NAMED_RULE),
    **under("excludeResourceRules/*", _NAMED_RULE),
}


def _identifier(value: str) -> str | None:
    return None if re.fullmatch(r"[_a-zA-Z][_a-zA-Z0-9]*", value) else "is no name in CEL: write letters, digits and _"


@of_mapping
def _policy(path: Path, spec: Any) -> Iterator[Found]:
    spec = mapping(spec)
    if not mapping(spec.get("matchConstraints")).get("resourceRules"):
        where = (*path, "matchConstraints") if isinstance(spec.get("matchConstraints"), dict) else path
        yield Found("the policy matches no resources", "add matchConstraints: with resourceRules:", where)
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        yield Found("the policy validates nothing", "add validations:", path)
    if len(sequence(spec.get("auditAnnotations"))) > _MOST_ANNOTATIONS:
        yield Found(f"more than {_MOST_ANNOTATIONS} annotations", "take some out", (*path, "auditAnnotations"))
    kind = spec.get("paramKind")
    if isinstance(kind, dict):
        for key in ("apiVersion", "kind"):
            if not kind.get(key):
                yield Found(f"paramKind has no {key}", f"add {key}:", (*path, "paramKind"))
        group, _, version = text(kind.get("apiVersion")).rpartition("/")
        if kind.get("apiVersion") and ((group and SUBDOMAIN(group)) or dns_1035_label(version)):
            yield Found(
                "apiVersion is no group and version", "write one such as v1", (*path, "paramKind", "apiVersion")
            )
        if kind.get("kind") and dns_1035_label(text(kind.get("kind")).lower()):
            yield Found("kind is no name of a kind", "write one such as ConfigMap", (*path, "paramKind", "kind"))


_VALIDATING_POLICY: Final[Rows] = {
    "": (needed("spec", what="the policy"),),
    "spec": (_policy,),
    "spec/failurePolicy": (words("Fail", "Ignore", empty=True),),
    "spec/variables": (unique("name"),),
    "spec/variables/*": (filled("name", "expression"),),
    "spec/variables/*/name": (named(_identifier),),
    "spec/variables/*/expression": (expression,),
    "spec/validations/*/expression": (expression,),
    "spec/validations/*/reason": (words("Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized", empty=True),),
    "spec/auditAnnotations": (unique("key"),),
    "spec/auditAnnotations/*": (filled("key", "valueExpression"),),
    "spec/auditAnnotations/*/key": (named(lambda value: label_key(value.replace("/", "//"))),),
    "spec/auditAnnotations/*/valueExpression": (expression,),
    **under("spec/matchConstraints", _MATCH),
    **under("spec/matchConditions", _CONDITIONS),
}


@of_mapping
def _binding(path: Path, spec: Any) -> Iterator[Found]:
    actions = sequence(mapping(spec).get("validationActions"))
    if not actions:
        where = (*path, "validationActions") if "validationActions" in mapping(spec) else path
        yield Found("the binding does not say what happens", "add validationActions: [Deny]", where)
    if "Deny" in actions and "Warn" in actions:
        yield Found("Deny says what Warn would say", "keep one of them", (*path, "validationActions"))
    if not mapping(spec).get("policyName"):
        yield Found("the binding names no policy", "add policyName:", path)


def _parameters(path: Path, value: Any) -> Iterator[Found]:
    if not isinstance(value, dict):
        return
    given = {key: each for key, each in value.items() if each != ""}
    yield from exactly_one("name", "selector")(path, given)
    if mapping(value).get("parameterNotFoundAction") is None:
        yield Found("parameterNotFoundAction is missing", "write Allow or Deny", path)


_POLICY_BINDING: Final[Rows] = {
    "spec": (_binding,),
    "spec/policyName": (named(SUBDOMAIN),),
    "spec/validationActions": (unique(),),
    "spec/validationActions/*": (words("Audit", "Deny", "Warn", empty=True),),
    "spec/paramRef": (_parameters,),
    "spec/paramRef/name": (named(path_segment),),
    "spec/paramRef/parameterNotFoundAction": (words("Allow", "Deny", empty=True),),
    "spec/paramRef/selector": (selector,),
    **under("spec/matchResources", _MATCH),
}
TABLES: Final[Tables] = {
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): (_WEBHOOK,),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): (_VALIDATING_POLICY,),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): (_POLICY_BINDING,),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): (_WEBHOOK,),
}
