"""The one door to ruamel.yaml: guarded reading with places, and one style of writing."""

from modelyard.yamlio.document import Document, read
from modelyard.yamlio.marks import ListMarks, MapMarks, Marks, Sources, at
from modelyard.yamlio.reader import MAX_DEPTH, MAX_VALUES
from modelyard.yamlio.scalars import Plain, quote, resolve
from modelyard.yamlio.source import MAX_BYTES, MAX_PROBLEMS
from modelyard.yamlio.writer import write, write_all

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_PROBLEMS",
    "MAX_VALUES",
    "Document",
    "ListMarks",
    "MapMarks",
    "Marks",
    "Plain",
    "Sources",
    "at",
    "quote",
    "read",
    "resolve",
    "write",
    "write_all",
]
