"""Rules that only streams need. They load with the first stream: rendering starts without them."""

from typing import Final

from modelyard.check.finding import Rule
from modelyard.check.rules import (
    addresses,
    flux,
    kustomize_traps,
    limit_ranges,
    plain_credentials,
    quotas,
    references,
)

# What only a stream can have: a models file is checked for it before anything is rendered, or cannot have it.
STREAM_RULES: Final[tuple[Rule, ...]] = (
    addresses.twice,
    references.absent,
    kustomize_traps.prefixes,
    plain_credentials.plain_credentials,
)
# What one object of a stream says about all others, those of the models file beside it too.
TOGETHER_RULES: Final[tuple[Rule, ...]] = (quotas.totals, quotas.wanted, limit_ranges.limit_ranges, flux.substituted)
