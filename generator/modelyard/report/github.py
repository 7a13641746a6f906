"""Problems as GitHub's workflow commands, which show them beside the lines of a pull request.

Source: GitHub, "Workflow commands for GitHub Actions"; the escaping is that of actions/toolkit,
packages/core/src/command.ts (escapeData, escapeProperty).
"""

from typing import Final

from modelyard.problems import Problem, Severity, printable
from modelyard.report.counts import Report

_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def write(report: Report) -> str:
    """Return a line per problem, and the counts; what is accepted is a notice with its reason."""
    lines = [_line(each) for each in report.problems]
    return "\n".join([*lines, str(report.counts), ""])


def _line(each: Problem) -> str:
    level = "notice" if each.accepted else _LEVELS[each.severity]
    properties = {"title": f"{each.code} accepted" if each.accepted else each.code}
    if each.place:
        place = each.place
        properties = {"file": place.file, "line": str(place.line), "col": str(place.column), **properties}
    shown = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    subject = f"in {each.subject.object}: {each.subject.pointer}" if each.subject else ""
    reason = f"accepted: {each.accepted}" if each.accepted else ""
    parts = [each.message, subject, f"hint: {each.hint}" if each.hint else "", reason]
    return f"::{level} {shown}::{_data(parts)}"


def _data(parts: list[str]) -> str:
    """Return the message with its lines joined as the runner wants it."""
    return "%0A".join(printable(part).replace("%", "%25") for part in parts if part)


def _property(value: str) -> str:
    return printable(value).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
