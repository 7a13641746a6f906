"""The one door to ruamel.yaml: guarded reading with places, and one style of writing."""

from modelyard.files.yaml.document import Document, read
from modelyard.files.yaml.marks import ListMarks, MapMarks, Marks, Sources, at
from modelyard.files.yaml.reader import MAX_DEPTH, MAX_VALUES
from modelyard.files.yaml.scalars import Plain, quote, resolve
from modelyard.files.yaml.source import MAX_BYTES, MAX_PROBLEMS
from modelyard.files.yaml.writer import write, write_all

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
