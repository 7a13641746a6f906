"""Texts as the kubelet must be given them: it looks for `$` in env, command and args."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelyard.files.yaml.marked import derived
from modelyard.manifests import expansion

if TYPE_CHECKING:
    from modelyard.models.pod import Expand  # at run time it is imported when a model has one


def unexpanded(value: str) -> str:
    """Return a text as the kubelet must be given it in env, command and args, so that it reaches the container."""
    escaped = expansion.escaped(value)
    return value if escaped == value else derived(escaped, value)


def words(declared: "Sequence[str | Expand] | None") -> list[str] | None:
    """Return a command, or its arguments, as Kubernetes has them."""
    if declared is None:
        return None
    return derived([unexpanded(word) if isinstance(word, str) else word.expand for word in declared], declared)
