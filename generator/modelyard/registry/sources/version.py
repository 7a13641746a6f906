"""A version of a model, as its source tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelyard.problems import Problem


class SourceProblem(Exception):  # noqa: N818 - the vehicle of a Problem, not an error of the program
    """What a source refuses, lacks, or does not do."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.message)
        self.problem = found


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a model.

    source: its address. version: as the source counts it. model: which model of a project. image: where the source
    says that it is built. checksum: of its files, where they were read. details: what a person wants to know, in
    order: who made it, when, its metrics; none of it is a secret.
    """

    source: str
    version: str
    model: str = ""
    image: str = ""
    checksum: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
