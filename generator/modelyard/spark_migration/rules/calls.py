"""Calls of spark-submit that a shell would read otherwise than they look.

Source: POSIX.1-2024, Shell Command Language, 2.2.1: a line goes on where a backslash is its last character.
"""

from collections.abc import Iterable

from modelyard.problems import Problem
from modelyard.spark_migration.evidence import Evidence, Value

_KINDS = frozenset(("shell", "make", "docker"))


def check(evidence: Evidence) -> Iterable[Problem]:
    """Find calls that name no program, in scripts beside or above the jobs."""
    for submit in evidence.calls.submits:
        is_script = evidence.folder.texts[submit.path].kind in _KINDS
        if is_script and not submit.main and not submit.is_open and evidence.concerns(submit.path):
            hint = "look for a line of it that does not end with a backslash"
            at = Value(submit.path, submit.line, "", "")
            yield evidence.finding("MY921", at, "this call of spark-submit names no program", hint)
