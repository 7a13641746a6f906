"""The formats by name. Each is a module that is imported when it is used: the exec plugin needs none of them."""

from importlib import import_module
from typing import Final, Protocol, cast

from modelyard.report.counts import Report

FORMATS: Final = {
    "text": "modelyard.report.text",
    "json": "modelyard.report.json_format",
    "sarif": "modelyard.report.sarif",
    "junit": "modelyard.report.junit",
    "github": "modelyard.report.github",
    "gitlab": "modelyard.report.gitlab",
}
# What a file's name ends with. `.sarif` and `.sarif.json` are what SARIF 2.1.0 asks for (3.2, file naming), and
# gl-code-quality-report.json is how GitLab's own jobs call theirs.
_ENDINGS: Final = {
    ".sarif": "sarif",
    ".sarif.json": "sarif",
    ".json": "json",
    ".xml": "junit",
    ".txt": "text",
    "gl-code-quality-report.json": "gitlab",
}


class _Format(Protocol):
    def write(self, report: Report) -> str:
        """Return the report in this format."""


def written(name: str, report: Report) -> str:
    """Return a report in the format of this name, one of FORMATS."""
    return cast("_Format", import_module(FORMATS[name])).write(report)


def format_of(file: str) -> str | None:
    """Return the format that a file's name asks for, by the longest ending that is known; None if there is none."""
    known = [ending for ending in _ENDINGS if file.lower().endswith(ending)]
    return _ENDINGS[max(known, key=len)] if known else None
