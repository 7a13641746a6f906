"""The faults that schema checkers let pass: 13 in a Deployment, 16 in a Knative Service, each caught at its place."""

from typing import Any, Final

import pytest

from modelyard.problems.codes import CODES
from tests.support import rule_examples

_POD: Final = "/0/spec/template/spec"
_CONTAINER: Final = f"{_POD}/containers/0"
_SPREAD: Final = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"}
_SCALE: Final = "/0/spec/template/metadata/annotations/autoscaling.knative.dev~1min-scale"

Fault = tuple[str, str, Any, str, str]  # what, where it is put, the value, the code, and the place where it is found

# What is wrong, pointer, value, code, and the pointer of the finding if it is another one.
DEPLOYMENT: Final[list[Fault]] = [
    ("unknown field", f"{_CONTAINER}/imagePullPolicie", "Always", "MY390", ""),
    ("string port", f"{_CONTAINER}/ports/0/containerPort", "8080", "MY390", ""),
    ("boolean env value", f"{_CONTAINER}/env/0/value", True, "MY390", ""),
    ("port 70000", f"{_CONTAINER}/ports/0/containerPort", 70000, "MY322", ""),
    ("Bad_Name", "/0/metadata/name", "Bad_Name", "MY320", ""),
    ("label with a space", "/0/metadata/labels/team", "credit risk", "MY321", ""),
    ("cpu: 1 core", f"{_CONTAINER}/resources/requests/cpu", "1 core", "MY323", ""),
    ("imagePullPolicy Foo", f"{_CONTAINER}/imagePullPolicy", "Foo", "MY327", ""),
    ("selector mismatch", "/0/spec/selector/matchLabels/app", "other", "MY324", ""),
    ("duplicate env", f"{_CONTAINER}/env/-", {"name": "THRESHOLD", "value": "1"}, "MY326", f"{_CONTAINER}/env/1/name"),
    (
        "volumeMount without volume",
        f"{_CONTAINER}/volumeMounts/-",
        {"name": "data", "mountPath": "/data"},
        "MY325",
        f"{_CONTAINER}/volumeMounts/1/name",
    ),
    ("missing image", f"{_CONTAINER}/image", None, "MY328", _CONTAINER),
    ("replicas 2**70", "/0/spec/replicas", 2**70, "MY390", ""),
]
KNATIVE: Final[list[Fault]] = [
    ("unknown field", f"{_POD}/containerConcurency", 1, "MY301", ""),
    ("hostPort", f"{_CONTAINER}/ports/0/hostPort", 8080, "MY301", ""),
    ("terminationGracePeriodSeconds", f"{_POD}/terminationGracePeriodSeconds", 30, "MY301", ""),
    ("lifecycle", f"{_CONTAINER}/lifecycle", {"preStop": {"sleep": {"seconds": 5}}}, "MY301", ""),
    ("int env value", f"{_CONTAINER}/env/0/value", 1, "MY390", ""),
    ("bad quantity", f"{_CONTAINER}/resources/requests/cpu", "1 core", "MY323", ""),
    ("pod securityContext", f"{_POD}/securityContext", {"fsGroup": 2000}, "MY301", ""),
    ("spread", f"{_POD}/topologySpreadConstraints", [_SPREAD], "MY301", ""),
    ("affinity", f"{_POD}/affinity", {"nodeAffinity": {}}, "MY301", ""),
    ("two ports", f"{_CONTAINER}/ports/-", {"containerPort": 8081}, "MY306", f"{_CONTAINER}/ports/1"),
    ("containerConcurrency -1", f"{_POD}/containerConcurrency", -1, "MY310", ""),
    ("bad min-scale", _SCALE, "-1", "MY307", ""),
    ("Bad_Name", "/0/metadata/name", "Bad_Name", "MY304", ""),
    ("no image", f"{_CONTAINER}/image", None, "MY328", _CONTAINER),
    ("automount true", f"{_POD}/automountServiceAccountToken", True, "MY301", ""),
    ("traffic 90 %", "/0/spec/traffic/0/percent", 90, "MY309", "/0/spec/traffic"),
]
FAULTS: Final = [*(("deployment", *each) for each in DEPLOYMENT), *(("service", *each) for each in KNATIVE)]


def test_the_table_has_all_faults() -> None:
    assert (len(DEPLOYMENT), len(KNATIVE)) == (13, 16)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[0]}: {fault[1]}")
def test_a_fault_is_caught_at_its_place(fault: tuple[str, str, str, Any, str, str]) -> None:
    name, _, pointer, value, code, where = fault
    found = rule_examples.found(rule_examples.changed([name], {pointer: value}))
    assert (code, where or pointer) in found
    errors = {each for each in found if CODES[each[0]].severity == "error"}
    # A Service's name is what its revision's begins with: one fault, two findings.
    assert errors - {("MY305", "/0/spec/template/metadata/name")} == {(code, where or pointer)}
