"""Problems as text for people and as documents for machines: a file per format, counted once for all of them."""

from modelyard.report.characters import printable
from modelyard.report.counts import Counts, Report
from modelyard.report.excerpt import Excerpts
from modelyard.report.formats import FORMATS, format_of, written
from modelyard.report.text import bug, line, summary, text

__all__ = [
    "FORMATS",
    "Counts",
    "Excerpts",
    "Report",
    "bug",
    "format_of",
    "line",
    "printable",
    "summary",
    "text",
    "written",
]
