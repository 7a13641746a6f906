"""Problems as text for people and as documents for machines: a file per format, counted once for all of them."""

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
