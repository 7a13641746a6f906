"""SARIF of any tool: its rule, its message, and its place in the rendered YAML.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0 errata 01; kube-linter 0.8,
pkg/command/lint/sarif_format.go, puts the parts of an object's name into logical locations, and line 1 for want of a
better one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from modelyard.problems import Severity
from modelyard.problems.patterns import pattern
from modelyard.report.foreign.fields import field_of
from modelyard.report.foreign.finding import (
    ForeignFinding,
    Reference,
    container_of,
    mapping,
    named_space,
    number,
    sequence,
    shortened,
    text,
)

_LEVELS: Final = {"warning": Severity.WARNING, "note": Severity.NOTE, "none": Severity.NOTE, "error": Severity.ERROR}
_OF: Final = pattern(r"of ([A-Z][A-Za-z]{1,62}) '([^'\n]{1,253})'")
_PREFIX: Final = "GVK/"


def sarif(report: Mapping[str, Any]) -> Iterator[ForeignFinding]:
    """Yield the results of all runs that fail and are not suppressed."""
    for run in map(mapping, sequence(report.get("runs"))):
        driver = mapping(mapping(run.get("tool")).get("driver"))
        levels = {text(each.get("id")): _default(each) for each in map(mapping, sequence(driver.get("rules")))}
        tool = text(driver.get("name")) or "SARIF"
        for each in map(mapping, sequence(run.get("results"))):
            if each.get("kind", "fail") == "fail" and not sequence(each.get("suppressions")):
                yield _finding(each, _known(tool), levels)


def _known(tool: str) -> str:
    """Return how a tool is called here: checkov and trivy write their names in capitals."""
    return tool.lower() if tool.lower() in ("checkov", "trivy", "kube-linter", "kube-score") else tool


def _default(rule: Mapping[str, Any]) -> str:
    return text(mapping(rule.get("defaultConfiguration")).get("level"))


def _finding(result: Mapping[str, Any], tool: str, levels: Mapping[str, str]) -> ForeignFinding:
    rule, said = text(result.get("ruleId")), mapping(result.get("message"))
    message = text(said.get("text")) or text(said.get("markdown"))
    location = mapping(next(iter(sequence(result.get("locations"))), None))
    physical = mapping(location.get("physicalLocation"))
    region = mapping(physical.get("region"))
    line = number(region.get("startLine")) or number(mapping(physical.get("contextRegion")).get("startLine"))
    level = text(result.get("level")) or levels.get(rule) or "warning"
    about = _logical(location) or _spoken(message)
    file = _file(text(mapping(physical.get("artifactLocation")).get("uri")))
    return ForeignFinding(
        tool=tool, rule=rule, severity=_LEVELS.get(level, Severity.ERROR),
        message=shortened(message.partition("\nobject: ")[0]), about=about, line=line,
        file=file, column=number(region.get("startColumn")),
        field=field_of(tool, rule, message, container_of(message)),
    )  # fmt: skip


def _logical(location: Mapping[str, Any]) -> Reference | None:
    """Return the object that logical locations name, as kube-linter does."""
    parts = {
        text(each.get("kind")): text(each.get("name"))
        for each in map(mapping, sequence(location.get("logicalLocations")))
    }
    kind = parts.get(f"{_PREFIX}Kind", "")
    name, namespace = parts.get("Object Name", ""), named_space(parts.get("Object Namespace"))
    return Reference(kind, name, namespace, parts.get(f"{_PREFIX}Group")) if kind and name else None


def _spoken(message: str) -> Reference | None:
    found = _OF.search(message)
    return Reference(found[1], found[2]) if found else None


def _file(uri: str) -> str:
    return unquote(uri.removeprefix("file://")) if uri.startswith(("file:///", "/")) or "://" not in uri else uri
