"""Problems as SARIF 2.1.0, which code scanning reads.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0 errata 01.
"""

import json
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from modelyard import __version__
from modelyard.problems import Place, Problem, printable
from modelyard.problems.codes import CODES
from modelyard.report.counts import Report

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write(report: Report) -> str:
    """Return one run: the rules that found something, and a result per problem; accepted ones are suppressed."""
    codes = sorted({each.code for each in report.problems})
    driver = {"name": "modelyard", "version": __version__, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": _location(file)} for file in report.files],
        "results": [_result(each, codes.index(each.code)) for each in report.problems],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(name: str) -> dict[str, Any]:
    code = CODES[name]
    return {
        "id": name,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.text},
        "defaultConfiguration": {"level": code.severity},
    }


def _result(each: Problem, rule: int) -> dict[str, Any]:
    text = f"{each.message}; {each.hint}" if each.hint else each.message
    result: dict[str, Any] = {
        "ruleId": each.code,
        "ruleIndex": rule,
        "level": str(each.severity),
        "message": {"text": printable(text)},
    }
    location: dict[str, Any] = {"physicalLocation": _physical(each.place)} if each.place else {}
    if each.subject:
        name = printable(f"{each.subject.object}: {each.subject.pointer}")
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "object"}]
    if location:
        result["locations"] = [location]
    if each.related:
        result["relatedLocations"] = [
            {"message": {"text": printable(one.message)}, "physicalLocation": _physical(one.place)}
            for one in dict.fromkeys(each.related)  # they must differ (3.27.22)
        ]
    if each.accepted:
        result["suppressions"] = [{"kind": "inSource", "justification": printable(each.accepted)}]
    return result


def _physical(place: Place) -> dict[str, Any]:
    region = {"startLine": place.line, "startColumn": place.column}
    return {"artifactLocation": _location(place.file), "region": region}


def _location(file: str) -> dict[str, str]:
    """Return a file as a URI reference: relative to where the command ran, or absolute (SARIF 3.4.3)."""
    path = PurePath(file).as_posix()
    name = quote(path, errors="surrogateescape")
    return {"uri": f"file://{name}" if path.startswith("/") else name}
