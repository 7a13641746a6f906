"""A hand-written kustomization.yaml: what it does to the objects that are rendered, and edits that keep its bytes."""

from modelyard.kustomize.kustomization.edit import Entry, entries, with_entry, without_entry
from modelyard.kustomize.kustomization.listed import unlisted
from modelyard.kustomize.kustomization.read import (
    FUNCTION_ANNOTATIONS,
    KINDS,
    NAMES,
    Generator,
    Reference,
    find,
    generators,
    missing_references,
    namespace,
    renaming,
)

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
    "namespace",
    "renaming",
    "unlisted",
    "with_entry",
    "without_entry",
]
