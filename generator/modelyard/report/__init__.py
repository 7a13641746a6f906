"""Problems as text for people and as documents for machines: a file per format, counted once for all of them.

Problems come in; text, JSON, SARIF, JUnit and GitHub's annotations go out, on streams that may be closed or full.
"""

from modelyard.report.counts import Counts, Report
from modelyard.report.text import bug, line, summary, text

__all__ = [
    "Counts",
    "Report",
    "bug",
    "line",
    "summary",
    "text",
]
