"""Rules over rendered objects. Each sees plain data and gives findings with JSON pointers; places come later.

Not here: rules over the models file itself, which are in `load` and `targets`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from modelyard.check.finding import Cluster, Finding
from modelyard.check.knative import features
from modelyard.check.pods import mount_paths
from modelyard.manifest import Manifest

Rule = Callable[[Sequence[Manifest], Cluster], Iterator[Finding]]

RULES: Final[tuple[Rule, ...]] = (features, mount_paths)


def check(manifests: Sequence[Manifest], cluster: Cluster) -> list[Finding]:
    """Return what all rules find."""
    return [found for rule in RULES for found in rule(manifests, cluster)]
