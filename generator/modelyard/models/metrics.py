"""What is measured of calls while they are answered: how Prometheus finds it, a dashboard, and alerts."""

import re
from typing import Annotated, Final, Literal

from pydantic import Field

from modelyard.models.base import Shape, UrlPath, checked

_LEAST: Final = 94  # percent: of less, 14.4 times the budget is more than all calls, and an outage would alert nobody
_SHARE: Final = re.compile(r"([0-9]{2}(?:\.[0-9]{1,3})?)%")


def _objective(text: str) -> str | None:
    found = _SHARE.fullmatch(text)
    return None if found and float(found[1]) >= _LEAST else f"must be a share from {_LEAST}% to 99.999%, such as 99.9%"


Share = Annotated[str, checked(_objective)]
Latency = Literal["5ms", "10ms", "25ms", "50ms", "100ms", "250ms", "500ms", "1s", "2500ms", "5s", "10s"]


class Objective(Shape):
    """What callers may expect over 30 days. Alerts tell early that it will be missed."""

    availability: Share = Field("99.9%", description="Share of the calls that are answered without a 5xx.")
    latency: Latency = Field("500ms", description="Time within which an answer is fast, of those that are counted.")
    fast: Share = Field("99%", description="Share of the calls that are answered within it.")


class Metrics(Shape):
    """How Prometheus finds the model's metrics, and what is made of those of the request log."""

    podMonitor: bool = Field(False, description="Render a PodMonitor of the Prometheus operator.")
    path: UrlPath | None = Field(None, description="Path of the metrics; /prometheus for scr, else /metrics.")
    dashboard: bool = Field(False, description="Render a dashboard of Grafana, and the PodMonitor; needs requestLog.")
    alerts: bool = Field(
        False,
        description="Render a PrometheusRule: alerts for errors and latency; and the PodMonitor; needs requestLog.",
    )
    objective: Objective | None = Field(None, description="What alerts hold calls against.")
