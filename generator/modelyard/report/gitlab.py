"""Problems as GitLab's Code Quality report, which a merge request shows beside its lines.

Source: docs.gitlab.com, ci/testing/code_quality, "Code Quality report format": a list of objects with description,
check_name, fingerprint, severity (info, minor, major, critical, blocker), location.path, relative to the repository and
without ./, and location.lines.begin. Of two with one fingerprint GitLab shows one, and it compares branches by them.
"""

import hashlib
import json
import posixpath
from collections import Counter
from pathlib import PurePath
from typing import Any, Final

from modelyard.problems import Problem, Severity, is_open, printable
from modelyard.report.counts import Report

_LEVELS: Final = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def write(report: Report) -> str:
    """Return an entry per problem that is open: GitLab has no word for one that is accepted.

    What has no place is shown at the first line of the first file that was looked at.
    """
    first = report.files[0] if report.files else "models.yaml"
    seen: Counter[str] = Counter()
    return json.dumps([_entry(each, first, seen) for each in report.problems if is_open(each)], indent=2) + "\n"


def _entry(each: Problem, first: str, seen: Counter[str]) -> dict[str, Any]:
    path = _path(each.place.file if each.place else first)
    subject = f" (in {each.subject.object}: {each.subject.pointer})" if each.subject else ""
    hint = f"; {each.hint}" if each.hint else ""
    # Without the line: what moves within its file is the same problem still. The next of the same is another one.
    what = f"{each.code}\0{path}\0{each.message}\0{subject}"
    seen[what] += 1
    digest = hashlib.sha256(f"{what}\0{seen[what]}".encode(errors="surrogatepass"))
    return {
        "description": printable(f"{each.message}{subject}{hint}"),
        "check_name": each.code,
        "fingerprint": digest.hexdigest(),
        "severity": _LEVELS[each.severity],
        "location": {"path": path, "lines": {"begin": each.place.line if each.place else 1}},
    }


def _path(file: str) -> str:
    """Return a file without ./ and .. in it, as GitLab compares it with those of a merge request."""
    return printable(posixpath.normpath(PurePath(file).as_posix()))
