"""Samples of other projects: what their own project takes has no error, but for the files that are listed."""

import csv
from pathlib import Path
from typing import Final

import pytest

from modelyard.api.objects import check_streams

# Start of a path -> codes that are right there: a cluster would refuse it, or it is not what goes to one.
RIGHT: Final[dict[str, set[str]]] = {
    "ack-sagemaker/pkg/resource/endpoint/testdata/v1alpha1/create/": {"MY320"},  # a name with _
    "ack-sagemaker/pkg/resource/": {"MY390"},  # missing_required_field: what a controller says of it is tested there
    "gateway-api/hack/invalid-examples/": {"MY357", "MY390"},
    "knative-docs/code-samples/serving/gitwebhook-go/": {"MY358"},  # words in place of base64
    "kubernetes-examples/_archived/openshift-origin/": {"MY004"},  # a key twice
    "kubernetes-examples/_archived/podsecuritypolicy/": {"MY359"},
    "kubernetes-examples/_archived/storage/vitess/": {"MY012"},  # a template that is no YAML of its own
    "site-config/viya4-deployment/roles/vdm/templates/transformers/": {"MY320"},  # of kustomize, not of a cluster
    "site-config/viya4-monitoring-kubernetes/samples/namespace-monitoring/": {
        "MY358",
        "MY390",
    },  # extensions
}
TEMPLATES: Final = {"MY396", "MY397"}
SUITES: Final = ("ack-sagemaker", "gateway-api", "knative-docs", "kubernetes-examples", "site-config", "spark-operator")


@pytest.mark.parametrize("suite", SUITES)
def test_no_error_is_false(shared: Path, suite: str) -> None:
    folder = shared / "data" / "suites"
    files = list(csv.DictReader((folder / "index.tsv").read_text("utf-8").splitlines(), delimiter="\t"))
    wrong = []
    checked = 0
    for each in files:
        name = f"{suite}/{each['file']}"
        if each["suite"] != suite or each["objects"] == "0":
            continue
        checked += 1
        allowed = TEMPLATES | {code for start, codes in RIGHT.items() if name.startswith(start) for code in codes}
        problems = check_streams({name: (folder / name).read_bytes()}).problems
        wrong += [str(one) for one in problems if one.severity == "error" and one.code not in allowed]
    assert checked > 5
    assert wrong == []


def test_what_gateway_api_refuses_is_an_error_where_its_schema_says_so(shared: Path) -> None:
    """What its rules in CEL refuse alone is not read."""
    folder = shared / "data" / "suites" / "gateway-api" / "hack" / "invalid-examples" / "standard"
    found = {
        path.name
        for path in folder.rglob("*.yaml")
        if any(each.severity == "error" for each in check_streams({path.name: path.read_bytes()}).problems)
    }
    assert {"invalid-listener-name.yaml", "invalid-backend-port.yaml", "invalid-hostname.yaml"} <= found
