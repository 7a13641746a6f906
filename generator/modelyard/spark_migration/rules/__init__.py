"""What will not move as it is: a module for each subject. Evidence comes in, findings go out."""

from collections.abc import Callable, Iterable
from typing import Final

from modelyard.problems import Problem
from modelyard.spark_migration.evidence import Evidence
from modelyard.spark_migration.rules import addresses, apis, calls, clusters, environment, masters, python2

RULES: Final[tuple[Callable[[Evidence], Iterable[Problem]], ...]] = (
    masters.check,
    clusters.check,
    addresses.check,
    python2.check,
    apis.check,
    environment.check,
    calls.check,
)
