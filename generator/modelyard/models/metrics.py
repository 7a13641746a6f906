"""What is measured of calls while they are answered: how Prometheus finds it, a dashboard, and alerts."""

from typing import Annotated, Final, Literal

from pydantic import Field

from modelyard.models.base import Shape, UrlPath, checked, is_share, share

_LEAST: Final = 0.94  # of less, 14.4 times the budget is more than all calls, and an outage would alert nobody


def _objective(text: str) -> str | None:
    sound = is_share(text) and _LEAST <= share(text) < 1
    return None if sound else f"must be a share from {_LEAST:.0%} to 99.999%, such as 99.9%"


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
