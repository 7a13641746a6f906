"""A hand-written kustomization.yaml: what it does to the objects that are rendered, and edits that keep its bytes."""

from modelyard.kustomization.edit import Entry, entries, with_entry, without_entry
from modelyard.kustomization.effects import (
    FUNCTION_ANNOTATIONS,
    KINDS,
    NAMES,
    Generator,
    Reference,
    find,
    generators,
    missing_references,
    renaming,
)
from modelyard.kustomization.listed import unlisted

__all__ = [
    "FUNCTION_ANNOTATIONS",
    "KINDS",
    "NAMES",
    "Entry",
    "Generator",
    "Reference",
    "entries",
    "find",
    "generators",
    "missing_references",
    "renaming",
    "unlisted",
    "with_entry",
    "without_entry",
]
