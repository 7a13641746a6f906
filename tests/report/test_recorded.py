"""What tools that the tests do not run write, in their own forms, and the lines that their findings come to."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

import pytest

from modelyard.api.findings import mapped
from modelyard.report.foreign.fields import FIELDS, field_of
from tests.conftest import KUBE_SCORE, need

Run = Callable[..., CompletedProcess[str]]

RECORDED: Final = Path(__file__).parent / "recorded"
MODELS: Final = RECORDED / "models.yaml"
FOREIGN: Final = "MY662"
UNPLACED: Final = "MY663"

# File -> what stands in the line that each finding comes to, with its severity; a code where it comes to none.
EXPECTED: Final = {
    "argo-cd-application.json": [
        ("error", "path: /spec/template/spec/sidecars"), ("error", "containerConcurrency: 20"), ("error", UNPLACED),
    ],
    "argo-cd.txt": [("error", "replicas: 1"), ("error", "runAsUser: 1001"), ("error", "- name: churn")],
    "helm-4.txt": [("warning", "image: registry.example.com/pricing:latest"), ("error", "metadata: {name: risk}")],
    "helm.txt": [("error", "path: /spec/template/spec/hostNetwork")],
    "kube-linter.json": [
        ("error", "image: registry.example.com/pricing:latest"), ("error", "limits: {memory: 2Gi}"),
        ("error", "DB_SECRET:"), ("error", "path: /spec/template/spec/hostNetwork"), ("error", "- name: pricing"),
        ("error", FOREIGN),
    ],
    "kube-linter.sarif": [("warning", "replicas: 1"), ("warning", "- name: pricing")],
    "kubectl-1.24.txt": [("error", "path: /spec/template/spec/sidecars")],
    "kubectl.txt": [
        ("warning", UNPLACED), ("error", "replicas: 1"), ("error", "image: registry.example.com/pricing:latest"),
        ("error", "path: /spec/template/spec/sidecars"), ("error", "containerConcurrency: 20"),
        ("error", "- name: churn"), ("error", FOREIGN), ("error", UNPLACED),
    ],
    "kyverno.txt": [
        ("error", "image: registry.example.com/pricing:latest"), ("warning", "limits: {memory: 2Gi}"),
        ("error", FOREIGN),
    ],
    "trivy-config.json": [
        ("note", "limits: {memory: 2Gi}"), ("warning", "image: registry.example.com/pricing:latest"),
        ("error", "path: /spec/template/spec/hostNetwork"), ("note", "runAsUser: 1001"),
    ],
    "trivy-image.json": [("error", "name: challenger, image:"), ("note", "name: challenger, image:")],
    "trivy-k8s.json": [("note", "limits: {memory: 2Gi}"), ("error", FOREIGN)],
}  # fmt: skip


def lines_of(expected: list[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Return the severities, each with its line of the models file, or a code."""
    lines = MODELS.read_text("utf-8").splitlines()
    found = []
    for severity, text in expected:
        numbers = [str(number) for number, line in enumerate(lines, 1) if text in line]
        assert len(numbers) == 1 or text.startswith("MY"), text
        found.append((severity, numbers[0] if numbers else text))
    return Counter(found)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_report_comes_to_the_lines_that_it_is_about(name: str) -> None:
    found = mapped(MODELS, (RECORDED / name).read_bytes(), name)
    placed = Counter(
        (str(each.severity), str(each.place.line) if each.code == "MY661" and each.place else each.code)
        for each in found.problems
        if each.code.startswith("MY66")
    )
    assert placed == lines_of(EXPECTED[name])
    assert found.findings == sum(placed.values())


def test_every_recording_is_expected() -> None:
    files = {each.name for each in RECORDED.iterdir()} - {"models.yaml", "README.md"}
    assert files == set(EXPECTED)


def test_what_passes_is_no_finding() -> None:
    found = mapped(MODELS, (RECORDED / "kyverno.txt").read_bytes(), "kyverno.txt")
    assert not any("require-labels" in each.message for each in found.problems)


def test_every_check_of_kube_score_has_its_field(run: Run) -> None:
    listed = run(need(KUBE_SCORE, "`make tools` builds it"), "list").stdout.splitlines()
    checks = {line.partition(",")[0] for line in listed if "," in line}
    of_the_object = {  # what is missing is another object
        "pod-networkpolicy", "statefulset-has-poddisruptionbudget", "deployment-has-poddisruptionbudget",
    }  # fmt: skip
    assert len(checks) > 30
    assert checks - of_the_object == set(FIELDS["kube-score"])


@pytest.mark.parametrize(
    ("rule", "said", "path"),
    [
        ("container-resources", "Memory request is not set", ("resources", "requests", "memory")),
        ("pod-probes", "Container is missing a readinessProbe", ("readinessProbe",)),
        ("pod-probes", "Container is missing a livenessProbe", ("livenessProbe",)),
    ],
)
def test_a_rule_of_several_fields_is_told_apart_by_its_words(rule: str, said: str, path: tuple[str, ...]) -> None:
    field = field_of("kube-score", rule, said)
    assert field is not None
    assert field.path == path


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"\xff\xfe", "it is not UTF-8"),
        (b"{", "it begins as JSON, and is none: line 1"),
        (b'{"a": 1}', "it is JSON of no tool that is known"),
        (b"[1]", "it is JSON of no tool that is known"),
        (b"[" * 100_000, "it begins as JSON, and is none"),
        (b"kind: PolicyReport\nresults: [", "its YAML cannot be read"),
    ],
)
def test_what_is_no_report_is_an_error(content: bytes, why: str) -> None:
    (found,) = mapped(MODELS, content, "report").problems
    assert found.code == "MY664"
    assert why in found.message


@pytest.mark.parametrize("content", [b"null", b"[]", b'{"runs": []}', b'{"resources": []}', b"service/churn created\n"])
def test_a_report_without_findings_is_fine(content: bytes) -> None:
    assert mapped(MODELS, content, "report") == ([], 0, frozenset())


@pytest.mark.parametrize(
    "report",
    [
        {"runs": [{"results": [None, 5, {"locations": [{}], "message": [], "ruleId": 5, "level": {}}]}, None]},
        {"resources": [{"status": "statusInvalid", "kind": [], "validationErrors": {"a": 1}}, 7]},
        [{"checks": [{"grade": 1, "comments": [5, {"path": 7}], "check": []}, 5], "object_meta": 5}],
        {"Checks": [], "Reports": [{"Object": {"K8sObject": 5}, "Check": None}]},
        {"check_type": "kubernetes", "results": {"failed_checks": [{"resource": "a.b", "file_line_range": [True]}]}},
        {"SchemaVersion": 2, "Results": [{"Misconfigurations": [{"ID": "KSV999999"}], "Vulnerabilities": [{}]}]},
        {
            "apiVersion": "wgpolicyk8s.io/v1alpha2",
            "results": [{"result": "fail", "resources": [{"kind": "Deployment"}]}],
        },
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "status": {"conditions": [{"type": "XError"}]}},
    ],
)
def test_a_report_of_another_form_loses_nothing_and_breaks_nothing(report: object) -> None:
    found = mapped(MODELS, json.dumps(report).encode(), "report")
    assert {each.code for each in found.problems} <= {"MY661", FOREIGN, UNPLACED}
