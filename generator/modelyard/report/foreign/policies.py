"""Reports of policy engines and scanners, which look into clusters too: kyverno, trivy and Argo CD's Application.

Source: wgpolicyk8s.io/v1alpha2 and openreports.io/v1alpha1, PolicyReport (kyverno 1.15); trivy 0.69,
pkg/types/report.go and pkg/k8s/report; argo-cd 3.6, pkg/apis/application/v1alpha1/types.go.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from modelyard.problems import Severity
from modelyard.problems.patterns import pattern
from modelyard.report.foreign.fields import field_of
from modelyard.report.foreign.finding import (
    Field,
    ForeignFinding,
    Reference,
    container_of,
    graded,
    mapping,
    number,
    sequence,
    shortened,
    slashed,
    text,
)
from modelyard.report.foreign.messages import POLICY, messages

_KSV: Final = pattern(r"(?:AVD-)?KSV-?0*([0-9]{1,4})")
_OF: Final = pattern(r"of ([A-Z][A-Za-z]{1,62}) '([^'\n]{1,253})'")
_RESULTS: Final = {"fail": Severity.ERROR, "error": Severity.ERROR, "warn": Severity.WARNING}


def policy_report(report: Mapping[str, Any]) -> Iterator[ForeignFinding]:
    """Yield what fails, warns or stops in a report of policies, or in a list of them."""
    for item in sequence(report.get("items")):
        yield from policy_report(mapping(item))
    for each in map(mapping, sequence(report.get("results"))):
        severity = _RESULTS.get(text(each.get("result")) or text(each.get("status")))
        if severity is None:
            continue
        message = text(each.get("message")) or text(each.get("description"))
        rule = "/".join(part for part in (text(each.get("policy")), text(each.get("rule"))) if part)
        found = POLICY.search(message)
        objects = sequence(each.get("resources")) or sequence(each.get("subjects")) or [report.get("scope")]
        for about in map(_reference, objects):
            yield ForeignFinding(
                tool=text(each.get("source")) or "kyverno", rule=rule, severity=severity, about=about,
                message=shortened(message), field=Field(slashed(found[1])) if found else None,
            )  # fmt: skip


def _reference(named: Any) -> Reference | None:
    known = mapping(named)
    kind, version = text(known.get("kind")), text(known.get("apiVersion"))
    group = version.rpartition("/")[0] if version else None
    return Reference(kind, text(known.get("name")), text(known.get("namespace")), group) if kind else None


def trivy(report: Mapping[str, Any]) -> Iterator[ForeignFinding]:
    """Yield misconfigurations and vulnerabilities of files, images and, from `trivy k8s`, of objects of a cluster."""
    resources = sequence(report.get("Resources")) or sequence(report.get("Findings"))
    for each in map(mapping, resources):
        about = Reference(text(each.get("Kind")), text(each.get("Name")), text(each.get("Namespace")))
        yield from _trivy(sequence(each.get("Results")), about, "")
    is_image = report.get("ArtifactType") == "container_image"
    yield from _trivy(sequence(report.get("Results")), None, text(report.get("ArtifactName")) if is_image else "")


def _trivy(results: Iterable[Any], about: Reference | None, image: str) -> Iterator[ForeignFinding]:
    for result in map(mapping, results):
        for each in map(mapping, sequence(result.get("Misconfigurations"))):
            if text(each.get("Status")) in ("", "FAIL"):
                yield _misconfiguration(each, about, "" if about else text(result.get("Target")))
        for each in map(mapping, sequence(result.get("Vulnerabilities"))):
            package, fixed = text(each.get("PkgName")), text(each.get("FixedVersion"))
            named = f"{package} {text(each.get('InstalledVersion'))}".strip()
            yield ForeignFinding(
                tool="trivy", rule=text(each.get("VulnerabilityID")), severity=graded(each.get("Severity")),
                message=shortened(f"{named}: {text(each.get('Title'))}".removesuffix(": ")), about=about,
                hint=shortened(f"{package} {fixed} has it fixed") if fixed else "", image=image,
                field=field_of("trivy", "KSV013", "") if about else None,
            )  # fmt: skip


def _misconfiguration(each: Mapping[str, Any], about: Reference | None, file: str) -> ForeignFinding:
    rule, message = text(each.get("ID")), text(each.get("Message"))
    cause, said = mapping(each.get("CauseMetadata")), _OF.search(message)
    number_of = _KSV.fullmatch(rule)
    known = f"KSV{int(number_of[1]):03}" if number_of else rule
    return ForeignFinding(
        tool="trivy", rule=rule, severity=graded(each.get("Severity")),
        message=shortened(message or text(each.get("Title"))), hint=shortened(text(each.get("Resolution"))),
        about=about or (Reference(said[1], said[2]) if said else None), file=file, line=number(cause.get("StartLine")),
        field=field_of("trivy", known, message, container_of(message)),
    )  # fmt: skip


def application(report: Mapping[str, Any]) -> Iterator[ForeignFinding]:
    """Yield what an Application of Argo CD could not sync, and what its conditions say is wrong."""
    status = mapping(report.get("status"))
    operation = mapping(status.get("operationState"))
    for each in map(mapping, sequence(mapping(operation.get("syncResult")).get("resources"))):
        if text(each.get("status")) == "SyncFailed":
            about = Reference(
                text(each.get("kind")), text(each.get("name")), text(each.get("namespace")), text(each.get("group"))
            )
            yield from messages(text(each.get("message")), "argo-cd", about)
    for each in map(mapping, sequence(status.get("conditions"))):
        kind = text(each.get("type"))
        if kind.endswith(("Error", "Warning")):
            severity = Severity.ERROR if kind.endswith("Error") else Severity.WARNING
            yield from messages(text(each.get("message")), "argo-cd", None, rule=kind, severity=severity)
