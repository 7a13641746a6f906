"""What is demanded of a challenger before it gets calls, or more of them."""

import re
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

from modelyard.manifests import names
from modelyard.models.base import Shape, checked

_SHARE: Final = re.compile(r"(?:100(?:\.0{1,3})?|[0-9]{1,2}(?:\.[0-9]{1,3})?)%")


def _share(text: str) -> str | None:
    return None if _SHARE.fullmatch(text) else "must be a share with its sign, such as 99.5%"


Share = Annotated[str, checked(_share)]


class Gate(Shape):
    """What `modelyard replay` and `modelyard rollout` demand of a challenger."""

    agreement: Share | None = Field(
        None, description="Share of the rows whose answers must be the champion's, at least, such as 99%."
    )
    psi: Annotated[float, Field(ge=0)] | None = Field(
        None, description="Population stability index of its scores against the champion's, at most."
    )
    p95: Annotated[str, checked(names.short_duration)] | None = Field(
        None, description="Time that 95 of 100 calls must not exceed, such as 50ms."
    )
    errors: Share = Field("1%", description="Share of the calls that may fail, at most.")


def share(text: str) -> float:
    """Return a share as a number from 0 to 1: that which as many of the rows give, such as 942 of 1,000 for 94.2%."""
    return float(Decimal(text.rstrip("%")) / 100)
