"""What is demanded of a challenger before it gets calls, or more of them."""

from typing import Annotated

from pydantic import Field

from modelyard.manifests import names
from modelyard.models.base import Shape, checked, is_share


def _share(text: str) -> str | None:
    return None if is_share(text) else "must be a share with its sign, such as 99.5%"


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
