"""ServiceAccounts of a set for which admission asks before they are there.

Knative's webhook answers the dry run of a Service with a dry run of its Pod (knative/serving v0.50.0,
pkg/webhook/podspec_dryrun.go), and that needs the Pod's ServiceAccount, which the same apply would create.
"""

import re
from collections.abc import Iterable
from typing import Final

from modelyard.cluster.client import Object
from modelyard.problems import Problem

# Kubernetes 1.36, plugin/pkg/admission/serviceaccount/admission.go
_MISSING: Final = re.compile(r'serviceaccount "([^"]+)" not found')
_FIELD: Final = "serviceAccountName"
_EVERYWHERE: Final = "default"  # the account that a controller makes in each namespace


def lacking(refused: Problem, bodies: Iterable[Object]) -> Object | None:
    """Return the ServiceAccount of a set for lack of which an object was refused; None if that was not why."""
    found = _MISSING.search(refused.message) if refused.code == "MY704" else None
    accounts = (each for each in bodies if each["kind"] == "ServiceAccount")
    return next((each for each in accounts if found and each["metadata"]["name"] == found[1]), None)


def with_default_account(body: Object) -> Object:
    """Return a workload whose pods have the account that is in each namespace."""
    return _with_account(body, _EVERYWHERE)


def with_own_account(wanted: Object, body: Object) -> Object:
    """Return what the server would make of a workload, with the account that its pods are to have."""
    return _with_account(wanted, body["spec"]["template"]["spec"][_FIELD])


def _with_account(body: Object, name: str) -> Object:
    spec = body["spec"]
    template = spec["template"]
    pods = {**template["spec"], _FIELD: name}
    return {**body, "spec": {**spec, "template": {**template, "spec": pods}}}
