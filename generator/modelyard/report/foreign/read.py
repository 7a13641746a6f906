"""Which tool wrote a report, and what it says."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from modelyard.files.yaml import Sources
from modelyard.files.yaml.stream import read_all
from modelyard.problems import MAX_FINDINGS, Place, Problem, problem
from modelyard.problems.patterns import pattern
from modelyard.report.foreign.checkers import checkov, kube_linter, kube_score, kubeconform
from modelyard.report.foreign.finding import ForeignFinding, mapping
from modelyard.report.foreign.messages import messages
from modelyard.report.foreign.policies import application, policy_report, trivy
from modelyard.report.foreign.sarif import sarif

TOOLS: Final = (
    "SARIF, JSON of kubeconform, kube-score, kube-linter, checkov, trivy or Argo CD's Application, a policy report of "
    "kyverno, or what kubectl, helm or Argo CD say"
)
_POLICIES: Final = pattern(r"(?:^|\n)kind: *[\"']?(?:Cluster)?(?:Policy)?Report(?:List)?\b")
_FIRST: Final = pattern(r"(?:^|\n)(apiVersion: )")
_LAST: Final = pattern(r"\npass: [0-9]+, fail: ")  # behind the report, `kyverno apply` counts
_REPORTS: Final = ("wgpolicyk8s.io/", "openreports.io/", "reports.kyverno.io/")


def read(content: bytes, shown: str) -> tuple[list[ForeignFinding], list[Problem]]:
    """Return what a report says, MAX_FINDINGS of it and one more at most, and why it could not be read.

    content: the report, UTF-8. shown: what messages call it.
    """
    try:
        said = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], [_unread(shown, "it is not UTF-8")]
    if not said.strip():
        return [], [_unread(shown, "it is empty: did the tool that should have written it fail?")]
    if said.lstrip()[0] in "{[" or said.strip() == "null":  # what Go writes of an empty list
        return _json(said, shown)
    if _POLICIES.search(said):
        return _yaml(said, shown)
    return _bounded(messages(said)), []


def _json(said: str, shown: str) -> tuple[list[ForeignFinding], list[Problem]]:
    try:
        report = json.loads(said)
    except (ValueError, RecursionError) as error:
        where = (
            f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else "it is nested too deep"
        )
        return [], [_unread(shown, f"it begins as JSON, and is none: {where}")]
    reader = _reader(report)
    return ([], [_unread(shown, "it is JSON of no tool that is known")]) if reader is None else (
        _bounded(reader(report)), []
    )  # fmt: skip


def _yaml(said: str, shown: str) -> tuple[list[ForeignFinding], list[Problem]]:
    """Read policy reports, also where `kyverno apply` prints them: between what it says before and behind."""
    begin, end = _FIRST.search(said), _LAST.search(said)
    text = said[begin.start(1) if begin else 0 : end.start() if end else len(said)]
    documents = read_all(text.encode(), Sources(), shown)
    problems = [each for document in documents for each in document.problems]
    if problems:
        return [], [_unread(shown, f"its YAML cannot be read: {problems[0].message}")]
    return _bounded(found for each in documents for found in policy_report(mapping(each.data))), []


def _reader(report: Any) -> Callable[[Any], Iterator[ForeignFinding]] | None:
    """Return what reads a report, by what only this tool's has."""
    if isinstance(report, list | None):
        first = mapping(report[0]) if report else {}
        return kube_score if "checks" in first or not report else checkov if "check_type" in first else None
    found = mapping(report)
    version, kind = str(found.get("apiVersion", "")), str(found.get("kind", ""))
    items = found.get("items")
    known: tuple[tuple[bool, Callable[[Any], Iterator[ForeignFinding]]], ...] = (
        ("runs" in found, sarif),
        (version.startswith("argoproj.io/") and kind == "Application", application),
        (version.startswith(_REPORTS) or (kind == "List" and isinstance(items, list)), policy_report),
        ("check_type" in found or {"passed", "failed"} <= found.keys(), checkov),
        ("Checks" in found and "Reports" in found, kube_linter),
        ("resources" in found, kubeconform),
        ("SchemaVersion" in found or "ClusterName" in found or "Results" in found, trivy),
    )
    return next((reader for is_its, reader in known if is_its), None)


def _bounded(findings: Iterable[ForeignFinding]) -> list[ForeignFinding]:
    return [each for each, _ in zip(findings, range(MAX_FINDINGS + 1), strict=False)]


def _unread(shown: str, why: str) -> Problem:
    return problem("MY664", f"{shown}: {why}", hint=f"map takes {TOOLS}", place=Place(shown, 1, 1))
