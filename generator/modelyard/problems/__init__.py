"""Problem: one mistake of a user, or one finding about what follows from their file, as a value.

Problems are collected and reported together; they are never raised. Here too: the codes that explain them, and what no
message may show.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from modelyard.problems.characters import printable
from modelyard.problems.codes import CODES
from modelyard.problems.credentials import without_forms

__all__ = [
    "MAX_FINDINGS",
    "Place",
    "Problem",
    "Related",
    "Severity",
    "Subject",
    "has_errors",
    "is_open",
    "printable",
    "problem",
    "unique",
]

MAX_FINDINGS: Final = 10_000  # of one report: nobody reads more, and each takes a kilobyte


class Severity(StrEnum):
    """How much a problem weighs: only errors stop a command."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file; line and column count from 1, columns in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Return the form that editors and terminals make a link of."""
        return f"{self.file}:{self.line}:{self.column}"


class Subject(NamedTuple):
    """What a finding is about: an object (`Service.serving.knative.dev churn`) and a JSON pointer into it."""

    object: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that belongs to a problem, and what is there; without credentials, as all texts of a Problem."""

    place: Place
    message: str

    def __post_init__(self) -> None:
        """Hide what has the form of a credential."""
        object.__setattr__(self, "message", without_forms(self.message))


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: what is wrong (message), how to mend it (hint), and where.

    accepted: the reason for which the user's file accepts it (`ignore`); empty if it does not. Of all texts, what has
    the form of a credential is hidden, whoever wrote it: each format shows them, and so do callers of the API.
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    place: Place | None = None
    subject: Subject | None = None
    related: tuple[Related, ...] = ()
    accepted: str = ""

    def __post_init__(self) -> None:
        """Hide what has the form of a credential."""
        for name in ("message", "hint", "accepted"):
            object.__setattr__(self, name, without_forms(getattr(self, name)))
        if self.subject:
            object.__setattr__(self, "subject", Subject(*map(without_forms, self.subject)))


def problem(
    code: str,
    message: str,
    *,
    hint: str = "",
    place: Place | None = None,
    subject: Subject | None = None,
    related: tuple[Related, ...] = (),
) -> Problem:
    """Make a Problem with the severity that its code has in CODES."""
    severity = Severity(CODES[code].severity)
    return Problem(code, severity, message, hint, place, subject, related)


def has_errors(problems: Iterable[Problem]) -> bool:
    """Tell whether nothing may be written because of these problems: if one is an error that nobody accepted."""
    return any(p.severity is Severity.ERROR and not p.accepted for p in problems)


def is_open(each: Problem) -> bool:
    """Tell whether a problem stands: nobody accepted it."""
    return not each.accepted


def unique(problems: Iterable[Problem]) -> list[Problem]:
    """Sort by place and leave out what repeats a mistake already named; of more than MAX_FINDINGS errors stay first.

    That is the same code at the same place, and a warning where an error stands: it follows from the error. Neither
    holds for a code that one place can have several of. What two models share stands at one place: accepted by one of
    them alone, it is open.
    """
    found = sorted(problems, key=lambda each: not is_open(each))
    errors = {each.place for each in found if each.severity is Severity.ERROR and each.place and is_open(each)}
    seen: set[tuple[object, ...]] = set()
    kept: list[Problem] = []
    for each in found:
        several = CODES[each.code].several
        key = (each.code, each.place, *((each.message, each.subject) if several or not each.place else ()))
        if key not in seen and (several or each.severity is Severity.ERROR or each.place not in errors):
            seen.add(key)
            kept.append(each)
    return _bounded(sorted(kept, key=_order))


def _bounded(problems: list[Problem]) -> list[Problem]:
    """Leave out what is more than MAX_FINDINGS, and say so."""
    found = [each for each in problems if each.code != "MY399"]
    if len(problems) <= MAX_FINDINGS:
        return problems
    first = sorted(found, key=lambda each: each.severity is not Severity.ERROR)[:MAX_FINDINGS]
    hint = "fix what is reported, and check again"
    return [*sorted(first, key=_order), problem("MY399", f"there are more than {MAX_FINDINGS} findings", hint=hint)]


def _order(each: Problem) -> tuple[bool, Place, str, str]:
    return (each.place is None, each.place or Place("", 0, 0), each.code, each.message)
