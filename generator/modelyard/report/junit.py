"""Problems as JUnit XML, which GitLab, Jenkins and Azure show as tests.

There is no standard; this is the part on which the readers agree: testsuites, testsuite, testcase, and in that
failure, skipped or system-out (testmoapp/junitxml).
"""

from xml.sax.saxutils import escape, quoteattr

from modelyard.problems import Problem, printable
from modelyard.report.counts import Report


def write(report: Report) -> str:
    """Return a test case per problem, and one that passes per file without any.

    What fails the command is a failure, what is accepted is skipped with its reason, the rest passes with its text.
    """
    named = {each.place.file for each in report.problems if each.place}
    sound = [file for file in report.files if file not in named]
    cases = [*(_case(each, report) for each in report.problems), *(_passed(file) for file in sound)]
    failures = sum(report.fails(each) for each in report.problems)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="{report.counts.accepted}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="modelyard" {counts}>',
        f'  <testsuite name="modelyard check" {counts}>',
        *cases,
        "  </testsuite>",
        "</testsuites>",
        "",
    ]
    return "\n".join(lines)


def _case(each: Problem, report: Report) -> str:
    file = each.place.file if each.place else "modelyard"
    where = f":{each.place.line}:{each.place.column}" if each.place else ""
    place = f' file={_attribute(file)} line="{each.place.line}"' if each.place else ""
    name = _attribute(f"{each.code} {file}{where} {each.message}")
    return f"    <testcase classname={_attribute(file)} name={name}{place}>{_outcome(each, report)}</testcase>"


def _outcome(each: Problem, report: Report) -> str:
    lines = [f"{each.place}: {each.message}" if each.place else each.message]
    if each.subject:
        lines.append(f"in {each.subject.object}: {each.subject.pointer}")
    if each.hint:
        lines.append(f"hint: {each.hint}")
    text = escape("\n".join(map(printable, lines)))
    if each.accepted:
        return f"<skipped message={_attribute(f'accepted: {each.accepted}')}/>"
    if report.fails(each):
        return f'<failure type="{each.severity}" message={_attribute(each.message)}>{text}</failure>'
    return f"<system-out>{each.severity}: {text}</system-out>"


def _passed(file: str) -> str:
    return f'    <testcase classname={_attribute(file)} name="no problems" file={_attribute(file)}/>'


def _attribute(value: str) -> str:
    return quoteattr(printable(value))
