"""Reports of checkers that read files: kubeconform, kube-score, kube-linter and checkov.

Source: kubeconform 0.8.0, pkg/output/json.go; kube-score 1.20.0, renderer/json_v2; kube-linter 0.8, pkg/run/run.go and
pkg/diagnostic; checkov 3.3, checkov/common/output/report.py.
"""

from collections.abc import Iterator, Mapping
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
    named_space,
    number,
    sequence,
    shortened,
    slashed,
    text,
)

_MORE: Final = pattern(r"additional (?:property|properties) ('[^']{1,320}'(?:, '[^']{1,320}'){0,50}) not allowed")
_SUMMARY: Final = pattern(r"(?:validation|allOf|anyOf|oneOf) failed")  # what stands below it says more
_GOOD: Final = 10  # kube-score's best grade
_WARNS: Final = 5  # its grades from here on are warnings, those below are critical (scorecard.Grade)


def kubeconform(report: Mapping[str, Any]) -> Iterator[ForeignFinding]:
    """Yield what is not valid, or could not be validated; of what is not allowed each field."""
    for each in map(mapping, sequence(report.get("resources"))):
        status = text(each.get("status"))
        if status not in ("statusInvalid", "statusError"):
            continue
        about = _reference(each, text(each.get("version")))
        rule, file, whole = status.removeprefix("status").lower(), text(each.get("filename")), text(each.get("msg"))
        for path, message in _errors(each, whole):
            for field in _named(path, message):
                yield ForeignFinding(
                    tool="kubeconform", rule=rule, severity=Severity.ERROR, message=shortened(message),
                    about=about, file=file, field=Field(field),
                )  # fmt: skip


def _errors(resource: Mapping[str, Any], whole: str) -> list[tuple[str, str]]:
    """Return path and text of each error: those in the message, for the list beside it has only the upper ones."""
    said = (part.partition("': ") for part in whole.split("- at '")[1:])
    errors = [(path, message.strip()) for path, _, message in said if not _SUMMARY.match(message)]
    listed = [
        (text(one.get("path")), text(one.get("msg")))
        for one in map(mapping, sequence(resource.get("validationErrors")))
    ]
    return errors or listed or [("", whole)]


def _named(path: str, message: str) -> Iterator[tuple[str | int, ...]]:
    """Yield the paths that an error is about: of what is not allowed that of each property."""
    at = slashed(path)
    found = _MORE.search(message)
    yield from ((*at, key.strip("'")) for key in found[1].split(", ")) if found else (at,)


def kube_score(report: Any) -> Iterator[ForeignFinding]:
    """Yield what has not the best grade, and was not skipped."""
    for scored in map(mapping, sequence(report)):
        kind, metadata = mapping(scored.get("type_meta")), mapping(scored.get("object_meta"))
        about = Reference(
            text(kind.get("kind")), text(metadata.get("name")), text(metadata.get("namespace")),
            _group(text(kind.get("apiVersion"))),
        )  # fmt: skip
        for check in map(mapping, sequence(scored.get("checks"))):
            grade = check.get("grade")
            if check.get("skipped") is True or not isinstance(grade, int) or grade >= _GOOD:
                continue
            named = mapping(check.get("check"))
            rule = text(named.get("id"))
            for comment in map(mapping, sequence(check.get("comments")) or [{"summary": named.get("comment")}]):
                summary = text(comment.get("summary"))
                yield ForeignFinding(
                    tool="kube-score", rule=rule, severity=Severity.WARNING if grade >= _WARNS else Severity.ERROR,
                    message=shortened(summary), hint=shortened(text(comment.get("description"))), about=about,
                    file=text(scored.get("file_name")), line=number(scored.get("file_row")),
                    field=_scored(rule, summary, text(comment.get("path"))),
                )  # fmt: skip


def _scored(rule: str, summary: str, named: str) -> Field | None:
    """Return the field of a rule of kube-score. named: the container, or the label."""
    field = field_of("kube-score", rule, summary, named)
    return Field((*field.path, named)) if field and named and rule == "label-values" else field


def kube_linter(report: Mapping[str, Any]) -> Iterator[ForeignFinding]:
    """Yield each report; all are errors to kube-linter."""
    for each in map(mapping, sequence(report.get("Reports"))):
        rule, message = text(each.get("Check")), text(mapping(each.get("Diagnostic")).get("Message"))
        read = mapping(each.get("Object"))
        known = mapping(read.get("K8sObject"))
        kind = mapping(known.get("GroupVersionKind"))
        group = kind.get("Group")
        yield ForeignFinding(
            tool="kube-linter", rule=rule, severity=Severity.ERROR, message=shortened(message),
            hint=shortened(text(each.get("Remediation"))), file=text(mapping(read.get("Metadata")).get("FilePath")),
            about=Reference(
                text(kind.get("Kind")), text(known.get("Name")), named_space(known.get("Namespace")),
                group if isinstance(group, str) else None,
            ),
            field=field_of("kube-linter", rule, message, container_of(message)),
        )  # fmt: skip


def checkov(report: Any) -> Iterator[ForeignFinding]:
    """Yield failed checks of manifests; a run of several frameworks gives a list of reports."""
    for part in map(mapping, report if isinstance(report, list) else [report]):
        for each in map(mapping, sequence(mapping(part.get("results")).get("failed_checks"))):
            rule, name = text(each.get("check_id")), text(each.get("check_name"))
            lines = [*sequence(each.get("file_line_range")), 0]
            keys = [key for key in sequence(mapping(each.get("check_result")).get("evaluated_keys")) if key]
            yield ForeignFinding(
                tool="checkov", rule=rule, severity=graded(each.get("severity")), message=shortened(name),
                hint=shortened(text(each.get("guideline"))), about=_of_checkov(text(each.get("resource"))),
                file=text(each.get("file_abs_path")) or text(each.get("file_path")), line=number(lines[0]),
                field=_evaluated([text(key) for key in keys], field_of("checkov", rule, name)),
            )  # fmt: skip


def _evaluated(keys: list[str], known: Field | None) -> Field | None:
    """Return the field that was looked at; of several the one that the rule speaks of."""
    paths = [slashed(key) for key in keys if "/" in key or key.isidentifier()]
    part = known.path if known else ()
    own = [path for path in paths if any(path[i : i + len(part)] == part for i in range(len(path)))]
    found = max(own, key=len, default=())
    return Field(found) if found else known


def _of_checkov(resource: str) -> Reference | None:
    """Return the object of `Kind.namespace.name`; where it has labels instead of a name, there is more behind it."""
    parts = resource.split(".", 2)
    return Reference(parts[0], parts[2], "" if parts[1] == "default" else parts[1]) if len(parts) == 3 else None


def _reference(named: Mapping[str, Any], version: str) -> Reference | None:
    kind = text(named.get("kind"))
    return Reference(kind, text(named.get("name")), "", _group(version)) if kind else None


def _group(version: str) -> str | None:
    return version.rpartition("/")[0] if version else None
