"""Problems as JSON, for scripts."""

import json
from typing import Any

from modelyard.problems import Place, Problem, printable
from modelyard.report.counts import Report

VERSION = 1  # of this layout; fields may be added to it


def write(report: Report) -> str:
    """Return `{version, summary: {errors, warnings, notes, accepted}, problems: […]}`.

    A problem has code, severity, message, hint, file, line and column (from 1; null without a place), object and
    pointer of the rendered field, related places, and the reason for which it is accepted, or null.
    """
    problems = [_problem(each) for each in report.problems]
    document = {"version": VERSION, "summary": report.counts._asdict(), "problems": problems}
    return json.dumps(document, indent=2) + "\n"


def _problem(each: Problem) -> dict[str, Any]:
    return {
        "code": each.code,
        "severity": str(each.severity),
        "message": printable(each.message),
        "hint": printable(each.hint),
        **_place(each.place),
        "object": printable(each.subject.object) if each.subject else None,
        "pointer": printable(each.subject.pointer) if each.subject else None,
        "related": [{"message": printable(one.message), **_place(one.place)} for one in each.related],
        "accepted": printable(each.accepted) or None,
    }


def _place(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {"file": None, "line": None, "column": None}
    return {"file": printable(place.file), "line": place.line, "column": place.column}
