"""A hand-written kustomization.yaml: what it does to the objects that are rendered, and edits that keep its bytes.

What edits it is imported by name, from `layout` and `edit`: few commands do.
"""

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
    "Generator",
    "Reference",
    "find",
    "generators",
    "missing_references",
    "namespace",
    "renaming",
    "unlisted",
]
