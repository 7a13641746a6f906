"""What a command found, counted: the same for every format, and for the exit code."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from modelyard.problems import Problem, Severity, is_open


class Counts(NamedTuple):
    """How many problems there are. Those that the user's file accepts count as accepted alone."""

    errors: int
    warnings: int
    notes: int
    accepted: int

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> "Counts":
        """Count problems."""
        counted = Counter("accepted" if each.accepted else each.severity for each in problems)
        return cls(*(counted[key] for key in (*Severity, "accepted")))

    def __str__(self) -> str:
        """Return the counts of what is open, such as `1 error, 2 warnings`."""
        named = zip(self, Severity, strict=False)
        return (
            ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in named if count) or "no problems"
        )


@dataclass(frozen=True)
class Report:
    """What a command found.

    problems: sorted, with the accepted ones. files: what was looked at, by the names that messages show. strict:
    warnings fail too. contents: the bytes of what is no file, such as standard input, for excerpts.
    """

    problems: tuple[Problem, ...]
    files: tuple[str, ...] = ()
    strict: bool = False
    contents: Mapping[str, bytes] = field(default_factory=dict)

    @cached_property
    def counts(self) -> Counts:
        """How many problems there are."""
        return Counts.of(self.problems)

    @property
    def open(self) -> list[Problem]:
        """The problems that nobody accepted."""
        return [each for each in self.problems if is_open(each)]

    @property
    def is_failed(self) -> bool:
        """Tell whether the command ends with exit code 1."""
        return self.counts.errors > 0 or (self.strict and self.counts.warnings > 0)

    def fails(self, each: Problem) -> bool:
        """Tell whether this problem alone would make the command fail."""
        fatal = (Severity.ERROR, Severity.WARNING) if self.strict else (Severity.ERROR,)
        return is_open(each) and each.severity in fatal
