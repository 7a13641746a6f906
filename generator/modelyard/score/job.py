"""A table that processes on other hosts score a part of each: what all of them are told, once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from modelyard.problems import Problem
from modelyard.score.contract import Contract
from modelyard.score.http import Address
from modelyard.score.options import Options


class ScoringError(Exception):
    """A table that cannot be scored. problems: why, each with a code, a message and a hint."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(_said, self.problems)))


def _said(each: Problem) -> str:
    return f"{each.message} [{each.code}]{f'; {each.hint}' if each.hint else ''}"


@dataclass(frozen=True, slots=True)
class Job:
    """What a process needs to score batches of the table; can be pickled, and then holds credentials.

    run: a name that no other job has. header: columns of the input. names: columns of the result. ca_data: PEM of the
    authorities that TLS trusts, in place of the system's.
    """

    run: str
    server: Address
    step: str
    contract: Contract
    header: tuple[str, ...]
    names: tuple[str, ...]
    options: Options
    ca_data: str = field(default="", repr=False)
