"""Credentials: the one answer to what looks like one, for what is refused, shown and hidden; texts without them."""

from modelyard.problems.credentials.known import forms, hide
from modelyard.problems.credentials.names import is_credential_name
from modelyard.problems.credentials.tree import (
    HIDDEN,
    Leaf,
    Path,
    is_credential,
    item_names,
    key_name,
    leaves,
    without,
)
from modelyard.problems.credentials.values import is_credential_value, without_forms

__all__ = [
    "HIDDEN",
    "Leaf",
    "Path",
    "forms",
    "hide",
    "is_credential",
    "is_credential_name",
    "is_credential_value",
    "item_names",
    "key_name",
    "leaves",
    "without",
    "without_forms",
]
